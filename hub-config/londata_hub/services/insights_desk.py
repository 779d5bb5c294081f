"""What owners of insights do: asked of the publisher, which decides whether they may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import Any

from londata.access import Subject
from londata.errors import EntryNotFoundError
from londata.records.identifiers import MAX_SLUG
from londata.records.publications import Publication, Version
from londata_hub.publishing.asking import Asked
from londata_hub.publishing.honesty import impact
from londata_hub.publishing.publisher import Publisher
from londata_hub.services.insights_checking import Checking, audience_of, person_of
from londata_hub.services.insights_counter import Counter
from londata_hub.services.insights_facts import Owned, Shown, told, was_open
from londata_hub.services.insights_hall import SEE_THEM, is_owner
from londata_hub.services.insights_parameters import NewThresholds, NewVersion

#: Requests that bring files at a time: each may be large.
UPLOADS = 2
PREFIX = "/services/insights/"


class Desk(Checking):
    """Where insights are changed.

    Parameters
    ----------
    hall
        Where they are looked at.
    publisher
        Does what is asked, if whoever asks may.
    """

    def __init__(self, hall: Counter, publisher: Publisher) -> None:
        super().__init__(hall, publisher)
        self.uploads = asyncio.Semaphore(UPLOADS)

    async def publish(self, subject: Subject, wanted: NewVersion) -> dict[str, Any]:
        """Publish an insight, or a new version of one; gives the version as it stands.

        Parameters
        ----------
        subject
            Who asks.
        wanted
            What is to be published; nothing of it is believed.
        """
        person_of(subject)
        audience = () if wanted.audience is None else audience_of(wanted.audience or [f"person:{subject.name}"])

        def work() -> Version:
            asked = Asked(
                slug=wanted.slug,
                files=wanted.contents(),
                record=wanted.record,
                project=wanted.project,
                audience=audience,
                start=wanted.start,
            )
            return self.publisher.publish(subject, asked)

        version = await self.asked(work)
        return self._version_told(version, mine=True)

    def versions(self, subject: Subject, slug: str) -> list[dict[str, Any]]:
        """List the versions of an insight that somebody may know of, newest first."""
        shown = self.hall.find(subject, slug)
        return [self._version_told(each, shown.mine) for each in self._versions(shown)]

    def _versions(self, shown: Shown) -> list[Version]:
        if shown.publication is None:
            return []
        found = self.hall.store.versions(shown.slug)
        return [each for each in found if shown.mine or was_open(each, shown.publication)]

    def version(self, subject: Subject, slug: str, number: int) -> dict[str, Any]:
        """Show one version of an insight.

        Parameters
        ----------
        subject
            Who asks.
        slug, number
            Which version.

        Raises
        ------
        EntryNotFoundError
            There is none of this number for them.
        """
        shown = self.hall.find(subject, slug)
        for each in self._versions(shown):
            if each.number == number:
                return self._version_told(each, shown.mine)
        raise EntryNotFoundError(f"There is no version {number} of {slug!r}.", hint="See its versions.")

    def _version_told(self, version: Version, mine: bool) -> dict[str, Any]:
        """Write a version; what its check found may quote its notebook, so only its owner is told."""
        said = {
            "publication": version.publication,
            "number": version.number,
            "state": version.state,
            "published_at": version.published_at,
            "published_by": version.published_by,
            "released": version.released,
            "access": version.label.access,
        }
        if mine:
            release = self.hall.store.release(version.publication, version.number) if version.waits else None
            over = release is not None and release.state == "withdrawn"
            said["waits"] = version.waits and not version.released and not over
            said["steps"] = list(self.publisher.steps(version.publication, version.number))
            said["findings"] = [each.model_dump(mode="json") for each in version.findings]
            said["start"], said["files"] = version.start, dict(version.files)
            said["kept"] = self.hall.snapshots.has(version.publication, version.number)
            said["tables"] = [each.model_dump(mode="json") for each in version.tables]
            said["rests_on"] = [each.model_dump(mode="json") for each in version.rests_on]
        return said

    async def at_version(self, subject: Subject, slug: str, what: str, number: int) -> dict[str, Any]:
        """Let an earlier version be the current one again, or forget its files.

        Parameters
        ----------
        subject
            Who asks.
        slug, number
            Which version.
        what
            ``roll_back`` or ``forget``.
        """
        act = {"roll_back": self.publisher.roll_back, "forget": self.publisher.forget}[what]
        return await self._changed(subject, slug, lambda: act(subject, slug, number))

    async def change(self, subject: Subject, slug: str, what: str, reason: str = "") -> dict[str, Any]:
        """Pause, resume or withdraw an insight.

        Parameters
        ----------
        subject
            Who asks.
        slug
            Which one.
        what
            ``pause``, ``resume`` or ``withdraw``.
        reason
            Why, where it is shut.
        """
        change = getattr(self.publisher, {"pause": "pause", "resume": "resume", "withdraw": "withdraw"}[what])
        given = (subject, slug) if what == "resume" else (subject, slug, reason)
        return await self._changed(subject, slug, lambda: change(*given))

    async def set_audience(self, subject: Subject, slug: str, audience: Iterable[str]) -> dict[str, Any]:
        """Change who may open an insight.

        Parameters
        ----------
        subject
            Who asks.
        slug
            Which one.
        audience
            Those who may from now on.
        """
        chosen = audience_of(audience)
        return await self._changed(subject, slug, lambda: self.publisher.set_audience(subject, slug, chosen))

    async def tighten(self, subject: Subject, slug: str, wanted: NewThresholds) -> dict[str, Any]:
        """Tighten from when on numbers may be shown.

        Parameters
        ----------
        subject
            Who asks.
        slug
            Which one.
        wanted
            What changes.
        """
        before = await self.asked(lambda: self.own(subject, slug).thresholds)
        after = wanted.over(before)
        return await self._changed(subject, slug, lambda: self.publisher.tighten(subject, slug, after))

    async def _changed(self, subject: Subject, slug: str, change: Callable[[], object]) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            person_of(subject)
            change()
            shown = self.hall.find(subject, slug)
            return told(shown, PREFIX) | {"unknown": list(self.unknown(shown))}

        return await self.asked(work)

    def unknown(self, shown: Shown) -> tuple[str, ...]:
        """Say who of those for whom an insight is nobody here has heard of; for its owner."""
        if not shown.mine or shown.publication is None:
            return ()
        return self.publisher.strangers(shown.publication.audience, shown.publication.owner)

    def own(self, subject: Subject, slug: str) -> Publication:
        """Find a publication of one's own; no other is there for a change.

        Raises
        ------
        EntryNotFoundError
            They have none of this name.
        """
        person_of(subject)
        found = self.hall.store.find(slug) if len(slug) <= MAX_SLUG else None
        if found is None or not is_owner(subject, found):
            raise EntryNotFoundError(f"There is no insight {slug[:80]!r} of yours.", hint=SEE_THEM)
        return found

    def owned(self, subject: Subject, shown: Shown) -> Owned:
        """Gather what only the owner is shown of an insight."""
        versions = tuple(self.hall.store.versions(shown.slug))
        steps = tuple(self.publisher.steps(shown.slug, versions[0].number)) if versions else ()
        if shown.publication is None:
            return Owned(versions, steps)
        kept = tuple(each for each in versions if self.hall.snapshots.has(shown.slug, each.number))
        idle = tuple(each.number for each in kept if not self.publisher.why_kept(shown.publication, each))
        sizes = {each.number: self.hall.snapshots.size(shown.slug, each.number) for each in kept}
        found = Owned(versions, steps, kept=sizes, forgettable=idle, unknown=self.unknown(shown))
        number = self.releasing.at_stake(shown.publication)
        found = replace(found, at_stake=number)
        release = self.hall.store.release(shown.slug, number) if number else None
        case = self.releasing.case(shown.slug, number) if number else None
        if case is None or case.needed == 0:  # what is open releases itself
            return found
        if release is not None and release.state not in ("released", "withdrawn"):
            to_come = self.publisher.strangers(release.audience, shown.publication.owner)
            found = replace(found, unknown=tuple(dict.fromkeys((*found.unknown, *to_come))))
        if not case.version.tables:
            return replace(found, release=release)
        moves, stopped = self.releasing.moves(case, subject), self.releasing.in_the_way(case, subject)
        return replace(found, release=release, moves=moves, in_the_way=stopped)

    def impact(self, subject: Subject, entry: str) -> dict[str, Any]:
        """List the insights that rest on an entry, also through others: those that are there for the caller.

        To a steward of the data the others are named, too, with whose they are.

        Parameters
        ----------
        subject
            Who asks.
        entry
            Slug of the entry.
        """
        found = impact(self.publisher, subject, entry)
        named = {each.slug for each in found}
        others: list[dict[str, Any]] = []
        there = self.hall.store.entry(entry)
        if there is not None and self.hall.store.decide(subject, "steward", there).allowed:
            hidden = [each for each in self.hall.store.using(entry) if each.slug not in named]
            others = [
                {"slug": each.slug, "owner": each.owner, "state": each.state, "stale": each.stale} for each in hidden
            ]
        return {"entry": entry, "insights": [asdict(each) for each in found], "others": others}
