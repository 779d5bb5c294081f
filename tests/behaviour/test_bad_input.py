"""Bad files: each gets one clear sentence or is handled; nothing is lost and nothing is guessed."""

import io
import shutil
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely.geometry import Point

from londata import readers
from londata.errors import LondataError, ReadError, TooLargeError
from londata.readers.maps import NoCoordinateSystemWarning
from londata.records.vocabulary import FORMATS, MEDIA_TYPES
from zipped import zipped

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"
EVERY = [FORMATS[media_type] for media_type in readers.READERS]
BINARY = [name for name in EVERY if name not in ("csv", "tsv", "json", "geojson")]
LOGIN = b"\n<!-- portal -->\n<!DOCTYPE html><html><head><title>Log in &ndash; Portal</title></head></html>"


def real(name):
    if not (REAL / name).exists():
        pytest.skip(f"needs ../shared/data/{name}")
    return REAL / name


def sentence(path, format_, **keywords):
    """The one sentence that reading gives, with its hint."""
    with pytest.raises(LondataError) as caught:
        readers.read(path, MEDIA_TYPES[format_], **keywords)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 2000
    assert caught.value.hint
    return text


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "copy"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def book(tmp_path):
    def write(**sheets):
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for name, rows in sheets.items():
            sheet = workbook.create_sheet(name)
            for row in rows:
                sheet.append(row)
        workbook.save(tmp_path / "copy")
        return tmp_path / "copy"

    return write


# -- files that are not what they should be ---------------------------------------------------------------


@pytest.mark.parametrize("format_", EVERY)
def test_an_empty_file(file, format_):
    assert "empty (0 bytes)" in sentence(file(b""), format_)


@pytest.mark.parametrize("format_", EVERY)
def test_a_login_page_instead_of_the_file(file, format_):
    text = sentence(file(LOGIN), format_)
    assert f"promises {format_}, but the address gives a web page (“Log in – Portal”)" in text
    assert "landing page" in text


@pytest.mark.parametrize("format_", BINARY)
@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\x00" * 100, b"PK\x03\x04 and then nothing", b"{}"])
def test_bytes_of_another_kind(file, format_, content):
    sentence(file(content), format_)


@pytest.mark.parametrize("format_", EVERY)
def test_a_file_that_is_not_there(tmp_path, format_):
    assert "cannot be read: No such file" in str(sentence_of(tmp_path / "nothing", format_))


def sentence_of(path, format_):
    with pytest.raises(ReadError) as caught:
        readers.read(path, MEDIA_TYPES[format_])
    return caught.value


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7 ...", "the file is a PDF"),
        (b"\x1f\x8b\x08...", "packed with gzip"),
        (b"PAR1....", "the file is a Parquet file"),
        (b"PK\x03\x04....", "the file is a zip file"),
        (b"\xd0\xcf\x11\xe0....", "old Excel"),
        (b"\x89HDF\r\n", "NetCDF-4"),
    ],
)
def test_another_format_under_the_name_of_csv(file, content, words):
    assert words in sentence(file(content), "csv")


def test_a_classic_netcdf_is_named(file):
    assert "NetCDF-3" in sentence(file(b"CDF\x01" + bytes(100)), "netcdf")


@pytest.mark.parametrize(
    ("format_", "name"),
    [
        ("parquet", "air_quality/laqn_hourly_2023_long.parquet"),
        ("xlsx", "transport/tfl-daily-cycle-hires.xlsx"),
        ("xls", "statistics/lds_walking-cycling-borough.xls"),
        ("gpkg", "environment/os_greenspace_london.gpkg"),
        ("netcdf", "gridded/barbican_1m_bng.nc"),
        ("geojson", "boundaries/wards_london_drkane.geojson"),
        ("json", "live/tfl_bikepoint_2017-01-28.json"),
    ],
)
@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
@pytest.mark.filterwarnings("ignore:.*non conformant file extension.*:RuntimeWarning")
def test_a_real_file_that_is_cut_short(file, format_, name, share):
    content = real(name).read_bytes()
    sentence(file(content[: int(len(content) * share)]), format_)


# -- CSV --------------------------------------------------------------------------------------------------


def test_the_datastores_own_borough_profiles():
    """Latin-1 with pounds and commas in the header, full stops for missing values."""
    path = real("statistics/london-borough-profiles_original.csv")
    frame = readers.read(path, "text/csv", missing=["."])
    assert frame.shape == (38, 84)
    assert frame.attrs["londata"]["encoding"] == "cp1252"
    assert any("£" in name for name in frame.columns)
    assert len(path.read_text("latin-1").splitlines()) == len(frame) + 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Residents by borough\nSource: generated\n\na,b,c\n1,2,3\n", "header_row="),
        ("a,b\n1,2,3\n4,5,6\n", "more values than its header has names"),
        ("a,b\n0,2,3\n1,5,6\n", "more values than its header has names"),
        ("a,b\n1,2\n1,2,3\n", "do not fit its header"),
        ('a,b\n1,"2\n', "do not fit its header"),
        ("\n\n\n", "not even a header"),
    ],
)
def test_a_csv_whose_rows_do_not_fit(file, content, words):
    assert words in sentence(file(content), "csv")


def test_rows_that_are_too_short_are_filled_and_columns_named_twice_are_kept(file):
    frame = readers.read(file("a,a,b\n1,2,3\n4,5\n"), "text/csv")
    assert list(frame.columns) == ["a", "a.1", "b"]
    assert frame["a.1"].tolist() == [2, 5]
    assert frame["b"].isna().tolist() == [False, True]
    assert list(readers.read(file("a,a,b\n1,2,3\n"), "text/csv", columns=["b", "a.1"]).iloc[0]) == [3, 2]


def test_html_emoji_and_right_to_left_text_arrive_as_they_are(file):
    rows = ["<script>alert(1)</script>", "🚲 Hackney", "مرحبا", "=cmd|' /C calc'!A0", "x" * 1_000_000]
    frame = readers.read(file("name\n" + "".join(f'"{row}"\n' for row in rows)), "text/csv")
    assert list(frame["name"]) == rows


def test_a_comma_at_the_end_of_every_row_shifts_nothing(file):
    path = file("a,b\n0,2,\n1,5,\n")
    assert readers.read(path, "text/csv").to_dict("list") == {"a": [0, 1], "b": [2, 5]}
    assert readers.read(path, "text/csv", columns=["b"])["b"].tolist() == [2, 5]
    assert "more values" in sentence(file("a,b\n0,2,3\n1,5,6\n"), "csv", columns=["b"])


def test_a_csv_of_nothing_but_a_header_is_an_empty_table(file):
    frame = readers.read(file("a,b\n"), "text/csv", columns=["b"])
    assert (list(frame.columns), len(frame)) == (["b"], 0)


# -- spreadsheets -----------------------------------------------------------------------------------------

LEFT, RIGHT = [["day", "hires"], ["Mon", 1], ["Tue", 2]], [["month", "hires"], ["Jan", 30], ["Feb", 40]]


def test_two_tables_side_by_side_are_a_question_and_cells_the_answer(book):
    path = book(Data=[[*left, None, *right] for left, right in zip(LEFT, RIGHT, strict=True)])
    text = sentence(path, "xlsx")
    assert "On the sheet 'Data' there are 2 tables side by side" in text
    assert "cells='A:B'" in text
    assert "D:E (3 rows: month, hires)" in text
    assert "side by side" in sentence(path, "xlsx", header_row=0)
    assert readers.read(path, MEDIA_TYPES["xlsx"], cells="D:E")["month"].tolist() == ["Jan", "Feb"]


def test_two_tables_one_below_the_other_are_a_question(book):
    path = book(Data=[*LEFT, [], *RIGHT])
    assert "another table begins below the first one, in row 4" in sentence(path, "xlsx")
    xlsx = MEDIA_TYPES["xlsx"]
    assert readers.read(path, xlsx, header_row=0, nrows=2)["day"].tolist() == ["Mon", "Tue"]
    assert readers.read(path, xlsx, header_row=4)["month"].tolist() == ["Jan", "Feb"]


def test_several_sheets_are_a_question(book):
    text = sentence(book(Notes=[["About"], ["x"]], Empty=[], Data=LEFT), "xlsx")
    assert "2 sheets, and the record does not say which one" in text
    assert "'Data' (3 rows, 2 columns)" in text
    assert "Empty" not in text
    assert "no sheet 'data'" in sentence(book(Data=LEFT), "xlsx", sheet="data")
    assert "no sheet 7" in sentence(book(Data=LEFT), "xlsx", sheet=7)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([["", "2020", "", "2021"], ["area", "a", "b", "c"], ["x", 1, 2, 3]], "row 0 has gaps|part of the names"),
        ([[None, None, "Walking", None], ["area", "a", "b", "c"], ["x", 1, 2, 3]], "row above row 1"),
        ([["area", "a", "b"], ["", "%", "£"], ["x", 1, 2], ["y", 3, 4]], "row below row 0"),
        ([["area", "a", "a"], ["x", 1, 2]], "occur twice"),
        ([["Camden", 1, 2], ["Hackney", 3, 4]], "does not hold names only"),
        ([[1, 2, 3], [4, 5, 6]], "does not hold names only"),
        ([["area", "a", None], ["x", 1, 2]], "has gaps"),
    ],
)
def test_a_header_that_is_not_clear_is_a_question(book, rows, why):
    path = book(Data=rows)
    with pytest.raises(ReadError, match=why) as caught:
        readers.read(path, MEDIA_TYPES["xlsx"])
    assert "header_row=" in caught.value.hint
    last = len(readers.read(path, MEDIA_TYPES["xlsx"], header_row=len(rows) - 2))
    assert last == 1, "and the record can answer it"


def test_the_daily_cycle_hires_of_tfl():
    """Four tables side by side, and one of them with another below it."""
    path, xlsx = real("transport/tfl-daily-cycle-hires.xlsx"), MEDIA_TYPES["xlsx"]
    assert "2 sheets" in sentence(path, "xlsx")
    text = sentence(path, "xlsx", sheet="Data")
    assert "4 tables side by side" in text
    assert "J:K" in text
    days = readers.read(path, xlsx, sheet="Data", cells="A:B")
    assert days.shape == (4507, 2)
    assert days["Day"].is_monotonic_increasing
    assert readers.read(path, xlsx, sheet="Data", cells="D:E").shape == (149, 2)
    assert "another table begins below" in sentence(path, "xlsx", sheet="Data", cells="G:H")
    years = readers.read(path, xlsx, sheet="Data", cells="G:H", header_row=0, nrows=12)
    assert years["Year"].tolist() == list(range(2010, 2022))


def test_walking_and_cycling_by_borough():
    """Old Excel: three sheets, a header of three rows, empty columns inside the table."""
    path, xls = real("statistics/lds_walking-cycling-borough.xls"), MEDIA_TYPES["xls"]
    assert "3 sheets" in sentence(path, "xls")
    assert "side by side" in sentence(path, "xls", sheet="walk")
    assert "header_row=" in sentence(path, "xls", sheet="walk", cells="A:H")
    frame = readers.read(path, xls, sheet="walk", cells="A:H", header_row=2)
    assert frame.shape == (43, 7)
    assert frame["LA code"].str.startswith("E").all()
    assert "Walk for at least 30 minutes, at least" in " ".join(frame.attrs["londata"]["notes"])


def test_a_password_is_said(file):
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    assert "protected by a password" in sentence(file(content), "xlsx")


def test_a_stray_cell_far_away_does_not_take_all_memory(tmp_path):
    workbook, path = openpyxl.Workbook(), tmp_path / "copy"
    workbook.active["XFD1048576"] = "stray"
    workbook.save(path)
    assert "spans 1,048,576 rows and 16,384 columns" in sentence(path, "xlsx")


def test_a_sheet_of_nothing(book):
    assert "every sheet is empty" in sentence(book(One=[], Two=[]), "xlsx")
    assert "holds no table" in sentence(book(One=[], Two=LEFT), "xlsx", sheet="One")


# -- JSON, maps, grids, archives --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[1, 2]", "it is a list"),
        ('"text"', "it is a str"),
        ('{"a": 1}', "it is one object with a"),
        ('{"a": [{"x": 1}], "b": [{"y": 1}]}', "several lists of records: a, b"),
        (b"\xff\xfe\xfa", "is not JSON"),
    ],
)
def test_json_that_is_not_a_table(file, content, words):
    assert words in sentence(file(content), "json")


def test_a_map_without_a_coordinate_system_says_so(tmp_path):
    (tmp_path / "shape").mkdir()
    frame = gpd.GeoDataFrame({"name": ["x"]}, geometry=[Point(529000, 183000)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(tmp_path / "shape" / "a.shp")
    path = zipped(tmp_path / "shape", tmp_path / "copy")
    with pytest.warns(NoCoordinateSystemWarning, match="does not state a coordinate reference system"):
        found = readers.read(path, MEDIA_TYPES["shapefile"])
    assert found.crs is None
    assert found.attrs["londata"] == {"crs": "not stated"}


def test_real_boundaries_greenspace_and_grids_arrive_whole(tmp_path):
    boroughs = zipped(real("boundaries/lds_statistical_gis"), tmp_path / "a", "London/ESRI/")
    assert len(readers.read(boroughs, MEDIA_TYPES["shapefile"])) == 33
    several = zipped(real("boundaries/ons_gen20"), tmp_path / "b")
    assert "4 Shapefiles" in sentence(several, "shapefile")
    msoas = readers.read(several, MEDIA_TYPES["shapefile"], layer="london-2021-msoa-gen20")
    assert (len(msoas), msoas.crs.to_epsg()) == (1002, 27700)
    green = tmp_path / "c"
    shutil.copy(real("environment/os_greenspace_london.gpkg"), green)
    assert len(readers.read(green, MEDIA_TYPES["gpkg"])) == 989
    barbican = readers.read(real("gridded/barbican_1m_bng.nc"), MEDIA_TYPES["netcdf"])
    assert dict(barbican.sizes) == {"y": 601, "x": 651}
    cams = zipped(real("gridded/cams_london_hourly.zarr"), tmp_path / "d", "cams.zarr/")
    grid = readers.read(cams, MEDIA_TYPES["zarr"])
    assert dict(grid.sizes) == {"valid_time": 73, "latitude": 6, "longitude": 11}
    assert grid["concentration"].load().notnull().all()


def test_a_zip_file_with_no_map_or_grid_in_it(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "readme.txt").write_text("nothing here")
    path = zipped(tmp_path / "folder", tmp_path / "copy")
    assert "0 Shapefiles" in sentence(path, "shapefile")
    assert "no Zarr store" in sentence(path, "zarr")


def test_a_zip_that_unpacks_to_more_than_the_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_MAX_DOWNLOAD", "1MB")
    with zipfile.ZipFile(tmp_path / "copy", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", bytes(2_000_000))
    for format_ in ("shapefile", "zarr", "xlsx"):
        with pytest.raises(TooLargeError, match="unpacks to 2,000,000 bytes"):
            readers.read(tmp_path / "copy", MEDIA_TYPES[format_])


def test_nothing_is_left_open(file):
    """A reader that fails must not hold on to the file."""
    table = io.BytesIO()
    pd.DataFrame({"a": [1]}).to_parquet(table)
    path = file(table.getvalue()[:-20])
    sentence(path, "parquet")
    path.unlink()
