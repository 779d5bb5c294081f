"""Projects, grants and requests: people, a purpose, and who may use what until when."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from londata.records.agreements import REFERENCE
from londata.records.base import Record
from londata.records.entry import Slug

Reference = Annotated[str, Field(pattern=REFERENCE)]
RequestState = Literal["open", "approved", "refused", "withdrawn"]


class Project(Record):
    """People who work for one purpose, under agreements. It ends when ``end`` begins, at midnight in London."""

    id: Slug
    title: str = Field(min_length=1, max_length=300)
    purpose: str
    public_benefit: str = Field(min_length=1)
    friction: str = ""
    members: tuple[str, ...] = ()
    agreements: tuple[Reference, ...] = ()
    end: dt.date
    owner: str = ""


class Grant(Record):
    """Who may read what, for which project, under which agreement, until when; ended early by a later record only."""

    id: str
    subject: str = Field(min_length=1)
    entry: Slug
    project: Slug
    agreement: Reference
    until: AwareDatetime
    granted_by: str
    granted_at: AwareDatetime
    request: str = ""


class GrantEnd(Record):
    """The later record that ends a grant before its time."""

    grant: str
    ended_by: str
    ended_at: AwareDatetime
    reason: str = ""


class ServiceAccount(Record):
    """Something that runs without a person watching: it acts for one project and is owned by a named person."""

    name: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    project: Slug


class AccessRequest(Record):
    """What somebody asks for, and what became of it.

    ``agreement`` is the one that would cover it, empty where none does; ``until`` is what was approved.
    """

    id: str
    subject: str
    organisations: tuple[str, ...] = ()
    entry: Slug
    project: Slug
    purpose: str
    why: str = Field(max_length=2000)
    agreement: str = ""
    made_at: AwareDatetime
    state: RequestState = "open"
    decided_by: str = ""
    decided_at: AwareDatetime | None = None
    until: AwareDatetime | None = None
    reason: str = Field(default="", max_length=2000)
    grant: str = ""
