"""How the catalog and its entries look: complete, accessible, safe, and the same for any text of a stranger."""

from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser

import pytest

from londata.catalog_files import FileRegister
from londata.errors import NoSuchNameError
from londata.intake_catalog import RegisterCatalog
from londata.intake_catalog.display import catalog_html, entry_html, entry_text
from londata.intake_catalog.display.words import ago, clean, freshness, link, plain, safe
from londata.query import Query
from londata.records import Column, entry_from_dict
from londata.sharing.display.style import code

TODAY = dt.date(2026, 11, 22)


class Page(HTMLParser):
    """Notes tags, attributes and text, as a browser would see them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], "", []
        self.feed(html)
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def record(**fields):
    publisher = {"id": "tfl", "name": "Transport for London"}
    return entry_from_dict(
        {"kind": "dataset", "id": "a-dataset", "title": "A dataset", "publisher": publisher, "access": "open"} | fields
    )


@pytest.fixture
def catalog(shared_catalog):
    return RegisterCatalog(FileRegister(shared_catalog))


def test_a_card_says_everything_that_people_ask(catalog):
    page = Page(catalog.borough_profile._repr_html_())
    for expected in (
        "Borough profiles (generated)",
        "Generated figures for three boroughs.",
        "Greater London Authority",
        "open",
        "Open Government Licence v3.0",
        "updated 31 January 2026",
        "meant to be updated every year",
        "One row per borough",
        "boundaries of 2021",
        "code (gss-lad 2021)",
        "residents",
        "persons",
        "csv, pdf",
        "Borough explorer",
        "catalog.borough_explorer",
        "catalog.borough_profile.read()",
    ):
        assert expected in page.text, expected


def test_a_licence_that_is_not_stated_is_said(catalog):
    assert "not stated" in repr(catalog.borough_places)
    assert "not stated" in Page(catalog.borough_places._repr_html_()).text


def test_the_card_of_an_insight_names_its_data_and_where_it_opens(catalog):
    html = catalog.borough_explorer._repr_html_()
    assert 'href="/services/apps/borough-explorer/"' in html
    text = Page(html).text
    assert "catalog.borough_profile" in text
    assert "Anybody can compare boroughs." in text
    assert "City Intelligence" in text


def test_where_several_can_be_read_every_line_is_shown(catalog):
    text = Page(catalog.school_rolls._repr_html_()).text
    assert 'catalog.school_rolls.read(distribution="csv")' in text
    assert 'catalog.school_rolls.read(distribution="tsv")' in text


def test_what_cannot_be_read_says_why(catalog):
    assert "held as pdf" in repr(catalog.cycle_counters)
    assert "its access is shared" in repr(catalog.care_cases)
    assert "catalog.care_cases.read()" not in repr(catalog.care_cases)


def test_tables_have_a_caption_and_scoped_headers(catalog):
    for html in (catalog._repr_html_(), catalog.borough_profile._repr_html_(), catalog.themes._repr_html_()):
        page = Page(html)
        assert page.tags.count("caption") == page.tags.count("table") >= 1
        headers = [scope for tag, name, scope in page.attributes if tag == "th" and name == "scope"]
        assert len(headers) == page.tags.count("th") > 0
        assert set(headers) <= {"col", "row"}


def test_nothing_is_loaded_from_elsewhere_and_no_script_runs(catalog):
    for thing in (catalog, catalog.borough_profile, catalog.borough_explorer, catalog.themes):
        page = Page(thing._repr_html_())
        assert not {"script", "img", "iframe", "link", "object"} & set(page.tags)
        assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("src", "style")]
        assert "url(" not in thing._repr_html_()
        assert "@import" not in thing._repr_html_()


def test_colours_come_from_the_theme_of_lab(catalog):
    style = catalog._repr_html_().split("</style>")[0]
    for colour in re.findall(r"#[0-9a-f]{3,6}", style):
        assert re.search(rf"var\(--jp-[\w-]+, {colour}\)", style), "only as a fallback outside Lab"


def test_the_table_of_a_catalog_counts_and_says_how_to_go_on(catalog):
    text = Page(catalog._repr_html_()).text
    assert "9 entries" in text
    assert "Transport for London 4" in text
    assert "catalog.borough_profile" in text
    nothing = Page(catalog.search("qxzvwk")._repr_html_()).text
    assert "0 entries for “qxzvwk”" in nothing
    assert "Nothing fits" in nothing


def test_a_very_long_name_may_be_broken_and_a_short_one_not():
    assert code("catalog.a_dataset") == "<code>catalog.a_dataset</code>"
    assert 'class="londata-long"' in code(f"catalog.{'very_' * 20}long")


def test_a_large_catalog_shows_the_first_and_says_so(shared_catalog, monkeypatch):
    from londata.intake_catalog.display import tables

    monkeypatch.setattr(tables, "ROWS_HTML", 4)
    text = Page(catalog_html(FileRegister(shared_catalog), Query())).text
    assert "9 entries; the first 4 are" in text
    assert ".search(" in text


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</bdi></td></table><h1>x</h1>",
        "<style>*{display:none}</style>",
        "&lt;b&gt; &amp; 'quotes' \"double\"",
        "javascript:alert(1)",
        "{{7*7}} ${7*7} {env(HOME)}",
    ],
)
def test_text_of_a_stranger_stays_text(hostile):
    entry = record(
        title=f"T {hostile}",
        summary=hostile,
        grain=hostile,
        tags=(hostile,),
        attribution=hostile,
        flags=(hostile,),
        columns=[{"name": hostile, "unit": hostile, "meaning": hostile}],
        publisher={"id": "x", "name": hostile},
        licence={"title": hostile},
        update_frequency="daily",
        geography={"level": "ward", "vintage": hostile},
        keys=[{"column": hostile, "scheme": hostile}],
    )
    harmless = Page(entry_html(record(title="T", summary="s", columns=[{"name": "a"}])))
    page = Page(entry_html(entry, [entry]))
    assert set(page.tags) <= set(harmless.tags) | {"br"}
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert " ".join(hostile.split()) in " ".join(page.text.split())


def test_reordering_characters_are_taken_out_and_right_to_left_text_is_isolated():
    title = "Report \u202egnp.exe\u202c \u2066x"
    assert clean(title) == "Report gnp.exe x"
    arabic = "بيانات لندن"
    assert plain(arabic) == f"\u2068{arabic}\u2069"
    assert plain("London") == "London"
    assert safe(arabic) == f'<bdi dir="auto">{arabic}</bdi>'


def test_control_characters_never_reach_a_terminal():
    assert clean("a\x1b[31mred\x07\x00 b\n\tc") == "a[31mred b c"
    assert "\x1b" not in entry_text(record(title="x \x1b]0;owned\x07 y"))


def test_an_error_that_quotes_a_title_cannot_move_the_cursor():
    error = NoSuchNameError("“x \x1b[2J\u202e y” has no 'z'.", hint="\x07a\nb")
    assert str(error) == "“x [2J y” has no 'z'. a\nb"


def test_emoji_that_are_joined_stay_whole():
    assert clean("family 👩‍👩‍👧 £ é") == "family 👩‍👩‍👧 £ é"


def test_long_text_is_cut_and_shows_that_it_is():
    assert clean("x" * 300, 250) == "x" * 249 + "…"
    assert clean("ab " * 5_000_000, 20).endswith("…")
    wide = record(columns=tuple(Column(name=f"column_{number}") for number in range(500)))
    assert "first 30 of 500" in entry_html(wide)
    assert "and 470 more" in entry_text(wide)


@pytest.mark.parametrize(
    ("address", "linked"),
    [
        ("https://data.london.gov.uk/x?a=1&b=2", True),
        ("/services/apps/x/", True),
        ("//evil.example", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
    ],
)
def test_only_web_addresses_and_those_of_this_site_are_links(address, linked):
    html = link(address)
    assert ("<a " in html) is linked
    if linked:
        assert ("a", "rel", "noopener noreferrer") in Page(html).attributes


@pytest.mark.parametrize(
    ("updated", "frequency", "expected"),
    [
        (None, "not stated", "date of last update not stated"),
        (None, "daily", "date of last update not stated; meant to be updated daily"),
        ("2026-11-22", "daily", "updated 22 November 2026, today; meant to be updated daily"),
        ("2026-11-21", "not stated", "updated 21 November 2026, 1 day ago"),
        ("2026-11-01", "monthly", "updated 1 November 2026, 3 weeks ago; meant to be updated monthly"),
        (
            "2026-01-31",
            "monthly",
            "updated 31 January 2026, 9 months ago; meant to be updated monthly; overdue, as far as the register knows",
        ),
        ("2021-03-21", "decennial", "updated 21 March 2021, 5 years ago; meant to be updated every ten years"),
        ("2020-01-01", "never", "updated 1 January 2020, 6 years ago; not updated any more"),
    ],
)
def test_freshness_is_said_in_words(updated, frequency, expected):
    assert freshness(record(updated=updated, update_frequency=frequency), TODAY) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-3, "in the future"), (0, "today"), (13, "13 days ago"), (14, "2 weeks ago"), (365, "1 year ago")],
)
def test_ages_are_said_in_words(days, expected):
    assert ago(days) == expected
