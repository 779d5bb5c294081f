"""The allow-list of readers: from a media type and a file to a table, a map or a grid.

A reader is chosen by the recorded media type and by nothing else; what the data says never decides which code
runs. :data:`READERS` is the whole list. A reader's module is imported when it is first used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from londata.errors import MissingExtraError, UsageError
from londata.readers import content
from londata.readers.in_memory import in_memory
from londata.readers.wanted import Kind, Source, Wanted
from londata.records import ReadingOptions, problems_of
from londata.records.vocabulary import FORMATS

__all__ = ["READERS", "ReaderSpec", "can_read", "discover", "read"]

DISCOVER_ROWS = 10
PIECE = 1024 * 1024


@dataclass(frozen=True)
class ReaderSpec:
    """One row of the list.

    Parameters
    ----------
    target
        ``module:function`` that reads; it is called with a path (or an open file) and a
        :class:`~londata.readers.wanted.Wanted`.
    kinds
        What it can give; the first is what it gives when not asked.
    options
        Fields of :class:`~londata.records.ReadingOptions` that make sense here; each is also a keyword.
    keywords
        Further keywords.
    extra
        What to install for it (``pip install "londata[geo]"``); empty where londata alone is enough.
    ranges
        Whether it also reads an open file, and of that only the ranges that it needs.
    """

    target: str
    kinds: tuple[Kind, ...]
    options: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ("nrows",)
    extra: str = ""
    ranges: bool = False


_TABLE: tuple[Kind, ...] = ("pandas", "xarray")
_MAP: tuple[Kind, ...] = ("geopandas", "pandas")
_GRID: tuple[Kind, ...] = ("xarray", "dask")
_DELIMITED = ReaderSpec(
    "londata.readers.delimited:read",
    (*_TABLE, "dask"),
    ("encoding", "delimiter", "decimal", "missing", "header_row", "dates", "text"),
)
_SPREADSHEET = ReaderSpec(
    "londata.readers.spreadsheet:read",
    _TABLE,
    ("sheet", "header_row", "cells", "missing", "dates", "text"),
)

#: media type → how it is read. What is not here is not read.
READERS: dict[str, ReaderSpec] = {
    "text/csv": _DELIMITED,
    "text/tab-separated-values": _DELIMITED,
    "application/vnd.apache.parquet": ReaderSpec(
        "londata.readers.parquet:read", (*_TABLE, "geopandas", "dask"), keywords=("nrows", "filters"), ranges=True
    ),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _SPREADSHEET,
    "application/vnd.ms-excel": _SPREADSHEET,
    "application/vnd.oasis.opendocument.spreadsheet": _SPREADSHEET,
    "application/json": ReaderSpec(
        "londata.readers.json_records:read", _TABLE, ("encoding", "dates", "text", "records")
    ),
    "application/geo+json": ReaderSpec(
        "londata.readers.maps:read_geojson", _MAP, ("dates",), ("nrows", "bbox"), extra="geo"
    ),
    "application/geopackage+sqlite3": ReaderSpec(
        "londata.readers.maps:read_geopackage", _MAP, ("layer", "dates"), ("nrows", "bbox"), extra="geo"
    ),
    "application/vnd.shp+zip": ReaderSpec(
        "londata.readers.maps:read_shapefile", _MAP, ("layer", "encoding", "dates"), ("nrows", "bbox"), extra="geo"
    ),
    "application/netcdf": ReaderSpec(
        "londata.readers.grids:read_netcdf", _GRID, keywords=("nrows", "chunks", "group"), extra="geo"
    ),
    "application/vnd.zarr+zip": ReaderSpec(
        "londata.readers.grids:read_zarr", _GRID, keywords=("nrows", "chunks", "group"), extra="geo"
    ),
}


def can_read(media_type: str) -> bool:
    """Tell whether there is a reader for a media type."""
    return media_type in READERS


def read(
    source: Source,
    media_type: str,
    options: ReadingOptions | None = None,
    *,
    columns: Sequence[str] | None = None,
    as_: str | None = None,
    **keywords: Any,
) -> Any:
    """Read a file.

    Parameters
    ----------
    source
        The file on this machine, or a file that is open. Of an open Parquet file only the ranges that are needed are
        read; any other is copied into memory, and never to a disk.
    media_type
        What the register says it is.
    options
        How to read it, as recorded.
    columns
        Columns (or grid variables) to give, in this order. A map keeps its geometry.
    as_
        ``"pandas"``, ``"geopandas"``, ``"xarray"`` or ``"dask"``; the usual one for the media type where not
        given. A map as ``"pandas"`` comes without its geometry; a grid as ``"dask"`` is an xarray dataset of
        dask arrays.
    **keywords
        The reader's own, and any reading option that makes sense for it, which then wins over the recorded one.

    Returns
    -------
    pandas.DataFrame, geopandas.GeoDataFrame, xarray.Dataset or dask.dataframe.DataFrame
        Where the reader had to find something out (encoding, notes around a table, a missing coordinate
        reference system), ``result.attrs["londata"]`` says what.

    Raises
    ------
    UsageError
        A keyword, column or kind that there is not.
    ReadError
        The file is not what its media type says, or it is not clear which part of it is the table.
    MissingExtraError
        A library is not installed; the hint has the line that installs it.
    """
    spec = _spec(media_type)
    wanted = _wanted(spec, media_type, options or ReadingOptions(), columns, as_, keywords)
    if isinstance(source, Path) or spec.ranges:
        return _read(source, spec, media_type, wanted)
    with in_memory(iter(partial(source.read, PIECE), b"")) as path:
        return _read(path, spec, media_type, wanted)


def _read(source: Source, spec: ReaderSpec, media_type: str, wanted: Wanted) -> Any:
    content.check(source, FORMATS[media_type])
    module, function = spec.target.split(":")
    try:
        return getattr(import_module(module), function)(source, wanted)
    except ImportError as error:
        raise _missing(error, spec, wanted.kind, media_type) from error


def discover(
    source: Source, media_type: str, options: ReadingOptions | None = None, *, as_: str | None = None, **keywords: Any
) -> Any:
    """Read only the first ten rows (of a grid: the first ten along each dimension); else like :func:`read`.

    Parameters
    ----------
    source
        The file on this machine, or a file that is open.
    media_type
        What the register says it is.
    options
        How to read it, as recorded.
    as_, **keywords
        As :func:`read` takes them; ``nrows`` replaces the ten.

    Returns
    -------
    pandas.DataFrame, geopandas.GeoDataFrame, xarray.Dataset or dask.dataframe.DataFrame
        The same kind as :func:`read` gives.

    Raises
    ------
    UsageError, ReadError, MissingExtraError
        As for :func:`read`.
    """
    return read(source, media_type, options, as_=as_, **{"nrows": DISCOVER_ROWS, **keywords})


def _spec(media_type: str) -> ReaderSpec:
    if media_type not in READERS:
        readable = ", ".join(FORMATS[each] for each in READERS)
        raise UsageError(
            f"londata has no reader for {FORMATS.get(media_type, media_type)}.",
            hint=f"It reads {readable}; fetch the file itself for anything else.",
        )
    return READERS[media_type]


def _wanted(
    spec: ReaderSpec,
    media_type: str,
    options: ReadingOptions,
    columns: Sequence[str] | None,
    as_: str | None,
    keywords: dict[str, Any],
) -> Wanted:
    format_ = FORMATS[media_type]
    for name in keywords:
        if name not in (*spec.options, *spec.keywords):
            allowed = ("columns", *spec.options, *spec.keywords)
            near = get_close_matches(name, allowed, n=1)
            maybe = f"; did you mean {near[0]!r}?" if near else "."
            raise UsageError(f"Reading {format_} takes no {name!r}{maybe}", hint=f"It takes {', '.join(allowed)}.")
    if as_ is not None and as_ not in spec.kinds:
        known = as_ in get_args(Kind)
        raise UsageError(
            f"A {format_} file cannot be read as {as_!r}{'' if known else ', which is no kind that there is'}.",
            hint=f"It can be read as {', '.join(spec.kinds)}.",
        )
    if isinstance(columns, str) or not all(isinstance(name, str) for name in columns or ()):
        raise UsageError("columns takes a list of names.", hint='Write columns=["name", "population"].')
    rows = keywords.get("nrows")
    if rows is not None and (not isinstance(rows, int) or isinstance(rows, bool) or rows < 0):
        raise UsageError(f"nrows is a number of rows, not {rows!r}.", hint="Write nrows=1000.")
    chosen = {name: value for name, value in keywords.items() if name in spec.options}
    try:
        options = ReadingOptions.from_dict({**options.to_dict(), **chosen}) if chosen else options
    except ValidationError as error:
        raise UsageError(f"Reading {format_}: {'; '.join(problems_of(error))}.") from error
    more = {name: value for name, value in keywords.items() if name not in spec.options and name != "nrows"}
    kind: Any = as_ or spec.kinds[0]
    return Wanted(kind, options, None if columns is None else tuple(columns), rows, more, asked=as_ is not None)


def _missing(error: ImportError, spec: ReaderSpec, kind: Kind, media_type: str) -> MissingExtraError:
    extra = {"dask": "dask", "xarray": "geo", "geopandas": "geo"}.get(kind, spec.extra) or spec.extra
    if not extra:
        raise error
    return MissingExtraError(
        f"Reading {FORMATS[media_type]} as {kind} needs {error.name or 'a library'}, which is not installed.",
        hint=f'Install it: pip install "londata[{extra}]"',
    )
