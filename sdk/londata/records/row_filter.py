"""Which rows somebody may have: conditions on columns, all of which must hold. Data, never code.

A filter is stated in an agreement and enforced by whoever holds the bytes. It has no expressions: a column is named,
a comparison is one of a few words, values are plain.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from londata.records.base import Record

Comparison = Literal["is", "is not", "at least", "at most"]
Plain = str | bool | int | float


class Condition(Record):
    """One condition: a column, a comparison and its values.

    ``is`` holds for rows whose value is any of ``values``, ``is not`` for rows that have a value and none of these;
    ``at least`` and ``at most`` take one value. A row without a value never fits.
    """

    column: str = Field(min_length=1)
    comparison: Comparison = "is"
    values: tuple[Plain, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_bound(self) -> Condition:
        if self.comparison in ("at least", "at most") and len(self.values) != 1:
            raise ValueError(f"'{self.comparison}' takes one value")
        return self

    def __str__(self) -> str:
        return f"{self.column} {self.comparison} {' or '.join(str(value) for value in self.values)}"


class RowFilter(Record):
    """Conditions that must all hold; without any, every row fits."""

    conditions: tuple[Condition, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are looked at, each once."""
        return tuple(dict.fromkeys(condition.column for condition in self.conditions))

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def __str__(self) -> str:
        return " and ".join(str(condition) for condition in self.conditions) or "all rows"
