"""Dummy twins: rows that fit a record to the letter, and are made from nothing else."""

import datetime as dt
import re
import socket

import pandas as pd
import pytest

import londata
from londata import readers
from londata.dummy import dummy_rows
from londata.errors import UsageError
from londata.records import Column, entry_from_dict
from londata_hub.demonstration.holders import SETS

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"


def record(*columns, media_type=PARQUET, **options):
    distribution = {"id": "file", "media_type": media_type, "through": "gateway", "options": options}
    return entry_from_dict(
        {
            "kind": "dataset",
            "id": "made-up",
            "title": "Made up",
            "publisher": {"id": "gla", "name": "GLA"},
            "access": "closed",
            "columns": list(columns),
            "distributions": [distribution],
        }
    )


def one(rows=100, **column):
    """Make one column of a type."""
    return dummy_rows(record({"name": "x", **column}), rows)["x"]


def test_columns_come_in_recorded_order_and_the_same_seed_gives_the_same_rows():
    twin = record({"name": "b", "type": "integer"}, {"name": "a", "type": "string"}, {"name": "c", "type": "date"})
    frame = dummy_rows(twin, 20)
    assert list(frame.columns) == ["b", "a", "c"]
    pd.testing.assert_frame_equal(frame, dummy_rows(twin, 20))
    assert not frame.equals(dummy_rows(twin, 20, seed=1))


def test_a_column_has_the_same_values_whatever_stands_beside_it():
    alone = dummy_rows(record({"name": "a", "type": "number"}))["a"]
    assert alone.equals(dummy_rows(record({"name": "z"}, {"name": "a", "type": "number"}))["a"])


def test_codes_are_the_only_values_and_each_occurs():
    assert set(one(codes=["N", "K", "E"], type="string")) == {"N", "K", "E"}
    assert set(one(codes=[1, 2], type="integer")) == {1, 2}


def test_numbers_and_times_stay_within_their_bounds():
    assert one(type="integer", minimum=3, maximum=7).between(3, 7).all()
    assert one(type="number", minimum=-0.5, maximum=0.25).between(-0.5, 0.25).all()
    assert one(type="number", minimum=0.5, maximum=0.5).eq(0.5).all()
    days = one(type="date", minimum="2025-01-30", maximum="2025-02-02")
    assert days.between(pd.Timestamp(2025, 1, 30), pd.Timestamp(2025, 2, 2)).all()
    times = one(type="datetime", minimum="2025-01-30T10:00:00", maximum="2025-01-30T10:00:09")
    assert set(times) <= {pd.Timestamp(2025, 1, 30, 10, 0, second) for second in range(10)}
    with pytest.raises(UsageError, match="where nothing is"):
        one(type="integer", minimum=4, maximum=3)


def test_ids_keep_their_pattern_and_are_seen_to_be_dummies():
    ids = one(type="string", pattern="PUP999999999999", unique=True)
    assert ids.is_unique
    assert ids.str.fullmatch(r"PUP9{9}\d{3}").all()
    assert one(type="string", pattern="A9-9", unique=True, rows=100).str.fullmatch(r"A\d-\d").all()
    more = one(type="string", pattern="A9", unique=True, rows=250)
    assert more.is_unique
    assert more.str.fullmatch(r"[A-Z]\d").all()


def test_what_follows_a_backslash_in_a_pattern_stands_for_itself():
    ids = one(type="string", pattern=r"\ADR99-\9\\A", unique=True, rows=300)
    assert ids.is_unique
    assert ids.str.fullmatch(r"ADR\d\d-9\\[A-Z]").all()
    with pytest.raises(UsageError, match=r"only 100 values"):
        one(type="string", pattern=r"\A99", unique=True, rows=101)
    with pytest.raises(ValueError, match="ends in a backslash"):
        Column(name="id", pattern="X9\\")


@pytest.mark.parametrize(
    "column",
    [
        {"type": "string", "pattern": "X9"},
        {"type": "string", "codes": ["a", "b"]},
        {"type": "integer", "minimum": 1, "maximum": 10},
        {"type": "date", "minimum": "2025-01-01", "maximum": "2025-01-10"},
        {"type": "boolean"},
    ],
)
def test_what_cannot_be_unique_is_refused_with_the_number_of_rows_that_could(column):
    with pytest.raises(UsageError, match=r"only [\d,]+ values for 11 rows.*rows=\d+"):
        one(unique=True, rows=11, **column)


def test_gaps_are_where_the_record_allows_them_and_nowhere_else():
    for kind in ("string", "integer", "number", "boolean", "date", "datetime"):
        assert not one(type=kind).isna().any()
        gaps = one(type=kind, missing=True).isna()
        assert gaps.any()
        assert not gaps.all()


@pytest.mark.parametrize("held", [each for each in SETS if each.entry != "tfl-movements"], ids=lambda each: each.entry)
def test_the_twin_of_a_set_has_the_types_that_reading_the_set_gives(held, tmp_path):
    described = londata.catalog[held.entry].record
    distribution = described.distributions[0]
    held.make(tmp_path / held.file)
    real = readers.read(tmp_path / held.file, distribution.media_type, distribution.options)
    twin = dummy_rows(described, 300)
    pd.testing.assert_series_equal(twin.dtypes, real.dtypes)
    keys = [column.name for column in described.columns if "9" in column.pattern]
    assert keys
    for name in keys:
        assert not set(twin[name].dropna()) & set(real[name].dropna())


def test_dates_in_a_text_are_text_unless_the_record_reads_them_as_dates():
    born = {"name": "born", "type": "date"}
    assert dummy_rows(record(born, media_type=CSV))["born"].map(dt.date.fromisoformat).notna().all()
    assert dummy_rows(record(born, media_type=CSV, dates=["born"]))["born"].dtype == "datetime64[us]"


def test_a_map_has_points_in_london():
    geojson = "application/geo+json"
    frame = dummy_rows(record({"name": "ward"}, {"name": "geometry", "type": "geometry"}, media_type=geojson), 10)
    assert frame.crs == "EPSG:4326"
    assert frame.geometry.cx[-0.6:0.4, 51.2:51.7].shape == (10,)
    place = {"name": "place", "type": "geometry", "unit": "EPSG:27700", "missing": True}
    grid = dummy_rows(record(place, media_type=geojson), 10)
    assert grid.crs == "EPSG:27700"
    assert grid["place"].isna().sum() == 1


def test_what_cannot_be_made_is_refused():
    with pytest.raises(UsageError, match="does not list its columns"):
        dummy_rows(record())
    with pytest.raises(UsageError, match="it is a grid"):
        dummy_rows(record({"name": "noise"}, media_type="application/netcdf"))
    with pytest.raises(UsageError, match="rows is a number"):
        dummy_rows(record({"name": "x"}), -1)
    assert dummy_rows(record({"name": "x", "type": "integer"}), 0).shape == (0, 1)


def test_an_entry_gives_its_twin_without_a_grant_a_gateway_or_a_note(monkeypatch):
    def nobody(*_, **__):
        raise AssertionError("something was dialled")

    entry = londata.catalog.school_rolls_by_pupil
    noted = len(londata.reads())
    monkeypatch.setattr(socket.socket, "connect", nobody)
    frame = entry.read_dummy(rows=7, columns=["school_id", "pupil_id"])
    assert frame.shape == (7, 2)
    assert list(frame.columns) == ["school_id", "pupil_id"]
    assert "no row of it is real" in frame.attrs["londata"]["dummy"]
    assert len(londata.reads()) == noted
    with pytest.raises(UsageError, match="did you mean 'pupil_id'"):
        entry.read_dummy(columns=["pupil_ix"])
    assert re.fullmatch(r"PUP9+\d+", frame["pupil_id"].iloc[0])
