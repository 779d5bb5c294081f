"""A join gives what pandas gives, and notes how many rows found a match."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import londata
from londata import readlog

LEFT = pd.DataFrame({"code": ["E1", "E2", "E3", "E3", None], "year": [1, 1, 2, 2, 2], "residents": range(5)})
RIGHT = pd.DataFrame({"code": ["E1", "E3", "E3", "E9", None], "year": [1, 2, 2, 2, 3], "homes": range(5)})


def counted(*arguments, **keywords):
    """Join both ways, see that they agree, and give the note."""
    joined = londata.merge(*arguments, **keywords)
    keywords.pop("name", None)
    pd.testing.assert_frame_equal(joined, pd.merge(*arguments, **keywords))
    note = readlog.notes("join")[-1]
    assert note["rows"] == len(joined)
    return note


def numbers(note):
    return note["matched"], note["unmatched_left"], note["unmatched_right"]


@pytest.mark.parametrize("how", ["inner", "left", "right", "outer"])
def test_what_found_no_match_is_counted_whatever_the_join_keeps_of_it(how):
    note = counted(LEFT, RIGHT, how=how, on="code", name="residents to homes")
    assert numbers(note) == (4, 1, 1)  # missing codes meet each other, as pandas has it
    assert (note["name"], note["how"], note["keys"]) == ("residents to homes", how, ["code"])
    assert (note["left_rows"], note["right_rows"]) == (5, 5)


def test_many_to_many_shows_by_the_rows_that_come_out():
    note = counted(LEFT[2:4], RIGHT[1:3], on="code")
    assert numbers(note) == (2, 0, 0)
    assert note["rows"] == 4


@pytest.mark.parametrize(
    ("keywords", "keys", "expected"),
    [
        ({}, ["code", "year"], (3, 2, 2)),
        ({"on": ["code", "year"]}, ["code", "year"], (3, 2, 2)),
        ({"left_on": "residents", "right_on": "homes"}, ["residents"], (5, 0, 0)),
        ({"left_on": ["residents"], "right_index": True}, ["residents"], (5, 0, 0)),
        ({"left_index": True, "right_index": True}, ["values"], (5, 0, 0)),
        ({"left_on": np.array([0, 1, 7, 8, 9]), "right_on": "homes"}, ["values"], (2, 3, 3)),
        ({"how": "cross"}, [], (5, 0, 0)),
        ({"how": "left_anti", "on": "code"}, ["code"], (4, 1, 1)),
    ],
)
def test_keys_may_be_given_in_every_way_that_pandas_knows(keywords, keys, expected):
    note = counted(LEFT, RIGHT, **keywords)
    assert (note["keys"], numbers(note)) == (keys, expected)


def test_levels_of_an_index_and_named_series_are_keys_too():
    indexed = LEFT.set_index(["code", "year"])
    note = counted(indexed, RIGHT["code"], on="code")
    assert (note["keys"], numbers(note)) == (["code"], (4, 1, 1))
    assert numbers(counted(indexed, RIGHT.set_index(["code", "year"]), left_index=True, right_index=True)) == (3, 2, 2)


def test_categories_and_numbers_of_another_type_meet_as_in_pandas():
    as_category = RIGHT.astype({"code": "category", "year": float})
    assert numbers(counted(LEFT, as_category, on="code")) == (4, 1, 1)
    assert numbers(counted(LEFT, as_category, on=["code", "year"])) == (3, 2, 2)


def test_an_empty_side_leaves_everything_unmatched():
    assert numbers(counted(LEFT, RIGHT[:0], on="code")) == (0, 5, 0)
    assert numbers(counted(LEFT, RIGHT[:0], how="cross")) == (0, 5, 0)


def test_a_join_that_pandas_refuses_is_refused_in_the_same_words_and_noted_nowhere():
    before = len(readlog.notes("join"))
    with pytest.raises(KeyError) as of_pandas:
        pd.merge(LEFT, RIGHT, on="nothing")
    with pytest.raises(KeyError) as ours:
        londata.merge(LEFT, RIGHT, on="nothing")
    assert str(ours.value) == str(of_pandas.value)
    with pytest.raises(pd.errors.MergeError):
        londata.merge(LEFT, RIGHT, on="code", validate="one_to_one")
    assert len(readlog.notes("join")) == before


def test_a_note_goes_to_the_read_log_as_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_READ_LOG", str(tmp_path / "reads.jsonl"))
    londata.merge(LEFT, RIGHT, "left", "code", name="naïve\nname")
    (line,) = (tmp_path / "reads.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == readlog.notes("join")[-1]
    assert json.loads(line)["kind"] == "join"


SMALL = st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, 2)), max_size=8)


@given(left=SMALL, right=SMALL, several=st.booleans())
def test_the_counts_are_those_of_the_indicator_of_pandas(left, right, several):
    tables = [
        pd.DataFrame(rows, columns=["k", "n"]).astype({"k": object, "n": int}).assign(**{side: range(len(rows))})
        for side, rows in (("l", left), ("r", right))
    ]
    on = ["k", "n"] if several else ["k"]
    tables = [table[[*on, side]] for table, side in zip(tables, "lr", strict=True)]
    note = counted(*tables, on=on)
    outer = pd.merge(*tables, on=on, how="outer", indicator=True)
    both = outer[outer["_merge"] == "both"]
    assert note["matched"] == both["l"].nunique()
    assert note["unmatched_left"] == (outer["_merge"] == "left_only").sum()
    assert note["unmatched_right"] == (outer["_merge"] == "right_only").sum()
