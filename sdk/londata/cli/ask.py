"""``londata ask``: ask the stewards of a dataset for access to it."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("entry", help="slug or key of the entry, as school-rolls")
    parser.add_argument("--why", required=True, help="what it is needed for, in a sentence")
    parser.add_argument("--project", help="for which project (default: the only one that you are a member of)")


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print the request."""
    from londata.intake_catalog import open_catalog

    print(open_catalog()[arguments.entry].request_access(arguments.why, project=arguments.project))
    return 0
