"""Excel (xls, xlsx) and OpenDocument spreadsheets: one table of one sheet."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from londata.errors import ReadError, TooLargeError
from londata.readers import archives
from londata.readers.columns import as_kind, check_recorded, with_dates
from londata.readers.layout import find_table
from londata.readers.wanted import Wanted, listed, positions
from londata.records import ReadingOptions

#: A sheet is laid out in memory from its first cell to its last, 32 bytes each, however few are filled.
MAX_CELLS = 50_000_000
_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']""")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OLE = b"\xd0\xcf\x11\xe0"
#: What counts as missing besides the markers that the record names.
_MISSING = frozenset({"", "#N/A", "N/A", "n/a", "NA", "NaN", "nan", "NULL", "null"})


def read(path: Path, wanted: Wanted) -> Any:
    """Read one table; ``attrs["londata"]`` names the sheet and holds the notes that stand around the table."""
    workbook = _open(path)
    sheet, grid = _sheet(workbook, wanted.options)
    try:
        table = find_table(grid, header_row=wanted.options.header_row, cells=wanted.options.cells, rows=wanted.rows)
    except ReadError as error:
        raise ReadError(error.message.replace("On the sheet", f"On the sheet {sheet!r}", 1), hint=error.hint) from error
    if wanted.columns is None:
        check_recorded(wanted.options, table.names)
    chosen = range(len(table.names)) if wanted.columns is None else positions(wanted.columns, table.names)
    rows = table.rows[: wanted.rows]
    data = {}
    for index in chosen:
        name, column = table.names[index], table.columns[index]
        data[name] = _series([grid[row][column] for row in rows], name, wanted.options)
    frame = pd.DataFrame(data)
    frame.attrs["londata"] = {"sheet": sheet, "notes": list(table.notes)}
    return as_kind(with_dates(frame, wanted.options.dates), wanted.kind)


def _open(path: Path) -> Any:
    with path.open("rb") as file:
        head = file.read(4)
    if head == _OLE and _ENCRYPTED in path.read_bytes():
        raise ReadError("The spreadsheet is protected by a password.", hint="Ask the publisher for an open copy.")
    if head.startswith(b"PK"):
        _check_span(path, archives.members(path))
    try:
        with path.open("rb") as file:
            return CalamineWorkbook.from_filelike(file)
    except PasswordError as error:
        raise ReadError(
            "The spreadsheet is protected by a password.", hint="Ask the publisher for an open copy."
        ) from error
    except (CalamineError, OSError) as error:
        raise _broken(error) from error


def _check_span(path: Path, names: Sequence[str]) -> None:
    """Refuse a sheet whose cells lie so far apart that laying it out would take all the memory there is."""
    with zipfile.ZipFile(path) as archive:
        for name in names:
            if not (name.startswith("xl/worksheets/") and name.endswith(".xml")):
                continue
            with archive.open(name) as sheet:
                try:
                    rows, columns = _span(sheet)
                except (zipfile.BadZipFile, OSError, ValueError) as error:
                    raise _broken(error) from error
            if rows * columns > MAX_CELLS:
                raise TooLargeError(
                    f"A sheet of the workbook spans {rows:,} rows and {columns:,} columns, more than can be laid out.",
                    hint="It may hold a stray cell far from its table; ask the publisher to remove it.",
                )


def _span(sheet: Any) -> tuple[int, int]:
    rows, columns, rest = 0, 0, b""
    while piece := sheet.read(1 << 20):
        found = _CELL.findall(rest + piece)
        rows = max([rows, *(int(row) for row in {row for _, row in found})])
        columns = max([columns, *(_number(name) for name in {name for name, _ in found})])
        rest = piece[-32:]
    return rows, columns


def _number(name: bytes) -> int:
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number


def _sheet(workbook: Any, options: ReadingOptions) -> tuple[str, list[list[Any]]]:
    """Take the recorded sheet, or the only one that is not empty."""
    names = [str(name) for name in workbook.sheet_names]
    if isinstance(options.sheet, int) and 0 <= options.sheet < len(names):
        return _load(workbook, names[options.sheet])
    if options.sheet is not None:
        if options.sheet not in names:
            raise ReadError(
                f"The workbook has no sheet {options.sheet!r}.", hint=f"Sheets are {listed([repr(n) for n in names])}."
            )
        return _load(workbook, str(options.sheet))
    visible = [
        str(sheet.name)
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
    sheets = [(name, grid) for name, grid in (_load(workbook, name) for name in visible) if grid]
    if len(sheets) == 1:
        return sheets[0]
    if not sheets:
        raise ReadError("The workbook holds nothing: every sheet is empty.", hint="Tell the publisher.")
    shown = "; ".join(f"{name!r} ({len(grid):,} rows, {len(grid[0])} columns)" for name, grid in sheets)
    raise ReadError(
        f"The workbook has {len(sheets)} sheets, and the record does not say which one is meant.",
        hint=f"Say sheet=, for instance sheet={sheets[-1][0]!r}. There are: {shown}.",
    )


def _load(workbook: Any, name: str) -> tuple[str, list[list[Any]]]:
    """Load one sheet from its very first cell, so that rows and columns count as people see them."""
    try:
        return name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (CalamineError, ValueError, OSError) as error:
        raise _broken(error) from error


def _series(values: list[Any], name: str, options: ReadingOptions) -> pd.Series[Any]:
    """Make a column of cells, of the narrowest type that holds every one of them as it is."""
    missing = _MISSING.union(options.missing)
    cells: list[Any] = [None if isinstance(value, str) and value.strip() in missing else value for value in values]
    if name in options.text:
        return pd.Series([None if value is None else _as_text(value) for value in cells], dtype="str")
    kinds = {type(value) for value in cells if value is not None}
    if not kinds:
        return pd.Series(cells, dtype="float64")
    if kinds <= {int, float}:
        whole = None not in cells and all(value == int(value) for value in cells)
        return pd.Series(cells, dtype="int64" if whole else "float64")
    if kinds <= {dt.date, dt.datetime}:
        return pd.to_datetime(pd.Series([None if value is None else pd.Timestamp(value) for value in cells]))
    return pd.Series(cells, dtype=None if kinds in ({str}, {bool}, {dt.timedelta}) else "object")


def _as_text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _broken(error: Exception) -> ReadError:
    return ReadError(
        f"The spreadsheet cannot be opened; it is broken, cut short or protected: {error}.",
        hint="Fetch it again; if that does not help, tell the publisher.",
    )
