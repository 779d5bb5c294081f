"""The log of what was read in this process: the raw material of a receipt.

Every successful read adds one :class:`Reading`. When the setting ``READ_LOG`` names a file, each is also
appended there as one JSON line, so that a report's parent process can collect what its kernel read. Lines of
another ``kind`` say what was joined, what was read around the register, and that the register itself was asked.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from londata import settings

#: Kinds of lines. A line that does not say its kind is of a read.
READ, JOIN, AROUND, ASKED = "read", "join", "around", "asked"


@dataclass(frozen=True)
class Reading:
    """One read of one distribution.

    ``rows`` is ``None`` for grids; ``dimensions`` is then their shape. ``sha256`` is of the bytes as fetched; of what
    came through the gateway it is as the gateway states it. What came that way also has the terms on which it was
    read: ``agreement``, ``project``, ``purpose``, ``grant``, ``until`` and ``outputs`` (what may be done with results);
    ``decision`` is the number of its line in the hub's log. ``described`` is the SHA-256 of the entry's record.
    """

    entry: str
    title: str
    distribution: str
    sha256: str
    size_bytes: int
    version: str
    rows: int | None
    columns: tuple[str, ...]
    dimensions: dict[str, int] = field(default_factory=dict)
    publisher: str = ""
    creators: tuple[str, ...] = ()
    licence: str = ""
    access: str = ""
    register: str = ""
    described: str = ""
    agreement: str | None = None
    policy_version: str = ""
    project: str | None = None
    purpose: str | None = None
    decision: int | None = None
    grant: str | None = None
    until: str | None = None
    outputs: str | None = None
    read_at: str = field(default_factory=lambda: now())

    @property
    def credit(self) -> str:
        """Whom to cite for it."""
        return credit(self.publisher, self.creators)


_readings: list[Reading] = []
_notes: list[dict[str, Any]] = []


def now() -> str:
    """Tell the time in UTC, to the millisecond."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


def credit(publisher: str, creators: Sequence[str]) -> str:
    """Say whom to cite: who made the figures, and who put them together where that is somebody else."""
    holder = publisher or "publisher not stated"
    return f"{' and '.join(creators)}, put together by {holder}" if creators else holder


def record(reading: Reading) -> None:
    """Add a reading to the log of this process, and to the file that ``READ_LOG`` names."""
    _readings.append(reading)
    _append(asdict(reading))


def note(kind: str, facts: Mapping[str, Any]) -> None:
    """Add a line of another kind to the log of this process, and to the file that ``READ_LOG`` names.

    Parameters
    ----------
    kind
        :data:`JOIN`, :data:`AROUND` or :data:`ASKED`.
    facts
        Plain values.
    """
    line = {"kind": kind, **facts, "at": now()}
    _notes.append(line)
    _append(line)


def reads() -> list[Reading]:
    """List what this process has read so far, oldest first."""
    return list(_readings)


def notes(kind: str) -> list[dict[str, Any]]:
    """List what this process has noted of a kind so far, oldest first."""
    return [dict(line) for line in _notes if line["kind"] == kind]


def _append(line: dict[str, Any]) -> None:
    if path := settings.get("READ_LOG"):
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(json.dumps(line, ensure_ascii=False) + "\n")
