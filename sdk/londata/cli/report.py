"""``londata report``: run a report from a template, or see which there are."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from londata.cli.given import given
from londata.errors import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    run_ = actions.add_parser(
        "run",
        help="Run a report, or one for each borough",
        description="Run a report in a process of its own, or one for each choice of a parameter. A finished report "
        "whose inputs have not changed is used again.",
    )
    _add_template(run_)
    run_.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the report; may be given several times",
    )
    run_.add_argument(
        "--out", default="reports", metavar="FOLDER", help="the folder for the results (default: reports)"
    )
    run_.add_argument(
        "--format",
        action="append",
        choices=["csv", "parquet", "pdf"],
        dest="formats",
        help="what it is also to be had as, beside page, notebook and the numbers of its figures as CSV; may be given "
        "several times",
    )
    run_.add_argument("--force", action="store_true", help="make it, also where a finished one has the same inputs")
    shown = run_.add_mutually_exclusive_group()
    shown.add_argument("--quiet", action="store_true", help="show no progress bar")
    shown.add_argument(
        "--lines", action="store_true", help="show progress line by line, also where there is no terminal"
    )
    _add_batch(run_.add_argument_group("one report for each choice"))
    withdraw = actions.add_parser(
        "withdraw",
        help="Take a report of a schedule of yours off the hub's shelf",
        description="Take a report that a schedule of yours made off the hub's shelf: nobody can open or find it any "
        "more. The schedule's next run puts a new one there, unless it is paused or ended.",
    )
    withdraw.add_argument("report", help="what its entry in the register is called, as the end of its address")
    withdraw.add_argument("--reason", default="", help="why, in a sentence")
    actions.add_parser("list", help="List the templates")
    _add_template(actions.add_parser("show", help="Show one template and its parameters"))


def _add_template(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("template", help="the name of a template, or the path of its folder")


def _add_batch(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--each", metavar="NAME", help="a parameter with choices; a report is made for each of them")
    group.add_argument(
        "--only",
        action="append",
        metavar="VALUE",
        help="only this choice of it; may be given several times",
    )
    group.add_argument(
        "--workers", type=int, metavar="N", help="how many reports run at once (default: as many as there are cores)"
    )
    group.add_argument(
        "--executor", default="", metavar="ADDRESS", help="run on a Dask cluster: dask://host:port of its scheduler"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    return {"run": _run, "withdraw": _withdraw, "list": _list, "show": _show}[arguments.action](arguments)


def _run(arguments: argparse.Namespace) -> int:
    from londata import reports

    if not arguments.each and (idle := [name for name in _OF_BATCHES if getattr(arguments, name) not in (None, "")]):
        raise UsageError(f"--{idle[0]} is for a report for each choice of a parameter.", hint="Say --each NAME, too.")
    how: dict[str, Any] = {
        "out": arguments.out,
        "progress": arguments.lines or (not arguments.quiet and sys.stderr.isatty()),
        "parameters": given(arguments.parameter),
        "formats": tuple(arguments.formats or ("csv",)),
        "force": arguments.force,
    }
    try:
        if not arguments.each:
            print(reports.run(arguments.template, **how))
            return 0
        how |= {"each": arguments.each, "choices": arguments.only}
        batch = reports.run_each(arguments.template, **how, workers=arguments.workers, executor=arguments.executor)
    except KeyboardInterrupt as stop:
        if str(stop):
            print(stop, file=sys.stderr)
        raise
    print(batch)
    batch.require()
    return 0


def _withdraw(arguments: argparse.Namespace) -> int:
    from londata import reports

    print(reports.withdraw(arguments.report, arguments.reason))
    return 0


#: Arguments that mean something only with ``--each``.
_OF_BATCHES = ("only", "workers", "executor")


def _list(arguments: argparse.Namespace) -> int:
    from londata.reports import templates

    for template in templates.list():
        print(f"{template.name:26} {template.title}. {template.purpose}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from londata.reports import templates

    template = templates.load(arguments.template)
    print(f"{template.title} ({template.name})\n{template.purpose}\n")
    facts = {
        "For": template.audience,
        "Owner": template.owner,
        "Rests on": ", ".join(template.datasets),
        "Makes": ", ".join(template.outputs),
        "Takes about": f"{template.expected_run_s:g} seconds",
    }
    for name, value in facts.items():
        if value:
            print(f"{name + ':':14} {value}")
    for parameter in template.parameters:
        default = "must be given" if parameter.default is None else f"default {parameter.default}"
        print(f"\n-p {parameter.name}=…   {parameter.label}: {parameter.allowed} ({default})")
        if parameter.help:
            print(f"   {parameter.help}")
    return 0
