"""What a record cannot know about itself: files that exist, entries that are there, hashes that agree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from londata.cache import local_copy
from londata.catalog_files.entry_files import Problems, near
from londata.records import Distribution, Entry, Insight


def check_entries(entries: Mapping[str, Entry], origin: Mapping[str, str], folder: Path, problems: Problems) -> None:
    """Check entries against the files beside them and against each other. Reads no data.

    Parameters
    ----------
    entries
        By slug: those that are valid.
    origin
        Every slug → the file that has it, also of entries that are not valid.
    folder
        The folder of the catalogue files, below which every ``path`` must be.
    problems
        Receives what is wrong.
    """
    for slug, entry in entries.items():
        where = f"{origin[slug]}: {slug}"
        for distribution in entry.distributions:
            if distribution.path and (problem := file_problem(folder, distribution)):
                problems.add(where, f"distributions.{distribution.id}.path: {problem}")
        _check_keys(entry, where, problems)
        if isinstance(entry, Insight):
            if not entry.uses:
                problems.add(where, "uses: is missing; name the entries that it rests on")
            for used in entry.uses:
                if used not in origin:
                    problems.add(where, f"uses: there is no entry {used!r}{near(used, origin)}")


def file_problem(folder: Path, distribution: Distribution) -> str:
    """Say what is wrong with the file of a ``path`` distribution; empty when nothing is."""
    path = (folder / distribution.path).resolve()
    if not path.is_relative_to(folder.resolve()):
        return f"{distribution.path} leads outside the folder of the catalogue"
    if not path.is_file():
        return f"{distribution.path} does not exist"
    size = path.stat().st_size
    if size == 0:
        return f"{distribution.path} has 0 bytes"
    if distribution.size_bytes is not None and distribution.size_bytes != size:
        return f"{distribution.path} has {size:,} bytes, the record says {distribution.size_bytes:,}"
    return ""


def check_bytes(entries: tuple[Entry, ...], folder: Path) -> list[str]:
    """Compare the SHA-256 of every file in the catalogue with the record, where the record states one.

    Returns
    -------
    list of str
        One line per file that differs, as ``entry: distributions.csv.sha256: …``.
    """
    lines = []
    for entry in entries:
        for distribution in entry.distributions:
            if distribution.path and distribution.sha256:
                found = local_copy(folder / distribution.path).sha256
                if found != distribution.sha256:
                    lines.append(
                        f"{entry.id}: distributions.{distribution.id}.sha256: {distribution.path} has {found[:12]}…, "
                        f"the record says {distribution.sha256[:12]}…"
                    )
    return lines


def _check_keys(entry: Entry, where: str, problems: Problems) -> None:
    """A key that is stated must be one of the columns, where columns are stated."""
    columns = [column.name for column in entry.columns]
    for twice in sorted({name for name in columns if columns.count(name) > 1}):
        problems.add(where, f"columns: {twice!r} is there twice")
    for key in entry.keys if columns else ():
        if key.column not in columns:
            problems.add(where, f"keys: there is no column {key.column!r}{near(key.column, columns)}")
