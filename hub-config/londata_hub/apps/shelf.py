"""Which apps there are: of each publication the version that is current, and what is still in the apps' own folder."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from londata.access import Arrangements
from londata.access.labels import access_of
from londata.catalog_files.plain_yaml import YamlProblem, read_yaml
from londata.records import Entry
from londata.records.identifiers import MAX_SLUG, SLUG
from londata.records.publications import Publication, Start, Version
from londata_hub.apps.limits import AppLimits
from londata_hub.apps.passing import Acting

log = logging.getLogger(__name__)

#: Seconds for which an app that the store knew is believed to be there: a page asks for twenty files at once.
BELIEVE = 0.5


@dataclass(frozen=True)
class App:
    """One version of an app: what it is called, what it is for, whose it is, its notebook, and for whom it is listed.

    ``version`` is 0 for one that was never published. ``start`` says whether viewers share the beginning of one run,
    ``limits`` what it may take, ``acting`` as what it asks the hub, ``project`` for what, ``reads`` what it gets of
    data that is not open, in short.
    """

    slug: str
    title: str
    summary: str
    owner: str
    notebook: Path
    listing: str = "public"
    version: int = 0
    start: Start = "shared"
    project: str = ""
    limits: AppLimits = field(default_factory=AppLimits)
    acting: Acting | None = None
    reads: str = ""

    @property
    def folder(self) -> Path:
        """The app's folder, its snapshot if it was published; the app sees it, read only."""
        return self.notebook.parent

    @property
    def key(self) -> str:
        """What tells one version from another, and a process that holds data from one that must not hold it any more.

        One that was released shows its tables alone, and where an agreement covers something else than it did, what
        was read before is not for those who look at it now.
        """
        form = "-released" if self.acting and self.acting.released else f"-{self.reads}" if self.reads else ""
        return f"{self.slug}@{self.version}{form}" if self.version else self.slug


class Publications(Protocol):
    """What the shelf asks the store."""

    def find(self, slug: str) -> Publication | None:
        """Find a publication."""

    def version(self, slug: str, number: int) -> Version | None:
        """Find one version."""

    def all(self) -> list[Publication]:
        """List all publications."""

    def entry(self, slug: str) -> Entry | None:
        """Find an entry of the register."""

    def arrangements(self) -> Arrangements:
        """Give the agreements as they stand."""


class Shelf(Mapping[str, App]):
    """The apps that can be opened now, by slug.

    Parameters
    ----------
    store
        What was published; a new version, a roll-back or a withdrawal shows at the next look.
    snapshots
        The folder of snapshots, ``<slug>/<number>/``.
    folder
        Apps that were not published (yet): one is there as long as the store knows nothing of its name.
    """

    def __init__(self, store: Publications | None, snapshots: Path, folder: Path | None = None) -> None:
        self._store, self._snapshots = store, snapshots
        self._unpublished = find_apps(folder) if folder is not None else {}
        self._known: dict[str, tuple[float, App]] = {}

    def __getitem__(self, slug: str) -> App:
        """Find the current version of an app."""
        until, known = self._known.get(slug, (0.0, None))
        if known is not None and time.monotonic() <= until:
            return known
        app = self._look(slug)
        if app is None:  # not remembered: it may be there again in a moment, and people ask for what never is
            self._known.pop(slug, None)
            raise KeyError(slug)
        if len(self._known) > 1000:
            self._known.clear()
        self._known[slug] = (time.monotonic() + BELIEVE, app)
        return app

    def __iter__(self) -> Iterator[str]:
        """List the slugs of all apps that can be opened."""
        published = [each.slug for each in self._store.all()] if self._store else []
        return iter(sorted(slug for slug in {*published, *self._unpublished} if slug in self))

    def __len__(self) -> int:
        """Count them."""
        return sum(1 for _ in self)

    def one(self, slug: str, number: int) -> App | None:
        """Find a version whether or not it is current, for its check and its picture."""
        publication = self._store.find(slug) if self._store else None
        version = self._store.version(slug, number) if self._store and publication else None
        if not (self._store and publication and version):
            return None
        return _app(publication, version, self._snapshots, self._reads(self._store, version))

    def _reads(self, store: Publications, version: Version) -> str:
        """Say in short what a version gets of data that is not open, as it is agreed now; empty where all is open."""
        shut = [each for each in version.rests_on if access_of(each, store.entry(each.entry)) != "open"]
        if not shut:
            return ""
        agreements = store.arrangements().agreements
        covers = [
            (each.entry, agreement.cover_of(each.entry) if (agreement := agreements.get(each.agreement)) else None)
            for each in shut
        ]
        return hashlib.sha256(repr(covers).encode()).hexdigest()[:8]

    def _look(self, slug: str) -> App | None:
        publication = self._store.find(slug) if self._store and SLUG.match(slug) else None
        if publication is None or (publication.shipped and not publication.current and publication.state == "live"):
            return self._unpublished.get(slug)
        if publication.state != "live" or not publication.current:
            return None
        return self.one(slug, publication.current)


def _app(publication: Publication, version: Version, snapshots: Path, reads: str) -> App | None:
    notebook = snapshots / publication.slug / str(version.number) / "app.ipynb"
    if version.state == "refused" or not notebook.is_file():
        log.error("version %s of %s cannot be shown: its snapshot is not there", version.number, publication.slug)
        return None
    said: Mapping[str, Any] = version.record
    title, summary = (str(said.get(name, "")) for name in ("title", "summary"))
    return App(
        publication.slug,
        title or publication.slug,
        summary,
        publication.owner,
        notebook,
        "public" if {"public", "hub"} & set(publication.audience) else "members",
        version.number,
        version.start,
        publication.project or "",
        acting=Acting.of(version),
        reads=reads,
    )


def find_apps(folder: Path) -> dict[str, App]:
    """Find the apps of a folder, by slug. A folder whose record cannot be read is left out and logged."""
    found = {}
    for file in sorted(folder.glob("*/app.yaml")):
        slug, notebook = file.parent.name, file.with_name("app.ipynb")
        try:
            values = read_yaml(file)
        except YamlProblem as problem:
            log.error("app %s is left out: %s", slug, problem)
            continue
        record = values.get("insight") if isinstance(values, Mapping) else None
        if not isinstance(record, Mapping) or not SLUG.match(slug) or len(slug) > MAX_SLUG or not notebook.is_file():
            log.error("app %s is left out: it needs a notebook app.ipynb and a section insight", slug)
            continue
        title, summary, owner = (str(record.get(name, "")) for name in ("title", "summary", "owner"))
        listing = str(record.get("listing", "public"))
        start: Start = "fresh" if values.get("start") == "fresh" else "shared"
        found[slug] = App(slug, title, summary, owner, notebook.resolve(), listing, start=start)
    return found
