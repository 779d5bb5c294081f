"""``londata show``: one entry as a card, or as JSON."""

from __future__ import annotations

import argparse
import json


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("entry", help="slug or key of the entry, as borough-profile")
    parser.add_argument("--json", action="store_true", help="print the whole record as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the entry."""
    from londata.intake_catalog import open_catalog

    entry = open_catalog()[arguments.entry]
    text = json.dumps(entry.record.to_dict(), ensure_ascii=False, indent=2) if arguments.json else repr(entry)
    print(text)
    return 0
