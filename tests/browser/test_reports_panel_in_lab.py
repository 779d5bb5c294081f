"""The tab Reports of a real Lab in a real Chromium: what comes next, how the last run ended, and its log."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import FrameLocator, Page, expect, sync_playwright

import reports_world as rw
from londata_hub import settings
from londata_hub.services.reports_look import REPORT_POLICY
from londata_hub.store.schedule_store import ScheduleStore
from running_hub import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.hub]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 60_000
POLICY = "content-security-policy"
API = "/services/reports/api/v1"
SHIPPED = Path(__file__).resolve().parents[2] / "hub-config" / "lab" / "labextensions" / "londata-reports"
TITLE = f"Homes each month {rw.HOSTILE}"


@pytest.fixture(scope="module")
def schedule(hub):
    """A schedule of ada's, made with her token as the SDK does, that was run and then stopped."""
    asked = {"headers": {"Authorization": f"token {hub.token('ada')}"}}
    new = {"template": "borough-profile", "when": "first Monday 07:00", "parameters": {"borough": "Camden"}}
    with httpx.Client(base_url=f"{hub.address}{API}", timeout=60, **asked) as client:
        made = client.post("/schedules", json=new | {"title": TITLE})
        assert made.status_code == 201, made.text
        made = made.json()
        client.post(f"/schedules/{made['id']}/run", json={}).raise_for_status()
        run = client.get(f"/schedules/{made['id']}/runs").json()["runs"][0]["id"]
        client.post(f"/runs/{run}/stop", json={})

        def is_over():
            found = client.get(f"/runs/{run}").json()
            return found if found["state"] not in ("waiting", "running") else None

        wait_for(is_over, 60, "the end of the run")
    known = settings.load(hub.command()["env"])
    with ScheduleStore(known.database, known.anchors) as store:
        assert store.find(made["id"]).owner == "ada"
    folder = known.state / "reports" / made["id"] / run
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log.txt").open("a") as log:
        log.write(f"seen in Lab {rw.HOSTILE}\n")
    return made


@pytest.fixture(scope="module")
def browser(hub):
    """Ada's browser, logged in, her Lab running."""
    path = shutil.which("chromium")
    assert path, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
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


@pytest.fixture
def page(hub, browser):
    """Her Lab in a new tab."""
    made = browser.new_page()
    made.goto(f"{hub.address}/user/ada/lab")
    expect(made.get_by_role("tab", name="Reports")).to_be_visible(timeout=PATIENCE_MS)
    yield made
    made.close()


def open_from_the_palette(page: Page) -> FrameLocator:
    """Open the tab by keys alone; returns what is in its frame."""
    found = page.locator(".lm-CommandPalette-item").filter(has_text="Reports that run themselves")

    def ask():  # while Lab comes up it takes the focus, which closes what was opened
        page.keyboard.press("Escape")
        page.keyboard.press("Control+Shift+C")
        page.wait_for_timeout(300)
        page.keyboard.type("reports that run")
        page.wait_for_timeout(1000)
        return found.count() == 1 and found.is_visible()

    wait_for(ask, 40, "the command in the palette")
    page.keyboard.press("Enter")
    return page.frame_locator("iframe[title='Reports that run themselves']")


def look(page: Page, name: str) -> None:
    """Keep what is seen where somebody wants to look at it."""
    if folder := os.environ.get("LONDATA_TEST_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_a_schedule_its_next_run_and_its_log_are_found_from_the_palette_of_lab(page, schedule):
    frame = open_from_the_palette(page)
    row = frame.get_by_role("row").filter(has_text="Homes each month")
    expect(row).to_contain_text("<script>")
    expect(row.locator("time").first).to_contain_text("Monday")
    expect(row).to_contain_text("stopped")
    look(page, "lab-reports")
    expect(frame.get_by_role("link", name="Your workbench")).to_have_attribute("target", "_blank")

    row.get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Homes each month")
    frame.get_by_text("Pause …").click()
    frame.get_by_label("Why?").first.fill("figures are revised")
    page.keyboard.press("Enter")
    expect(frame.get_by_text("paused: figures are revised")).to_be_visible()
    look(page, "lab-schedule")
    frame.get_by_role("table", name="All runs").get_by_role("link").click()
    expect(frame.locator("pre")).to_contain_text(f"seen in Lab {rw.HOSTILE}")
    look(page, "lab-run")
    page.get_by_role("button", name="Show again").click()
    expect(frame.locator("pre")).to_contain_text("seen in Lab")
    assert "taken" not in page.title()


@pytest.fixture
def other_site(tmp_path):
    """Another origin, though the same site to the cookies."""
    (tmp_path / "index.html").write_text("<p>another site</p>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_another_site_cannot_frame_the_pages(browser, hub, schedule, other_site):
    trap = browser.new_page()
    trap.goto(f"{hub.address}/services/reports/")
    expect(trap.get_by_role("heading", level=1)).to_have_text("Reports")  # known here: no log-in comes between
    trap.goto(other_site)
    refused = []
    trap.on("requestfailed", lambda request: refused.append((request.url, request.failure)))
    trap.evaluate(
        "at => { const frame = document.createElement('iframe'); frame.src = at; document.body.append(frame); }",
        f"{hub.address}/services/reports/",
    )
    wait_for(lambda: trap.wait_for_timeout(100) or refused, 30, "the refusal")
    assert refused == [(f"{hub.address}/services/reports/", "net::ERR_BLOCKED_BY_RESPONSE")]
    wait_for(lambda: trap.wait_for_timeout(100) or trap.frames[1].url, 30, "what stands in its place")
    assert trap.frames[1].url.startswith("chrome-error:")
    trap.close()
    ada = hub.visitor("ada").client
    assert "frame-ancestors 'self'" in ada.get(f"/services/reports/schedules/{schedule['id']}").headers[POLICY]
    assert "frame-ancestors 'none'" in ada.get("/user/ada/lab").headers[POLICY]
    assert "frame-ancestors 'none'" in REPORT_POLICY


def test_the_file_of_the_tab_is_the_same_for_everybody_and_holds_no_secret(browser, hub):
    shipped = (SHIPPED / "reports.js").read_text()
    load = json.loads((SHIPPED / "package.json").read_text())["jupyterlab"]["_build"]["load"]
    address = f"/user/ada/lab/extensions/londata-reports/{load}"
    for client in (hub.visitor("ada").client, hub.client(base_url=hub.address)):  # as each file that Lab is made of
        served = client.get(address)
        assert (served.status_code, served.text) == (200, shipped)
    assert not re.search(r"token=|localStorage|\.cookie|Authorization|getToken|innerHTML|eval\(", shipped)


def test_the_launcher_leads_to_the_tab_too(page, schedule):
    page.keyboard.press("Control+Shift+L")
    card = page.locator(".jp-LauncherCard").filter(has_text="Reports that run themselves")
    expect(card.first).to_be_visible(timeout=30_000)
    look(page, "lab-launcher")
    card.first.focus()
    page.keyboard.press("Enter")
    frame = page.frame_locator("iframe[title='Reports that run themselves']")
    expect(frame.get_by_role("link", name=re.compile("Homes each month"))).to_be_visible()


def test_who_is_logged_out_is_told_so_in_the_tab(page):
    frame = open_from_the_palette(page)
    expect(frame.get_by_role("heading", level=1)).to_have_text("Reports")
    page.context.clear_cookies()
    page.get_by_role("button", name="Show again").click()
    expect(page.get_by_role("status").filter(has_text="you may be logged out")).to_be_visible()
