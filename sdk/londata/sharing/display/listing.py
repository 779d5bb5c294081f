"""A short list that shows itself: as lines in a terminal, as a table in a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar, overload

from londata.sharing.display.style import card, table

T = TypeVar("T")


class Listing(Sequence[T], Generic[T]):
    """Items in an order, of which a subclass says how they look.

    Parameters
    ----------
    items
        What is listed.
    """

    #: What the table calls its columns.
    headers: tuple[str, ...] = ()

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._items = tuple(items)

    def headline(self) -> str:
        """Say in a sentence what is listed, and how many."""
        raise NotImplementedError

    def line(self, item: T) -> str:
        """Write one item for a terminal."""
        raise NotImplementedError

    def cells(self, item: T) -> Sequence[str]:
        """Write one item for the table, as HTML that is safe."""
        raise NotImplementedError

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return "\n".join([self.headline(), *(self.line(item) for item in self)])

    def _repr_html_(self) -> str:
        headline = html.escape(self.headline())
        if not self:
            return card(f"<p>{headline}</p>")
        return card(table(headline, [self.cells(item) for item in self], headers=self.headers))
