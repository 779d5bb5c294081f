"""``londata check``: validate catalogue files, and on request read everything that they hold."""

from __future__ import annotations

import argparse
from pathlib import Path

from londata.catalog_files import FileRegister, LoadedCatalog, check_bytes
from londata.errors import CatalogFileError, LondataError
from londata.records import Distribution, Entry

#: For whom an entry is listed that is not listed for everybody.
_WHOM = {"members": "members only", "hidden": "those who hold a grant only"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("path", nargs="?", help="folder with london.yaml, or one file (default: the shipped catalogue)")
    parser.add_argument(
        "--read",
        action="store_true",
        help="also read every file of the catalogue, and compare its columns and rows with the record",
    )


def run(arguments: argparse.Namespace) -> int:
    """Check, and print one line or all problems."""
    if arguments.path and not Path(arguments.path).exists():
        raise CatalogFileError([f"{arguments.path}: does not exist"])
    register = FileRegister(arguments.path)
    loaded = register.loaded
    problems = check_bytes(loaded.entries, loaded.folder)
    if arguments.read and not problems:
        problems = _read_all(register, loaded)
    if problems:
        raise CatalogFileError(problems)
    offline = sum(1 for entry in loaded.entries if _offline(entry))
    for entry in loaded.entries:
        if entry.listing != "public":
            print(
                f"Mind: {entry.id} is listed for {_WHOM[entry.listing]}, but whoever has its file can read the record."
            )
    print(
        f"{_many(len(loaded.entries), 'entry', 'entries')}, {_many(len(loaded.publishers), 'publisher')}, "
        f"{offline} readable offline: all good"
    )
    return 0


def _read_all(register: FileRegister, loaded: LoadedCatalog) -> list[str]:
    """Read every file and say where it differs from its record, or cannot be read."""
    return [
        f"{entry.id}: distributions.{distribution.id}: {problem}"
        for entry in loaded.entries
        for distribution in _offline(entry)
        for problem in _problems(register, entry, distribution)
    ]


def _problems(register: FileRegister, entry: Entry, distribution: Distribution) -> list[str]:
    from londata.intake_catalog.reading import read

    try:
        value = read(register, entry, distribution=distribution.id)
    except LondataError as error:
        return [str(error)]
    grid = hasattr(value, "data_vars")
    there = [str(name) for name in (value.variables if grid else value.columns)]
    found = []
    is_map = hasattr(value, "geometry")
    stated = [column.name for column in entry.columns if is_map or column.type != "geometry"]
    if missing := [name for name in stated if name not in there]:
        found.append(f"has no column {', '.join(missing)}; it has {', '.join(there)}")
    if stated and not grid and (extra := [name for name in there if name not in stated]):
        found.append(f"has columns that the record does not describe: {', '.join(extra)}")
    if distribution.rows is not None and not grid and len(value) != distribution.rows:
        found.append(f"has {len(value):,} rows, the record says {distribution.rows:,}")
    return found


def _offline(entry: Entry) -> list[Distribution]:
    from londata.readers import can_read

    if entry.access != "open":
        return []
    return [each for each in entry.distributions if each.path and can_read(each.media_type)]


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"
