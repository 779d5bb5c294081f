"""A file that exists in memory alone, for libraries that open files by their path.

It has no name in any folder; its path leads to it within this process and ends with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from londata.errors import FetchError, UsageError

FOLDER = Path("/proc/self/fd")


@contextmanager
def in_memory(pieces: Iterable[bytes]) -> Iterator[Path]:
    """Hold bytes as a file in memory; gives its path, which is gone afterwards.

    Raises
    ------
    UsageError
        This system has no files in memory.
    FetchError
        They do not fit in memory.
    """
    if not hasattr(os, "memfd_create"):
        raise UsageError(
            "Shared and closed data is read in memory only, which needs Linux.", hint="Read it in the hub."
        )
    file = os.memfd_create("londata", os.MFD_CLOEXEC)
    try:
        _write(file, pieces)
        yield FOLDER / str(file)
    finally:
        os.close(file)


def _write(file: int, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            try:
                rest = rest[os.write(file, rest) :]
            except OSError as error:
                raise FetchError(f"The data does not fit in memory: {error.strerror or error}.") from error


def is_in_memory(path: Path) -> bool:
    """Tell whether a path is that of a file in memory: whoever wants to read later must hold it open."""
    return path.parent == FOLDER
