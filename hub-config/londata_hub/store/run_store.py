"""What workers do with schedules: take what is due, begin, give signs of life, end, and find what was lost."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from sqlalchemy import select, update

from londata.errors import ScheduleError
from londata.records import Schedule
from londata.records.schedules import Run, RunState
from londata.schedules import Rule
from londata_hub import audit
from londata_hub.store import occurrences, tables
from londata_hub.store.changing import Change
from londata_hub.store.schedule_store import ScheduleStore

log = logging.getLogger(__name__)

_S, _R = tables.schedules, tables.runs
#: Occurrences that are this late were missed; the schedule says what becomes of them.
LATE = dt.timedelta(minutes=5)
#: Schedules that are taken in one transaction, and occurrences that are counted when many were missed.
AT_ONCE, MOST_COUNTED = 200, 10_000


class RunStore(ScheduleStore):
    """A store of schedules with what workers need. Every step is one transaction, alone among writers."""

    def due(self, most: int = AT_ONCE) -> list[str]:
        """Name the schedules that have come round and have no run for it yet, the longest due first."""
        wanted = select(_S.c.id).where(_S.c.next_run <= audit.written(self.now()))
        with self._database.reading() as connection:
            return list(connection.execute(wanted.order_by(_S.c.next_run).limit(most)).scalars())

    def release(self) -> list[Run]:
        """Make the runs of all occurrences that are due, each once, whoever else does the same.

        An occurrence that comes while a run of its schedule is under way is skipped, and says so. One that waits for
        another attempt gives way to a new occurrence. Of occurrences that were missed, the last one is run for all of
        them, or none is, as the schedule says.

        Returns
        -------
        list of Run
            What was made, those that are skipped among them.
        """
        made: list[Run] = []
        while due := self.due():
            with self._alone() as change:
                for each in due:
                    made += self._release(change, each)
        return made

    def _release(self, change: Change, name: str) -> list[Run]:
        wanted = select(_S.c.next_run).where(_S.c.id == name)
        next_run = change.connection.execute(wanted).scalar()
        if next_run is None or next_run > audit.written(change.now):  # somebody else was faster
            return []
        try:  # read all before anything is written: what cannot be read keeps nobody else's reports from being made
            schedule = occurrences.needed(change.connection, name)
            under_way = occurrences.open_runs(change.connection, name)
            passed, following = _passed(schedule, next_run, change.now)
        except ScheduleError as error:
            log.error("The schedule %s comes round no more: %s", name, error)
            occurrences.set_aside(change, name, str(error)[:500])
            return []
        coming = audit.written(following)
        change.connection.execute(update(_S).where(_S.c.id == name).values(next_run=coming))
        return self._make(change, schedule, passed, under_way)

    def _make(self, change: Change, schedule: Schedule, passed: list[dt.datetime], under_way: list[Run]) -> list[Run]:
        last = passed[-1]
        for_all = f"Stands for {len(passed)} occurrences since {audit.written(passed[0])}." if len(passed) > 1 else ""
        run = Run(
            id=occurrences.run_id(schedule.id, last, 1), schedule=schedule.id, scheduled_for=last, summary=for_all
        )
        for each in [each for each in under_way if each.state == "waiting" and each.attempt > 1]:
            occurrences.end(change, schedule, each, "skipped", problem="The next occurrence took its place.")
            under_way.remove(each)
        why = ""
        if change.now - last > LATE and schedule.missed == "skip":
            why = "Nothing ran reports when it came round, and what is missed is skipped."
        elif under_way:
            why = f"The run for {audit.written(under_way[0].scheduled_for)} was still {under_way[0].state}."
        if why:
            run = run.model_copy(update={"state": "skipped", "problem": why, "ended_at": change.now})
        occurrences.insert_run(change, schedule, run, due=change.now)
        return [run]

    def waiting(self, most: int = AT_ONCE) -> list[Run]:
        """List the runs that may begin, the longest due first."""
        wanted = select(_R.c.document).where(_R.c.state == "waiting", _R.c.due <= audit.written(self.now()))
        with self._database.reading() as connection:
            documents = connection.execute(wanted.order_by(_R.c.due, _R.c.id).limit(most)).scalars()
            return list(occurrences.readable(Run, documents))

    def begin(self, run: str, worker: str) -> tuple[Schedule, Run] | None:
        """Let a run begin in the hands of a worker; ``None`` when it is not waiting any more.

        Parameters
        ----------
        run
            Its id.
        worker
            Who takes it.

        Returns
        -------
        tuple of Schedule and Run, or None
            Of all who ask, one gets it.
        """
        with self._alone() as change:
            found = occurrences.found_run(change.connection, run)
            if found is None or found.state != "waiting":
                return None
            schedule = occurrences.needed(change.connection, found.schedule)
            return schedule, occurrences.begin(change, schedule, found, worker)

    def beat(self, run: str, worker: str) -> bool:
        """Give a sign of life.

        Parameters
        ----------
        run
            Its id.
        worker
            Who holds it.

        Returns
        -------
        bool
            Whether it is still this worker's; if not, it was stopped or given up, and must be let go of.
        """
        with self._database.writing() as connection:
            found = occurrences.found_run(connection, run)
            if found is None or found.state != "running" or found.worker != worker:
                return False
            occurrences.beat(connection, found, self.now())
            return True

    def finish(self, run: str, worker: str, state: RunState, *, again: bool = True, **outcome: Any) -> Run | None:
        """End a run.

        Parameters
        ----------
        run
            Its id.
        worker
            Who holds it.
        state
            The end.
        again
            Whether it is worth trying again after ``failed``; as often as the schedule says.
        outcome
            Further fields of the run: ``summary``, ``problem``, ``made``, ``failed``, ``folder``.

        Returns
        -------
        Run or None
            As it stands now; ``None`` when it was not this worker's any more, and nothing was changed.
        """
        with self._alone() as change:
            found = occurrences.found_run(change.connection, run)
            if found is None or found.state != "running" or found.worker != worker:
                return None
            schedule = occurrences.needed(change.connection, found.schedule)
            return occurrences.end(change, schedule, found, state, again=again, **outcome)

    def lose(self, after: dt.timedelta, *, worker: str = "") -> list[Run]:
        """Give up the runs of which nobody has heard for a while; each is tried again as its schedule says.

        Parameters
        ----------
        after
            How long.
        worker
            Those of this one alone.

        Returns
        -------
        list of Run
            What was given up.
        """
        before = audit.written(self.now() - after)
        wanted = select(_R.c.id).where(_R.c.state == "running", _R.c.seen <= before)
        wanted = wanted.where(_R.c.worker == audit.as_column(worker)) if worker else wanted
        with self._database.reading() as connection:
            silent = list(connection.execute(wanted).scalars())
        return [lost for each in silent if (lost := self._lose(each, before))]

    def _lose(self, run: str, before: str) -> Run | None:
        with self._alone() as change:
            found = occurrences.found_run(change.connection, run)
            if found is None or found.state != "running" or not found.heartbeat:
                return None
            if audit.written(found.heartbeat) > before:
                return None
            schedule = occurrences.needed(change.connection, found.schedule)
            problem = f"Its worker, {found.worker}, gave no sign of life after {audit.written(found.heartbeat)}."
            return occurrences.end(change, schedule, found, "lost", by="londata", again=True, problem=problem)


def _passed(schedule: Schedule, next_run: str, now: dt.datetime) -> tuple[list[dt.datetime], dt.datetime]:
    """List the occurrences that have come round, the first at least, and tell the next one."""
    try:
        rule, first = Rule(schedule.rule, schedule.timezone), dt.datetime.fromisoformat(next_run)
        passed = [first, *rule.between(first, now, MOST_COUNTED)]
        return passed, rule.next_after(max(now, passed[-1]))
    except Exception as error:  # each library of rules and of time zones has errors of its own
        raise ScheduleError(
            f"The rule of the schedule {schedule.id!r}, {schedule.rule[:80]!r}, cannot be followed.",
            hint="Its owner can make it anew.",
        ) from error
