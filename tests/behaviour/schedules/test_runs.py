"""Occurrences become runs: each once, in order of states, with what was missed, lost, failed or overlapping."""

from __future__ import annotations

import datetime as dt
import json
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from londata.records.schedules import ENDED
from londata_hub.audit.tables import audit
from londata_hub.store import RunStore
from scheduled import Clock, a_schedule

SEVEN = dt.datetime(2096, 6, 4, 6, 0, tzinfo=dt.UTC)
NAME = "boroughs-daily"
LEASE = dt.timedelta(seconds=60)


@pytest.fixture
def scheduled(store: RunStore, clock: Clock) -> RunStore:
    """A store with a schedule that has just come round."""
    store.add(a_schedule())
    clock.time = SEVEN + dt.timedelta(seconds=1)
    return store


def logged(store: RunStore) -> list[tuple[str, str]]:
    wanted = select(audit.c.what, audit.c.line).where(audit.c.what.like("run.%")).order_by(audit.c.seq)
    with store._database.reading() as connection:
        rows = connection.execute(wanted).all()
    return [(row.what, json.loads(row.line)["details"].get("state", "")) for row in rows]


def test_an_occurrence_is_made_once_begun_once_and_ended_once(scheduled: RunStore) -> None:
    (run,) = scheduled.release()
    assert (run.id, run.state, run.scheduled_for) == (f"{NAME}-20960604T060000Z-1", "waiting", SEVEN)
    assert scheduled.release() == []
    assert scheduled.waiting() == [run]
    begun = scheduled.begin(run.id, "one")
    assert begun is not None
    assert (begun[1].state, begun[1].worker) == ("running", "one")
    assert scheduled.begin(run.id, "two") is None
    assert scheduled.waiting() == []
    assert scheduled.finish(run.id, "two", "completed") is None, "only its worker ends it"
    done = scheduled.finish(run.id, "one", "completed", made=33, summary="33 reports were made.", folder="a/b")
    assert done is not None
    assert (done.state, done.made, done.folder) == ("completed", 33, "a/b")
    assert scheduled.finish(run.id, "one", "failed") is None, "no end is ever left"
    assert scheduled.runs(NAME) == [done]
    assert logged(scheduled) == [("run.begun", ""), ("run.ended", "completed")]


def test_a_failure_is_tried_again_later_and_later_until_it_is_enough(scheduled: RunStore, clock: Clock) -> None:
    scheduled.release()
    waited = []
    for attempt in (1, 2, 3):
        (run,) = scheduled.waiting()
        assert run.attempt == attempt
        scheduled.begin(run.id, "one")
        scheduled.finish(run.id, "one", "failed", problem="A cell failed.", failed=1)
        before = clock.time
        while not scheduled.waiting() and clock.time < before + dt.timedelta(minutes=10):
            clock.pass_by(seconds=10)
        waited.append((clock.time - before).total_seconds())
    assert [round(each, -1) // 20 for each in waited] == [3, 6, 30], "a minute, two, and the third was the last"
    assert [(run.attempt, run.state) for run in scheduled.runs(NAME)] == [(3, "failed"), (2, "failed"), (1, "failed")]


def test_what_is_not_worth_trying_again_is_not(scheduled: RunStore, clock: Clock) -> None:
    (run,) = scheduled.release()
    scheduled.begin(run.id, "one")
    scheduled.finish(run.id, "one", "failed", again=False, problem="There is no such template.")
    clock.pass_by(hours=1)
    assert scheduled.waiting() == []


@pytest.mark.parametrize("end", ["completed", "refused"])
def test_an_end_that_is_no_failure_is_not_tried_again(scheduled: RunStore, clock: Clock, end: str) -> None:
    (run,) = scheduled.release()
    scheduled.begin(run.id, "one")
    scheduled.finish(run.id, "one", end)  # type: ignore[arg-type]
    clock.pass_by(hours=1)
    assert scheduled.waiting() == []


def test_a_run_whose_worker_is_silent_is_lost_and_tried_again(scheduled: RunStore, clock: Clock) -> None:
    (run,) = scheduled.release()
    scheduled.begin(run.id, "one")
    for _ in range(5):
        clock.pass_by(seconds=30)
        assert scheduled.beat(run.id, "one")
        assert scheduled.lose(LEASE) == []
    clock.pass_by(seconds=61)
    (lost,) = scheduled.lose(LEASE)
    assert (lost.id, lost.state) == (run.id, "lost")
    assert "no sign of life" in lost.problem
    assert not scheduled.beat(run.id, "one"), "its worker is told that it is not its own any more"
    assert scheduled.finish(run.id, "one", "completed") is None
    clock.pass_by(seconds=61)
    (again,) = scheduled.waiting()
    assert (again.id, again.attempt) == (f"{NAME}-20960604T060000Z-2", 2)
    assert scheduled.lose(LEASE) == []


def test_a_run_that_is_lost_is_tried_again_also_where_failures_are_not(store: RunStore, clock: Clock) -> None:
    store.add(a_schedule(retries=0))
    clock.time = SEVEN
    (run,) = store.release()
    store.begin(run.id, "one")
    assert [each.state for each in store.lose(dt.timedelta(0), worker="two")] == []
    assert [each.state for each in store.lose(dt.timedelta(0), worker="one")] == ["lost"]
    clock.pass_by(minutes=2)
    (again,) = store.waiting()
    store.begin(again.id, "one")
    store.finish(again.id, "one", "failed")
    clock.pass_by(hours=1)
    assert store.waiting() == []


def test_a_run_asked_for_by_hand_is_tried_again_under_its_own_name(store: RunStore, clock: Clock) -> None:
    store.add(a_schedule())
    run = store.run_now(NAME, "ada")
    for attempt in (1, 2, 3):
        (waiting,) = store.waiting()
        assert waiting.by_hand
        assert waiting.id == (run.id if attempt == 1 else f"{run.id}-try-{attempt}")
        store.begin(waiting.id, "one")
        store.finish(waiting.id, "one", "failed")
        clock.pass_by(minutes=10)
    assert store.waiting() == []


def test_an_occurrence_that_comes_while_another_runs_is_skipped_and_says_so(scheduled: RunStore, clock: Clock) -> None:
    (first,) = scheduled.release()
    scheduled.begin(first.id, "one")
    clock.pass_by(days=1)
    (second,) = scheduled.release()
    assert second.state == "skipped"
    assert "still running" in second.problem
    assert scheduled.waiting() == []
    assert scheduled.finish(first.id, "one", "completed") is not None
    clock.pass_by(days=1)
    (third,) = scheduled.release()
    assert third.state == "waiting"


def test_another_attempt_gives_way_to_a_new_occurrence(store: RunStore, clock: Clock) -> None:
    store.add(a_schedule(backoff_s=86_400))
    clock.time = SEVEN
    (run,) = store.release()
    store.begin(run.id, "one")
    store.finish(run.id, "one", "failed")
    clock.time = SEVEN + dt.timedelta(hours=23, minutes=59, seconds=59)
    assert store.waiting() == []
    clock.time = SEVEN + dt.timedelta(days=1)
    (new,) = store.release()
    assert store.waiting() == [new]
    assert [(each.state, each.attempt) for each in store.runs(NAME)] == [("waiting", 1), ("skipped", 2), ("failed", 1)]


@pytest.mark.parametrize(("missed", "state"), [("once", "waiting"), ("skip", "skipped")])
def test_what_was_missed_is_run_once_or_skipped_as_declared(
    store: RunStore, clock: Clock, missed: str, state: str
) -> None:
    store.add(a_schedule(missed=missed))
    clock.time = SEVEN + dt.timedelta(days=4, hours=3)
    (run,) = store.release()
    assert (run.state, run.scheduled_for) == (state, SEVEN + dt.timedelta(days=4))
    assert "5 occurrences" in run.summary
    assert store.next_runs(NAME, 1) == [SEVEN + dt.timedelta(days=5)]
    assert store.release() == []


def test_a_little_late_is_not_missed(store: RunStore, clock: Clock) -> None:
    store.add(a_schedule(missed="skip"))
    clock.time = SEVEN + dt.timedelta(minutes=4)
    assert [run.state for run in store.release()] == ["waiting"]


def test_many_who_look_at_once_make_and_begin_each_run_once(address: str, tmp_path: Path) -> None:
    clock = Clock()
    with RunStore(address, tmp_path / "anchors", clock=clock) as first:
        for number in range(8):
            first.add(a_schedule(id=f"s-{number}"))
        clock.time = SEVEN
        stores = [RunStore(address, tmp_path / "anchors", clock=clock) for _ in range(3)]
        made: list[str] = []
        begun: list[str] = []

        def work(store: RunStore, name: str) -> None:
            made.extend(run.id for run in store.release())
            for run in store.waiting():
                if store.begin(run.id, name):
                    begun.append(run.id)

        threads = [threading.Thread(target=work, args=(each, f"w-{n}")) for n, each in enumerate(stores)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for store in stores:
            store.close()
    assert sorted(made) == sorted(set(made))
    assert len(made) == 8
    assert sorted(begun) == sorted(made)


def test_every_state_is_under_way_or_an_end() -> None:
    from typing import get_args

    from londata.records.schedules import RunState

    assert set(get_args(RunState)) == ENDED | {"waiting", "running"}
