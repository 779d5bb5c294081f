"""Files of holders that lie on this machine: found where they must be, and hashed once."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from londata.errors import FetchError

#: File systems may stamp two quick writes alike, so a hash of a file this fresh is not remembered.
RACY_NS = 2_000_000_000
MOST_REMEMBERED = 10_000
_CHUNK = 1 << 20
Stamp = tuple[str, int, int, int, int]


@dataclass(frozen=True)
class PlainFile:
    """A plain file as it was when it was looked at."""

    path: Path
    size_bytes: int
    sha256: str
    stamp: Stamp

    def unchanged(self) -> bool:
        """Tell whether it is still the same."""
        try:
            return stamp_of(self.path) == self.stamp
        except OSError:
            return False


def stamp_of(path: Path) -> Stamp:
    """Say by what a change of a file shows: where it is, size, times, inode."""
    found = path.stat(follow_symlinks=False)
    return str(path), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def inside(folder: Path, location: str) -> Path:
    """Find a holder's file: a plain one below the folder, with no link on the way to it.

    Parameters
    ----------
    folder
        The folder of the holders' files.
    location
        Where the file is, from there.

    Raises
    ------
    FetchError
        There is no such file there. Where it would be otherwise is not said.
    """
    home = folder.resolve()
    parts = PurePosixPath(location).parts
    path = home.joinpath(*parts)
    plain = bool(parts) and not location.startswith("/") and ".." not in parts and "\0" not in location
    try:
        if plain and path.resolve(strict=True) == path and stat.S_ISREG(path.lstat().st_mode):
            return path
    except (OSError, RuntimeError):
        pass
    raise FetchError(
        "The file of this data is not where the hub expects it.",
        hint="Tell whoever runs the hub: it should be a plain file in the folder of the holders.",
    )


class Hashes:
    """Hashes of plain files, each worked out once as long as the file stays as it is."""

    def __init__(self) -> None:
        self._known: dict[Stamp, str] = {}
        self._lock = threading.Lock()

    def known(self, path: Path) -> PlainFile | None:
        """Describe a file whose hash is known already."""
        stamp = stamp_of(path)
        sha256 = self._known.get(stamp)
        return PlainFile(path, stamp[1], sha256, stamp) if sha256 else None

    def describe(self, path: Path) -> PlainFile:
        """Describe a file, reading all of it where need be.

        Raises
        ------
        FetchError
            It changes while it is read, or cannot be read.
        """
        try:
            if found := self.known(path):
                return found
            before = stamp_of(path)
            with path.open("rb", buffering=0) as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
                digest = hashlib.sha256()
                while piece := file.read(_CHUNK):
                    digest.update(piece)
            after = stamp_of(path)
        except OSError as error:
            raise FetchError(f"The file of this data cannot be read: {error.strerror or 'unknown reason'}.") from None
        if before != after:
            raise changed()
        if time.time_ns() - before[2] > RACY_NS:
            self._remember(before, digest.hexdigest())
        return PlainFile(path, before[1], digest.hexdigest(), before)

    def _remember(self, stamp: Stamp, sha256: str) -> None:
        with self._lock:
            for old in [each for each in self._known if each[0] == stamp[0]]:
                del self._known[old]
            if len(self._known) >= MOST_REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[stamp] = sha256


def changed() -> FetchError:
    """Say that a file changed under our hands."""
    return FetchError("The file of this data changed while it was read.", hint="Try again in a moment.")
