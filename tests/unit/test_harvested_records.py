"""One record of a portal becomes an entry: nothing is guessed, and what is odd is flagged."""

from __future__ import annotations

import random
from typing import Any

import pytest

from londata.records import Entry
from londata_hub.harvest.datapress import entry_of, identify
from londata_hub.harvest.naming import names_for
from londata_hub.harvest.plain_text import plain_text, shortened
from londata_hub.harvest.terms import geography_of, licence_of, media_type_of
from portal_records import PUBLISHERS, V3


def read(record: dict[str, Any], slug: str = "slug") -> Entry:
    return entry_of(record, slug=slug, source="portal", shape="datapress-v3", publishers=PUBLISHERS)


def test_a_record_of_the_current_datapress_is_read_in_full() -> None:
    assert identify(V3) == ("20od9", "cycle-hires")
    entry = read(V3)
    assert entry.to_dict() == {
        "kind": "dataset",
        "id": "slug",
        "title": "Cycle hires",
        "summary": "Hires by day. R&D <b>",
        "description": "Hires by day.\n\nR&D <b>",
        "publisher": {"id": "tfl", "name": "Transport for London", "kind": "transport", "original": "TfL"},
        "contact": {"name": "Data team", "email": "data@example.org"},
        "access": "open",
        "licence": {
            "id": "ogl-3",
            "title": "Open Government Licence v3.0",
            "url": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        },
        "landing_page": "https://data.london.gov.uk/dataset/cycle-hires-20od9",
        "topics": ["transport"],
        "tags": ["cycling"],
        "issued": "2019-03-15",
        "updated": "2025-11-01",
        "update_frequency": "monthly",
        "geography": {"level": "borough", "original": "Local Authority"},
        "period": {"start": "2010-07-30", "end": "2022-06-30"},
        "distributions": [
            {
                "id": "hires-by-day",
                "title": "Hires by day",
                "url": "https://data.london.gov.uk/download/20od9/b71acf1c/hires.csv",
                "media_type": "text/csv",
                "size_bytes": 2000,
            }
        ],
        "source": {
            "source": "portal",
            "id": "20od9",
            "url": "https://data.london.gov.uk/dataset/cycle-hires-20od9",
            "shape": "datapress-v3",
        },
    }


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"licence": None}, "licence-not-stated"),
        ({"licence": "Not specified"}, "licence-not-stated"),
        ({"licence": {"title": "Other (Not Open)", "url": ""}}, "licence-not-open"),
        ({"resources": []}, "no-files"),
        ({"resources": None}, "files-unknown"),
        ({"resources": [], "resources_known": False}, "files-unknown"),
        ({"resources": [{"url": "javascript:alert(1)"}, V3["resources"][0]]}, "bad-address"),
        ({"resources": [{"url": "http://[::1"}, {"url": "//host/x.csv"}, {}]}, "bad-address"),
        ({"team": None, "masthead": None}, "publisher-not-stated"),
        ({"team": {"title": "Jo Bloggs"}, "masthead": {}}, "publisher-not-recognised"),
        ({"sharing": "private"}, "not-public"),
        ({"private": True}, "not-public"),
        ({"archivedAt": "2020-01-01"}, "archived"),
        ({"title": "WALI-TeST-4"}, "test-record"),
        ({"title": "Test dataset for harvesting"}, "test-record"),
        ({"title": " "}, "title-not-stated"),
        ({"title": "t " * 600}, "title-cut"),
    ],
)
def test_what_is_odd_is_kept_and_flagged(change: dict[str, Any], flag: str) -> None:
    assert read(V3).flags == ()
    assert flag in read(V3 | change).flags


def test_covid_tests_are_no_test_records() -> None:
    assert "test-record" not in read(V3 | {"title": "COVID-19 test and trace"}).flags
    assert "test-record" not in read(V3 | {"title": "Contested planning decisions"}).flags


def test_access_is_open_only_for_what_is_public_and_not_said_to_be_otherwise() -> None:
    assert read(V3 | {"licence": None}).access == "open"
    assert read(V3 | {"sharing": "private"}).access == "closed"
    assert read(V3 | {"sharing": "organisation"}).access == "closed"
    not_open = read(V3 | {"licence": {"title": "Other (Not Open)"}})
    assert (not_open.access, not_open.licence_title) == ("shared", "Other (Not Open)")


def test_a_licence_is_never_guessed() -> None:
    assert licence_of("") is None
    assert licence_of("License not specified") is None
    for words in ("Creative Commons Attribution", "UK Open Government Licence", "Other (Open)"):
        licence = licence_of(words)
        assert licence is not None
        assert (licence.id, licence.title) == ("", words)
    by_address = licence_of("CC BY", "http://creativecommons.org/licenses/by/4.0")
    assert by_address is not None
    assert by_address.id == "cc-by-4"


def test_a_publisher_that_is_not_known_is_kept_as_written_and_never_guessed() -> None:
    person = read(V3 | {"team": {"title": "  Jo   Bloggs "}, "masthead": None}).publisher
    assert (person.id, person.name, person.kind) == ("jo-bloggs", "Jo Bloggs", "other")
    nobody = read(V3 | {"team": None, "masthead": None}).publisher
    assert (nobody.id, nobody.name) == ("not-stated", "Not stated")
    known = read(V3 | {"team": {"title": "gla  ECONOMICS"}}).publisher
    assert (known.id, known.original) == ("gla", "gla  ECONOMICS")


@pytest.mark.parametrize(
    ("names", "declared", "mimetype", "expected"),
    [
        (["a.xlsx"], "spreadsheet", "", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (["Toilets"], "spreadsheet", "application/vnd.ms-excel", "application/vnd.ms-excel"),
        (["x.csv"], "", "application/vnd.ms-excel", "text/csv"),
        (["x", "http://a/b.CSV "], "data", "", "text/csv"),
        (["bounds.zip"], "shp", "application/zip", "application/vnd.shp+zip"),
        (["bounds.shp"], "shp", "application/x-shapefile", "application/octet-stream"),
        (["Venues in GIS format (2018)"], "geopackage", "application/octet-stream", "application/geopackage+sqlite3"),
        (["x.json"], "geojson", "application/json", "application/geo+json"),
        (["page"], "api", "text/html; charset=utf-8", "text/html"),
        (["plan.dwg"], "dwg", "image/vnd.dwg", "application/octet-stream"),
        (["Open Data Portal"], "data", "Unknown mimetype", "application/octet-stream"),
    ],
)
def test_media_types_come_from_names_first_and_are_otherwise_unknown(
    names: list[str], declared: str, mimetype: str, expected: str
) -> None:
    assert media_type_of(names, declared, mimetype) == expected


def test_areas_keep_the_words_of_the_source() -> None:
    assert geography_of("Ward").level == "ward"
    assert (geography_of("Town Centres").level, geography_of("Town Centres").original) == ("other", "Town Centres")
    assert (geography_of("N/A").level, geography_of("N/A").original) == ("not stated", "N/A")


def test_files_of_the_same_name_are_told_apart() -> None:
    same = [{"id": f"{n}-id", "title": "Report.pdf", "url": f"https://x.org/{n}"} for n in range(4)]
    ids = [each.id for each in read(V3 | {"resources": [*same, {**same[0], "title": "🙂"}]}).distributions]
    assert ids == ["report", "report-pdf", "report-2-id", "report-3-id", "entry"]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("a < b and c > d", "a < b and c > d"),
        ("see <https://example.org/x>", "see <https://example.org/x>"),
        ("A&E, R&amp;D, &pound;5 a&copy=1", "A&E, R&D, £5 a&copy=1"),
        ("<script>alert(1)</script>x<!-- y -->z", "xz"),
        ("<!-- never closed", "<!-- never closed"),
        ("مقاهي \u202e🙂", "مقاهي \u202e🙂"),
        ("nul\0 half\ud800", "nul half"),
        ("İ<script>x</script>y", "İy"),
    ],
)
def test_markup_becomes_plain_text(markup: str, text: str) -> None:
    assert plain_text(markup) == text


def test_long_and_hostile_markup_takes_no_longer_than_its_length() -> None:
    for piece in ("<", "<a ", "<!--", "<script", "&", "<p>", "&#1", "</p", "\n\n\n"):
        assert isinstance(plain_text(piece * (1_000_000 // len(piece))), str)


def test_a_summary_is_cut_at_a_word_and_shows_it() -> None:
    cut = shortened("word " * 100, 250)
    assert len(cut) <= 250
    assert cut.endswith("word…")
    assert len(shortened("x" * 300, 250)) == 250
    assert shortened("short  text", 250) == "short text"


def test_names_are_given_once_and_do_not_depend_on_order() -> None:
    wanted = [("1", "--A b"), ("2", "a-b"), ("3", "🙂"), ("4", "taken"), ("5", "x" * 300)]
    names = names_for(wanted, {}, lambda slugs: {"taken"} & set(slugs), "portal")
    assert (names["2"], names["1"]) == ("a-b", "a-b-portal")
    assert (names["3"], names["4"]) == ("entry-3", "taken-portal")
    assert len(names["5"]) == 120
    for seed in range(5):
        mixed = random.Random(seed).sample(wanted, len(wanted))
        assert names_for(mixed, {}, lambda slugs: {"taken"} & set(slugs), "portal") == names
    assert names_for([("1", "renamed")], {"1": "old-name"}, set, "portal") == {"1": "old-name"}
    assert names_for([("new-id", "a-b")], {"old-id": "a-b"}, set, "portal") == {"new-id": "a-b"}
