"""Views: what an agreement lets through of a file, and nothing else of it.

A view is a file of the same format that was written anew from the rows and columns that may be read. Nothing is copied
that was worked out over more than these: no statistics, dictionaries, bounding boxes or notes of the source.
Formats for which nobody has written such a copy are refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from londata.access import Decision
from londata.errors import AccessDeniedError
from londata.records import Distribution, Entry, RowFilter
from londata_hub.gateway.row_rules import unfit
from londata_hub.gateway.sealed import SealedFile, SealedReader, SealedWriter

#: Changes when the same source and terms give another view, so that older ones are made anew.
MAKING = 1
#: Format → the module that makes a view of it.
_MAKERS = {
    "parquet": "londata_hub.gateway.parquet_views",
    "csv": "londata_hub.gateway.csv_views",
    "tsv": "londata_hub.gateway.csv_views",
    "geojson": "londata_hub.gateway.geojson_views",
}


@dataclass(frozen=True)
class Source:
    """The bytes of a whole file, plain or sealed, to be opened as often as need be."""

    content: Path | SealedFile

    def open(self) -> BinaryIO:
        """Open it for Python."""
        return self.content.open("rb") if isinstance(self.content, Path) else SealedReader(self.content)  # type: ignore[return-value]

    def open_for_arrow(self) -> pa.NativeFile:
        """Open it for pyarrow."""
        if isinstance(self.content, Path):
            return pa.OSFile(str(self.content))
        return pa.PythonFile(SealedReader(self.content), mode="r")


@dataclass(frozen=True)
class Terms:
    """What may be read of one distribution, and how its file is to be understood.

    ``columns`` is ``None`` for all of them; ``types`` are those that the register records, by column.
    """

    columns: tuple[str, ...] | None
    rows: RowFilter
    distribution: Distribution
    types: Mapping[str, str]

    @classmethod
    def of(cls, entry: Entry, distribution: Distribution, decision: Decision) -> Terms:
        """Take them from a decision.

        Parameters
        ----------
        entry, distribution
            What is to be opened.
        decision
            What of it.
        """
        columns = None if decision.columns is None else tuple(dict.fromkeys(decision.columns))
        types = {column.name: column.type for column in getattr(entry, "columns", ())}
        return cls(columns, decision.rows, distribution, types)

    @property
    def whole(self) -> bool:
        """Whether they let everything through."""
        return self.columns is None and not self.rows

    @property
    def needed(self) -> tuple[str, ...] | None:
        """The columns that have to be looked at: those that are given, and those that rows are chosen by."""
        return None if self.columns is None else tuple(dict.fromkeys((*self.columns, *self.rows.columns)))

    def given(self, there: list[str]) -> list[str]:
        """Name the columns that are given, in the order of the file.

        Raises
        ------
        AccessDeniedError
            One is not in the file, or is there twice; or none is given at all.
        """
        for name in self.needed or self.rows.columns:
            if there.count(name) != 1:
                found = "has no column" if name not in there else "has several columns"
                raise unfit(f"the file {found} {name!r}")
        if self.columns is None:
            return there
        if not self.columns:
            raise unfit("no column is covered")
        return [name for name in there if name in self.columns]

    def about(self, source_sha256: str) -> str:
        """Write down everything that a view depends on."""
        said = {
            "making": MAKING,
            "source": source_sha256,
            "columns": self.columns,
            "rows": self.rows.to_dict(),
            "distribution": self.distribution.id,
            "media_type": self.distribution.media_type,
            "options": self.distribution.options.to_dict(),
            "types": dict(self.types),
        }
        return "view " + json.dumps(said, sort_keys=True)


Make = Callable[[Source, Terms, SealedWriter], dict[str, Any]]


def maker(terms: Terms) -> Make:
    """Find what writes a view, and gives its number of rows and its columns.

    Raises
    ------
    AccessDeniedError
        No part of a file of this format can be given.
    """
    format_ = terms.distribution.format
    if format_ not in _MAKERS:
        raise AccessDeniedError(
            f"The agreement covers a part of this data, and the gateway cannot give a part of a file in the format "
            f"{format_}, so it gives nothing.",
            hint=f"It can of {', '.join(_MAKERS)}: ask the steward for one of these.",
        )
    found: Make = import_module(_MAKERS[format_]).write
    return found
