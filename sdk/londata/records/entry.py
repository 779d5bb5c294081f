"""Entries of the register: dataset, service, insight, list."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, field_validator, model_validator

from londata.records.base import Record
from londata.records.identifiers import MAX_SLUG, SLUG, key_of
from londata.records.parts import (
    Column,
    Contact,
    Distribution,
    Geography,
    JoinKey,
    Licence,
    Period,
    Publisher,
    SourceRecord,
    web_address,
)
from londata.records.transparency import Transparency
from londata.records.vocabulary import NOT_STATED, Access, Frequency, InsightForm, Kind, Listing, PersonalData

Slug = Annotated[str, Field(pattern=SLUG.pattern.removesuffix(r"\Z") + "$", max_length=MAX_SLUG)]

#: For whom something was made, said as what it is: a person, a group of the hub, or the members of a project.
#: ``people:3`` stands for three people whose names are not for whoever reads it.
Reader = Annotated[str, Field(pattern=r"^((person|group|project):\S+|people:[1-9][0-9]*)$", max_length=300)]


class BaseEntry(Record):
    """What every entry states; a licence that is ``None`` is *not stated*, never assumed.

    ``listing`` says who may know that the entry exists, whatever its ``access``: everybody (``public``), the people of
    bodies and projects that an agreement about it names (``members``), or those who hold a grant (``hidden``).
    """

    kind: Kind
    id: Slug
    title: str = Field(min_length=1, max_length=500)
    summary: str = Field(default="", max_length=250)
    description: str = ""
    publisher: Publisher
    contact: Contact | None = None
    access: Access
    listing: Listing = "public"
    personal_data: PersonalData = "not stated"
    licence: Licence | None = None
    landing_page: str = ""
    topics: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    issued: dt.date | None = None
    updated: dt.date | None = None
    update_frequency: Frequency = "not stated"
    geography: Geography = Geography()
    period: Period = Period()
    source: SourceRecord | None = None
    flags: tuple[str, ...] = ()

    @field_validator("licence", mode="before")
    @classmethod
    def _not_stated(cls, value: Any) -> Any:
        return None if value == NOT_STATED else value

    @field_validator("landing_page")
    @classmethod
    def _web(cls, value: str) -> str:
        return web_address(value) if value else value

    def to_dict(self) -> dict[str, Any]:
        """Write the entry as plain JSON values, without what is empty; the kind is always there."""
        return {"kind": self.kind} | super().to_dict()

    @property
    def key(self) -> str:
        """What the entry is called in Python."""
        return key_of(self.id)

    @property
    def licence_title(self) -> str:
        """The licence in words, or ``not stated``."""
        return self.licence.title if self.licence else NOT_STATED

    @property
    def formats(self) -> tuple[str, ...]:
        """Short names of the formats in which the entry can be had, each once, in recorded order."""
        return ()


class _WithDistributions(BaseEntry):
    distributions: tuple[Distribution, ...] = ()
    grain: str = ""
    columns: tuple[Column, ...] = ()
    keys: tuple[JoinKey, ...] = ()
    generated: bool = False
    creators: tuple[str, ...] = ()
    attribution: str = ""

    @property
    def formats(self) -> tuple[str, ...]:
        """Short names of the formats, each once, in recorded order."""
        return tuple(dict.fromkeys(distribution.format for distribution in self.distributions))

    @model_validator(mode="after")
    def _consistent(self) -> _WithDistributions:
        names = [distribution.id for distribution in self.distributions]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"distributions named twice: {', '.join(twice)}")
        if self.generated and not all("generated" in text.lower() for text in (self.title, self.description)):
            raise ValueError("generated data must say 'generated' in its title and in its description")
        return self


class Dataset(_WithDistributions):
    """Data that somebody holds.

    ``grain`` says what a row is; ``generated`` marks data that is made up; ``creators`` names who made the figures,
    where the publisher only put them together.
    """

    kind: Literal["dataset"] = "dataset"


class Service(_WithDistributions):
    """A live feed or an API. ``endpoint`` is its address, ``documentation`` explains it."""

    kind: Literal["service"] = "service"
    endpoint: str = ""
    documentation: str = ""

    @field_validator("endpoint", "documentation")
    @classmethod
    def _web(cls, value: str) -> str:
        return web_address(value) if value else value


class ReferenceList(_WithDistributions):
    """A reference list of critical enabling data: codes and names that other data joins on."""

    kind: Literal["list"] = "list"


class Insight(_WithDistributions):
    """A published analysis. ``uses`` names the datasets that it rests on; ``address`` is where it opens.

    Somebody who may see none of those datasets is shown the insight without ``uses``; a catalogue file must have it.
    A report that was made for some people alone names them in its ``audience`` (``person:ada``, ``group:org-camden``,
    ``project:school-places``), and nobody else sees it; ``series`` is the insight that the reports of a template share.

    What was published here has a ``version``, the time of its ``last_run``, a ``thumbnail`` (an address), and says in
    ``stale`` what has changed since under it. ``open_to_all`` lets in visitors who are not logged in. One that
    rests on a model has a record of ``transparency``.
    """

    kind: Literal["insight"] = "insight"
    form: InsightForm
    uses: tuple[Slug, ...] = Field(default=(), min_length=1)
    owner: str = Field(min_length=1)
    public_benefit: str = Field(min_length=1)
    friction: str = ""
    method: str = ""
    limits: str = ""
    address: str = ""
    series: Slug | Literal[""] = ""
    audience: tuple[Reader, ...] = ()
    version: int | None = Field(default=None, ge=1)
    last_run: AwareDatetime | None = None
    thumbnail: str = ""
    stale: str = ""
    open_to_all: bool = False
    transparency: Transparency | None = None

    @model_validator(mode="after")
    def _listed_for_its_audience(self) -> Insight:
        if self.audience and self.listing != "members":
            raise ValueError("an insight for some people alone must have the listing 'members'")
        if self.open_to_all and (self.audience or self.listing != "public" or self.access != "open"):
            raise ValueError("an insight that is open to all must be open, and listed for everybody")
        return self

    @field_validator("address", "thumbnail")
    @classmethod
    def _relative_or_web(cls, value: str) -> str:
        return value if not value or (value.startswith("/") and not value.startswith("//")) else web_address(value)


Entry = Dataset | Service | Insight | ReferenceList
_ENTRY: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


def entry_from_dict(values: Any) -> Entry:
    """Read an entry of any kind; raises pydantic's ``ValidationError``."""
    return _ENTRY.validate_python(values)


def entry_from_json(text: str | bytes) -> Entry:
    """Read an entry of any kind from JSON."""
    return _ENTRY.validate_json(text)
