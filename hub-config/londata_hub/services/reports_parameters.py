"""What may be asked of the service of reports: parameters and bodies of each address, with limits on every size."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from londata.records.schedules import Missed, ParameterValue
from londata.reports.job import FORMATS
from londata_hub.services.parameters import MAX_WORDS, Nothing

#: Most bytes of one file of somebody's own template, and of the body of a request that brings both as JSON.
MOST_OF_A_FILE, MOST_OF_A_BODY = 2_000_000, 9_000_000
LONGEST_RULE = 200

Name = Annotated[str, Field(min_length=1, max_length=120)]
Format = Literal[FORMATS]  # type: ignore[valid-type]


class Files(Nothing):
    """Somebody's own template: its two files."""

    notebook: str = Field(max_length=MOST_OF_A_FILE, description="template.ipynb")
    definition: str = Field(max_length=MOST_OF_A_FILE, description="template.yaml")


class NewSchedule(Nothing):
    """A schedule to be made. Whose it is, its id and its state are not for the caller to say."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, strict=True)

    template: Name = Field(description="Name of a template; of one's own where `files` are given")
    when: str = Field(min_length=1, max_length=LONGEST_RULE, description="Cron expression or plain words")
    timezone: str = Field("Europe/London", max_length=64, description="Whose clock, where `when` does not say it")
    title: str = Field("", max_length=200, description="What it is called; the template's title when empty")
    project: str = Field("", max_length=120, description="The project that it works for; empty for none")
    each: str = Field("", max_length=120, description="The parameter of which every choice gets a report of its own")
    parameters: dict[Annotated[str, Field(max_length=120)], ParameterValue] = Field(
        default_factory=dict, max_length=100, description="The other parameters"
    )
    formats: Annotated[list[Format], Field(max_length=len(FORMATS))] = Field(
        default_factory=list, description="What is made beside page and notebook"
    )
    missed: Missed = Field("once", description="What becomes of occurrences that passed while nothing ran")
    retries: int = Field(2, ge=0, le=10, description="How often a run that failed is tried again")
    audience: Annotated[list[Name], Field(max_length=50)] = Field(
        default_factory=list, description="Groups and people who may see the reports; `{each}` stands for the choice"
    )
    notify: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=10)] = Field(
        default_factory=list, description="Who is told, as mailto:… or https://…"
    )
    notify_when: Literal["failure", "always"] = Field("failure", description="When they are told")
    files: Files | None = Field(None, description="Somebody's own template")


class Pause(Nothing):
    """Why a schedule is paused or ended, or a report withdrawn."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field("", max_length=MAX_WORDS, description="Why, for whoever reads it later")


class Coming(Nothing):
    """A rule whose moments are asked for."""

    when: str = Field(min_length=1, max_length=LONGEST_RULE, description="Cron expression or plain words")
    timezone: str = Field("Europe/London", max_length=64, description="Whose clock, where `when` does not say it")
    count: int = Field(5, ge=1, le=50, description="How many moments")


class RunPage(Nothing):
    """How many runs."""

    most: int = Field(20, ge=1, le=200, description="Most runs to send, the newest first")
