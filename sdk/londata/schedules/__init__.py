"""When a schedule comes round: cron expressions and plain words, right across both changes of the clocks. Pure."""

from londata.schedules.reading import parse
from londata.schedules.rule import Rule

__all__ = ["Rule", "parse"]
