"""``londata schedule``: reports that the hub runs by itself, and what became of each run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from londata.cli.given import given
from londata.commandline import add_actions

#: What is done with one schedule.
_ON_ONE = {
    "show": "Show a schedule, its next moments and its runs",
    "pause": "Let a schedule come round no more for now",
    "resume": "Let a paused schedule go on",
    "run": "Run a schedule at once",
    "end": "End a schedule for good; its reports stay",
    "stop": "Stop its newest run, or another one, that waits or runs; the schedule goes on",
    "log": "Show the log of its newest run, or of another one; of one that runs, what it said so far",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _configure_add(actions.add_parser("add", help="Let the hub run a report, again and again"))
    actions.add_parser("list", help="List your schedules")
    found = add_actions(actions, _ON_ONE, "id", "as the list shows it")
    for name in ("pause", "end"):
        found[name].add_argument("--reason", default="", help="why, in a sentence")
    for name in ("log", "stop"):
        found[name].add_argument("--run", metavar="RUN", help="a run, as `show` shows it (default: the newest)")


def _configure_add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("template", help="the name of a template, or the path of its folder")
    parser.add_argument("when", help="as “first Monday 07:00 Europe/London”, or a cron expression; in quotes")
    parser.add_argument("--each", default="", metavar="NAME", help="a parameter: every choice gets a report")
    parser.add_argument(
        "-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the report"
    )
    parser.add_argument("--project", help="the project that it works for (default: that of this session)")
    parser.add_argument("--title", default="", help="what it is called (default: the template's title)")
    parser.add_argument(
        "--missed",
        choices=["once", "skip"],
        default="once",
        help="run once what was missed, or skip it (default: once)",
    )
    parser.add_argument(
        "--retries", type=int, default=2, metavar="N", help="how often a failed run is tried again (default: 2)"
    )
    parser.add_argument(
        "--audience",
        action="append",
        default=[],
        metavar="WHO",
        help="who else may see the reports: org-camden, person:ada; with --each, org-{each} is the body of each "
        "report's place; may be given several times",
    )
    parser.add_argument("--notify", action="append", default=[], metavar="PLACE", help="mailto:… or https://… to tell")
    parser.add_argument("--always", action="store_true", help="tell them of every run, not of failures alone")
    parser.add_argument(
        "--format", action="append", choices=["csv", "parquet", "pdf"], default=[], dest="formats", help="also as this"
    )


def run(arguments: argparse.Namespace) -> int:
    """Do it, and print the schedule as it stands then."""
    _ACTIONS[arguments.action](arguments)
    return 0


def _add(arguments: argparse.Namespace) -> None:
    from londata import reports

    print(
        reports.schedule(
            arguments.template,
            arguments.when,
            each=arguments.each,
            project=arguments.project,
            title=arguments.title,
            missed=arguments.missed,
            retries=arguments.retries,
            audience=arguments.audience,
            notify=arguments.notify,
            notify_when="always" if arguments.always else "failure",
            formats=arguments.formats,
            parameters=given(arguments.parameter),
        )
    )


def _list(_: argparse.Namespace) -> None:
    from londata.reports.scheduling import schedules

    print(schedules())


def _found(arguments: argparse.Namespace) -> Any:
    from londata.reports.scheduling import find

    return find(arguments.id)


def _show(arguments: argparse.Namespace) -> None:
    found = _found(arguments)
    print(found)
    print(found.runs())


def _log(arguments: argparse.Namespace) -> None:
    said = _found(arguments).log(arguments.run)
    print(said, end="")
    if not said:
        print("Nothing was said so far.", file=sys.stderr)


def _stop(arguments: argparse.Namespace) -> None:
    from londata.reports.scheduled import run_words

    found = _found(arguments)
    words = run_words(found.stop(arguments.run), found.record.timezone)
    print(f"{found.id}: the run {words.removesuffix('.')}.")


_ACTIONS: dict[str, Callable[[argparse.Namespace], None]] = {
    "add": _add,
    "list": _list,
    "show": _show,
    "log": _log,
    "stop": _stop,
    "pause": lambda arguments: print(_found(arguments).pause(arguments.reason)),
    "resume": lambda arguments: print(_found(arguments).resume()),
    "run": lambda arguments: print(_found(arguments).run_now()),
    "end": lambda arguments: print(_found(arguments).end(arguments.reason)),
}
