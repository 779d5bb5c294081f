"""``londata-hub requests``: what people ask for, and deciding it where its stewards cannot."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterable

from londata.access import day, last_day
from londata.errors import EntryNotFoundError, UsageError
from londata.records import AccessRequest, Entry
from londata_hub.commands.sharing import as_steward, opened, required, rows
from londata_hub.store import AccessStore
from londata_hub.store.covering import end_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what may follow ``londata-hub requests``."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = commands.add_parser("list", help="List the requests that wait; with --all, every request")
    listing.add_argument("--all", action="store_true", help="Those that are decided, too")
    approving = commands.add_parser("approve", help="Approve a request in the place of the data's stewards")
    approving.add_argument("--until", required=True, help="The last day, as 2027-03-31")
    refusing = commands.add_parser("refuse", help="Refuse a request in the place of the data's stewards")
    for each in (approving, refusing):
        each.add_argument("id", help="The request")
        each.add_argument("--reason", required=True, help="Why, in a sentence; the log keeps it under your name")


def run(arguments: argparse.Namespace) -> int:
    """Open the records of this hub and do what was asked."""
    actions = {"list": _list, "approve": _approve, "refuse": _refuse}
    with opened() as store:
        for line in actions[arguments.action](store, arguments):
            print(line)
    return 0


def _list(store: AccessStore, arguments: argparse.Namespace) -> Iterable[str]:
    found = store.requests(state=None if arguments.all else "open")
    if not found:
        return ["There is no request." if arguments.all else "No request waits."]
    return rows(
        (
            each.id,
            _state(each),
            each.subject,
            each.entry,
            f"for {each.project}",
            f"under {each.agreement or 'no agreement that is known'}",
            each.why,
        )
        for each in found
    )


def _state(request: AccessRequest) -> str:
    """Say how a request stands: since when, decided by whom, and until when it gives access."""
    since = f"{request.state} since {day(request.decided_at or request.made_at)}"
    by = f" by {request.decided_by}" if request.decided_by else ""
    return f"{since}{by}{f', until {last_day(request.until)}' if request.until else ''}"


def _approve(store: AccessStore, arguments: argparse.Namespace) -> Iterable[str]:
    try:
        until = dt.date.fromisoformat(arguments.until)
    except ValueError:
        raise UsageError(f"{arguments.until!r} is not a day.", hint="Write it like 2027-03-31.") from None
    request, entry = _found(store, arguments.id)
    arrangements = store.arrangements()
    agreement, project = arrangements.agreements.get(request.agreement), arrangements.projects.get(request.project)
    _stand_in(store, entry, required(arguments.reason, "reason"), request)
    done = store.approve(as_steward(entry), request.id, end_of(until, agreement, project))
    lasts = f" until {last_day(done.until)}" if done.until else ""
    yield f"{done.id}: approved; {done.subject} may read {done.entry} for {done.project}{lasts}."


def _refuse(store: AccessStore, arguments: argparse.Namespace) -> Iterable[str]:
    request, entry = _found(store, arguments.id)
    reason = required(arguments.reason, "reason")
    _stand_in(store, entry, reason, request)
    done = store.refuse(as_steward(entry), request.id, reason)
    yield f"{done.id}: refused; {done.subject} will read why."


def _stand_in(store: AccessStore, entry: Entry, reason: str, request: AccessRequest) -> None:
    """Write down that the operator decides in the place of the stewards, and why."""
    store.decide_and_log(as_steward(entry), "steward", entry, request=request.id, reason=reason)


def _found(store: AccessStore, name: str) -> tuple[AccessRequest, Entry]:
    request = next((each for each in store.requests() if each.id == name), None)
    if request is None:
        raise EntryNotFoundError(f"There is no request {name!r}.", hint="See londata-hub requests list --all.")
    entry = store.entry(request.entry)
    if entry is None:
        raise UsageError(f"The entry {request.entry} is no longer in the register.")
    return request, entry
