"""``londata-hub agreements``: the mirror records of information-sharing agreements."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import yaml

from londata.access.days import LONDON
from londata.errors import EntryNotFoundError, UsageError
from londata.records import Agreement
from londata_hub.commands.sharing import opened, operator, read_records, required, rows
from londata_hub.services.public_facts import state_of
from londata_hub.store import AccessStore
from londata_hub.store.suspending import restated


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what may follow ``londata-hub agreements``."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    loading = commands.add_parser("load", help="Record the agreements of a YAML file; what is the same leaves no trace")
    loading.add_argument("file", type=Path, help="The file: a list of agreements, or a section `agreements`")
    commands.add_parser("list", help="List the agreements and how they stand")
    showing = commands.add_parser("show", help="Show one agreement as it is recorded, as a file that `load` takes")
    suspending = commands.add_parser("suspend", help="Let nothing be read under an agreement, from now on")
    suspending.add_argument("--reason", required=True, help="Why, in a sentence that everybody can read")
    resuming = commands.add_parser("resume", help="Let it be read again under an agreement that was suspended")
    resuming.add_argument("--reason", required=True, help="Why, in a sentence that everybody can read")
    ending = commands.add_parser("end", help="End an agreement today, for good")
    for each in (showing, suspending, resuming, ending):
        each.add_argument("id", help="The agreement")


def run(arguments: argparse.Namespace) -> int:
    """Open the records of this hub and do what was asked."""
    actions: dict[str, Callable[[AccessStore, argparse.Namespace], Iterable[str]]] = {
        "load": _load,
        "list": _list,
        "show": _show,
        "suspend": _suspend,
        "resume": _resume,
        "end": _end,
    }
    with opened() as store:
        for line in actions[arguments.action](store, arguments):
            print(line)
    return 0


def _load(store: AccessStore, arguments: argparse.Namespace) -> Iterable[str]:
    records = read_records(arguments.file, "agreements", Agreement, lambda record: problems_of_covers(store, record))
    known = set(store.arrangements().agreements)
    for record in records:
        if not store.record(record, operator()):
            yield f"{record.id}: as before"
        else:
            yield f"{record.id}: {'a new version' if record.id in known else 'new'}; {_state(store, record)}"


def problems_of_covers(store: AccessStore, agreement: Agreement) -> Iterable[str]:
    """Say what an agreement covers that is not there, as it would cover nothing."""
    for cover in agreement.covers:
        entry = store.entry(cover.entry)
        if entry is None:
            yield f"covers: there is no entry {cover.entry!r} in the register"
            continue
        there = {column.name for column in entry.columns}
        named: Mapping[str, Iterable[str]] = {"columns": cover.columns or (), "rows": cover.rows.columns}
        for field, names in named.items():
            for name in names if there else ():
                if name not in there:
                    yield f"covers.{cover.entry}.{field}: the entry has no column {name!r}"


def _list(store: AccessStore, _: argparse.Namespace) -> Iterable[str]:
    found = store.arrangements().agreements.values()
    if not found:
        return ["There is no agreement yet; record some with: londata-hub agreements load FILE.yaml"]
    return rows((each.id, each.title, _state(store, each)) for each in sorted(found, key=lambda each: each.id))


def _show(store: AccessStore, arguments: argparse.Namespace) -> Iterable[str]:
    """Write the record as YAML; how it stands is a comment, so that the whole can be loaded again."""
    found = find(store, arguments.id)
    yield "# " + " ".join(f"{found.id}: {found.title}. {_state(store, found)}".split())
    plain = {"agreements": [json.loads(json.dumps(found.to_dict(), default=str))]}  # no aliases: `load` takes none
    yield yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=110).rstrip("\n")


def _suspend(store: AccessStore, arguments: argparse.Namespace) -> Iterable[str]:
    found, reason = find(store, arguments.id), required(arguments.reason, "reason")
    if found.status != "signed":
        raise UsageError(f"The agreement {found.id} is {found.status}, so there is nothing to suspend.")
    store.record(restated(found, "suspended", store.now(), reason), operator())
    yield f"{found.id}: suspended. The next request under it is refused."
    yield f'To lift it: londata-hub agreements resume {found.id} --reason "…"'


def _resume(store: AccessStore, arguments: argparse.Namespace) -> Iterable[str]:
    found, reason = find(store, arguments.id), required(arguments.reason, "reason")
    if found.status != "suspended":
        raise UsageError(f"The agreement {found.id} is {found.status}, so there is nothing to resume.")
    resumed = restated(found, "signed", store.now(), reason)
    store.record(resumed, operator())
    yield f"{found.id}: resumed. {_state(store, resumed)}"


def _end(store: AccessStore, arguments: argparse.Namespace) -> Iterable[str]:
    found = find(store, arguments.id)
    if found.status == "ended":
        raise UsageError(f"The agreement {found.id} has ended already.")
    store.record(_ended(found, store.now().astimezone(LONDON).date()), operator())
    yield f"{found.id}: ended. The next request under it is refused."


def _ended(agreement: Agreement, today: dt.date) -> Agreement:
    """Write the agreement's end down as today, unless it is earlier already."""
    end = max(min(agreement.end, today), agreement.start + dt.timedelta(days=1))
    return agreement.model_copy(update={"status": "ended", "end": end})


def find(store: AccessStore, name: str) -> Agreement:
    """Find an agreement.

    Raises
    ------
    EntryNotFoundError
        There is none of this name.
    """
    found = store.arrangements().agreements
    if name not in found:
        raise EntryNotFoundError(
            f"There is no agreement {name!r}.", hint=f"There are: {', '.join(sorted(found)) or 'none'}."
        )
    return found[name]


def _state(store: AccessStore, agreement: Agreement) -> str:
    return "Not signed yet." if agreement.status == "draft" else state_of(agreement, store.now())[1]


def _there(found: Mapping[str, Agreement]) -> str:
    return f"There are: {', '.join(sorted(found))}." if found else "There is none yet."
