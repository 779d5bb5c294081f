"""The service of apps by itself: a process as the hub starts it, and a small hub that knows a few tokens.

``served_apps(folder)`` runs both and gives a handle; what is published there comes from :mod:`planted_insights`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web

from londata_hub import settings
from londata_hub.store import RegisterStore
from running_hub import free_port, wait_for

PREFIX = "/services/apps/"
GROUPS = {
    "ada": ["analysts", "org-camden"],
    "bola": ["analysts", "publishers", "org-gla"],
    "chen": ["stewards", "org-gla"],
}


@dataclass
class Hub:
    """Says who holds a token; ``token-of-ada`` is ada's. Whoever is not in ``groups`` is not known (any more).

    Of whom is in ``odd`` it says that instead.
    """

    groups: dict[str, list[str]] = field(default_factory=lambda: {name: list(each) for name, each in GROUPS.items()})
    odd: dict[str, Any] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer what services ask."""
        name = request.headers.get("Authorization", "").rpartition(" ")[2].removeprefix("token-of-")
        if not request.path.endswith("/user"):
            return web.json_response({}, status=404)
        if name in self.odd:
            return web.json_response(self.odd[name])
        if name not in self.groups:
            return web.json_response({}, status=403)
        scopes = ["access:services!service=apps"]
        return web.json_response({"name": name, "kind": "user", "groups": self.groups[name], "scopes": scopes})

    async def listen(self) -> web.AppRunner:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        return runner


@dataclass
class RunningApps:
    """The service, at an address of its own."""

    address: str
    settings: Any
    hub: Hub
    output: Path
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, **more: Any) -> httpx.Client:
        """A client that is closed by :meth:`hang_up`."""
        self.clients.append(httpx.Client(base_url=self.address, timeout=60, trust_env=False, **more))
        return self.clients[-1]

    def hang_up(self) -> None:
        """Close the clients."""
        while self.clients:
            self.clients.pop().close()


@contextmanager
def served_apps(folder: Path) -> Iterator[RunningApps]:
    """Run the service and the small hub."""
    hub, port = Hub(), free_port()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(hub.listen(), loop).result(60)
    sockets = Path(tempfile.mkdtemp(prefix="ldt-", dir="/tmp"))
    address = f"http://127.0.0.1:{port}"
    env = {
        **os.environ,
        "LONDATA_HUB_STATE": str(folder / "state"),
        "TMPDIR": str(sockets),
        "XDG_RUNTIME_DIR": str(sockets),
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{hub.port}/hub/api",
        "JUPYTERHUB_API_TOKEN": "token-of-the-service",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": "service-apps",
        "JUPYTERHUB_SERVICE_NAME": "apps",
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
        "JUPYTERHUB_SERVICE_URL": f"{address}{PREFIX}",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:services!service=apps"]',
        "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{PREFIX}oauth_callback",
    }
    loaded = settings.load(env)
    for each in (loaded.state, loaded.sockets):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    with RegisterStore(loaded.database, loaded.index):
        pass
    output = folder / "apps.out"
    with output.open("w") as out:
        command = [sys.executable, "-m", "londata_hub.services.apps"]
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: process.poll() is not None or _answers(address), 90, "the service of apps")
        assert process.poll() is None, output.read_text()
        yield RunningApps(address, loaded, hub, output)
    finally:
        process.terminate()
        process.wait(60)
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
        shutil.rmtree(sockets, ignore_errors=True)
        shutil.rmtree(loaded.sockets, ignore_errors=True)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}{PREFIX}", timeout=5).status_code == 302
    except httpx.HTTPError:
        return False
