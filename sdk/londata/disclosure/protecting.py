"""Tables of counts and of sums as they may be released, with the workings that show why.

A count is hidden where fewer than the minimum stand behind it. A sum is hidden where

- fewer than the minimum contribute to it (who contributes nought does not count);
- its ``dominance_n`` largest contributions make up more than ``dominance_percent`` of it; or
- what is left of it without the two largest contributions is less than ``p_percent`` of the largest, so that the
  second largest contributor could work out the largest to within that.

**Why a hidden sum cannot be worked out.** Let ``T`` be a sum that is hidden for a reason, and ``w`` the greatest of
``p_percent`` of ``T``, of what ``T`` lacks to ``T · 100 / dominance_percent``, and of the mean contribution to the
whole table. ``T`` lies on a ring of hidden numbers (:mod:`londata.disclosure.rings`), of which each that would shrink
has at least ``w`` left when its own largest contributor takes out what they gave. So for somebody outside, and for any
one contributor with everything that they know of their own contributions, there is another table that fits all that is
shown and in which the sum is ``T + w``. Were it so, the rules would be kept: the second largest contributor, with
``x2``, can only say that the largest gave at most ``T + w − x2 ≥ x1 + w``, which is off by at least ``p_percent`` of
``x1``, as ``x1 ≤ T``; and of ``T + w`` the largest contributions are at most ``dominance_percent``. Shifted the other
way, the ring shows that the sum could be less by ``w`` too, or be nought. Several contributors who put together what
they know are not provided for.

The number of contributions behind a sum is shown rounded, and hidden with it. These numbers are a table of counts: what
is hidden is enough for both tables at once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from londata.disclosure.rings import Edge, Place, hidden, parts_of, places
from londata.disclosure.tables import counted, rounded
from londata.errors import UsageError
from londata.records import Thresholds

#: How the total over a dimension is named in a released table.
TOTAL = "Total"
#: Of how many of the largest contributions the workings tell.
LARGEST = 10
#: No amount in London is as large as this, and adding up such keeps its last digit.
_MOST = 1e15
Kind = Literal["counts", "sums"]
#: Why a number is hidden, for those who may know; who sees only the released table is not told.
WHY = {
    "few": "too few stand behind it",
    "dominance": "a few make up nearly all of it",
    "p-percent": "one contributor could work out another",
    "others": "it would give away another number",
}


@dataclass(frozen=True)
class Number:
    """One number of a table, as it really is.

    ``contributions`` counts the parts that it adds up, ``contributors`` those who gave them; ``largest`` are the
    greatest that any of them gave in all, ``parts`` all of a cell, without names. ``why`` is a key of :data:`WHY`,
    empty where the number is shown.
    """

    place: Place
    value: float
    contributions: int
    contributors: int
    largest: tuple[float, ...] = ()
    parts: tuple[float, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Protected:
    """A protected table of one or two dimensions, with every number as it really is.

    Only :meth:`rows` is for release; the rest are the workings.
    """

    kind: Kind
    dimensions: tuple[str, ...]
    thresholds: Thresholds
    numbers: tuple[Number, ...]

    def rows(self, value: str) -> list[dict[str, Any]]:
        """List the rows of the released table, totals included; ``None`` stands where nothing is shown.

        Parameters
        ----------
        value
            The name of the column with the numbers.
        """
        found = []
        for number in self.numbers:
            row: dict[str, Any] = {
                dimension: TOTAL if category is None else category
                for dimension, category in zip(self.dimensions, number.place, strict=True)
            }
            count = None if number.why else rounded(number.contributions, self.thresholds.base)
            row[value] = count if self.kind == "counts" or number.why else number.value
            found.append(row | ({"contributions": count} if self.kind == "sums" else {}))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Write the workings as plain JSON values."""
        cells = [
            {
                "place": list(number.place),
                "value": number.value,
                "contributions": number.contributions,
                "contributors": number.contributors,
                "largest": list(number.largest),
                "parts": list(number.parts),
                "why": number.why,
            }
            for number in self.numbers
        ]
        said = self.thresholds.model_dump(mode="json")
        return {"kind": self.kind, "dimensions": list(self.dimensions), "thresholds": said, "cells": cells}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Protected:
        """Read workings back, which anybody may have written.

        Raises
        ------
        UsageError
            They are no workings.
        """
        try:
            dimensions = tuple(map(str, values["dimensions"]))
            found = cls(
                {"counts": "counts", "sums": "sums"}[values["kind"]],  # type: ignore[arg-type]
                dimensions,
                Thresholds.from_dict(values["thresholds"]),
                tuple(_number(each, len(dimensions)) for each in values["cells"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError("These are not the workings of a table.", hint="Publish the notebook again.") from error
        if len(dimensions) not in (1, 2) or not _whole([number.place for number in found.numbers]):
            raise UsageError(
                "These workings are not of a whole table of one or two dimensions.", hint="Publish the notebook again."
            )
        return found

    def __repr__(self) -> str:
        """Say how much is hidden, and none of the numbers."""
        gone = sum(bool(number.why) for number in self.numbers)
        return f"<{self.kind} by {' and '.join(self.dimensions)}: {len(self.numbers)} numbers, {gone} hidden>"


def protect_counts(
    counts: Mapping[Place, int],
    dimensions: Sequence[str],
    thresholds: Thresholds | None = None,
    *,
    hide: Collection[Place] = (),
) -> Protected:
    """Protect counts that come with their totals.

    Parameters
    ----------
    counts
        (category,) or (row, column) → how many. Of two dimensions, what is not there counts for nought.
    dimensions
        What the categories are of: one name or two.
    thresholds
        From when on a number may be shown.
    hide
        Places that are hidden in any case, for instance because an earlier release hides them.

    Raises
    ------
    UsageError
        A count is no whole number or below nought, or a category cannot be shown.
    """
    limits = thresholds or Thresholds()
    cells = _cells(counts, dimensions)
    for place, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise UsageError(
                f"The count of {named(place)} is {count!r}, and no number of people.",
                hint="Hand in whole numbers, each group once.",
            )
    values = {place: sum(counts.get(cell, 0) for cell in parts_of(place, cells)) for place in places(cells)}
    kept = hidden(counted(values, limits.minimum), hide)
    numbers = [
        Number(place, count, count, count, why=_why(place, "few" if count < limits.minimum else "", kept))
        for place, count in values.items()
    ]
    return Protected("counts", tuple(dimensions), limits, tuple(numbers))


def protect_sums(
    contributions: Mapping[Place, Mapping[str, float]],
    dimensions: Sequence[str],
    thresholds: Thresholds | None = None,
    *,
    hide: Collection[Place] = (),
) -> Protected:
    """Protect sums that come with their totals.

    Parameters
    ----------
    contributions
        (category,) or (row, column) → contributor → what they gave there. Who is in several cells has the same name in
        each of them.
    dimensions
        What the categories are of: one name or two.
    thresholds
        From when on a number may be shown.
    hide
        Places that are hidden in any case.

    Raises
    ------
    UsageError
        A contribution is no number or below nought, or a category cannot be shown.
    """
    limits = thresholds or Thresholds()
    cells = _cells(contributions, dimensions)
    given: dict[Place, dict[str, float]] = {}
    for place, parts in contributions.items():
        given[place] = {who: much for who, much in parts.items() if _checked(place, much)}
    numbers = [_added(place, parts_of(place, cells), given) for place in places(cells)]
    kept = hidden(sums_as_edges(numbers, limits), hide)
    kept = hidden(counted({number.place: number.contributions for number in numbers}, limits.minimum), kept)
    shown = [replace(number, why=_why(number.place, unsafe(number, limits), kept)) for number in numbers]
    return Protected("sums", tuple(dimensions), limits, tuple(shown))


def unsafe(number: Number, limits: Thresholds) -> str:
    """Say by which rule a sum must not be shown, as a key of :data:`WHY`; empty where it may be."""
    if number.contributors < limits.minimum:
        return "few"
    if math.fsum(number.largest[: limits.dominance_n]) > limits.dominance_percent / 100 * number.value:
        return "dominance"
    first, second = number.largest[:2]
    rest = number.value - first - second
    return "p-percent" if rest < limits.p_percent / 100 * first else ""


def only_counted(protected: Protected) -> bool:
    """Tell whether the sums of a table are counts in disguise: within each group, all contribute the same amount."""
    if protected.kind != "sums" or all(each.why for each in protected.numbers):
        return False
    several = [each.parts for each in protected.numbers if len(each.parts) > 1]
    return bool(several) and all(min(parts) == max(parts) for parts in several)


def sums_as_edges(numbers: Sequence[Number], limits: Thresholds) -> list[Edge]:
    """Make the edges of a table of sums: how uncertain each unsafe one must stay, and how much room each has."""
    whole = next((number for number in numbers if set(number.place) == {None}), None)
    mean = whole.value / whole.contributions if whole and whole.contributions else 0.0
    share = max(limits.p_percent / 100, 100 / limits.dominance_percent - 1)
    edges = []
    for number in numbers:
        wide = max(share * number.value, mean)
        room = max(number.value - (number.largest[0] if number.largest else 0), 0)
        fall = min(wide, number.value)
        edges.append(Edge(number.place, number.value, room, bool(unsafe(number, limits)), rise=wide, fall=fall))
    return edges


def named(place: Place) -> str:
    """Name a place in a sentence: “Camden, primary”, or “Camden, Total”."""
    return f"“{', '.join(TOTAL if each is None else each for each in place)}”"


def cells_of(known: Iterable[Place]) -> list[Place]:
    """Leave the totals out."""
    return [place for place in known if None not in place]


def _cells(given: Iterable[Place], dimensions: Sequence[str]) -> list[Place]:
    cells = list(given)
    if len(dimensions) not in (1, 2) or len(set(dimensions)) < len(dimensions):
        raise UsageError(
            f"A table by {len(dimensions)} dimensions cannot be protected.",
            hint="Name one or two; make several tables of more, and let each be checked together with the others.",
        )
    for place in cells:
        if len(place) != len(dimensions) or not all(isinstance(each, str) and each for each in place):
            raise UsageError(f"{place!r} is no place in a table by {', '.join(dimensions)}.", hint="Name categories.")
        if TOTAL in place:
            raise UsageError(
                f"A category is called “{TOTAL}”, as the totals are, which are worked out here.",
                hint="Leave totals out, or give the category another name.",
            )
    return [place for place in places(cells) if None not in place]


def _whole(known: Sequence[Place]) -> bool:
    """Tell whether these are all the places of a table, each once; without making those of a table that is not."""
    categories = [set(each) | {None} for each in zip(*known, strict=True)]
    return bool(known) and len(set(known)) == len(known) == math.prod(map(len, categories))


def _checked(place: Place, much: float) -> bool:
    """Tell whether somebody contributed anything."""
    if isinstance(much, bool) or not isinstance(much, int | float) or not 0 <= much < _MOST:
        raise UsageError(
            f"A contribution to {named(place)} is {much!r}; the rules for sums know amounts of nought or more only.",
            hint="Split gains from losses into two tables, and fill what is missing or leave it out.",
        )
    return much > 0


def _added(place: Place, cells: Sequence[Place], given: Mapping[Place, Mapping[str, float]]) -> Number:
    by_whom: dict[str, float] = {}
    for cell in cells:
        for who, much in given.get(cell, {}).items():
            by_whom[who] = by_whom.get(who, 0) + much
    parts = sorted((much for cell in cells for much in given.get(cell, {}).values()), reverse=True)
    whole = all(isinstance(much, int) for much in parts)
    return Number(
        place,
        sum(parts) if whole else math.fsum(parts),
        len(parts),
        len(by_whom),
        tuple(sorted(by_whom.values(), reverse=True)[:LARGEST]),
        tuple(parts) if None not in place else (),
    )


def _why(place: Place, reason: str, kept: Collection[Place]) -> str:
    return reason or ("others" if place in kept else "")


def _number(values: Mapping[str, Any], dimensions: int) -> Number:
    place = tuple(None if each is None else str(each) for each in values["place"])
    if len(place) != dimensions:
        raise ValueError(place)
    value, contributions, contributors = values["value"], int(values["contributions"]), int(values["contributors"])
    largest, parts = (tuple(map(float, values[name])) for name in ("largest", "parts"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    if not all(0 <= each < _MOST for each in (value, *largest, *parts)) or contributions >= _MOST:
        raise ValueError(value)
    if not 0 <= contributors <= contributions or str(values["why"]) not in ("", *WHY):
        raise ValueError(values)
    return Number(place, value, contributions, contributors, largest, parts, str(values["why"]))
