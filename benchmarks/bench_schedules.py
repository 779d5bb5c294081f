"""Schedules: finding what is due among 10,000, and how long after its moment a run begins, at 50 a minute.

The runs begin in the worker's own process and do nothing, so that what is measured is the way from the moment on the
clock to the begin: round, queue, and the change in the register's database. Real runs wait for room, too.
"""

from __future__ import annotations

import datetime as dt
import statistics
import tempfile
import threading
from pathlib import Path

from sqlalchemy import insert, update

from benchmarks.measure import Figure, clock, percentile, report
from londata.records import Schedule
from londata.schedules import parse
from londata_hub import audit
from londata_hub.jobs.queue import Queue, address
from londata_hub.store import RunStore, tables
from londata_hub.store.arranging import as_document

SCHEDULES, A_MINUTE, ROOM = 10_000, 50, 8


def a_schedule(number: int, now: dt.datetime) -> Schedule:
    rule = parse(("first Monday 07:00", "weekdays 18:30", "every day at 6am", "hourly")[number % 4])
    return Schedule(
        id=f"schedule-{number}",
        title="A report",
        owner=f"person-{number % 300}",
        template="borough-profile",
        rule=rule.cron,
        timezone=rule.timezone,
        words=rule.words,
        created_at=now,
    )


def fill(store: RunStore) -> None:
    """Put schedules into the table as they would be, without 10,000 lines in the log."""
    now = dt.datetime.now(dt.UTC)
    rows = []
    for number in range(SCHEDULES):
        made = a_schedule(number, now)
        coming = audit.written(now + dt.timedelta(hours=1, minutes=number % 5_000))
        values = {"id": made.id, "line": 0, "owner": made.owner, "state": "active", "next_run": coming}
        rows.append(values | {"document": as_document(made.to_dict())})
    with store._database.writing() as connection:
        connection.execute(insert(tables.schedules), rows)


def looking(store: RunStore) -> Figure:
    with store._database.writing() as connection:
        past = audit.written(dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1))
        some = [f"schedule-{number}" for number in range(0, SCHEDULES, SCHEDULES // A_MINUTE)]
        connection.execute(update(tables.schedules).where(tables.schedules.c.id.in_(some)).values(next_run=past))
    assert len(store.due()) == A_MINUTE
    times = [clock(store.due) * 1000 for _ in range(300)]
    median = statistics.median(times)
    detail = f"{A_MINUTE} of them due; p99 {percentile(times, 99):.2f} ms"
    return Figure(f"Finding what is due among {SCHEDULES:,} schedules", median, "ms", "≤ 5 ms", median <= 5, detail)


def starting(store: RunStore, folder: Path) -> Figure:
    """Let fifty come round at the same whole minute, as rules do, and see how late each begins."""
    store.release()
    for run in store.waiting():
        store.begin(run.id, "before")
        store.finish(run.id, "before", "completed")
    late: list[float] = []
    enough = threading.Event()

    def perform(run: str) -> None:
        begun = store.begin(run, "bench")
        if begun is None:
            return
        late.append((store.now() - begun[1].scheduled_for).total_seconds())
        store.finish(run, "bench", "completed", made=1)
        if len(late) >= A_MINUTE:
            enough.set()

    def due() -> list[object]:
        store.release()
        return store.waiting()  # type: ignore[return-value]

    queue = Queue(address(store._database.shown, folder), "bench", ROOM, due, perform)  # type: ignore[arg-type]
    queue.start()
    threading.Event().wait(8)  # until the library has found its schedule
    moment = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=62)).replace(second=0, microsecond=0)
    chosen = [f"schedule-{number * 7 + 1}" for number in range(A_MINUTE)]
    with store._database.writing() as connection:
        table = tables.schedules
        connection.execute(update(table).where(table.c.id.in_(chosen)).values(next_run=audit.written(moment)))
    enough.wait(90)
    queue.stop()
    assert len(late) == A_MINUTE, f"{len(late)} began"
    worst = percentile(late, 99)
    detail = f"{A_MINUTE} at one whole minute, {ROOM} at a time; median {statistics.median(late):.2f} s"
    return Figure(f"Start lag p99 at {A_MINUTE} a minute", worst, "s", "≤ 2 s", worst <= 2, detail)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with RunStore(f"sqlite:///{folder / 'register.sqlite'}", folder / "anchors") as store:
            fill(store)
            report("Schedules", [looking(store), starting(store, folder)])


if __name__ == "__main__":
    main()
