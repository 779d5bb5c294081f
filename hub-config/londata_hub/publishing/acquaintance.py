"""Whom a hub knows, so that an insight which is for somebody whom nobody has heard of says so."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from londata.access import Arrangements
from londata.access.subject import ORGANISATION
from londata.records.publications import Finding

log = logging.getLogger(__name__)
#: Everybody who may log in, with their groups; ``None`` where that cannot be told.
People = Callable[[], Mapping[str, frozenset[str]] | None]
#: The most that are named as meant, and how alike they are: a slip of the pen, and no way to find out who is here.
NAMED, ALIKE = 2, 0.8


def people_of(path: Path) -> Mapping[str, frozenset[str]] | None:
    """Read the names and groups, and nothing else, of the file of the people who may log in.

    Parameters
    ----------
    path
        Of the file.

    Returns
    -------
    mapping or None
        Name → groups; ``None`` where it cannot be read.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {name: frozenset(map(str, row["groups"])) for name, row in rows.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("nobody can tell whom the hub knows: %r", error)
        return None


def strangers(
    audience: Iterable[str], people: Mapping[str, frozenset[str]] | None, arrangements: Arrangements, author: str
) -> tuple[str, ...]:
    """Say which of an audience nobody here has heard of. They stay in it: somebody may come later.

    Parameters
    ----------
    audience
        Whom the author chose.
    people
        Everybody who may log in, with their groups; ``None`` where that cannot be told, and so nothing is said.
    arrangements
        The agreements and projects as they stand.
    author
        Who asks: a project is named as meant to its members alone.

    Returns
    -------
    tuple of str
        A sentence for each.
    """
    if people is None:
        return ()
    parties = {party.organisation for each in arrangements.agreements.values() for party in each.parties}
    groups = {group for each in people.values() for group in each} | {f"{ORGANISATION}{each}" for each in parties}
    mine = [each.id for each in arrangements.projects_of(author)]
    found = []
    for viewer in dict.fromkeys(audience):
        kind, _, name = viewer.partition(":")
        if kind == "person" and name not in people and name != author:
            found.append(f"Nobody here is called {name}{_meant(name, people)}")
        elif kind == "group" and name not in groups:
            first = ORGANISATION if name.startswith(ORGANISATION) else ""
            alike = [each.removeprefix(first) for each in groups if each.startswith(first)]
            what = f"body {name.removeprefix(first)}" if first else f"group {name}"
            found.append(f"There is no {what} here{_meant(name.removeprefix(first), alike, first)}")
        elif kind == "project" and name not in arrangements.projects:
            found.append(f"There is no project {name} here{_meant(name, mine)}")
    return tuple(found)


def findings(sentences: Iterable[str]) -> tuple[Finding, ...]:
    """Make findings of what was said: things that should be mended."""
    return tuple(Finding(check="audience", weight="should", sentence=each[:1000]) for each in sentences)


def _meant(name: str, known: Iterable[str], first: str = "") -> str:
    near = get_close_matches(name.casefold(), sorted(known), NAMED, ALIKE)
    return f"; did you mean {' or '.join(f'{first}{each}' for each in near)}?" if near else "."
