"""Do a piece of work once, however many ask for it at the same time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


class Once:
    """Threads for long work; who asks for what is under way already waits for that.

    Parameters
    ----------
    threads
        How many pieces of work may run at a time; further ones wait.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="gateway")
        self._under_way: dict[Hashable, Future[Any]] = {}
        self._lock = threading.Lock()

    async def do(self, name: Hashable, work: Callable[[], Result]) -> Result:
        """Do the work, or wait for the same work of somebody else. Who gives up waiting does not stop it."""
        with self._lock:
            shared: Future[Result] | None = self._under_way.get(name)
            if shared is None:
                shared = self._threads.submit(work)
                self._under_way[name] = shared
                shared.add_done_callback(lambda _: self._under_way.pop(name, None))
        return await asyncio.shield(asyncio.wrap_future(shared))

    def close(self) -> None:
        """Start nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
