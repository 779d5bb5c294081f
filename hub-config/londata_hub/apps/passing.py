"""What of an app's questions passes on to the hub's services. Pure: an address in, as it was sent, and what it is out.

An app sees three doors, and behind each only what is in the table of that door. Everything else is not there. An
address is compared letter by letter: a percent sign fits nothing, so nothing is hidden behind one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from londata.access.labels import shows_released_tables
from londata.errors import AccessDeniedError, EntryNotFoundError, LondataError
from londata.records.identifiers import SLUG
from londata.records.publications import Version

Door = Literal["register", "gateway", "insights"]
#: ``about`` is metadata, ``content`` the bytes of open data, ``begin`` and ``data`` a reading of other data.
Kind = Literal["about", "content", "begin", "data", "tables"]

DOORS: tuple[Door, ...] = ("register", "gateway", "insights")
_SLUG = SLUG.pattern.removeprefix("^").removesuffix(r"\Z").removesuffix("$")
_NAME = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_LISTS = "search|entries|slugs|count|facets|completions|themes|agreements|me|health"
#: Door → methods, what the path below ``/services/<door>/api/v1/`` is, what it means.
_TABLE: Mapping[Door, tuple[tuple[tuple[str, ...], re.Pattern[str], Kind], ...]] = {
    "register": (
        (("GET",), re.compile(_LISTS), "about"),
        (("GET",), re.compile(rf"entries/(?P<entry>{_NAME})(?:/near)?"), "about"),
        (("GET",), re.compile(rf"entries/(?P<entry>{_SLUG})/distributions/{_SLUG}/content"), "content"),
    ),
    "gateway": (
        (("GET",), re.compile("health"), "about"),
        (("POST",), re.compile("readings"), "begin"),
        (("GET", "HEAD"), re.compile(rf"data/(?P<entry>{_SLUG})/{_SLUG}"), "data"),
    ),
    "insights": ((("GET",), re.compile(rf"insights/(?P<entry>{_SLUG})/tables(?:/{_SLUG})?"), "tables"),),
}


@dataclass(frozen=True)
class Acting:
    """As which version of which insight an app asks, and for what.

    ``allowed`` are the entries whose data it may have; ``None`` while it is checked: then whatever its owner may read
    for its project, and all of it is noted. One that is ``released`` has its own released tables and nothing else.
    ``under`` are the agreements under which it read each entry (``None`` while it is checked).
    """

    slug: str
    version: int
    allowed: frozenset[str] | None = None
    released: bool = False
    under: frozenset[tuple[str, str]] | None = None

    @classmethod
    def of(cls, version: Version) -> Acting:
        """Act as a version that is served: it may have what it read while it was checked."""
        released = shows_released_tables(version)
        allowed = frozenset(each.entry for each in version.rests_on)
        under = frozenset((each.entry, each.agreement) for each in version.rests_on)
        return cls(version.publication, version.number, frozenset() if released else allowed, released, under)


@dataclass(frozen=True)
class Question:
    """What an app asks: of which kind, and about which entry where the address names one."""

    kind: Kind
    entry: str = ""


def question(door: Door, method: str, path: str) -> Question | None:
    """Find out what is asked; ``None`` for what is not there.

    Parameters
    ----------
    door
        At which door.
    method, path
        The method, and the path as it was sent, without what follows a question mark.
    """
    start = f"/services/{door}/api/v1/"
    if not path.startswith(start):
        return None
    for methods, pattern, kind in _TABLE[door]:
        if method in methods and (match := pattern.fullmatch(path[len(start) :])):
            return Question(kind, match.groupdict().get("entry") or "")
    return None


def refusal(acting: Acting, asked: Question) -> LondataError | None:
    """Say why an app does not get what it asks for; ``None`` where it passes.

    Parameters
    ----------
    acting
        Who asks.
    asked
        What for; of a reading that is to begin, with the entry that its body names.
    """
    if asked.kind == "tables":
        if acting.released and asked.entry == acting.slug:
            return None
        return EntryNotFoundError(
            "There are no released tables here for this insight.",
            hint="A released insight has its own; any other makes its tables from the data.",
        )
    if acting.released:
        return AccessDeniedError(
            "This insight was released, so it shows its released tables and reads nothing else.",
            hint="Take every number from londata.insights.table(…), and publish a new version.",
        )
    if asked.kind != "about" and acting.allowed is not None and asked.entry not in acting.allowed:
        return AccessDeniedError(
            f"This insight reads only what it read when it was checked, and {asked.entry} is not among that.",
            hint="Read it when the notebook runs from top to bottom, and publish a new version.",
        )
    return None


def refusal_of_reading(acting: Acting, entry: str, access: str, agreement: str) -> LondataError | None:
    """Say why an app does not get a reading that was begun; ``None`` where it does.

    Its label, and what its viewers need, are those of the agreements under which it was checked. Another one can cover
    more.

    Parameters
    ----------
    acting
        Who reads.
    entry
        What.
    access, agreement
        How open that is now, and under which agreement it would be read.
    """
    if acting.under is None or access == "open" or (entry, agreement) in acting.under:
        return None
    return AccessDeniedError(
        f"This insight was checked when it read {entry} under another agreement than it would now.",
        hint="Publish a new version.",
    )


def asks_as_itself(acting: Acting, asked: Question) -> bool:
    """Tell whether a question is asked as the insight rather than as anybody.

    What its owner may know of beside that is nobody's business who looks at it: lists and searches show what is listed
    for everybody. So they do while it is checked, for what a check writes down can be shown to many.
    """
    if not acting.version:  # an app of the repository that is not published yet: it has what anybody has
        return False
    if asked.kind != "about":
        return True
    return bool(asked.entry) and (acting.allowed is None or asked.entry in acting.allowed)
