"""Apps whose viewers share the beginning of one run, in a real Chromium: what one does, no other sees."""

import datetime as dt
import struct
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app_stage import PREFIX, playing, write_notebook
from app_viewers import alive
from londata_hub import sandbox
from londata_hub.apps import thumbnail

pytestmark = pytest.mark.browser

CELLS = (
    """import os
import ipywidgets as widgets
import matplotlib.pyplot as plt
print('The run is that of', os.getpid())
state = {'pressed': 0}""",
    """said, drawn = widgets.HTML('<p>nobody pressed</p>'), widgets.Output()
more, end = widgets.Button(description='More'), widgets.Button(description='End')
def press(_):
    state['pressed'] += 1
    said.value = f"<p>pressed {state['pressed']} times</p>"
    with drawn:
        drawn.clear_output(wait=True)
        print('drawn for', state['pressed'])
        plt.plot([1, 2, state['pressed']])
        plt.show()
more.on_click(press)
end.on_click(lambda _: os._exit(3))
with drawn:
    print('held from the start')
widgets.VBox([more, end, said, drawn])""",
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    notebook = write_notebook(tmp_path_factory.mktemp("app"), *CELLS)
    with tempfile.TemporaryDirectory(prefix="ldt-", dir="/tmp") as room, playing(Path(room), probe=notebook) as stage:
        yield stage


@pytest.fixture
def visit(chromium, stage):
    """Open the page as somebody."""
    contexts = []

    def open_as(viewer):
        contexts.append(chromium.new_context())
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.goto(stage.address("probe", viewer), wait_until="commit")
        expect(alive(page).get_by_text("nobody pressed")).to_be_visible(timeout=60_000)
        return page

    yield open_as
    for context in contexts:
        context.close()


def the_run(page):
    return page.get_by_text("The run is that of").inner_text()


def test_two_viewers_share_the_run_and_nothing_after_it(visit):
    ada, bola = visit("ada"), visit("bola")
    assert the_run(ada) == the_run(bola)
    said = [page.get_by_role("contentinfo").locator("time").get_attribute("datetime") for page in (ada, bola)]
    assert said[0] == said[1]
    assert dt.timedelta() <= dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(said[0]) < dt.timedelta(minutes=10)
    expect(ada.get_by_role("contentinfo")).to_contain_text("Figures as of ")
    foot = ada.get_by_role("contentinfo").bounding_box()
    cells = ada.locator("main").bounding_box()
    assert foot["y"] >= cells["y"] + cells["height"]  # the last line, as the page of the insight says
    expect(bola.get_by_text("held from the start")).to_be_visible()
    for _ in range(2):
        ada.get_by_role("button", name="More").click()
    expect(ada.get_by_text("pressed 2 times")).to_be_visible()
    expect(ada.get_by_text("drawn for 2")).to_be_visible()
    expect(ada.locator("main img")).to_be_visible()
    expect(ada.get_by_text("held from the start")).to_have_count(0)
    bola.get_by_role("button", name="More").click()
    expect(bola.get_by_text("pressed 1 times")).to_be_visible()
    expect(ada.get_by_text("pressed 2 times")).to_be_visible()
    chen = visit("chen")
    expect(chen.get_by_text("held from the start")).to_be_visible()


def test_a_kernel_that_dies_is_said_and_is_nobody_elses_loss(visit):
    ada, bola = visit("ada"), visit("bola")
    ada.get_by_role("button", name="End").click()
    expect(ada.get_by_role("alert")).to_contain_text("The connection is lost", timeout=30_000)
    bola.get_by_role("button", name="More").click()
    expect(bola.get_by_text("pressed 1 times")).to_be_visible()
    ada.get_by_role("link", name="Load it again").click()
    expect(alive(ada).get_by_text("nobody pressed")).to_be_visible()
    ada.get_by_role("button", name="More").click()
    expect(ada.get_by_text("pressed 1 times")).to_be_visible()


def test_the_picture_of_an_app_is_one_of_its_page_and_leaves_no_viewer_behind(stage, tmp_path):
    if sandbox.why_not():
        pytest.skip("this machine cannot make sandboxes")
    pictures, app = thumbnail.Thumbnails(stage.theatre, PREFIX, stage.places), stage.apps["probe"]
    assert stage.run(pictures.take(app, tmp_path / "probe" / "1.png")) == ""
    data = (tmp_path / "probe" / "1.png").read_bytes()
    assert struct.unpack("!II", data[16:24]) == (1200, 750)
    assert len(set(data)) > 100
    assert len(data) > 8_000, "there is nothing on it"
    assert [each for each in stage.theatre.ledger.of("probe") if each.viewer == thumbnail.VIEWER] == []


def test_without_a_browser_it_says_that_there_is_no_picture(stage, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    pictures = thumbnail.Thumbnails(stage.theatre, PREFIX, stage.places)
    assert "no Chromium" in stage.run(pictures.take(stage.apps["probe"], tmp_path / "1.png"))
    assert not (tmp_path / "1.png").exists()
