"""Who may see a report. Pure: what was declared and what the report rests on go in, an audience comes out.

- Whoever scheduled it, and the members of its project, always may.
- A report of open data is for everybody at the hub, unless an audience was declared or the template is somebody's own.
- A report that rests on shared or closed data is for no group but a body that is a party to every agreement under which
  it was read; with ``{each}``, that is the body of the very place that the report is about. It is never for everybody.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from londata.access.subject import ORGANISATION
from londata.records import slugify
from londata.records.schedules import Schedule

EACH = "{each}"
#: What may stand in an audience: a group, or something that says what it is.
KINDS = (ORGANISATION, "person:", "group:", "project:")
DECLARED = re.compile(r"(?:(person|group|project):)?([A-Za-z0-9@._+-]*(?:\{each\}[A-Za-z0-9@._+-]*)?)\Z")


class _Facts(Protocol):
    def fact(self, name: str) -> Any: ...


@dataclass(frozen=True)
class Basis:
    """What a report rests on.

    ``parties`` are the bodies that are party to every agreement under which shared or closed data was read, ``around``
    says that something was read that the register knows nothing of, ``at`` is when this was found out.
    """

    access: str
    uses: tuple[str, ...]
    parties: frozenset[str]
    around: bool
    at: dt.datetime


@dataclass(frozen=True)
class Places:
    """Which body a place belongs to: publishers by id, and other spellings of them."""

    publishers: Mapping[str, Any]
    aliases: Mapping[str, str]

    @classmethod
    def of(cls, register: _Facts) -> Self:
        """Look up what the register knows of publishers."""
        return cls(register.fact("publishers") or {}, register.fact("aliases") or {})

    def body_of(self, place: str) -> str:
        """Find the body of a place, ``Camden`` → ``camden``; empty where it is not known for certain."""
        plain = slugify(place)
        if plain in self.publishers:
            return plain
        found = self.aliases.get(" ".join(place.casefold().split()), "")
        return found if found in self.publishers else ""


def is_declared_well(name: str, *, each: bool) -> bool:
    """Tell whether something can stand in a declared audience; ``{each}`` only where there is something for it."""
    found = DECLARED.match(name)
    says_what = bool(found and found[2]) and name.startswith(KINDS)
    return says_what and len(name) <= 120 and (each or EACH not in name)


def readership(schedule: Schedule, place: str, basis: Basis, places: Places) -> tuple[list[str], list[str]]:
    """Work out the audience of a report.

    Parameters
    ----------
    schedule
        Whose report it is, and which audience was declared.
    place
        The choice that the report is about, if the schedule makes one for each.
    basis
        What it rests on.
    places
        Which body a place belongs to.

    Returns
    -------
    tuple of list and list
        The audience as an entry has it (empty: everybody at the hub), and a sentence for each that was left out.
    """
    is_open = basis.access == "open"
    if is_open and not schedule.audience and not schedule.notebook:
        return [], []
    audience = [f"person:{schedule.owner}", *([f"project:{schedule.project}"] if schedule.project else [])]
    left_out = []
    for name in schedule.audience:
        reader, why_not = _reader(name, place, places)
        if not why_not and not is_open:
            why_not = _barred(reader, audience, basis)
        if why_not:
            left_out.append(f"{name} is left out of the audience: {why_not}.")
        else:
            audience.append(reader)
    return list(dict.fromkeys(audience)), left_out


def _reader(name: str, place: str, places: Places) -> tuple[str, str]:
    """Say whom a declared name means, or why nobody."""
    found = DECLARED.match(name)
    if not found or not found[2]:
        return "", "it names nobody"
    kind, text = found[1] or "group", found[2]
    if EACH in text:
        body = places.body_of(place) if place else ""
        if not body:
            return "", f"the body of “{place}” is not known"
        text = text.replace(EACH, body)
    return f"{kind}:{text}", ""


def _barred(reader: str, always: list[str], basis: Basis) -> str:
    """Say why somebody may not see what rests on shared or closed data; empty where they may."""
    if reader in always:
        return ""
    if basis.around:
        return "the report read something that the register knows nothing of"
    if not reader.startswith(f"group:{ORGANISATION}"):
        return f"the report rests on {basis.access} data, which is for bodies that share it and for no other group"
    body = reader.removeprefix(f"group:{ORGANISATION}")
    if body not in basis.parties:
        return f"{body} is no party to the agreement under which the data was read"
    return ""
