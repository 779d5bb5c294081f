"""Reports: parameterised notebooks, run in a process of their own, that say what they rest on.

>>> from londata import reports
>>> reports.run("borough-profile", borough="Camden", out="reports/")            # doctest: +SKIP
>>> reports.run_each("borough-profile", each="borough", out="reports/")         # doctest: +SKIP
>>> reports.schedule("borough-profile", "first Monday 07:00", each="borough")   # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from londata.reports import receipts as receipts
    from londata.reports import templates as templates
    from londata.reports.batch import Batch as Batch
    from londata.reports.batch import run_each as run_each
    from londata.reports.engine import Report as Report
    from londata.reports.engine import run as run
    from londata.reports.parameters import Parameter as Parameter
    from londata.reports.scheduling import schedule as schedule
    from londata.reports.scheduling import schedules as schedules
    from londata.reports.scheduling import withdraw as withdraw
    from londata.reports.templates import Template as Template

#: public name → where it lives. The process of a report needs little of this, so each is loaded when it is used.
_PUBLIC = {
    "Batch": ("londata.reports.batch", "Batch"),
    "Parameter": ("londata.reports.parameters", "Parameter"),
    "Report": ("londata.reports.engine", "Report"),
    "Template": ("londata.reports.templates", "Template"),
    "receipts": ("londata.reports.receipts", None),
    "run": ("londata.reports.engine", "run"),
    "run_each": ("londata.reports.batch", "run_each"),
    "schedule": ("londata.reports.scheduling", "schedule"),
    "schedules": ("londata.reports.scheduling", "schedules"),
    "templates": ("londata.reports.templates", None),
    "withdraw": ("londata.reports.scheduling", "withdraw"),
}

__all__ = [
    "Batch",
    "Parameter",
    "Report",
    "Template",
    "receipts",
    "run",
    "run_each",
    "schedule",
    "schedules",
    "templates",
    "withdraw",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'londata.reports' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    value = import_module(module)
    globals()[name] = getattr(value, attribute) if attribute else value
    return globals()[name]


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
