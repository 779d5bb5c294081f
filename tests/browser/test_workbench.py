"""The whole path as a person walks it: a real Chromium, a real hub, a real kernel, a real Voila app."""

import contextlib
import re

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from app_viewers import alive
from running_hub import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.hub]

PATIENCE_MS = 60_000


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def log_in(page: Page, hub, name: str) -> None:
    page.goto(f"{hub.address}/hub/login")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(hub.passwords[name])
    page.get_by_role("button", name=re.compile("sign in|log in", re.I)).click()


def choose(page: Page, menu: str, item: str) -> None:
    """Choose an item of Lab's menu bar, and again where Lab came up meanwhile and shut the menu."""

    def chosen():
        page.keyboard.press("Escape")
        page.locator(".jp-Notebook:visible .jp-Cell").first.click()
        page.get_by_role("menuitem", name=menu, exact=True).click()
        with contextlib.suppress(TimeoutError):
            page.get_by_role("menuitem", name=item, exact=True).click(timeout=10_000)
            return True
        return False

    wait_for(chosen, 90, f"{item} in the menu {menu}")


def test_from_log_in_to_a_table_in_a_notebook(page, hub):
    log_in(page, hub, "bola")
    page.wait_for_url(re.compile(r"/user/bola/lab"))
    notebook = page.locator(".jp-Notebook:visible")
    expect(notebook).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".jp-NotebookPanel:visible").get_by_text("Python 3")).to_be_visible(timeout=PATIENCE_MS)

    table = notebook.locator("table.dataframe").first
    choose(page, "Edit", "Clear Outputs of All Cells")
    expect(notebook.locator(".jp-OutputArea-output")).to_have_count(0)
    choose(page, "Run", "Run All Cells")
    expect(table).to_be_visible(timeout=PATIENCE_MS)
    expect(table).to_contain_text("E09000001")
    expect(notebook.locator("[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    expect(notebook.locator("[data-mime-type='application/vnd.jupyter.error']")).to_have_count(0)


def test_an_app_answers_when_a_control_is_moved(page, hub):
    log_in(page, hub, "ada")
    page.wait_for_url(lambda url: "/hub/login" not in url, wait_until="commit")  # whoever leaves sooner is not known
    page.goto(f"{hub.address}/services/apps/borough-explorer/")
    chart = alive(page).get_by_role("img").first
    expect(chart).to_be_visible(timeout=PATIENCE_MS)
    before = chart.get_attribute("src"), chart.get_attribute("alt")

    expect(page.get_by_text("Hackney:")).to_have_count(0)
    page.get_by_label("Borough").select_option("Hackney")
    expect(page.get_by_text("Hackney:").first).to_be_visible()
    expect(chart).not_to_have_attribute("alt", before[1])
    assert chart.get_attribute("src") != before[0]

    for named in ("london-authorities", "borough-boundaries", "Office for National Statistics"):
        expect(page.get_by_text(named).first).to_be_visible()


def test_a_visitor_who_is_not_logged_in_is_sent_to_the_door(page, hub):
    page.goto(f"{hub.address}/services/apps/borough-explorer/")
    expect(page.get_by_label("Password")).to_be_visible()
