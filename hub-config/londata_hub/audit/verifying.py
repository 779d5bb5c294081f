"""Going over the whole log: every line as it was written and in its place, every row as the lines say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from londata_hub.audit.anchors import Anchor
from londata_hub.audit.chain import BEGINNING, COLUMNS, as_column
from londata_hub.audit.proofs import Proofs
from londata_hub.audit.tables import audit as table

#: Lines that are read at a time.
CHUNK = 5_000


@dataclass(frozen=True)
class Finding:
    """What is wrong, and with which line (0: with none in particular). A ``note`` is said, but is nothing wrong."""

    line: int
    text: str
    note: bool = False


def lines(connection: Connection) -> int:
    """Count the lines of the log."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def verify(
    connection: Connection, anchors: Sequence[Anchor], *, tick: Callable[[int], object] = lambda _: None
) -> Iterator[Finding]:
    """Find everything that is not as it was written.

    Parameters
    ----------
    connection
        An open transaction in which nothing changes.
    anchors
        What this machine noted of the log, read before the transaction was opened: it may not know more.
    tick
        Told after each piece how many lines were gone over.

    Yields
    ------
    Finding
        In the order in which they are found; nothing when everything is as it was written.
    """
    state = _State({seq: {each.hash for each in anchors if each.seq == seq} for seq in {each.seq for each in anchors}})
    columns = (table.c[name] for name in ("seq", "hash", "line", "at", *COLUMNS))
    streamed = connection.execution_options(yield_per=CHUNK).execute(select(*columns).order_by(table.c.seq))
    for some in streamed.partitions():
        yield from state.over(some)
        tick(len(some))
    yield from state.at_the_end(anchors)
    yield from state.proofs.compare(connection, Finding)


@dataclass
class _State:
    """How far a verification has got."""

    wanted: dict[int, set[str]]
    seq: int = 0
    hash: str = BEGINNING
    at: str = ""
    proofs: Proofs = field(default_factory=Proofs)

    def over(self, rows: Sequence[Any]) -> Iterator[Finding]:
        """Go over the next rows."""
        sha256, loads, takes = hashlib.sha256, _loads, self.proofs.takes
        for seq, stored, line, at, what, actor, subject, entry, project, agreement in rows:
            if seq != self.seq + 1:
                yield Finding(seq, _gap(self.seq + 1, seq))
            if sha256((self.hash + line).encode()).hexdigest() != stored:
                yield Finding(seq, f"line {seq:,} was altered, or does not follow from the line before it")
            self.seq, self.hash = seq, stored
            values = loads(line)
            if values is None or values.get("seq") != seq:
                yield Finding(seq, f"line {seq:,} is not in its place, or is no line of this log")
                continue
            beside = (at, what, actor, subject, entry, project, agreement)
            said = tuple(values.get(name) for name in _BESIDE)
            if said != beside and tuple(as_column(str(each)) for each in said) != beside:
                yield Finding(seq, f"the columns beside line {seq:,} say something else than the line")
            if at < self.at:
                yield Finding(seq, f"line {seq:,} is older than the line before it")
            self.at = at
            if seq in self.wanted and self.wanted[seq] != {stored}:
                yield Finding(seq, f"line {seq:,} is not the one that was noted: the log was rewritten")
            if values["what"] in takes:
                self.proofs.take(seq, values)

    def at_the_end(self, anchors: Sequence[Anchor]) -> Iterator[Finding]:
        """Compare the end with what this machine knows of it."""
        if any(each.seq < 1 for each in anchors):
            yield Finding(0, "the note of where the log ended cannot be read: it was altered")
        last = max((each.seq for each in anchors), default=0)
        if last > self.seq:
            gone = f"{self.seq + 1:,} to {last:,}" if last > self.seq + 1 else f"{last:,}"
            yield Finding(last, f"the log ends too early: line {last:,} was noted; missing: {gone}")
        if not anchors and self.seq:
            text = "this machine has no note of where the log ended, so lines missing from its end would not be found"
            yield Finding(0, text, note=True)


_BESIDE = ("at", *COLUMNS)


def _gap(expected: int, found: int) -> str:
    missing = f"line {expected:,}" if found == expected + 1 else f"lines {expected:,} to {found - 1:,}"
    return f"{missing} removed before line {found:,}"


def _loads(line: str) -> dict[str, Any] | None:
    """Read a line; the slower way knows halves of letters, which a name may have."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            found = json.loads(line)
        except ValueError:
            return None
    return found if isinstance(found, dict) else None
