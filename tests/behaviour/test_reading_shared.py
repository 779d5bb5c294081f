"""The same ``read()`` for data that is not open, through a real gateway."""

import datetime as dt
import pickle
from functools import partial

import fsspec
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import londata
from gateway_service import served_gateway
from londata.access.decision import POLICY_VERSION
from londata.client import gateway as gateway_client
from londata.client.gateway_files import GatewayFileSystem
from londata.errors import (
    AccessDeniedError,
    AccessEndedError,
    AmbiguousDistributionError,
    LondataWarning,
    ReadError,
    TooLargeError,
    UsageError,
)
from londata.readers import READERS
from londata.records.vocabulary import MEDIA_TYPES
from shared_world import FORMATS, catalog_of, shared_world

EVERY = [(slug, name) for slug, names in FORMATS.items() for name in names]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return shared_world(tmp_path_factory.mktemp("shared"), rows=60_000)


@pytest.fixture(scope="module")
def gateway(world):
    with served_gateway(world, on_socket=True) as running:
        yield running


@pytest.fixture(scope="module")
def catalog(world):
    return catalog_of(world)


@pytest.fixture(autouse=True)
def a_kernel_of_ada(gateway, monkeypatch):
    """What the hub gives a kernel: where the gateway is, her token, and her project."""
    monkeypatch.setenv("LONDATA_GATEWAY", gateway.address)
    monkeypatch.setenv("LONDATA_TOKEN", "token-of-ada")
    monkeypatch.setenv("LONDATA_PROJECT", "places")
    GatewayFileSystem.clear_instance_cache()


def computed(value):
    return value.compute() if hasattr(value, "dask") or hasattr(value, "npartitions") else value


@pytest.mark.parametrize(("slug", "distribution"), EVERY, ids=[f"{slug}-{name}" for slug, name in EVERY])
def test_every_format_is_read_in_its_own_form_and_its_first_rows_are(catalog, slug, distribution):
    entry = catalog[slug]
    first, whole = entry.discover(distribution=distribution), entry.read(distribution=distribution)
    assert type(first) is type(whole)
    if slug == "noise":
        assert float(whole.noise.sum()) == np.arange(600.0).sum()
        assert dict(first.sizes) == {"y": 10, "x": 10}
    else:
        assert list(first.columns) == list(whole.columns)
        assert (len(first), len(whole) > 10) == (10, True)
    assert isinstance(whole, gpd.GeoDataFrame) == (slug == "wards")


@pytest.mark.parametrize("verb", ["read", "discover"])
@pytest.mark.parametrize("as_", ["pandas", "geopandas", "xarray", "dask"])
@pytest.mark.parametrize(("slug", "distribution"), EVERY, ids=[f"{slug}-{name}" for slug, name in EVERY])
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_every_form_works_or_says_why_not(catalog, slug, distribution, as_, verb):
    read = partial(getattr(catalog[slug], verb), distribution=distribution, as_=as_)
    forms = {"pandas": pd.DataFrame, "geopandas": gpd.GeoDataFrame, "xarray": xr.Dataset}
    able = as_ in READERS[MEDIA_TYPES[distribution]].kinds and (as_ != "geopandas" or slug == "wards")
    if able:
        assert isinstance(computed(read()), forms.get(as_, pd.DataFrame | xr.Dataset))
    else:
        with pytest.raises(
            (UsageError, ReadError), match=r"(cannot be read as|holds no geometry).*[Rr]ead (as|it with)"
        ):
            read()


def test_a_reading_notes_on_which_terms_it_was_read(catalog, gateway, world):
    before = len(londata.reads())
    frame = catalog.ages.read(columns=["age"])
    (reading,) = londata.reads()[before:]
    assert reading.columns == ("age",)
    assert reading.rows == len(frame)
    assert (reading.agreement, reading.project, reading.purpose) == ("ISA-2", "places", "school-place-planning")
    assert (reading.grant, reading.outputs) == ("ada-ages-places", "aggregate-only")
    assert reading.until > "2026"
    assert reading.policy_version == POLICY_VERSION
    lines = {line["seq"]: line for line in gateway.log("decision.allowed")}
    assert lines[reading.decision]["entry"] == "ages"
    assert len(reading.sha256) == 64


def test_only_the_agreed_columns_and_rows_arrive_and_another_column_is_named(catalog):
    frame = catalog.ages.read()
    assert set(frame["borough"]) == {"Camden"}
    assert list(frame.columns) == ["borough", "age"]
    with pytest.raises(AccessDeniedError, match=r"'pupil'.*ISA-2.*covers the columns borough, age"):
        catalog.ages.read(columns=["pupil"])
    with pytest.raises(UsageError, match="no column 'agee'"):
        catalog.ages.read(columns=["agee"])


def test_filters_are_pushed_down_to_row_groups(catalog, world, gateway):
    frame = catalog.rolls.read(["age"], distribution="parquet", filters=[("borough", "==", "Camden")])
    whole = pd.read_parquet(world.rolls)
    assert frame["age"].tolist() == whole.loc[whole["borough"] == "Camden", "age"].tolist()


def test_first_rows_of_a_parquet_move_pages_and_not_row_groups(tmp_path, monkeypatch):
    made = shared_world(tmp_path, rows=600_000)
    with served_gateway(made, on_socket=True) as running:
        monkeypatch.setenv("LONDATA_GATEWAY", running.address)
        assert len(catalog_of(made).rolls.discover(distribution="parquet")) == 10
        running.run(running.gateway.readings.forget(*running.gateway.readings, "the test says so"))
        (line,) = running.log("reading.ended")
    assert line["details"]["bytes"] < made.rolls.stat().st_size / 4


def test_every_library_opens_the_address_itself(catalog):
    """Unmodified: what fsspec knows, they know."""
    import duckdb

    assert len(pd.read_parquet("londata://rolls/parquet")) == 60_000
    assert len(gpd.read_parquet("londata://wards/parquet")) == 30
    with fsspec.open("londata://wards/geojson") as file:
        assert len(gpd.read_file(file)) == 30  # GDAL opens addresses by itself, and none of this kind
    with fsspec.open("londata://noise/netcdf") as file, xr.open_dataset(file, engine="h5netcdf") as grid:
        assert float(grid.noise.max()) == 599
    with duckdb.connect() as database:
        database.register_filesystem(fsspec.filesystem("londata"))
        counted = database.sql("SELECT count(*) AS rows FROM read_parquet('londata://rolls/parquet')").df()
    assert counted["rows"].item() == 60_000


def test_several_distributions_are_listed_with_the_code_to_type(catalog):
    with pytest.raises(AmbiguousDistributionError, match=r'catalog\.rolls\.read\(distribution="parquet"\)'):
        catalog.rolls.read()


def test_without_a_project_the_denial_says_for_which_there_are_grants(tmp_path, monkeypatch):
    made = shared_world(tmp_path, rows=30)
    with served_gateway(made) as running:
        monkeypatch.setenv("LONDATA_GATEWAY", running.address)
        monkeypatch.delenv("LONDATA_PROJECT")
        with pytest.raises(AccessDeniedError, match=r"no project is chosen.*places or routes"):
            catalog_of(made).rolls.read(distribution="csv")


def test_without_a_gateway_nothing_is_read_and_the_denial_reads_like_help(catalog, monkeypatch):
    monkeypatch.delenv("LONDATA_GATEWAY")
    with pytest.raises(AccessDeniedError, match=r"You can see “Ages” but not read it: .*Ask"):
        catalog.ages.read()


def test_an_access_that_ended_is_over_at_the_next_read(tmp_path, monkeypatch):
    made = shared_world(tmp_path, rows=30)
    with served_gateway(made, on_socket=True) as running:
        monkeypatch.setenv("LONDATA_GATEWAY", running.address)
        entry = catalog_of(made).ages
        entry.read()
        running.store.end_grant("ada-ages-places", "chen", "the work is done")
        with pytest.raises(AccessEndedError, match="chen took back"):
            entry.read()
        with pytest.raises(AccessEndedError, match="chen took back"):
            GatewayFileSystem(running.address, "places").cat_file("ages")


def test_what_would_have_to_be_held_in_memory_has_a_limit(catalog, monkeypatch):
    monkeypatch.setenv("LONDATA_MAX_DOWNLOAD", "1KB")
    with pytest.raises(TooLargeError, match="held in memory"):
        catalog.rolls.read(distribution="csv")
    assert len(catalog.rolls.read(["age"], distribution="parquet")) == 60_000


def test_an_end_that_is_near_is_warned_of_once_for_each_entry_and_day(tmp_path, monkeypatch):
    made = shared_world(tmp_path, rows=30)
    with made.store() as store:
        project = store.arrangements().projects["places"]
        soon = store.now().date() + dt.timedelta(days=6)
        store.record(project.model_copy(update={"end": soon}), "operator")
    monkeypatch.setattr(gateway_client, "_warned", set())
    with served_gateway(made, on_socket=True) as running:
        monkeypatch.setenv("LONDATA_GATEWAY", running.address)
        catalog = catalog_of(made)
        with pytest.warns(LondataWarning, match=r"^Your access to “Ages” "):
            catalog.ages.read()
        catalog.ages.read()  # a second warning would be an error here
        with pytest.warns(LondataWarning, match="“Staff”"):
            catalog.staff.read(distribution="json")
        catalog.staff.read(distribution="xlsx")


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_a_dask_table_of_a_parquet_can_be_pickled_and_asks_for_itself(catalog):
    parts = catalog.rolls.read(["age"], distribution="parquet", as_="dask")
    packed = pickle.dumps(parts)
    assert b"token-of-ada" not in packed
    assert pickle.loads(packed)["age"].count().compute() == 60_000  # noqa: S301


def test_a_grid_outlives_the_memory_that_it_was_read_from(catalog):
    """No other file may take the place of one that a lazy grid would read from later."""
    grid = catalog.noise.read(distribution="netcdf", as_="dask")
    catalog.staff.read(distribution="xlsx")
    assert float(grid.noise.sum().compute()) == np.arange(600.0).sum()
