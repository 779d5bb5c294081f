"""What a caller wants of a file: handed to every reader in the same form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any, Literal

from londata.errors import UsageError
from londata.records import ReadingOptions

Kind = Literal["pandas", "geopandas", "xarray", "dask"]
#: What is read: a file on this machine, or an open one that can be searched.
Source = Path | IO[bytes]


@dataclass(frozen=True)
class Wanted:
    """One request to a reader.

    Parameters
    ----------
    kind
        What to give; already checked against what the reader can.
    options
        How to read the file: as recorded, with what the caller said on top.
    columns
        Columns (or grid variables) to give, in this order; all of them where ``None``.
    rows
        How many rows from the start (of a grid: along each dimension); all of them where ``None``.
    more
        Further keywords, all of them on the reader's list.
    asked
        Whether the caller asked for this kind, or it is only the usual one.
    """

    kind: Kind
    options: ReadingOptions = field(default_factory=ReadingOptions)
    columns: tuple[str, ...] | None = None
    rows: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    asked: bool = True


def positions(wanted: Sequence[str], there: Sequence[Any]) -> list[int]:
    """Find the columns that are wanted among those that are there.

    Raises
    ------
    UsageError
        One is not there; the message says what is written most like it, the hint lists what there is.
    """
    names = [str(name) for name in there]
    found = []
    for name in wanted:
        if name not in names:
            near = get_close_matches(name, names, n=3)
            maybe = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
            raise UsageError(f"There is no column {name!r}{maybe}", hint=f"Columns are {listed(names)}.")
        found.append(names.index(name))
    return found


def listed(names: Sequence[Any], limit: int = 30) -> str:
    """Write names as a list, cut with its length where it is long."""
    shown = ", ".join(str(name)[:60] for name in names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown
