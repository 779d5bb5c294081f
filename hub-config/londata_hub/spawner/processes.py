"""Which processes a process has started, read from ``/proc``."""

from __future__ import annotations

from pathlib import Path


def children(parent: int) -> list[int]:
    """List the processes whose parent is the given one; those that ended and were not waited for count, too."""
    return sorted(int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat) == parent)


def _parent(stat: Path) -> int:
    try:
        # The second field is the program's name in brackets, which may itself hold brackets and spaces
        return int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0  # it ended while we looked
