"""The parts of an entry: publisher, licence, geography, columns, distributions."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from londata.records.base import Record
from londata.records.identifiers import SLUG
from londata.records.vocabulary import FORMATS, LICENCES, NOT_STATED, GeographyLevel, PublisherKind


def web_address(value: str) -> str:
    """Accept only an absolute http(s) address with a host and without a password in it."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ValueError("is not a web address (https://host/…)")
    if value.split() != [value]:
        raise ValueError("has a space in it; write %20")
    return value


class Publisher(Record):
    """The body that holds the data.

    ``original`` is the spelling in the source, kept when it was normalised to ``name``.
    """

    id: str = Field(pattern=SLUG.pattern.removesuffix(r"\Z") + "$")
    name: str = Field(min_length=1)
    kind: PublisherKind = "other"
    homepage: str = ""
    original: str = ""


class Contact(Record):
    """Whom to ask."""

    name: str = ""
    email: str = ""


class Licence(Record):
    """The terms of use. ``id`` is one of :data:`~londata.records.vocabulary.LICENCES` or empty for own words."""

    id: str = ""
    title: str = Field(min_length=1)
    url: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_id(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in LICENCES:
            raise ValueError(f"no such licence; say one of {', '.join(LICENCES)}, or '{NOT_STATED}'")
        title, url = LICENCES[value]
        return {"id": value, "title": title, "url": url}


class Geography(Record):
    """The areas that a row speaks of: level (``borough``), vintage (``2021``), GSS codes of the places covered."""

    level: GeographyLevel = "not stated"
    vintage: str = ""
    places: tuple[str, ...] = ()
    original: str = ""


class Period(Record):
    """The time that the data covers, both ends included."""

    start: dt.date | None = None
    end: dt.date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"ends on {self.end}, before it starts on {self.start}")
        return self


def signs_of(pattern: str) -> tuple[str, ...]:
    """Take a column's pattern apart: ``9``, ``A``, or a backslash and the character that stands for itself."""
    found = re.findall(r"\\.|.", pattern, re.DOTALL)
    return tuple(each if len(each) == 2 or each in ("9", "A", "\\") else f"\\{each}" for each in found)


class Column(Record):
    r"""One column (or grid variable): its name, type, unit and meaning, and which values it can have.

    ``codes`` lists the values that are allowed. ``minimum`` and ``maximum`` are numbers, or dates as ISO text.
    ``pattern`` shows what a text looks like: ``9`` stands for a digit, ``A`` for a capital letter, anything else for
    itself, and so does whatever follows a backslash (``\ADR999``: ``ADR`` and three digits). ``unique`` is set where
    no two rows share a value, ``missing`` where rows may have none.
    """

    name: str = Field(min_length=1)
    type: Literal["string", "integer", "number", "boolean", "date", "datetime", "geometry", "any"] = "any"
    unit: str = ""
    meaning: str = ""
    codes: tuple[str | int, ...] = ()
    minimum: float | str | None = None
    maximum: float | str | None = None
    pattern: str = Field(default="", max_length=60)
    unique: bool = False
    missing: bool = False

    @field_validator("pattern")
    @classmethod
    def _escapes_something(cls, value: str) -> str:
        if signs_of(value)[-1:] == ("\\",):
            raise ValueError("ends in a backslash, which needs a character after it")
        return value


class JoinKey(Record):
    """A column that joins to other data, its code scheme (``gss-lad``) and vintage (``2021``)."""

    column: str
    scheme: str
    vintage: str = ""


class ReadingOptions(Record):
    """How to read a file that does not explain itself.

    ``header_row`` counts from 0 and says in which row of the sheet (or line of the CSV) the column names stand.
    ``records`` says where in a JSON file the records are that become rows: lists that lie in each other, from the
    outside in, for instance ``[boroughs, sites, readings]``.
    """

    encoding: str = ""
    delimiter: str = Field(default="", max_length=1)
    decimal: str = Field(default="", max_length=1)
    missing: tuple[str, ...] = ()
    sheet: str | int | None = None
    header_row: int | None = Field(default=None, ge=0)
    cells: str = Field(default="", pattern=r"^([A-Z]{1,3}(:[A-Z]{1,3})?(,[A-Z]{1,3}(:[A-Z]{1,3})?)*)?$")
    layer: str = ""
    dates: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    records: tuple[str, ...] = ()


class Distribution(Record):
    """One way to get an entry's data: a web address, a file beside the catalogue file (``path``), or a hub's service.

    ``through: gateway`` says that the hub's gateway opens it, for one decision at a time; where the bytes are is known
    to the gateway alone. ``through: register`` says that the hub's register writes it itself, out of what it knows;
    ``through: insights`` that it is a table of a published insight, ``<table>-parquet`` or ``<table>-csv``, which the
    hub's service of insights hands out.
    """

    id: str = Field(pattern=SLUG.pattern.removesuffix(r"\Z") + "$")
    title: str = ""
    url: str = ""
    path: str = ""
    through: Literal["", "gateway", "register", "insights"] = ""
    media_type: str
    size_bytes: int | None = Field(default=None, ge=0)
    rows: int | None = Field(default=None, ge=0)
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    options: ReadingOptions = ReadingOptions()
    original_format: str = ""

    @property
    def format(self) -> str:
        """The short name of the media type (``csv``), by which people filter."""
        return FORMATS[self.media_type]

    @field_validator("media_type")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in FORMATS:
            raise ValueError(f"unknown media type; say one of {', '.join(FORMATS)}")
        return value

    @field_validator("url")
    @classmethod
    def _web(cls, value: str) -> str:
        return web_address(value) if value else value

    @field_validator("path")
    @classmethod
    def _inside(cls, value: str) -> str:
        if value.startswith(("/", "~")) or ".." in value.split("/") or "\\" in value or ":" in value:
            raise ValueError("must stay below the folder of the catalogue file")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Distribution:
        if sum(map(bool, (self.url, self.path, self.through))) != 1:
            raise ValueError("needs exactly one of url, path and through")
        return self


class SourceRecord(Record):
    """Where the register learnt of an entry: source, identifier there, address."""

    source: str
    id: str
    url: str = ""
    shape: str = ""
