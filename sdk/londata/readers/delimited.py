"""CSV and TSV.

The encoding is the recorded one; else UTF-8, and only if the bytes are not UTF-8, what Excel writes in Britain
(Windows-1252, where ``£`` is one byte). pandas finds that out while it reads, so nothing is read twice.
"""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from londata.errors import ReadError
from londata.readers.columns import as_kind, check_recorded, with_dates
from londata.readers.in_memory import is_in_memory
from londata.readers.wanted import Wanted, listed, positions

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_QUOTED = re.compile(r'"[^"]*"')
_HEAD_BYTES = 65_536
_SMALL_BYTES = 16_000_000
_PART_BYTES = 64_000_000
_SAMPLE_ROWS = 10_000
_HEADER_ROWS = 100


def read(path: Path, wanted: Wanted) -> Any:
    """Read a CSV or TSV file; ``attrs["londata"]`` names the encoding and delimiter that were used."""
    for encoding in _encodings(path, wanted):
        try:
            return _read(path, wanted, encoding)
        except UnicodeDecodeError:
            continue
        except LookupError as error:
            raise ReadError(
                f"There is no encoding {encoding!r}.", hint="Say for instance encoding='cp1252'."
            ) from error
    raise ReadError(
        f"The file is not written in {wanted.options.encoding or 'any encoding that londata tries'}.",
        hint="Say which one it is: encoding='cp1252' is what Excel writes in Britain.",
    )


def _read(path: Path, wanted: Wanted, encoding: str) -> Any:
    arguments = _arguments(path, wanted, encoding)
    found = {"encoding": encoding, "delimiter": arguments["sep"]}
    try:
        if wanted.kind == "dask":
            return _dask(path, wanted, arguments)
        frame = _pandas(path, wanted, arguments)
    except pd.errors.EmptyDataError as error:
        raise ReadError("The file holds no table: there is not even a header.", hint="Tell the publisher.") from error
    except pd.errors.ParserError as error:
        raise ReadError(
            f"The rows of the file do not fit its header: {_tidy(error)}.",
            hint="If notes stand above the header, say header_row= (counted from 0); if another sign than "
            f"{arguments['sep']!r} separates the columns, say delimiter=.",
        ) from error
    frame.attrs["londata"] = found
    return as_kind(frame, wanted.kind)


def _pandas(path: Path, wanted: Wanted, arguments: dict[str, Any]) -> pd.DataFrame:
    chosen = None
    if wanted.columns is not None:
        beginning = _strict(path, nrows=_HEADER_ROWS, **arguments)
        chosen = positions(wanted.columns, list(beginning.columns))
    try:
        frame = _strict(path, nrows=wanted.rows, usecols=chosen, **arguments)
    except pd.errors.DtypeWarning:  # a column that is of several types in parts: take each as a whole, which is slower
        frame = _strict(path, nrows=wanted.rows, usecols=chosen, low_memory=False, **arguments)
    if wanted.columns is not None:
        frame = frame[list(wanted.columns)]
    else:
        check_recorded(wanted.options, list(frame.columns))
    return with_dates(frame, wanted.options.dates)


def _strict(path: Path, **arguments: Any) -> pd.DataFrame:
    """Read with pandas, which would otherwise take a column too many for row labels, or drop it with a warning."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            warnings.simplefilter("error", pd.errors.DtypeWarning)
            frame: pd.DataFrame = pd.read_csv(path, index_col=False, **arguments)
            return frame
    except pd.errors.ParserWarning as error:
        raise ReadError(
            "The rows of the file have more values than its header has names.",
            hint="If notes stand above the header, say header_row= (counted from 0); else tell the publisher.",
        ) from error


def _dask(path: Path, wanted: Wanted, arguments: dict[str, Any]) -> Any:
    """Read in pieces, later.

    Encoding and types are settled now, because a piece cannot try another: the encoding from the whole file, the
    types from its beginning (all of it if it is small; otherwise whole numbers become floats, which can be missing).
    """
    import dask.dataframe as dd

    if is_in_memory(path):  # its pieces could not be read later, nor by another process
        return dd.from_pandas(_pandas(path, wanted, arguments), npartitions=_parts(path))
    _decode(path, arguments["encoding"])
    small = path.stat().st_size <= _SMALL_BYTES
    sample = _pandas(path, replace(wanted, rows=None if small else _SAMPLE_ROWS), arguments)
    if wanted.rows is not None:
        return dd.from_pandas(sample.head(wanted.rows), npartitions=1)
    numbers = {
        name: "float64" if kind.kind in "iu" and not small else kind
        for name, kind in sample.dtypes.items()
        if pd.api.types.is_numeric_dtype(kind)
    }
    arguments = {**arguments, "dtype": {**numbers, **arguments["dtype"]}}
    chosen = None if wanted.columns is None else list(wanted.columns)
    frame = dd.read_csv(str(path), usecols=chosen, compression=None, **arguments)
    frame = frame if chosen is None else frame[chosen]
    dates = [name for name in wanted.options.dates if name in frame.columns]
    return frame.map_partitions(with_dates, dates, meta=sample.iloc[:0]) if dates else frame


def _parts(path: Path) -> int:
    return 1 + path.stat().st_size // _PART_BYTES


def _decode(path: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            decoder.decode(piece)
        decoder.decode(b"", final=True)


def _encodings(path: Path, wanted: Wanted) -> Iterator[str]:
    if wanted.options.encoding:
        yield wanted.options.encoding
        return
    with path.open("rb") as file:
        head = file.read(4)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            yield encoding
            return
    yield from ("utf-8", "cp1252", "latin-1")


def _arguments(path: Path, wanted: Wanted, encoding: str) -> dict[str, Any]:
    options = wanted.options
    arguments: dict[str, Any] = {
        "sep": options.delimiter or _delimiter(path, encoding, options.header_row or 0),
        "encoding": encoding,
        "skiprows": options.header_row or None,
        "dtype": dict.fromkeys((*options.text, *options.dates), str),
    }
    if options.missing:
        arguments["na_values"] = list(options.missing)
    if options.decimal:
        arguments["decimal"] = options.decimal
    return arguments


def _delimiter(path: Path, encoding: str, header_row: int) -> str:
    """Find the sign that separates the columns of the header: a comma, unless there is none."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    lines = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head).splitlines()
    header = _QUOTED.sub("", lines[header_row]) if len(lines) > header_row else ""
    if "," in header and "\t" not in header:
        return ","
    return max("\t;|", key=header.count) if any(sign in header for sign in "\t;|") else ","


def _tidy(error: Exception) -> str:
    """Say what pandas found, without the names of its parts."""
    text = str(error).strip().removeprefix("Error tokenizing data. C error: ").rstrip(".")
    return listed([text[:200]])
