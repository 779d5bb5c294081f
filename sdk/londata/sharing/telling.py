"""Telling an analyst what the hub has to say, once, where it is seen."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from londata import settings
from londata.errors import LondataError
from londata.fetch.progress import in_notebook
from londata.sharing.notices import Notice, Notices
from londata.sharing.service import is_service, service

#: What somebody who reads an entry is told about it; that it ends soon is said by the reading itself.
_OF_AN_ENTRY = ("approved", "refused")


def say(lines: Iterable[str]) -> None:
    """Write lines for the person who works here: below the cell in a notebook, beside the results elsewhere."""
    stream = sys.stdout if in_notebook() else sys.stderr
    stream.write("".join(f"{line}\n" for line in lines))
    stream.flush()


def notices() -> Notices:
    """List what there is to know: ends within 90 days, decided requests, and for stewards those that wait.

    Raises
    ------
    SettingsError
        There is no register service here.
    """
    found = service().notices()
    _note(found)
    return found


def of_project(project: str) -> list[Notice]:
    """Take what there is to know when one begins to work for a project."""
    found = [each for each in service().notices() if each.project in ("", project) and each.kind != "request"]
    _note(found)
    return found


def tell_of(entry: str, address: str) -> None:
    """Tell what is new about an entry to whoever is about to read it; what was told before is not told again.

    It never stands in the way of reading: where the hub does not say, nothing is told.

    Parameters
    ----------
    entry
        Its slug.
    address
        Of the register that it is from; a folder of files has no notices.
    """
    if not is_service(address):
        return
    try:
        found = service(address).notices()
    except LondataError:
        return
    told = _told()
    new = [each for each in found if each.entry == entry and each.kind in _OF_AN_ENTRY and each.id not in told]
    if new:
        _note(new)
        say(str(notice) for notice in new)


def _told() -> set[str]:
    """Name the notices that this user was told of, in this kernel or an earlier one."""
    try:
        return set(_note_file().read_text(encoding="utf-8").split())
    except (OSError, ValueError):
        return set()


def _note(told: Iterable[Notice]) -> None:
    """Note what was told. Where that cannot be written it is told again, which does no harm."""
    new = sorted({each.id for each in told if not set(each.id) & set(" \n\r\t")} - _told())
    try:
        if new:
            _note_file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _note_file().open("a", encoding="utf-8") as notes:
                notes.write("".join(f"{name}\n" for name in new))
    except OSError:
        return


def _note_file() -> Path:
    return settings.cache_folder() / "told-notices"
