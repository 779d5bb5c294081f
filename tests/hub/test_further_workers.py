"""``londata-hub worker``: two of them on one PostgreSQL, who ask a real hub, and share the work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import owned_templates
from londata_hub import settings
from londata_hub.store import RunStore
from postgres_server import postgres_address, postgres_cluster  # noqa: F401
from running_hub import wait_for
from scheduled import a_schedule, in_half_a_year

pytestmark = [pytest.mark.hub, pytest.mark.postgres]


def asks(hub):
    """How the hub's own worker asks it: whoever starts a further one has given it the same."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            said = dict(each.split("=", 1) for each in (process / "environ").read_text().split("\0") if "=" in each)
        except OSError:
            continue
        if b"londata_hub.services.jobs" in words and said.get("LONDATA_HUB_STATE") == str(hub.state):
            return {name: said[name] for name in ("JUPYTERHUB_API_URL", "JUPYTERHUB_API_TOKEN", "LONDATA_HUB_SOCKETS")}
    return None


@pytest.fixture
def workers(hub, postgres_address, tmp_path):  # noqa: F811
    """Two workers as people start them; their register is in PostgreSQL."""
    known = wait_for(lambda: asks(hub), 60, "the hub's own worker")
    theirs = {"LONDATA_HUB_STATE": str(tmp_path / "state"), "LONDATA_HUB_DATABASE": postgres_address}
    environ = os.environ | known | theirs
    started = []
    hub.visitor("ada")
    with RunStore(postgres_address, tmp_path / "anchors") as store:
        for name in ("one", "two"):
            words = [sys.executable, "-m", "londata_hub", "worker", "--name", name, "--runs", "1"]
            with (tmp_path / f"{name}.log").open("wb") as log:
                started.append(subprocess.Popen(words, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        yield settings.load(environ), store
    for process in started:
        process.terminate()
    for process in started:
        process.wait(60)


def test_two_workers_on_one_postgresql_share_what_is_due(workers, tmp_path):
    known, store = workers

    def runs():
        return [run for schedule in store.all() for run in store.runs(schedule.id)]

    def said():
        return "\n".join(path.read_text() for path in sorted(tmp_path.glob("*.log")))

    # Each takes one run at a time, so none may take both once the other looks for work as well.
    wait_for(lambda: said().count("makes up to 1 reports at a time") == 2, 120, "two workers that take work")
    digest = owned_templates.keep(known.state, "mine", ["print(6 * 7)"])
    for number in range(2):
        fields = {"id": f"mine-{number}", "template": "mine", "notebook": digest, "created_at": store.now()}
        schedule = store.add(a_schedule(in_half_a_year(), **fields))
        store.run_now(schedule.id, "ada")

    wait_for(lambda: all(run.ended_at for run in runs()), 180, "the end of all runs")
    assert [(run.state, run.made) for run in runs()] == [("completed", 1)] * 2, f"{runs()}\n{said()}"
    assert {run.worker for run in runs()} == {"one", "two"}, said()
