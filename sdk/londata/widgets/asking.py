"""A form in which access to an entry is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from londata import session
from londata.errors import LondataError, UsageError
from londata.records import key_of, slug_of
from londata.sharing.display.words import safe
from londata.sharing.requests import MAX_WORDS, words
from londata.sharing.service import service
from londata.widgets import form_parts as parts
from londata.widgets.choosing_project import project_field

if TYPE_CHECKING:
    import ipywidgets

    from londata.sharing.projects import Projects


def request_form(entry: Any) -> ipywidgets.Widget:
    """Ask for access to an entry; everything that is known is filled in.

    Parameters
    ----------
    entry
        An entry of the catalog, ``catalog.school_rolls``, or its name.

    Returns
    -------
    ipywidgets.Widget
        The form; a sentence where there is nothing or nobody to ask.

    Raises
    ------
    UsageError
        That is neither an entry nor the name of one; ``EntryNotFoundError`` where no entry has that name.
    """
    entry = _entry(entry)
    record = entry.record
    try:
        if record.access == "open":
            raise UsageError(f"“{record.title}” is open: nobody has to be asked.", hint=f"catalog.{record.key}.read()")
        there = service(entry.data.address)
        mine = there.projects()
        asked = [each for each in there.requests() if each.mine and each.record.entry == record.id]
    except LondataError as error:
        return parts.sentence(error)
    waiting = [each for each in asked if each.state == "open"]
    if waiting:
        said = "<p>You have asked for it, and nobody has decided yet.</p>"
        return parts.form(parts.place("answer", "".join([said, *(each._repr_html_() for each in waiting)])))
    return _form(entry, mine)


def _entry(said: Any) -> Any:
    """Find the entry: it is given, or its name is."""
    if isinstance(said, str):
        import londata

        return londata.catalog[key_of(slug_of(said))]
    if not hasattr(said, "request_access"):
        raise UsageError(
            f"A request is for an entry of the catalog, not {type(said).__name__}.",
            hint="Write londata.widgets.request_form(catalog.school_rolls_by_pupil).",
        )
    return said


def _form(entry: Any, mine: Projects) -> Any:
    import ipywidgets as widgets

    record, chosen = entry.record, session.project()
    if chosen is None and len(mine) == 1:
        chosen = mine[0].id
    project = project_field(mine, chosen if mine.find(chosen or "") else None)
    why = parts.Field(
        widgets.Textarea(description="Why do you need it?", rows=4, continuous_update=False),
        f"In a sentence or two, at most {MAX_WORDS:,} characters. A steward of {safe(record.publisher.name, 120)} "
        "decides by it.",
    )
    answer = parts.place("answer")

    def send_it() -> None:
        if send.disabled:  # it was pressed twice, and sent
            return
        if not _complete(project, why):
            return
        try:
            made = entry.request_access(why.control.value, project=project.control.value)
        except LondataError as error:
            answer.value = parts.problem(str(error))
            return
        for control in (project.control, why.control, send):
            control.disabled = True
        answer.value = parts.status(f"<p>Your request was sent.</p>{made._repr_html_()}")

    send = parts.button("Send the request", send_it)
    title = parts.place("head", parts.heading(f"Ask for access to {safe(record.title)}"))
    return parts.form(title, project.box, why.box, send, answer)


def _complete(project: parts.Field, why: parts.Field) -> bool:
    """Check both fields, and say beside each what is wrong with it."""
    project.clear()
    why.clear()
    if not project.control.value:
        project.fail("No project is chosen. Data is given for a project: choose one from the list.")
    try:
        words(why.control.value, "reason why you need it")
    except UsageError as error:
        why.fail(str(error))
        return False
    return bool(project.control.value)
