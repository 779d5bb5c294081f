"""A table as it is released, read back: what its rows show, and as which network somebody sees it who calculates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from londata.disclosure.linking import Sheet
from londata.disclosure.protecting import TOTAL, Protected, named, sums_as_edges
from londata.disclosure.rings import Place
from londata.disclosure.tables import counted
from londata.errors import UsageError

#: A released row: column → what stands there.
Row = Mapping[str, object]
#: Place → the number that is shown there, and the contributions behind it.
Shown = dict[Place, tuple[float | None, float | None]]


@dataclass(frozen=True)
class Released:
    """A table as it is released, and its workings.

    Parameters
    ----------
    name
        Its name.
    rows
        The rows as they go out, totals included: a column for each dimension, one with the numbers (``value``) and,
        beside sums, ``contributions``.
    value
        The column with the numbers.
    workings
        What protected it says of every number.
    """

    name: str
    rows: Sequence[Row]
    value: str
    workings: Protected


def shown_in(table: Released) -> Shown:
    """Read the rows: place → the number, and the contributions behind it."""
    dimensions, found = table.workings.dimensions, Shown()
    allowed = {*dimensions, table.value} | ({"contributions"} if table.workings.kind == "sums" else set())
    for row in table.rows:
        if set(row) != allowed:
            raise UsageError(
                f"The table {table.name} has the columns {', '.join(map(str, row))}, and its workings know others.",
                hint="Release it as it was protected.",
            )
        place = tuple(None if row[each] == TOTAL else str(row[each]) for each in dimensions)
        if place in found:
            raise UsageError(f"The table {table.name} has {named(place)} twice.", hint="Publish the notebook again.")
        found[place] = (_figure(row[table.value]), _figure(row.get("contributions")))
    if set(found) != {number.place for number in table.workings.numbers}:
        raise UsageError(
            f"The table {table.name} and its workings do not have the same places.", hint="Publish the notebook again."
        )
    return found


def _figure(value: object) -> float | None:
    if value is None or value != value:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{str(value)[:50]!r} stands where a number should.", hint="Release it as it was protected.")
    return value


def sheets(table: Released) -> list[tuple[str, Sheet]]:
    """See a table as networks: of its counts; or of its sums, and of the contributions behind them."""
    numbers, dimensions = table.workings.numbers, table.workings.dimensions
    limits = table.workings.thresholds
    gone = frozenset(place for place, (value, _) in shown_in(table).items() if value is None)
    counts = counted({number.place: number.contributions for number in numbers}, limits.minimum)
    found = [("count", Sheet(dimensions, tuple(counts), gone))]
    if table.workings.kind == "sums":
        found.insert(0, ("sum", Sheet(dimensions, tuple(sums_as_edges(numbers, limits)), gone)))
    return found
