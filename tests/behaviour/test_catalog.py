"""The catalog that analysts touch: one suite, over catalogue files and over the register's service."""

from __future__ import annotations

import copy
import pickle
import re
import socket
import threading
import time
import warnings
from contextlib import contextmanager
from dataclasses import replace

import intake
import pandas as pd
import pytest
import yaml
from intake.readers.readers import BaseReader
from intake.readers.search import Text

from londata import open_catalog, reads
from londata.access import Subject
from londata.catalog_files import FileRegister
from londata.client import RegisterClient
from londata.errors import (
    AccessDeniedError,
    AmbiguousDistributionError,
    EntryNotFoundError,
    LondataError,
    NoSuchNameError,
    NotAuthenticatedError,
    QueryError,
    RegisterUnavailableError,
    UsageError,
)
from londata.intake_catalog import RegisterCatalog, RegisterEntry
from londata.records import RESERVED_KEYS

TOKEN = "secret-token-of-ada"
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


async def _authenticate(token: str) -> Subject:
    if token != TOKEN:
        raise NotAuthenticatedError("The token is not known.")
    return Subject("ada")


@contextmanager
def running_service(folder, state):
    """Run the register's real service over a real store, on a port of its own."""
    import uvicorn

    from londata_hub.services.content import Content
    from londata_hub.services.register import create_app
    from londata_hub.store import RegisterStore

    files = FileRegister(folder)
    with RegisterStore(f"sqlite:///{state / 'register.db'}", state / "index") as store, socket.socket() as listener:
        store.upsert(files.loaded.entries, source="files")
        store.note(themes=files.loaded.themes, aliases=files.loaded.aliases)
        listener.bind(("127.0.0.1", 0))
        app = create_app(store, _authenticate, Content(folder), prefix="/services/register")
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            deadline = time.monotonic() + 20
            while not server.started:
                assert time.monotonic() < deadline, "the service did not start"
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/services/register"
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture(scope="module")
def service(shared_catalog, tmp_path_factory):
    with running_service(shared_catalog, tmp_path_factory.mktemp("service")) as address:
        yield address


@pytest.fixture(scope="module", params=["files", "service"])
def address(request, shared_catalog):
    return str(shared_catalog) if request.param == "files" else request.getfixturevalue("service")


@pytest.fixture
def catalog(address, tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_TOKEN", TOKEN)
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))
    catalog = open_catalog(address)
    yield catalog
    if isinstance(catalog.register, RegisterClient):
        catalog.register.close()


# It is an Intake catalog ------------------------------------------------------------------------------------------


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


# Reading ----------------------------------------------------------------------------------------------------------


def test_a_table_is_read_as_a_dataframe(catalog):
    table = catalog.borough_profile.read()
    assert isinstance(table, pd.DataFrame)
    assert list(table.columns) == ["code", "borough", "residents"]
    assert table["residents"].sum() == 210_136 + 8_583 + 259_146


def test_columns_can_be_chosen_and_a_missing_one_is_named(catalog):
    assert list(catalog.borough_profile.read(columns=["borough"]).columns) == ["borough"]
    with pytest.raises(UsageError, match="no column 'boroug'; did you mean 'borough'"):
        catalog.borough_profile.read(columns=["boroug"])


def test_a_map_is_read_as_a_geodataframe(catalog):
    import geopandas

    places = catalog.borough_places.read()
    assert isinstance(places, geopandas.GeoDataFrame)
    assert places.geometry.iloc[0].x == pytest.approx(-0.12)


def test_discover_gives_ten_rows_of_the_same_type(catalog):
    assert catalog.cycle_hires_daily.discover().shape == (10, 2)


def test_a_table_can_be_had_as_dask_and_as_xarray(catalog):
    assert catalog.cycle_hires_daily.to_dask()["hires"].sum().compute() == 49_600
    assert int(catalog.cycle_hires_daily.to_xarray()["hires"].sum()) == 49_600


def test_to_reader_gives_a_genuine_reader_of_another_type(catalog):
    reader = catalog.cycle_hires_daily.to_reader("dask")
    assert isinstance(reader, BaseReader)
    assert reader.output_instance == "dask.dataframe:DataFrame"
    assert reader.read().npartitions >= 1
    assert catalog.cycle_hires_daily.output_instance == "pandas:DataFrame"
    assert isinstance(reader.to_reader("pandas:DataFrame").read(), pd.DataFrame)
    with pytest.raises(UsageError, match="cannot read as 'polars'"):
        catalog.cycle_hires_daily.to_reader("polars")


def test_several_distributions_stop_with_the_code_to_type(catalog):
    with pytest.raises(AmbiguousDistributionError) as caught:
        catalog.school_rolls.read()
    lines = str(caught.value).splitlines()
    code = [line for line in lines if line.startswith("catalog.")]
    assert len(code) == 2
    frames = [eval(line, {"catalog": catalog}) for line in code]  # noqa: S307 – what it says to type must run
    assert frames[0].equals(frames[1])


def test_a_distribution_that_cannot_be_read_does_not_count(catalog):
    assert len(catalog.borough_profile.read()) == 3
    with pytest.raises(UsageError, match="is pdf, which londata does not read"):
        catalog.borough_profile.read(distribution="pdf")
    with pytest.raises(UsageError, match="has no distribution 'xlsx'"):
        catalog.borough_profile.read(distribution="xlsx")


def test_where_nothing_can_be_read_the_landing_page_is_named(catalog):
    with pytest.raises(UsageError, match=re.escape("it is held as pdf. See https://example.org/counters")):
        catalog.cycle_counters.read()
    with pytest.raises(UsageError, match=re.escape("it lists no file. See https://example.org/air")):
        catalog.air_quality_near_stations.read()


def test_data_that_is_not_open_is_seen_and_not_read(catalog):
    assert catalog.care_cases.title == "Care cases"
    with pytest.raises(AccessDeniedError, match="its access is shared"):
        catalog.care_cases.read()
    with pytest.raises(AccessDeniedError, match="its access is closed"):
        catalog["search"].read()  # it lists no file, which is not why it cannot be read


def test_an_insight_says_how_to_open_it_and_what_it_uses(catalog):
    with pytest.raises(
        UsageError, match=r"open it at /services/apps/borough-explorer/\. It uses catalog\.borough_profile"
    ):
        catalog.borough_explorer.read()
    assert list(catalog.borough_profile.insights) == ["borough_explorer"]
    assert list(catalog.cycle_hires_daily.insights) == []


def test_every_read_is_noted_with_its_hash(catalog, address):
    before = len(reads())
    catalog.borough_profile.read(columns=["borough"])
    catalog.borough_places.read()
    catalog.cycle_hires_daily.to_xarray()
    table, places, grid = reads()[before:]
    assert (table.entry, table.distribution, table.rows, table.columns) == ("borough-profile", "csv", 3, ("borough",))
    assert len(table.sha256) == 64
    assert table.licence == "Open Government Licence v3.0"
    assert table.register == address
    assert places.licence == "not stated"
    assert (grid.rows, grid.dimensions) == (None, {"index": 31})


def test_a_read_that_fails_is_not_noted(catalog):
    before = len(reads())
    with pytest.raises(LondataError):
        catalog.school_rolls.read()
    assert len(reads()) == before


@pytest.mark.parametrize("name", ["raed", "to_pandas", "head", "titel", "shape"])
def test_a_misspelt_attribute_of_an_entry_is_an_error_and_never_a_pipeline(catalog, name):
    with pytest.raises(NoSuchNameError, match=f"borough_profile has no '{name}'"):
        getattr(catalog.borough_profile, name)
    assert not hasattr(catalog.borough_profile, name)


def test_a_misspelt_attribute_is_answered_with_what_was_meant(catalog):
    with pytest.raises(NoSuchNameError, match="did you mean read"):
        catalog.borough_profile.raed()


def test_an_entry_is_not_the_table(catalog):
    with pytest.raises(NoSuchNameError, match=re.escape("catalog.borough_profile.read()['residents']")):
        catalog.borough_profile["residents"]


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
        assert left_out["borough_profile"] == "its file is kept by the register's service"
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


# Over the service only --------------------------------------------------------------------------------------------


def test_a_register_that_does_not_answer_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("londata.client.connection.BACK_OFF", ())
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        catalog = open_catalog(f"http://127.0.0.1:{nobody.getsockname()[1]}")
        assert "does not answer" in repr(catalog)
        assert "does not answer" in catalog._repr_html_()
        assert dir(catalog)
        with pytest.raises(RegisterUnavailableError):
            _ = catalog.borough_profile
        catalog.register.close()


def test_a_wrong_token_gets_nothing(service, monkeypatch):
    monkeypatch.setenv("LONDATA_TOKEN", "forged")
    catalog = open_catalog(service)
    with pytest.raises(NotAuthenticatedError):
        list(catalog)
    catalog.register.close()
