"""What people write about when a report is to come round: read, read back, refused with what to write instead."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from londata.errors import ScheduleError
from londata.schedules import Rule, parse
from londata.schedules.vocabulary import EXAMPLES

SAID = {
    "first Monday 07:00 Europe/London": "0 7 * * MON#1",
    "every first Monday 07:00": "0 7 * * MON#1",
    "1st Monday of each month at 7am": "0 7 * * MON#1",
    "first and third Monday at noon": "0 12 * * MON#1,MON#3",
    "first Monday of January and July 7:00": "0 7 * 1,7 MON#1",
    "last Friday of the month 17.30": "30 17 * * 5L",
    "weekdays 18:30": "30 18 * * 1-5",
    "Mon-Fri 18:30": "30 18 * * 1-5",
    "every working day at 9:05": "5 9 * * 1-5",
    "weekends at midday": "0 12 * * 6,0",
    "Mondays and Thursdays 7:30": "30 7 * * 1,4",
    "Friday to Monday 10:00": "0 10 * * 1,5,6,0",
    "weekly on Tuesday, 10:00": "0 10 * * 2",
    "every day at 6am": "0 6 * * *",
    "daily 07:00 and 19:00": "0 7,19 * * *",
    "every day in August at 12am": "0 0 * 8 *",
    "every 15 minutes": "*/15 * * * *",
    "every 15 minutes on weekdays": "*/15 * * * 1-5",
    "every half hour": "*/30 * * * *",
    "hourly": "0 * * * *",
    "every hour at 20 minutes past": "20 * * * *",
    "every 6 hours": "0 */6 * * *",
    "last working day of the month 17:00": "0 17 LW * *",
    "last day of every month at midnight": "0 0 L * *",
    "1st of the month 09:00": "0 9 1 * *",
    "monthly on the 1st and 15th, 9:00": "0 9 1,15 * *",
    "every quarter on the 1st 08:00": "0 8 1 1,4,7,10 *",
    "quarterly on the first Monday 8:00": "0 8 * 1,4,7,10 MON#1",
    "5 April 9am": "0 9 5 4 *",
    "every year on April 5th 9am": "0 9 5 4 *",
    "@daily": "0 0 * * *",
    "0  7 * * mon#1": "0 7 * * MON#1",
}


@pytest.mark.parametrize(("text", "cron"), SAID.items())
def test_plain_words_and_cron_expressions_are_read_and_read_back(text, cron):
    rule = parse(text)
    assert (rule.cron, rule.timezone) == (cron, "Europe/London")
    assert parse(rule.words, "Asia/Tokyo") == rule, "words say the same, whatever zone is the usual one"


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_that_a_hint_gives_can_be_written(text):
    assert parse(text).next_after(dt.datetime(2026, 11, 22, tzinfo=dt.UTC)).second == 0


def test_the_time_zone_may_be_named_in_the_text_or_beside_it():
    assert parse("weekdays 9:00 America/New_York").timezone == "America/New_York"
    assert parse("weekdays 9:00", "UTC").timezone == "UTC"
    assert parse("weekdays 9:00 London time", "UTC").timezone == "Europe/London"
    assert parse("0 9 * * 1-5 Europe/Paris").timezone == "Europe/Paris"
    assert parse("first Monday 07:00").words == "at 07:00 on the first Monday of every month (Europe/London)"


@pytest.mark.parametrize(
    ("text", "said"),
    {
        "first Munday 07:00": "Did you mean monday",
        "first Monday": "at what time",
        "Monday 7": "at what time",
        "every Monday at 7": "at what time. Write 7 as 07:00, or as 7pm",
        "07:00": "on which days",
        "monthly at 07:00": "on which days",
        "monthly on Monday 9:00": "Say first Monday, or last Monday",
        "the last of the month 7:00": "the last of what",
        "first working day 9:00": "only the last",
        "fortnightly on Monday 7:00": "first and third Monday",
        "Friday 13th 7:00": "two ways",
        "1 January and 5 June 9:00": "schedule for each",
        "daily 07:00 and 19:30": "schedule for each",
        "daily 7 07:00": "could be a time or a day",
        "25:00 daily": "No clock shows 25:00",
        "daily 13pm": "No clock shows 13pm",
        "31 February 07:00": "never comes round",
        "30th of February 07:00": "never comes round",
        "0 7 31 4,6,9,11 *": "never comes round",
        "every minute": "Say, for example, every 5 minutes",
        "every 2 minutes": "every 5 minutes at most",
        "* * * * *": "would after 1",
        "0,58 23,0 * * *": "would after 2",
        "every 7 minutes": "every 5 or every 6 minutes",
        "every 5 hours": "every 4 or every 6 hours",
        "weekdays 9:00 Europe/Lodnon": "Did you mean Europe/London",
        "weekdays 9:00 BST": "Say Europe/London",
        "61 * * * *": "The minute of a cron expression cannot be '61'",
        "0 7 * * MON#6": "The day of the week",
        "0 7 * *": "five fields",
        "0 0 7 * * 1": "five fields",
        "@fortnightly": "@daily",
        "": "none",
        "Monday 07:00 " * 30: "none",
        "<b>Monday</b> 07:00": "means nothing",
        "Monday to 07:00": "ends in the middle",
        "working 07:00": "ends in the middle",
    }.items(),
)
def test_what_cannot_be_read_is_refused_with_what_to_write_instead(text, said):
    with pytest.raises(ScheduleError) as caught:
        parse(text)
    assert said in str(caught.value)
    assert caught.value.hint


def test_a_zone_that_is_not_there_is_refused_with_what_is_near():
    for name in ("Europe/Londn", "../../etc/passwd", "", "/etc/localtime"):
        with pytest.raises(ScheduleError, match="no time zone"):
            parse("weekdays 9:00", name)


def read(text):
    """The rule, or the error that was raised on purpose."""
    try:
        return parse(text)
    except ScheduleError as error:
        return error


@given(st.text(max_size=80))
def test_any_text_is_a_rule_or_an_error_that_helps(text):
    found = read(text)
    assert isinstance(found, Rule) or found.hint


_DAYS = ("MON", "1", "5L", "TUE#2", "1-5", "0,6", "MON#1,MON#3", "*", "FRI#5")


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(("0", "30", "59", "*/15", "5,35")),
    st.sampled_from(("0", "1", "7,19", "*", "*/6", "8-18")),
    st.sampled_from(("*", "1", "1,15", "L", "LW", "31", "1-7")),
    st.sampled_from(("*", "1", "1,4,7,10", "FEB", "3,10")),
    st.sampled_from(_DAYS),
)
def test_what_words_say_of_an_expression_is_never_another_moment(minute, hour, date, month, weekday):
    rule = read(f"{minute} {hour} {date} {month} {weekday}")
    if isinstance(rule, ScheduleError):
        assert "never comes round" in str(rule)
        return
    assert rule.words.endswith("(Europe/London)")
    again = read(rule.words)
    if isinstance(again, ScheduleError):  # said as only cron can say it
        return
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    until = start + dt.timedelta(days=500)
    assert again.between(start, until, 30) == rule.between(start, until, 30)
