"""Readings: what somebody may read now, under which decision, and what has left so far.

A reading is known by a token that is kept nowhere: only its SHA-256 is, and only in memory. So a restart of the
gateway ends every reading, and whoever reads asks again. Each request is decided anew, and no byte leaves before the
line ``reading.begun`` is in the log. The first such line is written together with the decision, so that nobody waits
for it; the closing line is written when nobody reads any more.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import time
from dataclasses import dataclass, field
from typing import Any

from londata.access import Decision, Subject
from londata.errors import (
    AccessEndedError,
    LondataError,
    NotAuthenticatedError,
    RegisterUnavailableError,
)
from londata.records import Distribution, Entry
from londata_hub.audit import Event
from londata_hub.gateway.accounts import Accounts, Again
from londata_hub.gateway.opening import Opened
from londata_hub.gateway.sessions import Peer, Session
from londata_hub.gateway.stopping import AGAIN, change_of, misuse_of, problem_of, restarted, terms, undecided
from londata_hub.gateway.streams import Stream, mark_of
from londata_hub.store import AccessStore

#: Longest that a token is good for.
LONGEST = dt.timedelta(minutes=30)
#: Seconds without a byte after which a reading is written off as ended; the token stays good.
IDLE_S = 60
#: Seconds that the hub gets to say who reads by now: what ended must be cut within five, also while the hub hangs.
HUB_S = 2
#: Most readings that one person, and all people together, can have open.
MOST_OF_ONE, MOST = 200, 20_000


@dataclass(eq=False)
class Reading:
    """Somebody's permission to read one distribution, and what they made of it.

    ``decision`` is what it rests on and ``line`` the number of that in the log; ``begun`` is the number of the line
    that says that bytes may leave, 0 from a closing line to the next byte. ``again`` asks the hub who they are
    by now; ``stopped`` says why no further byte will leave.
    """

    subject: Subject
    session: Session | None
    entry: Entry
    distribution: Distribution
    decision: Decision
    line: int
    opened: Opened
    expires_at: dt.datetime
    lasts_until: float
    mark: object
    again: Again = field(repr=False)
    begun: int = 0
    began_at: float = 0
    used_at: float = 0
    ranges: int = 0
    sent: int = 0
    stopped: LondataError | None = None
    streams: set[Stream] = field(default_factory=set)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_idle(self) -> bool:
        """Whether nobody has wanted a byte of it for a while."""
        return not self.streams and time.monotonic() - self.used_at > IDLE_S

    def allowed_by(self, decision: Decision, line: int) -> Event | None:
        """Rest on this decision, and say what is about to leave; ``None`` when it is other bytes than were opened."""
        if (terms(decision), decision.until) != (terms(self.decision), self.decision.until):
            return None
        self.decision, self.line = decision, line
        return _begun(self)

    def is_begun(self, line: int) -> None:
        """Note the line from which on bytes may leave."""
        self.begun, self.began_at = line, time.monotonic()
        self.ranges = self.sent = 0


class Readings:
    """All readings of this gateway.

    Parameters
    ----------
    store
        Decides, and keeps the log.
    accounts
        Knows for whom somebody acts as of now.
    """

    def __init__(self, store: AccessStore, accounts: Accounts) -> None:
        self._store, self._accounts = store, accounts
        self._open: dict[bytes, Reading] = {}
        self._told_no: set[tuple[str, str, str | None]] = set()

    def __iter__(self) -> Any:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    async def add(self, token: str, reading: Reading) -> None:
        """Make a token good for a reading; whoever has very many loses the oldest that nobody reads from."""
        whose = reading.subject.person, reading.subject.insight
        theirs = [each for each in self._open.values() if (each.subject.person, each.subject.insight) == whose]
        for crowd, most in ((theirs, MOST_OF_ONE), (list(self._open.values()), MOST)):
            if len(crowd) >= most:
                await self.forget(min(crowd, key=lambda each: (bool(each.streams), each.used_at)), "replaced")
        reading.used_at = time.monotonic()
        self._open[_digest(token)] = reading
        self._told_no.discard(_about(reading))

    async def find(self, token: str, peer: Peer | None, entry: str, distribution: str) -> Reading:
        """Find the reading that a token is good for, decided as of now.

        Parameters
        ----------
        token
            What the caller sent.
        peer
            The session of the caller, where it can be told.
        entry, distribution
            What the caller wants.

        Raises
        ------
        NotAuthenticatedError
            The token is not good, or not any more, or for something that is arranged differently by now.
        AccessDeniedError
            It is good for something else, or for another session.
        AccessEndedError
            It was good; the decision is another one now.
        FetchError
            The data was changed since the reading began.
        """
        reading = self._open.get(_digest(token))
        if reading is None or self.is_over(reading, self._store.now()):
            raise NotAuthenticatedError(
                "This token is good for no reading: it is wrong, or its time is over, or the gateway was restarted.",
                hint=AGAIN,
            )
        if misused := misuse_of(reading, peer, entry, distribution):
            await self._log(_event("decision.denied", reading, reasons=[misused.message], ended=False))
            raise misused
        if problem := await self.examine(reading, asked=True):
            raise problem
        return reading

    async def examine(self, reading: Reading, *, asked: bool = False) -> LondataError | None:
        """Decide again; a reading that is not allowed any more is stopped, and its streams are cut.

        Parameters
        ----------
        reading
            Which.
        asked
            Whether somebody asks for bytes. Only then they are told no; else the closing line says why it ended.

        Returns
        -------
        LondataError or None
            Why no further byte may leave.
        """
        try:
            subject = await self._now(reading)
            decision, entry, mark = await asyncio.to_thread(self._look, reading, subject)
        except Exception as error:  # whatever it is: nobody can say that it is still allowed
            await self.stop(reading, undecided(), "it could not be decided")
            raise undecided() from error
        problem = problem_of(reading, decision, entry) or change_of(reading, mark)
        if problem is None:
            reading.subject = subject
            return restarted() if reading.stopped else None
        if asked and isinstance(problem, AccessEndedError) and self._is_news(reading):
            reasons = [problem.message] if decision.allowed else decision.reasons
            await self._log(_event("decision.denied", reading, reasons=reasons, ended=True))
        await self.stop(reading, problem, problem.message)
        return problem

    def _is_news(self, reading: Reading) -> bool:
        """Tell whether nobody wrote down yet that they are told no: a program may ask many times, and in many parts."""
        is_news = _about(reading) not in self._told_no
        self._told_no.add(_about(reading))
        return is_news

    async def begin(self, reading: Reading, stream: Stream) -> None:
        """Enter a stream; after a closing line, write down first that bytes are about to leave again.

        Raises
        ------
        LondataError
            The reading was stopped meanwhile.
        """
        reading.streams.add(stream)
        try:
            async with reading.turn:
                if not reading.begun and not reading.stopped:
                    reading.is_begun(await self._log(_begun(reading)))
            if reading.stopped:
                raise reading.stopped
            reading.ranges += 1
        except BaseException:
            reading.streams.discard(stream)
            raise

    def leave(self, reading: Reading, stream: Stream) -> None:
        """Count what a stream has sent, once it is over."""
        if stream in reading.streams:
            reading.streams.discard(stream)
            reading.sent += stream.sent
            reading.used_at = time.monotonic()

    async def stop(self, reading: Reading, why: LondataError, reason: str) -> None:
        """Let no further byte leave, and write down what has left.

        Parameters
        ----------
        reading
            Which.
        why
            What is told to whoever goes on reading.
        reason
            What is written in the log.
        """
        reading.stopped = reading.stopped or why
        streams = list(reading.streams)
        await asyncio.gather(*(stream.cut() for stream in streams))
        for stream in streams:
            self.leave(reading, stream)
        await self.close(reading, reason, cut=any(not stream.is_whole for stream in streams))

    async def close(self, reading: Reading, reason: str, *, cut: bool = False) -> None:
        """Write the closing line of a reading: how many bytes have left.

        Parameters
        ----------
        reading
            Which.
        reason
            Why now.
        cut
            Whether a stream was broken off for it.
        """
        async with reading.turn:
            if not reading.begun or reading.streams:
                return
            details = {
                "reading": reading.begun,
                "bytes": reading.sent,
                "ranges": reading.ranges,
                "seconds": round(time.monotonic() - reading.began_at, 3),
                "reason": reason,
            }
            await self._log(_event("reading.cut" if cut else "reading.ended", reading, **details))
            reading.begun = 0

    async def forget(self, reading: Reading, reason: str) -> None:
        """Make a reading's token good for nothing, and close the reading."""
        self._open = {digest: each for digest, each in self._open.items() if each is not reading}
        await self.stop(reading, restarted(), reason)

    def is_over(self, reading: Reading, now: dt.datetime) -> bool:
        """Tell whether a token's time is over, by the clock of the store and by that of the machine's own pulse."""
        return now >= reading.expires_at or time.monotonic() >= reading.lasts_until

    async def _now(self, reading: Reading) -> Subject:
        """Ask what has become of the caller. While the hub is silent, what it said last holds; the token is short."""
        try:
            async with asyncio.timeout(HUB_S):
                return await self._accounts.now(reading.subject, reading.again, reading.decision.project)
        except (RegisterUnavailableError, TimeoutError):
            return reading.subject

    def _look(self, reading: Reading, subject: Subject) -> tuple[Decision, Entry | None, object]:
        entry = self._store.entry(reading.entry.id)
        decision = self._store.decide(subject, "read", entry or reading.entry, reading.decision.project)
        return decision, entry, _mark(reading.opened)

    async def _log(self, *events: Event) -> int:
        return await asyncio.to_thread(self._store.log, *events)


def reading_of(subject: Subject, peer: Peer | None, entry: Entry, distribution: Distribution, **more: Any) -> Reading:
    """Make a reading, which lasts half an hour and never longer than what it rests on.

    Parameters
    ----------
    subject, peer
        Who reads, and in which session.
    entry, distribution
        What is read.
    more
        ``decision``, ``line`` (its number in the log), ``opened``, ``again`` and ``now``.
    """
    now, decision = more.pop("now"), more["decision"]
    ends = now + LONGEST
    expires_at = min(ends, decision.until) if decision.until else ends
    lasts_until = time.monotonic() + (expires_at - now).total_seconds()
    session = peer.own if peer else None
    mark = _mark(more["opened"])
    return Reading(
        subject, session, entry, distribution, expires_at=expires_at, lasts_until=lasts_until, mark=mark, **more
    )


def session_of(subject: Subject, session: Session | None) -> str | None:
    """Name a session in the log. Each insight is one of its own, whichever process of the hub asks for it."""
    if subject.insight:
        return subject.name
    return str(session) if session else None


def _mark(opened: Opened) -> object:
    try:
        return mark_of(opened.path)
    except OSError:
        return "gone"


def _about(reading: Reading) -> tuple[str, str, str | None]:
    return reading.subject.person, reading.entry.id, reading.decision.project


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _begun(reading: Reading) -> Event:
    opened, decision = reading.opened, reading.decision
    return _event(
        "reading.begun",
        reading,
        version=opened.version,
        sha256=opened.sha256,
        columns=opened.columns,
        rows=opened.rows,
        row_filter=str(decision.rows),
        size=opened.size_bytes,
        direct_until=opened.direct_until,
        purpose=decision.purpose,
        grant=decision.grant,
    )


def _event(what: str, reading: Reading, /, **details: Any) -> Event:
    subject, decision = reading.subject, reading.decision
    always = {
        "decision": reading.line,
        "distribution": reading.distribution.id,
        "session": session_of(subject, reading.session),
    }
    return Event(
        what,
        subject.name,
        subject=subject.person,
        entry=reading.entry.id,
        project=decision.project or "",
        agreement=decision.agreement or "",
        details=always | details,
    )
