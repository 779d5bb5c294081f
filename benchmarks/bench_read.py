"""Reading and fetching: what londata adds to the same call of the library below it.

``bench_catalog`` measures ``entry.read()``; this one measures the two layers under it, per format, so that
a figure that is missed there can be traced.
"""

from __future__ import annotations

import http.server
import os
import statistics
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pandas as pd

from benchmarks.measure import Figure, interleaved, report
from londata import readers
from londata.fetch import fetch
from londata.records.vocabulary import MEDIA_TYPES

ROWS = 1_000_000
ROUNDS = 15


def made_up_table(rows: int) -> pd.DataFrame:
    """Make ten columns: codes, words, dates as text, whole and broken numbers."""
    random = np.random.default_rng(2026)
    words = np.array(["Camden", "City of London", "Hackney", "Kensington and Chelsea"])
    table = {"code": random.integers(1, 34, rows), "borough": words[random.integers(0, 4, rows)]}
    table |= {f"count_{number}": random.integers(0, 100_000, rows) for number in range(3)}
    table |= {f"share_{number}": random.random(rows).round(4) for number in range(4)}
    return pd.DataFrame(table | {"day": np.array(["2026-01-31", "2026-02-28"])[random.integers(0, 2, rows)]})


def write_samples(folder: Path, rows: int) -> None:
    """Write the table in each format."""
    table = made_up_table(rows)
    table.to_parquet(folder / "parquet")
    table.to_csv(folder / "csv", index=False)
    pounds = table.assign(borough="£ " + table["borough"])
    pounds.to_csv(folder / "csv-cp1252", index=False, encoding="cp1252")
    table.head(20_000).to_excel(folder / "a.xlsx", index=False)
    points = gpd.points_from_xy(np.arange(20_000.0), np.arange(20_000.0))
    gpd.GeoDataFrame(table.head(20_000), geometry=points, crs=27700).to_file(folder / "a.gpkg", layer="a")


def ours(path: Path, format_: str, **keywords: Any) -> Callable[[], Any]:
    """Read with londata."""
    return partial(readers.read, path, MEDIA_TYPES[format_], **keywords)


def pairs(folder: Path) -> dict[str, tuple[Callable[[], Any], Callable[[], Any], float]]:
    """List what is compared: our call, the library's, and the ratio that is aimed at."""
    csv, parquet, some = folder / "csv", folder / "parquet", ["borough", "count_1"]
    pounds = partial(pd.read_csv, folder / "csv-cp1252", encoding="cp1252")
    return {
        f"Parquet {ROWS:,} × 10": (ours(parquet, "parquet"), partial(pd.read_parquet, parquet), 1.05),
        f"CSV {ROWS:,} × 10": (ours(csv, "csv"), partial(pd.read_csv, csv), 1.05),
        "Parquet, two columns": (
            ours(parquet, "parquet", columns=some),
            partial(pd.read_parquet, parquet, columns=some),
            1.15,
        ),
        "CSV, two columns": (ours(csv, "csv", columns=some), partial(pd.read_csv, csv, usecols=some), 1.15),
        "CSV with £ in Windows-1252, which we find out": (ours(folder / "csv-cp1252", "csv"), pounds, 1.15),
        "Excel 20,000 × 10": (
            ours(folder / "a.xlsx", "xlsx"),
            partial(pd.read_excel, folder / "a.xlsx", engine="calamine"),
            2,
        ),
        "GeoPackage 20,000": (ours(folder / "a.gpkg", "gpkg"), partial(gpd.read_file, folder / "a.gpkg"), 1.15),
    }


def reading(folder: Path) -> list[Figure]:
    """Compare each reader with its library."""
    figures = []
    for name, (mine, theirs, target) in pairs(folder).items():
        # theirs on both sides of ours: whoever comes second finds memory ready that the first had to ask for
        times = interleaved({"before": theirs, "ours": mine, "after": theirs}, ROUNDS, cpu=True)
        medians = statistics.median(times["ours"]), statistics.median(times["before"] + times["after"])
        ratio = medians[0] / medians[1]
        detail = f"{medians[0] * 1000:,.0f} ms against {medians[1] * 1000:,.0f} ms CPU"
        figures.append(Figure(name, ratio, "×", f"≤ {target}", ratio <= target, detail))
    return figures


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fetching(folder: Path) -> list[Figure]:
    """Compare a first fetch with httpx writing to a file, and a second one with the first."""
    with serving(folder) as address:
        url, count = f"{address}/csv", iter(range(1_000))

        def first() -> None:
            fetch(f"{url}?{next(count)}", trusted=True)

        def plain() -> None:
            with httpx.stream("GET", url) as response, (folder / "plain").open("wb") as file:
                for piece in response.iter_bytes():
                    file.write(piece)

        times = interleaved(
            {"first": first, "plain": plain, "again": partial(fetch, f"{url}?0", trusted=True)}, 5, cpu=False
        )
    medians = {key: statistics.median(values) for key, values in times.items()}
    size = (folder / "csv").stat().st_size / 1e6
    ratio, again = medians["first"] / medians["plain"], medians["again"] * 1000
    detail = f"{medians['first']:.2f} s against {medians['plain']:.2f} s; ours also hashes"
    return [
        Figure(f"Fetching {size:.0f} MB, against httpx", ratio, "×", "≤ 2", ratio <= 2, detail),
        Figure("Fetching it again, unchanged", again, "ms", "≤ 50", again <= 50, "one request, no body"),
    ]


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["LONDATA_CACHE"] = str(folder / "cache")
        write_samples(folder, ROWS)
        report("Reading and fetching", [*reading(folder), *fetching(folder)])


if __name__ == "__main__":
    main()
