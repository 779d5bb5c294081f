"""The queue of runs: DBOS, a library of durable workflows, over SQLite on one machine or PostgreSQL on several.

Every few seconds one worker looks for what is due (a schedule of the library, whose every round has one id), and
puts each run into the queue under the run's own id, so that it is there once. Each worker takes as many as it has room
for. Its tables are its own: a file beside the register's, or a schema of the same PostgreSQL. It speaks to nobody else.
"""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from dbos import DBOS, SetWorkflowID
from sqlalchemy.engine import make_url

from londata.records.schedules import Run

log = logging.getLogger(__name__)

SCHEMA = "londata_queue"
#: Workers with another number do not take each other's work; to be changed with what a workflow is given.
PROTOCOL = "1"
ROUNDS, RUNS, ROUND = "londata-rounds", "londata-runs", "londata-round"
#: When a round begins, as cron with seconds. The library spreads them by a tenth of the time in between.
EVERY = "*/3 * * * * *"
#: Seconds between two looks into a queue, each of which costs 3 ms of a processor, day and night: for the next round,
#: and for runs, of which fifty that begin at once are taken in several looks.
ROUND_POLL_S, POLL_S = 0.5, 0.1
#: What is done is kept in the library's tables for so long, and cleared once an hour, so many at a time.
KEEP, CLEAR = dt.timedelta(days=2), 20_000
#: A run that still waits was perhaps taken by somebody who died before it began; it is put into the queue again, at
#: most so often. Taking it costs little, and of all who do so one begins it.
PUT_AGAIN = dt.timedelta(minutes=1)
_DONE = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_TAKEN = [*_DONE, "PENDING"]


def address(database: str, state: Path) -> str:
    """Tell where the library keeps its tables: in the register's PostgreSQL, or in a SQLite file beside it."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{state / 'queue.sqlite'}"
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


class Queue:
    """The queue as one worker sees it. There is one in a process.

    Parameters
    ----------
    where
        :func:`address`.
    worker
        The worker's name. What it had in hand when it died is given to it again when it starts under this name.
    room
        Runs that it has in hand at most.
    due
        Gives the runs that are to be in the queue.
    perform
        Performs one, by its id; it finds out itself whether that is still to be done.
    every
        When it looks for what is due, as cron with seconds.
    """

    def __init__(
        self,
        where: str,
        worker: str,
        room: int,
        due: Callable[[], Iterable[Run]],
        perform: Callable[[str], None],
        every: str = EVERY,
    ) -> None:
        self._room, self._due, self._every = room, due, every
        self._outside = ThreadPoolExecutor(1, "round")
        _let_read_while_written(where)
        config: dict[str, Any] = {
            "name": "londata",
            "system_database_url": where,
            "dbos_system_schema": SCHEMA,
            "executor_id": worker,
            "application_version": PROTOCOL,
            "log_level": "WARNING",
            "console_log_level": "WARNING",
            "enable_otlp": False,
            "conductor_key": None,
            "max_executor_threads": room + 8,
        }
        self._library = DBOS(config=config)  # type: ignore[arg-type]

        @DBOS.workflow(name="londata-run")
        def run(run_id: str) -> None:
            perform(run_id)

        @DBOS.workflow(name=ROUND)
        def go_round(at: dt.datetime, _: Any) -> None:
            self._go_round(at)

        self._run, self._round = run, go_round

    def start(self) -> None:
        """Begin to take work, and to look for what is due."""
        DBOS.launch()
        # Never one of all workers: the library would count a round in which a worker died as under way for ever.
        for queue, room, poll_s in ((ROUNDS, 1, ROUND_POLL_S), (RUNS, self._room, POLL_S)):
            DBOS.register_queue(
                queue, worker_concurrency=room, polling_interval_sec=poll_s, on_conflict="always_update"
            )
        # Made or changed in one step: workers that begin at the same moment do not trip over each other.
        DBOS.apply_schedules(
            [{"schedule_name": ROUND, "workflow_fn": self._round, "schedule": self._every, "queue_name": ROUNDS}]
        )

    def stop(self, patience_s: int = 0) -> None:
        """Take no further work, and let what is under way end for a while."""
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=patience_s)
        self._outside.shutdown()

    def _go_round(self, at: dt.datetime) -> None:
        # Not in the round's own thread: there the library would write down each run as a step of the round as well.
        self._outside.submit(self._put_all, at).result()

    def _put_all(self, at: dt.datetime) -> None:
        for run in self._due():
            self._put(run, at)
        if at.minute == at.second == 0:
            self._clear(at)

    def _put(self, run: Run, at: dt.datetime) -> None:
        """Put a run into the queue; it is there once however often this is done."""
        name = run.id
        if at - run.scheduled_for > PUT_AGAIN:
            status = DBOS.get_workflow_status(run.id)
            if status is not None and status.status in _TAKEN:
                name = f"{run.id}-again-{at:%Y%m%dT%H%M}"
        with SetWorkflowID(name):
            DBOS.enqueue_workflow(RUNS, self._run, run.id)

    def _clear(self, at: dt.datetime) -> None:
        """Forget what was done long ago; what became of a run is in the register's database."""
        before = (at - KEEP).isoformat()
        done = DBOS.list_workflows(
            status=_DONE, completed_before=before, limit=CLEAR, load_input=False, load_output=False
        )
        if done:
            DBOS.delete_workflows([each.workflow_id for each in done])


def _let_read_while_written(where: str) -> None:
    """Let those who look into a SQLite file not wait for those who write, nor the other way round; it stays so."""
    file = make_url(where).database
    if where.startswith("sqlite") and file:
        with closing(sqlite3.connect(file, timeout=30)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
