"""Making reports: londata's engine against papermill's, and against the same code in a process that is warm already.

``python -m benchmarks.bench_engine --reports 33``. Each report is made by every contestant in turn, so whatever else
the machine does hits all of them. CPU time includes that of all processes that were started.
"""

from __future__ import annotations

import argparse
import copy
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat

from benchmarks.measure import Figure, percentile, report
from londata import catalog
from londata.kernels import processes
from londata.reports import job as jobs
from londata.reports import receipts, templates
from londata.reports.export import write_page
from londata.reports.running import Runner

TEMPLATE = templates.load("borough-profile")
_TICK = os.sysconf("SC_CLK_TCK")
Spent = tuple[float, float]


def page(job: jobs.Job, notebook: Any) -> None:
    """Make the same page of a notebook."""
    write_page(job, TEMPLATE, notebook, receipts.readings(job.read_log), job.report / jobs.PAGE)


def prepared(borough: str, out: str) -> jobs.Job:
    """Prepare a run."""
    return jobs.prepare(TEMPLATE, {"borough": borough}, out)


def used() -> float:
    """CPU time of this process and of its children that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)


def floor(borough: str, out: str, shared: dict[str, Any]) -> None:
    """Run the cells in this very process, and make the page: nothing else.

    What the report before has left is deleted by name. IPython's own ``reset`` also looks through all memory for
    garbage, which takes as long as the cells: that is no part of a report, and with it the floor was nearly twice as
    high as it is. Nor does it place the numbers of the figures, save the notebook or write a receipt, as ours does.
    """
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    job, notebook = prepared(borough, out), copy.deepcopy(shared["source"])
    os.environ |= {"LONDATA_READ_LOG": str(job.read_log), "LONDATA_FIGURE_DATA": str(job.figure_data)}
    for name in shell.user_ns.keys() - shell.user_ns_hidden.keys():  # what the report before has left
        del shell.user_ns[name]
    for cell in (each for each in notebook.cells if each.cell_type == "code"):
        injected = "parameters" in cell.metadata.get("tags", ())
        result = shell.run_cell(f"borough = {borough!r}" if injected else cell.source)
        result.raise_error()
        if result.result is not None:
            data, _ = shell.display_formatter.format(result.result)
            cell.outputs = [nbformat.v4.new_output("execute_result", data=data)]
    page(job, notebook)
    jobs.clear(job)


def stock(borough: str, out: str, _: dict[str, Any]) -> None:
    """Let papermill run it, and make the same page."""
    import papermill

    job = prepared(borough, out)
    os.environ |= {"LONDATA_READ_LOG": str(job.read_log), "LONDATA_FIGURE_DATA": str(job.figure_data)}
    made = papermill.execute_notebook(
        str(TEMPLATE.notebook), str(job.notebook), {"borough": borough}, kernel_name="python3", progress_bar=False
    )
    page(job, made)
    jobs.clear(job)


def serve(way: str, out: str) -> None:
    """Make a report of each line that comes in, and answer with the CPU and wall time that it took."""
    shared = {"source": nbformat.read(TEMPLATE.notebook, as_version=4)}
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        cpu, began = used(), time.perf_counter()
        {"floor": floor, "stock": stock}[way](line.strip(), out, shared)
        answers.write(f"{used() - cpu} {time.perf_counter() - began}\n")


class Served:
    """A contestant in a process of its own, which goes on from report to report."""

    def __init__(self, way: str, out: str) -> None:
        code = f"from benchmarks.bench_engine import serve; serve({way!r}, {out!r})"
        environ = os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            env=environ,
        )

    def __call__(self, borough: str) -> Spent:
        """Have a report made; returns CPU and wall time."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(borough + "\n")
        cpu, wall = map(float, self.process.stdout.readline().split())
        return cpu, wall

    def close(self) -> None:
        """End it."""
        self.process.communicate()


class Ours:
    """londata's runner; notes how long each report took to its first cell."""

    def __init__(self, out: str) -> None:
        self._out, self.runner, self.first = out, Runner(), list[float]()

    def __call__(self, borough: str) -> Spent:
        """Have a report made; returns CPU and wall time. The warm process tells in hundredths of a second."""
        cpu, began = time.process_time() + self._warm_cpu(), time.perf_counter()
        self.make(borough)
        wall = time.perf_counter() - began
        time.sleep(0.05)  # until the warm process has collected its tasks
        return time.process_time() + self._warm_cpu() - cpu, wall

    def make(self, borough: str) -> None:
        """Have a report made."""
        began, seen = time.perf_counter(), list[float]()
        ended = self.runner.run(
            prepared(borough, self._out), TEMPLATE, lambda _: seen.append(time.perf_counter() - began)
        )
        assert ended.status == "completed", ended
        self.first.append(seen[0])

    @property
    def warm_pid(self) -> int:
        """The process id of the warm process."""
        zygote = self.runner._zygote
        assert zygote
        assert zygote.pid
        return zygote.pid

    def _warm_cpu(self) -> float:
        fields = Path(f"/proc/{self.warm_pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICK


def command(borough: str, out: str) -> Spent:
    """Run the papermill command."""
    cpu, began = used(), time.perf_counter()
    call = [Path(sys.executable).with_name("papermill"), TEMPLATE.notebook, f"{out}/{borough}.ipynb"]
    options = ["--no-progress-bar", "-k", "python3", "-p", "borough", borough]
    subprocess.run([*call, *options], check=True, capture_output=True)
    return used() - cpu, time.perf_counter() - began


def heaviest(weigh: Callable[[], list[int]], work: Callable[[], object]) -> float:
    """Do something, and tell the most that some processes weighed meanwhile, in MB of their own."""
    most, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.03):
            most.append(processes.memory_mb(weigh()))

    looking = threading.Thread(target=look)
    looking.start()
    work()
    done.set()
    looking.join()
    return max(most)


def measure(boroughs: list[str], out: str) -> list[Figure]:
    """Make every report in every way, in turn; then weigh two at once."""
    ours, served = Ours(out), {way: Served(way, out) for way in ("floor", "stock")}
    for way in (*served.values(), ours.make):  # the first is for loading
        way(boroughs[0])
    ours.first.clear()
    ways: dict[str, Callable[[str], Spent]] = {**served, "ours": ours, "command": lambda each: command(each, out)}
    spent: dict[str, list[Spent]] = {name: [] for name in ways}
    double = []
    with ThreadPoolExecutor(2) as pool:
        for one, other in zip(boroughs[::2], boroughs[1::2], strict=False):
            for borough in (one, other):
                for name, way in ways.items():
                    spent[name].append(way(borough))
            began = time.perf_counter()
            list(pool.map(ours.make, (one, other)))
            double.append(time.perf_counter() - began)
        first = sorted(ours.first[: len(spent["ours"])])
        two = heaviest(
            lambda: processes.children(ours.warm_pid), lambda: list(pool.map(ours.make, (boroughs[0], boroughs[1])))
        )
    alone = heaviest(lambda: list(processes.tree(served["stock"].process.pid)), lambda: served["stock"](boroughs[0]))
    for way in served.values():
        way.close()
    ours.runner.close()
    return figures(spent, double, percentile(first, 50), two / 2 / alone)


def figures(spent: dict[str, list[Spent]], double: list[float], first: float, weight: float) -> list[Figure]:
    """Put ratios of the same reports together: the median, and what lies between the quarters."""

    def ratio(name: str, over: list[float], under: list[float], *, most: float = 0, least: float = 0) -> Figure:
        ratios = [one / other for one, other in zip(over, under, strict=True)]
        value = statistics.median(ratios)
        detail = f"{len(ratios)} pairs, quarters {percentile(ratios, 25):.2f}–{percentile(ratios, 75):.2f}"
        return Figure(
            name, value, "×", f"≤ {most}" if most else f"≥ {least}", value <= most or value >= least > 0, detail
        )

    cpu = {name: [each[0] for each in times] for name, times in spent.items()}
    wall = {name: [each[1] for each in times] for name, times in spent.items()}
    pairs = {name: [sum(two) for two in zip(all_[::2], all_[1::2], strict=True)] for name, all_ in wall.items()}
    return [
        ratio("CPU against the same code in a warm process", cpu["ours"], cpu["floor"], most=1.2),
        ratio("CPU of execute_notebook in a loop against ours", cpu["stock"], cpu["ours"], least=2.0),
        ratio("One worker against execute_notebook in a loop", wall["stock"], wall["ours"], least=2.3),
        ratio("Two workers against execute_notebook in a loop", pairs["stock"], double, least=4.0),
        ratio("Two workers against the papermill command", pairs["command"], double, least=4.0),
        Figure("From run to the first cell, median", first, "s", "≤ 0.3", first <= 0.3),
        Figure("Memory of a run, two at once, against execute_notebook", weight, "×", "≤ 0.5", weight <= 0.5, "PSS"),
    ]


def main() -> None:
    """Measure and report."""
    options = argparse.ArgumentParser()
    options.add_argument("--reports", type=int, default=33)
    chosen = max(2, options.parse_args().reports // 2 * 2)
    boroughs = sorted(catalog.london_authorities.read()["name"])[:chosen]
    with tempfile.TemporaryDirectory() as out:
        report("Report engine", measure(boroughs, out))


if __name__ == "__main__":
    main()
