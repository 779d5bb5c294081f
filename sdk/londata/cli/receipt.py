"""``londata receipt``: say what a report rests on, check that nothing of it was changed, and pass its lineage on."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from londata.errors import ReceiptError, printable

_WHERE = "the folder of a report, or its receipt"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="Say in words what a report rests on")
    show.add_argument("path", help=_WHERE)
    verify = actions.add_parser(
        "verify",
        help="Make every hash again and say what differs",
        description="Make every hash of a receipt again and say what differs. Exit code 13 if anything does.",
    )
    verify.add_argument("path", help=_WHERE)
    verify.add_argument("--data", action="store_true", help="also read again what is open, and compare it")
    verify.add_argument("--template", metavar="FOLDER", help="the template, if it is not one that londata finds")
    lineage = actions.add_parser(
        "lineage",
        help="Write the run as OpenLineage events",
        description="Write the run as OpenLineage events, one JSON object on each line.",
    )
    lineage.add_argument("path", help=_WHERE)
    lineage.add_argument("--to", metavar="FILE", type=Path, help="the file to write (default: standard output)")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    return {"show": _show, "verify": _verify, "lineage": _lineage}[arguments.action](arguments)


def _show(arguments: argparse.Namespace) -> int:
    from londata.reports import receipts

    print(printable(receipts.told(receipts.load(arguments.path))))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from londata.reports import receipts

    found = receipts.verify(arguments.path, data=arguments.data, template=arguments.template)
    print(printable(str(found)))
    return 0 if found.ok else ReceiptError.exit_code


def _lineage(arguments: argparse.Namespace) -> int:
    from londata.reports import receipts

    lines = "".join(f"{line}\n" for line in receipts.lineage_lines(receipts.load(arguments.path)))
    if arguments.to is None:
        sys.stdout.write(lines)
        return 0
    try:
        arguments.to.write_text(lines, encoding="utf-8")
    except OSError as error:
        raise ReceiptError(
            f"{arguments.to} cannot be written: {error.strerror or error}.", hint="Choose another file with --to."
        ) from error
    print(f"wrote {arguments.to}")
    return 0
