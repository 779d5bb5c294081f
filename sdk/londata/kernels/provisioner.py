"""How a kernel is started from a warm process: the provisioner of the name ``londata-zygote``.

Where there is no zygote, or it cannot fork, the kernel is started as a plain process; that is said in the log.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Unicode
from traitlets.log import get_logger

from londata import settings
from londata.kernels import processes
from londata.kernels.forking import Forked, NoZygote, fork

_KERNELS = ("londata.kernels.kernel_process", "ipykernel_launcher", "ipykernel")


class ZygoteProvisioner(LocalProvisioner):  # type: ignore[misc]  # jupyter_client has no types
    """Forks kernels from a preloaded interpreter."""

    #: The socket of the zygote, if it is not the one of the setting ``ZYGOTE``.
    zygote = Unicode("")
    #: Why the kernel was started plainly although there should be a zygote.
    problem = ""
    _lifeline = -1

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel; start it plainly if that cannot be."""
        path = self.zygote or settings.get("ZYGOTE", kwargs.get("env") or os.environ)
        if path and cmd[1:2] == ["-m"] and cmd[2] in _KERNELS:
            try:
                return self._fork(path, cmd[3:], **kwargs)
            except NoZygote as problem:
                self.problem = str(problem)
                get_logger().warning("%s A plain kernel is started instead, which takes longer.", self.problem)
        return await super().launch_kernel(cmd, **kwargs)

    def _fork(self, path: str, arguments: list[str], **kwargs: Any) -> KernelConnectionInfo:
        folder = str(kwargs.get("cwd") or Path.cwd())
        environ = dict(kwargs.get("env") or os.environ)
        environ.pop(settings.PREFIX + "ZYGOTE", None)  # the zygote would not answer it
        theirs, self._lifeline = os.pipe2(os.O_CLOEXEC)
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            self.process = _Process(
                fork(
                    path,
                    f"{_KERNELS[0]}:main",
                    [*arguments, "--forked"],
                    files=(nothing, 1, 2, theirs),
                    environ=environ,
                    folder=folder,
                )
            )
        except NoZygote:
            os.close(self._lifeline)
            self._lifeline = -1
            raise
        finally:
            os.close(nothing)
            os.close(theirs)
        self.pid = self.pgid = self.process.pid
        self.cwd = folder
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait for the kernel's end, without looking every tenth of a second."""
        if isinstance(self.process, _Process):
            ended, loop = asyncio.Event(), asyncio.get_running_loop()
            handle = self.process.forked.handle
            if handle >= 0:
                loop.add_reader(handle, ended.set)
                try:
                    await ended.wait()
                finally:
                    loop.remove_reader(handle)
        status: int | None = await super().wait()
        return status

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of what belongs to the kernel."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        await super().cleanup(restart)

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel with everything that it started."""
        if self.process is not None:
            processes.kill_tree(self.process.pid)


class _Process:
    """A forked kernel with the methods of :class:`subprocess.Popen` that jupyter_client uses."""

    stdin = stdout = stderr = None

    def __init__(self, forked: Forked) -> None:
        self.forked = forked
        self.pid = forked.pid

    def poll(self) -> int | None:
        return self.forked.poll()

    def wait(self, timeout: float | None = None) -> int:
        status = self.forked.wait(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("kernel", timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        self.forked.send_signal(number)

    def kill(self) -> None:
        self.forked.kill()

    def terminate(self) -> None:
        self.forked.send_signal(15)
