"""Reading spreadsheets as people make them."""

import datetime as dt

import openpyxl
import pandas as pd
import pytest

from londata import readers
from londata.errors import ReadError
from londata.readers.layout import letters
from londata.records import ReadingOptions
from londata.records.vocabulary import MEDIA_TYPES
from sample_files import workbook

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
