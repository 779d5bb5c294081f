"""Which kernel belongs to whom. A kernel that is not in here does not exist for anybody.

The service chooses the kernel's id before Voila starts it, so it is known whose it is before it runs. Visitors who are
not logged in have room of their own: however many come, they take none from people who are.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

#: Kernels that one viewer may have at a time over all apps; an older one makes room.
PER_VIEWER = 4
#: Kernels in all; beyond, new viewers are asked to come back. Of these visitors may have so many together.
IN_ALL, OF_VISITORS = 40, 24
#: Pages that one viewer, and that all visitors together, may open in a minute: each one starts a kernel.
OPENINGS_A_MINUTE, VISITS_A_MINUTE = 30, 120
#: Seconds that a kernel may live without a connection: a page that is loading, or a network that is away for a while.
GRACE = 90.0
#: Seconds after which a visitor's kernel that nobody is connected to makes room for the next visitor.
HASTE = 20.0
#: What the names of visitors begin with; no person's name has a slash.
VISITOR = "visitor/"


@dataclass
class Kernel:
    """One viewer's kernel of one app. ``connections`` counts the websockets that are open to it."""

    id: str
    app: str
    viewer: str
    seen: float
    connections: int = 0

    @property
    def is_visitors(self) -> bool:
        """Whether it belongs to somebody who is not logged in."""
        return self.viewer.startswith(VISITOR)


class FullError(Exception):
    """There is no room for another kernel."""


class Ledger:
    """The kernels that run, by app and id.

    Parameters
    ----------
    per_viewer, in_all, of_visitors, openings_a_minute, visits_a_minute, grace
        See :data:`PER_VIEWER`, :data:`IN_ALL`, :data:`OF_VISITORS`, :data:`OPENINGS_A_MINUTE`,
        :data:`VISITS_A_MINUTE` and :data:`GRACE`.
    clock
        Seconds that only grow (a seam for tests).
    """

    def __init__(
        self,
        *,
        per_viewer: int = PER_VIEWER,
        in_all: int = IN_ALL,
        of_visitors: int = OF_VISITORS,
        openings_a_minute: int = OPENINGS_A_MINUTE,
        visits_a_minute: int = VISITS_A_MINUTE,
        grace: float = GRACE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kernels: dict[tuple[str, str], Kernel] = {}
        self._per_viewer, self._in_all, self._of_visitors = per_viewer, in_all, of_visitors
        self._grace, self._clock = grace, clock
        self._openings: deque[tuple[float, str]] = deque()
        self._openings_a_minute, self._visits_a_minute = openings_a_minute, visits_a_minute

    def open(self, app: str, viewer: str) -> tuple[Kernel, list[Kernel]]:
        """Enter a new kernel.

        Returns
        -------
        tuple[Kernel, list[Kernel]]
            The new one, and older ones that make room for it: the viewer's own, or one of a visitor who has gone. They
            are no longer in the ledger.

        Raises
        ------
        FullError
            There are as many as may be.
        """
        now, everybody = self._clock(), list(self._kernels.values())
        self._count(now, viewer)
        new = Kernel(str(uuid.uuid4()), app, viewer, now)
        mine = sorted((k for k in everybody if k.viewer == viewer), key=lambda k: k.seen)
        leaving = mine[: max(0, len(mine) - self._per_viewer + 1)]
        if new.is_visitors:
            visitors = [k for k in everybody if k.is_visitors and k not in leaving]
            if len(visitors) >= self._of_visitors:
                gone = [k for k in visitors if not k.connections and k.seen < now - HASTE]
                if not gone:
                    raise FullError
                leaving.append(min(gone, key=lambda k: k.seen))
        if len(everybody) - len(leaving) >= self._in_all:
            raise FullError
        for old in leaving:
            self.close(old)
        self._kernels[app, new.id] = new
        return new, leaving

    def _count(self, now: float, viewer: str) -> None:
        """Count an opening, unless there were too many within the last minute."""
        while self._openings and self._openings[0][0] < now - 60:
            self._openings.popleft()
        theirs = [each for _, each in self._openings if each == viewer]
        visits = [each for _, each in self._openings if each.startswith(VISITOR)]
        if len(theirs) >= self._openings_a_minute or (
            viewer.startswith(VISITOR) and len(visits) >= self._visits_a_minute
        ):
            raise FullError
        self._openings.append((now, viewer))

    def find(self, app: str, kernel_id: str, viewer: str) -> Kernel | None:
        """Find a kernel of this app that belongs to this viewer.

        Parameters
        ----------
        app
            The slug of the app.
        kernel_id
            The kernel, as the viewer's page names it.
        viewer
            The name of who asks.

        Returns
        -------
        Kernel or None
            ``None`` also where the kernel is there and belongs to somebody else, or to another app.
        """
        kernel = self._kernels.get((app, kernel_id))
        return kernel if kernel and kernel.viewer == viewer else None

    def close(self, kernel: Kernel) -> None:
        """Strike a kernel out."""
        self._kernels.pop((kernel.app, kernel.id), None)

    def connected(self, kernel: Kernel, change: int) -> None:
        """Count a websocket in (``+1``) or out (``-1``)."""
        kernel.connections += change
        kernel.seen = self._clock()

    def abandoned(self) -> list[Kernel]:
        """Strike out and return the kernels that nobody has been connected to for too long."""
        oldest = self._clock() - self._grace
        found = [k for k in self._kernels.values() if not k.connections and k.seen < oldest]
        for kernel in found:
            self.close(kernel)
        return found

    def of(self, app: str) -> list[Kernel]:
        """List the kernels of one app."""
        return [kernel for kernel in self._kernels.values() if kernel.app == app]

    def forget(self, app: str) -> None:
        """Strike out all kernels of an app whose process has ended."""
        for kernel in self.of(app):
            self.close(kernel)
