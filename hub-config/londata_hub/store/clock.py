"""A clock that never goes back, so that nobody's access comes back because a machine's time was set."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable


def wall() -> dt.datetime:
    """Ask the machine for the time."""
    return dt.datetime.now(dt.UTC)


class Clock:
    """The machine's time, or where that went back: the latest time known, and what has passed since.

    Parameters
    ----------
    source
        Who tells the time (aware).
    """

    def __init__(self, source: Callable[[], dt.datetime] = wall) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._latest, self._asked = source(), time.monotonic()

    def now(self) -> dt.datetime:
        """Tell the time."""
        with self._lock:
            said, asked = self._source(), time.monotonic()
            passed = self._latest + dt.timedelta(seconds=asked - self._asked)
            # A few milliseconds are the two clocks' own difference, no step back.
            self._latest, self._asked = max(said, self._latest if said > passed - _SLACK else passed), asked
            return self._latest

    def not_before(self, moment: dt.datetime) -> None:
        """Learn that it is at least this late."""
        with self._lock:
            if moment > self._latest:
                self._latest, self._asked = moment, time.monotonic()


_SLACK = dt.timedelta(milliseconds=50)
