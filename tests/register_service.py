"""The register service of the tests: a real server in a thread, on a port or on a unix socket."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn

from londata.access import Subject
from londata.errors import NotAuthenticatedError
from londata_hub.web import SERVER_OPTIONS

BASE = "/services/register"
TOKEN = "a-token-of-ada"


async def only_ada(token: str) -> Subject:
    """Let in one token, without a hub."""
    if token != TOKEN:
        raise NotAuthenticatedError("The hub does not know this token.", hint="Get a new one.")
    return Subject("ada", frozenset({"analysts"}))


@contextlib.contextmanager
def served(app: Any, socket: Path | None = None, *, base: str = BASE) -> Iterator[str]:
    """Serve an application; gives the address. Without a socket it listens on a free port."""
    where = {"uds": str(socket)} if socket else {"host": "127.0.0.1", "port": 0}
    config = uvicorn.Config(app, **where, **SERVER_OPTIONS | {"log_level": "critical", "timeout_graceful_shutdown": 2})
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive(), "the service stopped"
            assert time.monotonic() < deadline, "the service did not start"
            time.sleep(0.01)
        if socket:
            yield f"http+unix://{quote(str(socket), safe='')}{base}"
        else:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{base}"
    finally:
        server.should_exit = True
        thread.join(60)
