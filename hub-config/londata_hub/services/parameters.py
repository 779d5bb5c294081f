"""What may be asked of the register service: the parameters of each address, checked and described once.

The names are those of :meth:`londata.query.Query.to_params`. A name that is not here is refused.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from londata.query import FACETS, FILTERS, MAX_TEXT, Query
from londata.records.identifiers import MAX_SLUG

MAX_LIMIT = 1000
MAX_OFFSET = 10_000_000
#: Most values of one filter, and longest value.
MAX_VALUES, MAX_VALUE = 50, 200

Value = Annotated[str, Field(max_length=MAX_VALUE)]
Values = Annotated[tuple[Value, ...], Field(max_length=MAX_VALUES)]


class Nothing(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid")


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

    def query(self) -> Query:
        """Make the query.

        Raises
        ------
        QueryError
            A filter has a value that it cannot have.
        """
        filters: dict[str, Any] = {name: values for name in FILTERS if (values := getattr(self, name))}
        return Query().narrowed(self.q, **filters)


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
