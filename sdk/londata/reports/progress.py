"""How far a batch is: one bar for its reports, with the cells of those that run behind it."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Self

from tqdm import tqdm

from londata.fetch.progress import in_notebook

_BAR = "{desc}: {percentage:3.0f}% |{bar:20}| {n_fmt} of {total_fmt} reports [{elapsed}]{postfix}"
#: So many running reports are named behind the bar.
_NAMED = 2


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
        where = sys.stdout if in_notebook() else sys.stderr  # standard error is a red box in a notebook
        self._lock = threading.Lock()
        self._cells: dict[str, str] = {}
        self._bar = tqdm(desc=title, total=total, disable=not shown, leave=False, bar_format=_BAR, file=where)

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
        self._bar.set_postfix_str("; ".join([*named, *([f"{more} more"] if more else [])]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.close()
