"""What goes on in the service of insights while nobody asks: shipped apps are published, all is kept honest."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from londata.settings import shipped
from londata_hub.apps.relay import Relay
from londata_hub.publishing.checking import SandboxChecker
from londata_hub.publishing.publisher import Publisher
from londata_hub.services.insights_counter import Counter
from londata_hub.settings import HubSettings

log = logging.getLogger(__name__)

#: Seconds between two looks at what insights rest on, and until the doors to data are asked for again.
ROUND_S, PATIENCE_S = 60.0, 1.0
#: The services that a check needs.
DOORS = ("register.sock", "gateway.sock")


class Work:
    """Publishing, as the hub runs it.

    Parameters
    ----------
    hall
        The stores.
    hub
        The hub's settings.
    token
        Of this service, which asks for data in the name of an insight that is checked.
    isolated
        Whether this machine can make sandboxes.
    """

    def __init__(self, hall: Counter, hub: HubSettings, token: str, *, isolated: bool) -> None:
        self._hall, self._hub, self._token, self._isolated = hall, hub, token, isolated

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Publisher]:
        """Publish for as long as the service runs."""
        relay = Relay(self._hub.doors, self._token)
        checker = SandboxChecker(relay, asyncio.get_running_loop(), self._isolated)
        hall = self._hall
        publisher = Publisher(hall.store, hall.register, hall.snapshots, checker)
        await asyncio.to_thread(publisher.start)
        rounds = asyncio.create_task(self._rounds(publisher))
        try:
            yield publisher
        finally:
            rounds.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await rounds
            checker.stop()
            publisher.close()
            await relay.close()

    async def _rounds(self, publisher: Publisher) -> None:
        """Publish what ships with londata once data can be had; then look again and again at what changed."""
        while not await asyncio.to_thread(_open, self._hub.doors):
            await asyncio.sleep(PATIENCE_S)
        await _safely("publishing what ships with londata", lambda: publisher.publish_shipped(shipped("voila-apps")))
        while True:
            await asyncio.sleep(ROUND_S)


async def _safely(what: str, work: Callable[[], object]) -> None:
    """Do something on a thread; one bad time must not be the last."""
    try:
        await asyncio.to_thread(work)
    except Exception:
        log.exception("%s failed", what)


def _open(doors: Path) -> bool:
    """Tell whether somebody listens at the doors that a check needs."""
    for name in DOORS:
        with socket.socket(socket.AF_UNIX) as trial:
            trial.settimeout(1)
            try:
                trial.connect(str(doors / name))
            except OSError:
                return False
    return True
