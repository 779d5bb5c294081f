"""What may be asked of the service of insights: parameters and bodies of each address, with limits on every size."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator

from londata.errors import UsageError
from londata.records.identifiers import MAX_SLUG
from londata.records.publications import ReleaseState, Start, Thresholds
from londata_hub.publishing.snapshots import MOST_BYTES, MOST_FILES
from londata_hub.services.parameters import MAX_OFFSET, MAX_WORDS, Nothing

#: Longest body of a request that publishes, in bytes; files are written as base64 in it, a third longer than they are.
MOST_OF_A_BODY = 60_000_000
#: How deep a record may be nested, and how many values it may have in all.
DEEPEST, MOST_VALUES = 8, 2_000
LONGEST_TEXT, MOST_VIEWERS = 20_000, 50

Slug = Annotated[str, Field(max_length=MAX_SLUG)]
Viewer = Annotated[str, Field(min_length=1, max_length=300)]
Audience = Annotated[list[Viewer], Field(max_length=MOST_VIEWERS)]


def _one(value: Any) -> Any:
    """Take the last of what may be given several times elsewhere."""
    return value[-1] if isinstance(value, list) and value else value


One = Annotated[str, BeforeValidator(_one)]


class NewVersion(Nothing):
    """What is to be published."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    slug: Slug = Field("", description="Of the insight; from its title when empty. A new version of one's own")
    files: dict[Annotated[str, Field(max_length=500)], str] = Field(
        max_length=MOST_FILES, description="Name → content as base64; `app.ipynb` is the notebook"
    )
    record: dict[Annotated[str, Field(max_length=80)], Any] = Field(
        max_length=60, description="What it is: title, summary, public_benefit, method, limits, licence, …"
    )
    project: str = Field("", max_length=120, description="The project that it works for; empty for none")
    audience: Audience | None = Field(
        None,
        description="`public`, `hub`, `person:ada`, `group:org-camden`, `project:school-places`; an empty list for "
        "nobody but oneself. Without it: whoever has it already, at first oneself or the members of its project",
    )
    start: Start = Field("shared", description="`fresh` where every viewer needs a run of their own")

    @field_validator("record")
    @classmethod
    def _plain(cls, value: dict[str, Any]) -> dict[str, Any]:
        _count(value)
        return value

    def contents(self) -> dict[str, bytes]:
        """Give the files as bytes.

        Raises
        ------
        UsageError
            One of them is no base64, or all together are too many bytes.
        """
        found = {}
        for name, text in self.files.items():
            try:
                found[name] = base64.b64decode(text.encode("ascii"), validate=True)
            except (binascii.Error, ValueError) as error:
                raise UsageError(f"The file {name[:80]!r} is no base64.", hint="Encode its bytes as base64.") from error
        if sum(map(len, found.values())) > MOST_BYTES:
            raise UsageError(
                f"The files have more than {MOST_BYTES // 10**6} MB in all.",
                hint="Read data from the catalog instead of bringing it along.",
            )
        return found


class Rollback(Nothing):
    """Which version is to be the current one, or is to be forgotten."""

    version: int = Field(ge=1, le=1_000_000, description="Its number")


class Why(Nothing):
    """Why something is paused or withdrawn."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field("", max_length=MAX_WORDS, description="Why, in words that viewers will read")


class NewAudience(Nothing):
    """Who may open it from now on."""

    audience: Audience = Field(description="As in what is published")


class NewThresholds(Nothing):
    """From when on a number may be shown; what is not given stays as it is."""

    minimum: int | None = Field(None, ge=10, le=1_000_000)
    base: int | None = Field(None, ge=5, le=1_000_000)
    dominance_n: int | None = Field(None, ge=2, le=1_000)
    dominance_percent: float | None = Field(None, gt=0, le=90)
    p_percent: float | None = Field(None, ge=10, le=100)

    def over(self, before: Thresholds) -> Thresholds:
        """Put them over what there was."""
        return Thresholds.model_validate(before.model_dump() | self.model_dump(exclude_none=True))


class NewStep(Nothing):
    """The next step of a release."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    to: ReleaseState = Field(description="Where it goes")
    why: str = Field("", max_length=MAX_WORDS, description="Why, in words that are kept for good")
    audience: Audience = Field(default_factory=list, description="To whom it is to be opened, where it begins")


class TableFormat(Nothing):
    """As what a table is sent."""

    format: Annotated[Literal["parquet", "csv"], BeforeValidator(_one)] = Field(
        "parquet", description="`parquet` or `csv`"
    )


class Gallery(Nothing):
    """Words and choices of the gallery."""

    q: str = Field("", max_length=200, description="Words to search for")
    form: str = Field("", max_length=200)
    topic: One = Field("", max_length=200)
    publisher: One = Field("", max_length=200)
    access: One = Field("", max_length=200)
    state: str = Field("", max_length=200)
    series: str = Field("", max_length=MAX_SLUG)
    offset: int | Literal[""] = Field(0, description="Cards to leave out first")

    @field_validator("offset")
    @classmethod
    def _some(cls, value: int | str) -> int:
        number = int(value or 0)
        if not 0 <= number <= MAX_OFFSET:
            raise ValueError("is no number of cards")
        return number


class LogIn(Nothing):
    """Where a log-in leads back to."""

    to: Slug = Field("", description="An insight, or nothing")


def _count(value: Any, depth: int = 1) -> int:
    """Count the values of a record; one that is nested too deep, too large or too long is refused."""
    if depth > DEEPEST:
        raise ValueError(f"is nested deeper than {DEEPEST} levels")
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ValueError(f"has a text of more than {LONGEST_TEXT:,} characters")
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    number = 1
    for each in inside:
        number += _count(each, depth + 1)
        if number > MOST_VALUES:
            raise ValueError(f"has more than {MOST_VALUES:,} values")
    return number
