"""Sums in tables: what a few make up is hidden, and not to be had by any arithmetic, not even by a contributor's."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feasible import interval
from londata.disclosure import Protected, protect_counts, protect_sums
from londata.errors import UsageError
from londata.records import Thresholds

MANY = {f"small-{number}": 5 for number in range(20)}
FIRMS = ("acme", "bolt", "cogs")


def by_place(protected):
    return {number.place: number for number in protected.numbers}


def why(*cells, thresholds=None):
    """Say why the first of some cells is hidden; the others are large and safe."""
    table = {(f"cell {at}",): given for at, given in enumerate(cells)}
    table |= {("large",): {f"large-{n}": 40 for n in range(50)}, ("larger",): {f"more-{n}": 50 for n in range(50)}}
    return by_place(protect_sums(table, ["cell"], thresholds))["cell 0",].why


def test_a_sum_of_many_alike_is_shown_with_how_many_stand_behind_it():
    rows = protect_sums({("a",): MANY, ("b",): MANY | {"other": 7, "nobody": 0}}, ["trade"]).rows("spent")
    assert rows == [
        {"trade": "a", "spent": 100, "contributions": 20},
        {"trade": "b", "spent": 107, "contributions": 20},
        {"trade": "Total", "spent": 207, "contributions": 40},
    ]


def test_too_few_contributors_hide_a_sum():
    nine = {f"firm-{number}": 10 for number in range(9)}
    assert why(nine) == "few"
    assert why(nine | {"tenth": 10}) == ""
    assert why(nine | {"tenth": 0}) == "few", "who contributes nought is nobody to hide behind"


def test_two_who_make_up_more_than_nine_tenths_hide_a_sum():
    assert why(MANY | {"acme": 450, "bolt": 450}) == "", "exactly nine tenths"
    assert why(MANY | {"acme": 451, "bolt": 450}) == "dominance"


def test_a_rest_below_a_tenth_of_the_largest_hides_a_sum():
    limits = Thresholds(dominance_n=2, dominance_percent=90, p_percent=100)
    assert why(MANY | {"acme": 100, "bolt": 60}, thresholds=limits) == ""
    assert why(MANY | {"acme": 101, "bolt": 60}, thresholds=limits) == "p-percent"


def test_tighter_thresholds_hide_more():
    assert why(MANY | {"acme": 60}) == ""
    assert why(MANY | {"acme": 60}, thresholds=Thresholds(minimum=25)) == "few"
    assert why(MANY | {"acme": 60}, thresholds=Thresholds(dominance_n=10)) == ""
    assert why(MANY | {"acme": 60}, thresholds=Thresholds(dominance_percent=35)) == "dominance"


def test_a_hidden_sum_takes_one_with_it_that_somebody_else_does_not_make_up():
    """The cheapest other one is nearly all one firm's: that firm could work out the hidden one."""
    cells = {
        ("hidden",): {"acme": 300},
        ("alone",): MANY | {"bolt": 210},
        ("mixed",): {f"firm-{number}": 40 for number in range(12)},
        ("large",): {f"large-{number}": 100 for number in range(50)},
    }
    assert {place[0] for place, number in by_place(protect_sums(cells, ["x"])).items() if number.why} == {
        "hidden",
        "alone",
    }
    cells["alone",] = dict.fromkeys(MANY, 1) | {"bolt": 150}
    hidden = {place[0] for place, number in by_place(protect_sums(cells, ["x"])).items() if number.why}
    assert hidden == {"hidden", "mixed"}


def test_what_is_hidden_in_any_case_stays_hidden():
    table = protect_sums({("a",): MANY, ("b",): MANY}, ["x"], hide={("b",)})
    assert by_place(table)["b",].why == "others"
    assert by_place(protect_counts({("a",): 50, ("b",): 60}, ["x"], hide={("a",)}))["a",].why == "others"


def test_workings_come_back_as_they_were_written():
    table = protect_sums({("a", "b"): MANY, ("c", "d"): {"acme": 1.5}}, ["x", "y"])
    assert Protected.from_dict(table.to_dict()).to_dict() == table.to_dict()
    assert "1.5" not in repr(table)


@pytest.mark.parametrize(
    "wrong", [{"kind": "open"}, {"cells": []}, {"cells": [{"place": ["a"]}]}, {"dimensions": None}]
)
def test_what_are_no_workings_is_refused(wrong):
    with pytest.raises(UsageError, match="workings"):
        Protected.from_dict(protect_counts({("a",): 5}, ["x"]).to_dict() | wrong)


@pytest.mark.parametrize("much", [-1, float("nan"), float("inf"), "5", True, None])
def test_what_is_no_amount_is_refused(much):
    with pytest.raises(UsageError, match="nought or more"):
        protect_sums({("a",): {"acme": much}}, ["x"])


def test_a_category_cannot_be_called_as_a_total_is():
    with pytest.raises(UsageError, match="Total"):
        protect_counts({("Total",): 50}, ["x"])
    with pytest.raises(UsageError, match="3 dimensions"):
        protect_counts({("a", "b", "c"): 50}, ["x", "y", "z"])


# Attacks: what fits all that is shown is worked out by other means --------------------------------------------------


@st.composite
def cells(draw):
    """Some small contributors of the cell's own, and up to two firms that other cells have, too."""
    small, unit = draw(st.integers(0, 3) | st.integers(10, 16)), draw(st.sampled_from([1, 2, 3, 20]))
    own = draw(st.text("abcdef", min_size=5, max_size=5))
    firms = draw(st.dictionaries(st.sampled_from(FIRMS), st.integers(5, 60) | st.just(300), max_size=2))
    return {f"{own}-{number}": unit for number in range(small)} | firms


def check(table, rows, columns):
    """Compare every hidden sum with what outsiders, and contributors with their own knowledge, can tell of it."""
    numbers = {place if len(place) == 2 else (place[0], None): n for place, n in by_place(table).items()}
    listed = {place: None if number.why else number.value for place, number in numbers.items()}
    given = table.given
    whole = numbers[None, None]
    mean = Fraction(whole.value, whole.contributions or 1)
    for place, number in numbers.items():
        if number.why in ("", "others"):
            continue
        wide = max(Fraction(number.value, 9), mean)
        least, greatest = interval(rows, columns, listed, {}, place)
        assert least <= max(number.value - wide, 0) + Fraction(1, 10**6)
        for who in (None, *(firm for firm in FIRMS if any(firm in part for part in given((None, None))))):
            known = {each: sum(part.get(who, 0) for part in given(each)) for each in listed}
            _, greatest = interval(rows, columns, listed, known, place)
            assert greatest is None or greatest >= number.value + wide - Fraction(1, 10**6), (place, who)


class Known:
    """A protected table and who gave what."""

    def __init__(self, contributions, dimensions):
        self.numbers = protect_sums(contributions, dimensions).numbers
        self.contributions = contributions

    def given(self, place):
        return [
            parts
            for cell, parts in self.contributions.items()
            if all(want in (None, had) for want, had in zip(place, (*cell, None)[:2], strict=True))
        ]


@settings(deadline=None, max_examples=150)
@given(st.lists(cells(), min_size=2, max_size=5))
def test_no_hidden_sum_of_a_list_can_be_told_within_its_interval(lots):
    check(Known({(f"r{at}",): cell for at, cell in enumerate(lots)}, ["x"]), [f"r{at}" for at in range(len(lots))], [])


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 3), st.integers(2, 3), st.data())
def test_no_hidden_sum_of_a_table_can_be_told_within_its_interval(high, broad, data):
    rows, columns = [f"r{at}" for at in range(high)], [f"c{at}" for at in range(broad)]
    table = {(row, column): data.draw(cells()) for row in rows for column in columns}
    check(Known(table, ["x", "y"]), rows, columns)


def test_the_attack_finds_what_hiding_two_in_a_row_leaves_open():
    """One firm makes up the other hidden number: it can tell the first to within what the others gave."""
    shown = {("a", None): None, ("b", None): None, ("c", None): 900, (None, None): 1_400}
    assert interval(["a", "b", "c"], [], shown, {}, ("a", None)) == (0, 500)
    assert interval(["a", "b", "c"], [], shown, {("b", None): 190}, ("a", None)) == (0, 310)
