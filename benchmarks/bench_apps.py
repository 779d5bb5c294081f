"""Opening an app: londata's against stock Voila, on the same notebook, in real Chromium.

``python -m benchmarks.bench_apps --rounds 5 --pool 10 --viewers 20``. The notebook is the borough explorer, with its
data beside it. A page counts as painted when its chart stands on the screen, and as alive when its controls can be used
as well, by the same conditions for all; londata's is painted before it is alive, so both are held against the same
targets. Each round opens the page once in every way; whatever else the machine does hits all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from playwright.async_api import Browser, Page, async_playwright

from benchmarks.measure import Figure, percentile, report
from londata.kernels import processes
from londata.reports.pdf import find_browser
from londata.settings import shipped

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from app_stage import KERNEL, Playing
from londata_hub.apps.shelf import App

PAINTED = """() => {
  const chart = document.querySelector(".londata-chart img");
  return chart && chart.complete && chart.naturalWidth > 0 && chart.getBoundingClientRect().height > 100;
}"""
ALIVE = f"""() => {{
  const control = document.querySelector("select:enabled");
  return control && !document.querySelector(".first-view") && ({PAINTED})();
}}"""
CELLS = (
    "from londata.intake_catalog import open_catalog\nfrom londata.widgets.borough_explorer import explore",
    "explore(open_catalog('catalogs'))",
)
_PATIENCE_MS = 120_000


def write_app(folder: Path) -> Path:
    """Write the app: a notebook, and its data beside it."""
    folder.mkdir()
    shutil.copytree(shipped("catalogs"), folder / "catalogs")
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), folder / "app.ipynb")
    return folder / "app.ipynb"


#: The seconds until a page was painted and alive, of each visit, by the way in which it was opened.
Times = dict[str, list[tuple[float, float]]]


class Stock:
    """Stock Voila as its command starts it."""

    def __init__(self, notebook: Path, room: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        room.mkdir(exist_ok=True)
        command = [str(Path(sys.executable).with_name("voila")), str(notebook), "--no-browser", f"--port={self.port}"]
        environ = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.process = subprocess.Popen(
            [*command, *options],
            env=environ | {"HOME": str(room), "LONDATA_CACHE": str(room / "cache")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    async def answers(self) -> None:
        """Wait until it listens."""
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.02)

    def weight(self) -> float:
        """What all its processes weigh, in MB."""
        return processes.memory_mb(list(processes.tree(self.process.pid)))

    def close(self) -> None:
        """End it with its kernels."""
        processes.kill_tree(self.process.pid)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Ours:
    """The app as the hub's service runs it, in its sandbox."""

    def __init__(self, notebook: Path, room: Path) -> None:
        self.stage = Playing(room, {"explorer": App("explorer", "Explorer", "", "", notebook)})
        self._viewers = 0

    def address(self) -> str:
        """Where the page is for one more viewer."""
        self._viewers += 1
        return self.stage.address("explorer", f"viewer-{self._viewers}")

    def weight(self) -> float:
        """What all processes of the app weigh, in MB."""
        running = self.stage.theatre._processes["explorer"]._process
        assert running
        return processes.memory_mb(list(processes.tree(running.pid)))

    def stop(self) -> None:
        """Stop the app, as when nobody looks at it."""
        self.stage.run(self.stage.theatre._processes["explorer"].stop())


async def open_page(browser: Browser, address: str) -> tuple[Page, float, float]:
    """Open a page as somebody who was never there; returns it and the seconds until it was painted, and alive."""
    context = await browser.new_context()
    page = await context.new_page()
    here = address.split("/")[2]
    await page.route(lambda url: url.split("/")[2] != here, lambda route: route.abort())  # nothing is fetched elsewhere
    began = time.perf_counter()
    await page.goto(address, wait_until="commit", timeout=_PATIENCE_MS)
    await page.wait_for_function(PAINTED, timeout=_PATIENCE_MS, polling="raf")
    painted = time.perf_counter() - began
    await page.wait_for_function(ALIVE, timeout=_PATIENCE_MS, polling="raf")
    return page, painted, time.perf_counter() - began


async def visited(browser: Browser, address: str) -> tuple[float, float]:
    """Open a page and leave it again; returns the seconds until it was painted, and alive."""
    page, painted, alive = await open_page(browser, address)
    await page.context.close()
    await asyncio.sleep(0.5)
    return painted, alive


async def weigh_viewers(browser: Browser, weigh: Any, address: Any, count: int) -> float:
    """Tell what one more viewer weighs, with so many looking."""
    pages = [(await open_page(browser, address()))[0]]
    before = weigh()
    pages += [(await open_page(browser, address()))[0] for _ in range(count)]
    weight = (weigh() - before) / count
    for page in pages:
        await page.context.close()
    return float(weight)


async def crowd(browser: Browser, ours: Ours, count: int) -> tuple[int, float]:
    """Let many come at once and each choose a borough; returns for how many something went wrong, and the slowest."""

    async def one(address: str) -> float:
        page, took, _ = await open_page(browser, address)
        await page.locator("select").first.select_option(label="Hackney")
        await page.locator(".londata-words", has_text="Hackney").first.wait_for(timeout=_PATIENCE_MS)
        return took

    came = await asyncio.gather(*(one(ours.address()) for _ in range(count)), return_exceptions=True)
    for context in browser.contexts:
        await context.close()
    took = [each for each in came if isinstance(each, float)]
    return count - len(took), max(took, default=0.0)


async def measure(rounds: int, pool: int, viewers: int, room: Path) -> list[Figure]:
    """Open the page in every way, in turn."""
    notebook = write_app(room / "app")
    times: Times = {name: [] for name in ("ours", "cold", "heated", "started", "stock started")}
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        ours, cold = Ours(notebook, room), Stock(notebook, room / "stock")
        await cold.answers()
        heated = Stock(notebook, room / "heated", "--preheat_kernel=True", f"--pool_size={pool}")
        await heated.answers()
        await settled(heated, pool)
        heavy = heated.weight()
        try:
            for address in (ours.address(), cold.address, heated.address):  # the first is for loading
                await visited(browser, address)
            light = ours.weight()
            for _ in range(rounds):
                times["ours"].append(await visited(browser, ours.address()))
                times["cold"].append(await visited(browser, cold.address))
                await settled(heated, pool)
                times["heated"].append(await visited(browser, heated.address))
            each = await weigh_viewers(browser, ours.weight, ours.address, 4)
            stock_each = await weigh_viewers(browser, cold.weight, lambda: cold.address, 4)
            heated.close()
            await started(browser, ours, notebook, room, times, max(2, rounds // 2))
            wrong, slowest = await crowd(browser, ours, viewers)
        finally:
            cold.close()
            heated.close()
            ours.stage.close()
            await browser.close()
    return [
        *figures(times),
        Figure(f"Memory against a pool of {pool} heated kernels", light / heavy, "×", "≤ 0.25", light / heavy <= 0.25),
        Figure("Memory of one more viewer against stock", each / stock_each, "×", "≤ 0.5", each / stock_each <= 0.5),
        Figure(
            f"{viewers} viewers at once: errors", wrong, "", "0", not wrong, f"slowest painted after {slowest:.1f} s"
        ),
    ]


async def settled(heated: Stock, pool: int) -> None:
    """Wait until the pool is full and at rest."""
    before = float("inf")
    while True:
        pids = list(processes.tree(heated.process.pid))
        now = sum(map(_computed, pids))
        if len(pids) > pool and 0 <= now - before < 0.1:
            return
        before = now
        await asyncio.sleep(1)


def _computed(pid: int) -> float:
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


async def started(browser: Browser, ours: Ours, notebook: Path, room: Path, times: Times, rounds: int) -> None:
    """Open the page of an app that does not run, of ours and of stock Voila."""
    for number in range(rounds):
        ours.stop()
        times["started"].append(await visited(browser, ours.address()))
        began = time.perf_counter()
        stock = Stock(notebook, room / f"stock-{number}")
        try:
            await stock.answers()
            to_answer = time.perf_counter() - began
            page, painted, alive = await open_page(browser, stock.address)
            times["stock started"].append((to_answer + painted, to_answer + alive))
            await page.context.close()
        finally:
            stock.close()


def figures(times: Times) -> list[Figure]:
    """Compare medians."""

    def ratio(name: str, over: str, under: str, most: float, what: int = 0) -> Figure:
        ours, theirs = ([visit[what] for visit in times[each]] for each in (over, under))
        one, other = statistics.median(ours), statistics.median(theirs)
        quarters = f"quarters {percentile(ours, 25):.2f}–{percentile(ours, 75):.2f} s"
        detail = f"{one:.2f} s against {other:.2f} s, {len(ours)} each, {quarters}"
        return Figure(name, one / other, "×", f"≤ {most}", one / other <= most, detail)

    return [
        ratio("First useful paint, warm, against stock Voila", "ours", "cold", 0.4),
        ratio("First useful paint, warm, against a heated kernel", "ours", "heated", 1.0),
        ratio("Controls can be used, warm, against stock Voila", "ours", "cold", 0.4, 1),
        ratio("Controls can be used, warm, against a heated kernel", "ours", "heated", 1.0, 1),
        ratio("First useful paint of a stopped app against stock", "started", "stock started", 1.2),
    ]


def main() -> None:
    """Measure and report."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--pool", type=int, default=10)
    options.add_argument("--viewers", type=int, default=20)
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whoever ends this ends what it started, too
    with tempfile.TemporaryDirectory(prefix="ldb-", dir="/tmp") as room:
        report("Apps", asyncio.run(measure(chosen.rounds, chosen.pool, chosen.viewers, Path(room))))


if __name__ == "__main__":
    main()
