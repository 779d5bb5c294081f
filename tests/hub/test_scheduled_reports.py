"""Scheduled reports on a real hub: made as their owner, without the owner's Lab, and given up when access ends."""

import json
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from londata.records import Schedule
from londata.schedules import parse
from londata_hub import settings
from londata_hub.store import RunStore
from running_hub import wait_for

pytestmark = pytest.mark.hub

CAMDEN = {"borough": "Camden"}


@pytest.fixture(scope="module")
def store(hub):
    found = settings.load(hub.command()["env"])
    hub.visitor("ada")  # whoever schedules has been here
    with RunStore(found.database, found.anchors) as made:
        yield made


def scheduled(store, name, **fields):
    rule = parse("every year on 1 January 07:00")
    values = {
        "id": name,
        "title": "The borough profile",
        "owner": "ada",
        "template": "borough-profile",
        "parameters": CAMDEN,
        "rule": rule.cron,
        "timezone": rule.timezone,
        "words": rule.words,
        "created_at": store.now(),
    }
    return store.add(Schedule.model_validate(values | fields))


def ended(store, run, seconds=120):
    return wait_for(lambda: (found := store.run(run)) and found.ended_at and found, seconds, "the end of the run")


def log_of(hub, run):
    path = hub.state / "reports" / run.schedule / run.id / "log.txt"
    return path.read_text() if path.exists() else "there is no log"


def test_a_report_is_made_as_its_owner_while_no_lab_runs(hub, store):
    schedule = scheduled(store, "ada-profile")
    run = ended(store, store.run_now(schedule.id, "ada").id)
    assert run.state == "completed", f"{run}\n{log_of(hub, run)}"
    assert run.made == 1
    (report,) = (hub.state / "reports" / run.folder / "reports").glob("borough-profile-*/")
    receipt = json.loads((report / "ro-crate-metadata.json").read_text())
    assert '"ada"' in json.dumps(receipt)
    assert not (hub.state / "reports" / run.folder / "home").exists()
    with sqlite3.connect(hub.state / "jupyterhub.sqlite") as hub_database:
        left = hub_database.execute("select count(*) from api_tokens where note like 'The scheduled report%'")
        assert left.fetchone() == (0,), "its token was taken back"
