"""What the hidden numbers of a table leave uncertain, also to somebody who has other tables of the same people.

Two tables share what they both say of the same groups: the total of all, and the totals over a dimension that both
have. A number that one of them shows is known in the other. A number that both hide can only shift in both at once: a
ring through it counts where each other table can shift, too, without touching anything else that is shared. That is
enough to be safe, and sometimes more than is needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from londata.disclosure.rings import Edge, Place, Point, around, ends, flow, ring, slack

#: What one may be off by in adding decimal fractions.
_EXACTLY = 1e-9
_SHARED = 1_000.0
#: The same group in tables of other dimensions: each dimension with its category.
Group = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Sheet:
    """The network of a table as somebody sees it who calculates: ``hidden`` are the places that it does not show."""

    dimensions: tuple[str, ...]
    edges: tuple[Edge, ...]
    hidden: frozenset[Place]

    def group(self, place: Place) -> Group:
        """Name a place independently of the table."""
        return frozenset((name, each) for name, each in zip(self.dimensions, place, strict=True) if each is not None)

    def groups(self) -> dict[Group, Edge]:
        """List the edges by group."""
        return {self.group(edge.place): edge for edge in self.edges}


@dataclass(frozen=True)
class Leak:
    """A hidden number that can be worked out: by how much at most it could be more, and less, by what is shown.

    Without end stands for as much as is needed.
    """

    place: Place
    more: float
    less: float

    @property
    def exact(self) -> bool:
        """Whether nobody could take it for more."""
        return self.more <= _EXACTLY


def leaks(
    sheet: Sheet, others: Sequence[Sheet] = (), known: Callable[[Edge], Collection[Place]] = lambda edge: ()
) -> Iterator[Leak]:
    """Find the hidden numbers that are left less uncertain than they must be.

    Parameters
    ----------
    sheet
        The table.
    others
        Other tables, of which those count that tell of the same people.
    known
        For a number that somebody is after: what they know beside the table to within what that number needs.
    """
    related = [other for other in others if alike(sheet, other)]
    told = {group for other in related for group, edge in other.groups().items() if edge.place not in other.hidden}
    both = {other.group(place) for other in related for place in other.hidden}
    for edge in sheet.edges:
        if not edge.unsafe or edge.place not in sheet.hidden:
            continue
        gone = set(known(edge))
        unknown = {place for place in sheet.hidden if place not in gone and sheet.group(place) not in told}
        if edge.place not in unknown:
            yield Leak(edge.place, 0, 0)
            continue
        shared = {place for place in unknown if sheet.group(place) in both}
        more, less = _leeway(sheet, edge, (unknown - shared) | {edge.place})
        safe = more == less == math.inf
        if safe and edge.place not in shared:
            continue
        if not (shared and _shifts_everywhere(sheet, edge, unknown, shared, related)):
            yield Leak(edge.place, 0, 0) if safe else Leak(edge.place, more, less)


def _leeway(sheet: Sheet, edge: Edge, free: Collection[Place]) -> tuple[float, float]:
    """Tell by how much a number could be more, and less; where it is enough, without end."""
    more = slack(sheet.edges, free, edge.place, edge.rise)
    less = slack(sheet.edges, free, edge.place, edge.fall, upwards=False)
    return (
        math.inf if more >= edge.rise * (1 - _EXACTLY) else more,
        math.inf if less >= edge.fall * (1 - _EXACTLY) else less,
    )


def alike(one: Sheet, other: Sheet) -> bool:
    """Tell whether two tables tell of the same people: they share groups, and agree about all of these."""
    mine, theirs = one.groups(), other.groups()
    common = mine.keys() & theirs.keys()
    return bool(common) and all(
        abs(mine[each].value - theirs[each].value) <= _EXACTLY * max(1, mine[each].value) for each in common
    )


def _shifts_everywhere(
    sheet: Sheet, edge: Edge, unknown: Collection[Place], shared: Collection[Place], related: Sequence[Sheet]
) -> bool:
    """Tell whether a ring through a number can be shifted in every table that shares some of it."""
    at = around(each for each in sheet.edges if each.place in unknown)
    way = ring(edge, at, lambda each: _SHARED if each.place in shared else 1.0)
    if not way:
        return False
    turns = {sheet.group(each.place): forward for each, forward in [(edge, True), *way]}
    common = {sheet.group(place) for place in shared}
    return all(
        _carries(other, {group: up == forward for group, forward in turns.items()}, common, much, outside=not up)
        for other in related
        for up, much in ((True, edge.rise), (False, edge.fall))
    )


def _carries(other: Sheet, turns: dict[Group, bool], common: Collection[Group], much: float, *, outside: bool) -> bool:
    """Tell whether another table fits when these of its groups grow (or shrink) by so much, and no other shared one."""
    sources: dict[Point, float] = {}
    sinks: dict[Point, float] = {}
    for group, edge in other.groups().items():
        if group in turns and edge.place in other.hidden:
            tail, head = ends(edge.place)
            begin, end = (head, tail) if turns[group] else (tail, head)
            sources[begin] = sources.get(begin, 0) + much
            sinks[end] = sinks.get(end, 0) + much
    wanted = sum(sources.values())
    free = [each for each in other.edges if each.place in other.hidden and other.group(each.place) not in common]
    return flow(free, sources, sinks, wanted, outside=outside) >= wanted * (1 - _EXACTLY)
