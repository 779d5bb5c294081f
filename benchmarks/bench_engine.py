"""Making reports: londata's engine against papermill's, and against the same code in a process that is warm already.

``python -m benchmarks.bench_engine --reports 33``. CPU time includes that of all processes that were started.
"""

from __future__ import annotations

import argparse
import copy
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat

from benchmarks.measure import Figure, report
from londata import catalog
from londata.reports import job as jobs
from londata.reports import receipts, templates
from londata.reports.export import write_page
from londata.reports.running import Runner

TEMPLATE = templates.load("borough-profile")
FLOOR = """
import sys
from benchmarks.bench_engine import floor
floor(sys.argv[1], sys.argv[2:])
"""


def page(job: jobs.Job, notebook: Any) -> None:
    """Make the same page of a notebook."""
    write_page(job, TEMPLATE, notebook, receipts.readings(job.read_log), job.report / jobs.PAGE)


def prepared(borough: str, out: str) -> jobs.Job:
    """Prepare a run."""
    return jobs.prepare(TEMPLATE, {"borough": borough}, out)


def floor(out: str, boroughs: list[str]) -> None:
    """Run the cells in this process, the first report twice; print CPU and wall time of the others."""
    from IPython.core.interactiveshell import InteractiveShell

    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    shell, source = InteractiveShell.instance(), nbformat.read(TEMPLATE.notebook, as_version=4)
    started = (0.0, 0.0)
    for borough in [boroughs[0], *boroughs]:
        job, notebook = prepared(borough, out), copy.deepcopy(source)
        os.environ |= {"LONDATA_READ_LOG": str(job.read_log), "LONDATA_FIGURE_DATA": str(job.figure_data)}
        shell.reset(new_session=False)
        for cell in (each for each in notebook.cells if each.cell_type == "code"):
            injected = "parameters" in cell.metadata.get("tags", ())
            result = shell.run_cell(f"borough = {borough!r}" if injected else cell.source)
            result.raise_error()
            if result.result is not None:
                data, _ = shell.display_formatter.format(result.result)
                cell.outputs = [nbformat.v4.new_output("execute_result", data=data)]
        page(job, notebook)
        jobs.clear(job)
        started = started if any(started) else (time.process_time(), time.perf_counter())
    sys.stderr.write(f"{time.process_time() - started[0]} {time.perf_counter() - started[1]}\n")


def stock(out: str, boroughs: list[str]) -> None:
    """papermill in a loop, and the same page."""
    import papermill

    for borough in boroughs:
        job = prepared(borough, out)
        os.environ |= {"LONDATA_READ_LOG": str(job.read_log), "LONDATA_FIGURE_DATA": str(job.figure_data)}
        made = papermill.execute_notebook(
            str(TEMPLATE.notebook), str(job.notebook), {"borough": borough}, kernel_name="python3", progress_bar=False
        )
        page(job, made)
        jobs.clear(job)


def command(out: str, boroughs: list[str]) -> None:
    """The papermill command, once for each."""
    for borough in boroughs:
        call = [
            Path(sys.executable).with_name("papermill"),
            TEMPLATE.notebook,
            f"{out}/{borough}.ipynb",
            "--no-progress-bar",
        ]
        subprocess.run([*call, "-k", "python3", "-p", "borough", borough], check=True, capture_output=True)


def ours(workers: int, first: list[float]) -> Callable[[str, list[str]], None]:
    """Londata with so many workers; notes the time to the first cell of each report."""

    def run(out: str, boroughs: list[str]) -> None:
        with Runner() as runner, ThreadPoolExecutor(workers) as pool:

            def one(borough: str) -> None:
                began, seen = time.perf_counter(), []
                ended = runner.run(prepared(borough, out), TEMPLATE, lambda _: seen.append(time.perf_counter() - began))
                assert ended.status == "completed", ended
                first.append(seen[0])

            list(pool.map(one, boroughs))

    return run


def spent(call: Callable[[], object]) -> tuple[float, float]:
    """CPU time with that of children, and wall time."""

    def cpu() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(each.ru_utime + each.ru_stime for each in used)

    before, began = cpu(), time.perf_counter()
    call()
    return cpu() - before, time.perf_counter() - began


def main() -> None:
    """Measure and report."""
    options = argparse.ArgumentParser()
    options.add_argument("--reports", type=int, default=33)
    boroughs = sorted(catalog.london_authorities.read()["name"])[: options.parse_args().reports]
    first: list[float] = []
    with tempfile.TemporaryDirectory() as out:
        said = subprocess.run([sys.executable, "-c", FLOOR, out, *boroughs], check=True, capture_output=True, text=True)
        floor_cpu, _ = map(float, said.stderr.splitlines()[-1].split())
        one = spent(lambda: ours(1, first)(out, boroughs))
        two = spent(lambda: ours(2, [])(out, boroughs))
        loop = spent(lambda: stock(out, boroughs))
        line = spent(lambda: command(out, boroughs))
    reached = sorted(first[1:] or first)[len(first[1:] or first) // 2]
    figures = [
        ("CPU against the same code in a warm process", one[0] / floor_cpu, "×", "≤ 1.2", one[0] / floor_cpu <= 1.2),
        ("One worker against execute_notebook in a loop", loop[1] / one[1], "×", "≥ 2.3", loop[1] / one[1] >= 2.3),
        ("Two workers against execute_notebook in a loop", loop[1] / two[1], "×", "≥ 4", loop[1] / two[1] >= 4),
        ("Two workers against the papermill command", line[1] / two[1], "×", "≥ 4", line[1] / two[1] >= 4),
        ("From run to the first cell, median", reached, "s", "≤ 0.3", reached <= 0.3),
    ]
    detail = f"{len(boroughs)} reports"
    report("Report engine", [Figure(name, value, unit, aim, good, detail) for name, value, unit, aim, good in figures])


if __name__ == "__main__":
    main()
