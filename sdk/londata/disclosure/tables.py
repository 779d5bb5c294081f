"""Tables of counts with totals: small numbers hidden, the rest rounded.

A number that is hidden must not come back by subtraction. Each number of a table is an edge of a network: a count
runs from its row to its column, the total of a row from the start to that row, the total of a column from that column
to the end, and the total of all from the end back to the start. What the table says is that at every point as much
arrives as leaves. So a hidden number stays hidden if, and only if, it lies on a ring of hidden numbers; it is safe if
the whole ring can be shifted by at least the minimum without one of them falling below nothing.

Tables are protected one by one. Two tables of the same people that share more than their total must be made from one
two-way table, or shown one at a time.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from londata.errors import UsageError

#: Below this a count is not shown. It counts for nought as well: that nobody is there can say much.
MINIMUM = 10
#: To this the rest is rounded.
BASE = 5
#: What stands where nothing is shown.
HIDDEN = None
#: A total is hidden only where nothing else helps: other tables have it, too.
_DEAR = 10**9

_START, _END = ("start", ""), ("end", "")
_Key = Hashable


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


@dataclass(frozen=True)
class _Edge:
    key: _Key
    tail: Hashable
    head: Hashable
    value: int
    is_total: bool = False


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
    edges = [_Edge(("count", group), _START, _END, count) for group, count in counts.items()]
    edges.append(_Edge("total", _END, _START, total, is_total=True))
    show = _shower(_hidden(edges, minimum), base)
    return OneWay({group: show(("count", group), count) for group, count in counts.items()}, show("total", total))


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
    edges = [_Edge(("count", cell), ("row", cell[0]), ("column", cell[1]), count) for cell, count in cells.items()]
    edges += [_Edge(("row", row), _START, ("row", row), count, is_total=True) for row, count in rows.items()]
    edges += [_Edge(("column", name), ("column", name), _END, count, is_total=True) for name, count in columns.items()]
    edges.append(_Edge("total", _END, _START, total, is_total=True))
    show = _shower(_hidden(edges, minimum), base)
    return TwoWay(
        {cell: show(("count", cell), count) for cell, count in cells.items()},
        {row: show(("row", row), count) for row, count in rows.items()},
        {name: show(("column", name), count) for name, count in columns.items()},
        show("total", total),
    )


def _checked(counts: Mapping[Any, int]) -> Iterable[int]:
    for group, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise UsageError(
                f"The count of {group!r} is {count!r}, and no number of people.",
                hint="Hand in whole numbers: int(value), of every group once.",
            )
    return counts.values()


def _shower(hidden: set[_Key], base: int) -> Callable[[_Key, int], int | None]:
    return lambda key, count: HIDDEN if key in hidden else rounded(count, base)


def _hidden(edges: list[_Edge], minimum: int) -> set[_Key]:
    """Choose what is hidden: the small numbers, and for each a ring of others that leaves it room.

    Whatever is hidden later only adds room, so one turn is enough. A number that is hidden for the sake of another
    lies on the same ring and has as much room.
    """
    hidden = {edge.key for edge in edges if edge.value < minimum}
    at: dict[Hashable, list[tuple[_Edge, Hashable, bool]]] = defaultdict(list)
    for edge in edges:
        at[edge.tail].append((edge, edge.head, True))
        at[edge.head].append((edge, edge.tail, False))
    for edge in edges:
        if edge.value < minimum:
            hidden |= _ring(edge, at, hidden, minimum)
    return hidden


def _ring(
    small: _Edge, at: Mapping[Hashable, list[tuple[_Edge, Hashable, bool]]], hidden: set[_Key], minimum: int
) -> set[_Key]:
    """Find the cheapest way from where a small number ends back to where it begins (Dijkstra).

    Along the way numbers would grow, against it they would shrink: so it goes against such only as are large enough.
    What is hidden already costs nothing, a total nearly everything.
    """
    best = {small.head: 0}
    came: dict[Hashable, tuple[Hashable, _Edge]] = {}
    waiting = [(0, 0, small.head)]
    tick = 0
    while waiting:
        cost, _, point = heapq.heappop(waiting)
        if point == small.tail:
            break
        for edge, there, forward in at[point]:
            if edge.key == small.key or (not forward and edge.value < minimum):
                continue
            more = cost + (0 if edge.key in hidden else edge.value + (_DEAR if edge.is_total else 0))
            if more < best.get(there, more + 1):
                best[there], came[there] = more, (point, edge)
                tick += 1
                heapq.heappush(waiting, (more, tick, there))
    found, point = set(), small.tail
    while point != small.head and point in came:  # there is no way in a table of nothing
        point, edge = came[point]
        found.add(edge.key)
    return found
