"""What every record is: frozen, closed to unknown fields, and plain when written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from londata.records.identifiers import SLUG

#: How a slug's pattern stands in an error.
_SLUG = SLUG.pattern.removesuffix(r"\Z") + "$"


class Record(BaseModel):
    """A frozen record; unknown fields are an error and text is kept as it was written."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    def to_dict(self) -> dict[str, Any]:
        """Write the record as plain JSON values, without what is empty."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude_none=True)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read a record back; raises pydantic's ``ValidationError`` (see :func:`problems_of`)."""
        return cls.model_validate(values)


def problems_of(error: ValidationError) -> list[str]:
    """Say each problem of a failed validation as ``field: what is wrong``."""
    lines = []
    for item in error.errors(include_url=False):
        path = [str(part) for part in item["loc"] if part not in ("dataset", "service", "insight", "list")]
        message = item["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        if item["type"] == "extra_forbidden":
            message = "no such field"
        elif item["type"] == "missing":
            message = "is missing"
        elif item["type"] == "string_pattern_mismatch" and item["ctx"]["pattern"] == _SLUG:
            shown = str(item["input"])[:80]
            message = f"{shown!r}: a name is lower-case letters and digits with single hyphens, as school-places"
        elif isinstance(item.get("input"), str | int | float | bool):
            message = f"{str(item['input'])[:80]!r}: {message[:1].lower()}{message[1:]}"
        lines.append(f"{'.'.join(path) or 'entry'}: {message}")
    return lines
