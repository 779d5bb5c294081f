"""Who may do what: default deny, one pure :func:`decide` behind every door.

It goes by :class:`Arrangements`: agreements, projects and grants as they stand. No input or output happens here.
"""

from londata.access.arrangements import NOTHING, Arrangements
from londata.access.conditions import in_force
from londata.access.days import day, days_left, in_words, last_day, midnight, until_in_words
from londata.access.deciding import decide
from londata.access.decision import POLICY_VERSION, Action, Decision
from londata.access.listing import as_shown, may_know_names, readers_shown, without_names
from londata.access.subject import ORGANISATION, STEWARDS, Subject, who
from londata.access.term import Stop, Term

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
    "days_left",
    "decide",
    "in_force",
    "in_words",
    "last_day",
    "may_know_names",
    "midnight",
    "readers_shown",
    "until_in_words",
    "who",
    "without_names",
]
