"""A table with totals as a network, and how a hidden number of it is kept from being worked out.

Each number of a table is an edge: a cell runs from its row to its column, the total of a row from the start to that
row, the total of a column from that column to the end, and the total of all from the end back to the start. What the
table says is that at every point as much arrives as leaves. So the numbers that fit what is shown are exactly those
that one gets by shifting the hidden numbers around rings of hidden edges, as long as none falls below what is known of
it (nought, or what one contributor knows of its own part).

Hence what is done here. Every number that must not be known gets a ring of hidden numbers through it, on which each
number that shrinks has at least the room that is wanted. Shifting the whole ring by that much gives another table that
fits everything that is shown, and in which the number differs by that much: whoever calculates cannot tell the two
apart, whatever the method. Whatever is hidden later adds numbers that may shift and takes none away, so no ring is
ever broken, and one turn over the numbers is enough. There always is a ring: the number itself and its totals, which
all grow together; it is taken only where no cheaper one is found.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Where a number stands: its category in each dimension, ``None`` for the total over a dimension.
Place = tuple[str | None, ...]
#: A total is hidden only where nothing else helps: other tables have it, too.
_DEAR = 1e15
_START, _END = ("start", ""), ("end", "")
Point = Hashable


@dataclass(frozen=True)
class Edge:
    """One number of a table.

    ``unsafe`` marks one that must not be shown. By what is shown it must be possible that it is ``rise`` more, and that
    it is ``fall`` less. ``room`` is how much less any number could be for all that even its largest contributor knows.
    """

    place: Place
    value: float
    room: float
    unsafe: bool = False
    rise: float = 0
    fall: float = 0


def places(cells: Iterable[Place]) -> list[Place]:
    """List the places of a table of one or two dimensions: every row with every column, and the totals."""
    found = list(cells)
    if found and len(found[0]) == 2:
        rows = list(dict.fromkeys(row for row, _ in found))
        columns = list(dict.fromkeys(column for _, column in found))
        inner: list[Place] = [(row, column) for row in rows for column in columns]
        return [*inner, *((row, None) for row in rows), *((None, column) for column in columns), (None, None)]
    return [*dict.fromkeys(found), (None,)]


def parts_of(place: Place, cells: Iterable[Place]) -> list[Place]:
    """List the cells that a total adds up; of a cell, itself."""
    return [cell for cell in cells if all(want in (None, had) for want, had in zip(place, cell, strict=True))]


def ends(place: Place) -> tuple[Point, Point]:
    """Say from where to where the edge of a place runs."""
    if all(each is None for each in place):
        return _END, _START
    if len(place) == 1:
        return _START, _END
    row, column = place
    if column is None:
        return _START, ("row", row)
    return ("column", column) if row is None else ("row", row), _END if row is None else ("column", column)


def hidden(edges: Sequence[Edge], already: Collection[Place] = ()) -> set[Place]:
    """Choose what is hidden: the unsafe numbers, and for each a ring of others that leaves it room.

    Parameters
    ----------
    edges
        All numbers of one table.
    already
        Places that are hidden in any case.

    Returns
    -------
    set of places
        With the unsafe ones and those in ``already``.
    """
    found = {edge.place for edge in edges if edge.unsafe} | set(already)

    def cost(edge: Edge) -> float:
        """Find what it costs to hide a number: nothing where it is hidden already, and of a total nearly everything."""
        return 0 if edge.place in found else edge.value + (_DEAR if None in edge.place else 0)

    at = around(edges)
    for edge in edges:
        if edge.unsafe:
            found |= {other.place for other, _ in ring(edge, at, cost)}
    return found


_Way = tuple[Edge, Point, bool]


def around(edges: Iterable[Edge]) -> Mapping[Point, list[_Way]]:
    """List at every point the edges that begin or end there."""
    at: dict[Point, list[_Way]] = defaultdict(list)
    for edge in edges:
        tail, head = ends(edge.place)
        at[tail].append((edge, head, True))
        at[head].append((edge, tail, False))
    return at


def ring(small: Edge, at: Mapping[Point, list[_Way]], cost: Callable[[Edge], float]) -> list[tuple[Edge, bool]]:
    """Find the cheapest way from where an unsafe number ends back to where it begins (Dijkstra).

    Shifted one way, numbers along it grow and those against it shrink; shifted the other way it is the reverse. So it
    goes only by such as have room.

    Parameters
    ----------
    small
        The unsafe number.
    at
        What :func:`around` lists of the numbers that it may go by.
    cost
        What it costs to go by a number.

    Returns
    -------
    list of edges
        Each with whether it is passed in its direction. Empty where there is no way, as in a table of nothing.
    """
    tail, head = ends(small.place)
    best: dict[Point, float] = {head: 0}
    came: dict[Point, tuple[Point, Edge, bool]] = {}
    waiting: list[tuple[float, int, Point]] = [(0, 0, head)]
    tick = 0
    while waiting:
        so_far, _, point = heapq.heappop(waiting)
        if point == tail:
            break
        for edge, there, forward in at.get(point, ()):
            if edge.place == small.place or not (edge.value >= small.fall if forward else edge.room >= small.rise):
                continue
            more = so_far + cost(edge)
            if more < best.get(there, math.inf):
                best[there], came[there] = more, (point, edge, forward)
                tick += 1
                heapq.heappush(waiting, (more, tick, there))
    found, point = [], tail
    while point != head and point in came:
        point, edge, forward = came[point]
        found.append((edge, forward))
    return found


def slack(
    edges: Sequence[Edge], unknown: Collection[Place], place: Place, enough: float, *, upwards: bool = True
) -> float:
    """Tell how much more (or less) a hidden number could be by what is shown: a greatest flow through the others.

    Parameters
    ----------
    edges
        All numbers of one table, with their true values.
    unknown
        The places that somebody who calculates does not know.
    place
        The number that they are after, one of them.
    enough
        Where it is as much as this, it is not looked any further.
    upwards
        More; else less.
    """
    of = {edge.place: edge for edge in edges}
    tail, head = ends(place)
    source, sink = (head, tail) if upwards else (tail, head)
    others = [of[each] for each in unknown if each != place]
    most = flow(others, {source: math.inf}, {sink: math.inf}, enough, outside=not upwards)
    return most if upwards else min(most, of[place].value)


def flow(
    edges: Sequence[Edge],
    sources: Mapping[Point, float],
    sinks: Mapping[Point, float],
    enough: float,
    *,
    outside: bool = False,
) -> float:
    """Send as much as can be from sources to sinks by shifting numbers: each grows freely and shrinks by its room.

    How much a number could be at most, even a contributor must not know; how little it could be is a question of those
    outside, for whom it may be nought.

    Parameters
    ----------
    edges
        The numbers that may shift.
    sources, sinks
        Point → how much may leave or arrive there.
    enough
        Where it is as much as this, it is not looked any further.
    outside
        Whether it is somebody outside who calculates.
    """
    left: dict[tuple[Point, Point], float] = defaultdict(float)
    for edge in edges:
        tail, head = ends(edge.place)
        left[tail, head] += math.inf
        left[head, tail] += edge.value if outside else edge.room
    for point, much in sources.items():
        left["source", point] += much
    for point, much in sinks.items():
        left[point, "sink"] += much
    at: dict[Point, set[Point]] = defaultdict(set)
    for one, other in list(left):
        at[one].add(other)
        at[other].add(one)
    sent = 0.0
    while sent < enough and (way := _shortest(left, at)):
        much = min(enough - sent, *(left[step] for step in way))
        for one, other in way:
            left[one, other] -= much
            left[other, one] += much
        sent += much
    return sent


def _shortest(left: Mapping[tuple[Point, Point], float], at: Mapping[Point, set[Point]]) -> list[tuple[Point, Point]]:
    """Find a way from source to sink with something left on each step, of the fewest steps."""
    came: dict[Point, Point] = {"source": ""}
    waiting: deque[Point] = deque(["source"])
    while waiting and "sink" not in came:
        point = waiting.popleft()
        for there in at[point]:
            if there not in came and left.get((point, there), 0) > 0:
                came[there] = point
                waiting.append(there)
    if "sink" not in came:
        return []
    way: list[tuple[Point, Point]] = []
    point = "sink"
    while point != "source":
        way.append((came[point], point))
        point = came[point]
    return way[::-1]
