"""The processes from which an app's kernels are forked, and what the one run that they share came to.

``shared``: the notebook runs once, in a warm process; every viewer's kernel is forked from it as it is after the run.
``fresh``, or where the run left something that cannot be shared: kernels are forked from a process that has only
loaded what the notebook needs, and the notebook runs in each.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import datetime as dt
import json
import logging
import os
import secrets
import socket
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from londata.kernels.warm import FOR_KERNELS, WarmProcess

log = logging.getLogger("londata.app")

#: Seconds that the shared run may take.
REHEARSAL_S = 120.0
#: Seconds after which a run that failed is tried again, when somebody comes.
AGAIN_S = 30.0
#: Seconds after which a shared run is old, and made anew when somebody comes: the data may have changed.
OLD_S = 3600.0
#: What every kernel with widgets needs; the notebook's own imports follow.
KERNEL = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "tornado.platform.asyncio",
    "zmq.utils.garbage",
    "psutil",
    "londata.kernels.kernel_process",
    "londata.kernels.outputs",
    "londata.kernels.rehearsal",
    "londata.kernels.recording",
)
#: A run that has begun: its process, where that will answer, and where it tells what it came to.
_UnderWay = tuple[WarmProcess, str, socket.socket]
_LENGTH = struct.Struct("!Q")
_MOST_BYTES = 200_000_000
_LOOK_S = 0.1


class Shared:
    """A process in which the notebook has run, what its cells put out, and the page once somebody has seen it."""

    def __init__(self, warm: WarmProcess, zygote: str, told: dict[str, Any]) -> None:
        self.zygote = zygote
        self.cells: list[list[dict[str, Any]]] = told["cells"]
        #: What stands for each output until it is alive; nothing where one of them cannot be drawn beforehand.
        self.views: list[list[str]] = told["views"] or [[""] * len(outputs) for outputs in self.cells]
        self.page = ""
        self.kernels: set[str] = set()
        self.made = time.monotonic()
        self.made_at = dt.datetime.now(dt.UTC)
        self._warm = warm

    @property
    def runs(self) -> bool:
        """Whether a kernel can be forked from it."""
        return self._warm.pid is not None

    @property
    def is_old(self) -> bool:
        """Whether it is time for another run."""
        return time.monotonic() - self.made > OLD_S

    def close(self) -> None:
        """End it; its kernels must have ended."""
        self._warm.close()


class Stage:
    """What an app's kernels are forked from.

    Parameters
    ----------
    notebook
        The app's notebook.
    home
        A folder that can be written to.
    start
        ``shared`` or ``fresh``.
    """

    def __init__(self, notebook: Path, home: Path, *, start: str) -> None:
        self._notebook, self._home = notebook, home
        self._alone = "app.yaml says so" if start == "fresh" else ""
        self._modules: tuple[str, ...] = ()
        self._under_way: _UnderWay | None = None
        self._run: asyncio.Task[Shared | None] | None = None
        self._failed_at = float("-inf")
        self._shared: Shared | None = None
        self._left: list[Shared] = []
        self._fresh: WarmProcess | None = None

    def begin(self) -> None:
        """Start the process that will be needed first; does not wait for it."""
        if self._alone:
            log.warning("each viewer has a run of their own: %s", self._alone)
            self._fresh_process()
        else:
            self._under_way = self._start_run()

    async def shared(self) -> Shared | None:
        """Wait for the shared run; ``None`` where a viewer needs a run of their own."""
        if self._alone:
            return None
        now = self._shared
        if now is not None and now.runs:
            if now.is_old and self._run is None and time.monotonic() - self._failed_at > AGAIN_S:
                self._run = asyncio.create_task(self._rehearsed())
            return now
        if self._run is None:
            if now is None and time.monotonic() - self._failed_at < AGAIN_S:
                return None
            self._run = asyncio.create_task(self._rehearsed())
        return await asyncio.shield(self._run)

    def fresh_zygote(self) -> str:
        """Say where a kernel is forked that has loaded everything and run nothing."""
        return self._fresh_process().path

    def joined(self, shared: Shared, kernel: str) -> None:
        """Note a kernel of a shared run, before it is forked: the run is kept until it has ended."""
        shared.kernels.add(kernel)

    def ended(self, kernel: str) -> None:
        """Note that a kernel has ended, and end an old run without kernels."""
        for shared in (self._shared, *self._left):
            if shared is not None:
                shared.kernels.discard(kernel)
        for shared in [each for each in self._left if not each.kernels]:
            self._left.remove(shared)
            shared.close()

    def close(self) -> None:
        """End everything."""
        for each in (self._shared, *self._left, self._fresh, *(self._under_way or ())):
            if each is not None and not isinstance(each, str):
                each.close()

    def _fresh_process(self) -> WarmProcess:
        if self._fresh is None:
            # What the shared run has loaded is known; where there never is one, most of what is often used stands in
            load = (*KERNEL, *imported(self._notebook), *(self._modules or FOR_KERNELS), "ipywidgets")
            self._fresh = WarmProcess(tuple(dict.fromkeys(load)))
            log.info("a process for runs of their own starts: %s", self._fresh.path)
        return self._fresh

    def _start_run(self) -> _UnderWay:
        path = self._home / f"told-{secrets.token_hex(4)}"
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(path))
        listening.listen(1)
        listening.setblocking(False)
        environ = os.environ | {
            "LONDATA_REHEARSE": str(self._notebook),
            "LONDATA_REHEARSE_TOLD": str(path),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "SERVER_SOFTWARE": "voila",
            "QUERY_STRING": "",
        }
        load = (*KERNEL, *imported(self._notebook))
        warm = WarmProcess(load, ("londata.kernels.rehearsal:perform",), environ)
        return warm, warm.path, listening

    async def _rehearsed(self) -> Shared | None:
        """Wait for the run that is under way, starting one first where there is none."""
        try:
            (warm, zygote, listening), self._under_way = self._under_way or self._start_run(), None
            try:
                told = await _told(listening, warm)
            finally:
                Path(listening.getsockname()).unlink(missing_ok=True)
                listening.close()
            if told["failed"] or told["alone"]:
                warm.close()
                return self._not_shared(told)
            if self._shared is not None:
                self._left.append(self._shared)
            self._shared = Shared(warm, zygote, told)
            self._modules = tuple(told["modules"])
            self.ended("")
            return self._shared
        finally:
            self._run = None

    def _not_shared(self, told: dict[str, Any]) -> None:
        """Go on with a run for each viewer: for good where the notebook is like that, else until it is tried again."""
        self._modules = tuple(told["modules"]) or ("ipywidgets",)  # type: ignore[arg-type]
        if told["failed"]:
            self._failed_at = time.monotonic()
            log.warning(
                "the shared run failed: %s; until one does not, there is the last or each viewer's own", told["failed"]
            )
        else:
            self._alone = str(told["alone"])
            log.warning("each viewer has a run of their own: the shared one cannot be forked, because %s", self._alone)
        if self._shared is None:
            self._fresh_process()


async def _told(listening: socket.socket, warm: WarmProcess) -> dict[str, Any]:
    """Wait until the run tells what it came to, or until it cannot any more."""
    until = time.monotonic() + REHEARSAL_S
    # Waited for without a break: who comes in the moment in which that is given up would be lost
    coming = asyncio.ensure_future(asyncio.get_running_loop().sock_accept(listening))
    try:
        while time.monotonic() < until:
            await asyncio.wait({coming}, timeout=_LOOK_S)
            if coming.done():
                return await _heard(coming.result()[0])
            if warm.pid is None:
                return _failed("its process ended")
        return _failed(f"it took longer than {REHEARSAL_S:g} seconds")
    finally:
        coming.cancel()
        await asyncio.wait({coming})


async def _heard(connection: socket.socket) -> dict[str, Any]:
    """Read what a run came to."""
    with connection:
        connection.setblocking(False)
        try:
            (length,) = _LENGTH.unpack(await _exactly(connection, _LENGTH.size))
            if length > _MOST_BYTES:
                return _failed("its outputs are too large")
            return dict(json.loads(await _exactly(connection, length)))
        except (EOFError, ValueError):
            return _failed("it did not say what it came to")


def _failed(why: str) -> dict[str, Any]:
    return {"cells": [], "views": [], "alone": "", "modules": [], "failed": why}


async def _exactly(connection: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        part = await asyncio.get_running_loop().sock_recv(connection, min(1 << 20, count - len(data)))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def imported(notebook: Path) -> Iterable[str]:
    """Name the modules that a notebook's cells import, as far as they can be read."""
    found: dict[str, None] = {}
    for cell in json.loads(notebook.read_text(encoding="utf-8")).get("cells", ()):
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        with contextlib.suppress(SyntaxError, ValueError):  # magics; what they import is loaded when they run
            for node in ast.walk(ast.parse(source if cell["cell_type"] == "code" else "")):
                if isinstance(node, ast.Import):
                    found.update(dict.fromkeys(alias.name for alias in node.names))
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found[node.module] = None
    return [name for name in found if not (notebook.parent / f"{name.partition('.')[0]}.py").exists()]
