"""Readers: what was written is read back, whole, in part, in pieces and as other types."""

import json

import geopandas as gpd
import pandas as pd
import pytest
import xarray as xr
import zarr

from londata import readers
from londata.errors import MissingExtraError, ReadError, UsageError
from londata.records import ReadingOptions
from londata.records.vocabulary import FORMATS, MEDIA_TYPES
from sample_files import GRID, PLACES, TABLE, write
from zipped import zipped

pytestmark = pytest.mark.filterwarnings(
    # xarray and zarr tell each other, not us, about what is to come in zarr 4
    "ignore:.*Numcodecs codecs are not in the Zarr version 3 specification.*:UserWarning",
)


@pytest.fixture(params=[FORMATS[media_type] for media_type in readers.READERS])
def sample(request, tmp_path):
    path = write(request.param, tmp_path / "copy", tmp_path)
    return path, MEDIA_TYPES[request.param], request.param


def check_whole(value, format_):
    if format_ in ("geojson", "gpkg", "shapefile"):
        assert type(value) is gpd.GeoDataFrame
        assert list(value["name"]) == ["Town hall", "Library"]
        assert value.crs == ("EPSG:4326" if format_ == "geojson" else "EPSG:27700")
    elif format_ in ("netcdf", "zarr"):
        assert type(value) is xr.Dataset
        xr.testing.assert_identical(value.load(), GRID)
    else:
        assert type(value) is pd.DataFrame
        pd.testing.assert_frame_equal(value, TABLE, check_dtype=True)


def test_every_reader_gives_back_what_was_written(sample):
    path, media_type, format_ = sample
    assert readers.can_read(media_type)
    check_whole(readers.read(path, media_type, ReadingOptions()), format_)


def test_every_reader_gives_chosen_columns_in_the_order_asked_for(sample):
    path, media_type, format_ = sample
    if format_ in ("geojson", "gpkg", "shapefile"):
        frame = readers.read(path, media_type, columns=["opened", "name"])
        assert list(frame.columns) == ["opened", "name", "geometry"]
    elif format_ in ("netcdf", "zarr"):
        assert list(readers.read(path, media_type, columns=["no2"]).data_vars) == ["no2"]
    else:
        frame = readers.read(path, media_type, columns=["residents", "code"])
        pd.testing.assert_frame_equal(frame, TABLE[["residents", "code"]])


def test_every_reader_says_which_column_was_meant(sample):
    path, media_type, format_ = sample
    wrong, right = {"shapefile": ("nmae", "name"), "netcdf": ("no3", "no2")}.get(format_, ("nmae", "name"))
    if format_ in ("csv", "tsv", "parquet", "xlsx", "xls", "ods", "json"):
        wrong, right = "residens", "residents"
    elif format_ == "zarr":
        wrong, right = "no3", "no2"
    with pytest.raises(UsageError, match=f"no column '{wrong}'; did you mean '{right}'") as caught:
        readers.read(path, media_type, columns=[wrong])
    assert right in caught.value.hint


def test_every_reader_discovers_the_same_kind_but_less(sample):
    path, media_type, _ = sample
    whole, part = readers.read(path, media_type), readers.discover(path, media_type, ReadingOptions(), nrows=1)
    assert type(part) is type(whole)
    assert (part.sizes["time"] if isinstance(part, xr.Dataset) else len(part)) == 1
    assert len(readers.discover(path, media_type)) == len(whole)


def test_every_reader_lists_the_keywords_that_it_takes(sample):
    path, media_type, format_ = sample
    with pytest.raises(UsageError, match=f"Reading {format_} takes no 'nrow'; did you mean 'nrows'") as caught:
        readers.read(path, media_type, nrow=3)
    assert "columns" in caught.value.hint
    with pytest.raises(UsageError, match="takes no 'storage_options'"):
        readers.read(path, media_type, storage_options={"Authorization": "x"})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"columns": "code"}, "list of names"),
        ({"columns": [1]}, "list of names"),
        ({"nrows": -1}, "nrows is a number of rows, not -1"),
        ({"nrows": "all"}, "nrows is a number of rows, not 'all'"),
        ({"as_": "polars"}, "cannot be read as 'polars', which is no kind that there is"),
        ({"as_": "geopandas"}, "cannot be read as 'geopandas'"),
        ({"delimiter": "||"}, "delimiter: .*at most 1 character"),
        ({"header_row": "first"}, "header_row: 'first'"),
    ],
)
def test_a_keyword_that_makes_no_sense_is_one_sentence(tmp_path, arguments, words):
    with pytest.raises(UsageError, match=words):
        readers.read(write("csv", tmp_path / "copy", tmp_path), "text/csv", **arguments)


def test_what_there_is_no_reader_for_is_said():
    assert not readers.can_read("application/pdf")
    with pytest.raises(UsageError, match="no reader for pdf") as caught:
        readers.read(None, "application/pdf")
    assert "xlsx" in caught.value.hint


@pytest.mark.parametrize("as_", ["dask", "xarray"])
def test_a_missing_library_comes_with_the_line_that_installs_it(tmp_path, monkeypatch, as_):
    path = write("csv", tmp_path / "copy", tmp_path)
    for name in ("dask", "dask.dataframe", "xarray"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(MissingExtraError) as caught:
        readers.read(path, "text/csv", as_=as_)
    assert caught.value.hint == f'Install it: pip install "londata[{"dask" if as_ == "dask" else "geo"}]"'


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_tables_can_be_read_in_pieces_with_dask(tmp_path, format_):
    path = write(format_, tmp_path / "copy", tmp_path)
    lazy = readers.read(path, MEDIA_TYPES[format_], as_="dask")
    assert type(lazy).__module__.startswith("dask.")
    pd.testing.assert_frame_equal(lazy.compute(), TABLE, check_dtype=False)
    some = readers.read(path, MEDIA_TYPES[format_], as_="dask", columns=["residents", "code"])
    pd.testing.assert_frame_equal(some.compute(), TABLE[["residents", "code"]], check_dtype=False)
    first = readers.discover(path, MEDIA_TYPES[format_], as_="dask", nrows=2)
    assert type(first) is type(lazy)
    pd.testing.assert_frame_equal(first.compute(), TABLE.head(2), check_dtype=False)


def test_a_csv_in_pieces_keeps_its_encoding_dates_and_text(tmp_path):
    (tmp_path / "copy").write_bytes("id,day,cost\n007,31/01/2026,£3\n008,01/02/2026,£4\n".encode("cp1252"))
    options = ReadingOptions(text=("id",), dates=("day",))
    whole = readers.read(tmp_path / "copy", "text/csv", options)
    lazy = readers.read(tmp_path / "copy", "text/csv", options, as_="dask")
    assert lazy["day"].dtype.kind == "M"
    pd.testing.assert_frame_equal(lazy.compute(), whole, check_dtype=False)


def test_a_large_csv_in_pieces_has_floats_where_whole_numbers_may_be_missing(tmp_path, monkeypatch):
    from londata.readers import delimited

    monkeypatch.setattr(delimited, "_SMALL_BYTES", 10)
    monkeypatch.setattr(delimited, "_SAMPLE_ROWS", 2)
    (tmp_path / "copy").write_text("a\n1\n2\n\n3\n,\n".replace(",", '""'))
    assert list(readers.read(tmp_path / "copy", "text/csv", as_="dask")["a"].compute().dropna()) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("format_", ["csv", "parquet", "xlsx", "json"])
def test_tables_can_be_read_as_xarray(tmp_path, format_):
    grid = readers.read(write(format_, tmp_path / "copy", tmp_path), MEDIA_TYPES[format_], as_="xarray")
    assert list(grid["residents"].values) == [210136, 8583, 259146]


@pytest.mark.parametrize("format_", ["netcdf", "zarr"])
def test_grids_are_lazy_and_can_be_dask_arrays(tmp_path, format_):
    path = write(format_, tmp_path / "copy", tmp_path)
    assert readers.read(path, MEDIA_TYPES[format_])["no2"].chunks is None
    assert readers.read(path, MEDIA_TYPES[format_], as_="dask")["no2"].chunks is not None
    assert readers.read(path, MEDIA_TYPES[format_], chunks={"time": 2})["no2"].chunks[0] == (2,)


@pytest.mark.parametrize("format_", ["geojson", "gpkg", "shapefile"])
def test_a_map_as_a_table_comes_without_geometry(tmp_path, format_):
    frame = readers.read(write(format_, tmp_path / "copy", tmp_path), MEDIA_TYPES[format_], as_="pandas")
    assert type(frame) is pd.DataFrame
    assert list(frame["name"]) == ["Town hall", "Library"]
    assert "geometry" not in frame


def test_a_map_can_be_cut_to_a_box_and_its_dates_read(tmp_path):
    path = write("gpkg", tmp_path / "copy", tmp_path)
    options = ReadingOptions(dates=("opened",))
    frame = readers.read(path, MEDIA_TYPES["gpkg"], options, bbox=(529500, 183500, 530500, 184500))
    assert list(frame["name"]) == ["Library"]
    assert frame["opened"].iloc[0] == pd.Timestamp(2021, 12, 1)


def test_parquet_with_geometry_is_a_map_unless_asked_otherwise(tmp_path):
    path, media_type = tmp_path / "copy", MEDIA_TYPES["parquet"]
    PLACES.to_parquet(path)
    assert readers.read(path, media_type).crs == "EPSG:27700"
    assert list(readers.read(path, media_type, columns=["name"]).columns) == ["name", "geometry"]
    assert type(readers.discover(path, media_type, nrows=1)) is gpd.GeoDataFrame
    assert type(readers.read(path, media_type, as_="pandas")) is pd.DataFrame


def test_parquet_takes_filters_and_no_column_from_the_folder_name(tmp_path):
    (tmp_path / "year=2020").mkdir()
    path = write("parquet", tmp_path / "year=2020" / "copy", tmp_path)
    frame = readers.read(path, MEDIA_TYPES["parquet"], filters=[("residents", ">", 200_000)])
    assert list(frame["borough"]) == ["Camden", "Hackney"]
    assert list(frame.columns) == list(TABLE.columns)
    with pytest.raises(UsageError, match="names a column that is not there"):
        readers.read(path, MEDIA_TYPES["parquet"], filters=[("postcode", "==", "N1")])


@pytest.mark.parametrize("consolidated", [True, False])
@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("prefix", ["", "grid.zarr/"])
@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part:UserWarning")
def test_every_usual_zarr_store_opens(tmp_path, consolidated, version, prefix):
    GRID.to_zarr(tmp_path / "grid.zarr", consolidated=consolidated, zarr_format=version)
    path = zipped(tmp_path / "grid.zarr", tmp_path / "copy", prefix)
    xr.testing.assert_identical(readers.read(path, MEDIA_TYPES["zarr"]).load(), GRID)


def test_usual_zarr_codecs_are_on_the_list(tmp_path):
    from londata.readers.grids import CODECS, _codecs

    zarr.create_array(
        str(tmp_path / "a.zarr"), shape=(8, 8), chunks=(2, 2), shards=(4, 4), dtype="f4", compressors="auto"
    )
    found = _codecs(json.loads((tmp_path / "a.zarr" / "zarr.json").read_text()))
    assert {"sharding_indexed", "bytes", "zstd", "crc32c"} <= found <= CODECS


def test_one_of_several_layers_is_chosen_by_name(tmp_path):
    for name in ("one", "two"):
        PLACES.assign(name=name).to_file(tmp_path / "places.gpkg", layer=name, driver="GPKG")
    assert list(readers.read(tmp_path / "places.gpkg", MEDIA_TYPES["gpkg"], layer="two")["name"]) == ["two"] * 2
    with pytest.raises(ReadError, match="has 2 layers") as caught:
        readers.read(tmp_path / "places.gpkg", MEDIA_TYPES["gpkg"])
    assert "one, two" in caught.value.hint
