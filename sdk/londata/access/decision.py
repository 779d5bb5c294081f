"""The answer to who may do what: it is a required argument of whatever opens data."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from londata.errors import AccessDeniedError, AccessEndedError
from londata.records import Distribution, Entry, RowFilter

EVERY_ROW = RowFilter()
#: Changes when the rules of :func:`londata.access.decide` change.
POLICY_VERSION = "2026-11-insights"
Action = Literal["see", "read", "steward"]


@dataclass(frozen=True)
class Decision:
    """The answer, with everything needed to explain and prove it.

    ``reasons`` begins with what the answer rests on; a denial goes on with every other condition that fails and ends
    with what to do next. ``until`` is the time (aware, UTC) at which an allow ends; ``None`` where nothing ends it.
    ``columns`` are those that may be read (``None``: all), ``rows`` says which rows. ``ended`` marks a denial of what
    was allowed before and is over.
    """

    allowed: bool
    action: str
    subject: str
    entry_id: str
    reasons: tuple[str, ...]
    agreement: str | None = None
    until: dt.datetime | None = None
    policy_version: str = POLICY_VERSION
    project: str | None = None
    purpose: str | None = None
    grant: str | None = None
    columns: tuple[str, ...] | None = None
    rows: RowFilter = EVERY_ROW
    ended: bool = False

    def require(self) -> Decision:
        """Return the decision if it allows.

        Raises
        ------
        AccessDeniedError
            It denies; the message says why. :class:`~londata.errors.AccessEndedError` where it once allowed.
        """
        if not self.allowed:
            kind = AccessEndedError if self.ended else AccessDeniedError
            raise kind(self.reasons[0], hint=" ".join(self.reasons[1:]))
        return self

    def require_for(self, action: Action, entry: Entry, distribution: Distribution | None = None) -> Decision:
        """Return the decision if it allows this action on this very entry: what every door asks before it opens.

        Parameters
        ----------
        action
            What is about to be done.
        entry
            To which entry.
        distribution
            What of it is about to be opened, as the entry lists it; ``None`` where no data is opened.

        Returns
        -------
        Decision
            This one.

        Raises
        ------
        AccessDeniedError
            It denies, it is about something else, or the distribution is not the entry's.
        """
        self.require()
        if (self.action, self.entry_id) != (action, entry.id):
            raise AccessDeniedError(
                f"The decision is not about {action}ing {entry.id}.", hint="Ask for a decision again."
            )
        if distribution is not None and distribution not in entry.distributions:
            raise AccessDeniedError(
                f"The decision is about {entry.id}, and the distribution {distribution.id} is not one of its own.",
                hint="Take a distribution as the entry lists it.",
            )
        return self
