"""Reading CSV and JSON as people write them."""

import io

import pandas as pd
import pytest

from londata import readers
from londata.errors import ReadError
from londata.records import ReadingOptions


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


# -- JSON ---------------------------------------------------------------------------------------------------


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


def test_an_attribute_says_what_was_found_and_survives_being_written(tmp_path):
    frame = read_csv(tmp_path, "a\n1\n")
    frame.to_parquet(io.BytesIO())
    assert frame.attrs == {"londata": {"encoding": "utf-8", "delimiter": ","}}
