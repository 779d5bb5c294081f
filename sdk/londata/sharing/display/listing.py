"""A short list that shows itself: as lines in a terminal, as a table in a notebook."""

from __future__ import annotations

import html
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar, overload

from londata.errors import UsageError
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

    @abstractmethod
    def headline(self) -> str:
        """Say in a sentence what is listed, and how many."""

    @abstractmethod
    def line(self, item: T) -> str:
        """Write one item for a terminal."""

    @abstractmethod
    def cells(self, item: T) -> Sequence[str]:
        """Write one item for the table, as HTML that is safe."""

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    @overload
    def __getitem__(self, index: str) -> T: ...
    def __getitem__(self, index: int | slice | str) -> T | tuple[T, ...]:
        """Take an item by its place or by its id; raises :class:`~londata.errors.UsageError` for an id that is none."""
        if not isinstance(index, str):
            return self._items[index]
        for item in self:
            if getattr(item, "id", None) == index:
                return item
        raise UsageError(f"There is no {index[:60]!r} in this list.", hint="Show the list to see what there is.")

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return "\n".join([self.headline(), *(self.line(item) for item in self)])

    def _repr_html_(self) -> str:
        headline = html.escape(self.headline())
        if not self:
            return card(f"<p>{headline}</p>")
        return card(table(headline, [self.cells(item) for item in self], headers=self.headers))
