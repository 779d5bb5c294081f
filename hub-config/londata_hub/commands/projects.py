"""``londata-hub projects``: people who work for one purpose under agreements, and what acts for them."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

from londata.access import day, last_day, midnight
from londata.records import Project, ServiceAccount
from londata.records.legal import CODE_LISTS, CURRENT, purpose_title
from londata_hub.commands.sharing import opened, operator, read_records, rows
from londata_hub.store import AccessStore


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what may follow ``londata-hub projects``."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    loading = commands.add_parser("load", help="Record the projects of a YAML file; what is the same leaves no trace")
    loading.add_argument("file", type=Path, help="The file: a list of projects, or a section `projects`")
    commands.add_parser("list", help="List the projects, their purposes and who is in them")


def run(arguments: argparse.Namespace) -> int:
    """Open the records of this hub and do what was asked."""
    with opened() as store:
        for line in _load(store, arguments.file) if arguments.action == "load" else _list(store):
            print(line)
    return 0


def _load(store: AccessStore, file: Path) -> Iterable[str]:
    known = set(store.arrangements().projects)
    for record in read_records(file, "projects", Project, lambda record: _problems(store, record)):
        if not store.record(record, operator()):
            yield f"{record.id}: as before"
        else:
            version = "a new version" if record.id in known else "new"
            yield f"{record.id}: {version}; until {last_day(midnight(record.end))}"


def _problems(store: AccessStore, project: Project) -> Iterable[str]:
    agreements = store.arrangements().agreements
    if project.purpose not in CODE_LISTS[CURRENT].purposes:
        yield f"purpose: {project.purpose!r} is not in list {CURRENT}; it has {', '.join(CODE_LISTS[CURRENT].purposes)}"
    for name in project.agreements:
        if name not in agreements:
            yield f"agreements: there is no agreement {name!r} in the register; load agreements first"
        elif project.purpose not in agreements[name].purposes:
            yield f"purpose: the agreement {name} does not allow {project.purpose!r}"


def _list(store: AccessStore) -> Iterable[str]:
    arrangements = store.arrangements()
    if not arrangements.projects:
        return ["There is no project yet; record some with: londata-hub projects load FILE.yaml"]
    now, accounts = store.now(), _accounts(arrangements.accounts)
    return rows(
        (
            each.id,
            each.title,
            purpose_title(each.purpose),
            _until(midnight(each.end), now),
            f"under {', '.join(each.agreements) or 'no agreement'}",
            f"with {', '.join([*each.members, *accounts.get(each.id, ())]) or 'nobody'}",
        )
        for each in sorted(arrangements.projects.values(), key=lambda each: each.id)
    )


def _until(end: dt.datetime, now: dt.datetime) -> str:
    return f"ended on {day(end)}" if now >= end else f"until {last_day(end)}"


def _accounts(known: Mapping[str, ServiceAccount]) -> dict[str, list[str]]:
    """Name what acts for each project, and for whom."""
    found: dict[str, list[str]] = {}
    for each in known.values():
        found.setdefault(each.project, []).append(f"{each.name} (for {each.owner})")
    return found
