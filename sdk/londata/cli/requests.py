"""``londata requests``: one's requests for access, and for stewards those that they decide."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listed = actions.add_parser("list", help="List them, the newest first (also without an ACTION)")
    listed.add_argument("--open", action="store_true", help="only those that are not decided")
    approve = actions.add_parser("approve", help="Give access until a day")
    approve.add_argument("id", help="as the list shows it")
    approve.add_argument("--until", required=True, metavar="DATE", help="the day on which it ends, as 2027-03-31")
    refuse = actions.add_parser("refuse", help="Refuse, with a reason that the one who asked will read")
    refuse.add_argument("id", help="as the list shows it")
    refuse.add_argument("--reason", required=True, help="why, in a sentence")
    end = actions.add_parser("end", help="End access that was given, from now on")
    end.add_argument("id", help="as the list shows it")
    end.add_argument("--reason", required=True, help="why, in a sentence that the one who had it will read")
    withdraw = actions.add_parser("withdraw", help="Take one's own request back")
    withdraw.add_argument("id", help="as the list shows it")


def run(arguments: argparse.Namespace) -> int:
    """Print the list, or the request as it stands after what was decided."""
    from londata.sharing.requests import Requests, as_day, words
    from londata.sharing.service import service

    there = service()
    if arguments.action == "approve":
        print(there.approve(arguments.id, as_day(arguments.until)))
    elif arguments.action == "refuse":
        print(there.refuse(arguments.id, words(arguments.reason, "reason")))
    elif arguments.action == "end":
        print(there.requests().find(arguments.id).end(words(arguments.reason, "reason")))
    elif arguments.action == "withdraw":
        print(there.withdraw(arguments.id))
    else:
        found = there.requests()
        only_open = getattr(arguments, "open", False)
        print(Requests(each for each in found if each.state == "open") if only_open else found)
    return 0
