"""The questions that are put to a record, and what is found wrong in a table."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from londata.records import Column, entry_from_dict
from londata.reports.quality import FRESHNESS, QUESTIONS, Finding, answers, due, examine, freshness, score

DAY = dt.date(2026, 11, 22)
BARE = {"kind": "dataset", "id": "bare", "title": "Bare", "access": "open", "publisher": {"id": "a", "name": "A"}}
FULL = {
    **BARE,
    "description": "What is in it, what is missing from it, and what it must not be compared with.",
    "licence": "ogl-3",
    "contact": {"email": "data@a.example"},
    "geography": {"level": "borough"},
    "update_frequency": "monthly",
    "updated": "2026-11-01",
    "columns": [{"name": "code", "meaning": "Code"}],
    "distributions": [{"id": "csv", "url": "https://a.example/a.csv", "media_type": "text/csv"}],
}


def entry(**more):
    return entry_from_dict({**BARE, **more})


def full(**more):
    return entry_from_dict({**FULL, **more})


def test_a_full_record_answers_every_question_well():
    found = answers(full(), DAY)
    assert list(found) == [question.name for question in QUESTIONS]
    assert set(found.values()) == {True}
    assert score(found) == 100


def test_a_bare_record_answers_none_and_is_not_asked_what_does_not_apply():
    found = answers(entry(), DAY)
    assert (found["Is updated in time"], found["Can be read by a program"]) == (None, None)
    assert score(found) == 0


@pytest.mark.parametrize(
    ("field", "question"),
    [
        ("description", "Says what it is"),
        ("licence", "States its licence"),
        ("contact", "Names a contact"),
        ("geography", "Says which areas it speaks of"),
        ("update_frequency", "Says how often it is updated"),
        ("updated", "Says when it was last updated"),
        ("distributions", "Says where the data is"),
        ("columns", "Explains its columns"),
    ],
)
def test_what_is_left_out_is_noticed_by_one_question(field, question):
    found = answers(entry_from_dict({name: value for name, value in FULL.items() if name != field}), DAY)
    assert [name for name, answer in found.items() if answer is False] == [question]


def test_a_service_is_asked_neither_for_columns_nor_for_a_date():
    service = entry(kind="service", endpoint="https://a.example/api")
    found = answers(service, DAY)
    assert found["Explains its columns"] is None
    assert found["Says when it was last updated"] is None
    assert found["Says where the data is"] is True


def test_a_page_to_print_cannot_be_read_by_a_program():
    paper = {"id": "pdf", "url": "https://a.example/a.pdf", "media_type": "application/pdf"}
    assert answers(full(distributions=[paper]), DAY)["Can be read by a program"] is False


@pytest.mark.parametrize(
    ("often", "updated", "state"),
    [
        ("monthly", "2026-10-14", "on time"),
        ("monthly", "2026-10-13", "overdue"),
        ("daily", "2026-11-20", "on time"),
        ("daily", "2026-11-19", "overdue"),
        ("annual", "2025-08-21", "on time"),
        ("annual", "2025-08-20", "overdue"),
        ("annual", "9999-12-31", "on time"),
        ("never", "2001-01-01", "not updated any more"),
        ("irregular", None, "updated irregularly"),
        ("monthly", None, "no date stated"),
        ("not stated", "2026-11-01", "no frequency stated"),
    ],
)
def test_freshness_allows_a_quarter_more_than_the_interval(often, updated, state):
    some = entry(update_frequency=often, **({"updated": updated} if updated else {}))
    assert freshness(some, DAY) == state
    assert state in FRESHNESS
    if state == "overdue":
        assert due(some) < DAY


COLUMNS = [
    Column(name="code", type="string", pattern="E09999999", unique=True),
    Column(name="kind", type="string", codes=("a", "b")),
    Column(name="share", type="number", minimum=0, maximum=100, missing=True),
    Column(name="day", type="date", minimum="2025-01-01", maximum="2025-12-31"),
]
GOOD = pd.DataFrame(
    {
        "code": ["E09000001", "E09000002"],
        "kind": ["a", "b"],
        "share": [0.0, None],
        "day": pd.to_datetime(["2025-01-01", "2025-12-31"]),
    }
)


def found_in(table, **more):
    return {(each.column, each.what, each.rows) for each in examine(table, COLUMNS, **more)}


def test_a_table_that_is_as_declared_has_no_finding():
    assert examine(GOOD, COLUMNS, ["code"]) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"code": ["E09000001", "E9"]}, ("code", "does not look as declared", 1)),
        ({"code": ["E09000001", "E09000001"]}, ("code", "is no single value, and should be", 1)),
        ({"kind": ["a", "c"]}, ("kind", "is not among the declared codes", 1)),
        ({"kind": ["a", None]}, ("kind", "has no value, and no gap is declared", 1)),
        ({"share": [-1.0, 101.0]}, ("share", "is below the declared minimum of 0.0", 1)),
        ({"share": [-1.0, 101.0]}, ("share", "is above the declared maximum of 100.0", 1)),
        ({"day": ["2024-12-31", "2025-06-01"]}, ("day", "is below the declared minimum of 2025-01-01", 1)),
        (
            {"day": pd.to_datetime(["2026-01-01", "2025-06-01"])},
            ("day", "is above the declared maximum of 2025-12-31", 1),
        ),
        ({"more": [1, 2]}, ("more", "is there and not declared", None)),
    ],
)
def test_what_breaks_the_record_is_found_and_counted(change, finding):
    assert finding in found_in(GOOD.assign(**change))


def test_a_column_that_is_not_there_is_named():
    assert Finding("kind", "is declared and not there", None, 2) in examine(GOOD.drop(columns="kind"), COLUMNS)


def test_a_gap_in_a_key_counts_although_it_is_declared():
    assert ("share", "has no value, and joins to other data", 1) in found_in(GOOD, keys=["share"])


def test_a_row_that_stands_there_twice_is_counted():
    twice = pd.concat([GOOD, GOOD.head(1)], ignore_index=True)
    assert ("(whole row)", "stands in the table more than once", 1) in found_in(twice)


def test_a_table_without_declared_columns_is_only_looked_at_for_repetition():
    assert examine(GOOD, []) == []
