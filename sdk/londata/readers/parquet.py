"""Parquet, with or without geometry (GeoParquet), from a file or by ranges of an open one."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from londata.errors import ReadError, UsageError
from londata.readers.columns import as_kind
from londata.readers.wanted import Source, Wanted, listed, positions

#: How many bytes of a column are read at once where only its first rows are wanted: about a page.
_PAGE_BYTES = 64 * 1024


def read(source: Source, wanted: Wanted) -> Any:
    """Read a Parquet file; one with geometry gives a GeoDataFrame unless asked otherwise."""
    try:
        schema = pq.read_schema(source)
        columns = None if wanted.columns is None else list(wanted.columns)
        positions(columns or [], schema.names)
        geo = (schema.metadata or {}).get(b"geo")
        if wanted.kind == "geopandas" or (geo is not None and not wanted.asked):
            return _geopandas(source, wanted, columns, geo)
        if wanted.kind == "dask":
            return _dask(source, wanted, columns)
        return as_kind(_pandas(source, wanted, columns), wanted.kind)
    except (pa.ArrowException, OSError) as error:
        if "filters" in wanted.more and "FieldRef" in str(error):
            raise UsageError(
                "filters names a column that is not there.", hint=f"Columns are {listed(schema.names)}."
            ) from error
        if "filters" in wanted.more and isinstance(error, pa.ArrowNotImplementedError):
            raise _no_filters(error) from error
        raise ReadError(
            f"The Parquet file is broken or cut short: {str(error).splitlines()[0][:200]}",
            hint="Fetch it again; if that does not help, tell the publisher.",
        ) from error
    except (ValueError, TypeError) as error:
        if "filters" in wanted.more:
            raise _no_filters(error) from error
        raise


def _no_filters(error: Exception) -> UsageError:
    """Make the error for filters that pyarrow does not understand."""
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return UsageError(f"filters cannot be understood: {reason}.", hint='Write filters=[("borough", "==", "Camden")].')


def _pandas(source: Source, wanted: Wanted, columns: list[str] | None) -> pd.DataFrame:
    if wanted.rows is None or wanted.more:
        # partitioning: a folder called year=2020 on the way to the file must not add a column
        frame = pd.read_parquet(source, engine="pyarrow", columns=columns, partitioning=None, **wanted.more)
        return frame if wanted.rows is None else frame.head(wanted.rows)
    first: pd.DataFrame = _first_rows(source, wanted.rows, columns).to_pandas()
    return first if columns is None else first[columns]


def _first_rows(source: Source, rows: int, columns: list[str] | None) -> pa.Table:
    """Read only the pages that hold the first rows."""
    with pq.ParquetFile(source, buffer_size=_PAGE_BYTES, pre_buffer=False) as file:
        groups, known = [], 0
        for number in range(file.num_row_groups):
            if known >= rows:
                break
            groups.append(number)
            known += file.metadata.row_group(number).num_rows
        batches, found = [], 0
        for batch in file.iter_batches(batch_size=max(rows, 1), row_groups=groups, columns=columns):
            batches.append(batch)
            found += batch.num_rows
            if found >= rows:
                break
        table = pa.Table.from_batches(batches) if batches else file.schema_arrow.empty_table()
    return table.slice(0, rows)


def _geopandas(source: Source, wanted: Wanted, columns: list[str] | None, geo: bytes | None) -> Any:
    import geopandas as gpd

    if geo is None:
        raise ReadError("The Parquet file holds no geometry.", hint='Read it with as_="pandas".')
    if columns is not None:
        columns = list(dict.fromkeys([*columns, str(json.loads(geo)["primary_column"])]))
    if wanted.rows is not None and not wanted.more:
        few = io.BytesIO()  # geopandas takes no rows, only files
        pq.write_table(_first_rows(source, wanted.rows, columns), few)
        return gpd.read_parquet(few, columns=columns)
    frame = gpd.read_parquet(source, columns=columns, **wanted.more)
    return frame if wanted.rows is None else frame.head(wanted.rows)


def _dask(source: Source, wanted: Wanted, columns: list[str] | None) -> Any:
    import dask
    import dask.dataframe as dd

    if wanted.rows is not None or not (isinstance(source, Path) or hasattr(source, "fs")):
        frame = _pandas(source, wanted, columns)
        binary = any(isinstance(value, bytes) for value in frame.head(1).to_numpy().ravel())  # a geometry, say
        with dask.config.set({"dataframe.convert-string": False} if binary else {}):
            return dd.from_pandas(frame, npartitions=1)
    if isinstance(source, Path):
        return dd.read_parquet(str(source), columns=columns, **wanted.more)
    # The parts are read later, perhaps elsewhere: by the file system, which asks for itself wherever it is used.
    opened: Any = source
    return dd.read_parquet(opened.path, filesystem=opened.fs, columns=columns, **wanted.more)
