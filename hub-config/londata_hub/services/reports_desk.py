"""Schedules as their owners manage them: checked anew, kept by the store, and there for nobody else.

Somebody's schedule is theirs alone; members of its project may look at it, and see when it runs and how it ended, but
not its log and not why, which says whatever the notebook said, and not who is told, where an address can be a secret.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import anyio
from pydantic import ValidationError

from londata.access import Action, Subject, decide, midnight
from londata.errors import AccessDeniedError, EntryNotFoundError, ScheduleError, UsageError
from londata.records import Entry, problems_of
from londata.records.schedules import ENDED, HUB, Run, Schedule
from londata.schedules import parse
from londata_hub.jobs import standing
from londata_hub.jobs.clearing import KEPT
from londata_hub.jobs.shelf import Shelf, Shelved, open_beneath
from londata_hub.services.reports_checks import check_audience, check_may_run, person_of
from londata_hub.services.reports_parameters import NewSchedule
from londata_hub.services.reports_snapshots import Snapshots, check_shipped
from londata_hub.store import RegisterStore
from londata_hub.store.schedule_store import ScheduleStore

T = TypeVar("T")
#: Most schedules that one person has at a time, and has ever had.
MOST, MOST_EVER = 100, 2_000
#: Most of a log that is shown: its end.
MOST_OF_A_LOG = 200_000
LOOKUPS = 4
#: What is said of a run whose folder was cleared away.
NOT_KEPT = f"The log is not kept any more: each schedule keeps those of its last {KEPT} runs.\n"
#: What others of the project are told instead of why something ended.
ITS_OWNERS = "Its owner can read why."


class Desk:
    """What the service of reports is made of.

    Parameters
    ----------
    store
        Keeps schedules, arrangements and the log.
    state
        The hub's folder: ``templates/``, ``reports/`` and ``shelf/`` are below it.
    """

    def __init__(self, store: ScheduleStore, state: Path) -> None:
        self.store = store
        self.shelf = Shelf(state / "shelf")
        self._snapshots = Snapshots(state / "templates")
        self._state, self._runs = state, state / "reports"
        self._at_once, self._checks = anyio.CapacityLimiter(LOOKUPS), anyio.CapacityLimiter(1)

    def register(self) -> RegisterStore:
        """Open the register, to be closed by whoever asks."""
        return self.store.register(self._state / "index")

    async def asked(self, question: Callable[[], T], *, checks: bool = False) -> T:
        """Ask the database on one of a few threads; what has a template checked waits where it holds up none."""
        return await anyio.to_thread.run_sync(question, limiter=self._checks if checks else self._at_once)

    def add(self, subject: Subject, wanted: NewSchedule) -> dict[str, Any]:
        """Make a schedule for its owner, who is whoever asks.

        Parameters
        ----------
        subject
            Who asks.
        wanted
            What is to run when; nothing of it is believed.

        Raises
        ------
        UsageError
            Something of it cannot be.
        AccessDeniedError
            The caller is no person, nobody whose reports run by themselves, or no member of the project.
        """
        person = person_of(subject)
        check_may_run(subject)
        mine = self.store.of(person)
        if len([each for each in mine if each.state != "ended"]) >= MOST or len(mine) >= MOST_EVER:
            raise UsageError(f"You have {MOST} schedules already.", hint="End one that you do not need any more.")
        rule = parse(wanted.when, wanted.timezone)
        self._check_project(subject, wanted.project)
        check_audience(wanted)
        if wanted.files is None:
            template, checked = check_shipped(wanted.template, wanted.parameters, wanted.each)
            digest, title = "", template.title
        else:
            digest, title, checked = self._snapshots.take(wanted.template, wanted.files, wanted.parameters, wanted.each)
        values = wanted.model_dump(exclude={"when", "timezone", "files", "project", "title", "parameters"})
        try:
            schedule = Schedule.model_validate(
                values
                | {
                    "id": f"{wanted.template[:60].rstrip('-')}-{secrets.token_hex(4)}",
                    "title": wanted.title or title,
                    "owner": person,
                    "project": wanted.project or None,
                    "notebook": digest,
                    "parameters": checked,
                    "rule": rule.cron,
                    "timezone": rule.timezone,
                    "words": rule.words,
                    "created_at": self.store.now(),
                }
            )
        except ValidationError as error:
            raise UsageError(f"The schedule cannot be made: {problems_of(error)[0]}.", hint="Mend it.") from error
        return self.told(self.store.add(schedule), subject)

    def _check_project(self, subject: Subject, project: str) -> None:
        """Refuse a project that the caller is no member of; whether there is one of that name is not said."""
        if not project:
            return
        mine = {each.id: each for each in self.store.arrangements().projects_of(subject.person)}
        if project not in mine:
            raise AccessDeniedError(
                f"You are not a member of a project {project[:80]!r}.", hint="See londata.projects()."
            )
        if self.store.now() >= midnight(mine[project].end):
            raise AccessDeniedError(f"The project “{mine[project].title}” has ended.", hint="Choose another project.")

    def schedules(self, subject: Subject) -> list[dict[str, Any]]:
        """List somebody's own schedules, the newest first; ended ones last."""
        mine = sorted(self.store.of(person_of(subject)), key=lambda each: each.created_at, reverse=True)
        return [self.told(each, subject) for each in sorted(mine, key=lambda each: each.state == "ended")]

    def schedule(self, subject: Subject, name: str) -> Schedule:
        """Find a schedule that somebody may look at: their own, or one of a project of theirs.

        Raises
        ------
        EntryNotFoundError
            There is none for them.
        """
        found = self._find(name)
        if found is not None and found.owner == subject.person:
            return found
        if found is not None and self._shares_project(subject, found):
            why = ITS_OWNERS if found.reason else ""
            return found.model_copy(update={"notify": (), "reason": why})
        raise EntryNotFoundError(f"There is no schedule {name[:80]!r}.", hint="See londata.reports.schedules().")

    def own(self, subject: Subject, name: str) -> Schedule:
        """Find one of somebody's own schedules; no other is there for a change.

        Raises
        ------
        EntryNotFoundError
            They have none of this name.
        """
        person, found = person_of(subject), self._find(name)
        if found is not None and found.owner == person:
            return found
        raise EntryNotFoundError(
            f"There is no schedule {name[:80]!r} of yours.", hint="See londata.reports.schedules()."
        )

    def change(self, subject: Subject, name: str, what: str, reason: str = "") -> dict[str, Any]:
        """Pause, resume, run or end one's own schedule.

        Parameters
        ----------
        subject
            Who asks.
        name
            The schedule.
        what
            ``pause``, ``resume``, ``run`` or ``end``.
        reason
            Why it is paused or ended.
        """
        schedule, person = self.own(subject, name), person_of(subject)
        if what in ("run", "resume"):
            check_may_run(subject)
        if what == "resume" and schedule.state == "paused" and schedule.changed_by == HUB:
            self._check_standing(subject, schedule)
        if what == "run":
            return {"run": run_told(self.store.run_now(schedule.id, person)), **self.told(schedule, subject)}
        if what == "pause":
            self.store.pause(schedule.id, person, reason)
        elif what == "resume":
            self.store.resume(schedule.id, person)
        else:
            self.store.end(schedule.id, person, reason)
        return self.told(self.own(subject, name), subject)

    def _check_standing(self, subject: Subject, schedule: Schedule) -> None:
        """Leave a schedule paused where the reason for which the hub paused it is still there."""
        template = standing.loaded(schedule, self._state)
        if why := (
            template if isinstance(template, str) else standing.why_not(self.store, schedule, subject.groups, template)
        ):
            raise ScheduleError(
                f"It stays paused: {why}", hint="Have that put right (ask for access, say), then resume it."
            )

    def told(self, schedule: Schedule, subject: Subject) -> dict[str, Any]:
        """Write a schedule with what comes next and what was last."""
        coming = self.store.next_runs(schedule.id, 5) if schedule.state == "active" else []
        last = self.runs_of(subject, schedule, 1)
        return schedule.model_dump(mode="json") | {
            "mine": schedule.owner == subject.person,
            "next_runs": coming,
            "last": run_told(last[0]) if last else None,
        }

    def runs(self, subject: Subject, name: str, most: int) -> list[dict[str, Any]]:
        """List the runs of a schedule, the newest first.

        Parameters
        ----------
        subject
            Who asks.
        name
            The schedule.
        most
            How many at most.
        """
        return [run_told(each) for each in self.runs_of(subject, self.schedule(subject, name), most)]

    def runs_of(self, subject: Subject, schedule: Schedule, most: int) -> list[Run]:
        """List the runs of a schedule that somebody may look at, as they may see them.

        Parameters
        ----------
        subject
            Who asks.
        schedule
            As :meth:`schedule` gave it.
        most
            How many at most.
        """
        return [_as_shown(each, subject, schedule) for each in self.store.runs(schedule.id, most)]

    def run(self, subject: Subject, name: str) -> tuple[Run, Schedule]:
        """Find a run of a schedule that somebody may look at.

        Raises
        ------
        EntryNotFoundError
            There is none for them.
        """
        try:
            found = self.store.run(name) if len(name) <= 200 else None
            if found is not None:
                schedule = self.schedule(subject, found.schedule)
                return _as_shown(found, subject, schedule), schedule
        except EntryNotFoundError:
            pass
        raise EntryNotFoundError(f"There is no run {name[:80]!r}.", hint="See the runs of your schedules.")

    def stop(self, subject: Subject, name: str) -> dict[str, Any]:
        """Stop a run of one's own that waits or runs."""
        person, (found, schedule) = person_of(subject), self.run(subject, name)
        self.own(subject, schedule.id)
        return run_told(self.store.stop(found.id, person))

    def log(self, subject: Subject, name: str) -> str:
        """Give the log of a run of one's own: its end, where it is long, and a line that says so.

        Raises
        ------
        EntryNotFoundError
            There is no such run of the caller's.
        """
        person, (found, schedule) = person_of(subject), self.run(subject, name)
        if schedule.owner != person:
            raise EntryNotFoundError(f"There is no log of a run {name[:80]!r} of yours.", hint="Ask its owner.")
        try:
            with os.fdopen(open_beneath(self._runs / found.schedule / found.id, "log.txt"), "rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - MOST_OF_A_LOG))
                text = log.read(MOST_OF_A_LOG).decode("utf-8", "replace")
        except OSError:
            return NOT_KEPT if found.state in ENDED and found.started_at else ""
        left_out = f"(The first {size - MOST_OF_A_LOG:,} bytes are left out here.)\n" if size > MOST_OF_A_LOG else ""
        return left_out + text

    def coming(self, when: str, timezone: str, count: int) -> dict[str, Any]:
        """Say in words what a rule means, and when it comes round next.

        Parameters
        ----------
        when
            Cron expression or plain words.
        timezone
            Whose clock, where the words do not say it.
        count
            How many moments.
        """
        rule = parse(when, timezone)
        moments, last = [], self.store.now()
        for _ in range(count):
            last = rule.next_after(last)
            moments.append(last)
        return {"words": rule.words, "cron": rule.cron, "timezone": rule.timezone, "moments": moments}

    def reports(self, subject: Subject) -> list[Shelved]:
        """List the reports that somebody may open, the newest first."""
        arrangements, now = self.store.arrangements(), self.store.now()  # one reading for all of them

        def may(action: Action, entry: Entry) -> bool:
            return decide(subject, action, entry, None, now, arrangements).allowed

        found = [each for slug in self.shelf.slugs() if (each := self._readable(slug, may)) is not None]
        return sorted(found, key=lambda each: (each.made_at, each.slug), reverse=True)

    def report(self, subject: Subject, slug: str) -> Shelved:
        """Find a report that somebody may open. One that they may not is, to them, not there.

        Raises
        ------
        EntryNotFoundError
            There is none for them.
        """
        found = self._readable(slug, lambda action, entry: self.store.decide(subject, action, entry).allowed)
        if found is None:
            raise EntryNotFoundError(f"There is no report {slug[:80]!r}.", hint="See the list of reports.")
        return found

    def _readable(self, slug: str, may: Callable[[Action, Entry], bool]) -> Shelved | None:
        """Decide by the one decision: about the entry as the register has it, and about the label of the files."""
        shelved = self.shelf.find(slug)
        entry = self.store.entry(slug) if shelved else None
        if shelved is None or entry is None:
            return None
        allowed = all(may("see", each) and may("read", each) for each in (entry, shelved.entry))
        return shelved if allowed else None

    def made_for(self, subject: Subject, reports: Iterable[Shelved]) -> dict[str, str]:
        """Say of schedules for whom reports were made, and by which schedule where somebody may look at that.

        Parameters
        ----------
        subject
            Who reads.
        reports
            The reports.

        Returns
        -------
        dict
            Id of a schedule → words.
        """
        words = {}
        for name in {each.schedule for each in reports}:
            if (found := self._find(name)) is None:
                continue
            theirs = found.owner == subject.person or self._shares_project(subject, found)
            by = f"by the schedule “{found.title}”" if theirs else f"by the template {found.template}"
            words[name] = f"Made for {found.owner} {by}"
        return words

    def _find(self, name: str) -> Schedule | None:
        try:
            return self.store.find(name) if len(name) <= 200 else None
        except EntryNotFoundError:
            return None

    def _shares_project(self, subject: Subject, schedule: Schedule) -> bool:
        now = self.store.now()
        mine = self.store.arrangements().projects_of(subject.person) if subject.name and schedule.project else ()
        return any(each.id == schedule.project and now < midnight(each.end) for each in mine)


def _as_shown(run: Run, subject: Subject, schedule: Schedule) -> Run:
    """Leave out why it ended where that is for its owner alone."""
    if schedule.owner == subject.person or not run.problem:
        return run
    return run.model_copy(update={"problem": ITS_OWNERS})


def run_told(run: Run) -> dict[str, Any]:
    """Write a run for people: without the worker that holds it, and where its files are."""
    said: dict[str, Any] = run.model_dump(mode="json", exclude={"worker", "folder", "heartbeat"})
    return said
