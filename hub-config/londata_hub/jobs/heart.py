"""The signs of life of a run: while they come, the run is its worker's; when they stop, it is given to another one."""

from __future__ import annotations

import datetime as dt
import threading
import time
from types import TracebackType
from typing import Self

from londata.errors import RegisterUnavailableError
from londata_hub.store import RunStore

#: Seconds between two signs of life, and without one after which a run is lost.
BEAT_S, LEASE_S = 10.0, 60.0
LEASE = dt.timedelta(seconds=LEASE_S)


class Heart:
    """Gives signs of life as long as the ``with`` block lasts.

    Parameters
    ----------
    store
        Where they are noted.
    run, worker
        Of which run, in whose hands.
    beat_s, lease_s
        How often, and how long without one is too long.
    """

    def __init__(
        self, store: RunStore, run: str, worker: str, *, beat_s: float = BEAT_S, lease_s: float = LEASE_S
    ) -> None:
        self._store, self._run, self._worker = store, run, worker
        self._beat_s, self._lease_s = beat_s, lease_s
        self._over = threading.Event()
        self._why, self._seen = "", time.monotonic()
        self._thread = threading.Thread(target=self._go_on, name=f"heart of {run}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def why_not(self) -> str:
        """Why the run is to end: it is not this worker's any more, or nobody can tell. Empty while it may go on."""
        silent = time.monotonic() - self._seen
        if not self._why and silent > self._lease_s:  # by now somebody else may have it
            return f"The register's database did not answer for {silent:.0f} seconds."
        return self._why

    def _go_on(self) -> None:
        while not self._over.wait(self._beat_s):
            asked = time.monotonic()
            try:
                if not self._store.beat(self._run, self._worker):
                    self._why = "It was stopped, or given to another worker."
                    return
                self._seen = asked
            except RegisterUnavailableError:
                continue
