"""Views of held data: what making one costs beside pyarrow doing the same, and how fast a sealed copy is read.

The plain way reads the same columns of the same file, chooses the same rows and writes them with the same compression,
without keys, hashes or anybody to ask.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.bench_read import made_up_table
from benchmarks.measure import Figure, interleaved, report
from londata.access import Decision
from londata.records import Condition, Dataset, Distribution, Publisher, RowFilter
from londata.records.vocabulary import MEDIA_TYPES
from londata_hub.gateway.opening import Opened, Opener
from londata_hub.store import AccessStore, Holding

ROWS = 5_000_000
ROUNDS = 5
COLUMNS = ("borough", "count_1", "share_0")
CAMDEN = RowFilter(conditions=(Condition(column="borough", values=("Camden",)),))
EVERYTHING = tuple(made_up_table(1).columns)


class Gateway:
    """One opener over one folder of state, with one file held."""

    def __init__(self, folder: Path, format_: str = "parquet") -> None:
        whole = Distribution(id="whole", through="gateway", media_type=MEDIA_TYPES[format_])
        publisher = Publisher(id="gla", name="GLA")
        self.entry = Dataset(id="held", title="Held", access="closed", publisher=publisher, distributions=(whole,))
        self.store = AccessStore(f"sqlite:///{folder / 'register.sqlite'}", folder / "anchors")
        self.store.hold(Holding("held", "whole", "file", f"held.{format_}"), "benchmark")
        self.opener = Opener(self.store, folder / "gateway", folder / "gateway" / "holders.key")

    async def opening(self, columns: tuple[str, ...] | None, rows: RowFilter) -> Opened:
        decision = Decision(
            True, "read", "ada", "held", ("ok",), agreement="A", project="p", columns=columns, rows=rows
        )
        return await self.opener.open(self.entry, self.entry.distributions[0], decision)

    def open(self, columns: tuple[str, ...] | None, rows: RowFilter) -> Opened:
        return asyncio.run(self.opening(columns, rows))

    def anew(self, columns: tuple[str, ...] | None, rows: RowFilter) -> Opened:
        self.opener.purge("held", "p")
        return self.open(columns, rows)

    def close(self) -> None:
        self.opener.close()
        self.store.close()


def plain_view(source: Path, target: Path, columns: list[str], only: str | None) -> None:
    """Do with pyarrow alone what a view does."""
    with pq.ParquetFile(source) as file:
        schema = pa.schema([file.schema_arrow.field(name) for name in columns])
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for batch in file.iter_batches(262_144, columns=columns):
                kept = batch.filter(pc.equal(batch["borough"], only)) if only else batch
                writer.write_table(pa.Table.from_batches([kept.select(columns)], schema))


def making(folder: Path) -> list[Figure]:
    """Compare the making of views with pyarrow alone."""
    figures = []
    gateway, source, target = Gateway(folder), folder / "holders" / "held.parquet", folder / "plain.parquet"
    cases = {
        "View: three columns of one borough": (COLUMNS, CAMDEN, list(COLUMNS), "Camden"),
        "View: every column of every row": (EVERYTHING, RowFilter(), list(EVERYTHING), None),
    }
    for name, (columns, rows, names, only) in cases.items():
        times = interleaved(
            {
                "ours": lambda columns=columns, rows=rows: gateway.anew(columns, rows),
                "plain": lambda names=names, only=only: plain_view(source, target, names, only),
            },
            ROUNDS,
        )
        ours, plain = (statistics.median(times[key]) for key in ("ours", "plain"))
        size = gateway.open(columns, rows).size_bytes / target.stat().st_size
        detail = f"{ours:.2f} s against {plain:.2f} s for {ROWS:,} rows; {size:.2f} × the bytes"
        figures.append(Figure(name, ours / plain, "×", "≤ 1.3", ours / plain <= 1.3, detail))
    gateway.close()
    return figures


def making_csv(folder: Path, table: pd.DataFrame) -> Figure:
    """Compare a view of a CSV with pandas."""
    source, target = folder / "holders" / "held.csv", folder / "plain.csv"
    table.head(ROWS // 5).to_csv(source, index=False)
    gateway = Gateway(folder, "csv")

    def plain() -> None:
        frame = pd.read_csv(source, usecols=list(COLUMNS), dtype=str, keep_default_na=False)
        frame[frame["borough"] == "Camden"].to_csv(target, index=False)

    times = interleaved({"ours": lambda: gateway.anew(COLUMNS, CAMDEN), "plain": plain}, ROUNDS)
    ours, pandas = (statistics.median(times[key]) for key in ("ours", "plain"))
    gateway.close()
    detail = f"{ours:.2f} s against {pandas:.2f} s for {ROWS // 5:,} rows"
    return Figure("View of a CSV, against pandas", ours / pandas, "×", "≤ 1", ours <= pandas, detail)


async def _read(opened: Opened, ranges: list[tuple[int, int]]) -> int:
    return sum([len(piece) for start, stop in ranges for piece in [each async for each in opened.pieces(start, stop)]])


async def _open_often(gateway: Gateway, times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        await gateway.opening(EVERYTHING, RowFilter())
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def reading(folder: Path) -> list[Figure]:
    """Measure reading a sealed copy, whole and in ranges."""
    gateway = Gateway(folder)
    opened = gateway.open(EVERYTHING, RowFilter())
    plain = gateway.open(None, RowFilter())
    figures = []
    random = np.random.default_rng(1)
    for name, length, target in (("whole", opened.size_bytes, 700.0), ("ranges of 1 MB", 10**6, 500.0)):
        starts = [0] if name == "whole" else random.integers(0, opened.size_bytes - length, 100).tolist()
        ranges = [(start, start + length) for start in starts]
        total = sum(stop - start for start, stop in ranges) / 1e6
        times = interleaved(
            {
                "sealed": lambda ranges=ranges: asyncio.run(_read(opened, ranges)),
                "plain": lambda ranges=ranges: asyncio.run(_read(plain, ranges)),
            },
            ROUNDS * 2,
        )
        sealed, open_ = (total / statistics.median(times[key]) for key in ("sealed", "plain"))
        detail = f"{total:.0f} MB; a plain file in the same pieces: {open_:,.0f} MB/s"
        figures.append(Figure(f"Sealed copy, {name}", sealed, "MB/s", f"≥ {target:.0f}", sealed >= target, detail))
    each = asyncio.run(_open_often(gateway, 200)) * 1000
    figures.append(Figure("Opening a view that is kept", each, "ms", "≤ 2", each <= 2, "median of 200"))
    gateway.close()
    return figures


def memory(folder: Path) -> Figure:
    """Measure by how much a process grows that makes a view of everything."""
    code = "import sys; from benchmarks.bench_gateway_views import grown; grown(sys.argv[1])"
    found = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    grown_by = float(found.stdout)
    size = (folder / "holders" / "held.parquet").stat().st_size / 1e6
    detail = f"the file has {size:.0f} MB in one row group"
    return Figure("Memory that making a view takes", grown_by, "MB", "≤ 200", grown_by <= 200, detail)


def grown(folder: str) -> None:
    """Print the growth in MB; runs in a process of its own."""
    gateway = Gateway(Path(folder))
    before = _peak()
    gateway.anew(EVERYTHING, RowFilter())
    print((_peak() - before) / 1000)
    gateway.close()


def _peak() -> int:
    """Tell the most memory that this process had at any time, in kB."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1])


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "holders").mkdir()
        table = made_up_table(ROWS)
        table.to_parquet(folder / "holders" / "held.parquet", row_group_size=500_000)
        figures = [*making(folder), *reading(folder), making_csv(folder, table)]
        table.to_parquet(folder / "holders" / "held.parquet", row_group_size=ROWS)
        figures.append(memory(folder))
        report("Views of held data", figures)


if __name__ == "__main__":
    main()
