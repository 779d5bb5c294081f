"""Batches: what a report costs whose inputs did not change, and a whole batch with one worker and with two.

Costs are CPU time, of this process and all that it started and waited for: what else the machine does is not in them.

Few reports by default; ``LONDATA_BENCH_REPORTS=33`` makes one for each authority.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Figure, clock, report
from londata import reports
from londata.reports import templates
from londata.reports.reuse import Reuse
from londata.reports.versions import Versions

REPORTS = int(os.environ.get("LONDATA_BENCH_REPORTS", "4"))
ROUNDS = 15
TARGET = 0.02


def boroughs() -> list[str]:
    parameter = templates.load("borough-profile").parameters[0]
    assert parameter.values_from
    return list(Versions().choices(parameter.values_from))[:REPORTS]


def cpu() -> float:
    """Count the seconds of CPU that this process and those that it waited for have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def batch(out: Path, workers: int, chosen: list[str]) -> tuple[float, float]:
    """Measure a batch that makes every report: seconds, and seconds of CPU."""
    started, used = time.perf_counter(), cpu()
    made = reports.run_each(
        "borough-profile", each="borough", choices=chosen, out=out, workers=workers, progress=False, force=True
    )
    assert not made.failed
    return time.perf_counter() - started, cpu() - used


def main() -> None:
    chosen = boroughs()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        (one, used), (two, _) = batch(out, 1, chosen), batch(out, 2, chosen)
        line = json.loads(next(out.glob("*.batch/batch.json")).read_text())["reports"]
        fresh = used / len(chosen)

        def again() -> None:
            made = reports.run_each("borough-profile", each="borough", choices=chosen, out=out, progress=False)
            assert all(each.reused for each in made.reports.values())

        def single() -> None:
            assert reports.run("borough-profile", borough=chosen[0], out=out, progress=False).reused

        def judge() -> None:
            template = templates.load("borough-profile")
            assert Reuse(template, Versions(), ("csv",)).find({"borough": chosen[0]}, out)

        times = {}
        for name, call in {"batch": again, "single": single, "judge": judge}.items():
            call()
            times[name] = statistics.median(clock(call, time.process_time) for _ in range(ROUNDS))
    each = times["batch"] / len(chosen)
    many = f"{len(chosen)} reports"
    figures = [
        Figure("A report used again, in a batch with its summary", each / fresh, "×", "≤ 0.02", each / fresh <= TARGET,
               f"{each * 1000:.1f} ms against {fresh * 1000:.0f} ms; {many}"),
        Figure("A report used again by reports.run", times["single"] / fresh, "×", "≤ 0.02",
               times["single"] / fresh <= TARGET, f"{times['single'] * 1000:.1f} ms"),
        Figure("Finding out that nothing changed", times["judge"] / fresh, "×", "≤ 0.02",
               times["judge"] / fresh <= TARGET, f"{times['judge'] * 1000:.1f} ms"),
        Figure(f"{many}, one worker", one, "s", "–", True, f"{fresh:.2f} s of CPU a report"),
        Figure(f"{many}, two workers against one", one / two, "×", "≥ 1.7", one / two >= 1.7, f"{two:.1f} s"),
    ]  # fmt: skip
    assert len(line) == len(chosen)
    report("Batches", figures)


if __name__ == "__main__":
    main()
