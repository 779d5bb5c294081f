"""Small numbers in tables: hidden, and not to be had by any arithmetic over what is shown."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from londata.disclosure import BASE, HIDDEN, MINIMUM, one_way, rounded, two_way
from londata.errors import UsageError

COUNTS = st.integers(0, 40) | st.integers(0, 12) | st.just(0)


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (2, 0), (3, 5), (10, 10), (12, 10), (13, 15), (1_002, 1_000)])
def test_a_count_is_rounded_to_the_nearest_five(count, shown):
    assert rounded(count) == shown


def test_what_lies_in_the_middle_is_rounded_up_every_time():
    assert [rounded(count, 10) for count in (5, 15, 25)] == [10, 20, 30]


def test_a_table_without_small_numbers_is_only_rounded():
    shown = one_way({"Reception": 32, "Year 1": 48})
    assert (shown.counts, shown.total) == ({"Reception": 30, "Year 1": 50}, 80)


def test_one_small_number_takes_the_next_larger_with_it():
    shown = one_way({"a": 3, "b": 500, "c": 60})
    assert shown.counts == {"a": HIDDEN, "b": 500, "c": HIDDEN}
    assert shown.total == 565


def test_two_small_numbers_that_are_few_together_take_a_third():
    shown = one_way({"a": 3, "b": 4, "c": 500, "d": 60})
    assert shown.counts == {"a": HIDDEN, "b": HIDDEN, "c": 500, "d": HIDDEN}


def test_a_table_of_few_shows_nothing():
    shown = one_way({"a": 3, "b": 4})
    assert (set(shown.counts.values()), shown.total) == ({HIDDEN}, HIDDEN)
    assert one_way({}).total is HIDDEN


def test_nobody_counts_as_few():
    assert one_way({"a": 0, "b": 50, "c": 60}).counts["a"] is HIDDEN


def test_a_two_way_table_hides_a_rectangle():
    shown = two_way({("x", "a"): 4, ("x", "b"): 90, ("y", "a"): 80, ("y", "b"): 70})
    assert set(shown.counts.values()) == {HIDDEN}
    assert shown.rows == {"x": 95, "y": 150}
    assert shown.total == 245


def test_a_row_of_few_takes_its_total_with_it_and_another_total():
    shown = two_way({("x", "a"): 2, ("x", "b"): 3, ("y", "a"): 80, ("y", "b"): 70, ("z", "a"): 30, ("z", "b"): 31})
    assert shown.rows["x"] is HIDDEN
    assert sum(total is HIDDEN for total in shown.rows.values()) == 2
    assert shown.total == 215


def test_what_is_not_there_counts_for_nought():
    assert two_way({("x", "a"): 40, ("y", "b"): 50}).counts["x", "b"] is HIDDEN


@pytest.mark.parametrize("count", [-1, 2.5, True, None, "12"])
def test_what_is_no_number_of_people_is_refused(count):
    with pytest.raises(UsageError, match="no number of people"):
        one_way({"a": count})
    with pytest.raises(UsageError, match="whole numbers"):
        two_way({("a", "b"): count})


# Attacks: everything but the hidden numbers is known exactly ----------------------------------------------------------


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), COUNTS, min_size=1))
def test_no_small_number_of_a_list_comes_back_by_subtraction(counts):
    shown = one_way(counts)
    hidden = {group for group, value in shown.counts.items() if value is HIDDEN}
    assert all(value is HIDDEN or value >= MINIMUM - BASE // 2 for value in shown.counts.values())
    for group, count in counts.items():
        if count >= MINIMUM:
            continue
        assert group in hidden
        others = sum(counts[other] for other in hidden - {group})
        assert shown.total is HIDDEN or others >= MINIMUM, "the rest leaves it no room"


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_small_number_of_a_table_comes_back_by_any_sum(data):
    rows, columns = "rstu"[: data.draw(st.integers(1, 4))], "abcd"[: data.draw(st.integers(1, 4))]
    counts = {(row, column): data.draw(COUNTS) for row in rows for column in columns}
    shown = two_way(counts)
    unknown = [cell for cell, value in shown.counts.items() if value is HIDDEN]
    assert {cell for cell, count in counts.items() if count < MINIMUM} <= set(unknown)
    totals = [[f"row {row}"] for row, value in shown.rows.items() if value is HIDDEN]
    totals += [[f"column {column}"] for column, value in shown.columns.items() if value is HIDDEN]
    names = [*unknown, *(name for (name,) in totals), *(["total"] if shown.total is HIDDEN else [])]
    lines = [{**{(row, column): 1 for column in columns}, f"row {row}": -1} for row in rows] + [
        {**{(row, column): 1 for row in rows}, f"column {column}": -1} for column in columns
    ]
    lines.append({**{f"row {row}": 1 for row in rows}, "total": -1})
    lines.append({**{f"column {column}": 1 for column in columns}, "total": -1})
    matrix = [[Fraction(line.get(name, 0)) for name in names] for line in lines]
    assert not determined(matrix, names)


def determined(matrix, names):
    """Name the unknowns that a system of equations fixes: rows of its reduced form that hold one of them alone."""
    matrix = [row[:] for row in matrix if any(row)]
    done = 0
    for column in range(len(names)):
        pivot = next((row for row in range(done, len(matrix)) if matrix[row][column]), None)
        if pivot is None:
            continue
        matrix[done], matrix[pivot] = matrix[pivot], matrix[done]
        matrix[done] = [value / matrix[done][column] for value in matrix[done]]
        for row in range(len(matrix)):
            if row != done and (by := matrix[row][column]):
                matrix[row] = [one - by * other for one, other in zip(matrix[row], matrix[done], strict=True)]
        done += 1
    return [names[line.index(1)] for line in matrix if sum(map(bool, line)) == 1]


def test_the_attack_finds_what_a_simple_rule_leaves_open():
    """Two hidden numbers in every row and column, and yet one of them is fixed: the bridge between two rectangles."""
    cells = ["xa", "xb", "ya", "yb", "yc", "zc", "zd", "wc", "wd"]
    lines = [
        [Fraction(cell[side] == name) for cell in cells] for side, names in ((0, "xyzw"), (1, "abcd")) for name in names
    ]
    assert determined(lines, cells) == ["yc"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 30), min_size=4, max_size=4))
def test_every_small_number_could_be_ten_more_by_what_is_shown(values):
    """Of two by two: every other table that fits what is shown is tried."""
    cells = [("x", "a"), ("x", "b"), ("y", "a"), ("y", "b")]
    shown = two_way(dict(zip(cells, values, strict=True)))
    if HIDDEN in (*shown.rows.values(), *shown.columns.values()):
        return
    a, b, c, d = values
    fitting = [(a + step, b - step, c - step, d + step) for step in range(-60, 61)]
    fitting = [each for each in fitting if min(each) >= 0]
    for at, cell in enumerate(cells):
        if values[at] < MINIMUM:
            assert shown.counts[cell] is HIDDEN
            assert max(each[at] for each in fitting) >= values[at] + MINIMUM
