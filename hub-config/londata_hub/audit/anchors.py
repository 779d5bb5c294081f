"""Where the end of the log is noted outside the database, so that nobody takes lines off it unseen.

A note is a lower bound: it is written after the commit, and a process that dies in between leaves an older one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Anchor:
    """What is known to have been in the log: a line's number and its hash."""

    seq: int
    hash: str


class Anchors:
    """The notes of one machine about one register's log: a file with, as a rule, one line.

    Parameters
    ----------
    folder
        Where the notes of all registers are.
    register
        Which register: its identity.
    """

    def __init__(self, folder: Path, register: str) -> None:
        self._path = folder / register

    def read(self) -> list[Anchor]:
        """Give the notes, oldest first. More than one: the log did not go on from where a note had seen it."""
        try:
            text = self._path.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return []
        return [_parsed(line) for line in text.splitlines()]

    def move(self, to: Anchor, before: Anchor, hash_of: Callable[[int], str | None]) -> None:
        """Note that the log goes to here now.

        The last note makes way only when this log still has its line. Otherwise it stays, as evidence, above the new
        one. A note never goes back.

        Parameters
        ----------
        to
            The last line that was committed.
        before
            The line before the ones that were committed with it.
        hash_of
            Looks up the hash of a line of this log.
        """
        with self._locked() as file:
            kept = [_parsed(line) for line in file.read_text(encoding="ascii", errors="replace").splitlines()]
            last = kept[-1] if kept else None
            if last and last.seq >= to.seq and hash_of(last.seq) == last.hash:
                return  # another process was quicker
            if last and (last == before or hash_of(last.seq) == last.hash):
                kept.pop()
            lines = "".join(f"{each.seq:020} {each.hash:>64}\n" for each in [*kept, to])
            with file.open("r+", encoding="ascii") as writable:
                writable.write(lines)

    @contextmanager
    def _locked(self) -> Iterator[Path]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield self._path
        finally:
            os.close(descriptor)


def registers(folder: Path) -> list[str]:
    """Name the registers of which this machine keeps notes."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _parsed(line: str) -> Anchor:
    seq, _, found = line.partition(" ")
    return Anchor(int(seq) if seq.isdigit() else -1, found.strip())
