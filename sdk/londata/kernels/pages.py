"""Memory in large pages, before it is shared by forking.

A fork copies the list of all pages that a process has, and its end takes that list apart: with forty thousand small
pages that is a good part of what a short run costs. Where a process writes to a large page, a small one is copied.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

_LARGE = 2 * 2**20
#: Linux 6.1 and later: put what is there into a large page now.
_COLLAPSE = 25


def gather() -> int:
    """Put this process's own memory into large pages, as far as the system can; tells into how many."""
    if sys.platform != "linux":
        return 0
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    places = [place for start, end in _own() for place in range(-(-start // _LARGE) * _LARGE, end - _LARGE + 1, _LARGE)]
    return sum(advise(place, _LARGE, _COLLAPSE) == 0 for place in places)  # it refuses where there is nothing yet


def _own() -> Iterator[tuple[int, int]]:
    """Where memory begins and ends that is this process's alone, and belongs to no file."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        place, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights == "rw-p" and (not name or name[0] == "[heap]"):
            start, _, end = place.partition("-")
            yield int(start, 16), int(end, 16)
