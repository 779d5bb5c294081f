"""Taking a report off the shelf again: its schedule's owner may, and nobody else learns that it was asked for."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from londata.access import Subject
from londata.errors import EntryNotFoundError, LondataError
from londata.records.schedules import Schedule
from londata_hub import audit
from londata_hub.jobs.shelf import Shelved
from londata_hub.jobs.shelving import SOURCE
from londata_hub.services.reports_checks import person_of
from londata_hub.services.reports_desk import Desk


def own_report(desk: Desk, subject: Subject, slug: str) -> tuple[Shelved, Schedule]:
    """Find a report that a schedule of somebody's own made; no other is there to be withdrawn.

    Parameters
    ----------
    desk
        The service.
    subject
        Who asks.
    slug
        The report.

    Raises
    ------
    EntryNotFoundError
        They have none of this name.
    """
    person_of(subject)
    found = desk.shelf.find(slug)
    schedule = own_schedule(desk, subject, found) if found else None
    if found and schedule:
        return found, schedule
    raise EntryNotFoundError(
        f"There is no report {slug[:80]!r} of yours.", hint="See the list of reports; its owner can withdraw it."
    )


def own_schedule(desk: Desk, subject: Subject, report: Shelved) -> Schedule | None:
    """Find the schedule that made a report, where it is somebody's own.

    Parameters
    ----------
    desk
        The service.
    subject
        Who asks; a service or somebody who acts for another has none.
    report
        The report.
    """
    try:
        return desk.own(subject, report.schedule)
    except LondataError:
        return None


def withdraw(desk: Desk, subject: Subject, slug: str, reason: str = "") -> dict[str, Any]:
    """Take a report from its readers: out of the register first, then off the shelf.

    Should the service die between the two, nobody can open it any more, and asking again does the rest.

    Parameters
    ----------
    desk
        The service.
    subject
        Who asks: the owner of its schedule.
    slug
        The report.
    reason
        Why, for whoever reads the log later.

    Returns
    -------
    dict
        What was withdrawn, and what comes next.
    """
    found, schedule = own_report(desk, subject, slug)
    with desk.register() as register:
        register.withdraw([found.slug], source=SOURCE.format(schedule=schedule.id))
    details = {"id": found.slug, "run": found.run, "schedule": schedule.id, "reason": reason}
    desk.store.log(
        audit.Event(
            "report.withdrawn",
            subject.name,
            subject=schedule.owner,
            entry=found.slug,
            project=schedule.project or "",
            details=details,
        )
    )
    desk.shelf.withdraw(found)
    coming = desk.store.next_runs(schedule.id, 1) if schedule.state == "active" else []
    following = coming[0] if coming else None
    return {
        "id": found.slug,
        "title": found.entry.title,
        "schedule": schedule.id,
        "next_run": following,
        "next": what_next(schedule, following),
    }


def what_next(schedule: Schedule, following: dt.datetime | None) -> str:
    """Say whether a new report comes in the place of a withdrawn one.

    Parameters
    ----------
    schedule
        Which makes it.
    following
        When it comes round next; ``None`` where it does not.
    """
    if schedule.state == "ended":
        return "Its schedule has ended, so no new one comes."
    if following is None:
        return "Its schedule is paused; once it goes on, its next run puts a new one there."
    there = following.astimezone(ZoneInfo(schedule.timezone))
    when = f"{there:%A} {there.day} {there:%B %Y, %H:%M}"
    return f"The next run of its schedule, {when}, puts a new one there; pause or end the schedule to keep that away."
