"""Voila as an app's sandbox runs it: on a socket that is handed over, with kernels that are named and forked."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
import sys
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from page import Page
from stage import Stage
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from traitlets import Unicode, default
from traitlets.config import Config
from voila.app import Voila
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from londata.kernels.same_interpreter import QuickClient

log = logging.getLogger("londata.app")

NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class AppKernel(ServerKernelManager):  # type: ignore[misc]  # jupyter_server is untyped here
    """Starts a kernel in this very Python, within its limits, forked from the process that its environment names."""

    limits = Unicode("", config=True)

    @property
    def kernel_spec(self) -> KernelSpec:
        """How to start it; never looked up on the machine."""
        argv = [sys.executable, "-m", "londata.kernels.kernel_process", "-f", "{connection_file}"]
        return KernelSpec(
            argv=[*argv, "--limits", self.limits],
            display_name="londata",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": "londata-zygote"}},
        )

    @default("client_class")  # type: ignore[untyped-decorator]
    def _quick(self) -> str:
        return f"{QuickClient.__module__}.{QuickClient.__qualname__}"

    @default("client_factory")  # type: ignore[untyped-decorator]
    def _quick_too(self) -> type[QuickClient]:
        return QuickClient


class NamedKernels(AsyncMappingKernelManager):  # type: ignore[misc]  # jupyter_server is untyped here
    """Gives a kernel the id that the service chose; refuses to start one without. One that dies stays dead."""

    stage: Stage

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.leaving: set[str] = set()

    def new_kernel_id(self, **kwargs: Any) -> str:
        """Read the id that the page gave."""
        name = str((kwargs.get("env") or {}).get("VOILA_KERNEL_ID", ""))
        if not NAME.fullmatch(name) or name in self:
            raise ValueError("the request names no kernel, or one that runs already")
        return name

    async def open(self, name: str, env: dict[str, str], zygote: str) -> None:
        """Start a kernel, and watch it.

        Parameters
        ----------
        name
            Its id.
        env
            Its environment, as the request makes it.
        zygote
            From which process it is forked.
        """
        env = env | {"VOILA_KERNEL_ID": name, "LONDATA_ZYGOTE": zygote}
        await self.start_kernel(path="", env=env)
        handle = os.pidfd_open(self.get_kernel(name).provisioner.pid)
        loop = asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(handle)
            os.close(handle)
            self.stage.ended(name)
            if name in self and name not in self.leaving:
                log.warning("kernel %s died", name)
                self.remove_kernel(name)
            self.leaving.discard(name)
            for connection in tuple(ZMQChannelsWebsocketConnection._open_sockets):
                if connection.kernel_id == name:
                    connection.websocket_handler.close()

        loop.add_reader(handle, ended)

    async def shutdown_kernel(self, kernel_id: str, now: bool = False, restart: bool = False) -> None:
        """End a kernel at once: it keeps nothing, so there is nothing to wait for.

        Parameters
        ----------
        kernel_id
            Which.
        now, restart
            As Jupyter's manager takes them; it is always now.
        """
        self.leaving.add(kernel_id)
        await super().shutdown_kernel(kernel_id, now=True, restart=restart)


class Viewer(Voila):  # type: ignore[misc]  # voila has no types
    """Voila on a socket that is handed over."""

    stage: Stage
    listening: int

    def init_handlers(self) -> list[Any]:
        """Serve the page by way of the stage, and everything else as Voila does."""
        self.kernel_manager.stage = self.stage
        *others, (address, _, options) = super().init_handlers()
        return [*map(_with_plain_channels, others), (address, Page, options | {"stage": self.stage})]

    def listen(self) -> None:
        """Serve until the service ends the process."""
        handed = socket.socket(fileno=self.listening)
        handed.setblocking(False)
        server = HTTPServer(self.app)
        server.add_socket(handed)
        self.ioloop = IOLoop.current()
        try:
            self.ioloop.start()
        finally:
            self.stage.close()
            self.stop()


def _with_plain_channels(rule: tuple[Any, ...]) -> tuple[Any, ...]:
    """Put Jupyter's own channel where Voila has put its.

    Voila's takes a message with bytes (a picture in a widget) as one that is framed otherwise, and counts to its end
    for ever: the app hangs for everybody. What it would leave out, the service leaves out.
    """
    return tuple(KernelWebsocketHandler if part is VoilaKernelWebsocketHandler else part for part in rule)


def settings(notebook: Path, base_url: str, limits: str) -> Config:
    """Say how one notebook is served: its page and nothing else, no source, no traceback, no choice of look.

    Parameters
    ----------
    notebook, base_url, limits
        As :func:`enter.main` takes them.
    """
    c = Config()
    c.Voila.notebook_path = str(notebook)
    c.Voila.root_dir = str(notebook.parent)
    c.Voila.base_url = base_url
    c.Voila.open_browser = False
    c.Voila.connection_dir_root = str(Path.home())
    c.Voila.log_level = logging.WARNING
    # Only the service reaches this socket, and it has no cookie: it has looked at where a request comes from
    c.Voila.tornado_settings = {"disable_check_xsrf": True}
    c.VoilaConfiguration.template = "londata"
    c.VoilaConfiguration.allow_template_override = "NO"
    c.VoilaConfiguration.allow_theme_override = "NO"
    c.VoilaConfiguration.strip_sources = True
    c.VoilaConfiguration.show_tracebacks = False
    c.VoilaConfiguration.file_allowlist = []
    c.VoilaConfiguration.file_denylist = [".*"]
    c.VoilaConfiguration.extension_allowlist = [
        "@jupyter-widgets/jupyterlab-manager",
        "@voila-dashboards/widgets-manager8",
    ]
    c.VoilaConfiguration.multi_kernel_manager_class = NamedKernels
    c.VoilaExecutor.timeout = 120
    c.MappingKernelManager.kernel_manager_class = f"{AppKernel.__module__}.{AppKernel.__qualname__}"
    c.AppKernel.limits = limits
    c.KernelManager.autorestart = False
    c.KernelManager.transport = os.environ.get("LONDATA_APP_TRANSPORT", "ipc")
    return c
