"""What those who ask for releases and those who check them do: looked at, read through, and moved on step by step."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from londata.access import Subject
from londata.errors import AccessDeniedError, EntryNotFoundError, UsageError
from londata.records.identifiers import MAX_SLUG
from londata.records.publications import Release, Viewer
from londata_hub.publishing.publisher import Publisher
from londata_hub.publishing.releasing import for_checkers, own_files
from londata_hub.publishing.snapshots import NOTEBOOK
from londata_hub.services.insights_counter import Counter
from londata_hub.services.insights_facts import Shown
from londata_hub.services.insights_parameters import NewStep
from londata_hub.services.insights_releases import Releases
from londata_hub.services.insights_reviews import Review

T = TypeVar("T")
#: Ending of a file that those who check a release are given → where it is in the snapshot, and what it is.
_FILES = {
    "json": ("workings/{}.json", "application/json"),
    "csv": ("tables/{}.csv", "text/csv; charset=utf-8"),
    "ipynb": ("{}.ipynb", "application/x-ipynb+json"),
}
_VIEWER: TypeAdapter[str] = TypeAdapter(Viewer)


class Checking:
    """Where releases are asked for and checked.

    Parameters
    ----------
    hall
        Where insights are looked at.
    publisher
        Looks after what was published.
    """

    def __init__(self, hall: Counter, publisher: Publisher) -> None:
        self.hall, self.publisher, self.releasing = hall, publisher, Releases(publisher)

    async def asked(self, question: Callable[[], T]) -> T:
        """Ask the database on one of a few threads."""
        return await self.hall.asked(question)

    def releases(self, subject: Subject) -> list[dict[str, Any]]:
        """List the releases that somebody asked for, or may check."""
        return [_release_told(each) for each in self.reviews(subject)]

    def reviews(self, subject: Subject) -> list[Review]:
        """List the releases that somebody asked for, or may check, the newest first."""
        found = (self._review(subject, each) for each in self.hall.store.releases())
        reviews = [each for each in found if each is not None]
        return sorted(reviews, key=lambda each: each.since, reverse=True)

    def review(self, subject: Subject, slug: str, number: int) -> Review:
        """Find a release that somebody asked for, or may check, with what they may see of its workings.

        Parameters
        ----------
        subject
            Who asks.
        slug, number
            Of which version of which insight.
        """
        release = self.hall.store.release(slug, number) if len(slug) <= MAX_SLUG else None
        found = self._review(subject, release) if release else None
        if found is None:
            raise EntryNotFoundError(f"There is no release of {slug[:80]!r}.", hint="See the releases to check.")
        return found

    def _review(self, subject: Subject, release: Release) -> Review | None:
        case = self.releasing.case(release.publication, release.version)
        if case is None or not self.releasing.may_look(case, subject):
            return None
        version, moves = case.version, self.releasing.moves(case, subject)
        title = str(version.record.get("title") or release.publication)
        used, _ = self.hall.used(subject, Shown(None, case.publication, version, mine=True))
        may_check = self.releasing.may_check(case, subject)
        about = Review(release, title, version, case.label, case.publication.thresholds, used)
        waits = release.state == "reviewed" and case.was_checked_by(subject)
        return replace(about, moves=moves, may_check=may_check, needed=case.needed, has_checked=waits)

    async def move(self, subject: Subject, slug: str, number: int, wanted: NewStep) -> dict[str, Any]:
        """Let a release take its next step.

        Parameters
        ----------
        subject
            Who takes it.
        slug, number
            Of which version of which insight.
        wanted
            Where it goes, and why.
        """
        person_of(subject)
        chosen = audience_of(wanted.audience)

        def work() -> dict[str, Any]:
            release = self.releasing.move(subject, slug, number, wanted.to, wanted.why, chosen)
            unknown = self.publisher.strangers(release.audience, subject.name) if wanted.to == "submitted" else ()
            return _release_told(self.review(subject, slug, number)) | {"unknown": list(unknown)}

        return await self.asked(work)

    def workings(self, subject: Subject, slug: str, number: int) -> dict[str, Any]:
        """Give the workings of each table of a release, to those who check it.

        Parameters
        ----------
        subject
            Who asks.
        slug, number
            Of which version of which insight.

        Raises
        ------
        EntryNotFoundError
            There is no such release, or it is not for them to check.
        """
        review = self.review_with_workings(subject, slug, number)
        if not review.may_check:
            raise EntryNotFoundError(
                f"There are no workings of {slug}, version {number}, for you.",
                hint="Those who check its release see them; its author does not.",
            )
        return dict(review.workings)

    def review_with_workings(self, subject: Subject, slug: str, number: int) -> Review:
        """Find a release with its tables and their workings; its author gets it without these.

        Parameters
        ----------
        subject
            Who asks.
        slug, number
            Of which version of which insight.
        """
        review = self.review(subject, slug, number)
        found, tables = {}, {}
        for each in review.version.tables if review.may_check else ():
            try:
                document = self.hall.snapshots.read(slug, number, f"workings/{each.name}.json")
                found[each.name] = for_checkers(document)
                content = self.hall.snapshots.read(slug, number, f"tables/{each.name}.csv").decode("utf-8")
                tables[each.name] = list(csv.reader(io.StringIO(content)))
            except (EntryNotFoundError, UsageError):
                continue  # its findings say that the file is not as it was
        return replace(review, workings=found, tables=tables)

    def review_file(self, subject: Subject, slug: str, number: int, file: str) -> tuple[bytes, str]:
        """Give what those who check a release look at: its notebook, a table as it would be released, or its workings.

        Parameters
        ----------
        subject
            Who asks.
        slug, number
            Of which version of which insight.
        file
            ``app.ipynb``, ``by-ward.csv`` or ``by-ward.json``.

        Returns
        -------
        tuple of bytes and str
            Its content and its media type.
        """
        review, (name, _, kind) = self.review(subject, slug, number), file.rpartition(".")
        known = file == NOTEBOOK or (kind in ("json", "csv") and name in {each.name for each in review.version.tables})
        if not review.may_check or not known:
            raise EntryNotFoundError("There is no such file for you.", hint="Those who check a release have them.")
        place, media_type = _FILES[kind]
        content = self.hall.snapshots.read(slug, number, place.format(name))
        return (orjson.dumps(for_checkers(content)) if kind == "json" else content), media_type

    def sent_file(self, subject: Subject, slug: str, number: int, name: str) -> bytes:
        """Give those who check a release a file that its author sent beside the notebook.

        Parameters
        ----------
        subject
            Who asks.
        slug, number, name
            Which file of which version of which insight.
        """
        review = self.review(subject, slug, number)
        if not review.may_check or name not in own_files(review.version):
            raise EntryNotFoundError("There is no such file for you.", hint="Those who check a release have them.")
        return self.hall.snapshots.read(slug, number, name)


def person_of(subject: Subject) -> str:
    """Name the person who asks; insights are people's.

    Raises
    ------
    AccessDeniedError
        It is nobody, a service, or what acts for somebody.
    """
    if not subject.name or subject.owner or "/" in subject.name:
        raise AccessDeniedError("Only people publish insights.", hint="Use the token of your own server.")
    return subject.name


def audience_of(names: Iterable[str]) -> tuple[str, ...]:
    """Read who may open something.

    Raises
    ------
    UsageError
        One of them is none of those who can be named.
    """
    found = []
    for name in dict.fromkeys(names):
        try:
            found.append(_VIEWER.validate_python(name))
        except ValidationError as error:
            raise UsageError(
                f"The audience cannot be {name[:80]!r}.",
                hint="Write public, hub, person:ada, group:org-camden or project:school-places.",
            ) from error
    return tuple(found)


def _release_told(review: Review) -> dict[str, Any]:
    said = review.release.model_dump(mode="json")
    return said | {"title": review.title, "moves": list(review.moves), "access": review.version.label.access}
