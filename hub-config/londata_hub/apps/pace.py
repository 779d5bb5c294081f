"""How much one viewer's channel may send: messages and bytes, each from a store that fills up again with time. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Messages that may come at once, and that may come in a second in the long run. Moving a slider sends a few a second.
MESSAGES, MESSAGES_A_SECOND = 200, 30
#: The same of bytes: a page sends the values of its widgets, which are short.
BYTES, BYTES_A_SECOND = 4_000_000, 50_000
#: What a request for the state of all widgets counts for: its answer is as large as the page.
ALL_STATES = 20


class TooMuchError(Exception):
    """More came than a page sends; the connection is closed."""


class Pace:
    """What a channel may still send.

    Parameters
    ----------
    clock
        Seconds that only grow (a seam for tests).
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._at = clock, clock()
        self._messages, self._bytes = float(MESSAGES), float(BYTES)

    def take(self, frame: str | bytes) -> None:
        """Count one frame.

        Raises
        ------
        TooMuchError
            There were too many, or they were too long.
        """
        now = self._clock()
        passed, self._at = now - self._at, now
        counts_for = ALL_STATES if isinstance(frame, str) and "request_states" in frame else 1
        self._messages = min(MESSAGES, self._messages + passed * MESSAGES_A_SECOND) - counts_for
        self._bytes = min(BYTES, self._bytes + passed * BYTES_A_SECOND) - len(frame)
        if self._messages < 0:
            raise TooMuchError("too many messages")
        if self._bytes < 0:
            raise TooMuchError("too many bytes")
