"""A real hub that is killed, started again, or started where it cannot keep people apart.

That Ctrl-C ends every process is seen where the hub of all tests ends: ``RunningHub.end``.
"""

import contextlib
import shutil
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from londata_hub.spawner.processes import children
from running_hub import family, still_alive, wait_for

pytestmark = pytest.mark.hub


class Before:
    """What was there when the hub was killed."""

    def __init__(self, hub, lab):
        self.passwords, self.token = hub.passwords, lab.token


def lab_with_a_process_that_stays(hub):
    """A Lab in which somebody has started a process that no kernel ends."""
    lab = hub.lab("ada")
    lab.run("import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)")
    return lab


def jupyterhub_of(launcher):
    """The hub's own process; what the launcher has adopted may have a lower number, since numbers begin again."""
    found = []
    for child in children(launcher):
        with contextlib.suppress(OSError):  # one that has ended meanwhile
            found += [child] * (b"londata_hub.launch.jupyterhub" in Path(f"/proc/{child}/cmdline").read_bytes())
    (hub,) = found
    return hub


def kill(process):
    subprocess.run(["kill", "-KILL", str(process)], check=True)


@pytest.fixture(scope="module")
def killed(operators_hub):
    """The hub's own process was killed, while somebody worked; what there was before."""
    hub = operators_hub.up()
    lab = lab_with_a_process_that_stays(hub)
    lab.run("import pathlib; pathlib.Path.home().joinpath('mine.txt').write_text('kept')")
    before, everybody = Before(hub, lab), family(hub.process.pid)
    kill(jupyterhub_of(hub.process.pid))
    hub.process.wait(60)
    before.left = wait_for_the_end_of(everybody)
    before.said = hub.output
    hub.hang_up()
    return before


def wait_for_the_end_of(everybody):
    """Wait until nobody is left; give those who still are."""
    with contextlib.suppress(AssertionError):
        wait_for(lambda: not still_alive(everybody), 60)
    return still_alive(everybody)


def test_a_hub_that_is_killed_leaves_nothing_behind_and_says_so(killed):
    assert not killed.left
    assert "The hub stopped by itself." in killed.said


def test_starting_again_keeps_all_state(operators_hub, killed):
    hub = operators_hub.up()
    assert hub.passwords == killed.passwords
    assert killed.passwords["ada"] in hub.output
    answer = httpx.get(f"{hub.address}/hub/api/user", headers={"Authorization": f"token {killed.token}"})
    assert answer.json()["name"] == "ada"
    assert hub.lab("ada").run("print(open('/home/ada/mine.txt').read())") == "kept\n"


def test_a_launcher_that_is_killed_leaves_nothing_behind(operators_hub):
    hub = operators_hub.up()
    lab_with_a_process_that_stays(hub)
    everybody = family(hub.process.pid)
    kill(hub.process.pid)
    hub.process.wait(60)
    assert not wait_for_the_end_of(everybody)
    hub.hang_up()


def test_without_walls_the_hub_runs_and_says_so_where_nobody_can_miss_it(operators_hub, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    for program in ("node", "sh", "env"):
        (tmp_path / "bin" / program).symlink_to(Path(shutil.which(program)).resolve())
    hub = operators_hub
    if hub.process and hub.process.poll() is None:
        hub.stop()
    monkeypatch.setitem(hub.environ, "PATH", str(tmp_path / "bin"))
    hub.start()
    assert "!! Users are NOT kept apart on this hub, because bubblewrap is not installed" in hub.output
    assert "NOT kept apart" in httpx.get(f"{hub.address}/hub/login").text
    assert hub.lab("ada").run("import os; print(os.environ['HOME'])").strip() == str(hub.state / "homes" / "ada")
    everybody = family(hub.process.pid)
    assert hub.stop(signal.SIGTERM) == 0
    assert not still_alive(everybody)
