"""Releases as people ask for them and check them: who may look, which step they may take, and taking it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace

from londata.access import STEWARDS, Subject
from londata.access.labels import may_open
from londata.access.releasing import (
    WAYS,
    Case,
    approvers,
    at_stake,
    licence_lines,
    may_move,
    require_reason,
    steps_open,
)
from londata.errors import EntryNotFoundError, UsageError
from londata.records import Release
from londata.records.publications import Finding, Publication, ReleaseState, Step, Version
from londata_hub.publishing.publisher import Publisher
from londata_hub.publishing.releasing import audited, brought_along, released_before

NONE = "See the releases that you may check, or those of your own insights."


class Releases:
    """The releases of one hub.

    Parameters
    ----------
    publisher
        Looks after what was published.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher, self._store = publisher, publisher.store
        self._one_step = threading.Lock()  # so that no two releases miss each other

    def case(self, slug: str, number: int) -> Case | None:
        """Gather what the steps of a release depend on, as it stands now; ``None`` where there is no such version."""
        publication, version = self._store.find(slug), self._store.version(slug, number)
        if publication is None or version is None or publication.shipped:
            return None
        release = self._store.release(slug, number)
        label = self._publisher.label(version)
        begun = release or Release(publication=slug, version=number, author=version.published_by)
        entries = {each.entry: self._store.entry(each.entry) for each in version.rests_on}
        return Case(
            publication,
            version,
            begun,
            label,
            findings=self._findings(version, publication),
            unlicensed=licence_lines(entries)[1] if label.access == "open" else (),
            owners=frozenset({publication.owner}),
            approvers=approvers(label, self._store.arrangements()),
            brought=brought_along(version, self._publisher.snapshots) if label.access != "open" else (),
        )

    def _findings(self, version: Version, publication: Publication) -> tuple[Finding, ...]:
        """Look at its tables again, beside all that was released of the same data before."""
        if not version.tables:
            return ()
        snapshots = self._publisher.snapshots
        before = [  # the files of what rests on open data alone can be forgotten
            each
            for each in released_before(version, self._store)
            if each.label.access != "open" or snapshots.has(each.publication, each.number)
        ]
        return audited(version, snapshots, publication.thresholds, before)

    def moves(self, case: Case, subject: Subject) -> tuple[ReleaseState, ...]:
        """List the steps that somebody may take now; a draft is not worth a step of its own."""
        return tuple(to for to in steps_open(case, subject) if to != "draft")

    def in_the_way(self, case: Case, subject: Subject) -> tuple[str, ...]:
        """Say why no check can be asked for, where that would be the next step."""
        if "submitted" not in WAYS[case.release.state]:
            return ()
        return may_move(case, "submitted", subject, "as they wish").reasons

    def at_stake(self, publication: Publication) -> int:
        """Number the version that a release would be of; 0 where there is none yet."""
        versions = self._store.versions(publication.slug)
        found = (self._store.release(each.publication, each.number) for each in versions if each.waits)
        return at_stake(publication, versions, [each for each in found if each is not None])

    def may_look(self, case: Case, subject: Subject) -> bool:
        """Tell whether a release is there for somebody: they made it, or are a steward of a body that may check it."""
        if not subject.name or subject.owner:
            return False
        if subject.name.casefold() in case.involved:
            return True
        return bool(case.release.steps) and self.may_check(case, subject)

    def may_check(self, case: Case, subject: Subject) -> bool:
        """Tell whether somebody may see the numbers behind a release: those who check it alone."""
        is_party = not subject.organisations.isdisjoint(case.label.parties or ())
        return (
            STEWARDS in subject.groups
            and is_party
            and not subject.owner
            and "/" not in subject.name
            and subject.name.casefold() not in case.involved
        )

    def move(
        self, subject: Subject, slug: str, number: int, to: ReleaseState, why: str, audience: Iterable[str] = ()
    ) -> Release:
        """Take a step.

        Parameters
        ----------
        subject
            Who takes it.
        slug, number
            Of which version.
        to, why
            Where it goes, and the reason.
        audience
            To whom it is to be opened, where it is asked for; whoever may open it already, where nobody is named.

        Raises
        ------
        UsageError
            It takes a reason, and has none.
        AccessDeniedError
            They may not; the sentence says why.
        EntryNotFoundError
            There is no such release for them.
        """
        with self._publisher.alone(slug), self._one_step:
            case = self.case(slug, number)
            if case is None or not self.may_look(case, subject):
                raise EntryNotFoundError(f"There is no release of {slug[:80]!r}.", hint=NONE)
            require_reason(to, why)
            may_move(case, to, subject, why).require()
            release = case.release
            chosen = tuple(dict.fromkeys(audience)) or release.audience or case.publication.audience
            if to == "submitted":
                release = release.model_copy(update={"audience": chosen})
            step = Step(to=to, by=subject.name, at=self._store.now(), why=why)
            shows_other = to == "released" or (to == "withdrawn" and release.state == "released")
            if shows_other and case.label.access != "open":
                self._publisher.snapshots.drop_picture(slug, number)  # before anybody else may see it
            moved = self._store.move(release, step, case.findings)
            if to == "withdrawn" and release.state == "released":
                self._narrow(replace(case, release=moved))
            self._publisher.write_entry(slug)
        if shows_other:
            self._publisher.picture_anew(slug, number)
        return moved

    def _narrow(self, case: Case) -> None:
        """Take the insight back from those to whom the release alone had opened it."""
        publication = self._store.find(case.publication.slug)
        if publication is None or publication.current != case.version.number:
            return  # what is shown was not opened by this release
        wide = [each for each in publication.audience if may_open([each], case.label, publication.project)]
        if wide:
            rest = tuple(each for each in publication.audience if each not in wide)
            own = (f"project:{publication.project}",) if publication.project else (f"person:{publication.owner}",)
            self._store.set_audience(publication.slug, rest or own, "londata")


def number_of(text: str) -> int:
    """Read the number of a version out of an address or a form.

    Raises
    ------
    UsageError
        It is none.
    """
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise UsageError("There is no such version.", hint="Choose one of those that are listed.")
    return int(text)
