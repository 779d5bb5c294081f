"""Agreements: what is agreed between bodies about data, mirrored from where it was signed."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field, field_validator, model_validator

from londata.records import legal
from londata.records.base import Record
from londata.records.entry import Slug
from londata.records.parts import Contact
from londata.records.row_filter import RowFilter

Status = Literal["draft", "signed", "suspended", "ended"]
PartyRole = Literal["controller", "joint", "processor", "recipient"]
OutputRule = Literal["none", "aggregate-only", "with-approval"]
Setting = Literal["workbench", "download", "named-environment"]
#: What ``ISA-014`` looks like: what people call an agreement, and what is written in logs and addresses.
REFERENCE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"


class MirrorOf(Record):
    """Where the agreement itself is kept, and when somebody last compared this record with it."""

    system: str = Field(min_length=1)
    reference: str = Field(min_length=1)
    confirmed_on: dt.date


class Party(Record):
    """A body that signed. ``organisation`` is a publisher's id."""

    organisation: Slug
    role: PartyRole
    signed_by: str = ""
    signed_on: dt.date | None = None


class LegalBasis(Record):
    """Why the law allows it. ``codes`` is the version of :data:`londata.records.legal.CODE_LISTS`.

    ``power`` is the statutory power, which public bodies must have beside a basis in the UK GDPR.
    """

    codes: str = legal.CURRENT
    power: str = ""
    article_6: str = ""
    article_9_10: str = ""

    @model_validator(mode="after")
    def _listed(self) -> LegalBasis:
        if self.codes not in legal.CODE_LISTS:
            raise ValueError(f"there is no code list {self.codes!r}; there is {', '.join(legal.CODE_LISTS)}")
        lists = legal.CODE_LISTS[self.codes]
        for name, value, known in (
            ("article_6", self.article_6, lists.article_6),
            ("article_9_10", self.article_9_10, lists.article_9_10),
        ):
            if value and value not in known:
                raise ValueError(f"{name}: {value!r} is not in list {self.codes}; it has {', '.join(known)}")
        return self


class Cover(Record):
    """One entry that an agreement covers: these columns (``None``: all) of these rows."""

    entry: Slug
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    rows: RowFilter = RowFilter()


class Dpia(Record):
    """The data protection impact assessment."""

    reference: str = ""
    date: dt.date | None = None
    outcome: str = ""


class Agreement(Record):
    """A mirror of an information-sharing agreement; the agreement itself is where ``mirror_of`` says.

    A date is the first day on which something holds or, for ``end`` and ``review_by``, no longer holds; a day begins
    at midnight in London. A review date is a stop date.
    """

    id: str = Field(pattern=REFERENCE)
    title: str = Field(min_length=1, max_length=300)
    status: Status
    mirror_of: MirrorOf
    parties: tuple[Party, ...] = Field(min_length=1)
    purposes: tuple[str, ...] = Field(min_length=1)
    legal_basis: LegalBasis
    covers: tuple[Cover, ...] = ()
    settings: tuple[Setting, ...] = ("workbench",)
    who_may: tuple[str, ...] = ()
    outputs: OutputRule
    dpia: Dpia = Dpia()
    start: dt.date
    review_by: dt.date
    end: dt.date
    retention_days: int = Field(default=0, ge=0)
    contact: Contact = Contact()
    breach_contact: Contact = Contact()
    description: str = ""

    @field_validator("covers")
    @classmethod
    def _once(cls, value: tuple[Cover, ...]) -> tuple[Cover, ...]:
        names = [cover.entry for cover in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"entries covered twice: {', '.join(twice)}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Agreement:
        if not self.start < self.end:
            raise ValueError("it ends before it starts")
        if unknown := [code for code in self.purposes if code not in legal.CODE_LISTS[self.legal_basis.codes].purposes]:
            raise ValueError(f"purposes that are not in list {self.legal_basis.codes}: {', '.join(unknown)}")
        return self

    def cover_of(self, entry: str) -> Cover | None:
        """Find what is agreed about an entry."""
        return next((cover for cover in self.covers if cover.entry == entry), None)
