"""``londata report``: run a report from a template, or see which there are."""

from __future__ import annotations

import argparse
import sys

from londata.errors import ParameterError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    run_ = actions.add_parser("run", help="Run a report", description="Run a report in a process of its own.")
    run_.add_argument("template", help="the name of a template, or the path of its folder")
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
    run_.add_argument("--quiet", action="store_true", help="show no progress bar")
    actions.add_parser("list", help="List the templates")
    show = actions.add_parser("show", help="Show one template and its parameters")
    show.add_argument("template", help="the name of a template, or the path of its folder")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    return {"run": _run, "list": _list, "show": _show}[arguments.action](arguments)


def _run(arguments: argparse.Namespace) -> int:
    from londata import reports

    given = dict(_pair(text) for text in arguments.parameter)
    progress = not arguments.quiet and sys.stderr.isatty()
    try:
        report = reports.run(arguments.template, out=arguments.out, progress=progress, parameters=given)
    except KeyboardInterrupt as stop:
        print(stop, file=sys.stderr)
        raise
    print(report)
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ParameterError(
            f"The parameter {text!r} has no value.", hint="Write -p name=value, as in -p borough=Camden."
        )
    return name.strip(), value


def _list(arguments: argparse.Namespace) -> int:
    from londata.reports import templates

    for template in templates.list():
        print(f"{template.name:24} {template.title}. {template.purpose}")
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
