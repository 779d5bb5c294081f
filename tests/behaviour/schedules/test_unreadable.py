"""What is stored of one schedule or run and cannot be read: it keeps nobody else's reports from being made."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from sqlalchemy import select, update

from londata.errors import ScheduleError
from londata_hub.audit.tables import audit
from londata_hub.store import RunStore, tables
from scheduled import Clock, a_schedule

SEVEN = dt.datetime(2096, 6, 4, 6, 0, tzinfo=dt.UTC)
BROKEN = ['{"id": "broken", "from": "a newer version"}', "not even JSON", None]


@pytest.fixture(params=BROKEN, ids=["another-version", "no-json", "no-rule"])
def beside_a_broken_one(store: RunStore, clock: Clock, request: pytest.FixtureRequest) -> RunStore:
    """Two schedules that have just come round; the document of one cannot be used."""
    store.add(a_schedule(id="fine"))
    broken = store.add(a_schedule(id="broken"))
    document = request.param or json.dumps(broken.to_dict() | {"rule": "whenever it suits"})
    with store._database.writing() as connection:
        row = update(tables.schedules).where(tables.schedules.c.id == "broken")
        connection.execute(row.values(document=document))
    clock.time = SEVEN + dt.timedelta(seconds=1)
    return store


def test_the_others_come_round_and_it_is_set_aside_with_a_line(beside_a_broken_one: RunStore) -> None:
    assert [run.schedule for run in beside_a_broken_one.release()] == ["fine"]
    assert beside_a_broken_one.release() == [], "it does not come round again and again"
    wanted = select(audit.c.actor, audit.c.line).where(audit.c.what == "schedule.paused")
    with beside_a_broken_one._database.reading() as connection:
        (row,) = connection.execute(wanted).all()
    said = json.loads(row.line)
    assert (row.actor, said["subject"], said["details"]["id"]) == ("londata", "ada", "broken")
    assert "cannot be" in said["details"]["reason"]


def test_its_owner_still_sees_the_others(store: RunStore) -> None:
    store.add(a_schedule(id="fine"))
    store.add(a_schedule(id="broken"))
    with store._database.writing() as connection:
        row = update(tables.schedules).where(tables.schedules.c.id == "broken")
        connection.execute(row.values(document="no schedule"))
    assert [each.id for each in store.of("ada")] == ["fine"] == [each.id for each in store.all()]
    with pytest.raises(ScheduleError, match="cannot be read as a schedule"):
        store.find("broken")


def test_a_run_that_cannot_be_read_keeps_no_other_from_beginning(store: RunStore, clock: Clock) -> None:
    for name in ("fine", "broken"):
        store.add(a_schedule(id=name))
    clock.time = SEVEN
    runs = {run.schedule: run for run in store.release()}
    with store._database.writing() as connection:
        row = update(tables.runs).where(tables.runs.c.id == runs["broken"].id)
        connection.execute(row.values(document="no run"))
    assert store.waiting() == [runs["fine"]]
    assert store.begin(runs["fine"].id, "one") is not None
    with pytest.raises(ScheduleError, match="cannot be read as a run"):
        store.begin(runs["broken"].id, "one")
