"""What somebody who calculates can tell of the hidden numbers of a table: a linear programme in fractions.

It shares nothing with what protects tables: it knows no networks and no rings, only that rows and columns add up.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache


def interval(rows, columns, shown, lower, wanted):
    """Find the least and the greatest that a hidden number can be (``None``: as much as one likes).

    ``shown`` maps (row, column) to what is known there, ``None`` where it is hidden; a total has ``None`` for its row
    or column. ``lower`` is the least that the same places can be. Without columns, it is a list: row, and ``None``.
    """
    return within(sums(rows, columns), shown, lower, wanted)


def within(lines, shown, lower, wanted):
    """Find the same where any sums are known: each line is what is added up, and where its total stands."""
    names = [place for place, value in shown.items() if value is None]
    equations = []
    for parts, total in lines:
        line = [Fraction(0)] * len(names)
        right = Fraction(0)
        for place, sign in [*((part, 1) for part in parts), (total, -1)]:
            if shown[place] is None:
                line[names.index(place)] += sign
                right -= sign * Fraction(lower.get(place, 0))
            else:
                right -= sign * Fraction(shown[place])
        equations.append((line, right))
    at = names.index(wanted)
    base = Fraction(lower.get(wanted, 0))
    least, greatest = (greatest_of(equations, len(names), at, sign) for sign in (-1, 1))
    return base - least, None if greatest is None else base + greatest


def sums(rows, columns):
    yield [(row, None) for row in rows], (None, None)
    if columns:
        yield [(None, column) for column in columns], (None, None)
    for row in rows if columns else ():
        yield [(row, column) for column in columns], (row, None)
    for column in columns:
        yield [(row, column) for row in rows], (None, column)


def greatest_of(equations, many, at, sign):
    """Maximise ``sign`` times one of the unknowns, none of them below nought."""
    table, basis = begun(tuple((tuple(line), right) for line, right in equations), many)
    goal = [Fraction(0)] * many
    goal[at] = Fraction(sign)
    return solved([row[:] for row in table], [*basis], goal)


@lru_cache(maxsize=64)
def begun(equations, many):
    """Find numbers that fit (the first of two phases): the equations, and which unknown each of them gives."""
    lines = [[*line, right] if right >= 0 else [*(-each for each in line), -right] for line, right in equations]
    table = [
        [*line[:-1], *(Fraction(one == other) for other in range(len(lines))), line[-1]]
        for one, line in enumerate(lines)
    ]
    basis = [many + number for number in range(len(table))]
    start = [Fraction(0)] * many + [Fraction(-1)] * len(table)
    assert solved(table, basis, start) == 0, "the table contradicts itself"
    for number, variable in enumerate(basis):
        if variable >= many and (column := next((c for c in range(many) if table[number][c]), None)) is not None:
            turned(table, basis, number, column)
    kept = [number for number, variable in enumerate(basis) if variable < many]
    return [[*table[number][:many], table[number][-1]] for number in kept], [basis[number] for number in kept]


def solved(table, basis, goal):
    """Go from corner to corner while that gains something, always by the first unknown that does (Bland)."""
    while True:
        for column in range(len(goal)):
            if column in basis:
                continue
            gain = goal[column] - sum(
                goal[variable] * table[row][column] for row, variable in enumerate(basis) if goal[variable]
            )
            if gain > 0:
                break
        else:
            return sum(goal[variable] * table[row][-1] for row, variable in enumerate(basis))
        steps = [
            (table[row][-1] / table[row][column], basis[row], row)
            for row in range(len(table))
            if table[row][column] > 0
        ]
        if not steps:
            return None
        turned(table, basis, min(steps)[2], column)


def turned(table, basis, row, column):
    pivot = table[row][column]
    table[row] = [each / pivot for each in table[row]]
    for other in range(len(table)):
        if other != row and (factor := table[other][column]):
            table[other] = [one - factor * two for one, two in zip(table[other], table[row], strict=True)]
    basis[row] = column
