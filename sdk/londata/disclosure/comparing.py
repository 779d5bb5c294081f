"""What a table gives away beside what was released before, under whatever name, and by whichever insight.

Two tables are compared group by group: “Camden, primary” is the same group in a table by home and phase, in one by
phase and home, and, where the categories show that it is the same column, in one by borough and phase. What the other
shows nearly as it is here counts as known here, and the other way round.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

from londata.disclosure.linking import Group, Sheet, leaks
from londata.disclosure.protecting import LARGEST, Number, Protected, named, unsafe
from londata.disclosure.rings import Edge, Place
from londata.disclosure.seeing import Released, sheets, shown_in
from londata.records.publications import Finding, Weight

CHECK = "disclosure"
#: How much two numbers of the same group may differ, so that two tables are taken to be of the same people.
_NEAR = 0.1


def beside(table: Released, earlier: Mapping[str, Released]) -> Iterator[Finding]:
    """Find what the difference between a table and each earlier one tells.

    Parameters
    ----------
    table
        The table.
    earlier
        What an earlier table is called in a sentence, for instance “version 2” → the table.

    Yields
    ------
    Finding
        ``must`` where both have one name, or numbers that show that they are of the same people; else ``should``: that
        they are not is for those who check.
    """
    alike: list[Released] = []
    original, table = table, _renamed(table, {each: f"by {each}" for each in table.workings.dimensions})
    for name, before in earlier.items():
        then = _in_terms_of(original, before)
        same = before.name == table.name or _of_the_same(table, then)
        alike += [then] if same else []
        weight: Weight = "must" if same else "should"
        for said in (*_given_away(table, name, then), *_changed(table, name, then)):
            words = said if same else f"If {name} is of the same people: {said[0].lower()}{said[1:]}"
            yield Finding(check=CHECK, weight=weight, sentence=words[:1_000])
    if len(alike) > 1:
        for said in _given_away_by_all(table, alike):
            yield Finding(check=CHECK, weight="must", sentence=said[:1_000])


def _given_away_by_all(table: Released, earlier: Sequence[Released]) -> Iterator[str]:
    """Say which hidden numbers all earlier tables together give away, and none of them by itself."""
    those = [_sides(each) for each in earlier]
    for what, mine in _sides(table).items():
        others = [each[what].shown for each in those if what in each]
        edges = {edge.place: edge for edge in mine.sheet.edges}

        def known(edge: Edge, mine: _Side = mine, others: Sequence[Mapping[Group, float]] = others) -> set[Place]:
            """List what any of them shows nearly as it is here."""
            return set[Place]().union(*(mine.close(other, edge) for other in others))

        by_one = {leak.place for other in others for leak in leaks(mine.sheet, known=partial(mine.close, other))}
        for leak in leaks(mine.sheet, known=known):
            if leak.place not in by_one and leak.place not in known(edges[leak.place]):
                yield (
                    f"The {what} at {named(leak.place)} of the table {table.name} can be worked out to within what it "
                    "needs, by comparing this release with all that was released before together. Hide more (hide=…)."
                )


def _in_terms_of(table: Released, before: Released) -> Released:
    """Name the columns of an earlier table as a table names them: by their names, or by what stands in them."""
    mine, theirs = _categories(table.workings), _categories(before.workings)
    fits = [
        (_alike(mine[here], theirs[there]), here == there, here, there)
        for here in mine
        for there in theirs
        if _alike(mine[here], theirs[there]) >= (0 if here == there else 0.5)
    ]
    names: dict[str, str] = {}
    for _, _, here, there in sorted(fits, reverse=True):
        if there not in names and here not in names.values():
            names[there] = here
    return _renamed(before, {there: f"by {names[there]}" if there in names else f"not by {there}" for there in theirs})


def _renamed(table: Released, new: Mapping[str, str]) -> Released:
    """Give the columns of a table other names, of which none can be that of its numbers."""
    new = {**new, table.value: "value"}
    rows = [{new.get(column, column): each for column, each in row.items()} for row in table.rows]
    dimensions = tuple(new[each] for each in table.workings.dimensions)
    return replace(table, rows=rows, value="value", workings=replace(table.workings, dimensions=dimensions))


def _categories(workings: Protected) -> dict[str, set[str]]:
    return {
        name: {place[at] for number in workings.numbers if (place := number.place)[at] is not None}  # type: ignore[misc]
        for at, name in enumerate(workings.dimensions)
    }


def _alike(one: set[str], other: set[str]) -> float:
    """Tell how much of the shorter list of categories is in the other; of one category alone, nothing is told."""
    few = min(len(one), len(other))
    return len(one & other) / few if few > 1 or one == other else 0


@dataclass(frozen=True)
class _Side:
    """One of two tables, as numbers of one kind: the sums, or how many stand behind them."""

    sheet: Sheet
    shown: Mapping[Group, float]

    def close(self, other: Mapping[Group, float], edge: Edge) -> set[Place]:
        """List what the other side shows nearly as it is here, near enough to tell something of a number."""
        found = ((each, other.get(self.sheet.group(each.place))) for each in self.sheet.edges)
        return {each.place for each, value in found if value is not None and abs(value - each.value) < edge.rise}


def _sides(table: Released) -> dict[str, _Side]:
    found, shown = {}, shown_in(table)
    for what, sheet in sheets(table):
        at = 0 if what == "sum" or table.workings.kind == "counts" else 1
        numbers = {sheet.group(place): value for place, both in shown.items() if (value := both[at]) is not None}
        found[what] = _Side(sheet, numbers)
    return found


def _of_the_same(table: Released, before: Released) -> bool:
    """Tell whether two tables seem to be of the same people: at least half of what both speak of is nearly the same."""
    here, there = _sides(table), _sides(before)
    for what in ("sum", "count"):
        if what in here and what in there:
            mine, theirs = here[what].sheet.groups(), there[what].sheet.groups()
            common = mine.keys() & theirs.keys()
            few = table.workings.thresholds.minimum if what == "count" else 0
            near = [_is_near(mine[group].value, theirs[group].value, few) for group in common]
            return 2 * sum(near) >= len(near)
    return False


def _is_near(one: float, other: float, few: float) -> bool:
    return abs(one - other) <= max(few, _NEAR * max(one, other))


def _given_away(table: Released, name: str, before: Released) -> Iterator[str]:
    """Say which hidden numbers, of either, the two give away together."""
    here, there = _sides(table), _sides(before)
    for what in sorted(here.keys() & there.keys(), reverse=True):
        for mine, other, whose in ((here[what], there[what], ""), (there[what], here[what], f", hidden in {name},")):
            found = list(leaks(mine.sheet, known=partial(mine.close, other.shown)))
            alone = {each.place for each in leaks(mine.sheet)} if found else set()
            edges = {edge.place: edge for edge in mine.sheet.edges} if found else {}
            for leak in found:
                # What was shown before is out: that it is hidden now tells nothing more
                out = not whose and leak.place in mine.close(other.shown, edges[leak.place])
                if out or leak.place in alone:
                    continue
                yield (
                    f"The {what} at {named(leak.place)} of the table {table.name}{whose} can be worked out to within "
                    f"what it needs, by comparing this release with {name}: they hide different numbers. "
                    "Hide here what is hidden there (hide=…)."
                )


def _changed(table: Released, name: str, before: Released) -> Iterator[str]:
    """Say which sums, and what is left of totals, differ from an earlier release by the contributions of a few."""
    if not (table.workings.kind == before.workings.kind == "sums" and _comparable(table, before)):
        return
    (now, here), (then, there) = _by_group(table), _by_group(before)
    both = _sides(table)["sum"].shown.keys() & _sides(before)["sum"].shown.keys()
    limits = table.workings.thresholds
    group = Sheet(table.workings.dimensions, (), frozenset()).group
    for total in (number.place for number in table.workings.numbers):
        for line in _lines(total, [number.place for number in now.values()]):
            left = [group(part) for part in line if group(part) not in both] if None in total else [group(total)]
            if group(total) not in both or not left or any(part not in then for part in left):
                continue
            was, is_now = (sum((each[part] for part in left), Counter[float]()) for each in (there, here))
            change = sorted(((is_now - was) + (was - is_now)).elements(), reverse=True)
            told = Number(total, math.fsum(change), len(change), len(change), tuple(change[:LARGEST]))
            if change and unsafe(told, limits):
                who = "one has" if len(change) == 1 else "a few have"
                yield (
                    f"The difference between this release and {name} at {named(total)} of the table {table.name} "
                    f"tells what {who} contributed since."
                )
                break


def _comparable(table: Released, before: Released) -> bool:
    """Tell whether contributions can be compared one by one: in both tables they are cut up in the same way."""
    same = set(table.workings.dimensions) == set(before.workings.dimensions)
    return same or (_is_once(table.workings) and _is_once(before.workings))


def _is_once(workings: Protected) -> bool:
    whole = next((each for each in workings.numbers if set(each.place) == {None}), None)
    return whole is not None and whole.contributions == whole.contributors


def _by_group(table: Released) -> tuple[dict[Group, Number], dict[Group, Counter[float]]]:
    """List the numbers of a table by group, and what was contributed in each."""
    group = Sheet(table.workings.dimensions, (), frozenset()).group
    numbers = {group(number.place): number for number in table.workings.numbers}
    parts: dict[Group, Counter[float]] = {each: Counter() for each in numbers}
    for cell, number in numbers.items():
        if None not in number.place:
            for many in range(len(cell) + 1):
                for some in combinations(cell, many):
                    parts[frozenset(some)].update(number.parts)
    return numbers, parts


def _lines(total: Place, known: Collection[Place]) -> list[list[Place]]:
    """List the ways in which a total is added up from the numbers next below it; a cell is itself."""
    gaps = [at for at, each in enumerate(total) if each is None]
    return [
        [
            place
            for place in known
            if place[at] is not None and all(place[i] == total[i] for i in range(len(total)) if i != at)
        ]
        for at in gaps
    ] or [[total]]
