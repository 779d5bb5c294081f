"""What happens without being asked: what is not allowed any more is cut, what is over is closed, keys are purged."""

from __future__ import annotations

import asyncio
import logging
import time

from londata.access import ORGANISATION, Subject, Term
from londata_hub.audit import Event
from londata_hub.gateway.opening import Opener
from londata_hub.gateway.readings import Reading, Readings
from londata_hub.gateway.sessions import Projects
from londata_hub.store import AccessStore

log = logging.getLogger(__name__)

#: Seconds between two looks at everything that is being read, and between two looks at what is kept.
LOOK_S, TIDY_S = 1, 60
#: Who writes lines that nobody asked for.
GATEWAY = "service/gateway"


class Watch:
    """Looks at every open reading once a second, and at what is kept once a minute.

    Parameters
    ----------
    store
        Decides, and keeps the log.
    opener
        Keeps copies, each under a key of its own.
    readings
        What is being read.
    projects
        The notes about sessions.
    """

    def __init__(self, store: AccessStore, opener: Opener, readings: Readings, projects: Projects) -> None:
        self._store, self._opener, self._readings, self._projects = store, opener, readings, projects

    async def for_ever(self) -> None:
        """Look again and again. What goes wrong once is reported and tried again."""
        tidied_at = float("-inf")
        while True:
            try:
                await self.look()
                if time.monotonic() - tidied_at >= TIDY_S:
                    tidied_at = time.monotonic()
                    await self.tidy()
            except Exception:
                log.exception("The gateway could not look after its readings")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Decide again about everything that is being read, and close what is over.

        All at once: one that must wait, for the hub or for a line of the log, keeps no other from being cut.
        """
        now = self._store.now()
        await asyncio.gather(*(self._look_at(each, self._readings.is_over(each, now)) for each in self._readings))

    async def tidy(self) -> None:
        """Purge what nobody may read any more, and forget sessions that have ended."""
        purged = await asyncio.to_thread(self._purge)
        if purged:
            log.info("purged what was kept of %s", ", ".join(f"{entry} for {project}" for entry, project in purged))
        await asyncio.to_thread(self._projects.forget_ended)

    async def _look_at(self, reading: Reading, is_over: bool) -> None:
        try:
            if is_over:
                await self._readings.forget(reading, "its time was over")
            elif reading.streams or reading.begun:
                await self._readings.examine(reading)
                if reading.is_idle:
                    await self._readings.close(reading, "nobody read on")
        except Exception:  # one that makes trouble must not keep the others from being looked at
            log.exception("The gateway could not look after a reading of %s", reading.entry.id)

    def _purge(self) -> list[tuple[str, str]]:
        purged = self._opener.keep_only(allowed_pairs(self._store))
        events = [
            Event("key.purged", GATEWAY, entry=entry, project=project, details={"reason": "nobody may read it"})
            for entry, project in purged
        ]
        if events:
            self._store.log(*events)
        return purged


def allowed_pairs(store: AccessStore) -> set[tuple[str, str]]:
    """Name the entries and projects for which anybody's grant allows to read now."""
    arrangements, pairs = store.arrangements(), set()
    for term in arrangements.all_terms():
        pair = (term.grant.entry, term.grant.project)
        if pair in pairs or term.end.at <= store.now():
            continue
        entry = store.entry(term.grant.entry)
        if entry and store.decide(_at_best(term), "read", entry, term.grant.project).allowed:
            pairs.add(pair)
    return pairs


def _at_best(term: Term) -> Subject:
    """Imagine the grant's holder in every group that the agreement is for: whether they are is asked when they read."""
    groups = set(term.agreement.who_may) if term.agreement else set()
    if term.agreement:
        groups |= {f"{ORGANISATION}{party.organisation}" for party in term.agreement.parties}
    return Subject(term.grant.subject, frozenset(groups))
