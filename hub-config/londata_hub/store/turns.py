"""Writers of one process take turns, and lines of the log that come at the same time share a commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Generic, TypeVar

_T = TypeVar("_T")
_O = TypeVar("_O")


class _Waiting(Generic[_O, _T]):
    """One call that waits for its work to be done, or for its turn to lead."""

    def __init__(self, work: Callable[[_O], _T]) -> None:
        self.work = work
        self.woken = threading.Event()
        self.done = False
        self.result: _T
        self.error: BaseException | None = None


class Turns(Generic[_O]):
    """One after the other, and together where that comes to the same.

    Parameters
    ----------
    together
        Opens what the work of several calls is done in (a transaction), and commits it at the end.
    """

    def __init__(self, together: Callable[[], AbstractContextManager[_O]]) -> None:
        self._together = together
        self._turn = threading.RLock()
        self._arriving = threading.Lock()
        self._waiting: list[_Waiting[_O, object]] = []
        self._led = False

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait for a turn of one's own."""
        with self._turn:
            yield

    def share(self, work: Callable[[_O], _T]) -> _T:
        """Do some work in a transaction, perhaps with others'; it is committed when this returns.

        The work must be such that it cannot fail for reasons of its own: all that share a transaction fail together.
        """
        mine: _Waiting[_O, _T] = _Waiting(work)
        with self._arriving:
            self._waiting.append(mine)  # type: ignore[arg-type]
            leads, self._led = not self._led, True
        if not leads:
            mine.woken.wait()
        if not mine.done:
            self._lead(mine)
        if mine.error:
            raise mine.error
        return mine.result

    def _lead(self, mine: _Waiting[_O, _T]) -> None:
        """Do the work of all who wait, oneself among them; then hand on to the first who came meanwhile."""
        every: list[_Waiting[_O, object]] = []
        try:
            with self._turn:
                with self._arriving:
                    every, self._waiting = self._waiting, []
                self._do(every)
        finally:
            with self._arriving:
                # One that was interrupted before it began: nobody waits for it any more.
                self._waiting = [each for each in self._waiting if each is not mine]
                self._led = bool(self._waiting)
                if self._led:
                    self._waiting[0].woken.set()
            for each in every:
                each.woken.set()

    def _do(self, every: list[_Waiting[_O, object]]) -> None:
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
