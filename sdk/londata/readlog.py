"""The log of what was read in this process: the raw material of a receipt.

Every successful read adds one :class:`Reading`. When the setting ``READ_LOG`` names a file, each is also
appended there as one JSON line, so that a report's parent process can collect what its kernel read.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from londata import settings


@dataclass(frozen=True)
class Reading:
    """One read of one distribution.

    ``rows`` is ``None`` for grids; ``dimensions`` is then their shape. ``sha256`` is of the bytes as fetched.
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
    licence: str = ""
    access: str = ""
    register: str = ""
    agreement: str | None = None
    policy_version: str = ""
    read_at: str = field(default_factory=lambda: dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"))


_readings: list[Reading] = []


def record(reading: Reading) -> None:
    """Add a reading to the log of this process, and to the file that ``READ_LOG`` names."""
    _readings.append(reading)
    if path := settings.get("READ_LOG"):
        with Path(path).open("a", encoding="utf-8") as log:
            log.write(json.dumps(asdict(reading), ensure_ascii=False) + "\n")


def reads() -> list[Reading]:
    """List what this process has read so far, oldest first."""
    return list(_readings)
