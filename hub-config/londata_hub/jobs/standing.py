"""Whether whoever scheduled a report may still have it made: asked before each run, and after one that failed."""

from __future__ import annotations

from pathlib import Path

from londata.access import Subject, midnight
from londata.access.days import day
from londata.errors import LondataError
from londata.records import Schedule
from londata.reports import templates
from londata.reports.templates import Template
from londata_hub.store.ledger import Ledger

#: Whom the worker can make tokens for; a report runs as one of them.
MAY_SCHEDULE = "analysts"


def template_of(schedule: Schedule, state: Path) -> Path | str:
    """Tell where the template is: a shipped one by its name, the owner's own as the snapshot that was taken."""
    return state / "templates" / schedule.notebook / schedule.template if schedule.notebook else schedule.template


def why_not(store: Ledger, schedule: Schedule, groups: frozenset[str] | None, template: Template) -> str:
    """Say why a schedule's owner may not have it made any more.

    Parameters
    ----------
    store
        Decides.
    schedule
        Whose and what.
    groups
        The owner's groups as of now; ``None`` when they have left.
    template
        What is made; each of its data sets must be there, and each that is not open is decided about.

    Returns
    -------
    str
        A sentence or two for the owner; empty when they may.
    """
    if groups is None:
        return f"{schedule.owner} is not at the hub any more."
    if MAY_SCHEDULE not in groups:
        return f"{schedule.owner} is not in the group {MAY_SCHEDULE}, for whom reports can run by themselves."
    if schedule.project and (said := _project_ended(store, schedule)):
        return said
    subject = Subject(schedule.owner, groups)
    for slug in template.datasets:
        entry = store.entry(slug)
        if entry is None or not store.decide(subject, "see", entry).allowed:  # what is hidden is, to them, not there
            return f"There is no entry {slug} in the register for {schedule.owner}."
        if entry.access == "open":
            continue
        decision = store.decide(subject, "read", entry, schedule.project)
        if not decision.allowed:
            return f"Access to {entry.title} is not there: {' '.join(decision.reasons)}"
    return ""


def _project_ended(store: Ledger, schedule: Schedule) -> str:
    arrangements = store.arrangements()
    project = arrangements.projects.get(schedule.project or "")
    if project is None:
        return f"There is no project {schedule.project}."
    if schedule.owner not in project.members:
        return f"{schedule.owner} is not a member of the project {project.title} any more."
    if store.now() >= midnight(project.end):
        return f"The project {project.title} ended on {day(midnight(project.end))}."
    return ""


def loaded(schedule: Schedule, state: Path) -> Template | str:
    """Load the template, or say why it cannot be used."""
    try:
        return templates.load(template_of(schedule, state))
    except LondataError as error:
        return str(error)
