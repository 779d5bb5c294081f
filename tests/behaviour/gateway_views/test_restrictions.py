"""What an agreement lets through of a file: exactly these rows and columns, in a file of the same format."""

from __future__ import annotations

import datetime as dt
import hashlib
import math

import pyarrow as pa
import pytest

from held_data import PUPILS, Held, all_of, table_of, where
from londata.errors import AccessDeniedError
from londata.records import RowFilter


def test_without_a_restriction_the_holders_own_file_is_sent(held: Held) -> None:
    entry = held.hold(PUPILS, rows=20)
    opened = held.open(entry)
    assert opened.path == held.holders / "rolls.parquet"
    assert (opened.rows, opened.columns) == (20, None)
    assert opened.sha256 == hashlib.sha256(opened.path.read_bytes()).hexdigest()
    assert all_of(opened, 4, 100) == opened.path.read_bytes()[4:100]


def test_a_view_has_the_columns_and_rows_of_the_agreement_and_describes_itself(held: Held) -> None:
    opened = held.open(held.hold(PUPILS), ["age", "borough"], where("borough", "is", "Camden"))
    content = all_of(opened)
    assert opened.path is None
    assert (opened.rows, opened.columns) == (5, ("borough", "age"))
    assert opened.size_bytes == len(content)
    assert opened.sha256 == hashlib.sha256(content).hexdigest()
    assert table_of(content).to_pydict() == {"borough": ["Camden"] * 5, "age": [0, 4, 8, 12, 16]}
    assert all_of(opened, 3, 40) == content[3:40]
    assert all_of(opened, len(content) - 8, len(content) + 10**9) == content[-8:]


def test_a_column_that_rows_are_only_chosen_by_is_not_given(held: Held) -> None:
    content = held.view(held.hold(PUPILS), ["age"], where("borough", "is", "Hackney"))
    assert table_of(content).column_names == ["age"]
    assert b"borough" not in content


@pytest.mark.parametrize(
    ("rows", "ages"),
    [
        (where("borough", "is", "Camden", "Barnet"), [0, None, 4, 7, 8, 11, 12, 15, 16, 19]),
        (where("borough", "is not", "Camden", "Barnet"), [1, 5, 9, 13, 17]),
        (where("age", "at least", 17), [17, 18, 19]),
        (where("age", "at most", 2.0), [0, 1, 2]),
        (where("age", "is not", *range(18)), [18, 19]),
        (where("share", "at most", 0.5), [0, 1]),
        (where("share", "is not", *(number / 4 for number in range(3, 20))), [0, 1]),
        (where("meals", "is", False), [1, None, 5, 7, 9, 11, 13, 15, 17, 19]),
        (where("born", "at most", "2015-01-02"), [0, 1]),
        (where("born", "is", "2015-01-05"), [4]),
        (
            RowFilter(conditions=(*where("meals", "is", True).conditions, *where("age", "at least", 15).conditions)),
            [16, 18],
        ),
    ],
    ids=str,
)
def test_each_comparison_lets_through_what_it_says_and_never_what_is_missing(
    held: Held, rows: RowFilter, ages: list[int | None]
) -> None:
    assert table_of(held.view(held.hold(PUPILS), ["age"], rows))["age"].to_pylist() == ages


@pytest.mark.parametrize(
    "rows",
    [
        where("ward", "is", "Camden"),
        where("age", "is", "7"),
        where("age", "is", True),
        where("age", "is", 7.5),
        where("age", "is", 10**6),
        where("borough", "is", 7),
        where("borough", "is", True),
        where("share", "is", "0.5"),
        where("share", "at least", math.nan),
        where("meals", "is", 1),
        where("meals", "at least", False),
        where("born", "is", "05/01/2015"),
        where("born", "is", "2015-W01-1"),
        where("born", "at least", 20150105),
    ],
    ids=str,
)
def test_a_filter_that_does_not_fit_the_file_denies_everything(held: Held, rows: RowFilter) -> None:
    with pytest.raises(AccessDeniedError, match="do not fit"):
        held.open(held.hold(PUPILS), ["age"], rows)


def test_columns_that_are_not_there_or_none_at_all_deny_everything(held: Held) -> None:
    entry = held.hold(PUPILS)
    for columns in (["age", "ward"], [], ["Age"], ["age.x"]):
        with pytest.raises(AccessDeniedError, match="do not fit"):
            held.open(entry, columns)


def test_codes_are_compared_as_the_text_that_they_are(held: Held) -> None:
    table = pa.table({"code": ["007", "7", "07", "7.0", None], "n": [0, 1, 2, 3, 4]})
    entry = held.hold(table)
    assert table_of(held.view(entry, ["n"], where("code", "is", "007")))["n"].to_pylist() == [0]
    assert table_of(held.view(entry, ["n"], where("code", "is not", "7")))["n"].to_pylist() == [0, 2, 3]


def test_times_are_compared_with_times_of_the_same_kind(held: Held) -> None:
    noon = dt.datetime(2026, 1, 1, 12)
    table = pa.table({"at": pa.array([noon, noon + dt.timedelta(days=1)], pa.timestamp("us")), "n": [0, 1]})
    entry = held.hold(table)
    assert table_of(held.view(entry, ["n"], where("at", "at least", "2026-01-02")))["n"].to_pylist() == [1]
    with pytest.raises(AccessDeniedError):
        held.open(entry, ["n"], where("at", "at least", "2026-01-02T00:00:00Z"))
