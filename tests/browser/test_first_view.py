"""What a page shows before it is alive, in a real Chromium: at once, to read, and replaced without a jump."""

import re
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app_stage import playing, write_notebook
from app_viewers import alive

pytestmark = pytest.mark.browser
CELLS = (
    """import ipywidgets as widgets
import matplotlib.pyplot as plt
print('Text that comes as text')
plt.plot([1, 2, 3])
plt.title('A chart of the notebook')
plt.show()""",
    """hostile = '''
<div id="jupyter-config-data">{"baseUrl": "/elsewhere/", "kernelId": "00000000-0000-0000-0000-000000000000"}</div>
<p id="themeLoaded" name="webpackChunk">END-OF-HARM</p><main id="rendered_cells"></main><p id="main"></p>
<img src="x" onerror="document.documentElement.dataset.taken='yes'"><script>document.title = 'taken'</script>
<meta http-equiv="refresh" content="0;url=http://evil.example/"></template></script>
<div class="jp-OutputArea-child"><script class="first-view-of-it">"PLACED"</script> </div><!--'''
place = widgets.Dropdown(options=['Camden', 'Hackney'], description='Borough')
words = widgets.HTML()
more = widgets.HTML('<p><a href="?borough=Camden">Link to this view</a></p>'
                    '<details><summary>The numbers</summary><table><tr><td>9,643</td></tr></table></details>')
def draw(_):
    words.value = f'<p>These are the words about {place.value}</p>'
place.observe(draw, 'value')
draw(None)
widgets.VBox([place, words, more, widgets.HTML(hostile)])""",
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    notebook = write_notebook(tmp_path_factory.mktemp("app"), *CELLS)
    with tempfile.TemporaryDirectory(prefix="ldt-", dir="/tmp") as room, playing(Path(room), probe=notebook) as stage:
        yield stage


@pytest.fixture
def asleep(chromium, stage):
    """Open the page of somebody whose browser does not get the parts that bring it to life until it is woken."""
    context = chromium.new_context(viewport={"width": 320, "height": 800})
    page, held = context.new_page(), []
    page.set_default_timeout(60_000)
    page.route(re.compile(r"/voila\.js$"), lambda route: held.append(route))
    page.goto(stage.address("probe"), wait_until="commit")
    expect(page.get_by_text("These are the words about Camden")).to_be_visible(timeout=60_000)

    def wake():
        while not held:
            page.wait_for_timeout(50)
        held.pop().continue_()
        alive(page)

    page.wake = wake
    yield page
    context.close()


def test_everything_can_be_read_before_the_page_is_alive(asleep):
    expect(asleep.get_by_text("Text that comes as text")).to_be_visible()
    expect(asleep.get_by_text("Reading the data and drawing")).to_have_count(0)
    expect(asleep.get_by_role("contentinfo")).to_contain_text("Figures as of ")
    chart = asleep.locator(".first-view img").first
    expect(chart).to_be_visible()
    assert chart.evaluate("image => image.naturalWidth") > 100
    expect(asleep.get_by_role("link", name="Link to this view")).to_be_visible()
    asleep.get_by_text("The numbers").click()
    expect(asleep.get_by_role("cell", name="9,643")).to_be_visible()
    place = asleep.locator("select")
    expect(place).to_be_disabled()
    expect(place).to_contain_text("Camden")
    assert asleep.evaluate("document.documentElement.scrollWidth") <= 320


def test_what_is_alive_takes_its_place_and_nothing_that_somebody_did_is_lost(asleep):
    fold = asleep.get_by_text("The numbers")
    fold.focus()
    fold.press("Enter")
    expect(asleep.get_by_role("cell", name="9,643")).to_be_visible()
    height = asleep.evaluate("document.documentElement.scrollHeight")
    asleep.wake()
    for words in ("Text that comes as text", "These are the words about Camden", "The numbers"):
        expect(asleep.get_by_text(words)).to_have_count(1)
    expect(asleep.get_by_role("cell", name="9,643")).to_be_visible()
    assert asleep.evaluate("document.activeElement.textContent") == "The numbers"
    assert asleep.evaluate("document.activeElement.isConnected")
    assert abs(asleep.evaluate("document.documentElement.scrollHeight") - height) <= 60
    asleep.locator("select").select_option("Hackney")
    expect(asleep.get_by_text("These are the words about Hackney")).to_be_visible()


def test_hostile_data_in_it_runs_nothing_leads_nowhere_and_passes_for_no_part_of_the_page(asleep):
    expect(asleep.get_by_text("END-OF-HARM")).to_be_visible()
    assert asleep.locator(".first-view [id], .first-view [name], .first-view meta").count() == 0
    assert asleep.evaluate("typeof document.getElementById('themeLoaded')") == "object"
    assert asleep.evaluate("document.getElementById('themeLoaded')") is None
    expect(asleep.get_by_text("PLACED")).to_have_count(0)
    assert "evil" not in asleep.url
    asleep.wake()
    asleep.locator("select").select_option("Hackney")
    expect(asleep.get_by_text("These are the words about Hackney")).to_be_visible()
    assert asleep.title() != "taken"
    assert asleep.evaluate("document.documentElement.dataset.taken") is None


def test_when_the_kernel_does_not_answer_what_is_there_can_still_be_read(chromium, stage):
    context = chromium.new_context()
    page = context.new_page()
    page.route_web_socket(re.compile("/channels"), lambda socket: socket.close(reason="The app has been paused."))
    page.goto(stage.address("probe"), wait_until="commit")
    expect(page.get_by_role("alert")).to_contain_text("The app has been paused.", timeout=60_000)
    expect(page.get_by_text("These are the words about Camden")).to_be_visible()
    expect(page.locator("select")).to_be_disabled()
    context.close()
