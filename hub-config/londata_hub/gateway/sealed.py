"""Files that only a key opens, and of which any part can be read without the rest.

::

    random 32 bytes | piece 0 | piece 1 | … | facts (JSON) | length of the facts, 4 bytes | mark

Each piece is 256 KiB of the content (the last one may be shorter), encrypted and authenticated with AES-256-GCM under
a key that is derived for this one file. Where a piece stands and what the file is of are part of what is
authenticated, and the facts state the whole length: pieces that were changed, swapped, moved or cut off are an error,
never other content.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from londata.errors import FetchError

PIECE = 256 * 1024
_TAG = 16
_SALT = 32
_MARK = b"LONDATA1"
_LENGTH = struct.Struct(">I")
#: The number under which the facts are encrypted; no file has so many pieces.
_FACTS = 2**96 - 1
MOST_FACTS = 1_000_000


class BrokenSealError(FetchError):
    """A kept copy is not what was written: somebody changed it, or the disk did."""

    code = "broken_seal"

    def __init__(self) -> None:
        super().__init__(
            "The copy that the gateway keeps of this data was changed on the disk, so nothing of it is given.",
            hint="Ask once more: the copy is made anew. If it happens again, tell whoever runs the hub.",
        )


def _cipher(key: bytes, salt: bytes, about: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"londata sealed file\0" + about.encode()).derive(key))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


class SealedWriter(io.RawIOBase):
    """Takes content as a file does, and writes it encrypted.

    Parameters
    ----------
    file
        Where the encrypted bytes go.
    key
        256 bits.
    about
        What the content is; whoever reads it must say the same.
    """

    def __init__(self, file: BinaryIO, key: bytes, about: str) -> None:
        super().__init__()
        salt = os.urandom(_SALT)
        self._file = file
        self._cipher = _cipher(key, salt, about)
        self._about = about.encode()
        self._held = bytearray()
        self._pieces = 0
        self._size = 0
        self._digest = hashlib.sha256()
        file.write(salt)

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def tell(self) -> int:
        """Tell how much was written, which writers of Parquet note down."""
        return self._size

    def write(self, content: Any, /) -> int:
        """Take some content."""
        view = memoryview(content).cast("B")
        self._digest.update(view)
        self._held += view
        self._size += len(view)
        if len(self._held) >= PIECE:
            whole = len(self._held) // PIECE * PIECE
            with memoryview(self._held) as held:
                for start in range(0, whole, PIECE):
                    self._put(held[start : start + PIECE])
            del self._held[:whole]
        return len(view)

    def finish(self, **facts: Any) -> None:
        """Write what is left, and the facts about it; without this, the file cannot be read."""
        if self._held:
            self._put(memoryview(bytes(self._held)))
            self._held.clear()
        said = {**facts, "size_bytes": self._size, "sha256": self._digest.hexdigest()}
        sealed = self._cipher.encrypt(_nonce(_FACTS), json.dumps(said).encode(), self._about)
        self._file.write(sealed + _LENGTH.pack(len(sealed)) + _MARK)
        self._file.flush()

    def _put(self, piece: memoryview) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._pieces), piece, self._about))
        self._pieces += 1


@dataclass(frozen=True)
class SealedFile:
    """A sealed file that was written whole: its facts, and its content by ranges.

    ``facts`` always has ``size_bytes`` and ``sha256`` of the content.
    """

    path: Path
    facts: Mapping[str, Any]
    inode: int
    _salt: bytes = field(repr=False)
    _cipher: AESGCM = field(repr=False)
    _about: bytes = field(repr=False)

    @classmethod
    def open(cls, path: Path, key: bytes, about: str) -> SealedFile:
        """Open one.

        Parameters
        ----------
        path
            Where it is.
        key
            The key that it was written with.
        about
            What it should be.

        Raises
        ------
        BrokenSealError
            It is another file, was written with another key, or is not whole.
        OSError
            It is not there.
        """
        with path.open("rb") as file:
            inode = os.fstat(file.fileno()).st_ino
            salt = file.read(_SALT)
            cipher = _cipher(key, salt, about)
            end = file.seek(0, os.SEEK_END)
            if end < _SALT + _TAG + _LENGTH.size + len(_MARK):
                raise BrokenSealError
            file.seek(end - _LENGTH.size - len(_MARK))
            (length,), mark = _LENGTH.unpack(file.read(_LENGTH.size)), file.read()
            start = end - _LENGTH.size - len(_MARK) - length
            if mark != _MARK or length > MOST_FACTS or start < _SALT:
                raise BrokenSealError
            file.seek(start)
            try:
                facts = json.loads(cipher.decrypt(_nonce(_FACTS), file.read(length), about.encode()))
            except InvalidTag:
                raise BrokenSealError from None
        pieces = -(-facts["size_bytes"] // PIECE)
        if start != _SALT + facts["size_bytes"] + pieces * _TAG:
            raise BrokenSealError
        return cls(path, facts, inode, salt, cipher, about.encode())

    @property
    def size_bytes(self) -> int:
        """How long the content is."""
        return int(self.facts["size_bytes"])

    def read(self, start: int, stop: int, file: BinaryIO | None = None) -> bytes:
        """Read the content from ``start`` to before ``stop``.

        Parameters
        ----------
        start, stop
            Positions in the content; what lies behind its end is not there.
        file
            The file, where the caller has it open already.

        Raises
        ------
        BrokenSealError
            What is on the disk is not what was written.
        FileNotFoundError
            The file is not there any more, or another one is.
        """
        stop = min(stop, self.size_bytes)
        if start >= stop:
            return b""
        if file is None:
            with self.path.open("rb") as opened:
                return self.read(start, stop, opened)
        file.seek(0)
        if file.read(_SALT) != self._salt:  # another file has taken its name
            raise FileNotFoundError
        first, last = start // PIECE, (stop - 1) // PIECE
        file.seek(_SALT + first * (PIECE + _TAG))
        sealed = memoryview(file.read((last - first + 1) * (PIECE + _TAG)))
        parts = [self._piece(number, sealed[(number - first) * (PIECE + _TAG) :]) for number in range(first, last + 1)]
        parts[-1] = parts[-1][: stop - last * PIECE]
        parts[0] = parts[0][start - first * PIECE :]
        return b"".join(parts) if len(parts) > 1 else parts[0]

    def _piece(self, number: int, sealed: memoryview) -> bytes:
        length = min(PIECE, self.size_bytes - number * PIECE) + _TAG
        try:
            return self._cipher.decrypt(_nonce(number), sealed[:length], self._about)
        except InvalidTag:
            raise BrokenSealError from None


class SealedReader(io.RawIOBase):
    """The content of a sealed file, as a file that can be read and sought in."""

    def __init__(self, sealed: SealedFile) -> None:
        super().__init__()
        self._sealed = sealed
        self._file = sealed.path.open("rb")
        self._at = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be sought in."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a position."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._sealed.size_bytes}[whence]
        return self._at

    def tell(self) -> int:
        """Tell the position."""
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer."""
        view = memoryview(buffer).cast("B")
        content = self._sealed.read(self._at, self._at + len(view), self._file)
        view[: len(content)] = content
        self._at += len(content)
        return len(content)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
