"""What insights there are for whom: the register's entries and what was published here, decided for each visitor.

One that somebody may not see is, to them, not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TypeVar

import anyio

from londata.access import STEWARDS, Subject, as_shown, may_know_names, readers_shown, without_names
from londata.access.labels import access_of
from londata.access.viewing import View, may_view
from londata.errors import EntryNotFoundError
from londata.query import Query
from londata.records import Entry, Insight
from londata.records.identifiers import MAX_SLUG, SLUG
from londata.records.publications import Publication, Version
from londata_hub.jobs.shelving import ANALYSTS
from londata_hub.publishing.snapshots import PICTURE, Snapshots
from londata_hub.services.insights_facts import OPEN, Chosen, Shown, Used
from londata_hub.store import RegisterStore
from londata_hub.store.publication_store import PublicationStore

T = TypeVar("T")
#: Questions to the database at a time.
LOOKUPS = 4
SEE_THEM = "See what there is: insights.published() in Python, or londata insight list in a terminal."


class Hall:
    """Where insights are looked at.

    Parameters
    ----------
    register
        The register and its search index.
    store
        What was published here, the arrangements and the log.
    state
        The hub's folder: ``insights/`` is below it.
    """

    def __init__(self, register: RegisterStore, store: PublicationStore, state: Path) -> None:
        self.register, self.store, self.snapshots = register, store, Snapshots(state / "insights")
        self._at_once = anyio.CapacityLimiter(LOOKUPS)

    async def asked(self, question: Callable[[], T]) -> T:
        """Ask the database on one of a few threads."""
        return await anyio.to_thread.run_sync(question, limiter=self._at_once)

    def seen(self, subject: Subject, chosen: Chosen) -> list[Shown]:
        """List the insights that are there for somebody and have the words, best first; their own drafts are left out.

        Parameters
        ----------
        subject
            Who looks; nobody has no name.
        chosen
            What they look for. Facets are not applied here.
        """
        published = {each.slug: each for each in self.store.all()}
        found = self.register.slugs(Query(text=chosen.words, kind=("insight",)))
        entries = [entry for slug in found if isinstance(entry := self.register.find(slug), Insight)]
        if chosen.series:
            entries = [each for each in entries if chosen.series in (each.series, each.id)]
        shown = (self._shown(subject, each, published.get(each.id)) for each in entries)
        return [each for each in shown if each is not None]

    def find(self, subject: Subject, slug: str) -> Shown:
        """Find an insight that is there for somebody.

        Raises
        ------
        EntryNotFoundError
            There is none for them.
        """
        if len(slug) <= MAX_SLUG and SLUG.match(slug):
            entry, publication = self.store.entry(slug), self.store.find(slug)
            found = self._shown(subject, entry if isinstance(entry, Insight) else None, publication)
            if found is not None:
                return found
        raise EntryNotFoundError(f"There is no insight {slug[:MAX_SLUG]!r}.", hint=SEE_THEM)

    def is_there(self, subject: Subject, slug: str) -> bool:
        """Tell whether an insight is there for somebody."""
        try:
            self.find(subject, slug)
        except EntryNotFoundError:
            return False
        return True

    def own(self, subject: Subject) -> list[Shown]:
        """List what somebody published, the newest first, what is withdrawn or was never shown included."""
        if not subject.name or subject.owner:
            return []
        mine = sorted(self.store.of(subject.name), key=lambda each: each.created_at, reverse=True)
        found = ((each, self.store.entry(each.slug)) for each in mine if not each.shipped)
        shown = (
            self._shown(subject, entry if isinstance(entry, Insight) else None, publication)
            for publication, entry in found
        )
        return [each for each in shown if each is not None]

    def _shown(self, subject: Subject, entry: Insight | None, publication: Publication | None) -> Shown | None:
        mine = publication is not None and is_owner(subject, publication)
        if entry is not None and not mine and not self.may_see(subject, entry):
            return None
        if publication is None:
            return Shown(self._without(subject, entry), view=self._readable(subject, entry)) if entry else None
        version = self._version(publication, mine)
        view = self._view(subject, publication, version)
        if not mine and (not view.is_there or entry is None or publication.state == "withdrawn"):
            return None
        readers = readers_shown(
            publication.audience, subject, by_name=self._may_name_readers(subject, publication, version)
        )
        known = self._without(subject, entry) if entry else None
        shown = Shown(known, publication, version, view, mine, readers=readers)
        # A picture shows what the app shows, so it is for those who may open it.
        pictured = (view.allowed or self._rests_on_open(version)) and self.has(shown, PICTURE)
        return replace(shown, pictured=pictured)

    def _may_name_readers(self, subject: Subject, publication: Publication, version: Version | None) -> bool:
        """Tell whether somebody may know by name who may open an insight: see :func:`~londata.access.may_know_names`.

        Stewards of what it rests on may, and those of a body that checks what is made of it.
        """
        now, arrangements = self.store.now(), self.store.arrangements()
        if may_know_names(subject, publication.owner, publication.project, now, arrangements):
            return True
        if STEWARDS not in subject.groups or subject.owner or version is None:
            return False
        if not subject.organisations.isdisjoint(version.label.parties or ()):
            return True
        beneath = self.entries(each.entry for each in version.rests_on).values()
        return any(self.store.decide(subject, "steward", each).allowed for each in beneath)

    def _rests_on_open(self, version: Version | None) -> bool:
        """Tell whether all that a version rests on was open when it was read, and still is."""
        if version is None:
            return False
        entries = self.entries(each.entry for each in version.rests_on)
        return all(access_of(each, entries.get(each.entry)) == "open" for each in version.rests_on)

    def _version(self, publication: Publication, mine: bool) -> Version | None:
        if publication.current:
            return self.store.version(publication.slug, publication.current)
        return next(iter(self.store.versions(publication.slug)), None) if mine else None

    def _view(self, subject: Subject, publication: Publication, version: Version | None) -> View:
        if version is None or not publication.current:
            return View(False, False, "No version of it has passed its check yet.")
        entries = self.entries(each.entry for each in version.rests_on)
        return may_view(subject, publication, version, entries, self.store.now(), self.store.arrangements())

    def _readable(self, subject: Subject, entry: Insight) -> View:
        decision = self.store.decide(subject, "read", entry)
        return OPEN if decision.allowed else View(False, True, " ".join(decision.reasons))

    def _without(self, subject: Subject, entry: Insight) -> Insight:
        names = tuple(filter(None, (*entry.uses, entry.series)))
        known = {slug for slug, each in self.entries(names).items() if self._may_name(subject, each)}
        shown = as_shown(entry, {name for name in names if name not in known})
        nameless = without_names(shown, subject)
        return nameless if isinstance(nameless, Insight) else entry

    def entries(self, slugs: Iterable[str]) -> Mapping[str, Entry]:
        """Find the entries of these names that are in the register."""
        return {slug: entry for slug in dict.fromkeys(slugs) if (entry := self.store.entry(slug)) is not None}

    def may_see(self, subject: Subject, entry: Entry) -> bool:
        """Tell whether an entry is there for somebody."""
        return self.store.decide(subject, "see", entry).allowed

    def _may_name(self, subject: Subject, entry: Entry) -> bool:
        """Tell whether an entry may be named where an insight is shown: to anybody, if it is listed for everybody."""
        return entry.listing == "public" or self.may_see(subject, entry)

    def data(self, subject: Subject, slug: str) -> Entry:
        """Find an entry of data whose card somebody may be shown.

        Raises
        ------
        EntryNotFoundError
            There is none for them.
        """
        entry = self.store.entry(slug) if len(slug) <= MAX_SLUG and SLUG.match(slug) else None
        if entry is None or isinstance(entry, Insight) or not self._may_name(subject, entry):
            raise EntryNotFoundError(f"There is no entry {slug[:MAX_SLUG]!r}.", hint="Search the register for it.")
        return entry

    def used(self, subject: Subject, shown: Shown) -> tuple[list[Used], int]:
        """List what an insight rests on, as its reader may know it, and count what they may not.

        Parameters
        ----------
        subject
            Who reads.
        shown
            The insight.
        """
        if shown.version is None or not shown.version.rests_on:
            slugs = list(shown.entry.uses) if shown.entry else []
            known = self.entries(slugs)
            return [Used(slug, known[slug].access, known[slug]) for slug in slugs if slug in known], 0
        found: list[Used] = []
        withheld = set()
        entries = self.entries(each.entry for each in shown.version.rests_on)
        for each in shown.version.rests_on:
            entry = entries.get(each.entry)
            if entry is not None and self._may_name(subject, entry):
                found.append(Used(each.entry, each.access, entry, each.version, each.agreement))
            elif entry is None and shown.mine:
                found.append(Used(each.entry, each.access, None, each.version, each.agreement))
            else:
                withheld.add(each.entry)
        return found, len(withheld)

    def built_on(self, subject: Subject, slug: str) -> list[Shown]:
        """List the insights that rest on an entry and are there for somebody, by name.

        What the register says that an insight uses counts as well as what its version read.
        """
        names = set(self.register.slugs(Query(kind=("insight",), uses=(slug,))))
        names |= {each.slug for each in self.store.using(slug)}
        found = []
        for name in sorted(names):
            try:
                found.append(self.find(subject, name))
            except EntryNotFoundError:
                continue
        return found

    def names(self) -> dict[str, str]:
        """Map the ids of publishers to their names, and those of themes to their titles."""
        publishers = self.register.fact("publishers") or {}
        named = {name: str(told.get("name") or name) for name, told in publishers.items()}
        return {ANALYSTS.id: ANALYSTS.name} | named | self.register.themes()

    def has(self, shown: Shown, name: str) -> bool:
        """Tell whether the hub keeps a file of the current version."""
        if shown.publication is None or shown.version is None:
            return False
        return (self.snapshots.place(shown.slug, shown.version.number) / name).is_file()

    def open(self, shown: Shown, name: str) -> IO[bytes]:
        """Open a file that the hub keeps of the current version.

        Parameters
        ----------
        shown
            The insight.
        name
            Below the folder of its version: ``thumbnail.png``, ``tables/residents.csv``.

        Raises
        ------
        EntryNotFoundError
            There is none.
        """
        if shown.publication is not None and shown.version is not None:
            return self.snapshots.open(shown.slug, shown.version.number, name)
        raise EntryNotFoundError(f"{shown.title} has no file {name[:120]!r}.", hint="See its page.")


def is_owner(subject: Subject, publication: Publication) -> bool:
    """Tell whether somebody published it, by themselves: what acts for them manages nothing."""
    return bool(subject.name) and not subject.owner and not publication.shipped and subject.name == publication.owner
