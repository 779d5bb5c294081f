"""What the difference between a table and an earlier one tells, under whatever name and columns it comes."""

from __future__ import annotations

import pytest

from disclosed import SPENT, pupils, said, spent
from londata.disclosure import Released, audit, protect_counts, protect_sums
from londata.records import Thresholds


def test_the_same_table_again_is_in_order():
    assert said(audit(pupils(), earlier={"version 1": pupils()})) == ""
    assert said(audit(spent(), earlier={"version 1": spent()})) == ""


def test_two_releases_that_hide_different_numbers_beside_the_small_one_are_found():
    before = {("Camden",): 4, ("Brent",): 50, ("Barnet",): 52, ("Ealing",): 90}
    now = before | {("Brent",): 54}
    older, newer = (protect_counts(each, ["home"]) for each in (before, now))
    assert {number.place[0] for number in older.numbers if number.why} == {"Camden", "Brent"}
    assert {number.place[0] for number in newer.numbers if number.why} == {"Camden", "Barnet"}
    first, second = (Released("t", each.rows("n"), "n", each) for each in (older, newer))
    found = said(audit(second, earlier={"version 1": first}))
    assert (
        "“Camden” of the table t can be worked out to within what it needs, by comparing this release with version 1"
        in found
    )
    again = protect_counts(now, ["home"], hide={("Brent",)})
    assert said(audit(Released("t", again.rows("n"), "n", again), earlier={"version 1": first})) == ""


def test_a_number_that_an_earlier_release_hid_and_this_one_gives_away_is_found():
    before = {("Camden",): 4, ("Brent",): 50, ("Barnet",): 90}
    older = protect_counts(before, ["home"])
    newer = protect_counts(before | {("Camden",): 40}, ["home"])
    found = said(
        audit(
            Released("t", newer.rows("n"), "n", newer),
            earlier={"version 1": Released("t", older.rows("n"), "n", older)},
        )
    )
    assert "“Camden” of the table t, hidden in version 1, can be worked out" in found


def test_a_new_contributor_who_alone_makes_the_difference_is_found():
    more = SPENT | {("Barnet",): SPENT["Barnet",] | {"newcomer": 77}}
    found = said(audit(spent(more), earlier={"version 1": spent()}))
    assert (
        "The difference between this release and version 1 at “Barnet” of the table spent tells what one has" in found
    )
    many = SPENT | {("Barnet",): {name: much + 1 for name, much in SPENT["Barnet",].items()}}
    assert said(audit(spent(many), earlier={"version 1": spent()})) == ""


def test_a_new_contributor_among_hidden_sums_is_found_in_what_is_left_of_the_total():
    more = SPENT | {("Camden",): SPENT["Camden",] | {"newcomer": 7}}
    more |= {("Barnet",): {name: much + 1 for name, much in SPENT["Barnet",].items()}}
    assert "“Total” of the table spent tells what one has" in said(audit(spent(more), earlier={"version 1": spent()}))


BEFORE = {("Camden",): 4, ("Brent",): 50, ("Barnet",): 52, ("Ealing",): 90}
NOW = BEFORE | {("Brent",): 54}


def one_way(counts, name="t", by="home", **more):
    table = protect_counts(counts, [by], **more)
    return Released(name, table.rows("n"), "n", table)


def two_way(counts, name="t", by=("home", "sex"), **more):
    """Cut each count in two, about in half."""
    cells = {}
    for (home,), many in counts.items():
        for place, part in (((home, "F"), many // 2), ((home, "M"), many - many // 2)):
            cells[tuple(dict(zip(("home", "sex"), place, strict=True))[each] for each in ("home", "sex"))] = part
    if by[0] == "sex":
        cells = {(sex, home): many for (home, sex), many in cells.items()}
    table = protect_counts(cells, by, **more)
    return Released(name, table.rows("n"), "n", table)


@pytest.mark.parametrize(
    "before",
    [
        one_way(BEFORE, "another"),
        one_way(BEFORE, "another", by="borough"),
        one_way(dict(reversed(BEFORE.items())), "another", by="place"),
        two_way({**BEFORE, ("Brent",): 52, ("Barnet",): 56}, "another", hide=[("Brent", None)]),
        two_way({**BEFORE, ("Brent",): 52, ("Barnet",): 56}, "another", by=("sex", "borough"), hide=[(None, "Brent")]),
    ],
    ids=["renamed", "with a column renamed", "in another order", "of more columns", "of more columns, renamed"],
)
def test_a_table_of_the_same_people_is_thought_of_under_any_name(before):
    found = said(audit(one_way(NOW), earlier={"the table another of version 1": before}))
    assert "“Camden” of the table t can be worked out to within what it needs, by comparing this release" in found
    assert "the table another of version 1" in found


@pytest.mark.parametrize("name", ["number", "pounds", "value", "by home"])
def test_a_column_may_be_called_as_another_table_calls_its_numbers(name):
    """What the two tell together does not hang on what a column is called, and nothing breaks over it."""

    def found(by, *, rows="number"):
        contributed = {place: len(given) for place, given in SPENT.items()}
        before = protect_counts(BEFORE, ["home"])
        released = {"sums": spent(), "counts": Released("another", before.rows(rows), rows, before)}
        return audit(one_way(NOW, by=by), earlier=released), audit(one_way(contributed, by=by), earlier=released)

    assert found(name, rows=name) == found("home")
    assert "“Camden” of the table t can be worked out" in said(found(name)[0])


def test_whether_tables_of_other_names_and_numbers_are_of_the_same_people_is_for_those_who_check():
    others = {("Camden",): 900, ("Brent",): 800, ("Barnet",): 54, ("Ealing",): 700}
    found = audit(one_way(NOW), earlier={"the table staff of version 1": one_way(others, "staff")})
    assert said(found) == ""
    (unsure,) = [each.sentence for each in found if each.weight == "should"]
    assert unsure.startswith("If the table staff of version 1 is of the same people: the count at “Camden”")


def test_what_only_several_earlier_tables_together_give_away_is_found():
    now = one_way(NOW, hide=[("Brent",), ("Barnet",)])
    shows_brent = one_way(NOW, "one", hide=[("Barnet",)])
    shows_barnet = one_way(NOW, "other", hide=[("Brent",)])
    assert [{row["home"] for row in each.rows if row["n"] is None} for each in (shows_brent, shows_barnet)] == [
        {"Camden", "Barnet"},
        {"Camden", "Brent"},
    ]
    for each in (shows_brent, shows_barnet):
        assert said(audit(now, earlier={"version 1": each})) == ""
    found = said(audit(now, earlier={"version 1": shows_brent, "version 2": shows_barnet}))
    assert "“Camden” of the table t can be worked out" in found
    assert "all that was released before together" in found


def test_what_was_shown_before_may_be_hidden_now():
    """Tightened thresholds hide more; that takes nothing away from anybody who has the earlier release."""
    before = one_way({("Camden",): 14, ("Brent",): 50, ("Barnet",): 52})
    now = one_way({("Camden",): 14, ("Brent",): 50, ("Barnet",): 52}, thresholds=Thresholds(minimum=20))
    assert {row["home"] for row in now.rows if row["n"] is None} == {"Camden", "Brent"}
    assert said(audit(now, earlier={"version 1": before})) == ""


def test_one_contributor_s_difference_is_found_under_any_name_and_in_any_columns():
    more = {**SPENT, ("Barnet",): {**SPENT["Barnet",], "newcomer": 77}}
    by_trade = {(home, f"trade {len(who) % 2}"): {} for (home,), each in SPENT.items() for who in each}
    for (home,), each in SPENT.items():
        for who, much in each.items():
            by_trade[home, f"trade {len(who) % 2}"][who] = much
    cut = protect_sums(by_trade, ["borough", "trade"])
    before = Released("payments", cut.rows("much"), "much", cut)
    found = said(audit(spent(more), earlier={"the table payments of version 1": before}))
    assert "the table payments of version 1 at “Barnet” of the table spent tells what one has contributed" in found
