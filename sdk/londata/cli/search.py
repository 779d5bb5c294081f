"""``londata search``: find entries by words and filters."""

from __future__ import annotations

import argparse

from londata.query import FILTERS


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("words", nargs="*", help="words to look for; none for everything")
    for name in FILTERS:
        parser.add_argument(f"--{name}", action="append", metavar="VALUE", help=f"only this {name}; may be repeated")
    parser.add_argument("--limit", type=int, default=20, help="most entries to print (default: 20)")


def run(arguments: argparse.Namespace) -> int:
    """Search, and print one line per entry; the last line says how many there are in all."""
    from londata.intake_catalog import open_catalog
    from londata.intake_catalog.display.words import plain

    filters = {name: value for name in FILTERS if (value := getattr(arguments, name))}
    catalog = open_catalog().search(" ".join(arguments.words), **filters)
    shown = 0
    for record in catalog.records(limit=max(0, arguments.limit)):
        formats = f" [{', '.join(record.formats)}]" if record.formats else ""
        about = f"{plain(record.title, 100)}, {plain(record.publisher.name, 60)}, {record.access}{formats}"
        print(f"{record.id}\n    {about}")
        shown += 1
    total = len(catalog)
    more = f", {shown} shown" if shown < total else ""
    print(f"{total:,} {'entry' if total == 1 else 'entries'}{more}")
    return 0
