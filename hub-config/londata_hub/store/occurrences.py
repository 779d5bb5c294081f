"""Rows of schedules and runs within one change: found, made, begun, ended, and tried again."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select, update

from londata.errors import ScheduleError
from londata.records import Schedule
from londata.records.base import Record
from londata.records.schedules import ENDED, Run, RunState
from londata_hub import audit
from londata_hub.store import tables
from londata_hub.store.arranging import as_document
from londata_hub.store.changing import Change

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Record)
_S, _R = tables.schedules, tables.runs
#: The longest that an attempt waits for the one before it to be forgotten.
LONGEST_BACKOFF = dt.timedelta(days=1)
#: Further attempts after one that was lost: that a machine stopped is no fault of the report.
FORGIVEN = 3
#: Ends after which it is worth trying again.
_AGAIN = frozenset({"failed", "lost"})


def found(connection: Connection, schedule: str) -> Schedule | None:
    """Find a schedule; ``None`` when there is none.

    Raises
    ------
    ScheduleError
        What is stored is no schedule.
    """
    document = connection.execute(select(_S.c.document).where(_S.c.id == schedule)).scalar()
    return None if document is None else _read(Schedule, document, schedule)


def needed(connection: Connection, schedule: str) -> Schedule:
    """Find a schedule of which there are runs; raises ScheduleError when it is not there."""
    there = found(connection, schedule)
    if there is None:
        raise ScheduleError(f"There is no schedule {schedule!r}.")
    return there


def found_run(connection: Connection, run: str) -> Run | None:
    """Find a run; ``None`` when there is none."""
    document = connection.execute(select(_R.c.document).where(_R.c.id == run)).scalar()
    return None if document is None else _read(Run, document, run)


def readable(kind: type[R], documents: Iterable[str]) -> Iterator[R]:
    """Read documents; one that cannot be read is named in the hub's log, and keeps nobody from the others."""
    for document in documents:
        try:
            yield _read(kind, document, document[:60])
        except ScheduleError as error:
            log.warning("%s", error)


def open_runs(connection: Connection, schedule: str) -> list[Run]:
    """List the runs of a schedule that wait or run."""
    wanted = select(_R.c.document).where(_R.c.schedule == schedule, _R.c.state.in_(("waiting", "running")))
    return [_read(Run, each, schedule) for each in connection.execute(wanted).scalars()]


def run_id(schedule: str, moment: dt.datetime, attempt: int) -> str:
    """Name an attempt at an occurrence: everybody who makes it gives it the same name.

    Parameters
    ----------
    schedule
        Its id.
    moment
        The occurrence.
    attempt
        Which one, from 1.
    """
    return f"{schedule}-{compact(moment)}-{attempt}"


def set_aside(change: Change, schedule: str, why: str) -> None:
    """Let a schedule whose document cannot be read come round no more; the document stays as it is.

    Parameters
    ----------
    change
        The open change.
    schedule
        Its id.
    why
        What is wrong with it.
    """
    owner = change.connection.execute(select(_S.c.owner).where(_S.c.id == schedule)).scalar() or ""
    change.connection.execute(update(_S).where(_S.c.id == schedule).values(state="paused", next_run=None))
    change.log.add(audit.Event("schedule.paused", "londata", subject=owner, details={"id": schedule, "reason": why}))


def compact(moment: dt.datetime) -> str:
    """Write a moment without what a file's name cannot have."""
    return moment.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def insert_run(change: Change, schedule: Schedule, run: Run, *, due: dt.datetime) -> None:
    """Make a run. One that is skipped from the beginning has its line in the log at once.

    Parameters
    ----------
    change
        The open change.
    schedule
        Whose run it is.
    run
        As it is to stand.
    due
        When it may begin.
    """
    line = change.log.add(_ended(schedule, run, "londata")) if run.state in ENDED else 0
    row = _standing(run) | {"id": run.id, "schedule": run.schedule, "attempt": run.attempt, "line": line}
    row |= {"scheduled_for": audit.written(run.scheduled_for), "due": audit.written(due)}
    change.connection.execute(insert(_R).values(**row))


def begin(change: Change, schedule: Schedule, run: Run, worker: str) -> Run:
    """Let a waiting run begin, in the hands of a worker.

    Parameters
    ----------
    change
        The open change.
    schedule
        Whose run it is.
    run
        As it stands, waiting.
    worker
        Who takes it.
    """
    begun = {"state": "running", "worker": worker, "started_at": change.now, "heartbeat": change.now}
    after = run.model_copy(update=begun)
    details = {
        "id": run.id,
        "schedule": run.schedule,
        "scheduled_for": run.scheduled_for,
        "attempt": run.attempt,
        "by_hand": run.by_hand,
        **({"asked_by": run.asked_by} if run.asked_by else {}),
    }
    event = audit.Event(
        "run.begun", schedule.owner, subject=schedule.owner, project=schedule.project or "", details=details
    )
    _put(change, after, change.log.add(event))
    return after


def end(
    change: Change, schedule: Schedule, run: Run, state: RunState, *, by: str = "", again: bool = False, **outcome: Any
) -> Run:
    """End a run, and let it be tried again where that is worth it.

    Parameters
    ----------
    change
        The open change.
    schedule
        Whose run it is.
    run
        As it stands, waiting or running.
    state
        The end.
    by
        Who ended it; its owner where nobody else did.
    again
        Whether it may be tried again after a failure.
    outcome
        Further fields of the run: ``summary``, ``problem``, ``made``, ``failed``, ``folder``. The summary is added to
        what the run said of itself from its beginning.

    Returns
    -------
    Run
        As it stands now.
    """
    outcome["summary"] = " ".join(filter(None, [run.summary, outcome.get("summary", "")]))
    after = Run.model_validate(run.model_dump() | outcome | {"state": state, "ended_at": change.now})
    _put(change, after, change.log.add(_ended(schedule, after, by or schedule.owner)))
    tries = schedule.retries + (FORGIVEN if state == "lost" else 0)
    goes_on = schedule.state == "active" or (run.by_hand and schedule.state == "paused")
    if again and state in _AGAIN and run.attempt <= tries and goes_on:
        next_one = Run(
            id=run_id(run.schedule, run.scheduled_for, run.attempt + 1)
            if not run.by_hand
            else f"{run.id.rpartition('-try-')[0] or run.id}-try-{run.attempt + 1}",
            schedule=run.schedule,
            scheduled_for=run.scheduled_for,
            by_hand=run.by_hand,
            asked_by=run.asked_by,
            attempt=run.attempt + 1,
            summary=run.summary,
        )
        wait = min(dt.timedelta(seconds=schedule.backoff_s * 2 ** (run.attempt - 1)), LONGEST_BACKOFF)
        insert_run(change, schedule, next_one, due=change.now + wait)
    return after


def beat(connection: Connection, run: Run, now: dt.datetime) -> Run:
    """Note a sign of life; it is no event, and has no line.

    Parameters
    ----------
    connection
        The open transaction.
    run
        As it stands, running.
    now
        The moment.
    """
    after = run.model_copy(update={"heartbeat": now})
    connection.execute(update(_R).where(_R.c.id == run.id).values(**_standing(after)))
    return after


def _put(change: Change, run: Run, line: int) -> None:
    change.connection.execute(update(_R).where(_R.c.id == run.id).values(line=line, **_standing(run)))


def _standing(run: Run) -> dict[str, Any]:
    return {
        "state": run.state,
        "worker": audit.as_column(run.worker),
        "seen": "" if run.heartbeat is None else audit.written(run.heartbeat),
        "document": as_document(run.to_dict()),
    }


def _ended(schedule: Schedule, run: Run, by: str) -> audit.Event:
    details: dict[str, Any] = {"id": run.id, "schedule": run.schedule, "state": run.state}
    details |= {"made": run.made, "failed": run.failed, "problem": run.problem}
    return audit.Event("run.ended", by, subject=schedule.owner, project=schedule.project or "", details=details)


def _read(kind: type[R], document: str, name: str) -> R:
    try:
        return kind.model_validate_json(document)
    except ValueError as error:
        raise ScheduleError(
            f"What is stored of {name!r} cannot be read as a {kind.__name__.lower()}.",
            hint="Whoever runs the hub can see with `londata-hub audit verify` whether somebody changed it.",
        ) from error
