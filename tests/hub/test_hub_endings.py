"""A real hub that is stopped, killed, or started where it cannot keep people apart."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from londata_hub import settings
from londata_hub.spawner.processes import children
from running_hub import wait_for

pytestmark = pytest.mark.hub


def family(process):
    """Every process below one, as (number, moment it was started): numbers are used again, moments are not."""
    found, waiting = set(), [process]
    while waiting:
        for child in children(waiting.pop()):
            waiting.append(child)
            if moment := started(child):
                found.add((child, moment))
    return found


def started(process):
    try:
        fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def still_alive(processes):
    return {number for number, moment in processes if started(number) == moment}


def test_a_group_that_is_left_is_left_within_a_minute(new_hub):
    visitor = new_hub.start().visitor("bola")
    token = {"Authorization": f"token {visitor.new_token()}"}

    def groups():
        return set(httpx.get(f"{new_hub.address}/hub/api/user", headers=token).json()["groups"])

    assert groups() == {"analysts", "publishers", "org-gla"}
    people = json.loads((new_hub.state / "users.json").read_text())
    people["bola"]["groups"] = ["analysts"]
    (new_hub.state / "users.json").write_text(json.dumps(people))
    wait_for(lambda: groups() == {"analysts"}, 60, "the smaller set of groups")


def test_stopping_ends_every_process_and_starting_again_keeps_all_state(new_hub):
    lab = new_hub.start().lab("ada")
    lab.run(
        "import pathlib, subprocess\n"
        "pathlib.Path.home().joinpath('mine.txt').write_text('kept')\n"
        "subprocess.Popen(['sleep', '1000'], start_new_session=True)"
    )
    everybody, passwords, token = family(new_hub.process.pid), new_hub.passwords, lab.token
    sockets = settings.load({**os.environ, "LONDATA_HUB_STATE": str(new_hub.state)}).sockets
    assert sockets.is_dir()
    assert len(everybody) > 6
    assert new_hub.stop(signal.SIGINT) == 0
    assert re.search(r"Stopping.*\nStopped\.", new_hub.output)
    assert not still_alive(everybody)
    assert not sockets.exists()

    new_hub.start()
    assert new_hub.passwords == passwords
    assert passwords["ada"] in new_hub.output
    answer = httpx.get(f"{new_hub.address}/hub/api/user", headers={"Authorization": f"token {token}"})
    assert answer.json()["name"] == "ada"
    assert new_hub.lab("ada").run("print(open('/home/ada/mine.txt').read())") == "kept\n"


@pytest.mark.parametrize("who", ["hub", "launcher"])
def test_a_violent_death_leaves_nothing_behind(new_hub, who):
    new_hub.start().lab("ada").run("import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)")
    everybody = family(new_hub.process.pid)
    victim = new_hub.process.pid if who == "launcher" else children(new_hub.process.pid)[0]
    subprocess.run(["kill", "-KILL", str(victim)], check=True)
    new_hub.process.wait(60)
    wait_for(lambda: not still_alive(everybody), 30, "the end of everybody")
    if who == "hub":
        assert "The hub stopped by itself." in new_hub.output


def test_without_walls_the_hub_runs_and_says_so_where_nobody_can_miss_it(new_hub, tmp_path):
    (tmp_path / "bin").mkdir()
    for program in ("node", "sh", "env"):
        (tmp_path / "bin" / program).symlink_to(Path(shutil.which(program)).resolve())
    new_hub.environ["PATH"] = str(tmp_path / "bin")
    new_hub.start()
    assert "!! Users are NOT kept apart on this hub, because bubblewrap is not installed" in new_hub.output
    assert "NOT kept apart" in httpx.get(f"{new_hub.address}/hub/login").text
    assert new_hub.lab("ada").run("import os; print(os.environ['HOME'])").strip() == str(
        new_hub.state / "homes" / "ada"
    )
    everybody = family(new_hub.process.pid)
    assert new_hub.stop(signal.SIGTERM) == 0
    assert not still_alive(everybody)
