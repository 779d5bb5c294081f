"""A real hub, used as people use it."""

import json
import subprocess

import httpx
import pytest

from running_hub import wait_for

pytestmark = pytest.mark.hub


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
    assert 'href="/services/insights/"' in visitor.answer.text
    nowhere = visitor.client.get("/hub/nowhere")
    assert nowhere.status_code == 404
    assert 'href="/hub/home"' in nowhere.text.partition("There is no such page")[2]


def test_groups_come_from_the_file_of_people(hub):
    assert set(hub.visitor("bola").api("GET", "/user").json()["groups"]) == {"analysts", "publishers", "org-gla"}
    assert set(hub.visitor("chen").api("GET", "/user").json()["groups"]) == {"org-gla", "org-tfl", "stewards"}


def test_a_group_that_is_left_is_left_within_a_minute(hub):
    token = {"Authorization": f"token {hub.token('bola')}"}
    people = hub.state / "users.json"
    before = people.read_text()

    def groups():
        return set(httpx.get(f"{hub.address}/hub/api/user", headers=token).json()["groups"])

    assert groups() == {"analysts", "publishers", "org-gla"}
    changed = json.loads(before)
    changed["bola"]["groups"] = ["analysts"]
    try:
        people.write_text(json.dumps(changed))
        wait_for(lambda: groups() == {"analysts"}, 60, "the smaller set of groups")
    finally:
        people.write_text(before)
    wait_for(lambda: "publishers" in groups(), 60, "the groups as they were")


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
