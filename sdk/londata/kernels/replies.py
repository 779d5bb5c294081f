"""What a kernel answers when a cell has run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def ends_its_kernel(reply: Mapping[str, Any]) -> bool:
    """Tell whether a cell asked for the end of its kernel, with ``exit()`` or ``quit()``.

    That is no error of the cell, and the kernel lives on for a moment, in which quick cells still run.

    Parameters
    ----------
    reply
        The kernel's answer, an ``execute_reply``.
    """
    payload = reply.get("content", {}).get("payload") or ()
    return any(each.get("source") == "ask_exit" and not each.get("keepkernel") for each in payload)
