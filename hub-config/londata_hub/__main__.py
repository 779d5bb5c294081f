"""``londata-hub``: what an operator does from a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from londata.commandline import run_command_line

COMMANDS = {
    "up": ("londata_hub.launch", "Prepare the register, start JupyterHub and print its address and the demo users"),
    "audit": ("londata_hub.commands.audit", "Prove the log, and tell who read what for which purpose"),
    "register": ("londata_hub.commands.register", "Prepare, import into, index and inspect the register"),
    "agreements": ("londata_hub.commands.agreements", "Record, list, suspend and end agreements"),
    "projects": ("londata_hub.commands.projects", "Record and list projects"),
    "grants": ("londata_hub.commands.grants", "List grants, and end one before its time"),
    "requests": ("londata_hub.commands.requests", "List requests for access, and decide them in the stewards' place"),
    "holdings": ("londata_hub.commands.holdings", "Record where the gateway finds the bytes of shared and closed data"),
    "worker": (
        "londata_hub.commands.worker",
        "Make scheduled reports on a further machine, beside the hub's own worker",
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``londata-hub`` and return its exit code."""
    return run_command_line("londata-hub", "Run the hub and its register.", COMMANDS, argv)


if __name__ == "__main__":
    sys.exit(main())
