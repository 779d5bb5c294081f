"""Portals' records as entries: every shape, everything odd, and nothing lost."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from londata.errors import ImportFormatError, UsageError
from londata.query import FACETS, Query
from londata.records import Entry, Publisher
from londata_hub.__main__ import main as londata_hub
from londata_hub.harvest import import_file
from londata_hub.harvest.datapress import entry_of, identify
from londata_hub.harvest.naming import names_for
from londata_hub.harvest.plain_text import plain_text, shortened
from londata_hub.harvest.publishers import Publishers
from londata_hub.harvest.shapes import records_in
from londata_hub.harvest.terms import geography_of, licence_of, media_type_of
from londata_hub.store import RegisterStore

CATALOGUE = Path(__file__).resolve().parents[3] / "shared" / "data" / "catalogue"
PUBLISHERS = Publishers(
    {
        "gla": Publisher(id="gla", name="Greater London Authority", kind="gla"),
        "tfl": Publisher(id="tfl", name="Transport for London", kind="transport"),
    },
    {"gla economics": "gla", "tfl": "tfl"},
)
V3: dict[str, Any] = {
    "id": "20od9",
    "webpage": "https://data.london.gov.uk/dataset/cycle-hires-20od9",
    "title": "Cycle hires",
    "description": "<p>Hires <b>by day</b>.</p><script>alert(1)</script><p>R&amp;D &lt;b&gt;</p>",
    "createdAt": "2019-03-15T10:00:00.000Z",
    "updatedAt": "2025-11-01T14:00:00.000Z",
    "sharing": "public",
    "masthead": {"id": "gla", "title": "Greater London Authority"},
    "team": {"id": "53oj7", "title": "TfL"},
    "topics": [{"id": "transport", "title": "Transport"}],
    "tags": ["cycling"],
    "licence": {
        "title": "UK Open Government Licence (OGL v3)",
        "url": "http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    },
    "contact": {"email": "data@example.org", "title": "Data team"},
    "resources": [
        {
            "id": "b71acf1c",
            "title": "Hires by day",
            "url": "https://data.london.gov.uk/download/20od9/b71acf1c/hires.csv",
            "timeframeFrom": "2010-07-30",
            "timeframeTo": "2022-06-30",
            "size": 2000,
            "filename": "hires.csv",
        }
    ],
    "links": [],
    "custom": {"update_frequency": "Monthly", "smallest_geography": ["Local Authority"]},
}


def read(record: dict[str, Any], slug: str = "slug") -> Entry:
    return entry_of(record, slug=slug, source="portal", shape="datapress-v3", publishers=PUBLISHERS)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RegisterStore]:
    with RegisterStore(f"sqlite:///{tmp_path / 'r.sqlite'}", tmp_path / "index") as opened:
        yield opened


def write(folder: Path, payload: Any, name: str = "export.json") -> Path:
    path = folder / name
    path.write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    return path


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


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"<!doctype html><title>502</title>", "web page"),
        (b'[{"id": "1", "title": "x"}', "valid JSON"),
        (b"\xff\xfe\x00", "valid JSON"),
        (b"[" * 100_000, "valid JSON"),
        (b"42", "holds one int"),
        (b'"text"', "holds one str"),
        (b"[]", "no records"),
        (b"[1, 2]", "no records"),
        (b'{"dataset": []}', "does not know"),
        (b'[{"a": 1}]', "no title and identifier"),
        (b'{"success": false, "result": null}', "error"),
        (b"{}", "does not know"),
    ],
)
def test_what_is_no_export_is_refused_in_one_sentence_and_changes_nothing(
    store: RegisterStore, tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(ImportFormatError, match=reason) as caught:
        import_file(store, write(tmp_path, content), source="portal", publishers=PUBLISHERS)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    assert store.fact("generation") == 0


def test_a_missing_file_and_a_source_that_is_ours_are_refused(store: RegisterStore, tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match="cannot be read"):
        import_file(store, tmp_path / "none.json", source="portal", publishers=PUBLISHERS)
    for source in ("londata", "Not A Slug", ""):
        with pytest.raises(UsageError):
            import_file(store, write(tmp_path, [V3]), source=source, publishers=PUBLISHERS)


def test_an_import_reports_and_a_second_one_changes_nothing(store: RegisterStore, tmp_path: Path) -> None:
    changed = V3 | {"id": "chang", "title": "Changing", "webpage": "https://x.org/dataset/changing-chang"}
    bad = [7, {"title": ""}, V3]
    report = import_file(store, write(tmp_path, [V3, changed, *bad]), source="portal", publishers=PUBLISHERS)
    assert (report.shape, report.records, report.store.added) == ("datapress-v3", 5, 2)
    assert [refusal.id for refusal in report.refused] == ["record 3", "record 4", "20od9"]
    again = [V3, changed | {"title": "Changed"}]
    report = import_file(store, write(tmp_path, again), source="portal", publishers=PUBLISHERS)
    assert (report.store.added, report.store.changed, report.store.unchanged) == (0, 1, 1)
    assert store.history("changing")[-1].fields == {"title": ("Changing", "Changed")}
    assert [json.loads(record)["title"] for record in store.originals("changing")] == ["Changing", "Changed"]
    assert json.loads(store.originals("cycle-hires")[0]) == V3


def test_what_was_read_by_other_rules_is_read_again(store: RegisterStore, tmp_path: Path) -> None:
    other = V3 | {"id": "other", "webpage": "https://x.org/dataset/other-other"}
    nobody = Publishers({}, {})
    whole, part = write(tmp_path, [V3, other]), write(tmp_path, [V3], "part.json")
    import_file(store, whole, source="portal", publishers=nobody)
    assert import_file(store, part, source="portal", publishers=PUBLISHERS).store.changed == 1
    report = import_file(store, whole, source="portal", publishers=PUBLISHERS)
    assert (report.store.changed, report.store.unchanged) == (1, 1)
    report = import_file(store, whole, source="portal", publishers=PUBLISHERS)
    assert (report.store.changed, report.store.unchanged, dict(report.flags)) == (0, 2, {})


def test_a_record_that_goes_back_to_what_it_was_is_a_change(store: RegisterStore, tmp_path: Path) -> None:
    for title in ("One", "Two", "One"):
        path = write(tmp_path, [V3 | {"title": title}])
        import_file(store, path, source="portal", publishers=PUBLISHERS)
        entry = store.find("cycle-hires")
        assert entry is not None
        assert entry.title == title
    assert len(store.originals("cycle-hires")) == 2


def test_a_record_that_cannot_be_represented_is_named_and_the_rest_goes_in(
    store: RegisterStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("londata_hub.harvest.datapress.MAX_SUMMARY", 400)  # so that one record breaks its rules
    long = V3 | {"id": "toolo", "title": "Long", "description": "word " * 100, "webpage": ""}
    report = import_file(store, write(tmp_path, [long, V3]), source="portal", publishers=PUBLISHERS)
    assert report.store.added == 1
    assert [refusal.id for refusal in report.refused] == ["toolo"]
    assert "summary" in report.refused[0].reason


def test_strange_content_survives(store: RegisterStore, tmp_path: Path) -> None:
    strange = V3 | {
        "title": "<img src=x onerror=alert(1)> 🙂 جودة\u0000",
        "description": "<p>" + "é🙂" * 3_000_000 + "</p>",
        "tags": ["\ud83d", None, 4, {"name": "ok"}, "مقاهي"],
        "topics": "not a list",
        "custom": [1],
        "createdAt": "yesterday",
        "resources": [{"url": "https://x.org/a b.csv", "size": "Unknown size", "title": {"no": "text"}}, "x"],
    }
    path = write(tmp_path, json.dumps([strange]).encode())
    import_file(store, path, source="portal", publishers=PUBLISHERS)
    entry = store.find("cycle-hires")
    assert entry is not None
    assert entry.title == "<img src=x onerror=alert(1)> 🙂 جودة"
    assert len(entry.description) == 6_000_000
    assert entry.tags == ("ok", "مقاهي")
    assert (entry.issued, entry.topics) == (None, ())
    assert [each.url for each in entry.distributions] == ["https://x.org/a%20b.csv"]
    assert json.loads(store.originals("cycle-hires")[0]) == strange


def real(name: str) -> Path:
    path = CATALOGUE / name
    if not path.exists():
        pytest.skip(f"needs the real export {name}, which is not part of the repository")
    return path


@pytest.mark.parametrize(
    ("name", "shape", "slug", "files"),
    [
        ("lds_export_v3_fixture_ldndatar2.json", "datapress-v3", "ldndatar2-test-fetch-all-api-metadata", 1),
        ("lds_export_v2_fixture_london_data_store.json", "datapress-v2", "population-projections", 2),
        ("lds_dataset_legacy_fixture_ldndatar2.json", "datapress-legacy", "test-dataset", 2),
        ("lds_green_jobs_full_record.json", "ckan", "green-jobs-and-skills-postings", 1),
    ],
)
def test_every_generation_of_the_portal_is_read(
    store: RegisterStore, name: str, shape: str, slug: str, files: int
) -> None:
    report = import_file(store, real(name), source="portal", publishers=PUBLISHERS)
    assert (report.shape, report.refused) == (shape, ())
    entry = store.find(slug)
    assert entry is not None
    assert len(entry.distributions) == files
    assert report.store.added == report.records


def test_the_whole_london_datastore_goes_in_and_a_second_time_changes_nothing(store: RegisterStore) -> None:
    path = real("london_datastore_2025-02-27_reconstructed.json")
    _, records = records_in(path.read_bytes(), path.name)
    report = import_file(store, path, source="london-datastore", publishers=PUBLISHERS)
    assert (report.records, report.store.added, report.refused) == (1249, 1249, ())
    assert report.flags["test-record"] == 9
    assert report.flags["files-unknown"] == sum(not record["resources_known"] for record in records) == 677
    not_stated = sum(record["licence"] is None for record in records)
    result = store.search(Query(), facets=FACETS)
    assert dict(result.facets["licence"])["not stated"] == report.flags["licence-not-stated"] == not_stated == 1040
    slugs = store.names("london-datastore")
    kept = [json.loads(store.originals(slugs[record["id"]])[0]) for record in records]
    assert kept == records
    first = store.find(slugs[records[1]["id"]])
    assert first is not None
    assert [each.url for each in first.distributions] == [each["url"] for each in records[1]["resources"]]
    again = import_file(store, path, source="london-datastore", publishers=PUBLISHERS, complete=True)
    assert (again.store.unchanged, again.store.changed, again.store.withdrawn) == (1249, 0, 0)


# What an operator reads


def test_an_operator_prepares_searches_and_asks_for_the_history(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LONDATA_HUB_STATE", str(tmp_path / "state"))

    def said(*arguments):
        code = londata_hub(["register", *arguments])
        printed = capsys.readouterr()
        return code, (printed.out or printed.err).splitlines()

    code, lines = said("prepare")
    assert (code, "added" in lines[0]) == (0, True)
    assert said("prepare")[1][0].endswith("as before.")
    code, lines = said("search", "--facets")
    total = int(lines[0].split()[0].replace(",", ""))
    assert lines[21] == f"  … and {total - 20:,} more", "a list that is cut says so"
    assert any(line.startswith("publisher: ") and line.endswith(" more") for line in lines)
    assert said("history", "london-authorities")[1][0].endswith("added by londata")
    code, lines = said("history", "london-authorites")
    assert (code, lines[0]) == (4, "londata-hub: There is no entry 'london-authorites' in the register.")
    assert lines[1].startswith("Did you mean london-authorities")
    assert said("check")[1] == [f"The index and the database agree on {total:,} entries."]
