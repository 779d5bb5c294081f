"""What starts processes without end is refused by the system itself, for root as for everybody else. No hub."""

import os
import subprocess
import sys

import pytest

from londata.kernels import crowds
from londata_hub import launch, sandbox, settings
from londata_hub.wiring import folders

# Each forked one only sleeps, and there are never more than a few: harmless where nothing refuses them.
CROWD = """
import os, signal, sys, time
{first}
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
started = []
try:
    for _ in range({many}):
        pid = os.fork()
        if not pid:
            time.sleep(300)
            os._exit(0)
        started.append(pid)
except BlockingIOError:
    print("refused after", len(started))
finally:
    for pid in started:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
"""


def said_by(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.splitlines()


def refused_after(line):
    assert line.startswith("refused after "), line
    return int(line.rpartition(" ")[2])


def test_a_kernel_is_refused_more_processes_than_it_may_have():
    room = 2 * 4 + 32 * (os.cpu_count() or 1)
    first = "from londata.kernels import Limits\nprint(Limits(processes=4).apply())"
    unbounded, *said = said_by([sys.executable, "-c", CROWD.format(first=first, many=room + 50)])
    assert unbounded == crowds.why_not()
    if not unbounded:
        assert 1 < refused_after(said[0]) <= room


NOT_HERE = pytest.mark.skipif(bool(os.getuid()) or bool(crowds.why_not()), reason="there are no groups here")


@NOT_HERE
def test_a_sandbox_of_a_hub_that_runs_as_root_is_refused_more_processes_than_it_may_have(tmp_path):
    for folder in ("home", "doors"):
        (tmp_path / folder).mkdir()
    accounts = sandbox.write_accounts(tmp_path, "ada")
    box = sandbox.Sandbox("ada", tmp_path / "home", tmp_path / "doors", accounts, sandbox.interpreter(), tasks=40)
    command = box.command_line([sys.executable, "-S", "-c", CROWD.format(first="", many=100)])
    (said,) = said_by(command)
    assert 1 < refused_after(said) < 40


@NOT_HERE
def test_many_who_enter_at_once_clear_away_only_what_is_empty():
    place = crowds._place()
    before = len(list(place.glob("londata-*")))
    enter = "from londata.kernels import crowds\nfor _ in range(5): assert not crowds.enter(50)"
    running = [subprocess.Popen([sys.executable, "-c", enter]) for _ in range(4)]
    running += [subprocess.Popen(crowds.bounded(["/bin/sh", "-c", "exit 7"], 50)) for _ in range(12)]
    assert [each.wait(120) for each in running] == [0] * 4 + [7] * 12
    assert said_by(crowds.bounded(["/bin/echo", "in a group"], 50)) == ["in a group"]
    assert len(list(place.glob("londata-*"))) < before + 16


@pytest.mark.skipif(os.getuid() != 0, reason="who is not root needs no groups")
def test_where_no_group_can_be_made_a_hub_that_runs_as_root_says_so(tmp_path, monkeypatch):
    hub = settings.load({"LONDATA_HUB_STATE": str(tmp_path)})
    folders.prepare(hub)
    assert (crowds.NO_GROUPS in launch.welcome(hub, "")) is bool(crowds.why_not())
    monkeypatch.setattr(crowds, "PLACES", (tmp_path / "nowhere", tmp_path))
    crowds._place.cache_clear()
    try:
        assert crowds.NO_GROUPS in launch.welcome(hub, "")
        assert crowds.enter(50) == crowds.NO_GROUPS
        assert crowds.bounded(["true"], 50) == ["true"]
    finally:
        crowds._place.cache_clear()
