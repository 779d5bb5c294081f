"""Bytes on their way to one caller: sent at the pace at which they are read, counted, and cut when they must stop.

A plain file goes from the disk to the socket without passing through here (``sendfile``); what is decrypted comes in
pieces, of which the next is made when the last has left.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Protocol, cast

from aiohttp import web

from londata.errors import LondataError

log = logging.getLogger(__name__)

#: Most bytes that are handed to a socket in one call, and most calls before others get their turn.
MOST_AT_ONCE, CALLS_AT_ONCE = 1024 * 1024, 8
#: Asked of the machine for what waits in a socket for whoever reads. Linux gives twice as much, and a cut does not
#: take back what waits there: so it is the smallest with which a large file goes about as fast as from nginx.
SOCKET_BUFFER = 512 * 1024


class Source(Protocol):
    """What is sent: a plain file, or pieces that are made on the way."""

    @property
    def path(self) -> Path | None:
        """The file, if it may be sent as it is."""

    def pieces(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Give the bytes of a range, piece by piece."""


class ChangedError(Exception):
    """The bytes are not those any more that the reading began with."""


class Stream:
    """The bytes of one answer.

    Parameters
    ----------
    source
        Where they come from.
    start, stop
        The first byte and the one after the last.
    mark
        What :func:`mark_of` said of the file when the reading began.
    """

    def __init__(self, source: Source, start: int, stop: int, mark: object = None) -> None:
        self.sent = 0
        self.is_cut = False
        self._source, self._start, self._stop, self._mark = source, start, stop, mark
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._finished = asyncio.Event()

    @property
    def is_whole(self) -> bool:
        """Whether every byte has left."""
        return self.sent == self._stop - self._start

    async def send(self, response: web.StreamResponse, request: web.BaseRequest) -> None:
        """Send the head of an answer, then the bytes; whatever breaks off breaks the connection.

        Parameters
        ----------
        response
            The answer, with every header set and nothing sent.
        request
            What it answers.
        """
        try:
            self._transport = request.transport
            if self._transport is None or self.is_cut:
                self._abort()
                return
            self._task = asyncio.create_task(self._send(response, request, self._transport))
            # Not awaited itself: to be cut is no error, and must not look like one to the server
            await asyncio.wait({self._task})
            error = None if self._task.cancelled() else self._task.exception()
            if error and not isinstance(error, OSError | LondataError):
                log.error("a stream broke off", exc_info=error)
            if not self.is_whole:
                self._abort()
        finally:
            if self._task and not self._task.done():
                self._task.cancel()
                self._abort()
            self._finished.set()

    async def cut(self) -> None:
        """Stop at once; returns when no further byte leaves."""
        self.is_cut = True
        if self._task:
            self._task.cancel()
            self._abort()
            await self._finished.wait()

    def _abort(self) -> None:
        if self._transport:
            self._transport.abort()

    async def _send(self, response: web.StreamResponse, request: web.BaseRequest, transport: asyncio.Transport) -> None:
        transport.set_write_buffer_limits(0)  # so that waiting means: everything has gone to the socket
        writer = await response.prepare(request)
        if writer is None or self._start >= self._stop:
            return
        if self._source.path is None:
            await self._send_pieces(response)
        else:
            await writer.drain()
            await self._send_file(self._source.path, transport)

    async def _send_pieces(self, response: web.StreamResponse) -> None:
        made = cast(AsyncGenerator[bytes, None], self._source.pieces(self._start, self._stop))
        async with aclosing(made) as pieces:
            async for piece in pieces:
                if self.sent + len(piece) > self._stop - self._start:
                    raise ChangedError("more bytes than were asked for")
                self.sent += len(piece)  # counted before they go: the log must not say less than what left
                await response.write(piece)

    async def _send_file(self, path: Path, transport: asyncio.Transport) -> None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
        # On a number of its own: asyncio lets nobody wait for the socket that a transport has
        descriptor = os.dup(connection.fileno())
        try:
            with path.open("rb", buffering=0) as file:
                if _mark(os.fstat(file.fileno())) != self._mark:
                    raise ChangedError(f"{path} was changed")
                await self._copy(file.fileno(), descriptor, transport)
        finally:
            os.close(descriptor)

    async def _copy(self, file: int, descriptor: int, transport: asyncio.Transport) -> None:
        """Fill the socket whenever it takes more; nothing of Python wakes up in between."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        loop.add_writer(descriptor, self._fill, file, descriptor, transport, over)
        try:
            await over
        finally:
            loop.remove_writer(descriptor)

    def _fill(self, file: int, descriptor: int, transport: asyncio.Transport, over: asyncio.Future[None]) -> None:
        """Hand over what fits, then let others have their turn."""
        try:
            for _ in range(CALLS_AT_ONCE):
                left = self._stop - self._start - self.sent
                if over.done() or not left or transport.is_closing():
                    break
                gone = os.sendfile(descriptor, file, self._start + self.sent, min(left, MOST_AT_ONCE))
                if not gone:
                    raise ChangedError("the file has become shorter")
                self.sent += gone
        except BlockingIOError:
            return
        except Exception as error:  # noqa: BLE001  it is raised where somebody waits for it
            if not over.done():
                over.set_exception(error)
            return
        if not over.done() and (self.is_whole or transport.is_closing()):
            over.set_result(None)


def mark_of(path: Path | None) -> object:
    """Tell a file's state: another mark means that somebody wrote to it, or put another file in its place."""
    return None if path is None else _mark(path.stat())


def _mark(found: os.stat_result) -> object:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
