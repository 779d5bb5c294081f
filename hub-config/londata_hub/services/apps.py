"""The service of published apps, as the hub starts it: ``python -m londata_hub.services.apps``."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
from collections.abc import Mapping
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets, bind_unix_socket
from tornado.web import Application

from londata.client import Endpoint
from londata.settings import shipped
from londata_hub import sandbox, settings
from londata_hub.apps.channels import Channels
from londata_hub.apps.handlers import AppHandler, Front, Guarded, Index, Nothing
from londata_hub.apps.messages import LONGEST
from londata_hub.apps.process import Places
from londata_hub.apps.relay import Relay
from londata_hub.apps.shelf import Shelf
from londata_hub.apps.sight import Viewing
from londata_hub.apps.theatre import Theatre, private_folder
from londata_hub.apps.usher import Usher
from londata_hub.store.publication_store import PublicationStore

log = logging.getLogger(__name__)

#: Seconds for which the hub's word on who somebody is is believed without asking again.
BELIEVE = 30


class Callback(Guarded, HubOAuthCallbackHandler):  # type: ignore[misc]  # jupyterhub has no types
    """Where the hub sends people back to after login."""

    async def prepare(self) -> None:
        """Let everybody in: whoever comes here is just logging in."""


def application(theatre: Theatre, prefix: str, usher: Usher | None = None) -> Application:
    """Make the web application: the table of everything that answers.

    Parameters
    ----------
    theatre
        The apps.
    prefix
        The path of the service, with a slash at both ends.
    usher
        Watches over those who look.
    """
    slug = r"([a-z0-9]+(?:-[a-z0-9]+)*)"
    return Application(
        [
            (rf"{prefix}", Index),
            (rf"{prefix}oauth_callback", Callback),
            (rf"{prefix}{slug}", Front),
            (rf"{prefix}{slug}/(api/kernels/[^/]+/channels)", Channels),
            (rf"{prefix}{slug}/(.*)", AppHandler),
        ],
        default_handler_class=Nothing,
        theatre=theatre,
        usher=usher or Usher(theatre.viewing),
        prefix=prefix,
        insights=prefix.removesuffix("apps/") + "insights/",
        cookie_secret=secrets.token_bytes(32),
        websocket_max_message_size=LONGEST,
        websocket_ping_interval=30,
        log_function=lambda _: None,  # no access log: it would hold what people look at
    )


def listen(server: HTTPServer, address: str) -> None:
    """Listen where the hub says: ``http://127.0.0.1:port/…`` or ``http+unix://%2Fpath%2Fto.sock/…``."""
    endpoint = Endpoint.of(address)
    if endpoint.socket:
        server.add_socket(bind_unix_socket(endpoint.socket, mode=0o600))
    else:
        parts = urlsplit(endpoint.base)
        server.add_sockets(bind_sockets(parts.port or 80, parts.hostname))


async def serve(environ: Mapping[str, str]) -> None:
    """Serve until told to stop."""
    hub = settings.load(environ)
    prefix = environ["JUPYTERHUB_SERVICE_PREFIX"]
    why_not = sandbox.why_not()
    if why_not:
        log.warning("Apps are NOT isolated, because %s.", why_not)
    places = Places(private_folder(hub.sockets / "apps"), hub.state / "logs", isolated=not why_not)
    relay = Relay(hub.doors, environ["JUPYTERHUB_API_TOKEN"])
    HubOAuth.instance(cache_max_age=BELIEVE)
    store = PublicationStore(hub.database, hub.state / "audit-anchors", isolated=not why_not)
    viewing = Viewing(store)
    usher = Usher(viewing)
    apps = Shelf(store, hub.state / "insights", shipped("voila-apps"))
    theatre = Theatre(apps, prefix, places, relay, viewing=viewing)
    await theatre.start()
    server = HTTPServer(application(theatre, prefix, usher), xheaders=False)
    listen(server, environ["JUPYTERHUB_SERVICE_URL"])
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    looking_after = [asyncio.create_task(each) for each in (theatre.tidy_for_ever(), usher.for_ever())]
    await stopped.wait()
    for task in looking_after:
        task.cancel()
    server.stop()
    await theatre.stop()
    store.close()


def main() -> None:
    """Run the service as the hub starts it."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    asyncio.run(serve(os.environ))


if __name__ == "__main__":
    main()
