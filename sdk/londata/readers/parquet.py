"""Parquet, with or without geometry (GeoParquet)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from londata.errors import ReadError
from londata.readers.columns import as_kind
from londata.readers.wanted import Wanted, positions


def read(path: Path, wanted: Wanted) -> Any:
    """Read a Parquet file; one with geometry gives a GeoDataFrame unless asked otherwise."""
    try:
        schema = pq.read_schema(path)
        columns = None if wanted.columns is None else list(wanted.columns)
        positions(columns or [], schema.names)
        geo = (schema.metadata or {}).get(b"geo")
        if wanted.kind == "geopandas" or (geo is not None and not wanted.asked):
            return _geopandas(path, wanted, columns, geo)
        if wanted.kind == "dask":
            return _dask(path, wanted, columns)
        return as_kind(_pandas(path, wanted, columns), wanted.kind)
    except (pa.ArrowException, OSError) as error:
        raise ReadError(
            f"The Parquet file is broken or cut short: {str(error).splitlines()[0][:200]}",
            hint="Fetch it again; if that does not help, tell the publisher.",
        ) from error


def _pandas(path: Path, wanted: Wanted, columns: list[str] | None) -> pd.DataFrame:
    if wanted.rows is None or wanted.more:
        # partitioning: a folder called year=2020 on the way to the file must not add a column
        frame = pd.read_parquet(path, engine="pyarrow", columns=columns, partitioning=None, **wanted.more)
        return frame if wanted.rows is None else frame.head(wanted.rows)
    with pq.ParquetFile(path) as file:
        batch = next(file.iter_batches(batch_size=max(wanted.rows, 1), columns=columns), None)
        table = file.schema_arrow.empty_table() if batch is None else pa.Table.from_batches([batch])
    first: pd.DataFrame = table.slice(0, wanted.rows).to_pandas()
    return first if columns is None else first[columns]


def _geopandas(path: Path, wanted: Wanted, columns: list[str] | None, geo: bytes | None) -> Any:
    import geopandas as gpd

    if geo is None:
        raise ReadError("The Parquet file holds no geometry.", hint='Read it with as_="pandas".')
    if columns is not None:
        columns = list(dict.fromkeys([*columns, str(json.loads(geo)["primary_column"])]))
    frame = gpd.read_parquet(path, columns=columns, **wanted.more)
    return frame if wanted.rows is None else frame.head(wanted.rows)


def _dask(path: Path, wanted: Wanted, columns: list[str] | None) -> Any:
    import dask.dataframe as dd

    if wanted.rows is not None:
        return dd.from_pandas(_pandas(path, wanted, columns), npartitions=1)
    return dd.read_parquet(str(path), columns=columns, **wanted.more)
