"""``londata``: what an analyst does from a terminal. Each command is a module that parses, calls once and prints."""

from __future__ import annotations

from collections.abc import Sequence

from londata.cli.typing_it import typed
from londata.commandline import run_command_line

COMMANDS = {
    "check": ("londata.cli.check", "Validate catalogue files and say what is wrong, by file, entry and field"),
    "search": ("londata.cli.search", "Search the register"),
    "show": ("londata.cli.show", "Show one entry"),
    "read": ("londata.cli.read", "Read a dataset and show its first rows, or write it to a file"),
    "ask": ("londata.cli.ask", "Ask for access to a dataset that is not open"),
    "projects": ("londata.cli.projects", "Show your projects, and which data each may read until when"),
    "requests": ("londata.cli.requests", "Show requests for access; stewards approve or refuse them"),
    "schedule": ("londata.cli.schedule", "Let the hub run reports by itself, and see what became of them"),
    "report": ("londata.cli.report", "Run a report from a template"),
    "insight": ("londata.cli.insight", "Publish a notebook as an app, and look after what is published"),
    "receipt": ("londata.cli.receipt", "Say what a report rests on, and whether it is as it was made"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``londata`` and return its exit code."""
    return run_command_line("londata", "Find and read London's data.", COMMANDS, argv, hints=typed)
