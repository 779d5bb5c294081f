"""The catalog: opening it at 6,000, 100,000 and 1,000,000 entries, against Intake's own YAML, completion, and ``read``.

Opening is everything up to the first table: open the catalog, get its first entry (by its name, and by listing the
catalog to find it), read its data, over HTTP from the real service in a process of its own.

``-n 100000`` stops there; a million entries take a while to write, so ``--folder`` keeps them for the next time.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

from benchmarks.made_up_entries import made_up_entries
from benchmarks.measure import Figure, clock, interleaved, percentile, report
from londata.records import entry_from_dict

SIZES = (6_000, 100_000, 1_000_000)
ROUNDS = 40
ROWS = 1_000_000
FIRST = "aaa-first"
TOKEN = "a-token-of-the-benchmark"
FILES = """\
title: A benchmark
publishers: publishers.yaml
themes: []
"""


def first_entry() -> Any:
    """Make the entry that comes first in the alphabet and can be read."""
    publisher = {"id": "gla", "name": "Greater London Authority"}
    csv = {"id": "csv", "path": "first.csv", "media_type": "text/csv"}
    return entry_from_dict(
        {"kind": "dataset", "id": FIRST, "title": "First", "access": "open"}
        | {"publisher": publisher, "distributions": [csv]}
    )


def prepare(size: int, folder: Path) -> Path:
    """Write a register of this size, unless it is there."""
    from londata_hub.store import RegisterStore

    state = folder / f"register-{size}"
    if not (state / "complete").exists():
        state.mkdir(parents=True, exist_ok=True)
        (state / "first.csv").write_text("a,b\n1,2\n", encoding="utf-8")

        def write() -> None:
            with RegisterStore(f"sqlite:///{state / 'register.db'}", state / "index") as store:
                store.upsert(chain([first_entry()], made_up_entries(size - 1)), source="benchmark")

        print(f"wrote {size:,} entries in {clock(write):,.0f} s", flush=True)
        (state / "complete").touch()
    return state


def serve(state: Path) -> None:
    """Run the register's service (in a child process); the first line of output is its port."""
    import uvicorn

    from londata.access import Subject
    from londata_hub.services.content import Content
    from londata_hub.services.register import create_app
    from londata_hub.store import RegisterStore

    async def authenticate(_: str) -> Subject:
        return Subject("benchmark")

    with RegisterStore(f"sqlite:///{state / 'register.db'}", state / "index") as store, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        config = uvicorn.Config(create_app(store, authenticate, Content(state)), log_level="error", ws="none")
        uvicorn.Server(config).run([listener])


@contextmanager
def running(state: Path) -> Iterator[str]:
    """Run the service for a register; gives its address."""
    command = [sys.executable, "-m", "benchmarks.bench_catalog", "--serve", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout
            yield f"http://127.0.0.1:{service.stdout.readline().strip()}"
        finally:
            service.terminate()


def open_and_read(address: str, *, listing: bool) -> Callable[[], None]:
    """Open, get the first entry (by its name, or by listing the catalog), read its table."""
    from londata import open_catalog

    def run() -> None:
        catalog = open_catalog(address)
        key = next(iter(catalog)) if listing else FIRST
        assert catalog[key].read().shape == (1, 2), key
        catalog.register.close()  # type: ignore[attr-defined]

    return run


def opening(sizes: tuple[int, ...], folder: Path) -> list[Figure]:
    """Compare opening at every size, alternately in one run, and with Intake opening 6,000 entries of YAML."""
    states = {size: prepare(size, folder) for size in sizes}
    figures = []
    with running_all(states) as addresses:
        for listing, how in ((False, "by its name"), (True, "by listing")):
            calls = {size: open_and_read(address, listing=listing) for size, address in addresses.items()}
            for call in calls.values():
                for _ in range(5):
                    call()
            times = interleaved({f"{size:,}": call for size, call in calls.items()}, ROUNDS)
            middle = {name: statistics.median(values) * 1000 for name, values in times.items()}
            figures += _against_smallest(middle, how)
        completing = completion_times(addresses[sizes[0]])
    smallest = next(iter(middle))
    p50, p99 = (percentile(completing, each) * 1000 for each in (50, 99))
    detail = f"p50 {p50:.1f} ms"
    figures.append(Figure("complete a key over HTTP at 6,000 entries, p99", p99, "ms", "≤ 15", p99 <= 15, detail))
    intake_s = intake_opens(folder)
    ratio = intake_s * 1000 / middle[smallest]
    detail = f"Intake {intake_s:.1f} s"
    figures.append(
        Figure("Intake opening 6,000 entries of YAML, against ours", ratio, "×", "≥ 200", ratio >= 200, detail)
    )
    return figures


def _against_smallest(middle: dict[str, float], how: str) -> list[Figure]:
    (smallest, base), *others = middle.items()
    return [
        Figure(
            f"open and read the first entry {how}: {name} against {smallest}",
            value / base,
            "×",
            "0.8–1.2",
            0.8 <= value / base <= 1.2,
            f"median {value:.1f} ms, {smallest}: {base:.1f} ms",
        )
        for name, value in others
    ]


@contextmanager
def running_all(states: dict[int, Path]) -> Iterator[dict[int, str]]:
    """Run a service for every size at the same time."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield {size: stack.enter_context(running(state)) for size, state in states.items()}


def completion_times(address: str) -> list[float]:
    """Complete many prefixes as IPython asks for them, each a different one."""
    from londata import open_catalog
    from londata.intake_catalog import completion

    catalog = open_catalog(address)
    keys = list(islice(catalog, 0, None, 20))
    texts = [f"catalog.{key[: 3 + number % 9]}" for number, key in enumerate(keys)]
    found = [(clock(lambda text=text: completion.complete(text, {"catalog": catalog}))) for text in texts]
    catalog.register.close()  # type: ignore[attr-defined]
    return found


def intake_opens(folder: Path) -> float:
    """Time stock Intake on its own YAML of 6,000 entries."""
    import intake
    import yaml

    from londata.catalog_files import FileRegister
    from londata.intake_catalog.export import plain_catalog

    path = folder / "intake-6000.yaml"
    if not path.exists():
        files = folder / "files"
        files.mkdir(exist_ok=True)
        (files / "london.yaml").write_text(FILES, encoding="utf-8")
        values = plain_catalog(FileRegister(files), made_up_entries(40_000)).values
        for part, suffix in (("entries", ""), ("data", "__data"), ("aliases", "")):
            kept = {name + suffix for name in list(values["entries"])[:6_000]}
            values[part] = {name: value for name, value in values[part].items() if name in kept}
        values["metadata"] = {}
        path.write_text(yaml.dump(values, Dumper=yaml.CSafeDumper), encoding="utf-8")
    assert len(re.findall(r"(?m)^    reader:", path.read_text(encoding="utf-8"))) == 6_000
    return clock(lambda: intake.open_catalog(str(path)))


def reading(folder: Path) -> list[Figure]:
    """Compare ``entry.read()`` with the same pandas call on a million rows of ten columns."""
    import numpy as np
    import pandas as pd

    from londata import open_catalog

    files = folder / "reading"
    (files / "data").mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    table = pd.DataFrame({f"number_{each}": random.random(ROWS).round(6) for each in range(8)})
    table["whole"], table["word"] = random.integers(0, 1000, ROWS), random.choice(["red", "green", "blue"], ROWS)
    table.to_parquet(files / "data" / "big.parquet")
    table.to_csv(files / "data" / "big.csv", index=False)
    (files / "london.yaml").write_text(FILES.replace("[]", "[big.yaml]"), encoding="utf-8")
    (files / "publishers.yaml").write_text("gla: {name: Greater London Authority}\n", encoding="utf-8")
    entries = "".join(
        f"  big-{name}:\n    title: Big\n    publisher: gla\n    access: open\n    licence: ogl-3\n"
        f"    distributions: {{{name}: {{path: data/big.{name}, media_type: {media}}}}}\n"
        for name, media in (("parquet", "application/vnd.apache.parquet"), ("csv", "text/csv"))
    )
    (files / "big.yaml").write_text(f"theme: big\ntitle: Big\nentries:\n{entries}", encoding="utf-8")
    catalog = open_catalog(str(files))
    figures = []
    for name, read in (("parquet", pd.read_parquet), ("csv", pd.read_csv)):
        path, entry = files / "data" / f"big.{name}", catalog[f"big_{name}"]
        assert entry.read().equals(read(path))
        times = interleaved({"ours": entry.read, "pandas": lambda read=read, path=path: read(path)}, 9, cpu=True)
        ratios = [ours / theirs for ours, theirs in zip(times["ours"], times["pandas"], strict=True)]
        ratio = statistics.median(ratios)
        detail = f"pandas {statistics.median(times['pandas']) * 1000:.0f} ms CPU"
        figures.append(Figure(f"entry.read() of 1,000,000 × 10 {name}", ratio, "×", "≤ 1.05", ratio <= 1.05, detail))
    return figures


def main() -> None:
    """Measure opening, completion and reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=max(SIZES), help="largest number of entries")
    parser.add_argument("--folder", type=Path, help="keep the registers here, and use those that are there")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    os.environ["LONDATA_TOKEN"] = TOKEN
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["LONDATA_CACHE"] = f"{temporary}/cache"
        folder = arguments.folder or Path(temporary)
        sizes = tuple(size for size in SIZES if size <= arguments.n)
        report("catalog", [*opening(sizes, folder), *reading(Path(temporary))])


if __name__ == "__main__":
    main()
