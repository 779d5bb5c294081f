"""Loads the demonstration where it is wanted, once, and keeps its files."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from londata_hub.settings import REPOSITORY

if TYPE_CHECKING:
    from londata_hub.demonstration import sharing
    from londata_hub.store import AccessStore

#: In the hub's state folder: since when the demonstration is wanted, and whether it was loaded.
NOTE = "demonstration.json"
FILES = REPOSITORY / "hub-config" / "demonstration"


@dataclass(frozen=True)
class _Note:
    """When and for whom the demonstration was wanted, and whether it is in the register."""

    since: dt.date
    people: frozenset[str]
    loaded: bool = False


def want(state: Path, people: Collection[str], today: dt.date | None = None) -> None:
    """Note that a hub is to have the demonstration: one that is about to make its first people itself.

    Parameters
    ----------
    state
        The hub's state folder.
    people
        The names of these people.
    today
        The day from which its days are counted; this day in London when not given.
    """
    from londata.access.days import LONDON

    _write(state, _Note(today or dt.datetime.now(LONDON).date(), frozenset(people)))


def wanted(state: Path) -> bool:
    """Tell whether a hub is to have the demonstration, or has it."""
    return _read(state) is not None


def prepare(state: Path, store: AccessStore, people: Collection[str], files: Path = FILES) -> Iterator[str]:
    """Load the demonstration into the register and make its files, as far as they are not there.

    Parameters
    ----------
    state
        The hub's state folder.
    store
        The register's sharing.
    people
        The names of those who may log in now. Where they are not those of the demonstration, it is not loaded.
    files
        The folder with what is arranged.

    Yields
    ------
    str
        What was done, a line each; nothing when all was there.

    Raises
    ------
    SettingsError
        The files of the demonstration break their rules.
    HubError
        Its data cannot be kept.
    """
    from londata_hub.demonstration import holders, sharing

    note = _read(state)
    if note is None:
        return
    if not note.loaded:
        arranged = sharing.read(files, note.since)
        if found := _out_of_place(store, arranged, set(people) == note.people):
            (state / NOTE).unlink()
            yield f"This hub has {found}, so no demonstration was put into its register."
            return
    made = list(holders.make(state / "holders"))
    holders.hold(store)
    if made:
        yield f"Made {len(made)} generated sets for the demonstration, {_megabytes(made)} MB."
    if not note.loaded:
        sharing.load(store, arranged)
        _write(state, replace(note, loaded=True))
        yield f"Put the demonstration into the register: {len(arranged.agreements)} agreements, all made up."


def _out_of_place(store: AccessStore, arranged: sharing.Sharing, among_its_own: bool) -> str:
    """Say what this hub has that the demonstration must not come among; empty where there is nothing."""
    from londata_hub.demonstration import holders, sharing

    if others := sharing.strangers(store, arranged):
        return f"arrangements ({others[0]}, …)"
    if not among_its_own:
        return "people of its own"
    entries = (store.entry(each.entry) for each in holders.SETS)
    if any(entry is None or entry.kind == "insight" or not entry.generated for entry in entries):
        return "a catalogue without the generated sets"
    return ""


def _megabytes(files: list[Path]) -> int:
    return round(sum(file.stat().st_size for file in files) / 1e6)


def _read(state: Path) -> _Note | None:
    """Read the note; one that cannot be read counts as none."""
    try:
        said = json.loads((state / NOTE).read_text(encoding="utf-8"))
        return _Note(dt.date.fromisoformat(said["since"]), frozenset(said["people"]), bool(said["loaded"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write(state: Path, note: _Note) -> None:
    path = state / NOTE
    said = {"since": note.since.isoformat(), "people": sorted(note.people), "loaded": note.loaded}
    partial = path.with_name(f".{NOTE}.{os.getpid()}")
    partial.write_text(json.dumps(said), encoding="utf-8")
    partial.replace(path)
