"""What keeps somebody from all data that is not open, whatever they were granted."""

from __future__ import annotations

from londata.access.arrangements import Arrangements
from londata.access.subject import Subject
from londata.access.term import Failing

#: What the names of services begin with; no person's name has a slash.
SERVICE = "service/"


def barred(subject: Subject, project: str | None, arrangements: Arrangements) -> list[Failing]:
    """Say what keeps somebody from all data that is not open, whatever the grants.

    Parameters
    ----------
    subject
        Who asks.
    project
        The project for which it is asked.
    arrangements
        As they stand.

    Returns
    -------
    list of Failing
        Nothing where nothing does.
    """
    found: list[str] = []
    if not arrangements.isolated:
        found.append("users are not kept apart on this hub, so it serves open data only")
    if subject.insight:
        found += [] if subject.owner else ["an insight that no named person owns may read open data only"]
    elif subject.owner:
        found += _account_failing(subject, project, arrangements)
    elif subject.name.startswith(SERVICE):
        found.append("a service that no named person owns may read open data only")
    return [Failing(0, said, "hub") for said in found]


def _account_failing(subject: Subject, project: str | None, arrangements: Arrangements) -> list[str]:
    """Say what is wrong with something that acts for a person: it is entered, for this person, for one project."""
    account = arrangements.accounts.get(subject.name) or arrangements.accounts.get(subject.name.removeprefix(SERVICE))
    if account is None or account.owner != subject.owner:
        return [f"{subject.name} is not entered as a service account of {subject.owner}"]
    if account.project != project:
        asked = f"the project {project}" if project else "no project"
        return [f"the service account {account.name} works for the project {account.project}, and this is for {asked}"]
    return []
