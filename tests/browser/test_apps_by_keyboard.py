"""Two of the shipped apps in a real Chromium, through stock Voila with our look: by keyboard, wide and narrow."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from app_viewers import alive
from londata.insights import LOOK
from londata.settings import shipped

pytestmark = pytest.mark.browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def chromium():
    path = shutil.which("chromium")
    assert path, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve the shipped apps as the preview of a draft does, until the tests end."""
    folder = tmp_path_factory.mktemp("voila")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("voila")), "--template=londata", "--no-browser", f"--port={port}"]
    environ = os.environ | {"JUPYTER_PATH": str(LOOK), "HOME": str(folder)}
    with (folder / "voila.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, shipped("voila-apps")], env=environ, stdout=log, stderr=log, start_new_session=True
        )
    while not _answers(port):
        assert process.poll() is None, (folder / "voila.log").read_text()
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}/"
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(60)


def _answers(port):
    with socket.socket() as there:
        return there.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(
    ("slug", "label", "typed", "said"),
    [
        ("air-quality-now-and-then", "Site", "Newham", "Newham, background (GEN10):"),
        ("green-and-culture", "Close to", "Museum", "within 400 m of a museum"),
    ],
)
def test_an_app_is_used_by_keyboard_and_fits_a_telephone(chromium, served, slug, label, typed, said):
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{served}voila/render/{slug}/app.ipynb")
    words = alive(page).locator(".londata-words").first
    expect(words).to_be_visible(timeout=PATIENCE_MS)
    expect(words).not_to_contain_text(said)

    control = page.get_by_label(label, exact=True)
    for _ in range(8):
        page.keyboard.press("Tab")
        if control.evaluate("each => each === document.activeElement"):
            break
    page.keyboard.type(typed)
    expect(words).to_contain_text(said, timeout=PATIENCE_MS)
    expect(control).to_be_focused()
    expect(page.get_by_role("status").first).to_contain_text(said)

    summary = page.locator("summary").first
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details[open] table").first).to_be_visible()
    earlier = page.locator("details[open] table").first.element_handle()
    control.focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_function("table => !table.isConnected", arg=earlier)  # it was written anew, and stays unfolded
    expect(page.locator("details[open] table").first).to_be_visible()

    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert control.bounding_box()["height"] == 44, "a list to choose from is a line high, below its label as beside it"
    assert all(picture.get_attribute("alt") for picture in page.locator("main img").all())
    assert all(url.startswith((served, "data:", "blob:")) for url in asked), asked
    assert wrong == []
    context.close()
