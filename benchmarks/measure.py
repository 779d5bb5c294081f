"""How every benchmark here measures: in pairs, in one run, with the machine's own noise beside it.

A figure is a ratio of two things that were timed alternately in the same run, or a distribution of one thing
together with what a fixed piece of work cost at the same time. Absolute times of another day mean nothing.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Figure:
    """One measured figure, the target that it is held against, and whether it got there."""

    name: str
    value: float
    unit: str
    target: str
    reached: bool
    detail: str = ""


def clock(call: Callable[[], object], timer: Callable[[], float] = time.perf_counter) -> float:
    """Time one call in seconds."""
    start = timer()
    call()
    return timer() - start


def interleaved(calls: dict[str, Callable[[], object]], rounds: int, *, cpu: bool = False) -> dict[str, list[float]]:
    """Time several things alternately, so that whatever else the machine does hits all of them."""
    timer = time.process_time if cpu else time.perf_counter
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(clock(call, timer))
    return times


def percentile(values: list[float], percent: float) -> float:
    """Take a percentile of some times: the smallest value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def noise(rounds: int = 30) -> str:
    """Say how much a fixed piece of work varies on this machine right now."""
    times = [clock(lambda: sum(range(200_000))) for _ in range(rounds)]
    spread = (percentile(times, 90) / statistics.median(times) - 1) * 100
    return f"a fixed loop: median {statistics.median(times) * 1000:.1f} ms, p90 +{spread:.0f} %"


def report(title: str, figures: list[Figure]) -> None:
    """Print the figures as a table and keep them as JSON below ``benchmarks/results``."""
    print(f"\n{title}  ({noise()})")
    for figure in figures:
        mark = "reached" if figure.reached else "MISSED "
        value = f"{figure.value:>10.3f} {figure.unit:<5}"
        print(f"  {mark}  {figure.name:<62} {value} target {figure.target}  {figure.detail}")
    RESULTS.mkdir(exist_ok=True)
    name = title.lower().replace(" ", "-")
    (RESULTS / f"{name}.json").write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")
