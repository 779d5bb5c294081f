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

from typing import TYPE_CHECKING, Any

from londata.errors import UsageError
from londata.insights.drafting import LOOK, MAX_RUN_S, NOTEBOOK, RECORD, Check, Draft, check, draft

if TYPE_CHECKING:
    from londata.intake_catalog import RegisterCatalog

__all__ = ["LOOK", "MAX_RUN_S", "NOTEBOOK", "RECORD", "Check", "Draft", "check", "draft", "list", "show"]


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
