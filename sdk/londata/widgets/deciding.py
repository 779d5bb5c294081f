"""The stewards' desk: open requests in a table, and the two ways to decide one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from londata.access import in_words
from londata.errors import LondataError, UsageError
from londata.records.legal import purpose_title
from londata.sharing.display.words import clean, safe
from londata.sharing.requests import MAX_WORDS, UNCOVERED, Request, as_day, words
from londata.sharing.service import service
from londata.widgets import form_parts as parts

if TYPE_CHECKING:
    import ipywidgets

    from londata.sharing.service import SharingService

HEADERS = ("Who", "Data", "Project and purpose", "Why", "Agreement", "State")


def steward_desk() -> ipywidgets.Widget:
    """Decide requests for access to the data of one's own body.

    Returns
    -------
    ipywidgets.Widget
        The desk; a sentence where nobody can be asked.
    """
    try:
        return Desk(service()).widget
    except LondataError as error:
        return parts.sentence(error)


class Desk:
    """The requests that its steward may decide. What was decided here stays in the table, with its outcome.

    Parameters
    ----------
    there
        The service that keeps the requests.
    """

    def __init__(self, there: SharingService) -> None:
        import ipywidgets as widgets

        self._there = there
        self._shown: dict[str, Request] = {}
        self._just_decided = False
        self.table = parts.place("list")
        self.request = parts.Field(widgets.Dropdown(description="Request to decide"))
        self.until = parts.Field(widgets.DatePicker(description="Give access until"))
        self.reason = parts.Field(
            widgets.Textarea(description="Reason for refusing", rows=3, continuous_update=False),
            "The one who asked will read it.",
        )
        self.approve = parts.button("Approve", self._approve)
        self.refuse = parts.button("Refuse", self._refuse, second=True)
        self.answer = parts.place("answer")
        again = parts.button("Look for new requests", self.look, second=True)
        ways = parts.box(
            "ways",
            parts.box("way", self.until.box, self.approve),
            parts.box("way", self.reason.box, self.refuse),
        )
        self.decide = parts.box("decide", self.request.box, ways)
        self.widget = parts.form(
            parts.place("head", parts.heading("Requests for access")), self.table, self.decide, self.answer, again
        )
        self.request.control.observe(lambda _: self._propose(), "value")
        self._look()

    def look(self) -> None:
        """Look for new requests."""
        try:
            self._look()
        except LondataError as error:
            self.answer.value = parts.problem(str(error))

    def _look(self) -> None:
        for each in reversed(self._there.requests()):
            if each.waits or each.id in self._shown:
                self._shown[each.id] = each
        self._draw()

    def _draw(self) -> None:
        """Show the table anew, and offer what is still open."""
        shown = list(reversed(self._shown.values()))
        waiting = [each for each in shown if each.waits]
        count = {0: "No request waits", 1: "1 request waits"}.get(len(waiting), f"{len(waiting)} requests wait")
        caption = f"{count} for your decision"
        rows = [_row(each) for each in shown]
        self.table.value = parts.reflowing_table(caption, HEADERS, rows) if rows else f"<p>{caption}.</p>"
        self.request.control.options = [(_option(each), each.id) for each in waiting]
        self.request.control.value = waiting[0].id if waiting else None
        self.decide.layout.display = None if waiting else "none"
        self._propose()

    def _propose(self) -> None:
        """Say which day is the latest for the chosen request; the day itself is empty, because it is a choice."""
        self._clear()
        self._just_decided = False
        chosen = self._shown.get(self.request.control.value or "")
        latest = chosen.latest_until if chosen else None
        self.until.control.value = None
        covered = not chosen or bool(chosen.record.agreement or latest)
        self.until.control.disabled = self.approve.disabled = not covered
        at_most = f" At most {in_words(latest)}." if latest else ""
        self.until.say(f"The last day of access: no later than the work needs it.{at_most}" if covered else UNCOVERED)
        about = f"{safe(chosen.record.subject, 80)}: {safe(chosen.record.why, MAX_WORDS)}" if chosen else ""
        self.request.say(about)

    def _approve(self) -> None:
        day = self.until.control.value
        if day is None and self._pressed_twice():
            return
        self._clear()
        chosen = self._shown[self.request.control.value]
        if day is None:
            latest = f", not after {in_words(chosen.latest_until)}" if chosen.latest_until else ""
            self.until.fail(f"No day is given until which access lasts. Choose one{latest}.")
        elif chosen.latest_until and day > chosen.latest_until:
            self.until.fail(f"That is too late: {in_words(chosen.latest_until)} is the latest day that is allowed.")
        else:
            self._settle(self.until, lambda: chosen.approve(as_day(day)))

    def _refuse(self) -> None:
        if not self.reason.control.value and self._pressed_twice():
            return
        self._clear()
        chosen = self._shown[self.request.control.value]
        try:
            reason = words(self.reason.control.value, "reason")
        except UsageError as error:
            self.reason.fail(str(error))
            return
        self._settle(self.reason, lambda: chosen.refuse(reason))

    def _settle(self, field: parts.Field, decide: Any) -> None:
        """Decide, and show what became of it; what the service refuses stands beside the field."""
        try:
            done: Request = decide()
        except LondataError as error:
            field.fail(str(error))
            return
        self._shown[done.id] = done
        self.reason.control.value = ""
        self._draw()
        said = (
            f"{safe(done.title or done.record.entry)} for {safe(done.record.subject, 80)}: {safe(done.outcome, 400)}."
        )
        self.answer.value = parts.status(f"<p>{said}</p>")
        self._just_decided = True

    def _pressed_twice(self) -> bool:
        """Tell, once, that the press before this one decided a request, and nothing was done about the next one."""
        again, self._just_decided = self._just_decided, False
        return again

    def _clear(self) -> None:
        for field in (self.request, self.until, self.reason):
            field.clear()
        self.answer.value = ""


def _option(request: Request) -> str:
    record = request.record
    return (
        f"{clean(record.subject, 40)}: {clean(request.title or record.entry, 60)}, for {record.project} ({request.id})"
    )


def _row(request: Request) -> tuple[str, ...]:
    record = request.record
    bodies = f"<br>{safe(', '.join(record.organisations), 120)}" if record.organisations else ""
    purpose = safe(purpose_title(record.purpose), 120)
    return (
        f"{safe(record.subject, 80)}{bodies}",
        safe(request.title or record.entry, 160),
        f"{safe(request.project_title or record.project, 120)}<br>{purpose}",
        safe(record.why, MAX_WORDS),
        safe(record.agreement) or UNCOVERED,
        safe(request.outcome, 400),
    )
