"""Looking after what was published: an earlier version, a pause, a withdrawal, others who may open it, thresholds."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from weakref import WeakValueDictionary

from londata.access import STEWARDS, Subject
from londata.access.labels import label, may_open, shows_released_tables
from londata.errors import AccessDeniedError, EntryNotFoundError, RegisterUnavailableError, UsageError
from londata.records import Entry, Publisher
from londata.records.publications import Label, Publication, Thresholds, Version
from londata_hub.publishing import acquaintance, asking, entries
from londata_hub.publishing.acquaintance import People
from londata_hub.publishing.asking import Asked
from londata_hub.store import RegisterStore
from londata_hub.store.publication_store import HUB, PublicationStore

LONGEST_REASON = 500


class Custody:
    """Who may do what with a publication, and the register's entry of it, which follows every change.

    Parameters
    ----------
    store
        What was published, the arrangements and the log.
    register
        Where entries are written.
    people
        Everybody who may log in here; nothing is said about anybody where that cannot be told.
    """

    def __init__(self, store: PublicationStore, register: RegisterStore, people: People | None = None) -> None:
        self.store, self.register, self._people = store, register, people
        # Kept for as long as somebody holds one: strangers name things that do not exist, too
        self._locks: WeakValueDictionary[str, Any] = WeakValueDictionary()
        self._making = threading.Lock()

    @contextmanager
    def alone(self, slug: str) -> Iterator[None]:
        """Let one change of a publication happen after the other."""
        with self._making:
            lock = self._locks.get(slug)
            if lock is None:
                lock = self._locks[slug] = threading.RLock()
        with lock:
            yield

    def used(self, version: Version) -> dict[str, Entry]:
        """Find the entries that a version rests on, as the register has them; what is gone is left out."""
        names = dict.fromkeys(each.entry for each in version.rests_on)
        return {name: entry for name in names if (entry := self.store.entry(name)) is not None}

    def strangers(self, audience: Iterable[str], owner: str) -> tuple[str, ...]:
        """Say which of an audience nobody at the hub has heard of.

        Parameters
        ----------
        audience
            Those who may open something.
        owner
            Whose it is.
        """
        people = self._people() if self._people else None
        return acquaintance.strangers(audience, people, self.store.arrangements(), owner)

    def label(self, version: Version) -> Label:
        """Work out what a version may be used for, as of now."""
        return label(version.rests_on, self.used(version), self.store.arrangements(), self.store.now())

    def too_wide(self, publication: Publication, version: Version, audience: Iterable[str]) -> list[str]:
        """Say which of an audience a version must not be shown to.

        Parameters
        ----------
        publication, version
            What is to be shown.
        audience
            To whom.
        """
        to = None
        if shows_released_tables(version):
            release = self.store.release(version.publication, version.number)
            to = release.audience if release else ()
        return may_open(audience, self.label(version), publication.project, released_to=to)

    def roll_back(self, subject: Subject, slug: str, number: int) -> Publication:
        """Show an earlier version again.

        Parameters
        ----------
        subject
            Who asks: the owner.
        slug, number
            Which version of which publication.

        Raises
        ------
        UsageError
            It cannot be shown, or not to those who may open the insight now.
        AccessDeniedError, EntryNotFoundError
            It is not theirs, or not there.
        """
        with self.alone(slug):
            publication = self.owned(subject, slug)
            version = self.store.version(slug, number)
            if version and version.state == "ready":
                self._require_narrow(publication, version, publication.audience)
            return self._done(self.store.roll_back(slug, number, subject.name))

    def withdraw(self, subject: Subject, slug: str, reason: str) -> Publication:
        """Withdraw a publication for good, and its entry with it.

        Parameters
        ----------
        subject
            Who asks: the owner.
        slug
            Which publication.
        reason
            Why.
        """
        with self.alone(slug):
            self.owned(subject, slug)
            return self._done(self.store.withdraw(slug, subject.name, _reason(reason)))

    def pause(self, subject: Subject, slug: str, reason: str) -> Publication:
        """Shut a publication until it is resumed.

        Parameters
        ----------
        subject
            Who asks: the owner, or a steward.
        slug
            Which publication.
        reason
            Why.
        """
        with self.alone(slug):
            self._owned_or_steward(subject, slug)
            return self._done(self.store.pause(slug, subject.name, _reason(reason)))

    def resume(self, subject: Subject, slug: str) -> Publication:
        """Open a paused publication again. What a steward shut, a steward opens; what the hub shut, the hub does.

        Parameters
        ----------
        subject
            Who asks.
        slug
            Which publication.

        Raises
        ------
        AccessDeniedError
            Somebody else shut it.
        """
        with self.alone(slug):
            publication = self._owned_or_steward(subject, slug)
            if publication.state == "paused" and publication.changed_by == HUB:
                raise UsageError(
                    f"The hub paused it: {publication.reason}", hint="It is opened again when that is no longer so."
                )
            mine = publication.changed_by == publication.owner == subject.name and not publication.shipped
            if publication.state == "paused" and not mine and STEWARDS not in subject.groups:
                raise AccessDeniedError(f"{publication.changed_by} paused it.", hint="Ask them to open it again.")
            return self._done(self.store.resume(slug, subject.name))

    def set_audience(self, subject: Subject, slug: str, audience: Iterable[str]) -> Publication:
        """Change who may open a publication.

        Parameters
        ----------
        subject
            Who asks: the owner.
        slug
            Which publication.
        audience
            Those who may from now on.

        Raises
        ------
        UsageError
            It is too wide for what the current version rests on; each sentence says what can be done.
        """
        with self.alone(slug):
            publication = self.owned(subject, slug)
            asked = Asked(files={}, record={}, audience=tuple(audience))
            chosen = asking.audience_of(asked, slug, publication.owner, self.store.now())
            if version := self._current(publication):
                self._require_narrow(publication, version, chosen)
            return self._done(self.store.set_audience(slug, chosen, subject.name))

    def tighten(self, subject: Subject, slug: str, thresholds: Thresholds) -> Publication:
        """Tighten from when on numbers are shown, in the versions that are published from now on.

        Tables that were released stay as they are. Where they show what would be hidden now, the insight is marked as
        not up to date, and its owner and those who checked the release are told.

        Parameters
        ----------
        subject
            Who asks: the owner.
        slug
            Which publication.
        thresholds
            The new ones.
        """
        with self.alone(slug):
            self.owned(subject, slug)
            return self.store.tighten(slug, thresholds, subject.name)

    def owned(self, subject: Subject, slug: str) -> Publication:
        """Find a publication for its owner.

        Raises
        ------
        AccessDeniedError
            It is somebody else's.
        EntryNotFoundError
            There is none that they may know of.
        """
        asking.require_person(subject)
        publication = self.store.find(slug)
        if publication and not publication.shipped and publication.owner == subject.name:
            return publication
        if publication and self._may_see(subject, slug):
            raise AccessDeniedError(
                f"{slug!r} is published by {publication.owner}, who looks after it.", hint=f"Ask {publication.owner}."
            )
        raise _not_there(slug)

    def is_own(self, subject: Subject, slug: str) -> bool:
        """Tell whether a publication is somebody's; of another's that they may see, it is said whose it is.

        Raises
        ------
        AccessDeniedError
            It is somebody else's, whom they may know.
        """
        try:
            self.owned(subject, slug)
        except EntryNotFoundError:
            return False
        return True

    def _owned_or_steward(self, subject: Subject, slug: str) -> Publication:
        publication = self.store.find(slug)
        asking.require_person(subject)
        if publication and STEWARDS in subject.groups and self._is_for_steward(subject, publication):
            return publication
        return self.owned(subject, slug)

    def _is_for_steward(self, subject: Subject, publication: Publication) -> bool:
        """Tell whether a steward may know of a publication: they can see it, or are steward of data beneath it."""
        version = self._current(publication)
        beneath = self.used(version).values() if version else ()
        stewards = any(self.store.decide(subject, "steward", each).allowed for each in beneath)
        return stewards or self._may_see(subject, publication.slug)

    def _may_see(self, subject: Subject, slug: str) -> bool:
        entry = self.store.entry(slug)
        return entry is not None and self.store.decide(subject, "see", entry).allowed

    def _current(self, publication: Publication) -> Version | None:
        return self.store.version(publication.slug, publication.current) if publication.current else None

    def _require_narrow(self, publication: Publication, version: Version, audience: Iterable[str]) -> None:
        if said := self.too_wide(publication, version, audience):
            raise UsageError(" ".join(said))

    def _done(self, publication: Publication) -> Publication:
        self.write_entry(publication.slug)
        return publication

    def write_entry(self, slug: str) -> None:
        """Let the register's entry say how a publication stands. The same leaves no trace.

        Raises
        ------
        UsageError
            What stands makes no entry.
        RegisterUnavailableError
            The register does not take it.
        """
        with self.alone(slug):
            publication = self.store.find(slug)
            version = self._current(publication) if publication else None
            if publication is None:
                return
            if version is not None and publication.state != "withdrawn":
                self.write_entry_of(publication, version)
            elif not publication.shipped and self.register.names(entries.source_of(publication)):
                self.register.upsert([], source=entries.source_of(publication), complete=True)

    def write_entry_of(self, publication: Publication, version: Version) -> None:
        """Let the register's entry say how a publication stands when this version of it is shown.

        Parameters
        ----------
        publication, version
            As they stand, or will in a moment.
        """
        entry = entries.entry_of(
            publication, version, self.label(version), self.used(version), self._publishers(publication)
        )
        report = self.register.upsert([entry], source=entries.source_of(publication))
        if report.refused:
            raise RegisterUnavailableError(
                f"The register has no entry of {publication.slug}: {report.refused[0].reason}."
            )

    def _publishers(self, publication: Publication) -> Mapping[str, Publisher]:
        if not publication.shipped:
            return {}
        records = self.register.fact("publishers") or {}
        return {name: Publisher.from_dict(record) for name, record in records.items()}


def _reason(reason: str) -> str:
    said = " ".join(reason.split())
    if not said:
        raise UsageError("Say why, in a sentence.", hint="People who used it will read it.")
    if len(said) > LONGEST_REASON:
        raise UsageError(f"The reason is longer than {LONGEST_REASON} characters.", hint="Say it in a sentence.")
    return said


def _not_there(slug: str) -> EntryNotFoundError:
    return EntryNotFoundError(
        f"Nothing was published here as {slug[:120]!r}.", hint="List what is yours with `londata insight list`."
    )
