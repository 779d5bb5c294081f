"""How one stands towards an entry: may one read it, under which agreement, until when, and if not, why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from londata.access import Decision

if TYPE_CHECKING:
    from londata.sharing.requests import Request


@dataclass(frozen=True)
class Standing:
    """What the hub says of a caller, an entry and a project. An explanation: it opens nothing.

    ``columns`` are those that may be read (``None``: all); ``rows`` says which rows, in words, empty for all.
    ``readable_in`` names projects of the caller in which it could be read, where none is chosen; ``waiting`` is the
    caller's own request for it that is not decided yet.
    """

    allowed: bool
    reasons: tuple[str, ...]
    agreement: str = ""
    project: str = ""
    until: dt.datetime | None = None
    columns: tuple[str, ...] | None = None
    rows: str = ""
    readable_in: tuple[str, ...] = ()
    waiting: Request | None = None

    @classmethod
    def of(cls, decision: Decision) -> Standing:
        """Take it from a decision that was made here, where there is no service to ask."""
        return cls(
            decision.allowed,
            decision.reasons,
            decision.agreement or "",
            decision.project or "",
            decision.until,
            decision.columns,
            str(decision.rows) if decision.rows else "",
        )
