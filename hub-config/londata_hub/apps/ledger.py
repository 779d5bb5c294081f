"""Which kernel belongs to whom. A kernel that is not in here does not exist for anybody.

The service chooses the kernel's id before Voila starts it, so it is known whose it is before it runs.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

#: Kernels that one viewer may have at a time over all apps; an older one makes room.
PER_VIEWER = 4
#: Kernels in all; beyond, new viewers are asked to come back.
IN_ALL = 40
#: Seconds that a kernel may live without a connection: a page that is loading, or a network that is away for a while.
GRACE = 90.0


@dataclass
class Kernel:
    """One viewer's kernel of one app. ``connections`` counts the websockets that are open to it."""

    id: str
    app: str
    viewer: str
    seen: float
    connections: int = 0


class FullError(Exception):
    """There is no room for another kernel."""


class Ledger:
    """The kernels that run, by app and id.

    Parameters
    ----------
    per_viewer, in_all, grace
        See :data:`PER_VIEWER`, :data:`IN_ALL` and :data:`GRACE`.
    clock
        Seconds that only grow (a seam for tests).
    """

    def __init__(
        self,
        *,
        per_viewer: int = PER_VIEWER,
        in_all: int = IN_ALL,
        grace: float = GRACE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kernels: dict[tuple[str, str], Kernel] = {}
        self._per_viewer, self._in_all, self._grace, self._clock = per_viewer, in_all, grace, clock

    def open(self, app: str, viewer: str) -> tuple[Kernel, list[Kernel]]:
        """Enter a new kernel.

        Returns
        -------
        tuple[Kernel, list[Kernel]]
            The new one, and the viewer's oldest ones that make room for it; they are no longer in the ledger.

        Raises
        ------
        FullError
            There are as many as may be.
        """
        mine = sorted((k for k in self._kernels.values() if k.viewer == viewer), key=lambda k: k.seen)
        leaving = mine[: max(0, len(mine) - self._per_viewer + 1)]
        if len(self._kernels) - len(leaving) >= self._in_all:
            raise FullError
        for old in leaving:
            self.close(old)
        kernel = Kernel(str(uuid.uuid4()), app, viewer, self._clock())
        self._kernels[app, kernel.id] = kernel
        return kernel, leaving

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
