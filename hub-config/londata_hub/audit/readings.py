"""What the log answers: who read what for which purpose, and how often each agreement was used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from londata_hub.audit.tables import audit as table

#: Lines that tell of a reading.
_READING = ("reading.begun", "reading.ended", "reading.cut")


@dataclass(frozen=True)
class Reading:
    """One reading: who read what, for which purpose, and by which decision.

    ``line`` and ``decision`` are numbers of lines. ``version`` is the SHA-256 of the bytes where they have no name.
    ``columns`` is ``None`` for all; ``rows`` is how many there were to read, where that is known, and ``row_filter``
    which. ``bytes`` is ``None`` while the reading is open, and after a gateway was stopped by force; ``cut`` says that
    it was ended early.
    """

    line: int
    at: str
    person: str
    actor: str
    entry: str
    distribution: str
    version: str
    columns: tuple[str, ...] | None
    rows: int | None
    row_filter: str
    bytes: int | None
    project: str
    purpose: str
    agreement: str
    decision: int | None
    cut: bool = False


@dataclass(frozen=True)
class Asked:
    """Which lines a question is about; what is empty does not narrow it. Times are ISO 8601 in UTC."""

    agreement: str = ""
    project: str = ""
    entry: str = ""
    person: str = ""
    since: str = ""
    before: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Write the question for the database."""
        exact = (
            (table.c.agreement, self.agreement),
            (table.c.project, self.project),
            (table.c.entry, self.entry),
            (table.c.subject, self.person),
        )
        found: list[ColumnElement[bool]] = [column == value for column, value in exact if value]
        if self.since:
            found.append(table.c.at >= self.since)
        if self.before:
            found.append(table.c.at < self.before)
        return found


def readings(connection: Connection, asked: Asked) -> list[Reading]:
    """List the readings that began within what is asked, in the order in which they began."""
    begun = select(table.c.line).where(table.c.what == "reading.begun", *asked.conditions()).order_by(table.c.seq)
    found = {each.line: each for each in map(_begun, connection.execute(begun).scalars())}
    ends = select(table.c.line).where(table.c.what.in_(_READING[1:]))
    ends = ends.where(*replace(asked, since="", before="").conditions())
    for values in map(json.loads, connection.execute(ends).scalars()):
        line = values["details"].get("reading")
        if line in found:
            cut = values["what"] == "reading.cut"
            found[line] = replace(found[line], bytes=values["details"].get("bytes"), cut=cut)
    return list(found.values())


def denials(connection: Connection, asked: Asked) -> int:
    """Count how often somebody was told no."""
    wanted = select(func.count()).where(table.c.what == "decision.denied", *asked.conditions())
    return connection.execute(wanted).scalar_one()


@dataclass(frozen=True)
class Denial:
    """Somebody was told no: who asked for what, when, for which project, and why not. ``line`` is its number."""

    line: int
    at: str
    person: str
    actor: str
    entry: str
    project: str
    agreement: str
    reason: str


def refusals(connection: Connection, asked: Asked) -> list[Denial]:
    """List who was told no within what is asked, in the order in which they asked."""
    wanted = select(table.c.line).where(table.c.what == "decision.denied", *asked.conditions()).order_by(table.c.seq)
    return [_denial(json.loads(line)) for line in connection.execute(wanted).scalars()]


def _denial(values: dict[str, Any]) -> Denial:
    return Denial(
        line=values["seq"],
        at=values["at"],
        person=values["subject"] or values["actor"],
        actor=values["actor"],
        entry=values["entry"],
        project=values["project"],
        agreement=values["agreement"],
        reason=" ".join(values["details"].get("reasons") or ()),
    )


def named(connection: Connection, what: str) -> list[str]:
    """List the names that the log knows of one kind: ``agreement``, ``project``, ``entry`` or ``subject``."""
    wanted = select(table.c[what]).distinct().where(table.c[what] != "").order_by(table.c[what])
    return list(connection.execute(wanted).scalars())


def _begun(line: str) -> Reading:
    values = json.loads(line)
    details: dict[str, Any] = values["details"]
    columns = details.get("columns")
    return Reading(
        line=values["seq"],
        at=values["at"],
        person=values["subject"] or values["actor"],
        actor=values["actor"],
        entry=values["entry"],
        distribution=details.get("distribution") or "",
        version=details.get("version") or f"sha256:{details.get('sha256') or 'not known'}",
        columns=None if columns is None else tuple(columns),
        rows=details.get("rows"),
        row_filter=details.get("row_filter") or "",
        bytes=None,
        project=values["project"],
        purpose=details.get("purpose") or "",
        agreement=values["agreement"],
        decision=details.get("decision"),
    )


@dataclass(frozen=True)
class Counts:
    """How often an agreement was used, in numbers without names."""

    projects: int
    people: int
    readings: int
    bytes: int
    denials: int


@dataclass
class _Used:
    projects: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    readings: int = 0
    bytes: int = 0
    denials: int = 0


class Tally:
    """Counts that go on from the line where they stopped: a long log is read once."""

    def __init__(self) -> None:
        self._seq = 0
        self._used: dict[str, _Used] = {}

    def counts(self, connection: Connection) -> dict[str, Counts]:
        """Count up to the end of the log, per agreement."""
        for what, agreement, project, subject, line in self._new(connection):
            used = self._used.setdefault(agreement, _Used())
            if what == "decision.denied":
                used.denials += 1
            elif what == "reading.begun":
                used.readings += 1
                used.projects.add(project)
                used.people.add(subject)
            else:
                used.bytes += json.loads(line)["details"].get("bytes") or 0
        return {
            name: Counts(len(each.projects), len(each.people), each.readings, each.bytes, each.denials)
            for name, each in sorted(self._used.items())
        }

    def _new(self, connection: Connection) -> Iterator[tuple[str, str, str, str, str]]:
        last = connection.execute(select(func.max(table.c.seq))).scalar() or 0
        if last < self._seq:  # an older copy of the database was put in place
            self._seq, self._used = 0, {}
        columns = (table.c.what, table.c.agreement, table.c.project, table.c.subject, table.c.line)
        wanted = select(*columns).where(table.c.seq > self._seq, table.c.agreement != "")
        wanted = wanted.where(table.c.what.in_((*_READING, "decision.denied")))
        self._seq = last
        return ((row[0], row[1], row[2], row[3], row[4]) for row in connection.execute(wanted))


def counts(connection: Connection) -> dict[str, Counts]:
    """Count, per agreement, the projects, people, readings, bytes and denials of the whole log."""
    return Tally().counts(connection)
