"""A view of a Parquet file, with or without geometry (GeoParquet)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from londata.errors import ReadError
from londata_hub.gateway.row_rules import RowRules, unfit
from londata_hub.gateway.sealed import SealedWriter
from londata_hub.gateway.views import Source, Terms

#: Rows that are looked at together, and that one row group of the view has (or as many as fit in GROUP_BYTES).
BATCH_ROWS = 65_536
GROUP_ROWS = 262_144
GROUP_BYTES = 64 * 1024 * 1024
COMPRESSION = "zstd"
#: What the GeoParquet specification says of a column of geometry that does not depend on its rows.
_GEOMETRY_FACTS = ("encoding", "crs", "edges", "orientation", "epoch")


def write(source: Source, terms: Terms, out: SealedWriter) -> dict[str, Any]:
    """Write the view.

    Parameters
    ----------
    source
        The whole file.
    terms
        What may be read of it.
    out
        Takes the view.

    Returns
    -------
    dict
        The number of its ``rows``, and its ``columns``.

    Raises
    ------
    AccessDeniedError
        The terms do not fit the file.
    ReadError
        The file is broken.
    """
    try:
        with (
            source.open_for_arrow() as opened,
            closing(pq.ParquetFile(opened, pre_buffer=False, buffer_size=1 << 20)) as file,
        ):
            return _write(file, terms, out)
    except (pa.ArrowException, OSError) as error:  # whose message may quote what is in the file
        if isinstance(error, OSError) and error.errno:  # the disk, not the file
            raise
        raise ReadError(
            "The Parquet file of this data is broken or cut short.", hint="Tell the steward of the data."
        ) from None


def _write(file: pq.ParquetFile, terms: Terms, out: SealedWriter) -> dict[str, Any]:
    there = file.schema_arrow
    given = terms.given(there.names)
    rules = RowRules(terms.rows, there)
    schema = pa.schema([_bare(there.field(name)) for name in given], _geometry(there, given))
    rows = 0
    with pq.ParquetWriter(out, schema, compression=COMPRESSION) as writer:
        for table in _groups(_chosen(file, terms, rules, schema), schema):
            writer.write_table(table, row_group_size=GROUP_ROWS)
            rows += table.num_rows
    pa.default_memory_pool().release_unused()
    return {"rows": rows, "columns": given}


def _chosen(file: pq.ParquetFile, terms: Terms, rules: RowRules, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Give the rows that fit, in order, with the columns that are given and nothing behind them."""
    needed = file.schema_arrow.names if terms.needed is None else list(terms.needed)
    for batch in file.iter_batches(BATCH_ROWS, columns=_paths(file, needed)):
        # by name once more: a path may also fit a column within another one
        batch = rules.chosen(batch.select(needed))
        arrays = [_used(batch.column(name)) for name in schema.names]
        if batch.num_rows:
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _paths(file: pq.ParquetFile, names: list[str]) -> list[str]:
    """Name the columns as the file does below its first level; pyarrow takes these paths, not names."""
    wanted = set(names)
    paths = [file.schema.column(number).path for number in range(len(file.schema))]
    return [path for path in paths if path in wanted or any(path.startswith(f"{name}.") for name in wanted)]


def _groups(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Gather batches to row groups of a sensible size."""
    held: list[pa.RecordBatch] = []
    rows, size = 0, 0
    for batch in batches:
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            yield pa.Table.from_batches(held, schema)
            held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held, schema)


def _bare(field: pa.Field) -> pa.Field:
    """Give a field without notes of whoever wrote the file, at any depth."""
    return pa.field(field.name, _bare_type(field.type, field.name), field.nullable)


def _bare_type(kind: pa.DataType, name: str, depth: int = 0) -> pa.DataType:
    if isinstance(kind, pa.BaseExtensionType):
        raise unfit(f"{name!r} is of a type of its own, {kind.extension_name}")
    if pa.types.is_dictionary(kind) and depth:
        raise unfit(f"{name!r} holds a dictionary within a list or record")
    inner = [pa.field(each.name, _bare_type(each.type, name, depth + 1), each.nullable) for each in _fields(kind)]
    if pa.types.is_struct(kind):
        return pa.struct(inner)
    if pa.types.is_map(kind):
        return pa.map_(inner[0], inner[1], kind.keys_sorted)
    for is_kind, make in ((pa.types.is_list, pa.list_), (pa.types.is_large_list, pa.large_list)):
        if is_kind(kind):
            return make(inner[0])
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(inner[0], kind.list_size)
    if inner:
        raise unfit(f"{name!r} is of the type {kind}")
    return kind


def _fields(kind: pa.DataType) -> list[pa.Field]:
    if pa.types.is_map(kind):
        return [kind.key_field, kind.item_field]
    return [kind.field(number) for number in range(kind.num_fields)]


def _used(column: pa.Array) -> pa.Array:
    """Give a dictionary only the values that its rows use, in their order: it goes into the file as a whole."""
    if not pa.types.is_dictionary(column.type):
        return column
    used = pc.unique(column.indices).drop_null().sort()
    indices = pc.index_in(column.indices, value_set=used).cast(column.type.index_type)
    return pa.DictionaryArray.from_arrays(indices, column.dictionary.take(used), ordered=column.type.ordered)


def _geometry(there: pa.Schema, given: list[str]) -> dict[bytes, bytes] | None:
    """Keep of the notes on geometry what is about columns that are given, and about no rows."""
    stated = (there.metadata or {}).get(b"geo")
    if stated is None:
        return None
    try:
        notes = json.loads(stated)
        columns = {
            name: {"geometry_types": []} | {fact: note[fact] for fact in _GEOMETRY_FACTS if fact in note}
            for name, note in notes["columns"].items()
            if name in given
        }
        kept = {
            "version": str(notes.get("version", "1.0.0")),
            "primary_column": notes["primary_column"]
            if notes["primary_column"] in columns
            else next(iter(columns), ""),
            "columns": columns,
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ReadError("The notes on geometry in the Parquet file are broken.", hint="Tell the steward.") from None
    return {b"geo": json.dumps(kept).encode()} if columns else None
