"""``londata-hub register``: prepare, import into, search, check and mend the register."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from londata.errors import EntryNotFoundError
from londata.query import FACETS, Query
from londata_hub import demonstration, settings
from londata_hub.harvest import ImportReport, import_file, prepare, publishers_known
from londata_hub.store import AccessStore, Refusal, RegisterStore, UpsertReport
from londata_hub.wiring import people

#: How many of a long list are shown before the rest is counted.
SHOWN = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what may follow ``londata-hub register``."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    commands.add_parser("prepare", help="Make the register, or bring it up to date with the catalogue files")
    importing = commands.add_parser("import", help="Import the export of a portal (DataPress, CKAN) from a JSON file")
    importing.add_argument("file", type=Path, help="The export, as JSON")
    importing.add_argument("--source", default="london-datastore", help="Which portal it is from (%(default)s)")
    importing.add_argument(
        "--complete", action="store_true", help="The file has everything the portal has: withdraw what is missing"
    )
    searching = commands.add_parser("search", help="Search, as people do in the catalogue")
    searching.add_argument("words", nargs="*", help="Words to search for")
    searching.add_argument("--facets", action="store_true", help="Count publishers, topics, licences, …")
    history = commands.add_parser("history", help="Tell what happened to an entry")
    history.add_argument("slug", help="The entry")
    commands.add_parser("rebuild-index", help="Build the search index anew from the database")
    commands.add_parser("check", help="Compare the index with the database, and mend it")


def run(arguments: argparse.Namespace) -> int:
    """Open the register of this hub and do what was asked."""
    hub = settings.load()
    with RegisterStore(hub.database, hub.index) as store:
        actions: dict[str, Callable[[RegisterStore, argparse.Namespace], Iterable[str]]] = {
            "prepare": _prepare,
            "import": _import,
            "search": _search,
            "history": _history,
            "rebuild-index": _rebuild,
            "check": _check,
        }
        for line in actions[arguments.action](store, arguments):
            print(line)
    return 0


def _prepare(store: RegisterStore, _: argparse.Namespace) -> Iterable[str]:
    report = prepare(store)
    total = store.count(Query())
    yield f"The register has {total:,} entries" + (", as before." if report is None else f": {_said(report)}.")
    yield from _refusals(report.refused if report else ())
    yield from _demonstrate()


def _demonstrate() -> Iterable[str]:
    """Load the demonstration where this hub is to have it."""
    hub = settings.load()
    if demonstration.wanted(hub.state) and hub.users.exists():
        with AccessStore(hub.database, hub.state / "audit-anchors") as access:
            yield from demonstration.prepare(hub.state, access, people.read(hub.users))


def _import(store: RegisterStore, arguments: argparse.Namespace) -> Iterable[str]:
    prepare(store)
    report: ImportReport = import_file(
        store,
        arguments.file,
        source=arguments.source,
        publishers=publishers_known(store),
        complete=arguments.complete,
    )
    yield f"{arguments.file.name} ({report.shape}) has {_counted(report.records)}: {_said(report.store)}."
    yield from (f"  {count:>7,}  {flag}" for flag, count in report.flags.items())
    yield from _refusals(report.refused)


def _search(store: RegisterStore, arguments: argparse.Namespace) -> Iterable[str]:
    query = Query().narrowed(" ".join(arguments.words))
    found = store.search(query, limit=SHOWN, facets=FACETS if arguments.facets else ())
    yield f"{found.total:,} entries"
    yield from (f"  {entry.id:<50}  {entry.title}  ({entry.publisher.name})" for entry in found.entries)
    yield from _more(found.total, len(found.entries))
    for name, counts in found.facets.items():
        more = f", and {len(counts) - SHOWN:,} more" if len(counts) > SHOWN else ""
        yield f"{name}: " + ", ".join(f"{value} {count:,}" for value, count in counts[:SHOWN]) + more


def _history(store: RegisterStore, arguments: argparse.Namespace) -> Iterable[str]:
    changes = store.history(arguments.slug)
    if not changes:
        near = ", ".join(store.near(arguments.slug))
        raise EntryNotFoundError(
            f"There is no entry {arguments.slug!r} in the register.",
            hint=f"Did you mean {near}?" if near else "",
        )
    for change in changes:
        yield f"{change.at}  {change.what} by {change.source}"
        for name, (old, new) in change.fields.items():
            yield f"    {name}: {_brief(old)} → {_brief(new)}"


def _rebuild(store: RegisterStore, _: argparse.Namespace) -> Iterable[str]:
    yield f"The index was built anew over {store.rebuild_index():,} entries."


def _check(store: RegisterStore, _: argparse.Namespace) -> Iterable[str]:
    missing, extra = store.differences()
    if missing or extra:
        rebuilt = store.rebuild_index()
        yield f"The index lacked {missing:,} and had {extra:,} too many; it was built anew over {rebuilt:,} entries."
    else:
        yield f"The index and the database agree on {store.count(Query()):,} entries."


def _counted(records: int) -> str:
    return "1 record" if records == 1 else f"{records:,} records"


def _said(report: UpsertReport) -> str:
    parts = [f"{getattr(report, what):,} {what}" for what in ("added", "changed", "unchanged", "flagged")]
    return ", ".join(parts + ([f"{report.withdrawn:,} withdrawn"] if report.withdrawn else []))


def _refusals(refused: Iterable[Refusal]) -> Iterable[str]:
    listed = list(refused)
    if listed:
        yield f"Refused: {len(listed):,}"
        yield from (f"  {each.id}: {each.reason}" for each in listed[:SHOWN])
        yield from _more(len(listed), SHOWN)


def _more(total: int, shown: int) -> Iterable[str]:
    """Say that a list goes on where it does."""
    return [f"  … and {total - shown:,} more"] if total > shown else []


def _brief(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"
