"""How apps run: one run for all or one for each, what an app may take, versions that come and go."""

import contextlib
import dataclasses
import os
import re
import signal
import tempfile
import time
from pathlib import Path

import httpx
import pytest

from app_stage import playing, write_notebook
from londata.kernels import processes
from londata_hub.apps import theatre
from londata_hub.apps.limits import AppLimits
from londata_hub.apps.shelf import App

WHO = "import os\nprint('RUN', os.getpid(), 'ASKED', os.environ.get('QUERY_STRING'), 'END')"


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    folder = tmp_path_factory.mktemp("apps")
    notebooks = {
        "shared": write_notebook(folder / "shared", WHO),
        "threads": write_notebook(
            folder / "threads", WHO, "import threading, time\nthreading.Thread(target=time.sleep, args=(900,)).start()"
        ),
        "broken": write_notebook(folder / "broken", WHO, "1 / 0"),
    }
    with tempfile.TemporaryDirectory(prefix="ldt-", dir="/tmp") as room, playing(Path(room), **notebooks) as stage:
        yield stage


def run_of(page):
    """Which process ran the notebook, and with which query."""
    found = re.search(r"RUN (\d+) ASKED (.*?) END", page)
    assert found, page
    return found.groups()


def kernel_of(page):
    return re.search(r'"kernelId": "([0-9a-f-]{36})"', page)[1]


def get(stage, slug, viewer="ada", query=""):
    answer = httpx.get(stage.address(slug, viewer) + query, timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.text


def eventually(found, what):
    until = time.monotonic() + 120
    while not found():
        assert time.monotonic() < until, what
        time.sleep(0.1)


def test_the_page_is_of_one_run_and_only_the_kernel_differs(stage):
    first, second = get(stage, "shared"), get(stage, "shared", "bola")
    assert kernel_of(first) != kernel_of(second)
    assert first.replace(kernel_of(first), "") == second.replace(kernel_of(second), "")
    assert "import os" not in first


def test_a_page_that_is_asked_for_something_has_a_run_of_its_own(stage):
    shared, asked = get(stage, "shared"), get(stage, "shared", query="?a=b")
    assert run_of(asked)[1] == "a=b"
    assert run_of(asked)[0] != run_of(shared)[0]
    assert run_of(get(stage, "shared", "bola")) == run_of(shared)


def test_a_run_that_leaves_a_thread_is_not_shared_and_the_log_says_so(stage):
    first, second = get(stage, "threads"), get(stage, "threads", "bola")
    assert run_of(first)[0] != run_of(second)[0]
    assert "it leaves threads running" in stage.said("threads")


def test_a_cell_that_fails_shows_no_traceback_and_no_source(stage):
    page = get(stage, "broken")
    assert "There was an error when executing cell" in page
    assert "ZeroDivisionError" not in page
    assert "1 / 0" not in page
    assert "cell 2 does not run (ZeroDivisionError)" in stage.said("broken")


def test_kernels_can_be_told_apart_in_the_list_of_processes(stage):
    name = kernel_of(get(stage, "shared", "dai"))
    first = stage.theatre._processes["shared"]._process.pid

    def shown():
        found = 0
        for pid in processes.tree(first):
            with contextlib.suppress(OSError):
                found += f"kernel-{name}.json" in Path(f"/proc/{pid}/cmdline").read_text()
        return found == 1

    eventually(shown, "it does not say which kernel it is")


def test_an_app_that_dies_comes_back(stage):
    page = get(stage, "shared")
    process = stage.theatre._processes["shared"]._process
    os.killpg(process.pid, signal.SIGKILL)
    eventually(lambda: not stage.theatre.ledger.of("shared"), "its kernels are still known")
    assert stage.theatre.ledger.find("shared", kernel_of(page), "ada") is None
    assert kernel_of(get(stage, "shared"))
    assert stage.theatre._processes["shared"]._process.pid != process.pid


def test_an_app_without_viewers_is_stopped(stage, monkeypatch):
    monkeypatch.setattr(theatre, "IDLE_AFTER", 0.0)
    get(stage, "shared")
    stage.run(stage.theatre.tidy())
    assert stage.theatre._processes["shared"].runs, "somebody is looking at it"
    for kernel in stage.theatre.ledger.of("shared"):
        stage.run(stage.theatre.shut_down(kernel))
    stage.run(stage.theatre.tidy())
    assert not stage.theatre._processes["shared"].runs


def test_a_new_version_is_there_at_once_and_the_old_one_until_it_is_left(stage, tmp_path):
    look = "import os\nprint('first', os.listdir('workings'), open('data.csv').read(), 'END')"
    old = App("news", "News", "", "", write_notebook(tmp_path / "1", look), version=1)
    (tmp_path / "1" / "workings").mkdir()
    (tmp_path / "1" / "workings" / "table.json").write_text("what is hidden")
    (tmp_path / "1" / "data.csv").write_text("a,b")
    new = dataclasses.replace(old, notebook=write_notebook(tmp_path / "2", "print('second')"), version=2)
    stage.apps["news"] = old
    address = stage.address("news")
    first = httpx.get(address, timeout=120).text
    if stage.places.isolated:
        assert "first [] a,b END" in first, "the app sees what the hub added to its snapshot"
    stage.apps["news"] = new
    assert "second" in get(stage, "news", "bola")
    stage.run(stage.theatre.tidy())
    assert httpx.get(f"{address}api/kernels/{kernel_of(first)}").status_code == 200
    assert httpx.request("POST", f"{address}voila/api/shutdown/{kernel_of(first)}").status_code == 204
    stage.run(stage.theatre.tidy())
    assert list(stage.theatre._processes).count("news@1") == 0
    assert stage.theatre._processes["news@2"].runs
    del stage.apps["news"]
    for kernel in stage.theatre.ledger.of("news"):
        stage.run(stage.theatre.shut_down(kernel))
    stage.run(stage.theatre.tidy())
    assert "news@2" not in stage.theatre._processes


@pytest.mark.parametrize(
    ("slug", "cell", "limits"),
    [
        (
            "many",
            "import subprocess\nfor _ in range(60): subprocess.Popen(['sleep', '900'])\nimport time; time.sleep(900)",
            AppLimits(processes=40),
        ),
        ("large", "held = bytearray(600_000_000)\nimport time; time.sleep(900)", AppLimits(memory_mb=500)),
    ],
    ids=["processes", "memory"],
)
def test_an_app_that_takes_too_much_is_ended(stage, tmp_path, slug, cell, limits):
    notebook = write_notebook(tmp_path, cell)
    stage.apps[slug] = App(slug, slug, "", "", notebook, limits=limits)
    with contextlib.suppress(httpx.HTTPError):
        httpx.get(stage.address(slug), timeout=60)
    process = stage.theatre._processes[slug]
    eventually(lambda: not process.runs, "it runs on")
    eventually(lambda: stage.theatre.ledger.of(slug) == [], "its kernel is still in the ledger")
