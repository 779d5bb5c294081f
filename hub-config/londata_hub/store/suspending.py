"""How it is written down that an agreement is suspended and resumed: in its description, which everybody can read."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from londata.access import day
from londata.records import Agreement

_SUSPENDED = "Suspended on"


def restated(agreement: Agreement, status: Literal["signed", "suspended"], now: dt.datetime, reason: str) -> Agreement:
    """Give an agreement another status and say why.

    Parameters
    ----------
    agreement
        As it stands.
    status
        ``suspended``, or ``signed`` to resume it.
    now
        When.
    reason
        Why, in a sentence.

    Returns
    -------
    Agreement
        Its next version.
    """
    what = _SUSPENDED if status == "suspended" else "Resumed on"
    said = f"{agreement.description} {what} {day(now)}: {reason}".strip()
    return agreement.model_copy(update={"status": status, "description": said})


def why_suspended(agreement: Agreement) -> str:
    """Give the reason with which an agreement was suspended last; empty where it is not suspended or none was said."""
    if agreement.status != "suspended":
        return ""
    said = agreement.description.rpartition(f"{_SUSPENDED} ")[2] if _SUSPENDED in agreement.description else ""
    return said.partition(": ")[2].strip()
