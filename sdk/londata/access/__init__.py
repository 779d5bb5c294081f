"""Who may do what: default deny, one pure :func:`decide` behind every door.

It goes by :class:`Arrangements`: agreements, projects and grants as they stand. No input or output happens here.
"""

from londata.access.arrangements import NOTHING, Arrangements, Stop, Term, midnight
from londata.access.deciding import day, decide
from londata.access.decision import POLICY_VERSION, Action, Decision
from londata.access.listing import as_shown
from londata.access.subject import ORGANISATION, STEWARDS, Subject

__all__ = [
    "NOTHING",
    "ORGANISATION",
    "POLICY_VERSION",
    "STEWARDS",
    "Action",
    "Arrangements",
    "Decision",
    "Stop",
    "Subject",
    "Term",
    "as_shown",
    "day",
    "decide",
    "midnight",
]
