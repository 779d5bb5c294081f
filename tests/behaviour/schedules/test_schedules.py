"""Schedules as people see them: recorded, paused, resumed, ended, run now; each with its line in the log."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from sqlalchemy import select

from londata.errors import ScheduleError
from londata_hub.audit.tables import audit
from londata_hub.store import RunStore
from scheduled import Clock, a_schedule

SEVEN = dt.datetime(2096, 6, 4, 6, 0, tzinfo=dt.UTC)  # 07:00 in London's summer
DAY = dt.timedelta(days=1)


def logged(store: RunStore) -> list[tuple[str, str, dict]]:
    wanted = select(audit.c.what, audit.c.actor, audit.c.line).where(audit.c.what.like("schedule.%"))
    with store._database.reading() as connection:
        rows = connection.execute(wanted.order_by(audit.c.seq)).all()
    return [(row.what, row.actor, json.loads(row.line)["details"]) for row in rows]


def test_what_is_recorded_is_found_and_comes_round(store: RunStore) -> None:
    made = store.add(a_schedule(parameters={"borough": "E09000007", "year": 2095}, notify=("mailto:ada@example.org",)))
    assert store.find("boroughs-daily") == made
    assert store.of("ada") == [made] == store.all()
    assert store.of("bola") == []
    assert store.find("other") is None
    assert store.next_runs("boroughs-daily", 3) == [SEVEN, SEVEN + DAY, SEVEN + 2 * DAY]
    assert store.runs("boroughs-daily") == []
    assert [(what, actor) for what, actor, _ in logged(store)] == [("schedule.recorded", "ada")]
    assert logged(store)[0][2]["rule"] == "0 7 * * *"


def test_an_owner_may_record_it_anew_and_nobody_else(store: RunStore, clock: Clock) -> None:
    first = store.add(a_schedule())
    clock.pass_by(hours=1)
    store.add(a_schedule("weekdays 08:00", created_at=clock.time))
    again = store.find("boroughs-daily")
    assert again is not None
    assert (again.rule, again.created_at) == ("0 8 * * 1-5", first.created_at)
    with pytest.raises(ScheduleError, match="already"):
        store.add(a_schedule(owner="bola"))
    assert store.find("boroughs-daily") == again


def test_paused_it_does_not_come_round_and_resumed_it_does_from_then_on(store: RunStore, clock: Clock) -> None:
    store.add(a_schedule())
    paused = store.pause("boroughs-daily", "ada", "Away in June")
    assert (paused.state, paused.reason, paused.changed_by) == ("paused", "Away in June", "ada")
    assert store.pause("boroughs-daily", "londata", "Another reason") == paused, "the first reason stays"
    clock.pass_by(days=10)
    assert store.release() == []
    assert store.next_runs("boroughs-daily", 1) == []
    assert store.resume("boroughs-daily", "ada").state == "active"
    assert store.release() == [], "what passed meanwhile is not made up for"
    assert store.next_runs("boroughs-daily", 1) == [SEVEN + 10 * DAY]
    assert [what for what, _, _ in logged(store)] == ["schedule.recorded", "schedule.paused", "schedule.resumed"]
    assert logged(store)[1][2]["reason"] == "Away in June"


def test_ended_it_is_over_for_good_and_what_waits_is_skipped(store: RunStore, clock: Clock) -> None:
    store.add(a_schedule())
    store.run_now("boroughs-daily", "ada")
    store.end("boroughs-daily", "ada", "No longer needed")
    (run,) = store.runs("boroughs-daily")
    assert (run.state, run.problem) == ("skipped", "The schedule was ended.")
    clock.pass_by(days=3)
    assert store.release() == []
    for act in (store.resume, store.run_now):
        with pytest.raises(ScheduleError, match="No longer needed"):
            act("boroughs-daily", "ada")
    with pytest.raises(ScheduleError, match="No longer needed"):
        store.pause("boroughs-daily", "ada", "x")
    store.add(a_schedule())  # its owner may take it up again
    assert store.next_runs("boroughs-daily", 1) == [SEVEN + 3 * DAY]


def test_paused_it_is_not_tried_again_unless_a_person_asked_for_it(store: RunStore, clock: Clock) -> None:
    store.add(a_schedule(retries=3))
    clock.pass_by(days=1)
    first = store.release()[0]
    store.begin(first.id, "one")
    store.finish(first.id, "one", "failed", problem="No data.")
    store.pause("boroughs-daily", "ada", "Away")
    assert [(each.attempt, each.state) for each in store.runs("boroughs-daily")] == [(2, "skipped"), (1, "failed")]
    assert store.runs("boroughs-daily")[0].problem == "The schedule was paused."
    asked = store.run_now("boroughs-daily", "ada")
    store.begin(asked.id, "one")
    store.finish(asked.id, "one", "failed", problem="No data.")
    assert [(each.attempt, each.by_hand) for each in store.runs("boroughs-daily") if each.state == "waiting"] == [
        (2, True)
    ]


def test_a_run_that_fails_after_the_pause_is_not_tried_again(store: RunStore, clock: Clock) -> None:
    store.add(a_schedule(retries=3))
    clock.pass_by(days=1)
    first = store.release()[0]
    store.begin(first.id, "one")
    store.pause("boroughs-daily", "ada", "Away")
    store.finish(first.id, "one", "failed", problem="No data.")
    assert [each.state for each in store.runs("boroughs-daily")] == ["failed"]


def test_run_now_is_one_run_at_a_time_also_while_paused(store: RunStore) -> None:
    store.add(a_schedule())
    store.pause("boroughs-daily", "ada", "Away")
    run = store.run_now("boroughs-daily", "ada")
    assert (run.by_hand, run.state, run.attempt) == (True, "waiting", 1)
    assert store.run(run.id) == run
    assert store.waiting() == [run]
    with pytest.raises(ScheduleError, match="waiting already"):
        store.run_now("boroughs-daily", "ada")
    assert store.stop(run.id, "ada").state == "stopped"
    with pytest.raises(ScheduleError, match="under way"):
        store.stop(run.id, "ada")
    assert store.waiting() == []


@pytest.mark.parametrize("act", ["pause", "resume", "end", "run_now"])
def test_what_is_not_there_is_said_not_to_be(store: RunStore, act: str) -> None:
    with pytest.raises(ScheduleError, match="no schedule 'nowhere'"):
        getattr(store, act)("nowhere", "ada", *(["why"] if act in ("pause", "end") else []))


def test_next_runs_cross_a_change_of_the_clocks(store: RunStore, clock: Clock) -> None:
    store.add(a_schedule("every day at 01:30"))
    clock.time = dt.datetime(2096, 10, 27, tzinfo=dt.UTC)
    found = store.next_runs("boroughs-daily", 3)
    assert [f"{each:%d %H:%M}" for each in found] == ["27 00:30", "28 00:30", "29 01:30"]
