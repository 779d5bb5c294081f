"""A table as an insight leaves it for release: one document in plain JSON, from which its files are written.

The notebook writes it when it is checked; the hub reads it, believes nothing of it, and writes the files anew.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from londata.disclosure import Protected
from londata.errors import UsageError
from londata.records.identifiers import MAX_SLUG, SLUG

#: What a column can hold. Dates are written 2025-03-01, and times 2025-03-01T08:00:00+00:00.
KINDS = ("string", "integer", "number", "boolean", "date", "datetime")
#: Cells that a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_TITLE, _LONGEST_UNIT, _LONGEST_NAME = 300, 100, 200


@dataclass(frozen=True)
class Left:
    """One table that an insight leaves.

    Parameters
    ----------
    name, title, unit
        What it is called, in the register and to people, and in which unit its numbers are.
    kind
        ``counts`` or ``sums``, protected; or ``open``, as it is.
    value
        The column with the numbers; empty for one that is open.
    columns
        Column → kind of :data:`KINDS`.
    rows
        The rows, each value in the order of the columns.
    workings
        What protected it says of every number.
    """

    name: str
    title: str
    unit: str
    kind: str
    value: str
    columns: Mapping[str, str]
    rows: Sequence[Sequence[Any]]
    workings: Protected | None = None

    def records(self) -> list[dict[str, Any]]:
        """List the rows with the names of their columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def to_json(self) -> str:
        """Write the document."""
        values = {**vars(self), "columns": dict(self.columns), "rows": [list(row) for row in self.rows]}
        values["workings"] = self.workings.to_dict() if self.workings else None
        return json.dumps(values, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Left:
        """Read a document that anybody may have written.

        Raises
        ------
        UsageError
            It is none.
        """
        try:
            values = json.loads(text)
            workings = values["workings"]
            found = cls(**{**values, "workings": Protected.from_dict(workings) if workings is not None else None})
            sound = _sound(found)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
            raise UsageError("This is not a table as an insight leaves it.", hint="Use insights.table.") from error
        if not sound:
            raise UsageError(
                f"The table {str(found.name)[:80]!r} is not as an insight leaves one.", hint="Use insights.table."
            )
        return found

    def parquet(self) -> bytes:
        """Write the released table as Parquet, with what it is in the file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = self._arrow()
        about = {"title": self.title, "unit": self.unit, "kind": self.kind}
        said = {**(table.schema.metadata or {}), b"londata.table": json.dumps(about, ensure_ascii=False).encode()}
        sink = pa.BufferOutputStream()
        pq.write_table(table.replace_schema_metadata(said), sink)
        content: bytes = sink.getvalue().to_pybytes()
        return content

    def csv(self) -> bytes:
        """Write the released table as CSV in UTF-8; where nothing is shown, nothing stands.

        What a spreadsheet would take for a formula gets an apostrophe before it.
        """
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([_inert(name) for name in self.columns])
        writer.writerows([["" if value is None else _inert(value) for value in row] for row in self.rows])
        return file.getvalue().encode("utf-8")

    def leave(self, folder: Path) -> None:
        """Write the document and both files to the folder of a check.

        Raises
        ------
        UsageError
            There is a table of that name already.
        """
        target = folder / f"{self.name}.json"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("x", encoding="utf-8") as file:
                file.write(self.to_json())
        except FileExistsError:
            raise UsageError(
                f"There are two tables of the name {self.name!r}.", hint="Give each its own name."
            ) from None
        for ending, content in (("parquet", self.parquet()), ("csv", self.csv())):
            (folder / f"{self.name}.{ending}").write_bytes(content)

    def _arrow(self) -> Any:
        import datetime as dt

        import pyarrow as pa

        types = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
        types |= {"date": pa.date32(), "datetime": pa.timestamp("us", tz="UTC")}
        read = {"date": dt.date.fromisoformat, "datetime": dt.datetime.fromisoformat}
        arrays = []
        for at, kind in enumerate(self.columns.values()):
            turned = read.get(kind, lambda value: value)
            arrays.append(pa.array([None if row[at] is None else turned(row[at]) for row in self.rows], types[kind]))
        return pa.table(arrays, names=list(self.columns))


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _sound(table: Left) -> bool:
    """Tell whether a document that was read is what it should be."""
    texts = (table.name, table.title, table.unit, table.value, *table.columns)
    if not all(isinstance(text, str) and text.isprintable() for text in texts):
        return False
    named = SLUG.match(table.name) is not None and len(table.name) <= MAX_SLUG
    told = 0 < len(table.title.strip()) <= _LONGEST_TITLE and 0 < len(table.unit.strip()) <= _LONGEST_UNIT
    protected = table.workings is not None and table.workings.kind == table.kind and table.value in table.columns
    kinds = all(kind in KINDS and 0 < len(name) <= _LONGEST_NAME for name, kind in table.columns.items())
    return (
        named
        and told
        and bool(table.columns)
        and kinds
        and (protected if table.kind in ("counts", "sums") else table.kind == "open" and table.workings is None)
        and all(len(row) == len(table.columns) and all(map(_fits, row, table.columns.values())) for row in table.rows)
    )


def _fits(value: Any, kind: str) -> bool:
    import datetime as dt

    if value is None:
        return True
    if kind == "boolean" or isinstance(value, bool):
        return kind == "boolean" and isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and abs(value) < 2**63
    if kind == "number":
        return isinstance(value, int | float) and math.isfinite(value)
    if not isinstance(value, str):
        return False
    if kind == "date":
        return bool(dt.date.fromisoformat(value))
    return kind == "string" or dt.datetime.fromisoformat(value).tzinfo is not None
