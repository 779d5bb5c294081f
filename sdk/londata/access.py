"""Who may do what: one pure, total function that denies unless a rule allows.

This first version knows one rule: anybody who is known may see every entry that is listed, and may read
it if it is open. Agreements, projects and grants (shared and closed data) are not here yet; such data is denied.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from londata.errors import AccessDeniedError
from londata.records import Distribution, Entry

POLICY_VERSION = "2026-11-open-only"
Action = Literal["see", "read"]


@dataclass(frozen=True)
class Subject:
    """Who asks: the name at the hub and the groups there. ``name`` is empty for nobody."""

    name: str
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Decision:
    """The answer, with everything needed to explain and prove it.

    ``reasons`` begins with what the answer rests on; a denial goes on with what to do next.
    ``until`` is the time (aware, UTC) at which an allow ends; ``None`` where nothing ends it.
    """

    allowed: bool
    action: str
    subject: str
    entry_id: str
    reasons: tuple[str, ...]
    agreement: str | None = None
    until: dt.datetime | None = None
    policy_version: str = POLICY_VERSION

    def require(self) -> Decision:
        """Return the decision if it allows.

        Raises
        ------
        AccessDeniedError
            It denies; the message says why.
        """
        if not self.allowed:
            raise AccessDeniedError(self.reasons[0], hint=" ".join(self.reasons[1:]))
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


def decide(subject: Subject, action: Action, entry: Entry) -> Decision:
    """Decide whether a subject may see or read an entry. Never raises; denies by default.

    Parameters
    ----------
    subject
        Who asks; somebody without a name is nobody, and gets nothing.
    action
        ``"see"`` (that it is in the register, and what its record says) or ``"read"`` (its data); any other is denied.
    entry
        What is asked for.

    Returns
    -------
    Decision
        With its reason. Whoever opens data requires it, by :meth:`Decision.require_for`.
    """

    def answer(allowed: bool, *reasons: str) -> Decision:
        return Decision(allowed, action, subject.name, entry.id, reasons)

    if not subject.name:
        return answer(False, "Nobody is logged in.", "Log in first.")
    if action == "see":
        return answer(True, "Every entry of the register is listed for everybody.")
    if action == "read" and entry.access == "open":
        return answer(True, "The data is open.")
    return answer(
        False,
        f"You can see “{entry.title}” but not read it: its access is {entry.access}, "
        "and no agreement gives you a grant.",
        f"Ask {entry.publisher.name}{f': {entry.landing_page}' if entry.landing_page else ''}",
    )
