"""Whether an insight is there for a viewer: what its publication says, its entry in the register, and what it shows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from londata.access import Subject
from londata.access.viewing import NOT_THERE, View, may_view
from londata.records.publications import Publication, PublicationState, Version
from londata_hub.audit import Event
from londata_hub.store.publication_store import PublicationStore

NOBODY = Subject("")
#: Versions that are kept at hand: they never change.
MOST_VERSIONS = 200
HERE = View(True, True, "")
NOT_YET = View(False, False, "No version of this insight has passed its check yet.")


@dataclass(frozen=True)
class Look:
    """What a viewer is told of an insight.

    ``version`` is the one they see, 0 of an app that nobody published. ``is_listed`` tells whether everybody may know
    of it, so that it is worth a log-in. ``stale`` says in a sentence what has changed since under it.
    """

    view: View
    version: int = 0
    is_listed: bool = False
    stale: str = ""
    project: str = ""
    state: PublicationState = "live"


class Viewing:
    """Tells whether an insight is there for somebody.

    Parameters
    ----------
    store
        What was published, the register's entries and the arrangements. Without it there are only apps that nobody
        published, and they are there for everybody at the hub.
    """

    def __init__(self, store: PublicationStore | None = None) -> None:
        self._store = store
        self._versions: dict[tuple[str, int], Version] = {}

    async def look(self, slug: str, subject: Subject, version: int = 0, released: bool | None = None) -> Look:
        """Decide as of now whether an insight is there for somebody.

        Parameters
        ----------
        slug
            The insight.
        subject
            Who looks at it; nobody has no name.
        version
            Which version they look at; the current one where not given.
        released
            Whether it shows its released tables and nothing else. Where it does not, it is decided about as one that
            was not released; where not given, as the store has it.
        """
        return await asyncio.to_thread(self._look, slug, subject, version, released)

    async def opened(self, slug: str, look: Look, who: str) -> None:
        """Count that it was opened; and where it shows what is not open, write down by whom.

        Parameters
        ----------
        slug
            The insight.
        look
            What its viewer was told.
        who
            The name of the viewer, if they have one.
        """
        if self._store is not None and look.version:
            await asyncio.to_thread(self._opened, self._store, slug, look, who)

    async def marks(self, slugs: frozenset[str]) -> dict[str, object]:
        """Give something for each insight that is another one once anything about it has changed."""
        store = self._store
        if store is None:
            return {}
        # The arrangements themselves: the name of what is forgotten by now could be that of what came after it
        return await asyncio.to_thread(lambda: {slug: (store.find(slug), store.arrangements()) for slug in slugs})

    def _look(self, slug: str, subject: Subject, number: int, released: bool | None) -> Look:
        store = self._store
        if store is None:
            return Look(HERE if subject.name else NOT_THERE, is_listed=True)
        entry = store.entry(slug)
        is_listed = entry is not None and entry.listing == "public"
        publication = store.find(slug)
        if publication is None or _is_in_the_folder(publication):
            allowed = bool(subject.name) and (entry is None or store.decide(subject, "see", entry).allowed)
            return Look(HERE if allowed else NOT_THERE, is_listed=is_listed or entry is None)
        number = number or publication.current
        version = self._version(store, slug, number) if number else None
        if version is None:
            return Look(NOT_YET)
        if released is False:
            version = version.model_copy(update={"released": False})
        if publication.state != "withdrawn" and (
            entry is None or not all(store.decide(subject, action, entry).allowed for action in ("see", "read"))
        ):
            return Look(NOT_THERE, number, is_listed)
        names = {each.entry for each in version.rests_on}
        entries = {name: found for name in names if (found := store.entry(name)) is not None}
        view = may_view(subject, publication, version, entries, store.now(), store.arrangements())
        return Look(view, number, is_listed, publication.stale, publication.project or "", publication.state)

    def _version(self, store: PublicationStore, slug: str, number: int) -> Version | None:
        kept = self._versions.get((slug, number))
        if kept is None and (kept := store.version(slug, number)) is not None:
            if kept.state != "ready":
                return None
            if len(self._versions) >= MOST_VERSIONS:
                self._versions.clear()
            # Whether it was released can still change, so only what cannot be freer by that is kept
            if kept.label.access == "open":
                self._versions[slug, number] = kept
        return kept

    def _opened(self, store: PublicationStore, slug: str, look: Look, who: str) -> None:
        if look.view.decisions:
            decisions = [
                {"entry": each.entry_id, "agreement": each.agreement, "grant": each.grant, "until": each.until}
                for each in look.view.decisions
            ]
            details = {"version": look.version, "decisions": decisions}
            store.log(Event("insight.opened", who, subject=who, entry=slug, project=look.project, details=details))
        store.count_open(slug)


def _is_in_the_folder(publication: Publication) -> bool:
    """Tell whether an app that ships with londata has not passed its first check yet."""
    return publication.shipped and not publication.current and publication.state == "live"
