"""Requests for access: what was asked, of whom, and what became of it."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from londata.access import day, in_words, last_day, who
from londata.errors import UsageError
from londata.records import AccessRequest, key_of
from londata.records.legal import purpose_title
from londata.sharing.display.listing import Listing
from londata.sharing.display.style import card, table
from londata.sharing.display.words import plain, safe

#: Longest reason that a record holds.
MAX_WORDS = 2_000
#: What is said in place of an agreement, to the one who asks and to those who decide.
UNCOVERED = "No agreement covers it for this project, so nobody can approve it before there is one."


class Decides(Protocol):
    """What a request needs of the service: to tell it what is decided."""

    def approve(self, request: str, until: dt.date) -> Request:
        """Approve a request until a day."""

    def refuse(self, request: str, reason: str) -> Request:
        """Refuse a request."""

    def withdraw(self, request: str) -> Request:
        """Take a request back."""

    def end(self, request: str, grant: str, reason: str) -> Request:
        """End the grant that a request was given.

        Parameters
        ----------
        request, grant
            The ids of both.
        reason
            Why.
        """


@dataclass(frozen=True)
class Request:
    """One request, as the caller may see it.

    ``record`` is what is kept of it. ``mine`` and ``decidable`` say what the caller may do with it, ``latest_until``
    the last day until which it can be approved; ``holder`` is the body whose stewards decide, where it is known.
    ``endable`` says whether the caller may end the access that was given, ``over`` that it is over, and why.
    """

    record: AccessRequest
    title: str = ""
    project_title: str = ""
    mine: bool = False
    decidable: bool = False
    latest_until: dt.date | None = None
    holder: str = ""
    over: str = ""
    endable: bool = False
    service: Decides | None = field(default=None, repr=False, compare=False)

    @property
    def id(self) -> str:
        """What it is called in code and logs."""
        return self.record.id

    @property
    def state(self) -> str:
        """``open``, ``approved``, ``refused`` or ``withdrawn``."""
        return self.record.state

    def approve(self, until: dt.date | str = "") -> Request:
        """Give access until a day, which must be said.

        Parameters
        ----------
        until
            A date, or text like ``2027-03-31``; at most ``latest_until``.

        Returns
        -------
        Request
            As it stands then.

        Raises
        ------
        UsageError
            That is no date or none is said, it is past or too far, or the request is decided already.
        AccessDeniedError
            You are not a steward of that data, or it is your own request.
        """
        if until is None or until == "":
            latest = f", {in_words(self.latest_until)} at the latest" if self.latest_until else ""
            raise UsageError(
                f"Until when access lasts is missing; the last day is yours to choose{latest}.",
                hint='Write .approve(until="2027-03-31"), with that day.',
            )
        return self._at().approve(self.id, as_day(until))

    def refuse(self, reason: str = "") -> Request:
        """Refuse, with a reason that the one who asked will read; raises as :meth:`approve` does."""
        said = words(reason, "reason", write='.refuse(reason="…")')
        return self._at().refuse(self.id, said)

    def withdraw(self) -> Request:
        """Take one's own request back; raises as :meth:`approve` does."""
        return self._at().withdraw(self.id)

    def end(self, reason: str = "") -> Request:
        """End the access that was given, from now on, with a reason that the one who had it will read.

        Parameters
        ----------
        reason
            Why, in a sentence.

        Returns
        -------
        Request
            As it stands then.

        Raises
        ------
        UsageError
            No reason is given, or there is no access to end: it was never given, or is over.
        EntryNotFoundError
            You are not a steward of that data.
        """
        said = words(reason, "reason", write='.end(reason="…")')
        if not self.record.grant:
            raise UsageError(f"No access was given by this request: it is {self.state}.", hint="londata.requests()")
        return self._at().end(self.id, self.record.grant, said)

    def _at(self) -> Decides:
        if self.service is None:
            raise UsageError("This request was read from somewhere else.", hint="Take it from londata.requests().")
        return self.service

    @property
    def outcome(self) -> str:
        """Say what became of it."""
        record = self.record
        on = f" on {day(record.decided_at)}" if record.decided_at else ""
        by = f" by {plain(who(record.decided_by), 80)}" if record.decided_by else ""
        if record.state == "approved":
            until = f" until {last_day(record.until)}" if record.until else ""
            over = f"; over by now: {plain(self.over, MAX_WORDS)}" if self.over else ""
            return f"approved{until}, {by.strip() or 'by a steward'}{on}{over}"
        if record.state == "refused":
            return f"refused{by}{on}: {plain(record.reason, MAX_WORDS)}"
        if record.state == "withdrawn":
            return f"withdrawn{on}"
        return f"open since {day(record.made_at)}"

    @property
    def waits(self) -> bool:
        """Tell whether it waits for the caller's own decision."""
        return self.decidable and self.state == "open"

    @property
    def limit(self) -> str:
        """Say until when it can be approved at most; empty where that is nobody's question, or not known."""
        return f"at most until {in_words(self.latest_until)}" if self.waits and self.latest_until else ""

    def facts(self) -> list[tuple[str, str]]:
        """List what there is to say, label and value, not yet safe to show."""
        record = self.record
        bodies = f" ({', '.join(record.organisations)})" if record.organisations else ""
        purpose = purpose_title(record.purpose)
        found = [
            ("State", self.outcome),
            ("Asked by", f"{record.subject}{bodies}"),
            ("Asked of", f"the stewards of {self.holder}" if self.holder else "the stewards of the body that holds it"),
            ("For", f"the project {self.project_title or record.project} ({record.project}): {purpose}"),
            ("Why", record.why),
            ("Agreement", record.agreement or UNCOVERED),
        ]
        return [*found, ("Limit", self.limit)] if self.limit else found

    def next_line(self) -> str:
        """Give the line of code that comes next."""
        if self.state == "approved" and self.mine and not self.over:
            key = key_of(self.record.entry)
            return f'londata.use_project("{self.record.project}"); catalog.{key}.read()'
        this = f'londata.requests().find("{self.id}")'
        if self.waits and self.latest_until:
            return f'{this}.approve(until="{self.latest_until.isoformat()}")  # or .refuse(reason="…")'
        if self.waits:
            return f'{this}.refuse(reason="…")'
        if self.endable:
            return f'{this}.end(reason="…")  # before its time'
        return "londata.requests()"

    def __repr__(self) -> str:
        title = plain(self.title or self.record.entry)
        lines = [f"Request {self.id}: to read {title} (catalog.{key_of(self.record.entry)})"]
        lines += [f"  {label + ':':<14} {plain(value, MAX_WORDS)}" for label, value in self.facts()]
        return "\n".join([*lines, f"  {'Next:':<14} {self.next_line()}"])

    def _repr_html_(self) -> str:
        rows = [(label, safe(value, MAX_WORDS)) for label, value in self.facts()]
        rows.append(("Next", f"<code>{html.escape(self.next_line())}</code>"))
        caption = f"Request {html.escape(self.id)}: to read {safe(self.title or self.record.entry)}"
        return card(table(caption, rows, row_headers=True))


class Requests(Listing[Request]):
    """One's own requests, and those that one may decide; newest first."""

    headers = ("Request", "Data", "Who", "Project and purpose", "Why", "Agreement", "State")

    def find(self, name: str) -> Request:
        """Find one by its id; raises :class:`~londata.errors.UsageError` where there is none."""
        for request in self:
            if request.id == name:
                return request
        raise UsageError(f"There is no request {str(name)[:60]!r} for you.", hint="londata.requests() lists them.")

    @property
    def to_decide(self) -> list[Request]:
        """Those that wait for one's own decision."""
        return [request for request in self if request.waits]

    def headline(self) -> str:
        """Say how many there are and how many wait."""
        if not self:
            return 'No requests. Ask for data with catalog.<dataset>.request_access(why="…").'
        count = "1 request" if len(self) == 1 else f"{len(self)} requests"
        waiting = len(self.to_decide)
        return f"{count}{f'; {waiting} for you to decide' if waiting else ''}"

    def line(self, item: Request) -> str:
        """Write one request for a terminal."""
        record = item.record
        who = "" if item.mine else f", {plain(record.subject, 60)}"
        latest = f"; {item.limit}" if item.limit else ""
        about = f"{plain(item.title or record.entry, 80)}, for {record.project}{who}"
        return f"  {item.id}  {about}: {plain(item.outcome, 300)}{latest}\n      {plain(record.why, 200)}"

    def cells(self, item: Request) -> Sequence[str]:
        """Write one request for the table."""
        record = item.record
        who = f"{safe(record.subject, 80)}<br>{safe(', '.join(record.organisations), 120)}"
        latest = f"<br>{item.limit}" if item.limit else ""
        return (
            f"<code>{html.escape(item.id)}</code>",
            safe(item.title or record.entry, 120),
            who,
            f"{safe(item.project_title or record.project, 120)}<br>{safe(purpose_title(record.purpose), 120)}",
            safe(record.why, MAX_WORDS),
            safe(record.agreement) or UNCOVERED,
            f"{safe(item.outcome, 400)}{latest}",
        )


def as_day(value: dt.date | str) -> dt.date:
    """Read a day; raises :class:`~londata.errors.UsageError` for what is none."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value.strip())
    except (ValueError, AttributeError) as error:
        raise UsageError(f"{value!r} is not a day.", hint="Write it like 2027-03-31.") from error


def words(text: str, what: str, *, write: str = "") -> str:
    """Accept words that somebody will read; raises :class:`~londata.errors.UsageError` for none or too many.

    Parameters
    ----------
    text
        The words.
    what
        What they are.
    write
        The call that has them, for code; in a form there is none to write.
    """
    if not isinstance(text, str) or not text.strip():
        call = f" Write {write}." if write else ""
        raise UsageError(f"The {what} is missing.", hint=f"Say it in a sentence: somebody will go by it.{call}")
    if len(text) > MAX_WORDS:
        raise UsageError(f"The {what} has {len(text):,} characters.", hint=f"Use at most {MAX_WORDS:,}.")
    return text.strip()
