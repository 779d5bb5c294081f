"""What goes on in the service of insights while nobody asks: shipped apps are published, all is kept honest."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from londata.records.publications import Publication, Version
from londata.settings import shipped
from londata_hub.apps.process import Places
from londata_hub.apps.relay import Relay
from londata_hub.apps.shelf import App, Shelf
from londata_hub.apps.theatre import Theatre, private_folder
from londata_hub.apps.thumbnail import Thumbnails
from londata_hub.gateway.insights import Groups
from londata_hub.publishing.acquaintance import people_of
from londata_hub.publishing.checking import SandboxChecker
from londata_hub.publishing.honesty import Honesty
from londata_hub.publishing.keeping import Quota
from londata_hub.publishing.publisher import Publisher
from londata_hub.publishing.snapshots import PICTURE
from londata_hub.services.insights_counter import Counter
from londata_hub.settings import HubSettings

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Seconds between two looks at what insights rest on, between two tries of the doors to data, that a picture may take
#: in all, and that the hub has to say in which groups somebody is.
ROUND_S, PATIENCE_S, PICTURE_S, ASK_S = 30.0, 1.0, 300.0, 15.0
#: The services that a check needs.
DOORS = ("register.sock", "gateway.sock")
#: The path at which apps are served, and so what a picture of one is taken of.
APPS = "/services/apps/"


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
    groups
        In which groups somebody is.
    isolated
        Whether this machine can make sandboxes.
    """

    def __init__(self, hall: Counter, hub: HubSettings, token: str, groups: Groups, *, isolated: bool) -> None:
        self._hall, self._hub, self._token, self._groups, self._isolated = hall, hub, token, groups, isolated
        self._one_picture = asyncio.Lock()
        self._waiting: set[Future[Any]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Publisher]:
        """Publish for as long as the service runs."""
        hall, loop = self._hall, asyncio.get_running_loop()
        relay = Relay(self._hub.doors, self._token)
        checker = SandboxChecker(relay, loop, self._isolated)

        def picture(publication: Publication, version: Version, _: Path) -> bytes | None:
            return self._wait_for(self._picture(publication, version), loop, PICTURE_S)

        def groups(person: str) -> frozenset[str] | None:
            async def ask() -> frozenset[str] | None:
                return await self._groups(person)

            return self._wait_for(ask(), loop, ASK_S)

        quota = Quota(self._hub.insights_of_one, self._hub.insight_versions, self._hub.insight_megabytes * 10**6)
        publisher = Publisher(
            hall.store,
            hall.register,
            hall.snapshots,
            checker,
            picture=picture,
            quota=quota,
            people=lambda: people_of(self._hub.users),
        )
        await asyncio.to_thread(publisher.start)
        rounds = asyncio.create_task(self._rounds(publisher, Honesty(publisher, groups)))
        try:
            yield publisher
        finally:
            rounds.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await rounds
            checker.stop()
            publisher.close()
            for waiting in list(self._waiting):
                waiting.cancel()
            async with self._one_picture:  # the one that is being taken puts everything away first
                await relay.close()

    def _wait_for(self, asked: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, seconds: float) -> T:
        """Wait in a thread for something on the loop; when the service stops, nobody waits any more."""
        waiting = asyncio.run_coroutine_threadsafe(asked, loop)
        self._waiting.add(waiting)
        try:
            return waiting.result(seconds)
        finally:
            self._waiting.discard(waiting)

    async def _rounds(self, publisher: Publisher, honesty: Honesty) -> None:
        """Publish what ships with londata once data can be had; then look again and again at what changed."""
        while not await asyncio.to_thread(_open, self._hub.doors):
            await asyncio.sleep(PATIENCE_S)
        await _safely("publishing what ships with londata", lambda: publisher.publish_shipped(shipped("voila-apps")))
        pictures = asyncio.create_task(self._missing_pictures(publisher))
        try:
            while True:
                await _safely("keeping insights honest", honesty.round)
                await asyncio.sleep(ROUND_S)
        finally:
            pictures.cancel()

    async def _missing_pictures(self, publisher: Publisher) -> None:
        """Take the pictures that a hub which stopped has not taken any more.

        The publisher keeps them, which knows whether a release has come in between.
        """
        store, snapshots = self._hall.store, self._hall.snapshots
        for publication in await asyncio.to_thread(store.all):
            number = publication.current
            if not number or publication.state == "withdrawn":
                continue
            try:
                version = await asyncio.to_thread(store.version, publication.slug, number)
                if version is None or (snapshots.place(publication.slug, number) / PICTURE).exists():
                    continue
                await asyncio.to_thread(publisher.picture_anew, publication.slug, number)
            except Exception:
                log.exception("there is no picture of version %s of %s", number, publication.slug)

    async def _picture(self, publication: Publication, version: Version) -> bytes | None:
        """Take the picture of a version, as anybody would see it who may open it."""
        app = Shelf(self._hall.store, self._hall.snapshots.folder).one(publication.slug, version.number)
        if app is None or str(version.record.get("form", "app")) == "report":
            return None
        async with self._one_picture:
            return await self._taken(app)

    async def _taken(self, app: App) -> bytes | None:
        """Start the app, let a browser draw its page, and end both."""
        places = Places(private_folder(self._hub.sockets / "pictures"), self._hub.logs, isolated=self._isolated)
        theatre = Theatre({app.slug: app}, APPS, places, Relay(self._hub.doors, self._token))
        await theatre.start()
        with tempfile.TemporaryDirectory(prefix="londata-picture-") as folder:
            picture = Path(folder) / "thumbnail.png"
            try:
                if why_not := await Thumbnails(theatre, APPS, places).take(app, picture):
                    log.warning("no picture of %s: %s", app.key, why_not)
                    return None
                return await asyncio.to_thread(picture.read_bytes)
            finally:
                await theatre.stop()


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
