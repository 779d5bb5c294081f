"""Insights: analyses that stand in the register beside the data that they rest on.

>>> import londata
>>> from londata import insights
>>> insights.list()                                    # doctest: +SKIP
>>> insights.check("analysis.ipynb")                   # doctest: +SKIP
>>> insights.draft("analysis.ipynb", slug="…", …)      # doctest: +SKIP
>>> londata.publish("analysis.ipynb", title="…", audience="hub", …)    # doctest: +SKIP

A draft is a folder like those in ``voila-apps``: ``app.ipynb`` and ``app.yaml``. Publishing takes a snapshot of a
notebook to the hub, which checks it and serves it as an app. Which data sets an insight uses is
never typed: the notebook is run, and what it read is what it uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from londata.errors import UsageError
from londata.insights.drafting import LOOK, MAX_RUN_S, NOTEBOOK, RECORD, Check, Draft, check, draft

if TYPE_CHECKING:
    from londata.insights.managing import find as find
    from londata.insights.managing import forget as forget
    from londata.insights.managing import impact as impact
    from londata.insights.managing import move_release as move_release
    from londata.insights.managing import pause as pause
    from londata.insights.managing import published as published
    from londata.insights.managing import releases as releases
    from londata.insights.managing import resume as resume
    from londata.insights.managing import roll_back as roll_back
    from londata.insights.managing import set_audience as set_audience
    from londata.insights.managing import submit_release as submit_release
    from londata.insights.managing import tighten as tighten
    from londata.insights.managing import version_to_release as version_to_release
    from londata.insights.managing import versions as versions
    from londata.insights.managing import withdraw as withdraw
    from londata.insights.managing import workings as workings
    from londata.insights.publishing import publish as publish
    from londata.insights.tables import table as table
    from londata.intake_catalog import RegisterCatalog

#: What is loaded when it is first used, and from where.
_LATER = {
    **dict.fromkeys(
        (
            *("find", "forget", "impact", "move_release", "pause", "published", "releases", "resume", "roll_back"),
            *("set_audience", "submit_release", "tighten", "version_to_release", "versions"),
            *("withdraw", "workings"),
        ),
        "managing",
    ),
    "publish": "publishing",
    "table": "tables",
}

__all__ = [
    "LOOK",
    "MAX_RUN_S",
    "NOTEBOOK",
    "RECORD",
    "Check",
    "Draft",
    "check",
    "draft",
    "find",
    "forget",
    "impact",
    "list",
    "move_release",
    "pause",
    "publish",
    "published",
    "releases",
    "resume",
    "roll_back",
    "set_audience",
    "show",
    "submit_release",
    "table",
    "tighten",
    "version_to_release",
    "versions",
    "withdraw",
    "workings",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'londata.insights' has no attribute {name!r}")
    value = getattr(import_module(f"londata.insights.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> Any:
    return sorted({*globals(), *__all__})


def list(catalog: RegisterCatalog | None = None) -> RegisterCatalog:
    """List the insights of the register: a catalog of them, to be searched further."""
    found: RegisterCatalog = _catalog(catalog).search(kind="insight")
    return found


def show(slug: str, catalog: RegisterCatalog | None = None) -> Any:
    """Show one insight: what it says, whose it is, what it uses and where it opens.

    Raises
    ------
    UsageError
        The entry is no insight.
    EntryNotFoundError
        There is no such entry.
    """
    entry = _catalog(catalog)[slug]
    if entry.record.kind != "insight":
        raise UsageError(
            f"“{entry.record.title}” is a {entry.record.kind}, not an insight.", hint="See insights.list()."
        )
    return entry


def _catalog(catalog: RegisterCatalog | None) -> RegisterCatalog:
    if catalog is not None:
        return catalog
    import londata

    return londata.catalog
