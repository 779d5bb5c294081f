"""Where the table is on a sheet. Pure: a grid of values in, a table or a clear question out.

People write titles above a table, notes below it and further tables beside it. A recorded ``header_row`` and
``cells`` settle it. Without them this module finds the table only where there is one way to see it; wherever a
second way is possible it stops and says which option to give. What stands around the table is kept as notes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from londata.errors import ReadError

Grid = Sequence[Sequence[Any]]
_NOTE = re.compile(r"(source|notes?\b|\*|†|‡|©|contains |\[?\(?\d{1,2}[\]).:]\s)", re.IGNORECASE)
_LONG = 60
_SAMPLE = 50
_DATES = (dt.date, dt.datetime)


@dataclass(frozen=True)
class Table:
    """A table on a sheet: which columns, what they are called, which rows, and what stands around it."""

    columns: tuple[int, ...]
    names: tuple[str, ...]
    rows: tuple[int, ...]
    notes: tuple[str, ...]


def find_table(grid: Grid, *, header_row: int | None, cells: str = "", rows: int | None = None) -> Table:
    """Find the one table on a sheet.

    Parameters
    ----------
    grid
        The values, row by row, all rows of the same length.
    header_row
        The row of the column names, counted from 0, if it is known.
    cells
        The columns to look in, as ``A:C,F``; all where empty.
    rows
        How many rows are wanted at most; a second table further down then does not matter.

    Raises
    ------
    ReadError
        There is no table, or more than one way to see one; the hint says which option settles it.
    """
    columns = _columns(cells, len(grid[0]) if grid else 0)
    blocks = _blocks(grid, columns)
    if not blocks:
        raise ReadError("The sheet holds no table: these cells are all empty.", hint="Say another sheet= or cells=.")
    if not cells and len(blocks) > 1:
        _check_side_by_side(grid, blocks, header_row)
    used = [column for block in blocks for column in block]
    header = _find_header(grid, used) if header_row is None else _check_header(grid, used, header_row)
    named = [column for column in used if not blank(grid[header][column])]
    used = [c for c in used if c in named or any(not blank(row[c]) for row in grid[header + 1 :])]
    body, notes = _body(grid, used, header, rows)
    above = [_text(grid[row], range(len(grid[row]))) for row in range(header)]
    return Table(tuple(used), _names(grid[header], used), tuple(body), tuple(filter(None, [*above, *notes])))


def blank(value: Any) -> bool:
    """Tell whether a cell has nothing in it that anybody could see."""
    return value is None or (isinstance(value, str) and not value.strip())


def letters(column: int) -> str:
    """Call a column what a spreadsheet calls it: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def _columns(cells: str, width: int) -> list[int]:
    if not cells:
        return list(range(width))
    chosen: list[int] = []
    for part in cells.split(","):
        first, _, last = part.partition(":")
        chosen += range(_number(first), _number(last or first) + 1)
    return [column for column in chosen if column < width]


def _number(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _blocks(grid: Grid, columns: list[int]) -> list[list[int]]:
    """Split the columns at those that are empty from top to bottom."""
    blocks: list[list[int]] = []
    before = None
    for column in columns:
        if all(blank(row[column]) for row in grid):
            continue
        if before == column - 1 and blocks:
            blocks[-1].append(column)
        else:
            blocks.append([column])
        before = column
    return blocks


def _check_side_by_side(grid: Grid, blocks: list[list[int]], header_row: int | None) -> None:
    """Stop at several tables side by side; an empty column inside one table is fine if its header is recorded."""
    filled = [[row for row in range(len(grid)) if _count(grid[row], block)] for block in blocks]
    tables = [(block, rows) for block, rows in zip(blocks, filled, strict=True) if len(rows) > 1]
    if len(tables) < 2:
        return
    if header_row is not None and header_row < len(grid):
        names = [str(grid[header_row][column]) for block, _ in tables for column in block]
        ends = {rows[-1] for _, rows in tables}
        if len(ends) == 1 and len(set(names)) == len(names) and all(rows[-1] > header_row for _, rows in tables):
            return
    ranges = "; ".join(f"{_range(block)} ({len(rows):,} rows: {_glimpse(grid, block, rows)})" for block, rows in tables)
    raise ReadError(
        f"On the sheet there are {len(tables)} tables side by side, and the record does not say which one is meant.",
        hint=f"Say cells=, for instance cells={_range(tables[0][0])!r}. There are: {ranges}.",
    )


def _range(block: list[int]) -> str:
    return f"{letters(block[0])}:{letters(block[-1])}"


def _glimpse(grid: Grid, block: list[int], rows: list[int]) -> str:
    return _text(grid[rows[0]], block)[:80]


def _find_header(grid: Grid, columns: list[int]) -> int:
    """Find the row of the column names, where that is beyond doubt."""
    runs = _runs(grid, columns, 0)
    while len(runs) > 1 and all(_stands_above(grid[row], columns) for row in runs[0]):
        runs.pop(0)
    enough = max(2, -(-len(columns) // 2)) if len(columns) > 1 else 1
    header = next((row for run in runs for row in run if _count(grid[row], columns) >= enough), None)
    if header is None:
        raise _unclear(grid, "no row has names for at least half of the columns")
    values = [grid[header][column] for column in columns]
    if any(blank(value) for value in values):
        raise _unclear(grid, f"row {header} has gaps, so the names may stand in several rows")
    if not _are_names(values):
        raise _unclear(grid, f"row {header} does not hold names only")
    if len(set(map(str, values))) < len(values):
        raise _unclear(grid, f"names in row {header} occur twice, so the row above may be part of them")
    if _group_above(grid, columns, header):
        raise _unclear(grid, f"the row above row {header} seems to be part of the names")
    if header + 1 < len(grid) and _continues_below(grid, columns, header):
        raise _unclear(grid, f"the row below row {header} seems to be part of the names")
    return header


def _runs(grid: Grid, columns: list[int], start: int) -> list[list[int]]:
    """Split the rows from ``start`` on into runs, at blank rows."""
    runs: list[list[int]] = []
    before = -1
    for row in range(start, len(grid)):
        values = grid[row]
        if all(blank(values[column]) for column in columns):
            continue
        if before == row - 1 and runs:
            runs[-1].append(row)
        else:
            runs.append([row])
        before = row
    return runs


def _stands_above(row: Sequence[Any], columns: list[int]) -> bool:
    """Tell whether a row may be a title, or a word and its explanation: it fills the first two columns at most."""
    return (len(columns) > 2 and _count(row, columns[2:]) == 0) or _count(row, columns[1:]) == 0


def _check_header(grid: Grid, columns: list[int], header_row: int) -> int:
    if header_row >= len(grid) or not _count(grid[header_row], columns):
        raise _unclear(grid, f"row {header_row}, where the record says so, is empty")
    return header_row


def _are_names(values: list[Any]) -> bool:
    """Tell whether values can be column names: text, or among text also years and dates."""
    if not any(isinstance(value, str) for value in values):
        return False
    return all(isinstance(value, (str, *_DATES)) or _is_year(value) for value in values)


def _is_year(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and value == int(value) and 1900 <= value <= 2100
    )


def _group_above(grid: Grid, columns: list[int], header: int) -> bool:
    """Tell whether something directly above the header stands over some of its columns only."""
    row = header - 1
    while row >= 0 and _count(grid[row], columns):
        if any(not blank(grid[row][column]) for column in columns[1:]):
            return True
        row -= 1
    return False


def _continues_below(grid: Grid, columns: list[int], header: int) -> bool:
    """Tell whether the next row holds text where all others hold numbers (units, a second line of names)."""
    below = grid[header + 1]
    others = [row for row in grid[header + 2 : header + 2 + _SAMPLE] if _count(row, columns)]
    for column in columns:
        if isinstance(below[column], str) and not blank(below[column]) and re.search("[A-Za-z%£]", below[column]):
            values = [row[column] for row in others if not blank(row[column])]
            if len(values) > 1 and all(_is_number(value) for value in values):
                return True
    return False


def _body(grid: Grid, columns: list[int], header: int, wanted: int | None) -> tuple[list[int], list[str]]:
    """Take the rows of the table, without blank ones, and the notes below it."""
    runs = _runs(grid, columns, header + 1)
    notes: list[int] = []
    while len(runs) > 1 and all(_is_aside(grid[row], columns) for row in runs[-1]):
        notes = runs.pop() + notes
    if runs:
        runs[-1], more = _split_notes(grid, columns, runs[-1])
        notes = more + notes
    rows = [row for run in runs for row in run]
    numeric = [column for column in columns if _mostly_numbers(grid, column, rows[:_SAMPLE])]
    for run in runs[1:]:
        before = rows.index(run[0])
        if (wanted is None or before < wanted) and _begins_table(grid[run[0]], columns, numeric):
            raise ReadError(
                f"On the sheet another table begins below the first one, in row {run[0]} (counted from 0).",
                hint=f"Say header_row={header}, nrows={before} for the first, or header_row={run[0]} for the second.",
            )
    return rows, [_text(grid[row], range(len(grid[0]))) for row in notes]


def _is_aside(row: Sequence[Any], columns: list[int]) -> bool:
    """Tell whether a row that stands apart from the table holds only a few words: not a row with values missing."""
    values = [row[column] for column in columns if not blank(row[column])]
    if not all(isinstance(value, str) for value in values):
        return False
    return (
        bool(_NOTE.match(values[0].strip())) if len(columns) == 1 else len(values) <= max(1, min(2, len(columns) // 3))
    )


def _split_notes(grid: Grid, columns: list[int], run: list[int]) -> tuple[list[int], list[int]]:
    """Cut notes off that follow the last row without a gap: lone words from the first that reads like a note on."""
    end = len(run)
    while (
        end and len(columns) > 1 and _count(grid[run[end - 1]], columns) == 1 and _is_aside(grid[run[end - 1]], columns)
    ):
        end -= 1
    for position in range(end, len(run)):
        text = _text(grid[run[position]], columns)
        if len(text) > _LONG or _NOTE.match(text):
            return run[:position], run[position:]
    return run, []


def _begins_table(row: Sequence[Any], columns: list[int], numeric: list[int]) -> bool:
    """Tell whether a row after a gap holds names where the rows before it hold numbers."""
    values = [row[column] for column in columns]
    if _count(row, columns) <= len(columns) / 2 or not _are_names([value for value in values if not blank(value)]):
        return False
    return any(isinstance(row[column], str) and not blank(row[column]) for column in numeric)


def _mostly_numbers(grid: Grid, column: int, rows: list[int]) -> bool:
    values = [grid[row][column] for row in rows if not blank(grid[row][column])]
    return bool(values) and sum(map(_is_number, values)) > len(values) / 2


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _names(row: Sequence[Any], columns: list[int]) -> tuple[str, ...]:
    """Name the columns; what has no name or one that is taken is named as pandas would."""
    names: list[str] = []
    for position, column in enumerate(columns):
        name = f"Unnamed: {position}" if blank(row[column]) else _words(row[column])
        unique, number = name, 0
        while unique in names:
            number += 1
            unique = f"{name}.{number}"
        names.append(unique)
    return tuple(names)


def _words(value: Any) -> str:
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value).strip()


def _text(row: Sequence[Any], columns: Sequence[int]) -> str:
    return ", ".join(_words(row[column]) for column in columns if not blank(row[column]))


def _count(row: Sequence[Any], columns: list[int]) -> int:
    return sum(not blank(row[column]) for column in columns)


def _unclear(grid: Grid, why: str) -> ReadError:
    shown = "; ".join(f"{number}: {_text(row, range(len(row)))[:70]}" for number, row in enumerate(grid[:6]))
    return ReadError(
        f"On the sheet it is not clear in which row the column names stand: {why}.",
        hint=f"Say header_row= (counted from 0). The first rows are {shown}.",
    )
