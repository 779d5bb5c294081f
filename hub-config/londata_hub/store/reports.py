"""What goes into the store beside entries, and what it says about its work."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Original:
    """A source's own record of an entry, kept whole: its identifier there and its JSON text."""

    source_id: str
    record: str

    @property
    def hash(self) -> str:
        """SHA-256 of the record's text."""
        return hashlib.sha256(self.record.encode()).hexdigest()


@dataclass(frozen=True)
class Known:
    """What the register has of a source's record: its slug here, the SHA-256 of the record's text, the flags.

    ``record_hash`` is empty when the record has had several versions: which of them is shown is then not known.
    """

    slug: str
    record_hash: str
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Refusal:
    """A record that did not go in, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class UpsertReport:
    """What an upsert did, in numbers of entries; ``flagged`` are those (of all) that carry a flag."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    flagged: int = 0
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Change:
    """One line of an entry's history: when (ISO 8601, UTC), from which source, what happened, and to which fields.

    ``what`` is ``added``, ``changed``, ``withdrawn`` or ``restored``; ``fields`` maps a field to its old and new value.
    """

    at: str
    source: str
    what: str
    fields: dict[str, tuple[Any, Any]]
