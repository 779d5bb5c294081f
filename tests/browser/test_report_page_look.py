"""The page of a report as people meet it: on a telephone, by keyboard, in the dark, on paper; in a real Chromium."""

import pytest

from report_pages import AROUND, JOIN, READ, cell, make_job, plates, write

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    job = make_job(tmp_path_factory.mktemp("look") / "job", "csv", "parquet", "pdf")
    with pytest.MonkeyPatch.context() as monkeypatch:
        first, second = plates(job, monkeypatch)
    table = "<table><tr>" + "".join(f"<th>a_long_column_name_{n}</th>" for n in range(12)) + "</tr></table>"
    cells = ["## Air", cell(first.markup), cell(second.markup), cell(f"<div class='wide'>{table}</div>")]
    return write(job, *cells, noted=(READ, JOIN, AROUND)).as_uri()


@pytest.fixture
def look(chromium, address):
    """Open the page in a window of this width and scheme."""
    contexts = []

    def opened(width=1280, **options):
        contexts.append(chromium.new_context(viewport={"width": width, "height": 800}, **options))
        tab = contexts[-1].new_page()
        tab.goto(address)
        return tab

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_fits_its_window_with_tables_open(look, width):
    tab = look(width)
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    for image in tab.locator("main img").all():
        box = image.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_the_keyboard_reaches_the_report_the_tables_and_the_files(look):
    tab = look()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the report"
    assert tab.locator(".skip").bounding_box()["x"] >= 0
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.tagName") == "MAIN"
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.tagName") == "SUMMARY"
    tab.keyboard.press("Enter")
    assert tab.locator("details").first.evaluate("each => each.open")
    reached = set()
    for _ in range(30):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.getAttribute('href') || document.activeElement.ariaLabel"))
    wanted = {"NO₂ <at> Euston Road (µg/m³ by the hour)", "What was read", "report.ipynb", "report.pdf"}
    assert wanted | {"data/01-no2-at-euston-road.csv", "ro-crate-metadata.json"} <= reached


CONTRAST = """
() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(part => part / 255)
      .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const behind = element => {
    while (element) {
      const colour = getComputedStyle(element).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
      element = element.parentElement;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'rgb(0, 0, 0)' : 'rgb(255, 255, 255)';
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!walker.currentNode.textContent.trim()) continue;
    const element = walker.currentNode.parentElement;
    const pair = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    if (pair[0] / pair[1] < 4.5) poor.push([element.tagName, element.className, pair[0] / pair[1]]);
  }
  return poor;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_has_contrast_in_light_and_dark(look, scheme):
    tab = look(color_scheme=scheme)
    assert tab.evaluate(CONTRAST) == []
    paper = tab.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


def test_on_paper_tables_are_open_and_the_dark_is_not_printed(look):
    tab = look(color_scheme="dark")
    tab.emulate_media(media="print", color_scheme="dark")
    assert tab.locator("details table").first.is_visible()
    assert not tab.locator("details > summary").first.is_visible()
    assert tab.evaluate("getComputedStyle(document.documentElement).color") == "rgb(29, 39, 51)"


def test_the_page_asks_nobody_for_anything(chromium, address):
    asked = []
    tab = chromium.new_page()
    tab.on("request", lambda request: asked.append(request.url.partition(":")[0]))
    tab.goto(address)
    tab.close()
    assert set(asked) <= {"file", "data"}


def test_what_a_screen_reader_says_of_a_figure_and_its_links(look):
    tab = look()
    assert tab.get_by_role("img", name="A line that goes up and down every day").is_visible()
    assert tab.get_by_role("link", name="CSV of NO₂ <at> Euston Road").is_visible()
    assert tab.get_by_role("note").count() == 2
    assert tab.get_by_role("main").count() == 1
