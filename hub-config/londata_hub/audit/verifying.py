"""Going over the whole log: every line as it was written and in its place, every row as the lines say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from londata_hub.audit.anchors import Anchor
from londata_hub.audit.chain import BEGINNING, COLUMNS, as_column
from londata_hub.audit.proofs import Proofs
from londata_hub.audit.tables import audit as table

#: Lines that are read at a time.
CHUNK = 5_000


@dataclass(frozen=True)
class Finding:
    """What is wrong, and with which line (0: with none in particular).

    A ``note`` is said, but is nothing wrong. What is ``against_note`` contradicts what was noted outside the database,
    as an older copy of it does that was put in its place.
    """

    line: int
    text: str
    note: bool = False
    against_note: bool = False


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
    for some in _pieces(connection):
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
        sha256, takes, wanted = hashlib.sha256, self.proofs.takes, self.wanted
        for row in rows:
            seq, stored, line, at, what = row[:5]
            if seq != self.seq + 1:
                yield Finding(seq, _gap(self.seq + 1, seq))
            if sha256((self.hash + line).encode()).hexdigest() != stored:
                yield Finding(seq, f"line {seq:,} was altered, or does not follow from the line before it")
            self.seq, self.hash = seq, stored
            values = None
            if not _says(row):
                values = _loads(line)
                if values is None or values.get("seq") != seq:
                    yield Finding(seq, f"line {seq:,} is not in its place, or is no line of this log")
                    continue
                if not _same(values, row):
                    yield Finding(seq, f"the columns beside line {seq:,} say something else than the line")
            if at < self.at:
                yield Finding(seq, f"line {seq:,} is older than the line before it")
            self.at = at
            if seq in wanted and wanted[seq] != {stored}:
                text = f"line {seq:,} is not the one that was noted: the log was rewritten"
                yield Finding(seq, text, against_note=True)
            if values or what in takes:
                self.proofs.take(seq, values or _loads(line) or {})

    def at_the_end(self, anchors: Sequence[Anchor]) -> Iterator[Finding]:
        """Compare the end with what this machine knows of it."""
        if any(each.seq < 1 for each in anchors):
            yield Finding(0, "the note of where the log ended cannot be read: it was altered")
        last = max((each.seq for each in anchors), default=0)
        if last > self.seq:
            gone = f"{self.seq + 1:,} to {last:,}" if last > self.seq + 1 else f"{last:,}"
            text = f"the log ends too early: line {last:,} was noted; missing: {gone}"
            yield Finding(last, text, against_note=True)
        if not anchors and self.seq:
            text = "this machine has no note of where the log ended, so lines missing from its end would not be found"
            yield Finding(0, text, note=True)


_BESIDE = ("at", *COLUMNS)
_SELECTED = ("seq", "hash", "line", *_BESIDE)


def _pieces(connection: Connection) -> Iterator[Sequence[Any]]:
    """Read the lines piece by piece; from a file without wrapping each row, which takes as long as reading it."""
    wanted = select(*(table.c[name] for name in _SELECTED)).order_by(table.c.seq)
    if connection.dialect.name == "sqlite":
        cursor = connection.connection.cursor()
        try:
            cursor.execute(str(wanted))
            while rows := cursor.fetchmany(CHUNK):
                yield rows
        except connection.dialect.loaded_dbapi.Error as error:
            raise DBAPIError(str(wanted), None, error) from error
        finally:
            cursor.close()
    else:
        yield from connection.execute(wanted, execution_options={"yield_per": CHUNK}).partitions()


def _says(row: Any) -> bool:
    """Tell whether a line says what its columns say, by its text alone; what needs a closer look is not told.

    A quotation mark or a backslash in a column could be taken for one of the line's own.
    """
    seq, _, line, at, what, actor, subject, entry, project, agreement = row
    head = f'{{"actor":"{actor}","agreement":"{agreement}","at":"{at}","details":{{'
    tail = f'}},"entry":"{entry}","project":"{project}","seq":{seq},"subject":"{subject}","what":"{what}"}}'
    return (
        line.startswith(head)
        and line.endswith(tail)
        and head.count('"') == 14
        and tail.count('"') == 18
        and "\\" not in head
        and "\\" not in tail
    )


def _same(values: Mapping[str, Any], row: Any) -> bool:
    """Compare a line with its columns, which have what every database takes."""
    return tuple(as_column(str(values.get(name))) for name in _BESIDE) == tuple(row[3:])


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
