"""Reading what a catalog holds, and what is said where it cannot be read."""

from __future__ import annotations

import re
import socket

import pandas as pd
import pytest
from intake.readers.readers import BaseReader

from londata import open_catalog, reads
from londata.errors import (
    AccessDeniedError,
    AmbiguousDistributionError,
    LondataError,
    NoSuchNameError,
    NotAuthenticatedError,
    RegisterUnavailableError,
    UsageError,
)


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
