"""What tables of every format need: dates, kinds, and columns that a record promises."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from londata.errors import ReadError, UsageError
from londata.readers.wanted import Kind, positions
from londata.records import ReadingOptions


def with_dates(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Turn columns of text into dates: ISO 8601, else day first, as London writes. Never month first.

    Raises
    ------
    ReadError
        A value is neither; the message shows it.
    """
    for name in names:
        if name in frame.columns and not pd.api.types.is_datetime64_any_dtype(frame[name]):
            frame = frame.assign(**{name: _dates(frame[name], name)})
    return frame


def _dates(values: pd.Series[Any], name: str) -> pd.Series[Any]:
    ways: tuple[dict[str, Any], ...] = (
        {"format": "ISO8601"},
        {"format": "ISO8601", "utc": True},  # winter and summer time in one column
        {"dayfirst": True},
    )
    problem: Exception | None = None
    for way in ways:
        try:
            with warnings.catch_warnings(record=True) as doubts:
                warnings.simplefilter("always")
                dates = pd.to_datetime(values, **way)
        except (ValueError, TypeError, OverflowError) as error:
            problem = error
            continue
        if not doubts:  # pandas only warns when it gives up day first, or guesses value by value
            return dates
    raise ReadError(
        f"The column {name!r} should hold dates, but not every value is one (the first is {_first(values)!r}).",
        hint="Dates are read as 2026-01-31 or, day first, as 31/01/2026. Say dates=[] to read them as text.",
    ) from problem


def _first(values: pd.Series[Any]) -> str:
    known = values.dropna()
    return str(known.iloc[0])[:40] if len(known) else ""


def check_recorded(options: ReadingOptions, there: Sequence[Any]) -> None:
    """Stop where the record says how to read a column that is not in the file: the file has changed.

    Raises
    ------
    ReadError
        With what is written most like it.
    """
    try:
        positions((*options.text, *options.dates), there)
    except UsageError as error:
        raise ReadError(f"The file is not as its record says. {error.message}", hint=error.hint) from error


def as_kind(frame: pd.DataFrame, kind: Kind) -> Any:
    """Give a table as the kind that is wanted."""
    return frame.to_xarray() if kind == "xarray" else frame
