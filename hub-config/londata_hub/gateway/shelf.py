"""Where the gateway keeps copies of data that is not open: encrypted for one (entry, project), up to a limit.

::

    <folder>/keys/<pair>.key       the pair's key, readable by the gateway alone
    <folder>/kept/<pair>/<name>    sealed files, named after what they are of
    <folder>/partial/…             still being written; renamed into place when whole
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from londata.errors import AccessEndedError, FetchError, TooLargeError
from londata_hub.gateway.keys import Pair, PairKeys
from londata_hub.gateway.sealed import BrokenSealError, SealedFile, SealedWriter

#: Bytes that are kept in all, where nobody says otherwise.
LIMIT = 20 * 10**9
Write = Callable[[SealedWriter], dict[str, Any]]


class NoRoomError(FetchError):
    """The gateway cannot write a copy."""

    code = "no_room"


@dataclass(frozen=True)
class Kept:
    """A copy on the shelf."""

    sealed: SealedFile
    _shelf: Shelf = field(repr=False)

    def read(self, start: int, stop: int) -> bytes:
        """Read a range. The file is opened each time, so that what was purged ends with the next piece.

        Raises
        ------
        AccessEndedError
            It was purged.
        BrokenSealError
            It was changed on the disk; it is removed, so that the next one who asks gets it made anew.
        """
        with self.watched():
            return self.sealed.read(start, stop)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Say what happened to it where it cannot be read to its end."""
        try:
            yield
        except FileNotFoundError:
            self._shelf.forget(self.sealed)
            raise purged() from None
        except BrokenSealError:
            self._shelf.drop(self.sealed)
            raise

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep it on the shelf for the time being; it can be purged all the same."""
        self._shelf.note_use(self.sealed, 1)
        try:
            yield
        finally:
            self._shelf.note_use(self.sealed, -1)


class Shelf:
    """Keeps, finds and purges copies.

    Parameters
    ----------
    folder
        Where they are. It belongs to one process at a time.
    limit
        How many bytes may be kept in all; beyond it, the copies that were not used for longest go.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = threading.Lock()
        self._opened: dict[Path, tuple[int, SealedFile]] = {}
        self._using: Counter[Path] = Counter()
        self.keys = PairKeys(folder / "keys")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(folder / "partial", ignore_errors=True)  # what a process left that was killed
        for name in ("keys", "kept", "partial"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)

    def find(self, pair: Pair, about: str) -> Kept | None:
        """Find a copy.

        Parameters
        ----------
        pair
            Entry and project that it is kept for.
        about
            What it is of, exactly.
        """
        path = self._path(pair, about)
        try:
            inode = path.stat().st_ino
            key = self.keys.find(pair)
            if key is None:
                return None
            known = self._opened.get(path)
            if known is None or known[0] != inode:
                known = inode, SealedFile.open(path, key, about)
                self._opened[path] = known
            os.utime(path)
        except BrokenSealError:
            path.unlink(missing_ok=True)
            return None
        except FileNotFoundError:
            return None
        return Kept(known[1], self)

    def make(self, pair: Pair, about: str, write: Write) -> Kept:
        """Keep something. Where ``write`` fails, or we are killed, nothing is kept.

        Parameters
        ----------
        pair
            Entry and project that it is kept for.
        about
            What it is of, exactly.
        write
            Writes the content and gives further facts about it.

        Raises
        ------
        AccessEndedError
            The pair was purged meanwhile.
        TooLargeError
            It alone is beyond the limit.
        NoRoomError
            The disk is full.
        """
        key = self.keys.find_or_make(pair)
        path, partial = self._path(pair, about), self._folder / "partial" / secrets.token_hex(16)
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                writer = _Limited(file, key, about, self._limit)
                writer.finish(**write(writer))
            self._put_in_place(partial, path, pair, key)
            sealed = SealedFile.open(path, key, about)
        except FileNotFoundError:
            raise purged() from None
        except OSError as error:
            raise NoRoomError(
                f"The gateway cannot keep what it needs: {error.strerror or 'the disk refuses'}.",
                hint="Tell whoever runs the hub.",
            ) from None
        finally:
            partial.unlink(missing_ok=True)
        self._make_room(path)
        return Kept(sealed, self)

    def purge(self, pair: Pair) -> bool:
        """Delete the key of a pair, and then its copies; tells whether there was a key."""
        with self._lock:
            there = self.keys.destroy(pair)
            folder = self._folder / "kept" / PairKeys.name(pair)
            for path in [path for path in self._opened if path.parent == folder]:
                del self._opened[path]
            shutil.rmtree(folder, ignore_errors=True)
            return there

    def note_use(self, sealed: SealedFile, more: int) -> None:
        """Count who is reading a copy."""
        with self._lock:
            self._using[sealed.path] += more
            if not self._using[sealed.path]:
                del self._using[sealed.path]

    def forget(self, sealed: SealedFile) -> None:
        """Look at the disk again for what was here."""
        with self._lock:
            self._opened.pop(sealed.path, None)

    def drop(self, sealed: SealedFile) -> None:
        """Remove one copy."""
        with self._lock:
            self._opened.pop(sealed.path, None)
            sealed.path.unlink(missing_ok=True)

    def _put_in_place(self, partial: Path, path: Path, pair: Pair, key: bytes) -> None:
        with self._lock:
            if self.keys.find(pair) != key:
                raise purged()
            path.parent.mkdir(mode=0o700, exist_ok=True)
            partial.replace(path)

    def _make_room(self, newest: Path) -> None:
        """Remove the copies that were not used for longest, until the rest fits."""
        with self._lock:
            found = []
            for path in (self._folder / "kept").glob("*/*"):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
            excess = sum(size for _, size, _ in found) - self._limit
            for _, size, path in sorted(found):
                if excess <= 0:
                    return
                if path != newest and path not in self._using:
                    self._opened.pop(path, None)
                    path.unlink(missing_ok=True)
                    excess -= size

    def _path(self, pair: Pair, about: str) -> Path:
        return self._folder / "kept" / PairKeys.name(pair) / hashlib.sha256(about.encode()).hexdigest()


class _Limited(SealedWriter):
    """Refuses to grow beyond a limit."""

    def __init__(self, file: Any, key: bytes, about: str, limit: int) -> None:
        super().__init__(file, key, about)
        self._limit = limit

    def write(self, content: Any, /) -> int:
        written = super().write(content)
        if self.tell() > self._limit:
            raise TooLargeError(
                f"This data has more than the {self._limit:,} bytes that the gateway keeps.",
                hint="Tell whoever runs the hub.",
            )
        return written


def purged() -> AccessEndedError:
    """Say that a copy was taken away while it was in use."""
    return AccessEndedError(
        "The copy that was being read is not kept any more: access to it ended, or room was needed.",
        hint="Begin the reading again; if access has ended, that says why.",
    )
