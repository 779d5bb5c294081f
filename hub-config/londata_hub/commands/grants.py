"""``londata-hub grants``: who may read what, for which project, until when; and ending it before its time."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from londata.access import Term, last_day
from londata_hub.commands.sharing import opened, operator, required, rows
from londata_hub.store import AccessStore
from londata_hub.store.covering import of_anybody


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what may follow ``londata-hub grants``."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = commands.add_parser("list", help="List grants, those that are over included")
    listing.add_argument("--person", default="", help="Only those of one person")
    listing.add_argument("--entry", default="", help="Only those for one entry")
    ending = commands.add_parser("end", help="End a grant now; the next request under it is refused")
    ending.add_argument("id", help="The grant")
    ending.add_argument("--reason", required=True, help="Why, in a sentence that the person will read")


def run(arguments: argparse.Namespace) -> int:
    """Open the records of this hub and do what was asked."""
    with opened() as store:
        for line in _end(store, arguments) if arguments.action == "end" else _list(store, arguments):
            print(line)
    return 0


def _list(store: AccessStore, arguments: argparse.Namespace) -> Iterable[str]:
    found = [
        term
        for term in store.arrangements().all_terms()
        if arguments.person in ("", term.grant.subject) and arguments.entry in ("", term.grant.entry)
    ]
    if not found:
        return ["There is no such grant."]
    now = store.now()
    ordered = sorted(found, key=lambda term: (term.grant.subject, term.grant.entry, term.end.at))
    return rows(
        (
            term.grant.id,
            term.grant.subject,
            term.grant.entry,
            f"for {term.grant.project}",
            f"under {term.grant.agreement}",
            _until(term, is_over=now >= term.end.at),
        )
        for term in ordered
    )


def _until(term: Term, *, is_over: bool) -> str:
    if is_over:
        return of_anybody(term.end)
    return ", but ".join([f"until {last_day(term.end.at)}", *(flaw.said for flaw in term.flaws)])


def _end(store: AccessStore, arguments: argparse.Namespace) -> Iterable[str]:
    end = store.end_grant(arguments.id, operator(), required(arguments.reason, "reason"))
    yield f"{end.grant}: ended. The next request under it is refused."
    arrangements, now = store.arrangements(), store.now()
    if ended := arrangements.term(end.grant):
        of = ended.grant
        for other in arrangements.terms(of.subject, of.entry):
            if other.grant.project == of.project and now < other.end.at:
                until = _until(other, is_over=False)
                yield f"{of.subject} still holds {other.grant.id} for {of.entry} and {of.project}, {until}."
