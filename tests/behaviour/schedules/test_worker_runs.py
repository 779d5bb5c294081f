"""What a worker does with a run, without a hub: real processes, kernels and reports; only who is who is given."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import owned_templates
from londata.records.schedules import Run
from londata_hub import settings
from londata_hub.jobs import notifying, shelving
from londata_hub.jobs.worker import Worker
from londata_hub.store import RunStore
from running_hub import wait_for
from scheduled import Clock, a_schedule

#: Says which process its kernel is, and waits until somebody answers.
WAITS = """
import os, pathlib, time
pathlib.Path("kernel.txt").write_text(str(os.getpid()))
while not (pathlib.Path.home() / "go-on").exists():
    time.sleep(0.05)
"""
BOROUGHS = {"type": "choice", "label": "Borough", "values": ["Barnet", "Camden"], "default": "Camden"}
NOT_IN_BARNET = "if borough == 'Barnet':\n    raise ValueError('There is nothing about Barnet.')\nprint(borough)"


class Analysts:
    """Stands for the hub: everybody is an analyst, and tokens open nothing."""

    def groups(self, _person: str, _token: str) -> frozenset[str]:
        return frozenset({"analysts"})

    @contextmanager
    def token(self, *_: object) -> Iterator[str]:
        yield "opens-nothing"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(tmp_path: Path, clock: Clock) -> Iterator[Worker]:
    hub = settings.load({"LONDATA_HUB_STATE": str(tmp_path / "state")})
    with RunStore(hub.database, hub.anchors, clock=clock) as store:
        yield Worker(store, Analysts(), hub, "one", isolated=False)  # type: ignore[arg-type]


def scheduled(worker: Worker, name: str, cells: list[str], **fields: object) -> Run:
    """Record a schedule of somebody's own template, and ask for a run."""
    definition = fields.pop("parameters_of_template", {})
    digest = owned_templates.keep(worker.hub.state, name, cells, parameters=definition)  # type: ignore[arg-type]
    worker.store.add(a_schedule(id=name, template=name, notebook=digest, backoff_s=60, **fields))
    return worker.store.run_now(name, "ada")


def log_of(worker: Worker, run: Run) -> str:
    return (worker.folder(run) / "log.txt").read_text()


def test_a_run_whose_kernel_is_killed_fails_and_is_completed_after_a_while(
    worker: Worker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[notifying.Message] = []
    monkeypatch.setitem(notifying.WAYS, "mailto:", lambda message, _place, _hub: told.append(message))
    first = scheduled(worker, "waits", [WAITS], notify=("mailto:ada@hub.example",), notify_when="always")
    at_work = threading.Thread(target=worker.perform, args=(first.id,))
    at_work.start()
    home = worker.folder(first) / "home"
    said = wait_for(lambda: "".join(each.read_text() for each in home.rglob("kernel.txt")), 120, "the kernel")
    wait_for(lambda: " cell 3 of 3 " in log_of(worker, first), 60, "a line of how far it is")
    os.kill(int(said), signal.SIGKILL)
    at_work.join(120)
    failed = worker.store.run(first.id)
    assert failed
    assert (failed.state, failed.made) == ("failed", 0), log_of(worker, first)
    assert "kernel" in failed.problem.lower()
    assert list(worker.due()) == [], "it is tried again, but not at once"
    clock.pass_by(minutes=10)
    (again,) = worker.due()
    assert (again.attempt, again.asked_by) == (2, "ada")
    home = worker.folder(again) / "home"
    home.mkdir(parents=True)
    (home / "go-on").touch()
    worker.perform(again.id)
    done = worker.store.run(again.id)
    assert done
    assert (done.state, done.made) == ("completed", 1), log_of(worker, again)
    assert done.summary == "Asked for by ada. 1 report was made."
    assert " cell 3 of 3 " in log_of(worker, again)
    assert told[0].subject.endswith(": 0 reports made, 1 failed, to be tried again")
    assert told[0].following.startswith("It will be tried again soon.")
    assert "again" not in told[1].subject + told[1].following


def test_what_is_finished_reaches_its_readers_though_another_of_the_batch_fails(worker: Worker) -> None:
    run = scheduled(
        worker, "boroughs", [NOT_IN_BARNET], each="borough", retries=0, parameters_of_template={"borough": BOROUGHS}
    )
    worker.perform(run.id)
    ended = worker.store.run(run.id)
    assert ended
    assert (ended.state, ended.made, ended.failed) == ("failed", 1, 1), log_of(worker, run)
    assert "Barnet" in ended.problem
    assert re.search(r"(?m)^… .* 1 of 2 reports .*(Barnet|Camden) cell \d of \d", log_of(worker, run))
    shelf = shelving.Shelf(worker.hub.state / "shelf")
    assert shelf.slugs() == ["boroughs-camden"], log_of(worker, run)


def test_nothing_that_goes_wrong_after_the_reports_changes_how_the_run_ended(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise ValueError("A record breaks a rule.")

    monkeypatch.setattr(shelving, "shelve", break_down)
    monkeypatch.setattr(notifying, "tell", break_down)
    run = scheduled(worker, "plain", ["print(1)"])
    worker.perform(run.id)
    ended = worker.store.run(run.id)
    assert ended
    assert (ended.state, ended.made) == ("completed", 1), log_of(worker, run)
    said = log_of(worker, run)
    assert "not put on the shelf" in said
    assert "may not have been told" in said
    assert said.count("(ValueError)") == 2
