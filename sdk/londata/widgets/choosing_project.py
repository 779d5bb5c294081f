"""A picker of the project that a kernel works for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from londata import session
from londata.errors import LondataError
from londata.sharing import choosing
from londata.sharing.display.words import clean, safe
from londata.widgets import form_parts as parts

if TYPE_CHECKING:
    import ipywidgets

    from londata.sharing.projects import MyProject, Projects


def project_picker() -> ipywidgets.Widget:
    """Choose the project that this kernel works for; once chosen, it stays.

    Returns
    -------
    ipywidgets.Widget
        The picker; a sentence where there is nothing to choose from.
    """
    try:
        mine = choosing.projects()
        chosen = session.project()
        if chosen:
            return parts.form(parts.place("answer", parts.status(_chosen(choosing.enter(chosen)))))
    except LondataError as error:
        return parts.sentence(error)
    if not mine:
        return parts.form(parts.place("answer", f"<p>{safe(mine.headline())}</p>"))
    return _picker(mine)


def project_field(mine: Projects, chosen: str | None) -> parts.Field:
    """Make the field in which one of one's projects is chosen; under it stands what the project is for.

    Parameters
    ----------
    mine
        One's projects.
    chosen
        The one that is chosen at first, if any.
    """
    import ipywidgets as widgets

    options = [("Choose a project", ""), *((option(each), each.id) for each in mine)]
    field = parts.Field(widgets.Dropdown(options=options, value=chosen or "", description="Project"))

    def tell(_: object = None) -> None:
        found = mine.find(field.control.value)
        field.clear()
        field.say("<br>".join(safe(line, 600) for line in found.told()) if found else "")

    field.control.observe(tell, "value")
    tell()
    return field


def option(project: MyProject) -> str:
    """Write a project for a list of choices."""
    return f"{clean(project.title, 60)} ({project.id})"


def _picker(mine: Projects) -> Any:
    field = project_field(mine, mine[0].id if len(mine) == 1 else None)
    answer = parts.place("answer")

    def choose() -> None:
        if not field.control.value:
            field.fail("No project is chosen. Choose one from the list.")
            return
        try:
            lines = choosing.enter(field.control.value)
        except LondataError as error:
            field.fail(str(error))
            return
        field.control.disabled = work.disabled = True
        field.say("")
        answer.value = parts.status(_chosen(lines))

    work = parts.button("Work for this project", choose)
    title = parts.place("head", parts.heading("Which project does this notebook work for?"))
    told = parts.place(
        "lead", "<p>A kernel works for one project until it ends. For a second project start a new kernel.</p>"
    )
    return parts.form(title, told, field.box, work, answer)


def _chosen(lines: list[str]) -> str:
    return "".join(f"<p>{safe(line, 800)}</p>" for line in lines)
