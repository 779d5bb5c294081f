"""londata: a Jupyter workbench and SDK over the central register of London's data.

>>> from londata import catalog
>>> catalog.london_authorities.read()            # doctest: +SKIP

Nothing happens at import: every name below is resolved when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from londata import insights as insights
    from londata import reports as reports
    from londata import widgets as widgets
    from londata.client.shown_outputs import keep_output as keep_output
    from londata.insights.publishing import publish as publish
    from londata.intake_catalog import RegisterCatalog
    from londata.intake_catalog import open_catalog as open_catalog
    from londata.intake_catalog.display.readings import reads as reads
    from londata.joins import merge as merge
    from londata.sharing.asking import requests as requests
    from londata.sharing.choosing import current_project as current_project
    from londata.sharing.choosing import projects as projects
    from londata.sharing.choosing import use_project as use_project
    from londata.sharing.telling import notices as notices

    catalog: RegisterCatalog

#: public name → where it lives. ``catalog`` is opened on first use.
_PUBLIC = {
    "open_catalog": ("londata.intake_catalog", "open_catalog"),
    "keep_output": ("londata.client.shown_outputs", "keep_output"),
    "merge": ("londata.joins", "merge"),
    "reads": ("londata.intake_catalog.display.readings", "reads"),
    "use_project": ("londata.sharing.choosing", "use_project"),
    "current_project": ("londata.sharing.choosing", "current_project"),
    "projects": ("londata.sharing.choosing", "projects"),
    "requests": ("londata.sharing.asking", "requests"),
    "notices": ("londata.sharing.telling", "notices"),
    "publish": ("londata.insights.publishing", "publish"),
    "insights": ("londata.insights", None),
    "reports": ("londata.reports", None),
    "widgets": ("londata.widgets", None),
}

__all__ = [
    "catalog",
    "current_project",
    "insights",
    "keep_output",
    "merge",
    "notices",
    "open_catalog",
    "projects",
    "publish",
    "reads",
    "reports",
    "requests",
    "use_project",
    "widgets",
]


def __getattr__(name: str) -> Any:
    if name == "catalog":
        value: Any = import_module("londata.intake_catalog").open_catalog()
    elif name in _PUBLIC:
        module, attribute = _PUBLIC[name]
        value = import_module(module)
        value = getattr(value, attribute) if attribute else value
    else:
        raise AttributeError(f"module 'londata' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
