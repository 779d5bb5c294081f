"""Pictures for the gallery: a version that has just been published is opened once as a viewer opens it."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from londata.records.publications import Publication, Version
from londata_hub.apps.process import Places
from londata_hub.apps.relay import Relay
from londata_hub.apps.shelf import Shelf
from londata_hub.apps.theatre import Theatre
from londata_hub.apps.thumbnail import Thumbnails
from londata_hub.store.publication_store import PublicationStore

APPS = "/services/apps/"
#: Seconds after which nobody waits for a picture any more.
LIMIT_S = 240


class Pictures:
    """Takes the picture of a version; it is what :class:`~londata_hub.publishing.publisher.Publisher` calls.

    Each app that it shows runs apart from those that people look at, and is ended when its picture was taken.

    Parameters
    ----------
    store
        What was published.
    snapshots
        The folder of snapshots.
    places
        Room for the apps while they are shown: a folder of sockets of its own, and that of logs.
    doors
        The folder of the hub's sockets.
    token
        Of the service, which asks for data in the name of the app.
    loop
        The event loop in which the apps are served.
    """

    def __init__(
        self,
        store: PublicationStore,
        snapshots: Path,
        places: Places,
        doors: Path,
        token: str,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._shelf, self._places = Shelf(store, snapshots), places
        self._doors, self._token, self._loop = doors, token, loop

    def __call__(self, publication: Publication, version: Version, folder: Path) -> bytes | None:
        """Take a picture; in a thread of its own.

        Parameters
        ----------
        publication, version
            What is shown.
        folder
            Its snapshot.
        """
        with tempfile.TemporaryDirectory(prefix="londata-picture-") as room:
            picture = Path(room) / "picture.png"
            taking = self._take(publication.slug, version.number, picture)
            asyncio.run_coroutine_threadsafe(taking, self._loop).result(LIMIT_S)
            return picture.read_bytes() if picture.exists() else None

    async def _take(self, slug: str, number: int, picture: Path) -> None:
        app = self._shelf.one(slug, number)
        if app is None:
            return
        theatre = Theatre({slug: app}, APPS, self._places, Relay(self._doors, self._token))
        await theatre.start()
        try:
            await Thumbnails(theatre, APPS, self._places).take(app, picture)
        finally:
            await theatre.stop()
