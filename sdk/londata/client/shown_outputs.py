"""What a notebook shows once its kernel has read data that is not open: marked, so that the Lab does not save it.

The mark is an output of its own that shows nothing. The Lab's server leaves out every output of a marked cell when it
writes the notebook file (``hub-config/lab/saved_outputs.py``). It is a help against rows that stay on a disk by
accident, and no lock: whoever may read data can also write it down.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from londata import settings

#: No frontend shows it: it is no format that any of them knows.
MARK = "application/vnd.londata.not-open"
KEPT = "keep"

_agreements: dict[str, None] = {}


def mark(agreement: str | None) -> None:
    """Mark what the running cell shows, and what every later one does.

    Parameters
    ----------
    agreement
        Under which data that is not open was read.
    """
    if (shell := _notebook()) is None:
        return
    if not _agreements:
        shell.events.register("pre_run_cell", _mark)
        shell.events.register("post_run_cell", _mark)  # again: a cell may clear its outputs
    _agreements[agreement or "no agreement"] = None
    _mark()


def keep_output() -> None:
    """Save what this cell shows with the notebook, even though its kernel has read data that is not open.

    Say so in cells that show numbers of groups or charts of them, never people: the file stays on a disk.
    """
    if _notebook() is not None:
        _publish(KEPT)


def _mark(*_: Any) -> None:
    _publish(", ".join(_agreements))


def _publish(said: str) -> None:
    from IPython.display import display

    display({MARK: said}, raw=True)


def _notebook() -> Any:
    """Give the shell of a notebook's kernel; ``None`` in a terminal, a script and a report's run, which has no file."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    a_kernel = getattr(shell, "kernel", None) is not None and "JPY_SESSION_NAME" in os.environ
    return shell if a_kernel and not settings.get("READ_LOG") else None
