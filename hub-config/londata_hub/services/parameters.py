"""What may be asked of the register service: parameters and bodies of each address, checked and described once.

The names are those of :meth:`londata.query.Query.to_params`. A name that is not here is refused. FastAPI's own
reading of parameters costs more than finding an entry, so each model reads itself from the query string.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from londata.errors import QueryError, UsageError
from londata.query import FACETS, FILTERS, MAX_TEXT, Query
from londata.records.identifiers import MAX_SLUG

MAX_LIMIT = 1000
MAX_OFFSET = 10_000_000
#: Most values of one filter, longest value, and most parameters in all.
MAX_VALUES, MAX_VALUE, MAX_PARAMETERS = 50, 200, 500

#: Longest body in bytes, and the seconds that a caller has to send it.
MAX_BODY, BODY_S = 65_536, 20
#: Longest words that somebody else will read, and longest name of anything.
MAX_WORDS, MAX_NAME = 2_000, 120

Value = Annotated[str, Field(max_length=MAX_VALUE)]
Values = Annotated[tuple[Value, ...], Field(max_length=MAX_VALUES)]


class Nothing(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def of(cls, request: Request) -> Self:
        """Read the parameters of a request.

        Raises
        ------
        QueryError
            The query string is not one.
        RequestValidationError
            A parameter is unknown, given too often, or cannot have its value.
        """
        found: dict[str, Any] = {}
        try:
            pairs = parse_qsl(
                request.scope["query_string"].decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAX_PARAMETERS,
            )
        except ValueError as error:
            raise QueryError(
                "The address ends in something that cannot be read.", hint="Write it as UTF-8, percent-encoded."
            ) from error
        for name, value in pairs:
            if name in found and name not in _SEVERAL:
                raise QueryError(f"The parameter {name[:80]!r} is given twice.", hint="Give it once.")
            if name in _SEVERAL:
                found.setdefault(name, []).append(value)
            else:
                found[name] = value
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            problems = [{**problem, "loc": ("query", *problem["loc"])} for problem in error.errors()]
            raise RequestValidationError(problems) from error

    @classmethod
    def described(cls) -> dict[str, Any]:
        """Describe the parameters for OpenAPI."""
        properties = cls.model_json_schema()["properties"] if cls.model_fields else {}
        return {
            "parameters": [
                {"name": name, "in": "query", "description": schema.pop("description", ""), "schema": schema}
                for name, schema in properties.items()
            ]
        }

    @classmethod
    def described_as_body(cls) -> dict[str, Any]:
        """Describe a body for OpenAPI."""
        schema = cls.model_json_schema()
        return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


B = TypeVar("B", bound=Nothing)


async def body_of(request: Request, kind: type[B], most: int = MAX_BODY) -> B:
    """Read the body of a request, which is JSON.

    Parameters
    ----------
    request
        The request.
    kind
        What its body says.
    most
        Longest body in bytes.

    Raises
    ------
    UsageError
        It is too long or comes too slowly.
    RequestValidationError
        It is no JSON, a field is unknown or missing, or it cannot have its value.
    """
    text = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.stream():
                text += piece
                if len(text) > most:
                    raise UsageError(
                        f"The body of the request has more than {most:,} bytes.", hint="Say it in fewer words."
                    )
    except TimeoutError as error:
        raise UsageError("The body of the request did not come.", hint="Send it at once.") from error
    try:
        return kind.model_validate_json(bytes(text))
    except ValidationError as error:
        problems = [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()]
        raise RequestValidationError(problems) from error


class Filters(Nothing):
    """Words and filters, all of which must hold; a filter that is given several times takes any of its values."""

    q: str = Field("", max_length=MAX_TEXT, description="Words to search for; empty for everything")
    publisher: Values = Field((), description="Publisher: id, name or abbreviation")
    topic: Values = Field((), description="Topic")
    access: Values = Field((), description="`open`, `shared` or `closed`")
    licence: Values = Field((), description="Licence id, or `not stated`")
    format: Values = Field((), description="Format, as `csv`")
    geography: Values = Field((), description="Geography level, as `borough`")
    kind: Values = Field((), description="`dataset`, `service`, `insight` or `list`")
    uses: Values = Field((), description="Slug of a dataset that an insight rests on")

    def query(self, without: frozenset[str]) -> Query:
        """Make the query.

        Parameters
        ----------
        without
            What the caller may not see.

        Raises
        ------
        QueryError
            A filter has a value that it cannot have.
        """
        filters: dict[str, Any] = {name: values for name in FILTERS if (values := getattr(self, name))}
        return Query(without=without).narrowed(self.q, **filters)


class Page(Filters):
    """Filters, and which part of the answer to send."""

    limit: int = Field(20, ge=0, le=MAX_LIMIT, description="Most rows to send")
    offset: int = Field(0, ge=0, le=MAX_OFFSET, description="Rows to leave out first")


class Search(Page):
    """A page, and what to count beside it."""

    facets: Values = Field((), description=f"What to count: {', '.join(FACETS)}; given once for each")


class SlugPage(Page):
    """A page of names."""

    prefix: str = Field("", max_length=MAX_SLUG, description="What the slugs begin with")


class Facets(Filters):
    """Filters, and what to count."""

    facets: Values = Field(FACETS, description=f"What to count; all when not given: {', '.join(FACETS)}")


class Near(Nothing):
    """How many suggestions."""

    limit: int = Field(3, ge=0, le=50, description="Most suggestions")


class Completion(Nothing):
    """What was typed so far."""

    prefix: str = Field("", max_length=MAX_SLUG, description="The beginning of a slug or of a Python name")
    limit: int = Field(50, ge=0, le=MAX_LIMIT, description="Most names to send")


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Words = Annotated[str, Field(min_length=1, max_length=MAX_WORDS)]


class Deciding(Nothing):
    """What is to be decided."""

    entry: Name = Field(description="Slug of the entry")
    project: str = Field("", max_length=MAX_NAME, description="The project for which it is asked; empty for none")


class Asking(Nothing):
    """A request for access."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    entry: Name = Field(description="Slug of the entry")
    project: Name = Field(description="The project that it is for; its purpose is the request's")
    why: Words = Field(description="What it is needed for, in words; stewards decide by it")


class Approval(Nothing):
    """Until when a request is approved."""

    until: dt.date = Field(
        strict=True, description="The last day, as 2027-03-31; access ends when the next one begins in London"
    )


class Reason(Nothing):
    """Why something is refused or ended."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Words = Field(description="Why, in words that the person concerned will read")


_SEVERAL = frozenset(FILTERS) | {"facets"}
