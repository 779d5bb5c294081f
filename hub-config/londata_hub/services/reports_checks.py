"""Who may schedule at all, and for whom: asked before anything is kept. Pure."""

from __future__ import annotations

from londata.access import Subject
from londata.errors import AccessDeniedError, UsageError
from londata_hub.jobs.readership import EACH, is_declared_well
from londata_hub.jobs.standing import MAY_SCHEDULE
from londata_hub.services.reports_parameters import NewSchedule


def person_of(subject: Subject) -> str:
    """Name the person who asks; schedules are people's.

    Raises
    ------
    AccessDeniedError
        It is nobody, a service, or an account that acts for somebody.
    """
    if not subject.name or subject.owner or "/" in subject.name:
        raise AccessDeniedError("Only people have schedules.", hint="Use the token of your own server.")
    return subject.name


def check_may_run(subject: Subject) -> None:
    """Refuse what no worker could make: it gets tokens for people of one group alone.

    Raises
    ------
    AccessDeniedError
        The caller is not in that group.
    """
    if MAY_SCHEDULE not in subject.groups:
        raise AccessDeniedError(
            f"Reports run by themselves for people in the group {MAY_SCHEDULE}, and you are not in it.",
            hint=f"Run it yourself with londata.reports.run, ask one of the {MAY_SCHEDULE} to schedule it, or ask "
            "whoever runs the hub to put you in the group.",
        )


def check_audience(wanted: NewSchedule) -> None:
    """Refuse an audience of which nobody can tell who it is.

    Raises
    ------
    UsageError
        One of them is no group of a body, and does not say what it is.
    """
    for name in wanted.audience:
        if not is_declared_well(name, each=bool(wanted.each)):
            nothing = EACH in name and not wanted.each
            why = f"{EACH} stands for nothing here" if nothing else "it is neither a body's group nor a person"
            raise UsageError(
                f"The audience cannot be {name[:80]!r}: {why}.",
                hint="Write org-camden (org-{each}: the body of each place), person:ada or project:school-places.",
            )
