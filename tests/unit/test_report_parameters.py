"""Parameters of a report: what is let through, as what, and what a refusal says."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from londata.errors import ParameterError
from londata.reports import periods, templates
from londata.reports.engine import choices
from londata.reports.job import file_stem
from londata.reports.parameters import Parameter, ValuesFrom, check_all

BOROUGHS = ("Camden", "City of London", "Hackney", "Hammersmith and Fulham")


def parameter(type_, **fields):
    return Parameter(**{"name": "it", "label": "It", "type": type_} | fields)


@pytest.mark.parametrize(
    ("declared", "given", "plain"),
    [
        (parameter("choice", values=BOROUGHS), "Camden", "Camden"),
        (parameter("choice", values=BOROUGHS), " city OF london ", "City of London"),
        (parameter("text"), "  two words ", "two words"),
        (parameter("text", pattern="[A-Z]{2}"), "SE", "SE"),
        (parameter("integer"), "12", 12),
        (parameter("integer", min=0, max=12), 12.0, 12),
        (parameter("integer"), "12345678901234567891", 12345678901234567891),
        (parameter("number"), "-1.5e3", -1500.0),
        (parameter("date"), dt.datetime(2026, 11, 22, 9, 30), "2026-11-22"),
        (parameter("date", min=dt.date(2020, 1, 1)), "2020-01-01", "2020-01-01"),
        (parameter("month"), dt.date(2026, 11, 22), "2026-11"),
        (parameter("month", max="2026-12"), "2026-02", "2026-02"),
        (parameter("period"), " 2026-q1 ", "2026-Q1"),
        (parameter("period"), "2025/26", "2025/26"),
        (parameter("period"), 2026, "2026"),
        (parameter("period", months=6), "2026-01..2026-06", "2026-01..2026-06"),
        (parameter("period", min="2025-04", max="2026-03", months=12), "2025/26", "2025/26"),
        (parameter("number", unit="µg/m³"), "12.5 μg/m³", 12.5),
        (parameter("integer", unit="days"), "30 days", 30),
        (parameter("boolean"), "Yes", True),
        (parameter("boolean"), "0", False),
        (parameter("boolean"), False, False),
    ],
)
def test_a_value_is_turned_into_the_plain_value_that_the_notebook_gets(declared, given, plain):
    checked = declared.check(given)
    assert (checked, type(checked)) == (plain, type(plain))


def test_today_is_the_day_on_which_it_is_asked():
    before = dt.date.today().isoformat()
    assert before <= parameter("date").check(" Today ") <= dt.date.today().isoformat()


@pytest.mark.parametrize(
    ("declared", "given", "says"),
    [
        (parameter("choice", values=BOROUGHS), "Camdn", "did you mean Camden? It is one of Camden, City of London"),
        (parameter("choice", values=BOROUGHS), "Atlantis", "it cannot be 'Atlantis'. It is one of Camden"),
        (parameter("choice", values=BOROUGHS), ["Camden"], "it cannot be ['Camden']"),
        (parameter("text"), 12, "It is text of at most 200 characters."),
        (parameter("text", max_length=5), "sixsix", "It is text of at most 5 characters."),
        (parameter("text", pattern="[A-Z]{2}"), "SE1", "that fits [A-Z]{2}"),
        (parameter("text"), "two\nlines", "it cannot be 'two\\nlines'."),
        (parameter("text"), "nul\x00", "it cannot be"),
        (parameter("text"), "half \ud800", "it cannot be"),
        (parameter("integer", min=1, max=9, unit="years"), "10", "It is a whole number from 1 to 9 years."),
        (parameter("integer"), "1.5", "It is a whole number."),
        (parameter("integer"), True, "it cannot be True."),
        (parameter("integer"), "1e400", "it cannot be '1e400'."),
        (parameter("number", min=0), float("nan"), "It is a number of at least 0."),
        (parameter("number", unit="µg/m³"), "much", "It is a number in µg/m³."),
        (
            parameter("date", max="2026-12-31"),
            "2027-01-01",
            "It is today or a date like 2026-11-22 of at most 2026-12-31.",
        ),
        (parameter("date"), "22/11/2026", "It is today or a date like 2026-11-22."),
        (parameter("month"), "2026-13", "It is a month like 2026-11."),
        (parameter("month"), "2026-11-22", "It is a month like 2026-11."),
        (parameter("period"), "2025/27", "It is a period like 2026, 2026-Q1, 2025/26, 2026-01..2026-06 or 2026-03."),
        (parameter("period"), "2026-06..2026-01", "it cannot be '2026-06..2026-01'."),
        (parameter("period"), "2026-Q5", "it cannot be '2026-Q5'."),
        (parameter("period"), True, "it cannot be True."),
        (parameter("period", months=12), "2026-Q1", "It is a period of 12 months like 2026, 2025/26 or"),
        (parameter("period", min="2025-04"), "2025", "of at least 2025-04."),
        (parameter("period", max="2026-02"), "2025/26", "of at most 2026-02."),
        (parameter("number", unit="µg/m³"), "12 mg/m³", "It is a number in µg/m³."),
        (parameter("boolean"), "perhaps", "It is true or false."),
        (parameter("text"), "x" * 1000, "… (1002 characters)."),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_what_is(declared, given, says):
    with pytest.raises(ParameterError) as refused:
        declared.check(given)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "import"}, "plain Python name"),
        ({"name": "x; import os #"}, "plain Python name"),
        ({"name": "_hidden"}, "plain Python name"),
        ({"type": "choice"}, "either values or values_from"),
        ({"type": "text", "min": 1}, "a text has no min"),
        ({"type": "boolean", "unit": "m"}, "a boolean has no unit"),
        ({"type": "integer", "min": 5, "max": 1}, "more than its max"),
        ({"type": "date", "min": "yesterday"}, "bound that cannot be read"),
        ({"type": "text", "pattern": "["}, "bound that cannot be read"),
        ({"type": "choice", "values": ["a"], "also": ["b"]}, "also names choices beside those of values_from"),
        ({"type": "choice", "values_from": {"entry": "a"}}, "either entry and column, or facet"),
        ({"type": "choice", "values_from": {"entry": "a", "column": "b", "facet": "topic"}}, "or facet"),
        ({"type": "choice", "values_from": {"facet": "colour"}}, "publisher"),
        ({"type": "period", "unit": "months"}, "a period has no unit"),
        ({"type": "month", "months": 2}, "a month has no months"),
        ({"type": "period", "min": "2025/26"}, "bound that cannot be read"),
        ({"type": "colour"}, "choice"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(fields, says):
    with pytest.raises(ValidationError, match=says):
        parameter(**{"type_": fields.get("type", "text")} | {k: v for k, v in fields.items() if k != "type"})


def asked(_source):
    return BOROUGHS


DECLARED = (
    Parameter(
        name="borough",
        label="Borough",
        type="choice",
        values_from={"entry": "london-authorities", "column": "name"},
        default="Camden",
    ),
    parameter("integer", name="year", min=2000),
)


def test_defaults_are_filled_in_and_the_declared_order_is_kept():
    checked = check_all("trial", DECLARED, {"year": "2021"}, asked)
    assert list(checked.items()) == [("borough", "Camden"), ("year", 2021)]


def test_choices_of_the_register_are_asked_for_and_a_near_miss_is_named():
    with pytest.raises(ParameterError, match=r"borough cannot be 'hamersmith and fulham'; did you mean Hammersmith"):
        check_all("trial", DECLARED, {"borough": "hamersmith and fulham", "year": 2021}, asked)


def test_choices_beside_those_of_the_register_stand_before_them():
    source = {"entry": "london-authorities", "column": "name"}
    where = parameter("choice", values_from=source, also=["All of London"])
    assert where.choices(asked) == ("All of London", *BOROUGHS)
    assert check_all("trial", (where,), {"it": "all of london"}, asked) == {"it": "All of London"}
    assert where.allowed == "All of London, or one of the values of london-authorities, name"
    with pytest.raises(ParameterError, match="It is one of All of London, Camden, City of London"):
        check_all("trial", (where,), {"it": "All"}, asked)


def test_choices_may_be_what_the_register_counts_by():
    who = parameter("choice", values_from={"facet": "publisher"})
    assert who.allowed == "one of the publishers of the register"
    publishers = choices(ValuesFrom(facet="publisher"))
    assert "Greater London Authority" in publishers
    assert list(publishers) == sorted(publishers)


@pytest.mark.parametrize(
    ("text", "months", "words"),
    [
        ("2026", ("2026-01", "2026-12", 12), "January 2026 to December 2026"),
        ("2026-Q4", ("2026-10", "2026-12", 3), "October 2026 to December 2026"),
        ("1999/00", ("1999-04", "2000-03", 12), "April 1999 to March 2000"),
        ("2025-11..2026-02", ("2025-11", "2026-02", 4), "November 2025 to February 2026"),
        ("2026-02", ("2026-02", "2026-02", 1), "February 2026"),
    ],
)
def test_a_period_knows_its_months_and_the_same_months_of_a_year_before(text, months, words):
    period = periods.parse(text)
    assert (period.months[0], period.months[-1], len(period.months)) == months
    assert (str(period), period.words) == (text, words)
    before = period.earlier()
    assert [month[5:] for month in before.months] == [month[5:] for month in period.months]
    assert int(before.months[0][:4]) == int(period.months[0][:4]) - 1
    assert periods.parse(before.text) == before
    assert (period.end + dt.timedelta(days=1)).day == 1


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ParameterError) as refused:
        check_all("trial", DECLARED, {"yaer": 2021}, asked)
    assert str(refused.value) == (
        "The template trial has no parameter 'yaer'; did you mean year? It takes borough, year."
    )


def test_one_that_has_no_default_must_be_given():
    with pytest.raises(ParameterError, match=r"year must be given\. It is a whole number of at least 2000"):
        check_all("trial", DECLARED, {}, asked)


DAY = dt.date(2026, 11, 22)


def test_the_name_of_a_report_can_be_read():
    assert file_stem("borough-profile", {"borough": "Camden"}, DAY) == "borough-profile-camden-2026-11-22"
    name = file_stem("trial", {"borough": "Hammersmith and Fulham", "year": 2021}, DAY)
    assert name == "trial-hammersmith-and-fulham-2021-2026-11-22"


@given(st.lists(st.text(max_size=150), min_size=2, max_size=6, unique=True))
def test_different_parameters_never_get_one_name_and_names_are_safe(values):
    names = [file_stem("trial", {"word": value}, DAY) for value in values]
    assert all(len(name) < 130 and name.replace("-", "").isalnum() and name.isascii() for name in names)
    for (one, first), (other, second) in itertools.combinations(zip(names, values, strict=True), 2):
        assert one != other or first == second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("North End",), ("North-End",)),
        (("Camden",), ("camden",)),
        (("Barking and Dagenham",), ("Barking And Dagenham",)),
        (("A b", "C"), ("A", "B c")),
        (("2025-03", 1), ("2025", 31)),
        ((1,), ("1",)),
        ((5.0,), ("5-0",)),
    ],
)
def test_values_that_look_alike_have_reports_of_their_own(one, other):
    names = [file_stem("trial", dict(enumerate(values)), DAY) for values in (one, other)]
    assert names[0] != names[1]


def test_the_report_of_a_borough_has_its_name_alone():
    assert file_stem("borough-profile", {"borough": "Barking and Dagenham"}, DAY).startswith(
        "borough-profile-barking-and-dagenham-20"
    )


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("month", "2025-03", "March 2025"),
        ("date", "2025-09-30", "30 September 2025"),
        ("period", "2025/26", "April 2025 to March 2026"),
        ("number", 5.0, "5"),
        ("number", 0.25, "0.25"),
        ("boolean", True, "yes"),
        ("date", "not yet checked", "not yet checked"),
    ],
)
def test_a_value_is_written_as_one_says_it(kind, value, words):
    assert Parameter(name="value", type=kind, label="Value").words(value) == words


def test_the_heading_of_a_report_says_months_and_days_in_words():
    values = {"month": "2025-03", "pollutant": "NO2"}
    assert templates.load("air-quality-month").heading_for(values) == "Air quality: NO2, March 2025"
    values = {"borough": "Camden", "as_of": "2025-09-30"}
    assert templates.load("programme-report").heading_for(values) == "Growth programme: Camden, 30 September 2025"
