"""Insights as one visitor may see them: what pages and answers are written from. Pure."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from londata.access.labels import shows_released_tables
from londata.access.viewing import View
from londata.records import Entry, Insight
from londata.records.publications import Publication, Release, Version

#: form of an insight → what it is called in words: one, several.
FORMS = {
    "app": ("App", "Apps"),
    "report": ("Report", "Reports"),
    "model": ("Model", "Models"),
    "visualisation": ("Visualisation", "Visualisations"),
}
#: state → words.
STATES = {"current": "Up to date", "stale": "Data has changed since", "paused": "Paused", "withdrawn": "Withdrawn"}
ACCESS = {"open": "Open data", "shared": "Shared data", "closed": "Closed data"}
#: By what the gallery can be narrowed, in the order in which people meet it.
FACETS = ("form", "topic", "publisher", "access", "state")
OPEN = View(True, True, "")


@dataclass(frozen=True)
class Shown:
    """One insight for one visitor.

    Either part may be missing: what was not published here has no ``publication``, and what has never passed a check
    has no ``entry``. ``version`` is the current one, or the newest where none is current yet. ``view`` tells whether
    this visitor may open it, and ``pictured`` whether there is a picture of it. ``readers`` are those who
    may open it, as this visitor may know them.
    """

    entry: Insight | None
    publication: Publication | None = None
    version: Version | None = None
    view: View = OPEN
    mine: bool = False
    pictured: bool = False
    readers: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """What it is called in addresses."""
        return self.entry.id if self.entry else self.publication.slug if self.publication else ""

    @property
    def title(self) -> str:
        """What it is called."""
        return self.word("title") or self.slug

    @property
    def form(self) -> str:
        """What it is: ``app``, ``report``, ``model`` or ``visualisation``."""
        return self.entry.form if self.entry else self.word("form") or "app"

    @property
    def access(self) -> str:
        """How open the data is that it shows."""
        if self.entry:
            return self.entry.access
        return self.version.label.access if self.version else "closed"

    @property
    def owner(self) -> str:
        """Whose it is, in words."""
        return self.entry.owner if self.entry else self.publication.owner if self.publication else ""

    @property
    def state(self) -> str:
        """How it stands: a key of :data:`STATES`."""
        if self.publication and self.publication.state != "live":
            return self.publication.state
        return "stale" if self.stale else "current"

    @property
    def stale(self) -> str:
        """What has changed under it, in a sentence."""
        said = self.publication.stale if self.publication else ""
        return said or (self.entry.stale if self.entry else "")

    @property
    def last_run(self) -> dt.datetime | None:
        """When its figures were worked out last."""
        if self.entry and self.entry.last_run:
            return self.entry.last_run
        return self.version.published_at if self.version else None

    @property
    def audience(self) -> tuple[str, ...]:
        """Who may open it, as this visitor may know them."""
        if self.publication:
            return self.readers
        if self.entry is None or self.entry.audience:
            return self.entry.audience if self.entry else ()
        return ("public",) if self.entry.open_to_all else ("hub",) if self.entry.listing == "public" else ()

    @property
    def is_released(self) -> bool:
        """Whether it shows tables that were released, rather than the data behind them."""
        return self.version is not None and shows_released_tables(self.version)

    def word(self, name: str) -> str:
        """Give a text of its record: as the register has it, or as its author wrote it."""
        if self.entry is not None:
            return str(getattr(self.entry, name, "") or "")
        record = self.version.record if self.version else {}
        return str(record.get(name) or "")

    def values(self, facet: str) -> tuple[str, ...]:
        """Give the values by which it is found under a facet."""
        if facet == "topic":
            return (*self.entry.topics, *self.entry.tags) if self.entry else ()
        if facet == "publisher":
            return (self.entry.publisher.id,) if self.entry else ()
        return (str(getattr(self, facet)),)


@dataclass(frozen=True)
class Used:
    """One entry that an insight rests on. ``entry`` is ``None`` where it is not in the register any more."""

    slug: str
    access: str
    entry: Entry | None = None
    version: str = ""
    agreement: str = ""


@dataclass(frozen=True)
class Chosen:
    """What somebody narrowed the gallery to."""

    words: str = ""
    form: str = ""
    topic: str = ""
    publisher: str = ""
    access: str = ""
    state: str = ""
    series: str = ""

    def fits(self, shown: Shown, *, without: str = "") -> bool:
        """Tell whether an insight fits every choice; ``without`` one of them, to count what it could be."""
        for facet in FACETS:
            wanted = getattr(self, facet)
            if wanted and facet != without and wanted not in shown.values(facet):
                return False
        return True

    def params(self, **changes: str) -> dict[str, str]:
        """Write it as parameters of an address, with changes; what is empty is left out."""
        given = {"q": self.words, "series": self.series, **{name: getattr(self, name) for name in FACETS}} | changes
        return {name: value for name, value in given.items() if value}


def counted(found: Iterable[Shown], chosen: Chosen) -> dict[str, Counter[str]]:
    """Count the values of each facet among what fits the other choices."""
    items = list(found)
    return {
        facet: Counter(
            value for each in items if chosen.fits(each, without=facet) for value in dict.fromkeys(each.values(facet))
        )
        for facet in FACETS
    }


def in_order(found: Iterable[Shown]) -> list[Shown]:
    """Put what one can look at first: apps before templates of reports, and each kind by its title."""
    forms = ("app", "visualisation", "model", "report")
    return sorted(found, key=lambda each: (not each.pictured, forms.index(each.form), each.title.casefold()))


def folded(found: Iterable[Shown], chosen: Chosen) -> list[tuple[Shown, int]]:
    """Put the reports of one series behind their series, with how many there are.

    A report stands for itself where its series is not among what was found, or was asked for.
    """
    items = list(found)
    heads = {each.slug for each in items if not (each.entry and each.entry.series)}
    behind: Counter[str] = Counter()
    shown = []
    for each in items:
        series = each.entry.series if each.entry else ""
        if series and series in heads and not chosen.series:
            behind[series] += 1
        else:
            shown.append(each)
    return [(each, behind[each.slug]) for each in shown]


def audience_in_words(audience: Iterable[str], name: Callable[[str], str] = str) -> str:
    """Say who may open something.

    Parameters
    ----------
    audience
        ``public``, ``hub``, ``person:ada``, ``group:org-camden``, ``project:school-places``; ``people:3`` for three who
        are not named.
    name
        Finds the name of a body by its id.

    Returns
    -------
    str
        Words for people, without a full stop.
    """
    chosen = list(dict.fromkeys(audience))
    if "public" in chosen:
        return "Everybody, without a log-in"
    if "hub" in chosen:
        return "Everybody at the hub"
    said = []
    for each in chosen:
        kind, _, called = each.partition(":")
        if kind == "people":
            said.append(f"named people ({called})")
        elif kind == "group" and called.startswith("org-"):
            said.append(f"people of {name(called[4:])}")
        elif kind == "group":
            said.append(f"the group {called}")
        elif kind == "project":
            said.append(f"members of the project {called}")
        else:
            said.append(called)
    if said and not chosen[0].startswith("person:"):
        said[0] = said[0][0].upper() + said[0][1:]
    return ", ".join(said) or "Its owner alone"


def in_months(usage: Mapping[str, int]) -> list[tuple[dt.date, int]]:
    """Add up counts of days to months, each named by its first day, the newest first."""
    months: Counter[dt.date] = Counter()
    for day, count in usage.items():
        months[dt.date.fromisoformat(day).replace(day=1)] += count
    return sorted(months.items(), reverse=True)


@dataclass(frozen=True)
class Owned:
    """What only the owner of an insight is shown of it.

    ``versions`` are all of them, the newest first; ``steps`` how the check of the newest one goes. ``release`` is that
    of the version that waits for one, else of the current one, ``moves`` the steps that its owner can take, and
    ``in_the_way`` says why they cannot ask for a check. ``kept`` are the versions whose files are there, with the bytes
    that these have, and ``forgettable`` those of them that nothing needs. ``at_stake`` is the number of the version
    that a release would be of, ``unknown`` says whom of its audience, and of that of its release, nobody knows here.
    """

    versions: tuple[Version, ...]
    steps: tuple[str, ...] = ()
    release: Release | None = None
    moves: tuple[str, ...] = ()
    in_the_way: tuple[str, ...] = ()
    kept: Mapping[int, int] = field(default_factory=dict)
    forgettable: tuple[int, ...] = ()
    at_stake: int = 0
    unknown: tuple[str, ...] = ()


def was_open(version: Version, publication: Publication) -> bool:
    """Tell whether a version is, or was, open to those for whom the insight is.

    One that waits for its release is its owner's alone, also where a later one has passed it by.
    """
    waits = version.waits and not version.released and version.number != publication.current
    return version.state == "ready" and not waits


def told(shown: Shown, prefix: str) -> dict[str, Any]:
    """Write an insight for programs.

    Parameters
    ----------
    shown
        The insight as its reader may see it.
    prefix
        The path of the service, for addresses.
    """
    said: dict[str, Any] = {
        "slug": shown.slug,
        "title": shown.title,
        "summary": shown.word("summary"),
        "form": shown.form,
        "access": shown.access,
        "owner": shown.owner,
        "public_benefit": shown.word("public_benefit"),
        "state": shown.publication.state if shown.publication else "live",
        "stale": shown.stale,
        "reason": shown.publication.reason if shown.publication else "",
        "current": shown.publication.current if shown.publication else None,
        "audience": list(shown.audience),
        "project": shown.publication.project if shown.publication else None,
        "last_run": shown.last_run,
        "mine": shown.mine,
        "may_open": shown.view.allowed,
        "why_not": "" if shown.view.allowed else shown.view.reason,
        "address": shown.entry.address if shown.entry else "",
        "page": f"{prefix}{shown.slug}/",
    }
    if shown.version and shown.publication:
        said["released"] = shown.version.released
        said["tables"] = [each.model_dump(mode="json") for each in shown.version.tables]
    if shown.publication and shown.mine:
        said["thresholds"] = shown.publication.thresholds.model_dump()
    return said
