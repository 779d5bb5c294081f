"""``londata-hub``: what an operator does from a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from londata.commandline import run_command_line

COMMANDS = {
    "up": ("londata_hub.launch", "Prepare the register, start JupyterHub and print its address and the demo users"),
    "audit": ("londata_hub.commands.audit", "Prove the log, and tell who read what for which purpose"),
    "register": ("londata_hub.commands.register", "Prepare, import into, index and inspect the register"),
    "holdings": ("londata_hub.commands.holdings", "Record where the gateway finds the bytes of shared and closed data"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``londata-hub`` and return its exit code."""
    return run_command_line("londata-hub", "Run the hub and its register.", COMMANDS, argv)


if __name__ == "__main__":
    sys.exit(main())
