"""Keeping what was published honest: stale where data has changed beneath it, paused where access to it has ended.

One round is a plain function, to be called every so often. It says what it finds in the publication and in the
register's entry; the owner reads it among their notices. What the hub itself has paused it opens again when the reason
is gone; what a person has paused stays so.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from londata import cache
from londata.access import Subject
from londata.access.labels import access_of, may_open, shows_released_tables
from londata.access.releasing import TIGHTENED
from londata.access.subject import APP
from londata.errors import EntryNotFoundError, LondataError
from londata.query import Query
from londata.records import Entry, Insight
from londata.records.publications import Publication, Version
from londata_hub.publishing import changes
from londata_hub.publishing.custody import Custody
from londata_hub.publishing.publisher import Publisher
from londata_hub.publishing.releasing import shows_too_much
from londata_hub.store.publication_store import HUB

log = logging.getLogger(__name__)

#: Seconds after which it is looked again, where nothing changed in the register: data may change and its record not.
LOOK_AGAIN_S = 600
#: In which groups somebody is, as of now; ``None`` for somebody who has left. Raises where the hub does not say.
Groups = Callable[[str], frozenset[str] | None]


@dataclass(frozen=True)
class Found:
    """What a round found about one publication: what has changed beneath it, and why it has to be shut."""

    stale: str
    shut: str


class Honesty:
    """Goes over what was published.

    Parameters
    ----------
    publisher
        Looks after what was published, its entries and its files.
    groups
        In which groups an owner is.
    """

    def __init__(self, publisher: Publisher, groups: Groups) -> None:
        self._custody, self._store, self._groups = publisher, publisher.store, groups
        self._seen: tuple[object, ...] = ()

    def round(self) -> list[str]:
        """Look at every publication once, and name those about which something was written down.

        Where nothing has changed in the register and among publications since the last round, only access is asked
        about, because that ends by itself.
        """
        publications = [each for each in self._store.all() if each.current and each.state != "withdrawn"]
        now = self._store.now()
        again = int(now.timestamp()) // LOOK_AGAIN_S
        seen: tuple[object, ...] = (self._custody.register.state, again, tuple(publications))
        quiet, written = seen == self._seen, []
        for publication in publications:
            try:
                if self._look(publication, now, quiet):
                    written.append(publication.slug)
            except LondataError as error:  # the others are looked at all the same, and this one again
                log.warning("%s was not looked at: %s", publication.slug, error)
                seen = ()
        self._seen = seen
        return written

    def _look(self, publication: Publication, now: dt.datetime, quiet: bool) -> bool:
        version = self._store.version(publication.slug, publication.current)
        if version is None:
            return False
        if quiet and all(each.access == "open" for each in version.rests_on) and publication.shipped:
            return False
        used = self._custody.used(version)
        found = Found(
            publication.stale if quiet else self._stale(publication, version, used, now),
            self._shut(publication, version, used),
        )
        with self._custody.alone(publication.slug):
            if self._store.find(publication.slug) != publication:
                return False  # somebody changed it meanwhile; the next round looks again
            wrote = self._write_down(publication, found)
            if wrote or not quiet:
                self._custody.write_entry(publication.slug)
        return wrote

    def _stale(self, publication: Publication, version: Version, used: Mapping[str, Entry], now: dt.datetime) -> str:
        sentences = changes.changed(version, used, self._custody.register.history, now, read_last)
        if shows_released_tables(version) and len(used) < len({each.entry for each in version.rests_on}):
            sentences.append("Data that it was made of is not in the register any more.")
        if shows_released_tables(version) and shows_too_much(version, self._custody.snapshots, publication.thresholds):
            sentences.append(TIGHTENED)
        return " ".join(sentences)

    def _shut(self, publication: Publication, version: Version, used: Mapping[str, Entry]) -> str:
        """Say why it has to be shut; empty where it may stay open."""
        if shows_released_tables(version):
            return ""  # it reads nothing but what was released
        for each in version.rests_on:
            if each.entry not in used:
                return "Data that it rests on is not in the register any more."
        subject = self._acting(publication)
        if subject is None:
            return "Whoever published it is not at the hub any more."
        for each in version.rests_on:
            entry = used[each.entry]
            if access_of(each, entry) == "open":
                continue
            if not self._store.decide(subject, "read", entry, publication.project).allowed:
                return f"Access to {_in_a_sentence(entry)} has ended for whoever published it."
        label = self._custody.label(version)
        if may_open(publication.audience, label, publication.project):
            return f"It rests on {label.access} data now, and is open to more people than that allows."
        return ""

    def _acting(self, publication: Publication) -> Subject | None:
        """Give it as it asks for data; ``None`` where its owner has left."""
        name = f"{APP}{publication.slug}"
        if publication.shipped:
            return Subject(name)
        groups = self._groups(publication.owner)
        return None if groups is None else Subject(name, groups, publication.owner)

    def _write_down(self, publication: Publication, found: Found) -> bool:
        before = publication
        if found.stale != publication.stale:
            publication = self._store.mark_stale(publication.slug, found.stale)
        by_hub = publication.state == "paused" and publication.changed_by == HUB
        if by_hub and found.shut != publication.reason:
            publication = self._store.resume(publication.slug, HUB)
        if found.shut and publication.state == "live":
            publication = self._store.pause(publication.slug, HUB, found.shut)
        return publication != before


def read_last(entry: Entry) -> str:
    """Tell the SHA-256 of open data as anybody at this hub fetched it last; empty where that is not known.

    Of several files nobody knows which an insight read, so that is told of an entry with one file alone.
    """
    addresses = [each.url for each in entry.distributions]
    known = cache.lookup(addresses[0]) if len(addresses) == 1 and addresses[0] else None
    return known.copy.sha256 if known else ""


def _in_a_sentence(entry: Entry) -> str:
    return f"“{entry.title}”" if entry.listing == "public" else "data that it rests on"


@dataclass(frozen=True)
class Resting:
    """An insight that rests on an entry, itself or through another insight (``through``, empty where it does itself).

    ``stale`` and ``state`` say how it stands.
    """

    slug: str
    title: str
    owner: str
    through: str
    state: str
    stale: str


def impact(custody: Custody, subject: Subject, entry: str) -> list[Resting]:
    """List the insights that rest on an entry, those that rest on it themselves first.

    Parameters
    ----------
    custody
        What was published.
    subject
        Who asks; what they may not see is not named. What rests on that is, without saying through what.
    entry
        The entry's slug.

    Raises
    ------
    EntryNotFoundError
        There is no such entry for them, nor was there one on which something of theirs rests.
    """
    found = list(_resting(custody, subject, entry))
    there = custody.store.entry(entry)
    visible = there is not None and custody.store.decide(subject, "see", there).allowed
    mine = any(each.owner == subject.person for each in found)
    if not visible and not (there is None and mine):
        raise EntryNotFoundError(f"There is no entry {entry[:120]!r}.", hint="Search the register for it.")
    return found


def _resting(custody: Custody, subject: Subject, entry: str) -> Iterator[Resting]:
    """Go from entry to entry; each insight is come to once, by one of the shortest ways."""
    seen, level = {entry}, [(entry, "")]
    while level:
        further = []
        for slug, through in level:
            for name in _built_on(custody, slug):
                if name in seen:
                    continue
                seen.add(name)
                shown = _shown(custody, subject, name, through)
                further.append((name, name if shown else ""))
                if shown:
                    yield shown
        level = further


def _built_on(custody: Custody, slug: str) -> list[str]:
    published = {each.slug for each in custody.store.using(slug)}
    return sorted(published | set(custody.register.slugs(Query(kind=("insight",), uses=(slug,)))))


def _shown(custody: Custody, subject: Subject, slug: str, through: str) -> Resting | None:
    entry, publication = custody.store.entry(slug), custody.store.find(slug)
    mine = publication is not None and not publication.shipped and publication.owner == subject.person
    if not isinstance(entry, Insight) or not (mine or custody.store.decide(subject, "see", entry).allowed):
        return None
    stale = publication.stale if publication else entry.stale
    return Resting(slug, entry.title, entry.owner, through, publication.state if publication else "live", stale)
