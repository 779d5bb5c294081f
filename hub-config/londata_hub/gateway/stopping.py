"""Why a reading cannot go on, in words: it is used for something else, or is not allowed any more as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from londata.access import Decision
from londata.errors import (
    AccessDeniedError,
    AccessEndedError,
    FetchError,
    LondataError,
    NotAuthenticatedError,
    RegisterUnavailableError,
)
from londata.records import Entry
from londata_hub.gateway.sessions import Peer

if TYPE_CHECKING:
    from londata_hub.gateway.readings import Reading

AGAIN = "Begin the reading again; londata does so by itself."


def misuse_of(reading: Reading, peer: Peer | None, entry: str, distribution: str) -> AccessDeniedError | None:
    """Say how a token is used for what it was not made for.

    Parameters
    ----------
    reading
        What it is good for.
    peer
        Who sends it, where that can be told.
    entry, distribution
        What it is sent for.

    Returns
    -------
    AccessDeniedError or None
        Nothing is wrong with most.
    """
    if (entry, distribution) != (reading.entry.id, reading.distribution.id):
        return AccessDeniedError("This token is good for other data than was asked for.", hint=AGAIN)
    same = peer is None if reading.session is None else peer is not None and peer.belongs_to(reading.session)
    if not same:
        return AccessDeniedError(
            "This token was given to another session, and works in that one only.",
            hint="Begin a reading in this session: what a token may read is nobody else's.",
        )
    return None


def problem_of(reading: Reading, decision: Decision, entry: Entry | None) -> LondataError | None:
    """Say why a reading cannot go on under the decision as it is now.

    Parameters
    ----------
    reading
        Which.
    decision
        As it is now.
    entry
        As the register has it now.

    Returns
    -------
    LondataError or None
        ``None`` where it can.
    """
    if entry is None or reading.distribution not in entry.distributions:
        return AccessEndedError(
            f"“{reading.entry.title}” is not in the register any more as it was when this reading began.",
            hint="Look it up again, and begin another reading.",
        )
    if not decision.allowed:
        return AccessEndedError(decision.reasons[0], hint=" ".join(decision.reasons[1:]))
    return restarted() if terms(decision) != terms(reading.decision) else None


def change_of(reading: Reading, mark: object) -> FetchError | None:
    """Say that the bytes are not those any more with which a reading began."""
    if mark == reading.mark:
        return None
    return FetchError(f"“{reading.entry.title}” was changed while it was read.", hint="Read it again.")


def terms(decision: Decision) -> tuple[Any, ...]:
    """Give what a reading goes by; of other terms it must begin again."""
    return (
        decision.agreement,
        decision.grant,
        decision.project,
        decision.purpose,
        decision.columns,
        decision.rows,
        decision.policy_version,
    )


def restarted() -> NotAuthenticatedError:
    """Say that a reading must begin again."""
    return NotAuthenticatedError("What is arranged about this data has changed since the reading began.", hint=AGAIN)


def undecided() -> RegisterUnavailableError:
    """Say that nothing is sent while nobody can decide."""
    return RegisterUnavailableError(
        "The gateway cannot find out whether this may still be read, so it sends nothing.",
        hint="Try again in a minute; if that does not help, tell whoever runs the hub.",
    )
