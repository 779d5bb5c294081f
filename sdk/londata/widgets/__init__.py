"""What insights and forms about access are made of: numbers, words and controls. A notebook only puts them together."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from londata.widgets.asking import request_form as request_form
    from londata.widgets.choosing_project import project_picker as project_picker
    from londata.widgets.deciding import steward_desk as steward_desk
    from londata.widgets.schedules import schedule_panel as schedule_panel

#: public name → the module that has it, imported when it is first used.
_FORMS = {
    "project_picker": "choosing_project",
    "request_form": "asking",
    "schedule_panel": "schedules",
    "steward_desk": "deciding",
}
__all__ = ["project_picker", "request_form", "schedule_panel", "steward_desk"]


def __getattr__(name: str) -> Any:
    if name not in _FORMS:
        raise AttributeError(f"module 'londata.widgets' has no attribute {name!r}")
    return getattr(import_module(f"londata.widgets.{_FORMS[name]}"), name)
