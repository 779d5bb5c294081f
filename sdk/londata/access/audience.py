"""For whom a report was made: people, groups of the hub, and members of projects, each named as what it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from londata.access.arrangements import Arrangements
from londata.access.days import midnight
from londata.access.subject import Subject


def among(subject: Subject, audience: Iterable[str], now: dt.datetime | None, arrangements: Arrangements) -> str:
    """Say why somebody is among an audience; empty where they are not.

    A group is a group and a person a person: a group that is called like somebody lets nobody in by that name.

    Parameters
    ----------
    subject
        Who asks.
    audience
        ``person:ada``, ``group:org-camden``, ``project:school-places``.
    now
        The time of the question; without one, no project lets anybody in.
    arrangements
        The projects as they stand; one that is over lets nobody in.
    """
    named = frozenset(audience)
    if f"person:{subject.person}" in named:
        return "It was made for you."
    if any(f"group:{group}" in named for group in subject.groups):
        return "It was made for people of one of your groups."
    for project in arrangements.projects_of(subject.person) if now is not None else ():
        if f"project:{project.id}" in named and now is not None and now < midnight(project.end):
            return "It was made for a project of yours."
    return ""
