"""A rule: the moments at which a schedule comes round, by the clock of one place.

What names its minute and its hour runs once a day that it fits: when the clocks go forward past 01:30, at the next
moment that there is; when they go back and 01:30 comes twice, the first time. What says every so often
(``*/15 * * * *``, ``0 * * * *``) goes by the time that really passes. It is the behaviour of Debian's cron.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Rule:
    """When a schedule comes round.

    Parameters
    ----------
    cron
        Five fields: minute, hour, day of the month, month, day of the week.
    timezone
        IANA name of the place whose clock it means.
    words
        The same in plain English; :func:`londata.schedules.parse` reads it back.
    """

    cron: str
    timezone: str
    words: str = ""

    def next_after(self, moment: dt.datetime) -> dt.datetime:
        """Tell when it comes round next, strictly after a moment.

        Parameters
        ----------
        moment
            Aware, in any time zone.

        Returns
        -------
        datetime
            In UTC, on a whole minute.

        Raises
        ------
        ValueError
            The moment has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return next(each for each in self._from(moment) if each > moment)

    def between(self, after: dt.datetime, until: dt.datetime, most: int) -> list[dt.datetime]:
        """List when it comes round after one moment and not after another.

        Parameters
        ----------
        after, until
            Aware; ``after`` itself is left out, ``until`` is not.
        most
            How many at most; the earliest are given.

        Returns
        -------
        list of datetime
            In UTC, in order.
        """
        coming = takewhile(lambda each: each <= until, (each for each in self._from(after) if each > after))
        return list(islice(coming, most))

    def _from(self, moment: dt.datetime) -> Iterator[dt.datetime]:
        """Give occurrences in order, the first ones from before the moment.

        In the hour that comes twice, the face of a clock alone does not say which of the two it is.
        """
        from cronsim import CronSim

        start = (moment - _LOOK_BACK).astimezone(ZoneInfo(self.timezone))
        before = None
        for each in CronSim(self.cron, start):
            found = each.astimezone(dt.UTC)
            if before is None or found > before:
                yield found
                before = found


#: More than any clock was ever put back or forward by, but for whole days.
_LOOK_BACK = dt.timedelta(hours=3)
