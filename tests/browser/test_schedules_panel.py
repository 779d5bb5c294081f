"""The panel of schedules in a real Chromium: a real Voila, a real kernel, the real service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect

import reports_world as rw
from running_hub import free_port, wait_for

pytestmark = pytest.mark.browser

LOOK = Path(__file__).resolve().parents[2] / "sdk" / "londata" / "widgets" / "look"
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with rw.reports_world(tmp_path_factory.mktemp("world")) as world:
        yield world


def answers(address):
    try:
        return httpx.get(address).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def address(there, tmp_path_factory):
    """Voila with the panel, as ada."""
    folder = tmp_path_factory.mktemp("voila")
    code = "import londata.widgets\nlondata.widgets.schedule_panel()"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=[new_code_cell(code)], metadata={"kernelspec": kernel, "title": "panel"})
    nbformat.write(notebook, folder / "panel.ipynb")
    port = free_port()
    command = [sys.executable, "-m", "voila", "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
    command += ["--template=londata", "--KernelManager.transport=ipc", str(folder)]
    (folder / "r").mkdir()
    environ = os.environ | {"LONDATA_REPORTS": f"{there.address}{rw.PREFIX}", "LONDATA_TOKEN": "ada"}
    environ |= {"HOME": str(folder), "JUPYTER_PATH": str(LOOK), "JUPYTER_RUNTIME_DIR": str(folder / "r")}
    environ |= {"LONDATA_PROJECT": "", "LONDATA_REGISTER": ""}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}"), what="Voila")
        yield f"http://127.0.0.1:{port}/voila/render/panel.ipynb"
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def page(chromium):
    made = chromium.new_page(viewport={"width": 1280, "height": 900})
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


def look(page: Page, name: str) -> None:
    """Keep what is seen where somebody wants to look at it; on a narrow screen nothing scrolls sideways."""
    folder = os.environ.get("LONDATA_TEST_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    page.set_viewport_size({"width": 320, "height": 900})
    page.wait_for_function("document.documentElement.scrollWidth <= 320")
    if folder:
        page.screenshot(path=f"{folder}/{name}-narrow.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_report_is_scheduled_looked_at_and_ended_in_the_panel(page, address, there):
    page.goto(address)
    expect(page.get_by_text("You have no schedules yet.")).to_be_visible()
    send = page.get_by_role("button", name="Schedule it")
    send.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("No template is chosen.")
    page.get_by_label("Template", exact=True).select_option(label="Borough profile")
    page.get_by_label("Borough", exact=True).select_option(label="A report for each borough")
    when = page.get_by_label("When", exact=True)
    when.press_sequentially("first Monda")
    expect(page.get_by_role("status").first).to_contain_text("Say, for example,")
    when.press_sequentially("y 07:00")
    moments = page.locator(".londata-moments li")
    expect(moments).to_have_count(5)
    expect(moments.first).to_contain_text("Monday")
    page.get_by_label("Title", exact=True).fill(f"For {rw.HOSTILE}")
    page.get_by_label("Who else may see").fill("org-{each}")
    page.get_by_label("Who is told").fill("ada@gla.example")
    look(page, "panel-form")
    send.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="It is scheduled")).to_be_visible()
    made = there.store.of("ada")[0]
    assert (made.each, made.audience, made.notify, made.title) == (
        "borough", ("org-{each}",), ("mailto:ada@gla.example",), f"For {rw.HOSTILE}",
    )  # fmt: skip

    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("status").filter(has_text="The hub runs it now")).to_be_visible()
    run = there.store.runs(made.id)[0]
    (there.run_folder(made, run) / "log.txt").write_text(f"Camden {rw.HOSTILE}\n")
    page.get_by_role("button", name="Show the newest log").click()
    expect(page.locator(".londata-log pre")).to_contain_text(f"Camden {rw.HOSTILE}")
    page.get_by_label("Reason", exact=True).fill("revised figures")
    page.get_by_label("Reason", exact=True).press("Tab")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("table").first).to_contain_text("paused: revised figures")
    look(page, "panel-paused")
    page.get_by_role("button", name="End for good").click()
    page.get_by_role("button", name="No, keep it").click()
    assert there.store.find(made.id).state == "paused"
    page.get_by_role("button", name="End for good").click()
    page.get_by_role("button", name="Yes, end it").click()
    expect(page.get_by_role("table").first).to_contain_text("ended")
    assert there.store.find(made.id).state == "ended"
    expect(page.get_by_role("button", name="Run now")).to_be_hidden()
    assert page.title() == "panel – londata"
    assert page.locator("#rendered_cells img").count() == 0
