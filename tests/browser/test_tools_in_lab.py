"""What the hub adds to Lab, in a real Lab in a real Chromium: the tab Reports, and the button Publish.

One log-in and one Lab serve both: to start them is most of what these tests cost.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import nbformat
import pytest
from playwright.sync_api import FrameLocator, Locator, Page, TimeoutError, expect

import reports_world as rw
from londata.records.vocabulary import LICENCES
from londata_hub import settings
from londata_hub.services.reports_look import REPORT_POLICY
from londata_hub.store.schedule_store import ScheduleStore
from running_hub import PATIENCE_S, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.hub]

PATIENCE_MS = 90_000
POLICY = "content-security-policy"
API = "/services/reports/api/v1"
EXTENSIONS = Path(__file__).resolve().parents[2] / "hub-config" / "lab" / "labextensions"
SHIPPED, BUTTON = EXTENSIONS / "londata-reports", EXTENSIONS / "londata-insights" / "insights.js"
SECRETS = r"token=|localStorage|\.cookie|Authorization|getToken|innerHTML|eval\("
HOSTILE = "<img src=x onerror=\"document.title='taken'\">"
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


def write(path: Path, *cells: str, heading: str) -> None:
    content = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(f"# {heading}"), *map(nbformat.v4.new_code_cell, cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(content, path)


@pytest.fixture(scope="module")
def browser(chromium, hub):
    """Ada's browser, logged in, her Lab running, with two notebooks in her home, in the theme that hides most."""
    themes = "/lab/api/settings/@jupyterlab/apputils-extension:themes"
    chosen = json.dumps({"theme": "JupyterLab Dark High Contrast"})
    hub.lab("ada").client.put(themes, json={"raw": chosen}).raise_for_status()
    home = next((hub.state / "homes").glob("ada*"))
    write(home / "sizes.ipynb", "from londata import catalog\ncatalog.london_authorities.read()", heading="Authorities")
    write(home / "leaky.ipynb", f'password = "hunter2secret" # {HOSTILE}', heading=f"Leaky {HOSTILE}")
    expect.set_options(timeout=PATIENCE_MS)
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
    made.close()
    expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.fixture
def tab(browser):
    """A new tab of her browser."""
    made = browser.new_page()
    yield made
    made.close()


@pytest.fixture
def page(hub, tab):
    """Her Lab in a new tab."""
    tab.goto(f"{hub.address}/user/ada/lab")
    expect(tab.get_by_role("tab", name="Reports")).to_be_visible()
    return tab


def choose_in_the_palette(page: Page, typed: str, label: str) -> None:
    """Take a command of the palette, by keys alone."""
    found = page.locator(".lm-CommandPalette-item").filter(has_text=label)

    def ask():  # while Lab comes up it takes the focus, which closes what was opened
        page.keyboard.press("Escape")
        page.keyboard.press("Control+Shift+C")
        page.wait_for_timeout(300)
        page.keyboard.type(typed)
        with contextlib.suppress(TimeoutError):
            found.wait_for(timeout=5_000)
        page.wait_for_timeout(500)
        return found.count() == 1 and found.is_visible()

    wait_for(ask, 120, "the command in the palette")
    page.keyboard.press("Enter")


def open_by_key(page: Page, button: Locator) -> Locator:
    """Press a button with Enter, and again where Lab took the focus while the notebook came up; gives the dialog."""
    dialog = page.get_by_role("dialog")

    def pressed():
        page.wait_for_timeout(500)
        button.focus()
        page.keyboard.press("Enter")
        with contextlib.suppress(TimeoutError):
            dialog.wait_for(timeout=5_000)
        return dialog.is_visible()

    wait_for(pressed, 60, "the dialog")
    return dialog


def open_from_the_palette(page: Page) -> FrameLocator:
    """Open the tab by keys alone; returns what is in its frame."""
    choose_in_the_palette(page, "reports that run", "Reports that run themselves")
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
    assert not re.search(SECRETS, shipped)


def test_the_launcher_leads_to_the_tab_too(page, schedule):
    page.keyboard.press("Control+Shift+L")
    card = page.locator(".jp-LauncherCard").filter(has_text="Reports that run themselves")
    expect(card.first).to_be_visible(timeout=30_000)
    look(page, "lab-launcher")
    card.first.focus()
    page.keyboard.press("Enter")
    frame = page.frame_locator("iframe[title='Reports that run themselves']")
    expect(frame.get_by_role("link", name=re.compile("Homes each month"))).to_be_visible()


def test_a_notebook_is_published_from_its_toolbar_by_keys_alone(hub, tab):
    page = tab
    page.goto(f"{hub.address}/user/ada/lab/tree/sizes.ipynb")
    button = page.get_by_role("toolbar").get_by_role("button", name="Publish")
    expect(button).to_be_visible()
    dialog = open_by_key(page, button)
    expect(dialog.get_by_label("Title")).to_have_value("Authorities")
    expect(dialog.get_by_label("Title")).to_be_focused()
    first = dialog.get_by_label("Who may open it").locator("option:checked")
    expect(first).to_have_text("If it is new, me or my project; else as it is now")
    expect(dialog.get_by_label("Title")).to_have_css("outline-style", "solid")
    expect(dialog.get_by_label("Title")).to_have_css("outline-width", "3px")
    assert not dialog.locator("[placeholder]").count()  # in this theme as white as what somebody has typed
    look(page, "lab-publish-form")
    page.keyboard.press("Tab")
    page.keyboard.type("Everybody at")
    expect(dialog.get_by_label("Who may open it")).to_have_value("hub")
    expect(dialog.get_by_label("People and bodies")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.type("Everybody knows who governs London.")
    expect(dialog.get_by_label("Method")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # opens the fold, and sends nothing
    expect(dialog.get_by_label("Method")).to_be_visible()
    for words in ("All authorities.", "The register's list, as it is.", "No borders.", "It was ten files.", "Open Gov"):
        page.keyboard.press("Tab")
        page.keyboard.type(words)
    expect(dialog.get_by_label("Licence")).to_have_value("ogl-3")
    page.keyboard.press("Tab")
    page.keyboard.type("A rep")
    expect(dialog.get_by_label("What it is")).to_have_value("report")
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        look(page, f"lab-publish-filled-{width}")
        box = dialog.get_by_label("Method").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    page.set_viewport_size({"width": 1280, "height": 900})
    dialog.get_by_role("button", name="Publish").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="passed its check")).to_be_visible()
    expect(page.get_by_label("What was found")).to_contain_text("It rests on london-authorities.")
    expect(page.get_by_label("What was found")).to_contain_text("Its record says everything that readers need.")
    opened = page.get_by_role("dialog").get_by_role("link", name="Open it")
    expect(opened).to_have_attribute("href", "/services/apps/authorities/")
    look(page, "lab-published")
    page.keyboard.press("Escape")
    find_the_words_again(page, button)


def find_the_words_again(page: Page, button: Locator) -> None:
    """See that who publishes again finds what they wrote, and leaves the audience as it is."""
    button.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Public benefit")).to_have_value("Everybody knows who governs London.")
    expect(dialog.get_by_label("Who may open it").locator("option:checked")).to_have_text("Those who may open it now")
    dialog.get_by_text("More:").click()
    expect(dialog.get_by_label("Method")).to_have_value("The register's list, as it is.")
    expect(dialog.get_by_label("Licence")).to_have_value("ogl-3")
    look(page, "lab-publish-again")
    page.keyboard.press("Escape")


def test_what_may_not_leave_is_said_from_the_palette_as_text(hub, tab):
    page = tab
    page.goto(f"{hub.address}/user/ada/lab/tree/leaky.ipynb")
    expect(page.get_by_role("toolbar").get_by_role("button", name="Publish")).to_be_visible()
    choose_in_the_palette(page, "publish this", "Publish this notebook")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Title")).to_have_value(f"Leaky {HOSTILE}")
    dialog.get_by_label("Public benefit").fill("None.")
    dialog.get_by_label("Who may open it").select_option(label="Those whom I name below")
    dialog.get_by_label("People and bodies").fill("person:bola")
    dialog.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status").filter(has_text="It was not published.")).to_be_visible()
    expect(page.get_by_label("What was found")).to_contain_text("holds what looks like a password")
    look(page, "lab-publish-refused")
    assert "taken" not in page.title()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("toolbar").get_by_role("button", name="Publish").click()
    expect(dialog.get_by_label("Public benefit")).to_have_value("None.")  # what is refused is not written twice
    expect(dialog.get_by_label("People and bodies")).to_have_value("person:bola")
    page.keyboard.press("Escape")


def test_the_licences_of_the_form_are_those_of_the_register():
    offered = re.search(r"const LICENCES = \[(.*?)\n  \];", BUTTON.read_text(), re.S)
    for name, title in re.findall(r"\['(.*?)', '(.*?)'\]", offered[1]):
        assert name == "not stated" or LICENCES[name][0] == title


def test_the_file_of_the_button_holds_no_secret_and_writes_no_markup():
    shipped = BUTTON.read_text().replace("memory?.fetch(", "")  # Lab's own memory, not the network
    assert not re.search(rf"{SECRETS}|fetch\(", shipped)


def test_who_is_logged_out_is_told_so_in_the_tab(page):
    frame = open_from_the_palette(page)
    expect(frame.get_by_role("heading", level=1)).to_have_text("Reports")
    page.context.clear_cookies()
    page.get_by_role("button", name="Show again").click()
    expect(page.get_by_role("status").filter(has_text="you may be logged out")).to_be_visible()
