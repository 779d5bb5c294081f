"""Writers of one process take turns, and lines of the log that come at the same time share a commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class _Waiting(Generic[_T]):
    """One call that waits for its turn."""

    def __init__(self, work: Callable[[Any], _T]) -> None:
        self.work = work
        self.done = False
        self.result: _T
        self.error: BaseException | None = None


class Turns:
    """One after the other, and together where that is the same.

    Parameters
    ----------
    together
        Opens what the work of several calls is done in (a transaction), and commits it at the end.
    """

    def __init__(self, together: Callable[[], Any]) -> None:
        self._together = together
        self._turn = threading.RLock()
        self._arriving = threading.Lock()
        self._waiting: list[_Waiting[Any]] = []

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait for a turn of one's own."""
        with self._turn:
            yield

    def share(self, work: Callable[[Any], _T]) -> _T:
        """Do some work in a transaction, perhaps with others'; it is committed when this returns.

        The work must be such that it cannot fail for reasons of its own: all that share a transaction fail together.
        """
        mine = _Waiting(work)
        with self._arriving:
            self._waiting.append(mine)
        with self._turn:
            if not mine.done:
                with self._arriving:
                    every, self._waiting = self._waiting, []
                self._do(every)
        if mine.error:
            raise mine.error
        return mine.result

    def _do(self, every: list[_Waiting[Any]]) -> None:
        try:
            with self._together() as opened:
                for each in every:
                    each.result = each.work(opened)
        except BaseException as error:
            for each in every:
                each.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            for each in every:
                each.done = True
