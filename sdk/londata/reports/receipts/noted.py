"""What the kernel of a run noted, read back.

A kernel runs whatever its notebook says, so its log is taken as any other text from outside: a line that is not what
a line should be is left out and counted, never trusted to have a shape.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from londata.readlog import AROUND, ASKED, JOIN, READ

#: More than this of one log is not read: a run that notes so much is not a report.
_MOST_BYTES = 64 * 2**20
_NUMBERS = ("left_rows", "right_rows", "matched", "unmatched_left", "unmatched_right", "rows")
_TEXTS = ("version", "publisher", "licence", "access", "register", "described", "policy_version", "read_at")
_PERHAPS_TEXTS = ("agreement", "project", "purpose", "grant", "until", "outputs")
_COUNTS = ("size_bytes", "rows", "decision")
_LISTS = ("columns", "creators")


def readings(read_log: Path) -> list[dict[str, Any]]:
    """List what a run read, oldest first. A line that was cut off when the run was killed is left out."""
    return [line for line in _lines(read_log) if _is_reading(line)]


def joins(read_log: Path) -> list[dict[str, Any]]:
    """List what a run joined, oldest first."""
    return [line for line in _lines(read_log) if _is_join(line)]


def around(read_log: Path) -> list[dict[str, Any]]:
    """List what a run read around the register, oldest first; also what its log has that cannot be made out."""
    found = [line for line in _lines(read_log) if _is_around(line)]
    known = (_is_reading, _is_join, _is_around, _is_asked)
    unclear = sum(not any(fits(line) for fits in known) for line in _lines(read_log))
    if unclear:
        lines = "1 line" if unclear == 1 else f"{unclear:,} lines"
        found.append({"kind": AROUND, "what": "the log of reads", "how": f"{lines} of it cannot be made out", "at": ""})
    return found


def asked(read_log: Path) -> bool:
    """Tell whether a run counted, listed or searched the register itself."""
    return any(_is_asked(line) for line in _lines(read_log))


def sources(reads: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """List what was read with each source once, in the order in which it was first read."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for reading in reads:
        found.setdefault((reading["entry"], reading["distribution"], reading["sha256"]), reading)
    return list(found.values())


def _lines(read_log: Path) -> Iterator[dict[str, Any]]:
    """Give the lines of a log; one that is no JSON as an empty one, unless it is the last and was cut off."""
    if read_log.is_symlink() or not read_log.is_file():
        return
    taken = 0
    with read_log.open("rb") as log:
        while raw := log.readline(_MOST_BYTES):
            taken += len(raw)
            if taken > _MOST_BYTES:
                yield {}
                return
            try:
                line = json.loads(raw)
            except (ValueError, RecursionError):
                if not raw.endswith(b"\n"):
                    return
                line = {}
            yield line if isinstance(line, dict) else {}


def _is_reading(line: dict[str, Any]) -> bool:
    """Tell whether a line has what a reading has; fields that may be left out are filled in."""
    if not line or line.get("kind", READ) != READ:
        return False
    needed = ("entry", "title", "distribution", "sha256")
    if not all(isinstance(line.get(name), str) for name in needed):
        return False
    for name in _TEXTS:
        line.setdefault(name, "")
    for name in (*_PERHAPS_TEXTS, *_COUNTS):
        line.setdefault(name, None)
    for name in _LISTS:
        line.setdefault(name, [])
    sizes = line.setdefault("dimensions", {})
    return (
        all(isinstance(line[name], str) for name in _TEXTS)
        and all(line[name] is None or isinstance(line[name], str) for name in _PERHAPS_TEXTS)
        and all(line[name] is None or _is_count(line[name]) for name in _COUNTS)
        and all(_are_texts(line[name]) for name in _LISTS)
        and isinstance(sizes, dict)
        and all(_is_count(size) for size in sizes.values())
    )


def _is_join(line: dict[str, Any]) -> bool:
    return (
        line.get("kind") == JOIN
        and all(isinstance(line.get(name), str) for name in ("name", "how", "at"))
        and _are_texts(line.get("keys"))
        and all(line.get(name) is None or _is_count(line[name]) for name in _NUMBERS)
    )


def _is_around(line: dict[str, Any]) -> bool:
    return line.get("kind") == AROUND and all(isinstance(line.get(name), str) for name in ("what", "how", "at"))


def _is_asked(line: dict[str, Any]) -> bool:
    return line.get("kind") == ASKED and all(isinstance(line.get(name), str) for name in ("what", "at"))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_texts(values: Any) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(each, str) for each in values)
