"""What may become of a result, from what it rests on: its label, and which audience that allows. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Literal

from londata.access.arrangements import Arrangements
from londata.access.conditions import in_force
from londata.access.subject import ORGANISATION
from londata.records import Entry
from londata.records.publications import Label, RestsOn, Version
from londata.records.vocabulary import Access

Outputs = Literal["", "with-approval", "aggregate-only", "none"]
#: From the freest to the strictest.
_ACCESS: tuple[Access, ...] = ("open", "shared", "closed")
_OUTPUTS: tuple[Outputs, ...] = ("", "with-approval", "aggregate-only", "none")


def access_of(rests_on: RestsOn, entry: Entry | None) -> Access:
    """Tell how open something is that was read: as it was or as it is, whichever is stricter.

    Parameters
    ----------
    rests_on
        How it was when it was read.
    entry
        How it is; ``None`` where it is not in the register any more, which counts as closed.
    """
    return max(rests_on.access, entry.access if entry else "closed", key=_ACCESS.index)


def shows_released_tables(version: Version) -> bool:
    """Tell whether a version shows its released tables and reads nothing else.

    One that rests on open data alone goes on reading that, released or not: there is nothing to keep from anybody.
    """
    return version.released and version.label.access != "open"


def label(
    rests_on: Iterable[RestsOn],
    entries: Mapping[str, Entry],
    arrangements: Arrangements,
    now: dt.datetime,
) -> Label:
    """Work out the label of what rests on some entries.

    Whatever cannot be told is taken in the stricter way: an entry that is not there is closed and about people, and an
    agreement that is not in force names nobody and allows nothing.

    Parameters
    ----------
    rests_on
        What was read, as the hub's doors saw it.
    entries
        The register's entries of those names, as they are.
    arrangements
        The agreements as they stand.
    now
        When (aware).

    Returns
    -------
    Label
        The most restrictive access, the bodies and purposes that all agreements have in common, the strictest rule.
    """
    access: Access = "open"
    parties: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    outputs: Outputs = ""
    agreements, personal = set(), False
    for each in rests_on:
        entry = entries.get(each.entry)
        this = access_of(each, entry)
        access = max(access, this, key=_ACCESS.index)
        if this == "open":
            continue
        personal = personal or entry is None or entry.personal_data != "none"
        found = arrangements.agreements.get(each.agreement)
        agreement = found if found and in_force(found, now) else None
        named = frozenset(party.organisation for party in agreement.parties) if agreement else frozenset()
        allowed = frozenset(agreement.purposes) if agreement else frozenset()
        parties = named if parties is None else parties & named
        purposes = allowed if purposes is None else purposes & allowed
        outputs = max(outputs, agreement.outputs if agreement else "none", key=_OUTPUTS.index)
        agreements |= {each.agreement} - {""}
    return Label(
        access=access,
        agreements=tuple(sorted(agreements)),
        parties=None if parties is None else tuple(sorted(parties)),
        purposes=None if purposes is None else tuple(sorted(purposes)),
        outputs=outputs,
        personal=personal,
    )


def may_open(
    audience: Iterable[str], label: Label, project: str | None, *, released_to: Iterable[str] | None = None
) -> list[str]:
    """Say which of those whom an author wants to let in are too many for what it rests on.

    Parameters
    ----------
    audience
        Whom the author chose: ``public``, ``hub``, ``person:ada``, ``group:org-camden``, ``project:school-places``.
    label
        Of the version.
    project
        For which it was made.
    released_to
        To whom its tables were released, where they are all that it shows: that is what was checked.

    Returns
    -------
    list of str
        A sentence for each that is too wide; nothing where all may be chosen.
    """
    if label.access == "open":
        return []
    wide = [viewer for viewer in dict.fromkeys(audience) if not _fits(viewer, label, project)]
    if released_to is not None:
        to = frozenset(released_to)
        instead = "Publish it once more, and ask for a release to them."
        return [
            f"“{viewer}” is too wide: its tables were not released to them. {instead}"
            for viewer in wide
            if not _was_released_to(viewer, to)
        ]
    rests = f"it rests on {label.access} data{_under(label)}"
    return [f"“{viewer}” is too wide: {rests}. {_instead(label, project)}" for viewer in wide]


def released_among(
    audience: Iterable[str], released_to: Iterable[str], label: Label, project: str | None
) -> tuple[str, ...]:
    """List those of an audience to whom released tables may be shown.

    Parameters
    ----------
    audience
        Whom the owner chose.
    released_to
        To whom the tables were released.
    label, project
        As :func:`may_open` takes them.
    """
    chosen, to = tuple(audience), tuple(released_to)
    fit = [viewer for viewer in chosen if not may_open([viewer], label, project, released_to=to)]
    return tuple(dict.fromkeys([*fit, *(viewer for viewer in to if _was_released_to(viewer, frozenset(chosen)))]))


def _was_released_to(viewer: str, to: frozenset[str]) -> bool:
    return viewer in to or "public" in to or ("hub" in to and viewer != "public")


def _fits(viewer: str, label: Label, project: str | None) -> bool:
    kind, _, name = viewer.partition(":")
    if kind == "person":
        return bool(name)
    if kind == "project":
        return bool(project) and name == project
    return kind == "group" and name in {f"{ORGANISATION}{party}" for party in label.parties or ()}


def _under(label: Label) -> str:
    return f" under {' and '.join(label.agreements)}" if label.agreements else ""


def _instead(label: Label, project: str | None) -> str:
    choices = ["people by name"]
    choices += [f"“project:{project}”"] if project else []
    choices += [f"“group:{ORGANISATION}{party}”" for party in label.parties or ()]
    return f"Choose {' or '.join(choices)}, or ask for a release."
