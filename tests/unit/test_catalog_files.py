"""Catalogue files: what is loaded, and what is said about each mistake."""

from __future__ import annotations

import re

import pytest

from londata.access import Subject, decide
from londata.catalog_files import FileRegister, check_bytes, load_catalog
from londata.errors import AccessDeniedError, CatalogFileError, FetchError
from londata.query import Query


def problems(folder) -> list[str]:
    with pytest.raises(CatalogFileError) as caught:
        load_catalog(folder)
    return caught.value.problems


def change(file, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_folder_becomes_entries_themes_and_publishers(small_catalog):
    loaded = load_catalog(small_catalog)
    assert [entry.id for entry in loaded.entries][:2] == ["borough-profile", "borough-places"]
    assert loaded.themes == {"people": "People and places", "transport": "Transport"}
    assert loaded.publishers["tfl"].name == "Transport for London"
    assert loaded.aliases["city hall"] == "gla"
    assert loaded.folder == small_catalog
    profile = loaded.entries[0]
    assert profile.topics == ("people",)
    assert profile.publisher.id == "gla"
    assert profile.distributions[0].id == "csv"


def test_one_theme_file_loads_on_its_own(small_catalog):
    loaded = load_catalog(small_catalog / "transport.yaml")
    assert {entry.publisher.id for entry in loaded.entries} == {"tfl"}


def test_a_licence_that_is_not_stated_stays_not_stated(small_catalog):
    places = load_catalog(small_catalog).entries[1]
    assert places.licence is None
    assert places.licence_title == "not stated"


def test_an_app_beside_the_catalogue_is_an_insight_with_the_topics_of_its_data(small_catalog):
    insight = load_catalog(small_catalog).entries[-1]
    assert (insight.kind, insight.id, insight.form) == ("insight", "borough-explorer", "app")
    assert insight.address == "/services/apps/borough-explorer/"
    assert insight.topics == ("people",)


def test_a_report_template_is_an_insight_and_settings_say_where_templates_are(small_catalog, tmp_path, monkeypatch):
    template = tmp_path / "elsewhere" / "borough-report"
    template.mkdir(parents=True)
    section = (tmp_path / "voila-apps/borough-explorer/app.yaml").read_text(encoding="utf-8")
    (template / "template.yaml").write_text(section, encoding="utf-8")
    monkeypatch.setenv("LONDATA_TEMPLATES", str(tmp_path / "elsewhere"))
    insight = load_catalog(small_catalog).entries[-1]
    assert (insight.id, insight.form, insight.address) == ("borough-report", "report", "")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("licence: ogl-3\n    tags", "tags", "borough-profile: licence: is missing"),
        ("licence: ogl-3\n    tags", "licence: ogl-9\n    tags", "licence: 'ogl-9': no such licence"),
        ("publisher: gla", "publisher: gal", "publisher: 'gal' is not in the file of publishers; did you mean gla?"),
        ("title: Care cases", "titel: Care cases", "care-cases: title: is missing"),
        ("title: Care cases", "title: Care cases\n    colour: red", "care-cases: colour: no such field"),
        ("access: shared", "access: public", "access: 'public': input should be 'open', 'shared' or 'closed'"),
        ("text/csv, rows: 3", "text/cvs", "distributions.csv.media_type: 'text/cvs': unknown media type"),
        ("path: data/places", "path: data/palces", "distributions.geojson.path: data/palces.geojson does not exist"),
        ("path: data/places", "path: ../places", "must stay below the folder of the catalogue file"),
        ("Generated points", "Points", "generated data must say 'generated' in its title and in its description"),
        ("column: code", "column: cod", "keys: there is no column 'cod'; did you mean code?"),
        ("theme: people", "theme: people\nowner: me", "people.yaml: owner: no such field"),
        ("theme: people", "theme: transport", "theme: 'transport' is also the theme of another file"),
        ("  care-cases:", "  Care_Cases:", "Care_Cases: is not a slug; use small letters"),
        ("  care-cases:", "  cycle-counters:", "cycle-counters: is also in catalogs/people.yaml"),
        ("title: Care cases", "title: Care cases\n    id: x", "id: is set by the file, not by a field"),
        ("  care-cases:\n", "  nothing:\n  care-cases:\n", "nothing: is not a mapping of fields"),
        ("text/csv, rows: 3", "text/csv, size_bytes: 9", "bytes, the record says 9"),
    ],
)
def test_a_mistake_is_named_by_file_entry_and_field(small_catalog, old, new, expected):
    change(small_catalog / "people.yaml", old, new)
    lines = problems(small_catalog)
    assert any(expected in line for line in lines), lines
    assert all(re.match(r"(catalogs|voila-apps)/\S+: ", line) for line in lines)


def test_all_problems_are_told_at_once(small_catalog):
    change(small_catalog / "people.yaml", "access: shared", "access: public")
    change(small_catalog / "transport.yaml", "access: closed", "access: secret")
    (small_catalog / "data" / "places.geojson").write_bytes(b"")
    lines = problems(small_catalog)
    assert lines[0].startswith("catalogs/people.yaml: care-cases: access: 'public'")
    assert lines[1].startswith("catalogs/transport.yaml: search: access: 'secret'")
    assert lines[2:] == [
        "catalogs/people.yaml: borough-places: distributions.geojson.path: data/places.geojson has 0 bytes"
    ]


def test_an_insight_must_rest_on_entries_that_exist(small_catalog, tmp_path):
    change(tmp_path / "voila-apps/borough-explorer/app.yaml", "[borough-profile]", "[borough-profle]")
    assert problems(small_catalog) == [
        "voila-apps/borough-explorer/app.yaml: borough-explorer: uses: "
        "there is no entry 'borough-profle'; did you mean borough-profile?"
    ]


def test_an_insight_in_a_file_names_what_it_rests_on(small_catalog, tmp_path):
    change(tmp_path / "voila-apps/borough-explorer/app.yaml", "  uses: [borough-profile]\n", "")
    assert problems(small_catalog) == [
        "voila-apps/borough-explorer/app.yaml: borough-explorer: uses: is missing; name the entries that it rests on"
    ]


def test_a_missing_root_or_theme_file_is_named(small_catalog, tmp_path):
    change(small_catalog / "london.yaml", "transport.yaml", "transprot.yaml")
    assert problems(small_catalog)[0] == (
        "catalogs/london.yaml: themes: there is no file 'transprot.yaml'; did you mean transport.yaml?"
    )
    (tmp_path / "empty").mkdir()
    assert problems(tmp_path / "empty") == [
        "empty/london.yaml: cannot be read (No such file or directory)",
    ]


def test_one_spelling_cannot_mean_two_publishers(small_catalog):
    change(small_catalog / "publishers.yaml", "aliases: [TfL]", "aliases: [TfL, gla]")
    assert problems(small_catalog) == ["catalogs/publishers.yaml: tfl: aliases: 'gla' already means gla"]


def test_a_file_register_reads_nothing_until_it_is_asked(tmp_path):
    register = FileRegister(tmp_path / "nowhere")
    assert register.address.endswith("nowhere")
    with pytest.raises(CatalogFileError):
        register.find("borough-profile")


def test_the_bytes_of_a_path_stay_where_they_are_and_are_hashed(small_catalog):
    register = FileRegister(small_catalog)
    entry = register.find("borough-profile")
    allowed = decide(Subject("ada"), "read", entry)
    copy = register.fetch(entry, entry.distributions[0], allowed)
    assert copy.path == small_catalog / "data" / "boroughs.csv"
    assert len(copy.sha256) == 64
    assert copy.version == "2026-01-31"
    copy.path.write_text("code\nE09000001\n", encoding="utf-8")
    assert register.fetch(entry, entry.distributions[0], allowed).sha256 != copy.sha256


def test_nothing_is_fetched_without_a_decision_about_this_entry(small_catalog):
    register = FileRegister(small_catalog)
    shared, other = register.find("care-cases"), register.find("school-rolls")
    with pytest.raises(AccessDeniedError, match="its access is shared"):
        register.fetch(shared, shared.distributions[0], decide(Subject("ada"), "read", shared))
    with pytest.raises(AccessDeniedError, match="not about reading care-cases"):
        register.fetch(shared, shared.distributions[0], decide(Subject("ada"), "read", other))
    with pytest.raises(AccessDeniedError, match="not about reading school-rolls"):
        register.fetch(other, other.distributions[0], decide(Subject("ada"), "see", other))
    opened = register.find("borough-profile")
    with pytest.raises(AccessDeniedError, match="is not one of its own"):
        register.fetch(opened, shared.distributions[0], decide(Subject("ada"), "read", opened))


def test_a_file_that_is_not_the_one_described_is_refused(small_catalog):
    change(small_catalog / "people.yaml", "text/csv, rows: 3", f"text/csv, sha256: {'0a' * 32}")
    register = FileRegister(small_catalog)
    entry = register.find("borough-profile")
    with pytest.raises(FetchError, match="SHA-256 differs"):
        register.fetch(entry, entry.distributions[0], decide(Subject("ada"), "read", entry))
    lines = check_bytes(register.loaded.entries, register.loaded.folder)
    assert lines[0].startswith("borough-profile: distributions.csv.sha256: data/boroughs.csv has ")


def test_a_file_that_vanished_is_a_sentence(small_catalog):
    register = FileRegister(small_catalog)
    entry = register.find("borough-profile")
    (small_catalog / "data" / "boroughs.csv").unlink()
    with pytest.raises(FetchError, match=re.escape("data/boroughs.csv does not exist")):
        register.fetch(entry, entry.distributions[0], decide(Subject("ada"), "read", entry))


def test_without_words_or_filters_slugs_come_in_order_and_by_prefix(small_catalog):
    register = FileRegister(small_catalog)
    everything = list(register.slugs(Query()))
    assert everything == sorted(everything)
    assert list(register.slugs(Query(), prefix="cycle", limit=1)) == ["cycle-counters"]
    assert register.count(Query()) == len(everything) == 9
    assert register.near("borough-profle")[0] == "borough-profile"
