"""The catalogue itself: enough of it, each entry complete, nothing generated passed off as real."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from londata.catalog_files import load_catalog
from londata.records.vocabulary import LICENCES

ROOT = Path(__file__).resolve().parents[2]
CATALOGS = ROOT / "catalogs"
SHARED = ROOT.parent / "shared" / "data"
LONDON = "E12000007"
AUTHORITIES = {f"E0900{number:04}" for number in range(1, 34)}

LOADED = load_catalog(CATALOGS)
ENTRIES = {entry.id: entry for entry in LOADED.entries if entry.kind != "insight"}
OFFLINE = [(entry, each) for entry in ENTRIES.values() for each in entry.distributions if each.path]
GENERATED = [entry for entry in ENTRIES.values() if entry.generated]
#: Generated sets that stand for what a body would hold, so that there is somebody to ask: a hub's demonstration.
STANDING_IN = [entry for entry in GENERATED if {each.through for each in entry.distributions} == {"gateway"}]
#: Entries about data that others publish.
REAL = [entry for entry in ENTRIES.values() if entry.publisher.id != "londata" and entry not in STANDING_IN]
#: What a hub's register writes out of its own records.
WRITTEN = [entry for entry in ENTRIES.values() if {each.through for each in entry.distributions} == {"register"}]
#: Tables that the project put together from published figures.
PUT_TOGETHER = [
    entry
    for entry in ENTRIES.values()
    if entry.publisher.id == "londata" and not entry.generated and entry not in WRITTEN
]


def shared(name: str) -> Path:
    """A file of the collection that is not part of the project."""
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"the collection of test data is not here: {name}")
    return path


# How much there is ----------------------------------------------------------------------------------------------------


def test_there_are_enough_real_entries_from_enough_publishers():
    assert len(REAL) >= 150
    assert len({entry.publisher.id for entry in REAL}) >= 35
    boroughs = {entry.publisher.id for entry in REAL if entry.publisher.kind == "borough"}
    assert len(boroughs) >= 8
    assert {entry.publisher.kind for entry in REAL} >= {
        "gla",
        "transport",
        "police",
        "fire",
        "nhs",
        "national",
        "academic",
    }
    assert {entry.kind for entry in REAL} == {"dataset", "service", "list"}


def test_enough_of_them_say_where_the_data_is():
    assert sum(bool(entry.distributions) for entry in REAL) >= 120


def test_every_theme_has_entries():
    topics = Counter(topic for entry in ENTRIES.values() for topic in entry.topics)
    assert set(topics) == set(LOADED.themes)
    assert min(topics.values()) >= 5


def test_enough_can_be_read_offline_in_enough_formats():
    assert len({entry.id for entry, _ in OFFLINE}) >= 14
    assert {distribution.format for _, distribution in OFFLINE} == {
        "csv",
        "geojson",
        "netcdf",
        "parquet",
        "xlsx",
        "zarr",
    }


def test_the_data_stays_small_and_nothing_lies_about_unused():
    files = list((CATALOGS / "data").iterdir())
    assert {f"data/{file.name}" for file in files} == {distribution.path for _, distribution in OFFLINE}
    assert max(file.stat().st_size for file in files) < 700_000
    assert sum(file.stat().st_size for file in files) < 3_000_000


# What an entry says ---------------------------------------------------------------------------------------------------


def test_titles_are_told_apart():
    titles = Counter(entry.title.casefold() for entry in LOADED.entries)
    assert [title for title, times in titles.items() if times > 1] == []


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_an_entry_says_what_it_is(entry):
    assert 40 <= len(entry.summary) <= 250
    assert entry.summary.endswith(".")
    assert len(entry.description) >= 60
    assert entry.description != entry.summary
    assert entry.grain
    assert len(entry.tags) >= 3
    assert len(set(entry.tags)) == len(entry.tags)
    assert entry.landing_page or entry.generated or entry in WRITTEN
    assert entry.licence is None or entry.licence.id in ("", *LICENCES)


def test_what_is_a_service_has_an_endpoint_or_a_guide():
    for entry in ENTRIES.values():
        if entry.kind == "service":
            assert entry.endpoint or entry.documentation, entry.id


def addresses(entry):
    yield entry.landing_page
    yield getattr(entry, "endpoint", "")
    yield getattr(entry, "documentation", "")
    yield from (distribution.url for distribution in entry.distributions)


def test_addresses_are_encrypted_and_carry_no_key():
    for entry in ENTRIES.values():
        for address in filter(None, addresses(entry)):
            assert address.startswith("https://"), (entry.id, address)
            assert not re.search(r"\s|[?&](app_id|app_key|api_?key|token|uid|apikey)=", address), (entry.id, address)


def test_an_address_is_recorded_once():
    files = Counter(distribution.url for entry in REAL for distribution in entry.distributions)
    assert [address for address, times in files.items() if times > 1] == []


def test_slugs_and_keys_differ_in_hyphens_only():
    for entry in LOADED.entries:
        assert entry.key == entry.id.replace("-", "_")


def test_a_place_that_an_entry_covers_is_an_authority_or_london():
    for entry in ENTRIES.values():
        assert set(entry.geography.places) <= AUTHORITIES | {LONDON}, entry.id


def test_key_schemes_are_those_of_the_readme():
    schemes = set(re.findall(r"^\| `([a-z-]+)` \|", (CATALOGS / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert {key.scheme for entry in ENTRIES.values() for key in entry.keys} <= schemes


# Generated is said ----------------------------------------------------------------------------------------------------


def test_generated_sets_say_so_everywhere():
    assert len(GENERATED) >= 10
    for entry in GENERATED:
        assert "(generated)" in entry.title
        assert "enerated" in entry.description
        assert "made-up" in entry.summary.lower()
        assert "generated" in entry.tags
        assert entry.publisher.id == "londata" or entry in STANDING_IN
        assert entry.attribution == ""


def test_a_generated_set_that_stands_for_a_body_says_that_nothing_comes_from_it():
    assert len(STANDING_IN) == 5
    for entry in STANDING_IN:
        assert entry.access in ("shared", "closed")
        assert entry.personal_data != "not stated"
        assert f"nothing of it comes from {entry.publisher.name}." in entry.description.replace("from the ", "from ")
        assert "demonstration" in entry.licence_title
        assert entry.contact.email.endswith(".example")
        assert all(column.meaning and column.type != "any" for column in entry.columns)


def test_nobody_elses_data_is_generated():
    assert all(not entry.generated for entry in REAL)


def test_tables_put_together_name_their_sources():
    assert {entry.id for entry in PUT_TOGETHER} == {
        "london-authorities",
        "borough-boundaries",
        "borough-indicators",
        "population-by-census",
        "lsoa-2001-by-authority",
    }
    for entry in PUT_TOGETHER:
        assert "Contains" in entry.attribution


# Publishers -----------------------------------------------------------------------------------------------------------


def test_every_authority_is_a_publisher_under_its_plain_name():
    names = [line.split(",")[1] for line in (CATALOGS / "data" / "london-authorities.csv").read_text().splitlines()[1:]]
    boroughs = {publisher.id for publisher in LOADED.publishers.values() if publisher.kind == "borough"}
    assert {LOADED.aliases[name.casefold()] for name in names} == boroughs
    assert len(boroughs) == 33


def test_a_spelling_names_one_publisher_and_is_listed_once():
    raw = yaml.safe_load((CATALOGS / "publishers.yaml").read_text(encoding="utf-8"))
    spellings = Counter(
        " ".join(spelling.casefold().split())
        for publisher in raw.values()
        for spelling in (publisher["name"], *publisher.get("aliases", []))
    )
    assert [spelling for spelling, times in spellings.items() if times > 1] == []
    ids = {spelling for spelling in spellings if spelling in raw}
    assert all(LOADED.aliases[spelling] == spelling for spelling in ids)


@pytest.mark.parametrize(
    ("spelling", "publisher"),
    [
        ("GLA", "gla"),
        ("Greater London Authority (GLA)", "gla"),
        ("GLA Economics", "gla"),
        ("census information scheme", "gla"),
        ("TfL", "tfl"),
        ("London Underground", "tfl"),
        ("MPS", "mps"),
        ("LFEPA", "lfb"),
        ("RBKC", "kensington-and-chelsea"),
        ("DLUHC", "mhclg"),
        ("Public Health England", "ohid"),
    ],
)
def test_usual_spellings_find_their_publisher(spelling, publisher):
    assert LOADED.aliases[spelling.casefold()] == publisher


def test_publishers_of_the_london_datastore_are_nearly_all_known():
    path = shared("catalogue/london_datastore_2025-02-27_reconstructed.json")
    stated = [record["publisher"] for record in json.loads(path.read_bytes()) if record["publisher"]]
    known = [spelling for spelling in stated if spelling.casefold() in LOADED.aliases]
    assert len(known) / len(stated) > 0.97
