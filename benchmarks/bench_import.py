"""Importing: what each part of londata costs before it does anything, in a fresh interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks.measure import Figure, report

ROUNDS = 7
HEAVY = ("pandas", "intake", "papermill", "geopandas", "xarray", "dask")
#: module → milliseconds of CPU that it may take beyond a bare interpreter.
LIMITS = {"londata": 250, "londata.cache": 250, "londata.fetch": 500, "londata.readers": 500}
CODE = """
import sys, time
before = time.process_time()
import {module}
print(time.process_time() - before, [name for name in {heavy!r} if name in sys.modules])
"""


def measure(module: str) -> tuple[float, str]:
    """Import one module in fresh interpreters: median CPU milliseconds, and which heavy libraries came along."""
    code = CODE.format(module=module, heavy=HEAVY)
    outputs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split(" ", 1)
        for _ in range(ROUNDS)
    ]
    return statistics.median(float(seconds) for seconds, _ in outputs) * 1000, outputs[0][1].strip()


def main() -> None:
    """Measure and report."""
    figures = []
    for module, limit in LIMITS.items():
        took, along = measure(module)
        reached = took <= limit and along == "[]"
        figures.append(Figure(f"import {module}", took, "ms", f"≤ {limit}", reached, f"heavy libraries: {along}"))
    report("Importing", figures)


if __name__ == "__main__":
    main()
