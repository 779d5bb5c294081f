"""Data that is held for an agreement, and what opens it: a real store of records, real files, the real opener."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from londata.access import Decision
from londata.records import Condition, Dataset, Distribution, Publisher, RowFilter
from londata.records.vocabulary import MEDIA_TYPES
from londata_hub.gateway.opening import Opened, Opener
from londata_hub.store import AccessStore, Holding

EVERY_ROW = RowFilter()
#: Made-up pupils, some of whose values are missing.
PUPILS = pa.table(
    {
        "pupil": [f"PUPIL-{number}" for number in range(20)],
        "borough": pa.array(["Camden", "Hackney", None, "Barnet"] * 5).dictionary_encode(),
        "age": pa.array([None if number == 3 else number for number in range(20)], pa.int16()),
        "share": pa.array([math.nan if number == 2 else number / 4 for number in range(20)]),
        "meals": [number % 2 == 0 for number in range(20)],
        "born": [dt.date(2015, 1, 1) + dt.timedelta(number) for number in range(20)],
    }
)


class Held:
    """One hub's state: ``opener`` opens what ``hold`` recorded."""

    def __init__(self, state: Path, **opener: Any) -> None:
        self.state = state
        self.holders = state / "holders"
        self.holders.mkdir(parents=True, exist_ok=True)
        self.store = AccessStore(f"sqlite:///{state / 'register.sqlite'}", state / "audit-anchors")
        self.key = state / "gateway" / "holders.key"
        self.opener = Opener(self.store, state / "gateway", self.key, **opener)

    def close(self) -> None:
        self.opener.close()
        self.store.close()

    def hold(self, content: bytes | pa.Table, format_: str = "parquet", name: str = "rolls", **more: Any) -> Dataset:
        """Write a file of a holder, record it, and give the entry that it belongs to."""
        path = self.holders / f"{name}.{format_}"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pq.write_table(content, path, row_group_size=7 if content.num_rows < 1000 else None)
        entry = closed_entry(format_, name, **more)
        self.store.hold(Holding(name, "whole", "file", path.name), "operator/test")
        return entry

    def open(
        self,
        entry: Dataset,
        columns: Sequence[str] | None = None,
        rows: RowFilter = EVERY_ROW,
        project: str = "places",
    ) -> Opened:
        decision = allowed(entry, columns, rows, project)
        return asyncio.run(self.opener.open(entry, entry.distributions[0], decision))

    def view(self, entry: Dataset, columns: Sequence[str] | None = None, rows: RowFilter = EVERY_ROW) -> bytes:
        return all_of(self.open(entry, columns, rows))

    def kept(self) -> list[Path]:
        """List the copies that are kept."""
        return sorted((self.state / "gateway" / "kept").glob("*/*"))


def closed_entry(format_: str = "parquet", name: str = "rolls", **more: Any) -> Dataset:
    about = {key: more.pop(key) for key in ("options", "sha256", "rows") if key in more}
    whole = Distribution(id="whole", through="gateway", media_type=MEDIA_TYPES[format_], **about)
    return Dataset(
        id=name,
        title="School rolls",
        access="closed",
        publisher=Publisher(id="camden", name="Camden"),
        distributions=(whole,),
        **more,
    )


def allowed(
    entry: Dataset, columns: Sequence[str] | None = None, rows: RowFilter = EVERY_ROW, project: str = "places"
) -> Decision:
    given = None if columns is None else tuple(columns)
    return Decision(
        True, "read", "ada", entry.id, ("ok",), agreement="ISA-014", project=project, columns=given, rows=rows
    )


def where(column: str, comparison: str, *values: str | bool | int | float) -> RowFilter:
    return RowFilter(conditions=(Condition(column=column, comparison=comparison, values=values),))


def all_of(opened: Opened, start: int = 0, stop: int | None = None) -> bytes:
    async def gathered() -> bytes:
        end = opened.size_bytes if stop is None else stop
        return b"".join([piece async for piece in opened.pieces(start, end)])

    return asyncio.run(gathered())


def table_of(content: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(content))
