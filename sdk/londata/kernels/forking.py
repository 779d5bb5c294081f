"""Having a task forked from a zygote: what is said on the socket, and the process that comes of it.

A request is one frame of JSON with open files beside it, which become the task's standard input, output and error.
The answer names the process and hands over a file that stands for it (a *pidfd*), so that it can be waited for and
signalled without mistaking it for another, even when the zygote is gone. The connection stays open: by it the caller
learns the exit status, and when the caller is gone the zygote ends a task that is not trusted to outlive it.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import signal
import socket
import struct
from collections.abc import Sequence
from typing import Any

_LENGTH = struct.Struct("!I")
_LARGEST = 8 * 1024 * 1024
_ANSWER_S = 60.0
#: The exit status of a task whose zygote ended first: nobody is left who could know it.
UNKNOWN_STATUS = 255


class NoZygote(Exception):  # noqa: N818 - it is a state of affairs; whoever meets it starts a process the plain way
    """There is no zygote that could fork."""


def send(connection: socket.socket, message: dict[str, Any], files: Sequence[int] = ()) -> None:
    """Send one frame; the files travel with its first byte.

    Parameters
    ----------
    connection
        Where to.
    message
        Plain values.
    files
        Open files that the other side gets, too.
    """
    text = json.dumps(message).encode()
    frame = _LENGTH.pack(len(text)) + text
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
    # Sending nothing more is no harmless call: it fails where the other side has answered and closed already.
    if rest := frame[connection.sendmsg([frame], rights) :]:
        connection.sendall(rest)


def receive(connection: socket.socket, files: int = 0) -> tuple[dict[str, Any], list[int]]:
    """Receive one frame, and the files that came with it.

    Raises
    ------
    EOFError
        The other side has closed the connection.
    """
    space = socket.CMSG_SPACE(files * array.array("i").itemsize) if files else 0
    data, extras, _, _ = connection.recvmsg(_LENGTH.size, space)
    got = array.array("i")
    for level, kind, content in extras:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            got.frombytes(content[: len(content) - len(content) % got.itemsize])
    (length,) = _LENGTH.unpack(data + _exactly(connection, _LENGTH.size - len(data)))
    if length > _LARGEST:
        raise EOFError
    return json.loads(_exactly(connection, length)), list(got)


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        if not (part := connection.recv(count - len(parts))):
            raise EOFError
        parts += part
    return bytes(parts)


class Forked:
    """A process that was forked from a zygote, seen from where it was asked for."""

    def __init__(self, pid: int, handle: int, connection: socket.socket) -> None:
        self.pid = pid
        self.handle = handle
        self._connection = connection
        self._status: int | None = None

    def poll(self) -> int | None:
        """Tell the exit status, or ``None`` while it runs; negative if a signal ended it."""
        return self.wait(0)

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end; ``None`` if that does not come in time."""
        if self._status is None and self._has_ended(timeout):
            self._connection.settimeout(_ANSWER_S)
            try:
                self._status = receive(self._connection)[0]["ended"]
            except (EOFError, OSError, ValueError):
                self._status = UNKNOWN_STATUS
            self.close()
        return self._status

    def send_signal(self, number: int) -> None:
        """Send it a signal; nothing happens if it has ended."""
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, number)

    def kill(self) -> None:
        """Kill it, and all of its process group."""
        if self._status is None and not self._has_ended(0):
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
            self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Let go of it: a task that may not outlive its caller is killed."""
        self._connection.close()
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1

    def _has_ended(self, timeout: float | None) -> bool:
        waiting = select.poll()
        waiting.register(self.handle, select.POLLIN)
        return bool(waiting.poll(None if timeout is None else timeout * 1000))


def fork(
    path: str,
    task: str,
    arguments: Sequence[Any] = (),
    *,
    files: Sequence[int],
    environ: dict[str, str],
    folder: str,
    trusted: bool = False,
) -> Forked:
    """Ask a zygote for a process.

    Parameters
    ----------
    path
        The zygote's socket.
    task, arguments
        The function that the process runs, as ``package.module:name``, and what it is called with; plain values.
    files
        What becomes its standard input, output and error; a fourth is a pipe with whose closing it is killed.
    environ, folder
        Its environment, and the folder in which it starts.
    trusted
        Whether it goes on when the caller is gone, and may itself have tasks forked. Such a task has a lifeline of its
        own.

    Raises
    ------
    NoZygote
        Nobody answers there, or it could not fork.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_ANSWER_S)
    try:
        connection.connect(path)
        request = {"task": task, "arguments": list(arguments), "environ": environ, "folder": folder}
        send(connection, request | {"trusted": trusted}, files)
        answer, handles = receive(connection, files=1)
    except (OSError, EOFError, ValueError) as error:
        connection.close()
        raise NoZygote(f"No process could be forked from {path}: {error or 'it closed'}.") from error
    if not handles:
        connection.close()
        raise NoZygote(f"No process could be forked from {path}: {answer.get('problem', 'it did not say why')}.")
    return Forked(answer["pid"], handles[0], connection)
