"""The button Publish of a real Lab in a real Chromium: a notebook becomes an app, by keys alone."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from running_hub import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.hub]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 90_000
SHIPPED = Path(__file__).resolve().parents[2] / "hub-config" / "lab" / "labextensions" / "londata-insights"
HOSTILE = "<img src=x onerror=\"document.title='taken'\">"


def write(path: Path, *cells: str, heading: str) -> None:
    content = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(f"# {heading}"), *map(nbformat.v4.new_code_cell, cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(content, path)


@pytest.fixture(scope="module")
def browser(hub):
    """Ada's browser, logged in, her Lab running, with two notebooks in her home."""
    hub.lab("ada")
    home = next((hub.state / "homes").glob("ada*"))
    write(home / "sizes.ipynb", "from londata import catalog\ncatalog.london_authorities.read()", heading="Authorities")
    write(home / "leaky.ipynb", f'password = "hunter2secret" # {HOSTILE}', heading=f"Leaky {HOSTILE}")
    path = shutil.which("chromium")
    assert path, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        made = chromium.new_context(viewport={"width": 1280, "height": 900})
        made.set_default_timeout(PATIENCE_MS)
        door = made.new_page()
        door.goto(f"{hub.address}/hub/login")
        door.get_by_label("Username").fill("ada")
        door.get_by_label("Password").fill(hub.passwords["ada"])
        door.get_by_role("button", name=re.compile("sign in|log in", re.I)).click()
        door.wait_for_url(re.compile(r"/user/ada/lab"))
        door.close()
        yield made
        chromium.close()
        expect.set_options(timeout=5_000)


@pytest.fixture
def page(hub, browser):
    made = browser.new_page()
    yield made
    look(made, "lab-publish-last")
    made.close()


def look(page: Page, name: str) -> None:
    """Keep what is seen where somebody wants to look at it."""
    if folder := os.environ.get("LONDATA_TEST_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_a_notebook_is_published_from_its_toolbar_by_keys_alone(hub, page):
    page.goto(f"{hub.address}/user/ada/lab/tree/sizes.ipynb")
    button = page.get_by_role("toolbar").get_by_role("button", name="Publish")
    expect(button).to_be_visible()
    page.wait_for_timeout(1500)  # Lab takes the focus while the notebook comes up
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Title")).to_have_value("Authorities")
    expect(dialog.get_by_label("Title")).to_be_focused()
    look(page, "lab-publish-form")
    page.keyboard.press("Tab")
    page.keyboard.type("Everybody at")
    expect(dialog.get_by_label("Who may open it")).to_have_value("hub")
    expect(dialog.get_by_label("People and bodies")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.type("Everybody knows who governs London.")
    look(page, "lab-publish-filled")
    dialog.get_by_role("button", name="Publish").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="passed its check")).to_be_visible()
    expect(page.get_by_label("What was found")).to_contain_text("It rests on london-authorities.")
    opened = page.get_by_role("dialog").get_by_role("link", name="Open it")
    expect(opened).to_have_attribute("href", "/services/apps/authorities/")
    look(page, "lab-published")
    page.keyboard.press("Escape")


def test_what_may_not_leave_is_said_from_the_palette_as_text(hub, page):
    page.goto(f"{hub.address}/user/ada/lab/tree/leaky.ipynb")
    expect(page.get_by_role("toolbar").get_by_role("button", name="Publish")).to_be_visible()
    found = page.locator(".lm-CommandPalette-item").filter(has_text="Publish this notebook")

    def ask():  # while Lab comes up it takes the focus, which closes what was opened
        page.keyboard.press("Escape")
        page.keyboard.press("Control+Shift+C")
        page.wait_for_timeout(300)
        page.keyboard.type("publish this")
        page.wait_for_timeout(1000)
        return found.count() == 1 and found.is_visible()

    wait_for(ask, 40, "the command in the palette")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Title")).to_have_value(f"Leaky {HOSTILE}")
    dialog.get_by_label("Public benefit").fill("None.")
    dialog.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status").filter(has_text="It was not published.")).to_be_visible()
    expect(page.get_by_label("What was found")).to_contain_text("holds what looks like a password")
    look(page, "lab-publish-refused")
    assert "taken" not in page.title()


def test_the_file_of_the_button_holds_no_secret_and_writes_no_markup():
    assert not re.search(
        r"token=|localStorage|\.cookie|Authorization|getToken|innerHTML|eval\(|fetch\(",
        (SHIPPED / "insights.js").read_text(),
    )
