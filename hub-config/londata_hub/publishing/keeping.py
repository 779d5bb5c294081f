"""How much is kept of what was published: limits for an insight and a person, and forgetting the files of old versions.

The record of a version stays for good, with the hashes of its files and the line about it; only its files can be
forgotten. Those of a version that did not pass its check are gone at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from londata.access import Subject
from londata.errors import EntryNotFoundError, UsageError
from londata.records.publications import Publication, Version
from londata_hub.publishing.acquaintance import People
from londata_hub.publishing.custody import Custody
from londata_hub.publishing.snapshots import Snapshots
from londata_hub.store import RegisterStore
from londata_hub.store.publication_store import PublicationStore

#: States in which a release of a version needs its files.
_UNDER_WAY = ("draft", "submitted", "reviewed", "approved")
#: Insights that a refusal names, those that take most first.
_NAMED = 3


@dataclass(frozen=True)
class Quota:
    """What one person may have here: insights, versions of one insight with their files, and bytes of files in all."""

    insights: int = 200
    versions: int = 50
    size: int = 2_000_000_000


class Keeping(Custody):
    """Looks after the files of what was published.

    Parameters
    ----------
    store, register
        As :class:`~londata_hub.publishing.custody.Custody` takes them.
    snapshots
        Where files are kept.
    quota
        How much of one person.
    people
        As :class:`~londata_hub.publishing.custody.Custody` takes it.
    """

    def __init__(
        self,
        store: PublicationStore,
        register: RegisterStore,
        snapshots: Snapshots,
        quota: Quota | None = None,
        people: People | None = None,
    ) -> None:
        super().__init__(store, register, people)
        self.snapshots, self.quota = snapshots, quota or Quota()

    def require_room(self, owner: str, slug: str, files: Mapping[str, bytes]) -> None:
        """See that a person may have another version.

        Parameters
        ----------
        owner
            Whose it is to be.
        slug, files
            Of which insight, and what is to be kept of it.

        Raises
        ------
        UsageError
            It would be too much; the sentence says what to do.
        """
        mine = [each.slug for each in self.store.of(owner)]
        if slug not in mine and len(mine) >= self.quota.insights:
            raise UsageError(
                f"You have published {len(mine)} insights, and nobody may have more.",
                hint="Publish it as a new version of one of them, or ask whoever runs the hub for more.",
            )
        kept = self.snapshots.numbers(slug)
        if len(kept) >= self.quota.versions:
            raise UsageError(
                f"The files of {len(kept)} versions of {slug!r} are kept, and there cannot be more.",
                hint=f"Forget old ones: `londata insight forget {slug} {kept[0]}`.",
            )
        sizes = {each: self.snapshots.size(each) for each in mine}
        total = sum(sizes.values()) + sum(map(len, files.values()))
        if total > self.quota.size:
            largest = sorted(sizes, key=lambda each: -sizes[each])[:_NAMED]
            named = ", ".join(f"{each} ({_megabytes(sizes[each])})" for each in largest)
            raise UsageError(
                f"The files of your insights would take {_megabytes(total)} of {_megabytes(self.quota.size)}.",
                hint=f"Forget old versions: `londata insight forget NAME VERSION`. Most is in {named or 'this one'}.",
            )

    def forget(self, subject: Subject, slug: str, number: int) -> Publication:
        """Remove the files of an old version, to make room. It cannot be shown again; its record stays.

        Parameters
        ----------
        subject
            Who asks: the owner.
        slug, number
            Which version of which publication.

        Raises
        ------
        UsageError
            Its files are needed, or gone already.
        EntryNotFoundError
            There is no such version.
        """
        with self.alone(slug):
            publication, version = self.owned(subject, slug), self.store.version(slug, number)
            if version is None:
                raise EntryNotFoundError(f"{slug!r} has no version {number}.", hint="See its versions.")
            if why := self.why_kept(publication, version):
                raise UsageError(f"The files of version {number} of {slug!r} are kept: {why}.")
            self.store.forget(slug, number, subject.name, self.snapshots.size(slug, number))
            self.snapshots.drop(slug, number)
            return publication

    def why_kept(self, publication: Publication, version: Version) -> str:
        """Say why the files of a version cannot be forgotten; empty where they can be."""
        if version.state == "checking":
            return "it is being checked"
        if not self.snapshots.has(version.publication, version.number):
            return "none of them is left"
        if version.number == publication.current and publication.state != "withdrawn":
            return "it is the version that is shown"
        release = self.store.release(version.publication, version.number)
        over = "withdrawn" in (publication.state, release.state if release else "")
        if version.waits and version.number > publication.current and not over:
            return "it waits for its release"
        if release is None or version.label.access == "open":
            return ""
        if any(step.to == "released" for step in release.steps):
            return "its tables were released, and what is released later is compared with them"
        return "a release of it is under way" if release.state in _UNDER_WAY else ""

    def roll_back(self, subject: Subject, slug: str, number: int) -> Publication:
        """Show an earlier version again, if its files are still there: see :meth:`Custody.roll_back`.

        Parameters
        ----------
        subject
            Who asks: the owner.
        slug, number
            Which version of which publication.
        """
        with self.alone(slug):
            self.owned(subject, slug)
            version = self.store.version(slug, number)
            if version and version.state == "ready" and not self.snapshots.has(slug, number):
                raise UsageError(
                    f"The files of version {number} of {slug!r} were forgotten, so it cannot be shown.",
                    hint="Choose another version, or publish it again.",
                )
            return super().roll_back(subject, slug, number)


def _megabytes(size: int) -> str:
    return f"{max(size, 0) / 1e6:,.1f} MB"
