"""The forms about access in a real Chromium: a real Voila, real kernels, the real register service."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect

from asking_world import HOSTILE, LAST_DAY, PEOPLE, TODAY, asking_world
from londata.records import AccessRequest
from running_hub import free_port, wait_for

pytestmark = pytest.mark.browser

LOOK = Path(__file__).resolve().parents[2] / "sdk" / "londata" / "widgets" / "look"
PATIENCE_MS = 60_000
PAGES = {
    "ask": ("ada", "londata.widgets.request_form(londata.catalog.exclusions)"),
    "pick": ("dora", "londata.widgets.project_picker()"),
    "desk": ("chen", "londata.widgets.steward_desk()"),
}


@contextmanager
def voila(folder: Path, register: str):
    """Serve notebooks with one form each, every one as somebody else; gives the address."""
    for name, (person, form) in PAGES.items():
        code = f"import os\nos.environ['LONDATA_TOKEN'] = '{person}'\nimport londata\n{form}"
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = new_notebook(cells=[new_code_cell(code)], metadata={"kernelspec": kernel, "title": name})
        nbformat.write(notebook, folder / f"{name}.ipynb")
    port = free_port()
    command = [sys.executable, "-m", "voila", "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
    command += ["--template=londata", "--KernelManager.transport=ipc", str(folder)]
    runtime = folder / "r"
    runtime.mkdir()
    environ = os.environ | {"LONDATA_REGISTER": register, "HOME": str(folder), "JUPYTER_PATH": str(LOOK)}
    environ |= {"JUPYTER_RUNTIME_DIR": str(runtime), "LONDATA_PROJECT": ""}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(address), what="Voila")
        yield f"{address}/voila/render"
    finally:
        process.terminate()
        process.wait(30)


def _answers(address):
    try:
        return httpx.get(address).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def served(tmp_path_factory, shared_catalog):
    """The register service and Voila, with two requests that wait."""
    with asking_world(tmp_path_factory.mktemp("world"), shared_catalog) as world:
        entries = {each: world.access.entry(each) for each in ("school-rolls", "exclusions")}
        for person, slug in (("ada", "school-rolls"), ("dora", "exclusions")):
            world.access.ask(PEOPLE[person], entries[slug], "school-places", f"{person} plans. {HOSTILE}")
        with voila(tmp_path_factory.mktemp("voila"), world.address) as address:
            yield world, address


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def fits(page: Page):
    """Tell whether the page needs no scrolling sideways on a narrow screen, and is wide again after."""
    page.set_viewport_size({"width": 320, "height": 900})
    page.wait_for_function("document.documentElement.scrollWidth <= 320")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_an_analyst_asks_with_the_keyboard_and_is_told_beside_the_field_what_is_missing(page, served):
    _, address = served
    page.goto(f"{address}/ask.ipynb")
    why = page.get_by_label("Why do you need it?")
    expect(page.get_by_label("Project")).to_have_value("School places (school-places)")
    why.focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Send the request")).to_be_focused()
    page.keyboard.press("Enter")
    error = page.get_by_role("alert")
    expect(error).to_have_text(
        "Error: The reason why you need it is missing. Say it in a sentence: somebody will go by it."
    )
    fits(page)
    above, below = why.bounding_box(), error.bounding_box()
    assert 0 < below["y"] - above["y"] - above["height"] < 120

    why.fill(f"To plan for 2027 {HOSTILE}")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    answer = page.get_by_role("status")
    expect(answer).to_contain_text("Your request was sent.")
    expect(answer).to_contain_text("the stewards of Schools and Learning")
    expect(answer).to_contain_text(f"To plan for 2027 {HOSTILE}")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("button", name="Send the request")).to_be_disabled()
    assert page.locator("#rendered_cells img").count() == 0
    assert page.title() == "ask – londata"
    fits(page)


def test_the_picker_fixes_the_project_of_its_kernel(page, served):
    _, address = served
    page.goto(f"{address}/pick.ipynb")
    page.get_by_role("button", name="Work for this project").click()
    expect(page.get_by_role("alert")).to_contain_text("No project is chosen.")
    page.get_by_label("Project").select_option("School places (school-places)")
    page.get_by_role("button", name="Work for this project").click()
    expect(page.get_by_role("status")).to_contain_text("This kernel works for School places (school-places)")
    expect(page.get_by_label("Project")).to_be_disabled()
    fits(page)


def test_a_steward_approves_until_a_day_that_is_allowed_and_refuses_with_a_reason(page, served):
    world, address = served
    page.goto(f"{address}/desk.ipynb")
    table, until = page.get_by_role("table"), page.get_by_label("Give access until")
    for expected in (
        "ada",
        "camden",
        "School rolls by pupil",
        "Plan school places",
        "ISA-014",
        f"ada plans. {HOSTILE}",
    ):
        expect(table).to_contain_text(expected)
    assert page.locator("#rendered_cells img").count() == 0
    page.get_by_label("Request to decide").select_option(index=_place_of(page, "ada: School rolls"))
    expect(until).to_have_value("")  # a day is chosen, never only accepted
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("No day is given until which access lasts.")
    assert _of(world, "ada", "school-rolls").state == "open"
    until.fill((TODAY + dt.timedelta(days=1096)).isoformat())
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("That is too late")
    fits(page)
    until.fill(LAST_DAY.isoformat())
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status")).to_contain_text("approved until")
    expect(table).to_contain_text("approved until")
    assert _of(world, "ada", "school-rolls").state == "approved"

    page.get_by_label("Request to decide").select_option(index=_place_of(page, "dora: "))
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_role("alert")).to_contain_text("The reason is missing.")
    page.get_by_label("Reason for refusing").fill(f"There is an open summary. {HOSTILE}")
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_role("status")).to_contain_text("refused by chen")
    expect(table).to_contain_text(f"There is an open summary. {HOSTILE}")
    assert _of(world, "dora", "exclusions").state == "refused"
    assert page.title() == "desk – londata"
    fits(page)


def _place_of(page: Page, beginning: str) -> int:
    expect(page.get_by_label("Request to decide")).to_contain_text(beginning)
    options = page.get_by_label("Request to decide").locator("option").all_text_contents()
    return next(place for place, text in enumerate(options) if text.replace("\xa0", " ").startswith(beginning))


def _of(world, person: str, entry: str) -> AccessRequest:
    return next(each for each in world.access.requests(subject=person) if each.entry == entry)
