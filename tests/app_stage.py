"""Apps that run for a test as the service runs them, without a hub: their pages at a port of the loopback."""

import asyncio
import concurrent.futures
import contextlib
import threading

import nbformat
from aiohttp import web

from londata_hub import sandbox
from londata_hub.apps.process import Places
from londata_hub.apps.relay import Relay
from londata_hub.apps.shelf import App
from londata_hub.apps.theatre import Theatre
from londata_hub.apps.thumbnail import Booth

PREFIX = "/services/apps/"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def write_notebook(folder, *cells):
    """Write a notebook of these cells of code; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=KERNEL)
    nbformat.write(notebook, folder / "app.ipynb")
    return folder / "app.ipynb"


class Playing:
    """A theatre in a thread of its own; each viewer of an app has an address."""

    def __init__(self, room, apps):
        self.apps, self.loop = dict(apps), asyncio.new_event_loop()
        self.places = Places(room / "s", room / "logs", isolated=not sandbox.why_not())
        self._runners = []
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.theatre = self.run(self._make(room))

    async def _make(self, room):
        theatre = Theatre(self.apps, PREFIX, self.places, Relay(room / "none", "t"))
        await theatre.start()
        return theatre

    def run(self, coroutine, timeout=120):
        """Run something in the theatre's loop."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise

    def address(self, slug, viewer="ada"):
        """Open a port for one viewer of an app; returns the address of the page."""
        return self.run(self._address(slug, viewer))

    async def _address(self, slug, viewer):
        runner = web.AppRunner(Booth(self.theatre, self.apps[slug], PREFIX, viewer).application(), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._runners.append(runner)
        return f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}{PREFIX}{slug}/"

    def said(self, slug):
        """Read an app's log."""
        return (self.places.logs / f"app-{self.apps[slug].key}.log").read_text()

    def close(self):
        """End everything."""
        for runner in self._runners:
            self.run(runner.cleanup())
        self.run(self.theatre.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(60)
        self.loop.close()


@contextlib.contextmanager
def playing(room, **notebooks):
    """Play apps: slug → notebook, or app."""
    apps = {slug: each if isinstance(each, App) else App(slug, slug, "", "", each) for slug, each in notebooks.items()}
    stage = Playing(room, apps)
    try:
        yield stage
    finally:
        stage.close()
