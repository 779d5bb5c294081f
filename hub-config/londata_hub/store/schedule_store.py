"""Schedules of reports and what became of their occurrences, each change together with its line in the log."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import Connection, insert, select, update

from londata.errors import ScheduleError
from londata.records import Schedule
from londata.records.schedules import ENDED, Run
from londata.schedules import Rule
from londata_hub import audit
from londata_hub.store import occurrences, tables
from londata_hub.store.arranging import as_document
from londata_hub.store.changing import Change
from londata_hub.store.ledger import Ledger

_S, _R = tables.schedules, tables.runs
#: Most of anything that is listed for a person.
MOST = 1_000


class ScheduleStore(Ledger):
    """Schedules and their runs, in the register's database.

    It does as it is told: whether somebody may, is asked before. It is opened as a
    :class:`~londata_hub.store.ledger.Ledger` is.

    A schedule is ``active``, ``paused`` or ``ended``. An attempt at an occurrence is a :class:`Run`: ``waiting``, then
    ``running``, then one of the ends, which it never leaves; another attempt is another run. ``completed``: every
    report is there. ``failed``: some are not. ``lost``: nobody has heard of its worker for a while. ``refused``: its
    owner's access has ended. ``skipped``: it never began, and says why. ``stopped``: a person stopped it.
    """

    def add(self, schedule: Schedule) -> Schedule:
        """Record a schedule, or a new version of the owner's own; what is past does not come round any more.

        Raises
        ------
        ScheduleError
            There is one of this name that is somebody else's.
        """
        with self._alone() as change:
            before = occurrences.found(change.connection, schedule.id)
            if before and before.owner != schedule.owner:
                raise ScheduleError(
                    f"There is a schedule {schedule.id!r} already.", hint="Give yours another name, as its title."
                )
            created = before.created_at if before else change.now
            new = schedule.model_copy(update={"created_at": created, "state": "active", "reason": "", "changed_by": ""})
            self._write(change, new, "schedule.recorded", new.owner, next_run=_rule(new).next_after(change.now))
        return new

    def find(self, schedule: str) -> Schedule | None:
        """Find a schedule; ``None`` when there is none of this name."""
        with self._database.reading() as connection:
            return occurrences.found(connection, schedule)

    def of(self, owner: str) -> list[Schedule]:
        """List a person's schedules by name, those that were ended among them."""
        wanted = select(_S.c.document).where(_S.c.owner == owner).order_by(_S.c.id)
        with self._database.reading() as connection:
            return list(occurrences.readable(Schedule, connection.execute(wanted).scalars()))

    def all(self) -> list[Schedule]:
        """List everybody's schedules by name, those that were ended among them."""
        wanted = select(_S.c.document).order_by(_S.c.id)
        with self._database.reading() as connection:
            return list(occurrences.readable(Schedule, connection.execute(wanted).scalars()))

    def pause(self, schedule: str, by: str, reason: str) -> Schedule:
        """Let a schedule come round no more, until it is resumed.

        What runs already goes on, and is not tried again when it fails; what waits is skipped, unless a person asked
        for it.

        Parameters
        ----------
        schedule
            Its id.
        by
            Who does it; ``londata`` where the hub does.
        reason
            Why, as its owner will be told.

        Returns
        -------
        Schedule
            As it stands now. One that is paused already keeps its first reason.

        Raises
        ------
        ScheduleError
            There is no such schedule, or it was ended.
        """
        with self._alone() as change:
            before = _going(change.connection, schedule)
            if before.state == "paused":
                return before
            after = before.model_copy(update={"state": "paused", "reason": reason, "changed_by": by})
            self._write(change, after, "schedule.paused", by, reason=reason)
            for run in occurrences.open_runs(change.connection, schedule):
                if run.state == "waiting" and not run.by_hand:
                    occurrences.end(change, after, run, "skipped", problem="The schedule was paused.")
        return after

    def resume(self, schedule: str, by: str) -> Schedule:
        """Let a paused schedule come round again from now on; what it missed meanwhile is not made up for.

        Raises
        ------
        ScheduleError
            There is no such schedule, or it was ended.
        """
        with self._alone() as change:
            before = _going(change.connection, schedule)
            if before.state == "active":
                return before
            after = before.model_copy(update={"state": "active", "reason": "", "changed_by": by})
            self._write(change, after, "schedule.resumed", by, next_run=_rule(after).next_after(change.now))
        return after

    def end(self, schedule: str, by: str, reason: str) -> Schedule:
        """End a schedule for good. Its runs stay; one that waits is skipped.

        Parameters
        ----------
        schedule
            Its id.
        by
            Who ends it.
        reason
            Why.

        Returns
        -------
        Schedule
            As it stands now.

        Raises
        ------
        ScheduleError
            There is no such schedule, or it was ended already.
        """
        with self._alone() as change:
            before = _going(change.connection, schedule)
            after = before.model_copy(update={"state": "ended", "reason": reason, "changed_by": by})
            self._write(change, after, "schedule.ended", by, reason=reason)
            for run in occurrences.open_runs(change.connection, schedule):
                if run.state == "waiting":
                    occurrences.end(change, after, run, "skipped", problem="The schedule was ended.")
        return after

    def run_now(self, schedule: str, by: str) -> Run:
        """Let a schedule come round at once, also while it is paused; its next occurrence stays what it was.

        Raises
        ------
        ScheduleError
            There is no such schedule, it was ended, or one of its runs is under way.
        """
        with self._alone() as change:
            found = _going(change.connection, schedule)
            if under_way := occurrences.open_runs(change.connection, schedule):
                raise ScheduleError(
                    f"A run of {schedule!r} is {under_way[0].state} already.", hint="Wait for its end, or stop it."
                )
            run = Run(
                id=f"{schedule}-{occurrences.compact(change.now)}-by-hand-{secrets.token_hex(3)}",
                schedule=schedule,
                scheduled_for=change.now,
                by_hand=True,
                asked_by=by,
                summary=f"Asked for by {by}.",
            )
            occurrences.insert_run(change, found, run, due=change.now)
        return run

    def next_runs(self, schedule: str, count: int) -> list[dt.datetime]:
        """Tell when a schedule comes round next, in UTC; nothing while it is paused or after it was ended."""
        found = self.find(schedule)
        if found is None or found.state != "active":
            return []
        now = self.now()
        return _rule(found).between(now, now + dt.timedelta(days=366 * 60), min(count, MOST))

    def runs(self, schedule: str, most: int = 20) -> list[Run]:
        """List the runs of a schedule, newest first."""
        wanted = select(_R.c.document).where(_R.c.schedule == schedule)
        wanted = wanted.order_by(_R.c.scheduled_for.desc(), _R.c.attempt.desc()).limit(min(most, MOST))
        with self._database.reading() as connection:
            return list(occurrences.readable(Run, connection.execute(wanted).scalars()))

    def run(self, run: str) -> Run | None:
        """Find a run; ``None`` when there is none of this id."""
        with self._database.reading() as connection:
            return occurrences.found_run(connection, run)

    def stop(self, run: str, by: str) -> Run:
        """Stop a run that waits or runs; its worker notices with its next heartbeat.

        Raises
        ------
        ScheduleError
            There is no such run, or it has ended already.
        """
        with self._alone() as change:
            found = occurrences.found_run(change.connection, run)
            if found is None or found.state in ENDED:
                raise ScheduleError(f"There is no run {run[:200]!r} that is under way.")
            schedule = occurrences.needed(change.connection, found.schedule)
            return occurrences.end(change, schedule, found, "stopped", problem=f"Stopped by {by}.", by=by)

    def _write(
        self,
        change: Change,
        schedule: Schedule,
        what: str,
        by: str,
        *,
        next_run: dt.datetime | None = None,
        reason: str = "",
    ) -> None:
        """Write a schedule as it stands now, and the line about it."""
        document = as_document(schedule.to_dict())
        details = {"id": schedule.id, **({"reason": reason} if reason else {})}
        if what == "schedule.recorded":
            details |= {"template": schedule.template, "rule": schedule.rule, "timezone": schedule.timezone}
        details["digest"] = audit.digest(document)
        event = audit.Event(what, by, subject=schedule.owner, project=schedule.project or "", details=details)
        values = {
            "owner": audit.as_column(schedule.owner),
            "state": schedule.state,
            "next_run": None if next_run is None else audit.written(next_run),
            "document": document,
            "line": change.log.add(event),
        }
        written = update(_S).where(_S.c.id == schedule.id).values(**values)
        if not change.connection.execute(written).rowcount:
            change.connection.execute(insert(_S).values(id=schedule.id, **values))


def _rule(schedule: Schedule) -> Rule:
    return Rule(schedule.rule, schedule.timezone, schedule.words)


def _going(connection: Connection, schedule: str) -> Schedule:
    found = occurrences.found(connection, schedule)
    if found is None:
        raise ScheduleError(
            f"There is no schedule {schedule[:120]!r}.", hint="List yours with `londata schedule list`."
        )
    if found.state == "ended":
        raise ScheduleError(f"The schedule {schedule!r} was ended: {found.reason or 'no reason was given'}.")
    return found
