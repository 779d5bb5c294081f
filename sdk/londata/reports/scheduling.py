"""Schedules from a notebook: a report that the hub runs by itself, as you and for your project.

>>> from londata import reports
>>> reports.schedule("borough-profile", "first Monday 07:00", each="borough")       # doctest: +SKIP
>>> reports.schedules()                                                             # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from londata import session
from londata.client.reports_client import ReportsClient, reports_client
from londata.errors import ParameterError, RegisterUnavailableError
from londata.records.schedules import Missed, Run, Schedule
from londata.reports import templates
from londata.reports.engine import choices
from londata.reports.parameters import Value, as_given, check_all
from londata.reports.schedule_wishes import check_texts, check_ways, several
from londata.reports.scheduled import Runs, ScheduledReport, Schedules
from londata.reports.templates import DEFINITION, NOTEBOOK, Template
from londata.schedules import parse
from londata.sharing.display.words import plain

T = TypeVar("T")


def schedule(
    template: str | Path,
    when: str,
    /,
    *,
    each: str = "",
    project: str | None = None,
    title: str = "",
    missed: Missed = "once",
    retries: int = 2,
    audience: str | Sequence[str] = (),
    notify: str | Sequence[str] = (),
    notify_when: str = "failure",
    formats: str | Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    **values: Any,
) -> ScheduledReport:
    """Let the hub run a report by itself, again and again, as you.

    Parameters
    ----------
    template
        The name of a template, or the path of your own; your own goes to the hub as it is now.
    when
        A cron expression or plain words: ``first Monday 07:00 Europe/London``.
    each
        A parameter with choices, as ``borough``: every choice gets a report of its own.
    project
        The project that it works for; this kernel's when not given.
    title
        What it is called; the template's title when empty.
    missed
        ``once``: what was missed while the hub was down runs once; ``skip``: it does not.
    retries
        How often a run that fails is tried again.
    audience
        Groups and people who may see the reports, beside you and your project: ``org-camden``, ``person:bola``; in
        ``org-{each}`` the choice stands for itself.
    notify, notify_when
        Who is told (``mailto:…``, ``https://…``), of ``failure`` or ``always``.
    formats
        What is made beside page, notebook and the numbers of the figures as CSV: ``pdf``, ``parquet``.
    parameters, **values
        The report's parameters, as a mapping, by name, or both.

    Returns
    -------
    ScheduledReport
        The schedule as the hub keeps it.

    Raises
    ------
    UsageError, TemplateError, ParameterError, ScheduleError
        Something of it cannot be; nothing was sent.
    SettingsError
        There is no hub here.
    """
    client = reports_client()
    check_texts(when=when, title=title, each=each, project="" if project is None else project)
    check_ways(missed=missed, retries=retries, notify_when=notify_when)
    given_lists = {"formats": formats, "audience": audience, "notify": notify}
    lists = {name: several(name, items) for name, items in given_lists.items()}
    found = templates.load(template)
    rule = parse(when)
    given = _checked(found, each, {**(parameters or {}), **values})
    wanted: dict[str, Any] = {
        "template": found.name,
        "when": f"{rule.cron} {rule.timezone}",
        "title": title,
        "project": (session.project() or "") if project is None else project,
        "each": each,
        "parameters": given,
        "formats": lists["formats"],
        "missed": missed,
        "retries": retries,
        "audience": lists["audience"],
        "notify": lists["notify"],
        "notify_when": notify_when,
    }
    if not _is_shipped(found):
        wanted["files"] = {"notebook": _text(found, NOTEBOOK), "definition": _text(found, DEFINITION)}
    return _Service(client).told(client.add(wanted))


def schedules() -> Schedules:
    """List your schedules: when each comes round next, and how the last run ended.

    Raises
    ------
    SettingsError
        There is no hub here.
    """
    there = _Service(reports_client())
    return Schedules([there.told(each) for each in there.client.schedules()])


def find(name: str) -> ScheduledReport:
    """Find a schedule of yours, or of a project of yours, by its id."""
    there = _Service(reports_client())
    return there.told(there.client.schedule(name))


def log(run: str) -> str:
    """Give the end of the log of a run of yours."""
    return reports_client().log(run)


def withdraw(report: str, /, reason: str = "") -> str:
    """Take a report that a schedule of yours made off the hub's shelf: nobody can open or find it any more.

    The next run of its schedule puts a new one there, unless the schedule is paused or ended.

    Parameters
    ----------
    report
        What its entry in the register is called: ``borough-profile-0a1b2c3d-camden``.
    reason
        Why, for whoever reads the hub's log later.

    Returns
    -------
    str
        What was withdrawn, and what comes next.

    Raises
    ------
    UsageError
        That cannot be the name of a report, or the reason is too long.
    EntryNotFoundError
        No schedule of yours made a report of this name.
    """
    check_texts(report=report, reason=reason)
    said = reports_client().withdraw(report, reason)
    return _read(lambda: f"“{plain(said['title'])}” was withdrawn: nobody can open it now. {plain(said['next'])}")


class _Service:
    """The hub's service, with what it says read into records."""

    def __init__(self, client: ReportsClient) -> None:
        self.client = client

    def told(self, said: Mapping[str, Any]) -> ScheduledReport:
        """Read a schedule."""
        return _read(
            lambda: ScheduledReport(
                record=Schedule.model_validate({name: said[name] for name in Schedule.model_fields if name in said}),
                last=Run.model_validate(said["last"]) if said.get("last") else None,
                mine=said.get("mine") is True,
                service=self,
            )
        )

    def again(self, name: str) -> ScheduledReport:
        """Look at a schedule again."""
        return self.told(self.client.schedule(name))

    def change(self, name: str, what: str, reason: str = "") -> ScheduledReport:
        """Pause, resume, run or end a schedule.

        Parameters
        ----------
        name
            Its id.
        what
            Which of them.
        reason
            Why.
        """
        return self.told(self.client.change(name, what, reason))

    def runs(self, name: str, most: int) -> Runs:
        """List runs, the newest first."""
        found = self.client.runs(name, most)
        return _read(lambda: Runs([Run.model_validate(each) for each in found]))

    def stop(self, run: str) -> Run:
        """Stop a run that waits or runs."""
        stopped = self.client.stop(run)
        return _read(lambda: Run.model_validate(stopped))

    def log(self, run: str) -> str:
        """Give the end of a run's log."""
        return self.client.log(run)


def _read(make: Callable[[], T]) -> T:
    try:
        return make()
    except (ValidationError, KeyError, TypeError, AttributeError) as error:
        raise RegisterUnavailableError(
            "The hub describes schedules in a way that this version of londata does not know.",
            hint="Install the version of londata that the hub runs.",
        ) from error


def _checked(template: Template, each: str, given: Mapping[str, Any]) -> dict[str, Value]:
    """Check the parameters, with the choices of the register, before anything is sent."""
    by_name = {parameter.name: parameter for parameter in template.parameters}
    if each:
        possible = [name for name, parameter in by_name.items() if parameter.type == "choice"]
        if each not in possible:
            has = f"It has {', '.join(possible)}." if possible else "It has none."
            raise ParameterError(f"The template {template.name} has no choice {each!r}.", hint=has)
        if each in given:
            raise ParameterError(f"{each} cannot be given as well: every choice gets a report.", hint="Leave it out.")
    others = tuple(parameter for parameter in template.parameters if parameter.name != each)
    return as_given(template.parameters, given, check_all(template.name, others, given, choices))


def _is_shipped(template: Template) -> bool:
    return template.name in templates.names() and templates.load(template.name).folder == template.folder


def _text(template: Template, name: str) -> str:
    return (template.folder / name).read_text(encoding="utf-8")
