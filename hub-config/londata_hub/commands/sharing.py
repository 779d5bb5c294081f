"""What the commands about sharing have in common: who acts, what is open, and how a file of records is read."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from londata.access import Subject
from londata.access.subject import ORGANISATION, STEWARDS
from londata.catalog_files.plain_yaml import YamlProblem, read_yaml
from londata.errors import CatalogFileError, UsageError
from londata.records import Entry, Record, problems_of
from londata_hub import sandbox, settings
from londata_hub.store import AccessStore

R = TypeVar("R", bound=Record)
#: A file about sharing has these sections; each command takes its own and leaves the others.
SECTIONS = ("agreements", "projects", "accounts", "grants", "requests")


@contextmanager
def opened() -> Iterator[AccessStore]:
    """Open the records of this hub."""
    hub = settings.load()
    with AccessStore(hub.database, hub.state / "audit-anchors", isolated=not sandbox.why_not()) as store:
        yield store


def operator() -> str:
    """Name whoever runs this command, as the log does: ``operator:ada``."""
    try:
        return f"operator:{getpass.getuser()}"
    except (OSError, KeyError):  # a container may run as a user without a name
        return f"operator:uid-{os.getuid()}"


def as_steward(entry: Entry) -> Subject:
    """Stand in for the stewards of an entry: whoever holds the database can do what they can, but not unseen."""
    return Subject(operator(), frozenset({STEWARDS, f"{ORGANISATION}{entry.publisher.id}"}))


def read_records(path: Path, section: str, kind: type[R], check: Callable[[R], Iterable[str]]) -> list[R]:
    """Read one section of a file.

    Parameters
    ----------
    path
        A YAML file with plain data: a list, or a mapping of sections.
    section
        The section to read.
    kind
        What its items are.
    check
        Says what is wrong with a record that is valid by itself.

    Returns
    -------
    list
        The records, in the order of the file.

    Raises
    ------
    CatalogFileError
        Something is wrong; every problem is listed as ``file: record: field: what is wrong``, and nothing is loaded.
    """
    try:
        values = read_yaml(path)
    except YamlProblem as problem:
        raise problems_in([f"{path.name}: {problem}"]) from problem
    if isinstance(values, Mapping):
        if unknown := [name for name in values if name not in SECTIONS]:
            sections = ", ".join(SECTIONS)
            raise problems_in([f"{path.name}: {name}: no such section; there are {sections}" for name in unknown])
        values = values.get(section)
    if not isinstance(values, list) or not values:
        raise problems_in([f"{path.name}: {section}: is missing; it is a list of records"])
    return _checked(path, section, [_built(path, section, kind, *each) for each in enumerate(values, start=1)], check)


def _built(path: Path, section: str, kind: type[R], number: int, item: Any) -> tuple[str, R | list[str]]:
    """Make one record, or list what is wrong with it."""
    name = str(item.get("id") or number) if isinstance(item, Mapping) else str(number)
    where = f"{path.name}: {name}"
    if not isinstance(item, Mapping):
        return name, [f"{path.name}: {section}: item {number} is not a mapping of fields"]
    try:
        return name, kind.model_validate(item)
    except ValidationError as error:
        return name, [f"{where}: {line}" for line in problems_of(error)]


def _checked(
    path: Path,
    section: str,
    built: Sequence[tuple[str, R | list[str]]],
    check: Callable[[R], Iterable[str]],
) -> list[R]:
    problems = [line for _, each in built if isinstance(each, list) for line in each]
    names = [name for name, _ in built]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [f"{path.name}: {name}: is there twice in {section}" for name in twice]
    valid = {name: each for name, each in built if not isinstance(each, list)}
    for name, record in valid.items():
        problems += [f"{path.name}: {name}: {line}" for line in check(record)]
    if problems:
        raise problems_in(problems)
    return list(valid.values())


def problems_in(lines: Sequence[str]) -> CatalogFileError:
    """Make the error that lists every problem of a file."""
    error = CatalogFileError(list(lines))
    error.hint = "Mend the lines named above and load the file again; nothing of it was loaded."
    error.message = error.message.replace("The catalogue files have", "The file has")
    return error


def required(text: str, what: str) -> str:
    """Accept a reason that somebody will read.

    Raises
    ------
    UsageError
        There is none.
    """
    if not text.strip():
        raise UsageError(f"The {what} is empty.", hint="Say it in a sentence; the log keeps it.")
    return text.strip()


def rows(cells: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write lines of cells below each other, each column as wide as its widest cell."""
    lines = [[_plain(cell) for cell in line] for line in cells]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
