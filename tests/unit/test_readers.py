"""Readers: what each media type gives, with which options and keywords."""

import datetime as dt
import io
import json

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import xarray as xr
import zarr
from shapely.geometry import Point

from londata import readers
from londata.errors import MissingExtraError, ReadError, UsageError
from londata.readers.layout import letters
from londata.records import ReadingOptions
from londata.records.vocabulary import FORMATS, MEDIA_TYPES
from zipped import zipped

pytestmark = pytest.mark.filterwarnings(
    # xarray and zarr tell each other, not us, about what is to come in zarr 4
    "ignore:.*Numcodecs codecs are not in the Zarr version 3 specification.*:UserWarning",
)
TABLE = pd.DataFrame(
    {
        "code": ["E09000007", "E09000001", "E09000012"],
        "borough": ["Camden", "City of London", "Hackney"],
        "residents": [210136, 8583, 259146],
        "density": [96.6, 29.6, 136.0],
    }
)
PLACES = gpd.GeoDataFrame(
    {"name": ["Town hall", "Library"], "opened": ["2020-01-31", "2021-12-01"]},
    geometry=[Point(529000, 183000), Point(530000, 184000)],
    crs="EPSG:27700",
)
GRID = xr.Dataset(
    {"no2": (("time", "y", "x"), np.arange(24.0).reshape(2, 3, 4), {"units": "µg/m³"})},
    coords={"time": pd.date_range("2026-01-01", periods=2), "y": [1.0, 2.0, 3.0], "x": [1.0, 2.0, 3.0, 4.0]},
    attrs={"title": "Generated grid"},
)


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def rows_of(frame):
    return [tuple(frame.columns), *frame.itertuples(index=False, name=None)]


def write(format_, path, tmp_path):
    """Write the sample of one format to a path without an ending, as the cache does."""
    if format_ in ("csv", "tsv"):
        TABLE.to_csv(path, index=False, sep="," if format_ == "csv" else "\t")
    elif format_ == "parquet":
        TABLE.to_parquet(path)
    elif format_ in ("xlsx", "xls", "ods"):
        workbook(tmp_path / "book.xlsx", Data=rows_of(TABLE)).rename(path)
    elif format_ == "json":
        TABLE.to_json(path, orient="records")
    elif format_ == "geojson":
        path.write_text(PLACES.to_crs(4326).to_json())
    elif format_ == "gpkg":
        PLACES.to_file(tmp_path / "places.gpkg", layer="places", driver="GPKG")
        (tmp_path / "places.gpkg").rename(path)
    elif format_ == "shapefile":
        (tmp_path / "shape").mkdir()
        PLACES.to_file(tmp_path / "shape" / "places.shp")
        zipped(tmp_path / "shape", path, "a folder/")
    elif format_ == "netcdf":
        GRID.to_netcdf(path, engine="h5netcdf")
    elif format_ == "zarr":
        GRID.to_zarr(tmp_path / "grid.zarr", consolidated=False)
        zipped(tmp_path / "grid.zarr", path)
    return path


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


# -- CSV ------------------------------------------------------------------------------------------------------


def read_csv(tmp_path, content, encoding="utf-8", **options):
    (tmp_path / "copy").write_bytes(content.encode(encoding))
    return readers.read(tmp_path / "copy", "text/csv", ReadingOptions(**options))


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp1252", "cp1252"),
        ("latin-1", "cp1252"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
    ],
)
def test_pounds_arrive_in_every_usual_encoding_and_the_one_used_is_said(tmp_path, encoding, found):
    frame = read_csv(tmp_path, "borough,rent (£)\nCamden,£1\n", encoding)
    assert list(frame.columns) == ["borough", "rent (£)"]
    assert frame.iloc[0, 1] == "£1"
    assert frame.attrs["londata"]["encoding"] == found


def test_a_byte_that_windows_does_not_know_still_arrives(tmp_path):
    (tmp_path / "copy").write_bytes(b"a,b\n\x81,\xa3\n")
    frame = readers.read(tmp_path / "copy", "text/csv")
    assert frame.iloc[0, 1] == "£"
    assert frame.attrs["londata"]["encoding"] == "latin-1"


def test_one_pound_far_down_a_long_file_arrives(tmp_path):
    rows = "".join(f"{number},x\n" for number in range(200_000))
    frame = read_csv(tmp_path, f"id,cost\n{rows}200000,£5\n", "cp1252")
    assert len(frame) == 200_001
    assert frame["cost"].iloc[-1] == "£5"


def test_a_column_that_changes_its_type_far_down_is_of_one_type(tmp_path):
    frame = read_csv(tmp_path, "a,b\n" + "1,2\n" * 400_000 + "x,2\n" * 400_000)
    assert len(frame) == 800_000
    assert {type(value) for value in frame["a"]} == {str}


def test_a_recorded_encoding_wins(tmp_path):
    path = tmp_path / "copy"
    path.write_bytes("a\n£\n".encode("cp850"))
    assert readers.read(path, "text/csv", ReadingOptions(encoding="cp850")).iloc[0, 0] == "£"
    assert readers.read(path, "text/csv", ReadingOptions(encoding="cp850"), encoding="cp1252").iloc[0, 0] == "œ"
    with pytest.raises(ReadError, match="not written in ascii"):
        readers.read(path, "text/csv", encoding="ascii")
    with pytest.raises(ReadError, match="no encoding 'klingon'"):
        readers.read(path, "text/csv", encoding="klingon")


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_sign_between_columns_is_found_and_said(tmp_path, sign):
    frame = read_csv(tmp_path, f'"a,b"{sign}c\n1{sign}2\n' if sign == ";" else f"ab{sign}c\n1{sign}2\n")
    assert frame.shape == (1, 2)
    assert frame.attrs["londata"]["delimiter"] == sign


def test_recorded_options_are_followed_and_keywords_win_over_them(tmp_path):
    text = "Generated\n\nid;day;share;note\n007;31/01/2026;3,5;..\n008;01/02/2026;x;b\n"
    options = {"delimiter": ";", "decimal": ",", "missing": ("..", "x"), "header_row": 2}
    frame = read_csv(tmp_path, text, **options, text=("id",), dates=("day",))
    assert list(frame["id"]) == ["007", "008"]
    assert list(frame["day"]) == [pd.Timestamp(2026, 1, 31), pd.Timestamp(2026, 2, 1)]
    assert frame["share"].tolist()[0] == 3.5
    assert frame["share"].isna().tolist() == [False, True]
    assert frame["note"].isna().tolist() == [True, False]
    frame = readers.read(tmp_path / "copy", "text/csv", ReadingOptions(**options), missing=[], text=["id"])
    assert frame["note"].iloc[0] == ".."


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (["2026-01-31", "2026-02-01"], pd.Timestamp(2026, 1, 31)),
        (["2026-01-31T10:00:00", ""], pd.Timestamp(2026, 1, 31, 10)),
        (["01/02/2026", "28/02/2026"], pd.Timestamp(2026, 2, 1)),
        (["01/02/2026 13:30", "28/02/2026 00:00"], pd.Timestamp(2026, 2, 1, 13, 30)),
        (["1 February 2026", "28 February 2026"], pd.Timestamp(2026, 2, 1)),
        (["2026-03-28T12:00+00:00", "2026-03-30T12:00+01:00"], pd.Timestamp(2026, 3, 28, 12, tz="UTC")),
        (["2026-01", "2026-02"], pd.Timestamp(2026, 1, 1)),
    ],
)
def test_dates_are_iso_or_day_first(tmp_path, values, first):
    frame = read_csv(tmp_path, "id,day\n" + "".join(f"1,{value}\n" for value in values), dates=("day",))
    assert frame["day"].iloc[0] == first
    assert frame["day"].dtype.kind == "M"


@pytest.mark.parametrize("values", [["12/31/2026", "01/02/2026"], ["01/02/2026", "12/31/2026"], ["soon", "later"]])
def test_dates_are_never_taken_month_first(tmp_path, values):
    with pytest.raises(ReadError, match="'day' should hold dates"):
        read_csv(tmp_path, "id,day\n" + "".join(f"1,{value}\n" for value in values), dates=("day",))


def test_a_record_that_names_a_column_that_is_gone_is_said(tmp_path):
    with pytest.raises(ReadError, match=r"not as its record says.*'cod'; did you mean 'code'"):
        read_csv(tmp_path, "code,borough\n1,2\n", text=("cod",))


# -- spreadsheets ---------------------------------------------------------------------------------------------

XLSX = MEDIA_TYPES["xlsx"]
NOTES = [["Residents by borough"], ["Source: generated"], []]
HEADER = ["code", "borough", "residents"]
ROWS = [["E09000007", "Camden", 210136], ["E09000001", "City of London", 8583], ["E09000012", "Hackney", None]]


def read_sheet(tmp_path, rows, columns=None, nrows=None, **options):
    path = workbook(tmp_path / "book.xlsx", Data=rows)
    return readers.read(path, XLSX, ReadingOptions(**options), columns=columns, nrows=nrows)


@pytest.mark.parametrize("above", [[], NOTES, [["Title"]], [["Source", "generated"], []], [[], [], []]])
@pytest.mark.parametrize(
    "below",
    [
        [],
        [[], ["Source: generated"]],
        [["Note: City of London is small"]],
        [[], ["1. The first note"], ["2. The second"]],
        [[], ["Contact"], ["data@example.org"]],
        [["* provisional"], ["x" * 80]],
    ],
)
def test_notes_around_a_table_are_kept_apart_from_it(tmp_path, above, below):
    frame = read_sheet(tmp_path, [*above, HEADER, *ROWS, *below])
    assert list(frame.columns) == HEADER
    assert list(frame["borough"]) == ["Camden", "City of London", "Hackney"]
    kept = " ".join(frame.attrs["londata"]["notes"])
    assert all(str(cell) in kept for row in [*above, *below] for cell in row)


def test_a_table_that_does_not_begin_in_the_corner_is_found(tmp_path):
    frame = read_sheet(tmp_path, [[], [None, None, *HEADER], *[[None, None, *row] for row in ROWS]])
    assert frame.shape == (3, 3)


def test_rows_with_missing_values_at_the_end_are_rows(tmp_path):
    frame = read_sheet(tmp_path, [HEADER, *ROWS, ["E09000002", "Barking", None], ["E09000003", None, None]])
    assert len(frame) == 5


def test_years_and_dates_can_be_column_names(tmp_path):
    frame = read_sheet(tmp_path, [["borough", 2021, 2022, dt.date(2023, 1, 1)], ["Camden", 1, 2, 3]])
    assert list(frame.columns) == ["borough", "2021", "2022", "2023-01-01"]


def test_columns_get_the_narrowest_type_that_keeps_every_cell(tmp_path):
    day = dt.datetime(2026, 1, 31)
    header = ["whole", "share", "day", "yes", "mixed", "none", "code"]
    frame = read_sheet(
        tmp_path,
        [header, [1, 0.5, day, True, 1, None, "001"], [2, None, day, False, "x", None, "002"]],
    )
    kinds = {name: frame[name].dtype.kind for name in header}
    assert kinds["whole"] == "i"
    assert (kinds["share"], kinds["none"]) == ("f", "f")
    assert (kinds["day"], kinds["yes"]) == ("M", "b")
    assert list(frame["mixed"]) == [1, "x"]
    assert list(frame["code"]) == ["001", "002"]


def test_options_of_a_sheet_are_followed(tmp_path):
    rows = [["group", None, "more"], ["id", "day", "value"], [7, "31/01/2026", ".."], [8, "01/02/2026", 3]]
    frame = read_sheet(tmp_path, rows, header_row=1, text=("id",), dates=("day",), missing=("..",))
    assert list(frame["id"]) == ["7", "8"]
    assert frame["day"].iloc[0] == pd.Timestamp(2026, 1, 31)
    assert frame["value"].tolist()[1] == 3.0


def test_a_recorded_header_may_have_gaps_and_repeat_itself(tmp_path):
    frame = read_sheet(tmp_path, [["a", None, "a", "a"], [1, 2, 3, 4], [5, 6, 7, 8]], header_row=0)
    assert list(frame.columns) == ["a", "Unnamed: 1", "a.1", "a.2"]
    assert frame.to_numpy().tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]


def test_cells_choose_columns_by_their_letters(tmp_path):
    rows = [["a", "b", None, "d", "e"], [1, 2, None, 4, 5], [1, 2, None, 4, 5]]
    assert list(read_sheet(tmp_path, rows, cells="A:B").columns) == ["a", "b"]
    assert list(read_sheet(tmp_path, rows, cells="A,D:E").columns) == ["a", "d", "e"]
    assert list(read_sheet(tmp_path, rows, cells="A:E").columns) == ["a", "b", "d", "e"]
    assert list(read_sheet(tmp_path, rows, header_row=0).columns) == ["a", "b", "d", "e"]
    with pytest.raises(ReadError, match="holds no table"):
        read_sheet(tmp_path, rows, cells="X:Z")
    assert [letters(number) for number in (0, 25, 26, 16_383)] == ["A", "Z", "AA", "XFD"]


def test_a_sheet_is_found_by_name_or_number_or_because_it_is_the_only_one(tmp_path):
    path = workbook(tmp_path / "book.xlsx", Empty=[], First=[HEADER, *ROWS], Second=[["x", "y"], ["a", 1], ["b", 2]])
    assert list(readers.read(path, XLSX, sheet="Second").columns) == ["x", "y"]
    assert list(readers.read(path, XLSX, sheet=1).columns) == HEADER
    path = workbook(tmp_path / "book.xlsx", Empty=[], First=[HEADER, *ROWS])
    assert readers.read(path, XLSX).attrs["londata"]["sheet"] == "First"
    book = openpyxl.load_workbook(path)
    book.create_sheet("Lists").append(["a", "b"])
    book["Lists"].sheet_state = "hidden"
    book.save(path)
    assert readers.read(path, XLSX).attrs["londata"]["sheet"] == "First"


# -- JSON and archives ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1, "b": {"c": 2}}, {"a": 3}]',
        '{"count": 2, "results": [{"a": 1, "b": {"c": 2}}, {"a": 3}]}',
        '\ufeff[{"a": 1, "b": {"c": 2}}, {"a": 3}]',
        '{"a": 1, "b": {"c": 2}}\n{"a": 3}\n',
    ],
)
def test_records_are_found_in_json(tmp_path, text):
    (tmp_path / "copy").write_text(text, encoding="utf-8")
    frame = readers.read(tmp_path / "copy", "application/json")
    assert list(frame.columns) == ["a", "b.c"]
    assert list(frame["a"]) == [1, 3]


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


def test_an_attribute_says_what_was_found_and_survives_being_written(tmp_path):
    frame = read_csv(tmp_path, "a\n1\n")
    frame.to_parquet(io.BytesIO())
    assert frame.attrs == {"londata": {"encoding": "utf-8", "delimiter": ","}}
