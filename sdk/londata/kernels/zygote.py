"""The zygote: one warm process with everything loaded, that forks a fresh one for every task.

``python -m londata.kernels.zygote LISTENER --load module … --warm module:function …``. It has one thread and forks only
from its one loop, so that a forked process finds no lock held and no state half changed. What it loads it loads once;
the forked processes share those pages.

Standard input is its lifeline. When that closes it takes no more tasks, gives those under way time to end,
then kills what is left and ends. It answers nobody but the process that started it and tasks that this one trusts: a
kernel, which may write only to its own folder, cannot have itself another that may write anywhere.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from londata.kernels import processes
from londata.kernels.forking import receive, send
from londata.kernels.lean import without_grammars
from londata.kernels.task import become

#: How long tasks under way may take to end when the owner is gone.
_LAST_S = 30.0
_REQUEST_S = 5.0
_PEER = struct.Struct("3i")
#: Standard input, output and error, and a lifeline.
_MOST_FILES = 4


class _Task:
    """A forked process as its zygote sees it; without a connection once its caller is gone."""

    def __init__(self, pid: int, connection: socket.socket, trusted: bool) -> None:
        self.pid, self.trusted = pid, trusted
        self.connection: socket.socket | None = connection

    def tell(self, message: dict[str, Any], files: Sequence[int] = ()) -> None:
        """Tell the caller something, if it still listens."""
        if self.connection is not None:
            with contextlib.suppress(OSError):
                send(self.connection, message, files)

    def hang_up(self) -> None:
        """Close the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Zygote:
    """The loop: answers requests, forks, and collects what has ended.

    Parameters
    ----------
    listener
        The socket on which requests come.
    lifeline
        A file that reads as closed when the owner is gone.
    """

    def __init__(self, listener: socket.socket, lifeline: int) -> None:
        self._listener, self._lifeline = listener, lifeline
        self._owner = os.getppid()
        self._tasks: dict[int, _Task] = {}
        self._woken, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        processes.adopt_orphans()

    def serve(self) -> None:
        """Serve until the lifeline closes and the last task has ended."""
        deadline: float | None = None
        while deadline is None or self._tasks:
            ready = self._wait(deadline)
            if deadline is None and self._lifeline in ready:
                self._listener.close()
                deadline = time.monotonic() + _LAST_S
            elif deadline is None and self._listener.fileno() in ready:
                self._answer()
            for task in tuple(self._tasks.values()):
                if task.connection is not None and task.connection.fileno() in ready:
                    self._hung_up(task)
            self._collect()
            if deadline is not None and time.monotonic() >= deadline:
                break
        for pid in processes.children(os.getpid()):
            processes.kill_tree(pid)

    def _wait(self, deadline: float | None) -> set[int]:
        """Wait for something to happen, and name the files on which it did."""
        poll = select.poll()
        if deadline is None:
            poll.register(self._listener, select.POLLIN)
            poll.register(self._lifeline, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        for task in self._tasks.values():
            if task.connection is not None:
                poll.register(task.connection, select.POLLIN)
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        return {file for file, _ in poll.poll(left)}

    def _answer(self) -> None:
        """Take one request; whoever does not come to the point is let go."""
        connection, _ = self._listener.accept()
        connection.settimeout(_REQUEST_S)
        files: list[int] = []
        try:
            request, files = receive(connection, files=_MOST_FILES)
            self._know(connection)
            if len(files) < 3:
                raise ValueError("a task needs three files")
            self._fork(request, files, connection)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            with contextlib.suppress(OSError):
                send(connection, {"problem": str(error)})
            connection.close()
        finally:
            for file in files:
                os.close(file)

    def _know(self, connection: socket.socket) -> None:
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        pid, user, _ = _PEER.unpack(peer)
        known = pid == self._owner or (pid in self._tasks and self._tasks[pid].trusted)
        if user != os.geteuid() or not known:
            raise PermissionError("this zygote is somebody else's")

    def _fork(self, request: dict[str, Any], files: list[int], connection: socket.socket) -> None:
        trusted = bool(request["trusted"])
        pid = os.fork()
        if pid == 0:
            self._forget()
            connection.close()
            become(request, files)  # never returns
        handle = os.pidfd_open(pid)
        self._tasks[pid] = task = _Task(pid, connection, trusted)
        task.tell({"pid": pid}, [handle])
        os.close(handle)

    def _forget(self) -> None:
        """In the forked process: let go of everything that is the zygote's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for file in (self._woken, self._waker, self._lifeline):
            os.close(file)
        self._listener.close()
        for task in self._tasks.values():
            task.hang_up()

    def _hung_up(self, task: _Task) -> None:
        """The caller is gone, or says something that it has no business to."""
        task.hang_up()
        if not task.trusted:
            processes.kill_tree(task.pid)

    def _collect(self) -> None:
        """Collect what has ended, tell those who wait for it, and end what was left behind."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._woken, 4096):
                pass
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                if task := self._tasks.pop(ended[0], None):
                    task.tell({"ended": os.waitstatus_to_exitcode(ended[1])})
                    task.hang_up()
        # Each task adopts the orphans among what it started. Who comes to us has lost its task, or ran away from it.
        for pid in set(processes.children(os.getpid())) - self._tasks.keys():
            processes.kill_tree(pid)


def load(modules: Sequence[str], warm: Sequence[str]) -> None:
    """Import what tasks will need, and call what fills its caches."""
    for name in modules:
        try:
            with without_grammars():
                importlib.import_module(name)
        except Exception as problem:  # noqa: BLE001 - a module that breaks is named by the task that needs it
            print(f"londata: the zygote goes without {name}: {problem}", file=sys.stderr)  # noqa: T201 - for its log
    for name in warm:
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)()
    if kernels := sys.modules.get("londata.kernels.kernel_process"):
        kernels.note_modules()
    # What is there now stays: no collection of garbage may touch, and so copy, pages that are shared.
    gc.collect()
    gc.freeze()


def main(arguments: Sequence[str] | None = None) -> int:
    """Load, listen, serve."""
    options = argparse.ArgumentParser(prog="londata.kernels.zygote")
    options.add_argument("listener", type=int)
    options.add_argument("--load", nargs="*", default=[])
    options.add_argument("--warm", nargs="*", default=[])
    chosen = options.parse_args(arguments)
    listener = socket.socket(fileno=chosen.listener)  # whoever asks before everything is loaded waits
    lifeline = os.dup(0)
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    load(chosen.load, chosen.warm)
    Zygote(listener, lifeline).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
