"""Tables of counts with totals: small numbers hidden, the rest rounded.

A number that is hidden must not come back by subtraction: it lies on a ring of hidden numbers that can be shifted by
at least the minimum without one of them falling below nothing (:mod:`londata.disclosure.rings`).

Tables are protected one by one. Two tables of the same people that share more than their total must be made from one
two-way table, or shown one at a time; :func:`londata.disclosure.audit` finds what two of them tell together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from londata.disclosure.rings import Edge, Place, hidden
from londata.errors import UsageError

#: Below this a count is not shown. It counts for nought as well: that nobody is there can say much.
MINIMUM = 10
#: To this the rest is rounded.
BASE = 5
#: What stands where nothing is shown.
HIDDEN = None


@dataclass(frozen=True)
class OneWay:
    """Counts by one feature, and their total. :data:`HIDDEN` where nothing may be shown."""

    counts: Mapping[str, int | None]
    total: int | None


@dataclass(frozen=True)
class TwoWay:
    """Counts by two features, with the totals of rows, columns and all; :data:`HIDDEN` where nothing may be shown."""

    counts: Mapping[tuple[str, str], int | None]
    rows: Mapping[str, int | None]
    columns: Mapping[str, int | None]
    total: int | None


def rounded(count: int, base: int = BASE) -> int:
    """Round a count to the nearest multiple of ``base``, and up where it lies in the middle."""
    return (2 * count + base) // (2 * base) * base


def one_way(counts: Mapping[str, int], *, minimum: int = MINIMUM, base: int = BASE) -> OneWay:
    """Protect counts that come with their total.

    Parameters
    ----------
    counts
        Group → how many.
    minimum
        A smaller count is hidden, and so are as many others as keep it from being worked out from the total.
    base
        What is shown is rounded to multiples of this, the total too; rounded numbers need not add up.

    Returns
    -------
    OneWay
        The same groups.

    Raises
    ------
    UsageError
        A count is no whole number, or below nought.
    """
    total = sum(_checked(counts))
    show = _shower({(group,): count for group, count in counts.items()} | {(None,): total}, minimum, base)
    return OneWay({group: show((group,)) for group in counts}, show((None,)))


def two_way(counts: Mapping[tuple[str, str], int], *, minimum: int = MINIMUM, base: int = BASE) -> TwoWay:
    """Protect counts that come with totals of rows, of columns and of all.

    Parameters
    ----------
    counts
        (row, column) → how many. What is not there counts for nought.
    minimum, base
        As for :func:`one_way`.

    Returns
    -------
    TwoWay
        Every row with every column, in the order in which they first came.

    Raises
    ------
    UsageError
        A count is no whole number, or below nought.
    """
    _checked(counts)
    rows = dict.fromkeys((row for row, _ in counts), 0)
    columns = dict.fromkeys((column for _, column in counts), 0)
    cells = {(row, column): counts.get((row, column), 0) for row in rows for column in columns}
    for (row, column), count in cells.items():
        rows[row] += count
        columns[column] += count
    total = sum(rows.values())
    values: dict[Place, int] = {(None, None): total}
    values |= {(row, column): count for (row, column), count in cells.items()}
    values |= {(row, None): count for row, count in rows.items()}
    values |= {(None, column): count for column, count in columns.items()}
    show = _shower(values, minimum, base)
    return TwoWay(
        {cell: show(cell) for cell in cells},
        {row: show((row, None)) for row in rows},
        {column: show((None, column)) for column in columns},
        show((None, None)),
    )


def _checked(counts: Mapping[Any, int]) -> Iterable[int]:
    for group, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise UsageError(
                f"The count of {group!r} is {count!r}, and no number of people.",
                hint="Hand in whole numbers: int(value), of every group once.",
            )
    return counts.values()


def counted(values: Mapping[Place, int], minimum: int) -> list[Edge]:
    """Make the edges of a table of counts; a ring leaves each small number room to be ``minimum`` more."""
    return [Edge(place, count, count, count < minimum, rise=minimum) for place, count in values.items()]


def _shower(values: Mapping[Place, int], minimum: int, base: int) -> Callable[[Place], int | None]:
    kept = hidden(counted(values, minimum))
    return lambda place: HIDDEN if place in kept else rounded(values[place], base)
