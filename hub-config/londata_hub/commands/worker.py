"""``londata-hub worker``: a further worker that makes scheduled reports, beside the one that the hub starts."""

from __future__ import annotations

import argparse
import logging
import os

from londata.errors import SettingsError, UsageError
from londata_hub import settings
from londata_hub.services.jobs import serve


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what may follow ``londata-hub worker``."""
    parser.add_argument("--name", default="", help="The worker's name, which no other has (default: the machine's)")
    parser.add_argument(
        "--runs", type=int, default=0, metavar="N", help="Reports that it makes at a time (default: REPORTS_AT_ONCE)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Work until interrupted."""
    if arguments.runs < 0:
        raise UsageError("A worker makes at least one report at a time.", hint="Leave --runs out, or give 1 or more.")
    if settings.load().database.startswith("sqlite"):
        raise SettingsError(
            "A register in SQLite is for one machine, and the hub starts the worker of that one itself.",
            hint="To have several, keep the register in PostgreSQL: LONDATA_HUB_DATABASE=postgresql://user@host/name.",
        )
    missing = [name for name in ("JUPYTERHUB_API_URL", "JUPYTERHUB_API_TOKEN") if not os.environ.get(name)]
    if missing:
        raise SettingsError(
            f"The worker does not know how to ask the hub: {' and '.join(missing)} must be set.",
            hint="Give the address of the hub's API, and a token of the service jobs.",
        )
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    serve(os.environ, name=arguments.name, room=arguments.runs)
    return 0
