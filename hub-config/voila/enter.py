"""First thing that runs in an app's sandbox: Voila for one notebook, on a socket that it is handed.

Voila can listen on a port only, and makes up the kernels' ids itself. Here it listens on the open socket that the
service gives it, and a kernel gets the id that the service wrote into the request for the page, so that the service
knows whose kernel it is before it runs.

Use: ``python enter.py NOTEBOOK BASE_URL``, with the socket's file number in ``LONDATA_APP_SOCKET``.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
from pathlib import Path
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from traitlets.config import Config
from voila.app import Voila

#: The header in which the service names the kernel, and the variable in which Voila hands it on.
HEADER, VARIABLE = "X-Londata-Kernel", "HTTP_X_LONDATA_KERNEL"
NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class NamedKernels(AsyncMappingKernelManager):  # type: ignore[misc]  # jupyter_server is untyped here
    """Gives a kernel the id that its request asks for; refuses to start one without."""

    def new_kernel_id(self, **kwargs: Any) -> str:
        """Read the id from what Voila took over from the request."""
        name = str((kwargs.get("env") or {}).get(VARIABLE, ""))
        if not NAME.fullmatch(name) or name in self:
            raise ValueError("the request names no kernel, or one that runs already")
        return name


class Viewer(Voila):  # type: ignore[misc]  # voila has no types
    """Voila on a socket that is handed over."""

    def listen(self) -> None:
        """Serve until the service ends the process."""
        handed = socket.socket(fileno=int(os.environ.pop("LONDATA_APP_SOCKET")))
        handed.setblocking(False)
        server = HTTPServer(self.app)
        server.add_socket(handed)
        self.ioloop = IOLoop.current()
        try:
            self.ioloop.start()
        finally:
            self.stop()


def settings(notebook: Path, base_url: str) -> Config:
    """Say how one notebook is served: its page and nothing else, no source, no traceback, no choice of look."""
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
    c.VoilaConfiguration.http_header_envs = [HEADER]
    c.KernelManager.transport = os.environ.get("LONDATA_APP_TRANSPORT", "ipc")
    return c


if __name__ == "__main__":
    Viewer.launch_instance(argv=[], config=settings(Path(sys.argv[1]), sys.argv[2]))
