"""A kernel for each project: what Lab lists, what a kernel gets, and what is left when the register is silent."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import KernelManager

from asking_world import HOSTILE, asking_world, project

LAB = Path(__file__).resolve().parents[2] / "hub-config" / "lab"


@pytest.fixture(scope="module")
def kernels():
    """The module as the Lab finds it: beside the program that starts it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(LAB))
        import project_kernels

        yield project_kernels
        del sys.modules["project_kernels"]


@pytest.fixture
def world(tmp_path, shared_catalog, monkeypatch):
    with asking_world(tmp_path, shared_catalog) as world:
        monkeypatch.setenv("LONDATA_REGISTER", world.address)
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "dora")
        yield world


def listed(manager):
    return asyncio.run(manager.get_all_specs())


def test_each_project_has_a_kernel_beside_plain_python(world, kernels):
    specs = listed(kernels.ProjectKernels())
    assert {"python3", "project-school-places", "project-commuting"} <= set(specs)
    ours, plain = specs["project-school-places"]["spec"], specs["python3"]["spec"]
    assert ours["display_name"] == "Project: School places"
    assert ours["env"] == plain["env"] | {"LONDATA_PROJECT": "school-places"}
    assert (ours["argv"], ours["language"]) == (plain["argv"], plain["language"])
    assert "LONDATA_PROJECT" not in plain["env"]


def test_a_hostile_title_is_shown_and_is_no_name(world, kernels):
    specs = listed(kernels.ProjectKernels())
    assert specs["project-commuting"]["spec"]["display_name"].startswith("Project: <img src=x")
    for name in ("project-../../etc", f"project-{HOSTILE}", "project-", "project-no-such", "project-PYTHON3"):
        with pytest.raises(NoSuchKernel):
            kernels.ProjectKernels().get_kernel_spec(name)


def test_two_projects_of_one_title_are_told_apart(world, kernels):
    world.access.record(project(id="commuting", members=["dora"]), "tests")
    specs = listed(kernels.ProjectKernels())
    assert specs["project-commuting"]["spec"]["display_name"] == "Project: commuting"
    assert specs["project-school-places"]["spec"]["display_name"] == "Project: school-places"


def test_a_card_has_room_for_the_name_of_its_kernel(world, kernels):
    for title, shown in (
        ("School places in Camden (demonstration)", "Project: School places in Camden"),
        ("Places (2027)", "Project: Places (2027)"),
        ("Places for every child that moves into the borough", "Project: Places for every child that mo…"),
    ):
        world.access.record(project(id="commuting", title=title, members=["dora"]), "tests")
        assert listed(kernels.ProjectKernels())["project-commuting"]["spec"]["display_name"] == shown
        assert len(shown) <= 40


def test_only_ones_own_projects_are_listed(world, kernels, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "bola")
    manager = kernels.ProjectKernels()
    assert not [name for name in listed(manager) if name.startswith("project-")]
    with pytest.raises(NoSuchKernel):
        manager.get_kernel_spec("project-school-places")


def test_the_answer_is_kept_for_some_seconds_and_then_asked_again(world, kernels):
    lasting, forgetful = kernels.ProjectKernels(keep_s=600), kernels.ProjectKernels(keep_s=0)
    assert "project-commuting" in listed(lasting).keys() & listed(forgetful).keys()
    world.access.record(project(id="commuting", title="Gone", members=["ada"]), "tests")
    assert "project-commuting" in listed(lasting)
    assert "project-commuting" not in listed(forgetful)
    assert forgetful.get_kernel_spec("project-commuting").env["LONDATA_PROJECT"] == "commuting"  # its notebook is open


@pytest.mark.parametrize("token", ["dora", "forged"])
def test_while_the_register_is_silent_there_is_plain_python_and_a_line_in_the_log(
    tmp_path, shared_catalog, monkeypatch, kernels, caplog, token
):
    with asking_world(tmp_path, shared_catalog) as world:
        monkeypatch.setenv("LONDATA_REGISTER", world.address)
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", token)
        if token == "forged":
            silent = kernels.ProjectKernels(log=logging.getLogger("lab"))
            specs = listed(silent)
    if token == "dora":
        silent = kernels.ProjectKernels(log=logging.getLogger("lab"))
        specs = listed(silent)
    assert "python3" in specs
    assert not [name for name in specs if name.startswith("project-")]
    assert "No kernels for projects" in caplog.text
    assert silent.get_kernel_spec("python3").display_name


def test_without_a_hub_there_is_plain_python(kernels, monkeypatch, caplog):
    monkeypatch.setenv("LONDATA_REGISTER", "")
    assert not [name for name in listed(kernels.ProjectKernels()) if name.startswith("project-")]
    assert caplog.text == ""


def test_a_kernel_works_for_its_project_and_another_kernel_is_another_process(world, kernels, tmp_path):
    found = []
    for name in ("project-school-places", "project-commuting"):
        manager = KernelManager(kernel_name=name, kernel_spec_manager=kernels.ProjectKernels(), transport="ipc")
        manager.connection_file = str(tmp_path / f"{name[8:12]}.json")
        manager.start_kernel()
        client = manager.blocking_client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=60)
            said = []
            code = "import os; from londata import session; print(session.project(), os.getsid(0) == os.getpid())"
            client.execute_interactive(
                code,
                timeout=60,
                allow_stdin=False,
                output_hook=lambda message, said=said: said.append(message["content"].get("text", "")),
            )
            found.append("".join(said).split())
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    assert found == [["school-places", "True"], ["commuting", "True"]]


@pytest.mark.hub
def test_in_the_hub_another_kernel_for_a_notebook_is_another_session_with_its_own_purpose(hub):
    lab = hub.lab("ada")
    specs = lab.client.get("/api/kernelspecs").raise_for_status().json()["kernelspecs"]
    assert specs["project-school-places"]["spec"]["display_name"] == "Project: School places in Camden"
    ask = "import os; from londata import session; print(session.project(), os.getsid(0))"
    notebook = {"path": "a.ipynb", "name": "a.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
    made = lab.client.post("/api/sessions", json=notebook).raise_for_status().json()
    lab.kernel = made["kernel"]["id"]
    before = lab.run(ask).split()
    chosen = {"kernel": {"name": "project-school-places", "id": None}}
    changed = lab.client.patch(f"/api/sessions/{made['id']}", json=chosen).raise_for_status().json()
    lab.kernel = changed["kernel"]["id"]
    after = lab.run(ask).split()
    assert (before[0], after[0]) == ("None", "school-places")
    assert before[1] != after[1]
    lab.client.delete(f"/api/sessions/{made['id']}").raise_for_status()
