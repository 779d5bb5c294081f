"""Schedules for tests: a clock to set, and a schedule as somebody would make it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from londata.records import Schedule
from londata.schedules import parse

#: A Sunday, 10:00 in London, after the machine's own time.
NOW = dt.datetime(2096, 6, 3, 9, 0, tzinfo=dt.UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: dt.datetime = NOW) -> None:
        self.time = now

    def __call__(self) -> dt.datetime:
        return self.time

    def pass_by(self, **span: float) -> None:
        self.time += dt.timedelta(**span)


def in_half_a_year() -> str:
    """A rule that does not come round while tests run, whenever they run."""
    then = dt.datetime.now(dt.UTC) + dt.timedelta(days=180)
    return f"every year on 1 {then:%B} 07:00"


def a_schedule(when: str = "every day at 07:00", **fields: Any) -> Schedule:
    rule = parse(when)
    values = {
        "id": "boroughs-daily",
        "title": "The borough profile, every day",
        "owner": "ada",
        "template": "borough-profile",
        "rule": rule.cron,
        "timezone": rule.timezone,
        "words": rule.words,
        "created_at": NOW,
    }
    return Schedule.model_validate(values | fields)
