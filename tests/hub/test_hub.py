"""A real hub, used as people use it."""

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


def test_a_person_logs_in_and_lands_in_their_lab(hub):
    visitor = hub.visitor("ada")
    assert visitor.answer.url.path == "/hub/home"
    visitor.lab()
    page = visitor.client.get("/")
    assert page.url.path == "/user/ada/lab/tree/notebooks/00-start-here.ipynb"
    assert '"hubUser": "ada"' in page.text


def test_a_wrong_password_opens_nothing(hub):
    visitor = hub.visitor("ada", "not-this-one")
    assert visitor.answer.status_code == 403
    assert visitor.client.get("/hub/api/user").status_code == 403


def test_a_name_that_nobody_has_opens_nothing(hub):
    assert hub.visitor("mallory", "anything").answer.status_code == 403


def test_the_hubs_own_pages_say_where_one_is_and_where_to_go(hub):
    assert "central register of London" in httpx.get(f"{hub.address}/hub/login").text
    visitor = hub.visitor("ada")
    assert "Your workbench" in visitor.answer.text
    assert 'href="/services/apps/"' in visitor.answer.text
    nowhere = visitor.client.get("/hub/nowhere")
    assert nowhere.status_code == 404
    assert 'href="/hub/home"' in nowhere.text.partition("There is no such page")[2]


def test_groups_come_from_the_file_of_people(hub):
    assert set(hub.visitor("bola").api("GET", "/user").json()["groups"]) == {"analysts", "publishers", "org-gla"}
    assert set(hub.visitor("chen").api("GET", "/user").json()["groups"]) == {"org-gla", "org-tfl", "stewards"}


def test_the_catalog_works_in_a_kernel_with_nothing_to_configure(hub):
    assert int(hub.lab("ada").run("from londata import catalog; print(len(catalog))")) > 0


def test_every_page_carries_a_policy(hub):
    headers = httpx.get(f"{hub.address}/hub/login").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_nothing_of_the_lab_asks_for_news(hub):
    settings = hub.lab("ada").client.get("/lab").text
    config = json.loads(settings.partition('id="jupyter-config-data" type="application/json">')[2].partition("<")[0])
    assert config["news"]["disabled"] is True
    assert "@jupyterlab/apputils-extension:announcements" in config["disabledExtensions"]


def test_a_second_hub_on_the_same_state_is_refused_in_a_sentence(hub):
    second = subprocess.run(**hub.command(LONDATA_HUB_PORT="1"), capture_output=True, text=True)
    assert second.returncode == 12
    assert "Another hub is already running" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_in_use_is_refused_in_a_sentence(hub, tmp_path):
    second = subprocess.run(
        **hub.command(LONDATA_HUB_STATE=str(tmp_path / "other")), capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 12
    assert f"Port {hub.port} cannot be used: address already in use." in second.stderr


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
