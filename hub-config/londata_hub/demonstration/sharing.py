"""What is arranged in the demonstration, read from ``hub-config/demonstration/*.yaml`` and put into the register."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import ValidationError

from londata.access import Subject, midnight
from londata.errors import SettingsError
from londata.records import Agreement, Grant, Project, ServiceAccount, problems_of
from londata.records.base import Record
from londata_hub.demonstration.dates import day
from londata_hub.demonstration.holders import BY

if TYPE_CHECKING:
    from londata_hub.store import AccessStore

#: Fields in which a day is said; those of a grant are moments, and mean the beginning of the day in London.
DAYS = frozenset({"start", "review_by", "end", "signed_on", "confirmed_on", "date"})
MOMENTS = frozenset({"until", "granted_at"})
_Kind = TypeVar("_Kind", bound=Record)


@dataclass(frozen=True)
class Asked:
    """A request that somebody is to have made."""

    subject: Subject
    entry: str
    project: str
    why: str


@dataclass(frozen=True)
class Sharing:
    """Everything that the files say, with days worked out."""

    agreements: tuple[Agreement, ...]
    projects: tuple[Project, ...]
    accounts: tuple[ServiceAccount, ...]
    grants: tuple[Grant, ...]
    requests: tuple[Asked, ...]


def read(folder: Path, today: dt.date) -> Sharing:
    """Read the files of the demonstration.

    Raises
    ------
    SettingsError
        A file is not there or breaks its rules; the message names the file and the record.
    """
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {name: [] for name in _LISTS}
    for file in sorted(folder.glob("*.yaml")):
        for name, rows in _lists(file).items():
            where = f"{file.name}: {name}"
            found[name] += [(f"{where}, number {number}", row) for number, row in enumerate(rows, 1)]
    if not any(found.values()):
        raise SettingsError(f"There is no demonstration in {folder}.", hint="Clone the repository again.")
    return Sharing(
        _records(Agreement, found["agreements"], today),
        _records(Project, found["projects"], today),
        _records(ServiceAccount, found["accounts"], today),
        _records(Grant, found["grants"], today),
        tuple(_asked(where, row) for where, row in found["requests"]),
    )


def load(store: AccessStore, sharing: Sharing) -> int:
    """Put into the register what is not there yet, and tell how much that was.

    What is there stays as it is, so that loading twice changes nothing, and neither does stopping in the middle.
    """
    there = store.arrangements()
    new = 0
    for record in sharing.agreements:
        new += record.id not in there.agreements and store.record(record, BY)
    for project in sharing.projects:
        new += project.id not in there.projects and store.record(project, BY)
    for account in sharing.accounts:
        new += account.name not in there.accounts and store.record(account, BY)
    known = {term.grant.id for term in there.all_terms()}
    for grant in sharing.grants:
        if grant.id not in known:
            store.grant(grant, BY)
            new += 1
    return new + sum(_ask(store, asked) for asked in sharing.requests)


def strangers(store: AccessStore, sharing: Sharing) -> list[str]:
    """Name the agreements, projects and grants in the register that are not of the demonstration."""
    there = store.arrangements()
    ours = {agreement.id for agreement in sharing.agreements} | {project.id for project in sharing.projects}
    grants = {term.grant.id for term in there.all_terms()} - {grant.id for grant in sharing.grants}
    return sorted(({*there.agreements, *there.projects} - ours) | grants)


def _ask(store: AccessStore, asked: Asked) -> bool:
    """Ask as people do, unless this was asked before, whatever became of it."""
    made = store.requests(subject=asked.subject.name)
    if any((each.entry, each.project) == (asked.entry, asked.project) for each in made):
        return False
    entry = store.entry(asked.entry)
    if entry is None:
        raise SettingsError(
            f"The demonstration asks for {asked.entry!r}, which is not in the register.",
            hint="Run `londata-hub register prepare` with the catalogue files of this version.",
        )
    store.ask(asked.subject, entry, asked.project, asked.why)
    return True


_LISTS = ("agreements", "projects", "accounts", "grants", "requests")


def _lists(file: Path) -> dict[str, list[Mapping[str, Any]]]:
    """Read one file: lists of mappings under the names that there are."""
    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(f"The file {file.name} of the demonstration cannot be read: {error}.") from error
    lists = said if isinstance(said, dict) else {}
    if wrong := sorted(str(name) for name in lists if name not in _LISTS):
        raise SettingsError(f"{file.name}: there is no list {wrong[0]!r}.", hint=f"There is {', '.join(_LISTS)}.")
    for name, rows in lists.items():
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SettingsError(f"{file.name}: {name} is not a list of records.")
    return lists


def _records(kind: type[_Kind], rows: Iterable[tuple[str, Mapping[str, Any]]], today: dt.date) -> tuple[_Kind, ...]:
    made = []
    for where, row in rows:
        try:
            made.append(kind.from_dict(_with_days(row, today)))
        except ValidationError as error:
            raise SettingsError(f"{where}: {problems_of(error)[0]}") from error
        except SettingsError as error:
            raise SettingsError(f"{where}: {error.message}", hint=error.hint) from error
    return tuple(made)


def _with_days(values: Any, today: dt.date, name: str = "") -> Any:
    """Put the day that is meant in the place of how it is said, wherever a day is to be."""
    if isinstance(values, Mapping):
        return {name: _with_days(value, today, name) for name, value in values.items()}
    if isinstance(values, Sequence) and not isinstance(values, str):
        return [_with_days(value, today) for value in values]
    if name in DAYS:
        return day(values, today)
    return midnight(day(values, today)) if name in MOMENTS else values


def _asked(where: str, row: Mapping[str, Any]) -> Asked:
    fields = {"subject", "groups", "entry", "project", "why"}
    if row.keys() != fields:
        raise SettingsError(f"{where}: a request has {', '.join(sorted(fields))}, and nothing else.")
    subject = Subject(str(row["subject"]), frozenset(map(str, row["groups"])))
    return Asked(subject, str(row["entry"]), str(row["project"]), str(row["why"]).strip())
