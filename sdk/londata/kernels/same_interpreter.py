"""The kernel of a report, and of a notebook that is checked: this very Python, over unix sockets in a private folder.

No kernel has to be installed under a name, and none that is can be picked by mistake. Nothing listens on the network,
so a notebook also runs in a sandbox that has none.
"""

from __future__ import annotations

import os
import queue
import sys
import time
import uuid
from pathlib import Path

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.paths import jupyter_runtime_dir
from traitlets import default

from londata.kernels.limits import Limits

#: A unix socket's path may have 107 bytes; the sockets add "-ipc-5" to the file's stem.
_LONGEST_PATH = 95
_ANSWER_S, _PUBLISH_S = 1.0, 0.05


class QuickClient(AsyncKernelClient):  # type: ignore[misc]
    """Knows at once that its kernel is ready, where jupyter_client waits a fifth of a second to be sure.

    It does not listen to the kernel's heartbeat, for which it would need a thread: whether a kernel lives, the system
    says of its process.
    """

    def start_channels(
        self, shell: bool = True, iopub: bool = True, stdin: bool = True, hb: bool = True, control: bool = True
    ) -> None:
        """Connect to the kernel.

        Parameters
        ----------
        shell, iopub, stdin, hb, control
            As jupyter_client takes them; there is no ``hb``.
        """
        super().start_channels(shell=shell, iopub=iopub, stdin=stdin, hb=False, control=control)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers, and until what it publishes arrives.

        Raises
        ------
        RuntimeError
            It ended before that, or the time is over.
        """
        last = time.monotonic() + (float("inf") if timeout is None else timeout)
        while not await self._answers():
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > last:
                raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")

    async def _answers(self) -> bool:
        """Ask once. That it is idle a kernel publishes last, after which nothing more comes of the question."""
        asked = self.kernel_info()
        try:
            while (reply := await self.get_shell_msg(timeout=_ANSWER_S))["parent_header"].get("msg_id") != asked:
                pass
            while True:
                told = await self.get_iopub_msg(timeout=_PUBLISH_S)
                idle = told["content"].get("execution_state") == "idle"
                if idle and told["parent_header"].get("msg_id") == asked:
                    self._handle_kernel_info_reply(reply)
                    return True
        except queue.Empty:
            return False


class SameInterpreter(AsyncKernelManager):  # type: ignore[misc]
    """Starts a kernel in the Python that runs this: forked from the zygote of the setting ``ZYGOTE``, if any."""

    #: What the kernel may do.
    limits = Limits()
    #: The socket of the zygote, if it is not the one of the setting ``ZYGOTE``.
    zygote = ""

    @default("client_class")  # type: ignore[untyped-decorator]
    def _quick(self) -> str:
        return f"{QuickClient.__module__}.{QuickClient.__qualname__}"

    @default("client_factory")  # type: ignore[untyped-decorator]
    def _quick_too(self) -> type[QuickClient]:
        return QuickClient

    @property
    def kernel_spec(self) -> KernelSpec:
        """How to start it; never looked up on the machine."""
        argv = [sys.executable, "-m", "londata.kernels.kernel_process", "-f", "{connection_file}"]
        if self.limits != Limits():
            argv += ["--limits", self.limits.to_text()]
        how = {"kernel_provisioner": {"provisioner_name": "londata-zygote", "config": {"zygote": self.zygote}}}
        return KernelSpec(argv=argv, display_name="londata", language="python", metadata=how)

    @default("connection_file")  # type: ignore[untyped-decorator]
    def _private_file(self) -> str:
        folder = Path(jupyter_runtime_dir())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return str(folder / f"{uuid.uuid4().hex[:8]}.json")

    @default("transport")  # type: ignore[untyped-decorator]
    def _sockets_where_they_fit(self) -> str:
        return "ipc" if os.name == "posix" and len(os.fsencode(self.connection_file)) < _LONGEST_PATH else "tcp"

    @property
    def pid(self) -> int | None:
        """Process id of the kernel, once it runs; its process group has the same."""
        return getattr(self.provisioner, "pid", None)

    @property
    def problem(self) -> str:
        """Why it was not forked although it should have been; empty if all is well."""
        return getattr(self.provisioner, "problem", "")
