"""The auditor finds what a released table gives away, and nothing in one that was protected as it should be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from disclosed import SPENT, pupils, said, spent
from feasible import sums, within
from londata.disclosure import Released, audit, only_counted, protect_counts, protect_sums
from londata.records import Thresholds


def changed(table, place, **values):
    """Change a released row."""
    dimensions = table.workings.dimensions
    rows = [row | values if tuple(row[each] for each in dimensions) == place else row for row in table.rows]
    assert rows != table.rows
    return replace(table, rows=rows)


@pytest.mark.parametrize("table", [pupils(), spent(), pupils({("a", "b"): 3})])
def test_what_was_protected_is_found_in_order(table):
    (finding,) = audit(table)
    assert finding.weight == "fine"
    assert "hidden" in finding.sentence


def test_a_count_that_is_not_rounded_is_found():
    assert "is 81, which is not rounded to 5" in said(audit(changed(pupils(), ("Barnet", "Total"), pupils=81)))
    assert "“Brent” of the table spent is 21, which is not rounded" in said(
        audit(changed(spent(SPENT | {("Camden",): {f"c{n}": 20 for n in range(15)}}), ("Brent",), contributions=21))
    )


def test_a_count_that_is_rounded_wrongly_is_found():
    assert "its workings say something else" in said(audit(changed(pupils(), ("Barnet", "Total"), pupils=180)))


def test_a_count_below_the_minimum_is_found():
    found = said(audit(changed(pupils(), ("Camden", "primary"), pupils=5)))
    assert (
        "“Camden, primary” of the table pupils is shown, although too few stand behind it (the minimum is 10)" in found
    )


def test_a_dominated_sum_is_found():
    found = said(audit(changed(spent(), ("Camden",), pounds=960, contributions=15)))
    assert "a few make up nearly all of it (the 2 largest more than 90 %)" in found


def test_a_sum_that_one_could_work_out_of_another_is_found():
    given = SPENT | {("Camden",): {"acme": 900, **{f"c{n}": 10 for n in range(15)}}}
    assert said(audit(spent(given))) == ""
    assert "one contributor could work out another (to within 20 %)" in said(
        audit(spent(given), Thresholds(p_percent=20))
    )


def test_a_hidden_count_that_a_subtraction_gives_back_is_found():
    table = pupils()
    hidden = [row for row in table.rows if row["pupils"] is None]
    other = next(row for row in hidden if row["home"] == "Camden" and row["phase"] == "secondary")
    found = said(audit(changed(table, (other["home"], other["phase"]), pupils=60)))
    assert "“Camden, primary” of the table pupils is hidden, and can be worked out from what is shown" in found


def test_a_hidden_sum_that_comes_back_to_within_its_interval_is_found():
    """Two are hidden, as a simple rule would have it; the other is too small to hide behind."""
    given = {**SPENT, ("Tiny",): {f"t{n}": 1 for n in range(12)}}
    table = spent(given)
    hidden = {"Tiny", "Camden"}
    rows = [
        {"home": number.place[0] or "Total", "pounds": number.value, "contributions": -(-number.contributions // 5) * 5}
        for number in table.workings.numbers
    ]
    rows = [row | ({"pounds": None, "contributions": None} if row["home"] in hidden else {}) for row in rows]
    rows = [row | ({"contributions": 105} if row["home"] == "Total" else {}) for row in rows]
    found = said(audit(replace(table, rows=rows)))
    assert found.startswith(
        "The sum at “Camden” of the table spent is hidden, and can be worked out from what is shown: "
    )
    assert "it can be at most 11 more than it is." in found


def test_sums_of_equal_amounts_are_counts_that_are_not_rounded():
    given = {("Camden",): {f"c{n}": 1 for n in range(23)}, ("Brent",): {f"b{n}": 7 for n in range(31)}}
    assert "all contribute the same, so its sums are counts" in said(audit(spent(given)))
    assert said(audit(spent({**given, ("Brent",): {f"b{n}": n for n in range(31)}}))) == ""


def test_workings_that_do_not_add_up_are_found():
    table = spent()
    numbers = list(table.workings.numbers)
    numbers[0] = replace(numbers[0], value=5_000.0)
    assert "do not add up at “Camden”" in said(
        audit(replace(table, workings=replace(table.workings, numbers=tuple(numbers))))
    )
    numbers[0] = replace(table.workings.numbers[0], largest=(10.0, 10.0))
    assert "do not add up" in said(audit(replace(table, workings=replace(table.workings, numbers=tuple(numbers)))))


def test_rows_that_are_not_the_table_s_are_found():
    table = pupils()
    assert "same places" in said(audit(replace(table, rows=table.rows[:-1])))
    assert "twice" in said(audit(replace(table, rows=[*table.rows, table.rows[0]])))
    assert "others" in said(audit(replace(table, rows=[row | {"name": "Ada"} for row in table.rows])))
    assert "where a number should" in said(audit(changed(table, ("Barnet", "Total"), pupils="many"))).replace(
        "stands ", ""
    )


def test_the_tighter_thresholds_count():
    assert said(audit(pupils(), Thresholds(base=10)))
    assert said(audit(pupils(thresholds=Thresholds(minimum=100)))) == ""
    assert "(the minimum is 100)" in said(audit(pupils(), Thresholds(minimum=100)))


# Beside other tables -------------------------------------------------------------------------------------------------


def test_a_number_that_another_table_of_the_release_shows_is_known():
    """Both hide Camden's four; they hide other numbers beside it, so that each gives the other's away."""
    by_phase = {("Camden",): 4, ("Brent",): 150, ("Barnet",): 175}
    one = protect_counts(by_phase, ["home"])
    other = protect_counts(by_phase, ["home"], hide={("Barnet",)})
    rows = [row | ({"n": 150} if row["home"] == "Brent" else {}) for row in other.rows("n")]
    first, second = Released("one", one.rows("n"), "n", one), Released("other", rows, "n", other)
    assert said(audit(first)) == ""
    assert said(audit(second)) == ""
    found = said(audit(first, others=[second]))
    assert "“Camden” of the table one is hidden, and can be worked out together with another table" in found


def margins(name, dimension, **more):
    """Protect the pupils by home and something else, with the same totals by home."""
    counts = {
        (home, f"{dimension} {at}"): many // 2 + (many % 2) * at
        for home, many in (("Camden", 6), ("Brent", 150), ("Barnet", 21), ("Ealing", 300))
        for at in range(2)
    }
    table = protect_counts(counts, ["home", dimension], **more)
    return Released(name, table.rows("n"), "n", table)


def test_two_tables_that_share_a_hidden_total_are_safe_where_both_can_shift():
    one, other = margins("by-phase", "phase"), margins("by-sex", "sex")
    hidden = {row["home"] for row in one.rows if row["phase"] == "Total" and row["n"] is None}
    assert hidden == {"Camden", "Barnet"}
    assert said(audit(one, others=[other])) == said(audit(other, others=[one])) == ""


def test_two_tables_that_share_a_total_are_not_safe_where_one_cannot_shift():
    one, other = margins("by-phase", "phase"), margins("by-sex", "sex", hide={("Ealing", None)})
    rows = [row | ({"n": 20} if (row["home"], row["sex"]) == ("Barnet", "Total") else {}) for row in other.rows]
    found = said(audit(one, others=[replace(other, rows=rows)]))
    assert "“Camden, Total” of the table by-phase is hidden, and can be worked out together with another table" in found


def test_tables_of_other_people_tell_nothing_of_each_other():
    by_home = protect_counts({("Camden",): 4, ("Brent",): 150, ("Barnet",): 175}, ["home"])
    teachers = protect_counts({("Camden",): 40, ("Brent",): 50, ("Barnet",): 60}, ["home"])
    assert (
        said(
            audit(
                Released("a", by_home.rows("n"), "n", by_home),
                others=[Released("b", teachers.rows("n"), "n", teachers)],
            )
        )
        == ""
    )


@st.composite
def two_tables(draw):
    """People by home and phase, and by home and sex; the second hides at random what the first may show."""
    homes = [f"h{at}" for at in range(draw(st.integers(2, 4)))]
    each = st.integers(0, 8) | st.integers(10, 40)
    people = {(home, phase, sex): draw(each) for home in homes for phase in "PS" for sex in "FM"}
    tables = []
    for at, name in ((1, "phase"), (2, "sex")):
        counts = {}
        for key, many in people.items():
            counts[key[0], key[at]] = counts.get((key[0], key[at]), 0) + many
        places = [*counts, *((home, None) for home in homes)]
        hide = draw(st.lists(st.sampled_from(places), max_size=2))
        table = protect_counts(counts, ["home", name], hide=hide)
        tables.append(Released(name, table.rows("n"), "n", table))
    return homes, tables


def worked_out(homes, tables):
    """Find hidden small numbers that the tables together give away, by a linear programme over both at once."""
    shown, true, lines = {}, {}, []
    for at, (table, values) in enumerate(zip(tables, ("PS", "FM"), strict=True)):
        for number in table.workings.numbers:
            place = number.place if number.place[1] is None else (*number.place, at)
            true[place] = number.value
            shown[place] = number.value if not number.why or shown.get(place) is not None else None

        def named(parts, at=at):
            return [part if part[1] is None else (*part, at) for part in parts]

        lines += [(named(parts), named([total])[0]) for parts, total in sums(homes, list(values))]
    hidden = [place for place, value in shown.items() if value is None and true[place] < 10]
    out = {place: within(lines, shown, {}, place)[1] for place in hidden}
    out |= {place: true[place] for place in shown if shown[place] is not None and true[place] < 10}
    return {place for place, most in out.items() if most is not None and most < true[place] + 10}


@settings(deadline=None, max_examples=60)
@given(two_tables())
def test_what_two_tables_give_away_together_is_always_found(made):
    homes, (one, other) = made
    if worked_out(homes, (one, other)):
        assert said(audit(one, others=[other])) + said(audit(other, others=[one]))


def test_the_attack_on_two_tables_finds_something():
    """One hides a number behind the totals of two homes, which the other shows."""
    counts = {("a", "P"): 4, ("a", "S"): 30, ("b", "P"): 40, ("b", "S"): 40, ("c", "P"): 41, ("c", "S"): 41}
    by_sex = {(home, {"P": "F", "S": "M"}[phase]): many for (home, phase), many in counts.items()}
    first = protect_counts(counts, ["home", "phase"], hide=[("a", None), ("b", None)])
    second = protect_counts(by_sex, ["home", "sex"])
    tables = [Released("phase", first.rows("n"), "n", first), Released("sex", second.rows("n"), "n", second)]
    assert worked_out(["a", "b", "c"], tables) == {("a", "P", 0)}
    assert said(audit(tables[0])) == ""
    assert "together with another table" in said(audit(tables[0], others=tables[1:]))


# Whatever is protected passes ----------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.tuples(st.sampled_from("rst"), st.sampled_from("abc")), st.integers(0, 40), min_size=1))
def test_the_auditor_agrees_with_what_protects_counts(counts):
    assert said(audit(pupils({(row, column): count for (row, column), count in counts.items()}))) == ""


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("rst"), st.sampled_from("abc")),
        st.dictionaries(
            st.sampled_from([f"f{n}" for n in range(30)]), st.integers(0, 99) | st.floats(0, 9), max_size=30
        ),
        min_size=1,
    )
)
def test_the_auditor_agrees_with_what_protects_sums(given):
    table = protect_sums(given, ["x", "y"])
    assume(not only_counted(table))
    assert said(audit(Released("t", table.rows("n"), "n", table))) == ""


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 40), min_size=3, max_size=6), st.data())
def test_showing_any_one_more_number_of_a_ring_is_found(counts, data):
    """Of a list in which two are hidden, showing the one that is safe gives the other away."""
    table = protect_counts({(f"g{at}",): count for at, count in enumerate(counts)}, ["x"])
    hidden = [number for number in table.numbers if number.why]
    if len(hidden) != 2 or {number.why for number in hidden} != {"few", "others"} or hidden[-1].place == (None,):
        return
    safe = next(number for number in hidden if number.why == "others")
    released = Released("t", table.rows("n"), "n", table)
    open_again = changed(released, safe.place, n=(2 * safe.contributions + 5) // 10 * 5)
    assert "can be worked out from what is shown" in said(audit(open_again))
