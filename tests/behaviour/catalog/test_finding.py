"""Finding entries in a catalog: by name, by words, by filters, by completion."""

from __future__ import annotations

from dataclasses import replace

import pytest

from londata import open_catalog
from londata.catalog_files import FileRegister
from londata.errors import EntryNotFoundError, QueryError, RegisterUnavailableError
from londata.intake_catalog import RegisterCatalog

EVERYTHING = [
    "air_quality_near_stations",
    "borough_explorer",
    "borough_places",
    "borough_profile",
    "care_cases",
    "cycle_counters",
    "cycle_hires_daily",
    "school_rolls",
    "search_",
]


# Finding ----------------------------------------------------------------------------------------------------------


def test_opening_asks_the_register_for_nothing():
    catalog = open_catalog("http://127.0.0.1:9/nobody/is/here")
    assert isinstance(catalog.search("air"), RegisterCatalog)
    assert isinstance(open_catalog("/no/such/folder"), RegisterCatalog)


def test_without_an_address_the_setting_says_where_the_register_is(address, monkeypatch):
    monkeypatch.setenv("LONDATA_REGISTER", address)
    assert open_catalog().register.address == address


def test_entries_are_had_by_attribute_by_key_and_by_slug(catalog):
    assert catalog.borough_profile == catalog["borough_profile"] == catalog["borough-profile"]
    assert catalog.borough_profile.title == "Borough profiles (generated)"
    assert catalog.search_.title == catalog["search"].title == "What people search for"


def test_iterating_gives_the_keys_and_len_counts_them(catalog):
    assert list(catalog) == EVERYTHING
    assert len(catalog) == len(EVERYTHING)
    assert list(catalog.entries) == list(catalog.aliases) == EVERYTHING


def test_in_knows_keys_slugs_and_entries(catalog):
    assert "borough_profile" in catalog
    assert "borough-profile" in catalog
    assert catalog.borough_profile in catalog
    assert "borough_profle" not in catalog
    assert 3 not in catalog


@pytest.mark.parametrize(
    "ask", [lambda c: c.borough_profle, lambda c: c["borough_profle"], lambda c: c["Borough Profle"]]
)
def test_a_near_miss_is_answered_with_what_was_meant(catalog, ask):
    with pytest.raises(EntryNotFoundError, match="; did you mean borough_profile"):
        ask(catalog)


def test_a_missing_entry_is_a_key_error_and_an_attribute_error(catalog):
    with pytest.raises(KeyError):
        catalog["nothing_like_it"]
    assert not hasattr(catalog, "nothing_like_it")
    assert getattr(catalog, "nothing_like_it", "nothing") == "nothing"


def test_a_misspelt_verb_is_answered_with_the_verb(catalog):
    with pytest.raises(EntryNotFoundError, match="did you mean search"):
        catalog.serach("air quality")


@pytest.mark.parametrize(
    "key", ["", " ", "../../etc/passwd", "a/b", "borough profile", "é", "x" * 5000, "-", "__", 7, None]
)
def test_an_odd_key_is_an_entry_that_is_not_there(catalog, key):
    assert key not in catalog
    with pytest.raises(EntryNotFoundError):
        catalog[key]


# Searching --------------------------------------------------------------------------------------------------------


def test_search_is_chained_and_narrows(catalog):
    found = catalog.search("cycle")
    assert set(found) == {"cycle_hires_daily", "cycle_counters"}
    assert list(found.search(format="csv")) == ["cycle_hires_daily"]
    assert next(iter(catalog.search("air quality", publisher="TfL", access="open"))) == "air_quality_near_stations"


def test_search_puts_a_title_match_first(catalog):
    assert list(catalog.search("air quality")) == ["air_quality_near_stations", "cycle_hires_daily"]


def test_a_publisher_is_known_by_id_name_and_abbreviation(catalog):
    by_id = list(catalog.search(publisher="tfl"))
    assert by_id == list(catalog.search(publisher="TfL")) == list(catalog.search(publisher="Transport for London"))
    assert len(by_id) == 4
    assert len(catalog.search(publisher="City Hall")) == 5


def test_filters_that_exclude_each_other_find_nothing(catalog):
    nothing = catalog.search(publisher="tfl").search(publisher="gla")
    assert len(nothing) == 0
    assert list(nothing) == []
    assert "0 entries" in repr(nothing)


def test_a_register_that_changes_while_it_is_walked_is_not_walked_in_part(shared_catalog, monkeypatch):
    class Growing(FileRegister):
        grown = 0

        def search(self, query, *, limit=20, offset=0, facets=()):
            self.grown += 1
            found = super().search(query, limit=limit, offset=offset, facets=facets)
            return replace(found, total=found.total + self.grown)

    monkeypatch.setattr("londata.intake_catalog.catalog.PAGE", 2)
    with pytest.raises(RegisterUnavailableError, match="changed while it was read"):
        list(RegisterCatalog(Growing(shared_catalog)).records())


def test_a_filter_value_that_nothing_has_is_named_with_what_is_near(catalog):
    misspelt = catalog.search("cycling", publisher="Tansport for London", licence="OGL", topic="zzz")
    for shown in (repr(misspelt), misspelt._repr_html_()):
        assert "No entry has publisher “Tansport for London”; did you mean Transport for London?" in shown
        assert "No entry has licence “OGL”; did you mean ogl-3" in shown
        assert "No entry has topic “zzz”." in shown
    assert "No entry has" not in repr(catalog.search("qxzvwkj", publisher="TfL"))


def test_nonsense_finds_nothing(catalog):
    assert list(catalog.search("qxzvwkj")) == []


def test_an_entry_outside_the_selection_is_not_in_it(catalog):
    cycles = catalog.search("cycle")
    assert "borough_profile" not in cycles
    with pytest.raises(EntryNotFoundError, match="in the register but not in this selection"):
        cycles["borough_profile"]
    assert cycles.cycle_hires_daily == catalog.cycle_hires_daily


@pytest.mark.parametrize(
    ("filters", "message"),
    [({"colour": "red"}, "no filter 'colour'"), ({"access": "public"}, "access cannot be 'public'")],
)
def test_a_filter_that_does_not_exist_is_refused_with_those_that_do(catalog, filters, message):
    with pytest.raises(QueryError, match=message):
        catalog.search("air", **filters)


def test_facets_count_what_was_found(catalog):
    assert catalog.facets("access") == {"access": {"open": 7, "closed": 1, "shared": 1}}
    assert catalog.search("cycle").facets("format")["format"] == {"csv": 1, "pdf": 1}
    assert set(catalog.facets()) == {"publisher", "topic", "access", "licence", "format", "geography", "kind"}


def test_themes_are_catalogs_of_their_own(catalog):
    assert list(catalog.themes) == ["people", "transport"]
    assert isinstance(catalog.themes.transport, RegisterCatalog)
    assert set(catalog.themes["transport"]) == {
        "air_quality_near_stations",
        "cycle_counters",
        "cycle_hires_daily",
        "search_",
    }
    assert "Transport" in repr(catalog.themes)
    with pytest.raises(EntryNotFoundError, match="did you mean transport"):
        _ = catalog.themes.transprot


def test_keys_are_completed_by_prefix(catalog):
    assert catalog.complete("cyc") == ["cycle_counters", "cycle_hires_daily"]
    assert catalog.complete("cycle_h") == ["cycle_hires_daily"]
    assert catalog.complete("sea") == catalog.complete("search_") == ["search_"]
    assert catalog.complete("cycle%") == catalog.complete("zzz") == []
    assert catalog.themes.people.complete("cyc") == []


def test_dir_lists_verbs_and_keys(catalog):
    assert {"search", "themes", "borough_profile"} <= set(dir(catalog))
    assert "_repr_html_" not in dir(catalog)
