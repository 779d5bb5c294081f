"""A schedule and its runs as people see them: in a terminal, and in a notebook."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from zoneinfo import ZoneInfo

from londata.errors import UsageError
from londata.records.schedules import ENDED, Run, Schedule
from londata.schedules import Rule
from londata.sharing.display.listing import Listing
from londata.sharing.display.style import card, table
from londata.sharing.display.words import plain, safe

#: Longest words of a reason or a problem that are shown in a list.
_LONGEST = 300
#: Most coming runs that are told.
MOST = 1_000
#: state of a run → what is said of it.
_SAID = {
    "waiting": "waits for its turn",
    "running": "is running",
    "completed": "completed",
    "failed": "failed",
    "lost": "was lost, because its worker went silent",
    "refused": "was refused, because access had ended",
    "skipped": "was skipped",
    "stopped": "was stopped",
}


class Keeps(Protocol):
    """What a schedule needs of the hub."""

    def again(self, name: str) -> ScheduledReport:
        """Look at a schedule again."""

    def change(self, name: str, what: str, reason: str = "") -> ScheduledReport:
        """Pause, resume, run or end a schedule.

        Parameters
        ----------
        name
            Its id.
        what
            ``pause``, ``resume``, ``run`` or ``end``.
        reason
            Why it is paused or ended.
        """

    def runs(self, name: str, most: int) -> Runs:
        """List runs, the newest first."""

    def stop(self, run: str) -> Run:
        """Stop a run that waits or runs."""

    def log(self, run: str) -> str:
        """Give the end of a run's log."""


@dataclass
class ScheduledReport:
    """A report that the hub runs by itself, as it stood when it was asked for, looked at again or changed last.

    ``record`` is what the hub keeps, ``last`` the newest run, ``mine`` whether it is yours to change.
    """

    record: Schedule
    last: Run | None = None
    mine: bool = True
    service: Keeps | None = field(default=None, repr=False, compare=False)

    @property
    def id(self) -> str:
        """What it is called in code."""
        return self.record.id

    @property
    def state(self) -> str:
        """``active``, ``paused`` or ``ended``."""
        return self.record.state

    def next_runs(self, n: int = 5) -> list[dt.datetime]:
        """Tell when it comes round next, by the clock of its place; nothing unless it is active.

        Raises
        ------
        UsageError
            ``n`` is no number from 0 to 1,000.
        """
        if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= MOST:
            raise UsageError(f"{n!r:.80} next runs cannot be told.", hint=f"Ask for 0 to {MOST:,}.")
        if self.state != "active":
            return []
        zone = ZoneInfo(self.record.timezone)
        return [each.astimezone(zone) for each in coming(self._rule(), n)]

    def runs(self, most: int = 20) -> Runs:
        """List its runs, the newest first."""
        return self._there().runs(self.id, most)

    def pause(self, reason: str = "") -> ScheduledReport:
        """Let it come round no more, until it is resumed; returns it as it stands then."""
        return self._as(self._there().change(self.id, "pause", reason))

    def resume(self) -> ScheduledReport:
        """Let it come round again; returns it as it stands then."""
        return self._as(self._there().change(self.id, "resume"))

    def run_now(self) -> ScheduledReport:
        """Run it at once; the hub begins within seconds."""
        return self._as(self._there().change(self.id, "run"))

    def end(self, reason: str = "") -> ScheduledReport:
        """End it for good; its runs and reports stay."""
        return self._as(self._there().change(self.id, "end", reason))

    def stop(self, run: str | Run | None = None) -> Run:
        """Stop a run that waits or runs; the schedule itself goes on.

        Parameters
        ----------
        run
            The run or its id; the newest when not given.

        Returns
        -------
        Run
            As it stands then.

        Raises
        ------
        UsageError
            It has not run yet.
        ScheduleError
            It has ended already.
        """
        return self._there().stop(self._named(run))

    def refresh(self) -> ScheduledReport:
        """Look at it again."""
        return self._as(self._there().again(self.id))

    def log(self, run: str | Run | None = None) -> str:
        """Give the end of the log of a run.

        Parameters
        ----------
        run
            The run or its id; the newest when not given.

        Raises
        ------
        UsageError
            It has not run yet.
        """
        return self._there().log(self._named(run))

    def _named(self, run: str | Run | None) -> str:
        """Give the id of a run, of the newest where none is named."""
        if run is not None:
            return run.id if isinstance(run, Run) else run
        newest = self.runs(1)
        if not newest:
            raise UsageError("It has not run yet.", hint="Look at .next_runs(), or .run_now().")
        return newest[0].id

    def _rule(self) -> Rule:
        return Rule(self.record.rule, self.record.timezone, self.record.words)

    def _as(self, now: ScheduledReport) -> ScheduledReport:
        """Take over how it stands now, so that nobody who holds it sees what is past."""
        self.record, self.last, self.mine = now.record, now.last, now.mine
        return self

    def _there(self) -> Keeps:
        if self.service is None:
            raise UsageError("This schedule was read from somewhere else.", hint="See londata.reports.schedules().")
        return self.service

    def facts(self) -> list[tuple[str, str]]:
        """List what there is to say, label and value, not yet safe to show."""
        record = self.record
        upcoming = [clock(each, record.timezone) for each in self.next_runs(3)]
        given = ", ".join(f"{name} = {value}" for name, value in record.parameters.items())
        said = [
            ("When", record.words),
            ("State", self.standing),
            ("What now", record.advice),
            ("Next", "; ".join(upcoming)),
            ("Last run", self.last_words),
            ("Template", record.template),
            ("One for each", record.each),
            ("Parameters", given),
            ("Project", record.project or ""),
            ("Who may see it", ", ".join(record.audience)),
            ("Who is told", ", ".join(record.notify)),
            ("Called in code", self.id),
        ]
        return [(label, value) for label, value in said if value]

    @property
    def standing(self) -> str:
        """Say how it stands, and why where it does not run."""
        why = f": {self.record.reason}" if self.record.reason else ""
        return f"{self.state}{why}"

    @property
    def last_words(self) -> str:
        """Say how the newest run ended."""
        return run_words(self.last, self.record.timezone) if self.last else "none yet"

    def __str__(self) -> str:
        lines = [plain(self.record.title), *(f"  {label}: {plain(value, 600)}" for label, value in self.facts())]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [(html.escape(label), safe(value, 600)) for label, value in self.facts()]
        return card(f"<h3>{safe(self.record.title)}</h3>{table('What is scheduled', rows)}")


class Schedules(Listing[ScheduledReport]):
    """Schedules, one beneath the other."""

    headers = ("Schedule", "When", "State", "Next", "Last run")

    def headline(self) -> str:
        """Say how many there are."""
        if not self:
            return "You have no schedules. Make one with londata.reports.schedule(…)."
        return "1 schedule" if len(self) == 1 else f"{len(self)} schedules"

    def line(self, item: ScheduledReport) -> str:
        """Write one for a terminal."""
        upcoming = item.next_runs(1)
        following = f", next {clock(upcoming[0], item.record.timezone)}" if upcoming else ""
        return (
            f"  {item.id}: {plain(item.record.title, 80)}, {plain(item.record.words, 120)}. "
            f"{plain(item.standing, _LONGEST)}{following}; last run {plain(item.last_words, _LONGEST)}"
        )

    def cells(self, item: ScheduledReport) -> Sequence[str]:
        """Write one for the table."""
        upcoming = item.next_runs(1)
        return (
            f"{safe(item.record.title, 120)}<br>{safe(item.id)}",
            safe(item.record.words, 160),
            safe(item.standing, _LONGEST),
            safe(clock(upcoming[0], item.record.timezone)) if upcoming else "",
            safe(item.last_words, _LONGEST),
        )


class Runs(Listing[Run]):
    """Runs of a schedule, the newest first."""

    headers = ("For", "How it ended", "Made", "Called in code")

    def headline(self) -> str:
        """Say how many there are."""
        if not self:
            return "It has not run yet."
        return "1 run" if len(self) == 1 else f"{len(self)} runs"

    def line(self, item: Run) -> str:
        """Write one for a terminal."""
        return f"  {item.id}: {plain(run_words(item), 600)}"

    def cells(self, item: Run) -> Sequence[str]:
        """Write one for the table."""
        made = f"{item.made} made, {item.failed} failed" if item.made or item.failed else ""
        return safe(clock(item.scheduled_for)), safe(run_words(item, short=True), 600), safe(made), safe(item.id)


def run_words(run: Run, timezone: str = "Europe/London", *, short: bool = False) -> str:
    """Say how a run ended and why.

    Parameters
    ----------
    run
        The run.
    timezone
        Whose clock it is told by.
    short
        Leave out which run it is.
    """
    words = run.problem or (run.summary if run.state in ENDED else "")
    said = f"{_SAID[run.state]}{f': {words}' if words else ''}"
    return said if short else f"for {clock(run.scheduled_for, timezone)} {said}"


def clock(moment: dt.datetime, timezone: str = "Europe/London") -> str:
    """Write a moment by the clock of a place: Monday 7 December 2026, 07:00."""
    there = moment.astimezone(ZoneInfo(timezone))
    return f"{there:%A} {there.day} {there:%B %Y, %H:%M}"


def coming(rule: Rule, count: int, after: dt.datetime | None = None) -> list[dt.datetime]:
    """List when a rule comes round next, in UTC.

    Parameters
    ----------
    rule
        The rule.
    count
        How many moments.
    after
        From when; now when not given.
    """
    found: list[dt.datetime] = []
    last = after or dt.datetime.now(dt.UTC)
    while len(found) < count:
        last = rule.next_after(last)
        found.append(last)
    return found
