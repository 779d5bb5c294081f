"""How far a batch is: one bar for its reports, with the cells of those that run behind it."""

from __future__ import annotations

import io
import sys
import threading
import time
from types import TracebackType
from typing import Any, Self, TextIO

from tqdm import tqdm

from londata.fetch.progress import in_notebook

_BAR = "{desc}: {percentage:3.0f}% |{bar:20}| {n_fmt} of {total_fmt} reports [{elapsed}]{postfix}"
#: So many running reports are named behind the bar.
_NAMED = 2
_WIDTH = 100
#: Seconds between two lines that tell of cells alone.
_LINE_EVERY_S = 5.0
#: How a line begins that says how far something is, where nobody looks at a terminal.
MARK = "… "


class Lines(io.TextIOBase):
    """Takes a progress bar and writes it as lines, for a log.

    Parameters
    ----------
    log
        Where they are written.
    """

    def __init__(self, log: TextIO) -> None:
        self._log, self._last = log, ""

    def write(self, text: str) -> int:
        """Write what the bar shows, where it shows something else than before."""
        if (line := text.strip()) and line != self._last:
            self._last = line
            self._log.write(f"{MARK}{line}\n")
            self._log.flush()
        return len(text)


def bar(shown: bool, **options: Any) -> tqdm[Any]:
    """Make a progress bar where somebody can see it; where there is no terminal, it is written line by line.

    Parameters
    ----------
    shown
        Whether anybody looks.
    **options
        For tqdm.
    """
    where: TextIO = sys.stdout if in_notebook() else sys.stderr  # standard error is a red box in a notebook
    if not in_notebook() and not where.isatty():
        lines: Any = Lines(where)
        return tqdm(disable=not shown, leave=False, file=lines, mininterval=0, miniters=1, ncols=_WIDTH, **options)
    return tqdm(disable=not shown, leave=False, file=where, **options)


class BatchBar:
    """A progress bar over the reports of a batch; told from several threads.

    Parameters
    ----------
    title
        What stands before it.
    total
        How many reports there are.
    shown
        Whether anybody looks.
    """

    def __init__(self, title: str, total: int, shown: bool) -> None:
        self._lock = threading.Lock()
        self._cells: dict[str, str] = {}
        self._live, self._shown = in_notebook() or sys.stderr.isatty(), 0.0
        self._bar = bar(shown, desc=title, total=total, bar_format=_BAR)

    def at_cell(self, value: str, cell: int, of: int) -> None:
        """Show the cell that the report for a value has reached.

        Parameters
        ----------
        value
            Which report.
        cell, of
            The number of its cell, and how many it has.
        """
        with self._lock:
            self._cells[value] = f"cell {cell} of {of}"
            self._show()

    def done(self, count: int, value: str = "") -> None:
        """Count finished reports, and forget the cell of the one for a value."""
        with self._lock:
            self._cells.pop(value, None)
            self._show()
            self._bar.update(count)

    def _show(self) -> None:
        named = [f"{value} {cell}" for value, cell in list(self._cells.items())[:_NAMED]]
        more = len(self._cells) - len(named)
        now = time.monotonic()
        refresh = self._live or now - self._shown > _LINE_EVERY_S
        self._shown = now if refresh else self._shown
        self._bar.set_postfix_str("; ".join([*named, *([f"{more} more"] if more else [])]), refresh=refresh)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.close()
