"""The catalog is an Intake catalog, stays as it is, and is exported for stock Intake."""

from __future__ import annotations

import copy
import pickle
import warnings

import intake
import pytest
import yaml
from intake.readers.readers import BaseReader
from intake.readers.search import Text

from londata import open_catalog
from londata.errors import UsageError
from londata.intake_catalog import RegisterEntry
from londata.records import RESERVED_KEYS
from register_service import TOKEN


def test_it_is_a_genuine_intake_catalog_of_genuine_intake_readers(catalog):
    assert isinstance(catalog, intake.Catalog)
    assert isinstance(catalog.borough_profile, BaseReader)


def test_no_name_of_the_catalog_can_hide_a_dataset(catalog):
    assert {name for name in object.__dir__(catalog) if not name.startswith("_")} == RESERVED_KEYS


def test_intake_can_still_choose_readers_for_its_own_data(catalog):
    data = intake.datatypes.CSV("table.csv")
    assert not any("londata" in reader.qname() for reader in data.possible_outputs)
    assert not any("londata" in kind.qname() for kind in intake.datatypes.recommend("table.csv", head=False))


def test_its_entries_can_be_put_into_a_catalog_of_ones_own(catalog):
    mine = intake.Catalog()
    mine["boroughs"] = catalog.borough_profile
    assert len(mine["boroughs"].read()) == 3
    assert TOKEN not in yaml.safe_dump(mine.to_dict())


def test_an_intake_search_expression_gives_a_plain_catalog(catalog):
    found = catalog.search(Text("borough-places"))
    assert type(found) is intake.Catalog
    assert list(found) == ["borough_places"]


# Staying as it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.add_entry(c.borough_profile),
        lambda c: c.__setitem__("mine", c.borough_profile),
        lambda c: c.__delitem__("borough_profile"),
        lambda c: c.rename("borough_profile", "mine"),
        lambda c: c.delete("borough_profile"),
        lambda c: c.give_name("a", "b"),
        lambda c: c.extract_parameter("a", "b"),
        lambda c: c.move_parameter("a", "b", "c"),
        lambda c: c.promote_parameter_name("a"),
        lambda c: c.__iadd__(c),
        lambda c: c + c,
        lambda c: c(year=2021),
        lambda c: setattr(c, "borough_profile", 1),
        lambda c: delattr(c, "borough_profile"),
    ],
)
def test_the_catalog_cannot_be_changed_and_says_so(catalog, change):
    with pytest.raises(UsageError, match="cannot be changed"):
        change(catalog)


def test_catalogs_and_entries_are_pickled_without_a_token(catalog):
    for thing in (catalog, catalog.search("cycle", access="open"), catalog.borough_profile, catalog.themes.transport):
        written = pickle.dumps(thing)
        assert TOKEN.encode() not in written
        assert pickle.loads(written) == thing  # noqa: S301
        assert copy.copy(thing) == thing
    assert len(pickle.loads(pickle.dumps(catalog.borough_profile)).read()) == 3  # noqa: S301


def test_equal_catalogs_and_entries_have_equal_hashes(catalog, address):
    again = open_catalog(address)
    assert {catalog, again, catalog.search("")} == {again}
    assert catalog.search("cycle") != catalog
    assert {catalog.borough_profile, again.borough_profile} == {again.borough_profile}
    assert catalog.borough_profile != catalog.borough_profile.to_reader("dask")
    assert catalog.token == again.token != catalog.search("cycle").token


def test_repr_says_how_many_there_are_and_names_the_first(catalog):
    text = repr(catalog)
    assert text.startswith("9 entries\n")
    assert "borough_profile" in text
    assert "Transport for London 4" in text
    assert isinstance(catalog.borough_profile, RegisterEntry)
    assert "catalog.borough_profile.read()" in repr(catalog.borough_profile)


def test_an_export_is_read_by_stock_intake_without_londata(catalog, address, tmp_path):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        catalog.to_yaml_file(tmp_path / "london.yaml")
    values = yaml.safe_load((tmp_path / "london.yaml").read_text(encoding="utf-8"))
    assert values == catalog.to_dict()
    left_out = values["metadata"]["left_out"]
    assert left_out["cycle_counters"] == "there is nothing to read: pdf"
    assert left_out["care_cases"] == "its access is shared"
    assert any(f"{len(left_out)} of" in str(each.message) for each in said)
    stock = intake.open_catalog(str(tmp_path / "london.yaml"))
    assert type(stock) is intake.Catalog
    if address.startswith("http"):
        assert left_out["borough_profile"] == "its file is kept by a service of the hub"
        return
    assert set(stock) == {
        "borough_places",
        "borough_profile",
        "cycle_hires_daily",
        "school_rolls__csv",
        "school_rolls__tsv",
    }
    for name in stock:
        key, _, distribution = name.partition("__")
        ours = catalog[key].read(distribution=distribution or None)
        assert stock[name].read().shape == ours.shape
