"""Scheduled reports on a real hub: made as their owner, without the owner's Lab, and given up when access ends."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

import owned_templates
from londata.records import Schedule
from londata.schedules import parse
from londata_hub import settings
from londata_hub.store import AccessStore, RunStore
from running_hub import wait_for
from scheduled import in_half_a_year

pytestmark = [
    pytest.mark.hub,
    pytest.mark.skipif(not shutil.which("bwrap"), reason="without bubblewrap a hub serves open data only"),
]

ROLLS = "school-rolls-by-pupil"
COUNTS = f"from londata import catalog\nrows = catalog[{ROLLS!r}].read()\nprint(len(rows), set(rows.borough_code))"


@pytest.fixture(scope="module", autouse=True)
def no_lab_of_ada(hub):
    """Whoever schedules has been here; her Lab does not run."""
    ada = hub.visitor("ada")
    ada.api("DELETE", "/users/ada/server")
    wait_for(lambda: not ada.api("GET", "/users/ada").json()["servers"], 60, "the end of ada's Lab")


@pytest.fixture(scope="module")
def store(hub):
    found = settings.load(hub.command()["env"])
    with RunStore(found.database, found.anchors) as made:
        yield made


@pytest.fixture
def grant(hub):
    """Ada's grant, to be ended; she is given another one afterwards, for the hub is not this module's alone."""
    found = settings.load(hub.command()["env"])
    with AccessStore(found.database, found.anchors) as access:
        (term,) = [each for each in access.arrangements().terms("ada", ROLLS) if each.end.at > access.now()]
        yield access, term.grant
        access.grant(term.grant.model_copy(update={"id": f"{term.grant.id}-again"}), "operator")


def scheduled(store, name, **fields):
    rule = parse(in_half_a_year())
    values = {
        "id": name,
        "title": "A report",
        "owner": "ada",
        "template": name,
        "rule": rule.cron,
        "timezone": rule.timezone,
        "words": rule.words,
        "backoff_s": 1,
        "created_at": store.now(),
    }
    return store.add(Schedule.model_validate(values | fields))


def run_now(store, schedule):
    return store.run_now(schedule.id, "ada").id


def ended(store, run, seconds=120):
    return wait_for(lambda: (found := store.run(run)) and found.ended_at and found, seconds, "the end of the run")


def log_of(hub, run):
    path = hub.state / "reports" / run.schedule / run.id / "log.txt"
    return path.read_text() if path.exists() else "there is no log"


def workers():
    """The numbers of the processes that make scheduled reports."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"londata_hub.services.jobs" in words:
                found.append((int(process.name), (process / "environ").read_bytes()))
    return found


def worker_of(hub):
    """The worker's number; what it starts looks the same for a moment."""

    def alone():
        found = [n for n, environ in workers() if f"LONDATA_HUB_STATE={hub.state}".encode() in environ]
        return found[0] if len(found) == 1 else None

    return wait_for(alone, 60, "the hub's worker")


def printed(folder):
    """What the cells of the only report in a folder printed."""
    (notebook,) = folder.glob("*/report.ipynb")
    cells = json.loads(notebook.read_text())["cells"]
    return "".join("".join(out.get("text", "")) for cell in cells for out in cell.get("outputs", []))


def test_closed_data_is_read_as_the_owner_for_the_project_while_no_lab_runs(hub, store):
    digest = owned_templates.keep(hub.state, "rolls-count", [COUNTS], datasets=[ROLLS])
    schedule = scheduled(store, "rolls-count", notebook=digest, project="school-places")
    run = ended(store, run_now(store, schedule))
    assert run.state == "completed", f"{run}\n{log_of(hub, run)}"
    assert run.made == 1
    reports = hub.state / "reports" / run.folder / "reports"
    assert "E09000007" in printed(reports)
    (receipt,) = reports.glob("*/ro-crate-metadata.json")
    assert all(word in receipt.read_text() for word in ('"ada"', "school-places", "ISA-021"))
    assert not (hub.state / "reports" / run.folder / "home").exists()
    with sqlite3.connect(hub.state / "jupyterhub.sqlite", timeout=60) as hub_database:
        left = hub_database.execute("select count(*) from api_tokens where note like 'The scheduled report%'")
        assert left.fetchone() == (0,), "its token was taken back"
        running = "select count(server_id) from spawners join users on users.id = user_id where users.name = 'ada'"
        assert hub_database.execute(running).fetchone() == (0,)


def test_a_worker_that_is_killed_loses_nothing(hub, store):
    digest = owned_templates.keep(hub.state, "slow-one", ["import time; time.sleep(600)"], digest="1" * 64)
    schedule = scheduled(store, "slow-one", notebook=digest, retries=0)
    first = run_now(store, schedule)
    home = hub.state / "reports" / schedule.id / first / "home"
    wait_for(lambda: list(home.rglob("*.ipynb")), 90, "the notebook of the run")
    template = hub.state / "templates" / digest / "slow-one" / "template.ipynb"  # need not be slow once more
    template.write_text(template.read_text(encoding="utf-8").replace("sleep(600)", "sleep(0)"), encoding="utf-8")
    os.kill(worker_of(hub), signal.SIGKILL)
    lost = ended(store, first)
    assert lost.state == "lost"

    def done():
        return [run for run in store.runs(schedule.id) if run.state == "completed"]

    (run,) = wait_for(done, 180, "the second attempt")
    assert (run.attempt, run.made) == (2, 1)
    assert [each.state for each in store.runs(schedule.id)] == ["completed", "lost"]


def test_when_access_ends_the_schedule_is_paused_with_the_reason(store, grant):
    access, given = grant
    schedule = store.find("rolls-count")
    access.end_grant(given.id, "operator", "The work is done")
    run = ended(store, run_now(store, schedule))
    assert run.state == "refused"
    assert "The work is done" in run.problem
    paused = store.find(schedule.id)
    assert (paused.state, paused.changed_by) == ("paused", "londata")
    assert paused.reason == run.problem
    assert store.next_runs(schedule.id, 1) == []
