"""The gateway to shared and closed data, as the hub starts it: ``python -m londata_hub.services.gateway``."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from londata.client import Endpoint
from londata_hub import sandbox, settings
from londata_hub.auth import Authenticate, HubAuth
from londata_hub.gateway.accounts import Accounts, HubGroups
from londata_hub.gateway.beginning import Beginning
from londata_hub.gateway.insights import Groups, Insights
from londata_hub.gateway.opening import Opener
from londata_hub.gateway.readings import Readings
from londata_hub.gateway.serving import Doors, Server
from londata_hub.gateway.sessions import Projects
from londata_hub.gateway.watching import Watch
from londata_hub.store import AccessStore
from londata_hub.store.publication_store import PublicationStore

log = logging.getLogger(__name__)

#: Seconds that open streams get to end by themselves when the service stops.
PATIENCE_S = 3


class Gateway:
    """The whole gateway: begins readings, sends bytes, watches over both.

    Parameters
    ----------
    store
        Decides, and keeps the log.
    opener
        Opens the bytes.
    authenticate
        The hub's token → subject.
    groups
        In which groups a person is, as of now.
    prefix
        The path before every address.
    notes
        File that keeps which session works for which project; in memory only when not given.
    insights
        As whom published insights ask; without it none does.
    """

    def __init__(
        self,
        store: AccessStore,
        opener: Opener,
        authenticate: Authenticate,
        groups: Groups,
        *,
        prefix: str = "",
        notes: Path | None = None,
        insights: Insights | None = None,
    ) -> None:
        accounts, projects = Accounts(store, groups, insights), Projects(notes)
        self.readings = Readings(store, accounts)
        self.watch = Watch(store, opener, self.readings, projects)
        self._doors = Doors(
            authenticate, Beginning(store, opener, accounts, projects, self.readings), self.readings, prefix
        )
        self._server: Server | None = None
        self._listening: asyncio.Server | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self, address: str) -> asyncio.Server:
        """Listen.

        Parameters
        ----------
        address
            ``http://127.0.0.1:port/…`` or ``http+unix://%2Fpath%2Fto.sock/…``. Everybody who sees the socket may dial
            it: the token of each request is the lock.
        """
        loop, endpoint = asyncio.get_running_loop(), Endpoint.of(address)
        self._server = Server(self._doors)
        if endpoint.socket:
            if (left_behind := Path(endpoint.socket)).is_socket():
                left_behind.unlink()
            self._listening = await loop.create_unix_server(self._server, endpoint.socket)
            left_behind.chmod(0o666)
        else:
            parts = urlsplit(endpoint.base)
            self._listening = await loop.create_server(self._server, parts.hostname, parts.port or 0)
        self._watching = asyncio.create_task(self.watch.for_ever())
        return self._listening

    async def stop(self) -> None:
        """Take no further request, cut what is under way, and write the closing line of every reading."""
        if self._listening:
            self._listening.close()
        if self._watching:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await self._forget_all()
        if self._server:
            self._server.pre_shutdown()
            await self._server.shutdown(PATIENCE_S)
        await self._forget_all()  # what was begun meanwhile, over a connection that was open

    async def _forget_all(self) -> None:
        for reading in self.readings:
            await self.readings.forget(reading, "the gateway was stopped")


async def serve(environ: Mapping[str, str]) -> None:
    """Serve until told to stop."""
    hub = settings.load(environ)
    why_not = sandbox.why_not()
    if why_not:
        log.warning("Users are NOT kept apart, because %s: shared and closed data stays shut.", why_not)
    api_url, folder = environ["JUPYTERHUB_API_URL"], hub.state / "gateway"
    authenticate = HubAuth(api_url, environ.get("JUPYTERHUB_SERVICE_NAME", "gateway"))
    groups = HubGroups(api_url, environ["JUPYTERHUB_API_TOKEN"])
    anchors, isolated = hub.state / "audit-anchors", not why_not
    with (
        AccessStore(hub.database, anchors, isolated=isolated) as store,
        PublicationStore(hub.database, anchors, isolated=isolated) as publications,
    ):
        opener = Opener(store, folder, folder / "holders.key")
        prefix = environ.get("JUPYTERHUB_SERVICE_PREFIX", "")
        insights = Insights(publications.find, groups)
        gateway = Gateway(
            store, opener, authenticate, groups, prefix=prefix, notes=folder / "sessions", insights=insights
        )
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await gateway.start(environ["JUPYTERHUB_SERVICE_URL"])
        await stopped.wait()
        await gateway.stop()
        opener.close()
    await authenticate.aclose()
    await groups.aclose()


def main() -> None:
    """Run the service as the hub starts it."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(serve(os.environ))


if __name__ == "__main__":
    main()
