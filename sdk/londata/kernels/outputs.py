"""What the cells of a kernel put out: counted where it arises, and dropped there beyond the limit.

No process down the line has to hold more than the limit, and no process that a cell started can go on writing.
"""

from __future__ import annotations

import codecs
import itertools
import os
import sys
from typing import Any

from ipykernel.iostream import OutStream
from jupyter_client.session import Session
from traitlets import Float

from londata.kernels.limits import TOO_MUCH

_PIECE = 65536
_OUTPUTS = ("stream", "display_data", "execute_result", "update_display_data", "error")


class CountingSession(Session):  # type: ignore[misc]  # jupyter_client has no types
    """Sends messages until the outputs among them have reached a size."""

    most_bytes = Float(float("inf"))
    _sent = 0.0
    _told = False

    @property
    def is_full(self) -> bool:
        """Whether it drops outputs from now on."""
        return bool(self._sent > self.most_bytes)

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, *more: Any, **options: Any) -> Any:
        """Send a message, or drop it if it is one output too many.

        Parameters
        ----------
        stream, msg_or_type, content, *more, **options
            As :class:`jupyter_client.session.Session` takes them.
        """
        whole = isinstance(msg_or_type, dict)  # a message that is made already
        if (msg_or_type["msg_type"] if whole else msg_or_type) not in _OUTPUTS:
            return super().send(stream, msg_or_type, content, *more, **options)
        if self._sent <= self.most_bytes:
            self._sent += _size(msg_or_type["content"] if whole else content)
        if self._sent <= self.most_bytes:
            return super().send(stream, msg_or_type, content, *more, **options)
        if self._told:
            return None
        self._told = True
        parent = msg_or_type["parent_header"] if whole else None
        return super().send(stream, TOO_MUCH, {}, *([parent] if whole else more), **options)


class CountingStream(OutStream):
    """Standard output or error of a kernel; takes no more once its session is full."""

    _held = 0.0
    _written = _sent = 0
    _fid: int
    session: CountingSession

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._numbers = itertools.count(1)  # counts once for each, whichever thread writes
        super().__init__(*arguments, **options)  # type: ignore[no-untyped-call]  # ipykernel has some types

    def write(self, string: str) -> int | None:  # type: ignore[override]  # it is so in ipykernel
        """Write, unless there has been too much; what is not sent yet counts, for it is held in memory."""
        if isinstance(string, str):  # else the error is ipykernel's to raise
            if self.session.is_full or self._held > self.session.most_bytes:
                return len(string)
            self._held += len(string)
        taken = super().write(string)
        self._written = next(self._numbers)
        return taken

    def flush(self) -> None:
        """Wait until all is sent; ipykernel asks for it many times a cell, so where all is, no thread is woken."""
        if self._written != self._sent:
            super().flush()  # type: ignore[no-untyped-call]

    def _flush(self) -> None:
        coming = self._written
        super()._flush()  # type: ignore[no-untyped-call]
        self._held, self._sent = 0.0, coming

    def _watch_pipe_fd(self) -> None:
        """Pass on what other processes and libraries write to the file itself.

        Once there is too much nobody reads any more, so the system ends a process that writes on.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            while self._should_watch and (piece := os.read(self._fid, _PIECE)) and self._should_watch:
                self.write(decoder.decode(piece))
                if self.session.is_full:
                    os.close(self._fid)
                    return
        except Exception:  # noqa: BLE001 - as ipykernel does: it is shown when the stream is closed
            self._exc = sys.exc_info()


class KeepsNothing(dict[int, list[Any]]):
    """The memory that IPython has of all that cells put out, for ``%notebook``: there is none.

    IPython takes down each piece, also those that are dropped here, and would hold them until the kernel ends.
    """

    def __missing__(self, number: int) -> list[Any]:
        return []  # what is appended to it is let go


def _size(content: Any) -> int:
    """Tell how much text there is in a message."""
    if isinstance(content, (str, bytes)):
        return len(content)
    if isinstance(content, dict):
        return sum(map(_size, content.values()))
    return sum(map(_size, content)) if isinstance(content, (list, tuple)) else 8
