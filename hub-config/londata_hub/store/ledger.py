"""Decisions and what they rest on: the arrangements as they stand, a clock that never goes back, and the log."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, select

from londata.access import Action, Arrangements, Decision, Subject, decide
from londata.errors import RegisterUnavailableError
from londata.records import Agreement, Entry, entry_from_json
from londata_hub import audit
from londata_hub.store import facts, tables
from londata_hub.store.arranging import Arranging
from londata_hub.store.changing import Change
from londata_hub.store.clock import Clock, wall
from londata_hub.store.database import Database
from londata_hub.store.register_store import RegisterStore
from londata_hub.store.turns import Turns

#: Entries that are kept at hand after they were read.
MOST_KEPT = 1_000


class Ledger:
    """The arrangements, the clock, decisions, and the log, in the register's database.

    Every change is one transaction together with its line in the log.

    Parameters
    ----------
    database
        ``sqlite:///path`` or ``postgresql://…``.
    anchors
        Folder in which the end of the log is noted, outside the database.
    isolated
        Whether users are kept apart here; where they are not, open data is all that anybody may read.
    clock
        Who tells the time (aware).
    """

    def __init__(
        self,
        database: str,
        anchors: Path,
        *,
        isolated: bool = True,
        clock: Callable[[], dt.datetime] = wall,
    ) -> None:
        self._database, self._at = Database(database), database
        self._arranging = Arranging(isolated)
        self._tally, self._counting = audit.Tally(), threading.Lock()
        self._turns = Turns(self._changing)
        self._kept: dict[str, tuple[str, Entry]] = {}
        self._clock = Clock(clock)
        try:
            with self._database.reading() as connection:
                register, _ = facts.state(connection)
                last = audit.end(connection)
            self._anchors = audit.Anchors(anchors, register)
            self._learn(last)
            if last.seq:  # what others have written since, too
                self._anchor(last, last)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def now(self) -> dt.datetime:
        """Tell the time in UTC. It never goes back: not when the machine's does, and not before the log's end."""
        return self._clock.now()

    def arrangements(self) -> Arrangements:
        """Give the arrangements as they stand, whoever changed them."""
        found = self._database.glance(_MARK)
        if kept := self._arranging.kept(int(json.loads(found)) if found else 0):
            return kept
        with self._database.reading() as connection:
            self._learn(audit.end(connection))  # what was ended by a faster clock is over by ours, too
            return self._arranging.read(connection)

    def entry(self, slug: str) -> Entry | None:
        """Find an entry in the table of entries; ``None`` when there is none, or it was withdrawn."""
        with self._database.reading() as connection:
            return self._find(connection, slug)

    def _find(self, connection: Connection, slug: str) -> Entry | None:
        wanted = select(tables.entries.c.document, tables.entries.c.content_hash)
        wanted = wanted.where(tables.entries.c.slug == slug, tables.entries.c.withdrawn_at.is_(None))
        found = connection.execute(wanted).one_or_none()
        if found is None:
            return None
        kept = self._kept.get(slug)
        if kept is None or kept[0] != found.content_hash:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            kept = self._kept[slug] = (found.content_hash, entry_from_json(found.document))
        return kept[1]

    def decide(self, subject: Subject, action: Action, entry: Entry, project: str | None = None) -> Decision:
        """Decide by the arrangements as they stand, now. Not logged.

        Parameters
        ----------
        subject, action, entry, project
            As :func:`londata.access.decide` takes them.

        Returns
        -------
        Decision
            With its reasons.
        """
        arrangements = self.arrangements()
        return decide(subject, action, entry, project, self.now(), arrangements)

    def decide_and_log(
        self, subject: Subject, action: Action, entry: Entry, project: str | None = None, **details: Any
    ) -> tuple[Decision, int]:
        """Decide and write it down, whatever the answer.

        It is decided alone among writers: no grant that was ended by a line before this one allows anything.

        Parameters
        ----------
        subject, action, entry, project
            As :func:`londata.access.decide` takes them.
        details
            What else the line should say.

        Returns
        -------
        tuple of Decision and int
            The decision, and the number of its line; the line is committed.
        """

        def work(change: Change) -> tuple[Decision, int]:
            return self._decide(change, subject, action, entry, project, details)

        return self._turns.share(work)

    def decide_and_begin(
        self,
        subject: Subject,
        entry: Entry,
        project: str | None,
        begun: Callable[[Decision, int], audit.Event | None],
        **details: Any,
    ) -> tuple[Decision, int, int]:
        """Decide about reading and write it down, together with the line that bytes are about to leave.

        Both lines are one transaction: whoever is let in can be sent the first byte without waiting for another one.

        Parameters
        ----------
        subject, entry, project
            As :func:`londata.access.decide` takes them.
        begun
            Makes the second line of an allowance, from the decision and the number of its line; ``None`` for none. It
            must not fail, and not wait.
        details
            What else the line about the decision should say.

        Returns
        -------
        tuple of Decision, int and int
            The decision, the number of its line and that of the second line, 0 when there is none; all is committed.
        """

        def work(change: Change) -> tuple[Decision, int, int]:
            decision, line = self._decide(change, subject, "read", entry, project, details)
            event = begun(decision, line) if decision.allowed else None
            return decision, line, change.log.add(event) if event else 0

        return self._turns.share(work)

    def _decide(
        self,
        change: Change,
        subject: Subject,
        action: Action,
        entry: Entry,
        project: str | None,
        details: dict[str, Any],
    ) -> tuple[Decision, int]:
        arrangements = self._arranging.read(change.connection)
        decision = decide(subject, action, entry, project, change.now, arrangements)
        agreement = decision.agreement or _only(arrangements.covering(entry.id))
        return decision, change.log.add(_decided(subject, decision, agreement, details))

    def log(self, *events: audit.Event) -> int:
        """Write lines and tell the number of the last one; they are committed when this returns."""

        def work(change: Change) -> int:
            for event in events:
                change.log.add(event)
            return change.log.end.seq

        return self._turns.share(work)

    def register(self, index: Path) -> RegisterStore:
        """Open the register in the same database, to be closed by whoever asks; ``index`` is its search index."""
        return RegisterStore(self._at, index)

    def readings(self, asked: audit.Asked) -> list[audit.Reading]:
        """List the readings of shared and closed data that the log knows of, in the order in which they began."""
        with self._database.reading() as connection:
            return audit.readings(connection, asked)

    @contextmanager
    def _alone(self) -> Iterator[Change]:
        """Open a change that shares its transaction with nobody, because it may be refused half-way."""
        with self._turns.alone(), self._changing() as change:
            yield change

    @contextmanager
    def _changing(self) -> Iterator[Change]:
        """Open a change; afterwards note outside the database where the log ends."""
        with self._database.writing() as connection:
            change = Change(connection, self.now())
            yield change
            last = change.finish()
        self._learn(last)
        if last != change.log.before:
            self._anchor(change.log.before, last)

    def _learn(self, last: audit.End) -> None:
        """Learn from the end of the log how late it is at least."""
        if last.at:
            self._clock.not_before(dt.datetime.fromisoformat(last.at))

    def _anchor(self, before: audit.End, last: audit.End) -> None:
        def hash_of(seq: int) -> str | None:
            with self._database.reading() as connection:
                return audit.hash_of(connection, seq)

        try:
            self._anchors.move(audit.Anchor(last.seq, last.hash), audit.Anchor(before.seq, before.hash), hash_of)
        except OSError as error:
            raise RegisterUnavailableError(
                f"What was done is in the log, but not where the log ends: {error.strerror or error}.",
                hint="Check that the folder audit-anchors of the hub's state can be written, and that there is room.",
            ) from error


_MARK = "SELECT value FROM facts WHERE name = 'arrangements'"


def _only(agreements: list[Agreement]) -> str:
    """Name the agreement that a denial counts for: the one that covers the entry, if it is one."""
    return agreements[0].id if len(agreements) == 1 else ""


def _decided(subject: Subject, decision: Decision, agreement: str, details: dict[str, Any]) -> audit.Event:
    said: dict[str, Any] = {"action": decision.action, "policy_version": decision.policy_version}
    if decision.grant:
        said["grant"] = decision.grant
    if decision.allowed:
        said |= {
            "purpose": decision.purpose,
            "until": decision.until,
            "columns": decision.columns,
            "rows": decision.rows.to_dict(),
        }
    else:
        said |= {"reasons": decision.reasons, "ended": decision.ended}
    return audit.Event(
        "decision.allowed" if decision.allowed else "decision.denied",
        subject.name,
        subject=subject.person,
        entry=decision.entry_id,
        project=decision.project or "",
        agreement=agreement,
        details=details | said,
    )
