"""The moments of a rule across both changes of the clocks, compared with what zoneinfo says."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from londata.schedules import Rule, parse

LONDON = ZoneInfo("Europe/London")
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


def local(text, zone=LONDON):
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone)


def listed(rule, after, until):
    return [each.astimezone(LONDON).strftime("%d %H:%M %Z") for each in rule.between(local(after), local(until), 99)]


def test_in_spring_a_time_that_does_not_come_is_run_once_at_the_next_moment_there_is():
    rule = parse("every day at 01:30")
    assert listed(rule, "2027-03-27 00:00", "2027-03-30 00:00") == ["27 01:30 GMT", "28 02:00 BST", "29 01:30 BST"]


def test_in_autumn_a_time_that_comes_twice_is_run_the_first_time_only():
    rule = parse("every day at 01:30")
    assert listed(rule, "2026-10-24 00:00", "2026-10-27 00:00") == ["24 01:30 BST", "25 01:30 BST", "26 01:30 GMT"]
    second = dt.datetime(2026, 10, 25, 1, 10, tzinfo=dt.UTC)  # 01:10 on the clock, for the second time
    assert rule.next_after(second) == dt.datetime(2026, 10, 26, 1, 30, tzinfo=dt.UTC)


def test_intervals_go_by_the_time_that_passes():
    rule = parse("every 30 minutes")
    autumn = rule.between(local("2026-10-25 00:45"), local("2026-10-25 03:00"), 99)
    assert {b - a for a, b in pairwise(autumn)} == {30 * MINUTE}
    assert len(autumn) == 7
    assert listed(rule, "2027-03-28 00:15", "2027-03-28 02:45") == ["28 00:30 GMT", "28 02:00 BST", "28 02:30 BST"]


def test_a_clock_that_is_changed_at_midnight_loses_no_day():
    rule = parse("every day at 00:15 Africa/Cairo")  # forward at midnight, on 24 April 2026
    cairo = ZoneInfo("Africa/Cairo")
    found = rule.between(local("2026-04-23 00:00", cairo), local("2026-04-26 00:00", cairo), 9)
    assert [each.astimezone(cairo).strftime("%d %H:%M") for each in found] == ["23 00:15", "24 01:00", "25 00:15"]


def test_next_is_strictly_after_and_needs_a_zone():
    rule = parse("every day at 09:00", "UTC")
    nine = dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC)
    assert rule.next_after(nine) == nine + DAY
    assert rule.next_after(nine - dt.timedelta(microseconds=1)) == nine
    assert rule.between(nine, nine + DAY, 9) == [nine + DAY]
    assert rule.between(nine, nine + 9 * DAY, 3) == [nine + DAY, nine + 2 * DAY, nine + 3 * DAY]
    with pytest.raises(ValueError, match="time zone"):
        rule.next_after(nine.replace(tzinfo=None))


ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago", "UTC")
MOMENTS = st.integers(min_value=int(local("2025-01-01").timestamp()), max_value=int(local("2029-01-01").timestamp()))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 59), MOMENTS)
def test_a_daily_time_comes_once_on_each_local_day(zone, hour, minute, moment):
    there, after = ZoneInfo(zone), dt.datetime.fromtimestamp(moment, dt.UTC)
    found = Rule(f"{minute} {hour} * * *", zone).between(after, after + 400 * DAY, 500)
    days = [each.astimezone(there).date() for each in found]
    assert days == [days[0] + number * DAY for number in range(len(days))]
    assert found[0] > after
    for each in found:
        shown = each.astimezone(there)
        named = dt.datetime.combine(shown.date(), dt.time(hour, minute), there)  # fold 0: the first of two
        if named.astimezone(dt.UTC).astimezone(there).time() == named.time():
            assert each == named.astimezone(dt.UTC)
        else:  # it does not come on this day: the first minute after the gap
            assert (each - MINUTE).astimezone(there).replace(tzinfo=None) < named.replace(tzinfo=None)
            assert shown.replace(tzinfo=None) > named.replace(tzinfo=None)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ZONES), st.sampled_from((5, 10, 15, 20, 30)), MOMENTS)
def test_an_interval_never_stretches_or_shrinks(zone, minutes, moment):
    after = dt.datetime.fromtimestamp(moment, dt.UTC)
    found = Rule(f"*/{minutes} * * * *", zone).between(after, after + 2 * DAY, 1000)
    steps = {b - a for a, b in pairwise(found)}
    assert steps == {minutes * MINUTE} or zone == "Australia/Lord_Howe"  # it is set by half an hour
    assert found[0] - after <= minutes * MINUTE


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(ZONES), st.sampled_from(("30 1 * * *", "0 */2 * * *", "15 0-3 * * *", "0 2 * * SUN")), MOMENTS)
def test_it_does_not_matter_from_where_one_looks(zone, cron, moment):
    rule, after = Rule(cron, zone), dt.datetime.fromtimestamp(moment, dt.UTC)
    whole = rule.between(after, after + 40 * DAY, 1000)
    for number in range(0, len(whole) - 1, 7):
        assert rule.next_after(whole[number]) == whole[number + 1]
        assert rule.next_after(whole[number + 1] - MINUTE) == whole[number + 1]
