"""Schedules of reports and their runs: what runs when, for whom, and what became of each occurrence."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from londata.records.base import Record
from londata.records.entry import Slug

ScheduleState = Literal["active", "paused", "ended"]
#: ``waiting`` and ``running`` are under way; every other state is an end, and no end is ever left.
RunState = Literal["waiting", "running", "completed", "failed", "lost", "refused", "skipped", "stopped"]
Missed = Literal["once", "skip"]
#: Who paused a schedule when no person did: the hub, because access had ended.
HUB = "londata"
ParameterValue = str | int | float | bool
#: One plain address of e-mail, without anything that ``mailto:`` could add: other recipients, headers, encoded signs.
MAIL_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$&'*+/=^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*"
)
_HTTPS = re.compile(r"https://[^\s/?#@<>\"\\]+(?:[/?#][^\s<>\"\\]*)?")


def _to_be_told(place: str) -> str:
    if place.startswith("mailto:") and MAIL_ADDRESS.fullmatch(place.removeprefix("mailto:")):
        return place
    if _HTTPS.fullmatch(place):
        return place
    raise ValueError("nobody can be told there; write mailto:name@example.org, one plain address, or https://…")


#: Where somebody is told of a run: one address of e-mail, or an address that takes posts over a safe line.
Place = Annotated[str, Field(max_length=500), AfterValidator(_to_be_told)]


class Schedule(Record):
    """A report that runs by itself, as one person and for at most one project.

    ``rule`` is a cron expression and ``timezone`` the IANA name of the place whose clock it means; ``words`` says the
    same in plain English. ``each`` names the parameter of which every choice gets a report of its own. ``missed`` says
    what becomes of occurrences that passed while nothing ran: one run for all of them, or none. ``audience`` are
    groups and people who may see the reports, where ``{each}`` stands for the choice. ``notebook`` is the SHA-256 of
    the template's snapshot when the template is the owner's own; empty for one that is shipped.
    """

    id: Slug
    title: str = Field(min_length=1, max_length=300)
    owner: str = Field(min_length=1)
    project: Slug | None = None
    template: Slug
    notebook: str = ""
    parameters: dict[str, ParameterValue] = Field(default_factory=dict)
    each: str = ""
    formats: tuple[str, ...] = ()
    rule: str
    timezone: str
    words: str
    missed: Missed = "once"
    retries: int = Field(default=2, ge=0, le=10)
    backoff_s: float = Field(default=60, ge=1, le=86_400)
    audience: tuple[str, ...] = ()
    notify: tuple[Place, ...] = ()
    notify_when: Literal["failure", "always"] = "failure"
    created_at: AwareDatetime
    state: ScheduleState = "active"
    #: Why it is paused or ended, and by whom; ``londata`` where the hub did it because access ended.
    reason: str = ""
    changed_by: str = ""

    @property
    def advice(self) -> str:
        """Say what its owner can do, where the hub paused it; nothing else needs advice."""
        if self.state != "paused" or self.changed_by != HUB:
            return ""
        return (
            "The hub paused it, and nothing runs. Have that put right (ask for access again, say), then resume it; "
            "or end it, if nobody needs it any more."
        )


class Run(Record):
    """One occurrence of a schedule: the moment that it stands for, and how far it got.

    ``attempt`` counts from 1. ``asked_by`` is who asked for a run by hand. ``heartbeat`` is the last sign of life of
    the worker that holds it. ``folder`` is where its reports are, below the hub's folder of reports; ``summary`` a
    sentence or two; ``problem`` why it did not end well.
    """

    id: str
    schedule: Slug
    scheduled_for: AwareDatetime
    by_hand: bool = False
    asked_by: str = ""
    attempt: int = Field(default=1, ge=1)
    state: RunState = "waiting"
    worker: str = ""
    started_at: AwareDatetime | None = None
    heartbeat: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    folder: str = ""
    summary: str = ""
    problem: str = ""
    made: int = 0
    failed: int = 0


#: The states that are ends.
ENDED: frozenset[RunState] = frozenset({"completed", "failed", "lost", "refused", "skipped", "stopped"})
