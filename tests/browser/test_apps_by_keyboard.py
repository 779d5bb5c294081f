"""The five apps that ship in a real Chromium, through stock Voila with our look: by keyboard, wide and narrow.

One page has the cells of all of them, in one kernel: to start a kernel for each is most of what a walk costs.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

import sharing_world as world
from app_stage import write_notebook
from app_viewers import alive
from londata.catalog_files import load_catalog
from londata.insights import LOOK
from londata.settings import shipped
from londata_hub.services.written_data import AGREEMENTS
from register_service import served
from running_hub import free_port, wait_for

pytestmark = pytest.mark.browser

PATIENCE_MS = 120_000
CATALOG = "from londata import catalog\n"
WRITTEN = "tables => tables.map(each => each.outerHTML)"
#: App → a control of it, what somebody types there, and what is said of it then.
WALKS = {
    "air-quality-now-and-then": ("Site", "Newham", "Newham, background (GEN10):"),
    "borough-explorer": ("Borough", "Hackney", "Hackney:"),
    "city-tools-explorer": ("Borough", "Hackney", "Hackney uses"),
    "green-and-culture": ("Close to", "Museum", "within 400 m of a museum"),
    "who-shares-what": ("Body", "London Borough of C", "to which London Borough of Camden is party"),
}


def cell_of(slug):
    notebook = nbformat.read(Path(shipped("voila-apps")) / slug / "app.ipynb", 4)
    [code] = [each.source for each in notebook.cells if each.cell_type == "code"]
    assert CATALOG in code
    return code


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    """A register that writes its own table of agreements: one of its apps shows nothing else."""
    folder = tmp_path_factory.mktemp("written")
    entries = [each for each in load_catalog(Path(shipped("catalogs"))).entries if each.id == AGREEMENTS]
    with world.stores(folder, tuple(entries)) as (kept, access):
        others = [{"organisation": "gla", "role": "controller"}, {"organisation": "tfl", "role": "recipient"}]
        access.record(world.agreement(id="ISA-2", title="Without Camden", covers=[], parties=others), "tests")
        with served(world.app_over(kept, access, folder)) as address:
            yield address


@pytest.fixture(scope="module")
def voila(register, tmp_path_factory):
    """Serve them as the preview of a draft does, until the tests end."""
    folder = tmp_path_factory.mktemp("voila")
    ours = CATALOG.replace("import catalog", f"import open_catalog\ncatalog = open_catalog({register!r})")
    cells = [cell_of(slug).replace(CATALOG, ours if slug == "who-shares-what" else CATALOG) for slug in WALKS]
    notebook = write_notebook(folder / "apps", *cells)
    port = free_port()
    command = [str(Path(sys.executable).with_name("voila")), "--template=londata", "--no-browser", f"--port={port}"]
    environ = os.environ | {"JUPYTER_PATH": str(LOOK), "HOME": str(folder), "LONDATA_TOKEN": "ada"}
    with (folder / "voila.log").open("wb") as log:
        process = subprocess.Popen([*command, notebook], env=environ, stdout=log, stderr=log, start_new_session=True)
    while not _answers(port):
        assert process.poll() is None, (folder / "voila.log").read_text()
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}/"
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(60)


def _answers(port):
    with socket.socket() as there:
        return there.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def page(chromium, voila):
    """The page with all of them, alive, in a browser that notes what it asks for and what goes wrong."""
    made = chromium.new_page(viewport={"width": 1280, "height": 900})
    made.set_default_timeout(PATIENCE_MS)
    made.asked, made.wrong = [], []
    made.on("request", lambda request: made.asked.append(request.url))
    made.on("pageerror", lambda error: made.wrong.append(str(error)))
    made.goto(voila)
    expect(alive(made).locator(".londata-app")).to_have_count(len(WALKS), timeout=PATIENCE_MS)
    yield made
    made.close()


def app_of(page, slug):
    return page.locator(".londata-app").nth(list(WALKS).index(slug))


def tab_to(page, app, control):
    """Go to a control as somebody does who has come to the app; each stop on the way is seen."""
    app.evaluate("part => { part.tabIndex = -1; part.focus(); }")
    for _ in range(8):
        page.keyboard.press("Tab")
        look = app.locator(":focus").evaluate("each => [getComputedStyle(each).outlineStyle, each.tagName]")
        assert look == ["solid", "SELECT"], "what comes first are the controls, and one sees where one is"
        if control.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError("the control was not reached")


@pytest.mark.parametrize("slug", WALKS)
def test_an_app_is_used_by_keyboard_alone(page, slug):
    app, (label, typed, said) = app_of(page, slug), WALKS[slug]
    words, control = app.locator(".londata-words").first, app.get_by_label(label, exact=True)
    tables = app.locator("table")
    expect(words).not_to_contain_text(said)
    before = tables.evaluate_all(WRITTEN)
    tab_to(page, app, control)
    page.keyboard.type(typed)
    expect(words).to_contain_text(said, timeout=PATIENCE_MS)
    expect(control).to_be_focused()
    expect(app.get_by_role("status").first).to_contain_text(said)
    wait_for(lambda: tables.evaluate_all(WRITTEN) != before, what="another table")

    if (fold := app.locator("summary").first).count():
        fold.focus()
        page.keyboard.press("Enter")
    table = app.locator("details[open] table" if fold.count() else "table").first
    expect(table).to_be_visible()
    earlier = table.element_handle()
    control.focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_function("table => !table.isConnected", arg=earlier)  # it was written anew, and stays unfolded
    expect(table).to_be_visible()
    expect(control).to_be_focused()
    assert all(picture.get_attribute("alt") for picture in app.locator("img").all())


def test_all_of_them_fit_a_telephone_and_ask_nobody_else(page, voila):
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    for slug, (label, *_) in WALKS.items():
        app = app_of(page, slug)
        wide = "part => [part, ...part.querySelectorAll('.wide')].filter(each => each.scrollWidth > each.clientWidth)"
        app.evaluate("part => part.querySelectorAll('details').forEach(each => each.open = true)")
        assert app.evaluate(f"part => ({wide})(part).map(each => each.ariaLabel)") == [], slug
        height = app.get_by_label(label, exact=True).bounding_box()["height"]
        assert height == 44, "a list to choose from is a line high, below its label as beside it"
    assert all(url.startswith((voila, "data:", "blob:")) for url in page.asked), page.asked
    assert page.wrong == []
