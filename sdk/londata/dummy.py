"""Dummy twins: rows that look like an entry's data and hold nothing of it.

They are made from the record alone: names, types, codes, bounds and patterns of columns, which anybody may see who
may see the entry. No data is opened, no register and no gateway is asked, so no real row can be among them; a value
that also occurs in the data does so by chance. Where a pattern leaves room, ids are the highest there can be
(``PUP999999999987``), which tells them from real ones at a glance.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from londata.errors import MissingExtraError, UsageError
from londata.records import Column, Entry, ReadingOptions, signs_of

if TYPE_CHECKING:
    import pandas as pd

_DIGIT, _LETTER = "9876543210", "ZYXWVUTSRQPONMLKJIHGFEDCBA"
_MISSING_SHARE = 0.1
_PARQUET = "application/vnd.apache.parquet"
_WITH_DATES = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/geopackage+sqlite3",
    "application/vnd.shp+zip",
)
_GRIDS = ("application/netcdf", "application/vnd.zarr+zip")
#: Where points are put: west, south, east, north of Greater London, by coordinate reference system.
_LONDON = {"EPSG:4326": (-0.51, 51.28, 0.33, 51.69), "EPSG:27700": (503_600, 155_900, 561_900, 200_900)}


def dummy_rows(record: Entry, rows: int = 100, *, seed: int = 0) -> pd.DataFrame:
    """Make rows with the columns, types, codes, bounds and patterns of an entry.

    No real row can be among them, because nothing is read but the record.

    Parameters
    ----------
    record
        The entry.
    rows
        How many.
    seed
        The same seed gives the same rows; another gives others.

    Returns
    -------
    pandas.DataFrame or geopandas.GeoDataFrame
        Columns in recorded order and of the types that reading gives. ``attrs["londata"]`` says that it is dummy data.

    Raises
    ------
    UsageError
        The record lists no columns, describes a grid, or a column cannot have so many different values.
    MissingExtraError
        A map needs geopandas, which is not installed.
    """
    import pandas as pd

    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 0:
        raise UsageError(f"rows is a number of rows, not {rows!r}.", hint="Write rows=100.")
    media_type, options = _how_read(record)
    if not record.columns or media_type in _GRIDS:
        why = "it is a grid" if media_type in _GRIDS else "its record does not list its columns"
        hint = "" if media_type in _GRIDS else "Ask its steward to describe them."
        raise UsageError(f"No dummy rows of “{record.title}” can be made: {why}.", hint=hint)
    columns = {}
    for column in record.columns:
        chance = random.Random(f"{record.id}/{column.name}/{seed}")  # noqa: S311 - made-up data, no secret
        values = _values(column, rows, chance)
        columns[column.name] = _series(values, column, media_type, options)
    frame: pd.DataFrame = _with_geometry(pd.DataFrame(columns), record, media_type)
    frame.attrs["londata"] = {
        "dummy": "Made up from the record alone; no row of it is real.",
        "entry": record.id,
        "seed": seed,
    }
    return frame


def _how_read(record: Entry) -> tuple[str, ReadingOptions]:
    """Tell from which format the data is usually read, because that decides what a date or a gap becomes."""
    first = next(iter(record.distributions), None)
    return (first.media_type, first.options) if first else (_PARQUET, ReadingOptions())


def _values(column: Column, rows: int, chance: random.Random) -> list[Any]:
    """Make the values of a column, some of them missing where the record says that there may be."""
    gaps: set[int] = set()
    if column.missing and rows > 1:
        gaps = set(chance.sample(range(rows), max(1, round(rows * _MISSING_SHARE))))
    made = _known_values(column, rows - len(gaps), chance)
    rest = iter(made)
    return [None if row in gaps else next(rest) for row in range(rows)]


def _known_values(column: Column, count: int, chance: random.Random) -> list[Any]:
    if column.codes:
        return _picked([_as_type(code, column) for code in column.codes], count, column, chance)
    if column.pattern and column.type in ("string", "any"):
        return _by_pattern(column, count, chance)
    if column.type == "boolean":
        return _picked([False, True], count, column, chance)
    if column.type in ("integer", "number", "date", "datetime") or isinstance(column.minimum or column.maximum, float):
        return _within(column, count, chance)
    if column.type == "geometry":
        return [(chance.random(), chance.random()) for _ in range(count)]
    if column.unique:
        return chance.sample([f"dummy {number}" for number in range(1, count + 1)], count)
    return [f"dummy {chance.randrange(1, count // 2 + 2)}" for _ in range(count)]


def _as_type(code: str | int, column: Column) -> Any:
    return str(code) if column.type == "string" else code


def _picked(values: Sequence[Any], count: int, column: Column, chance: random.Random) -> list[Any]:
    """Pick from a list of values: each at most once where they must be unique, else every one where there is room."""
    if column.unique:
        _check_room(len(values), count, column)
        return chance.sample(values, count)
    every = chance.sample(values, min(count, len(values)))
    picked = every + [chance.choice(values) for _ in range(count - len(every))]
    chance.shuffle(picked)
    return picked


def _by_pattern(column: Column, count: int, chance: random.Random) -> list[str]:
    """Make texts of a pattern, from the highest down. Letters only change where the digits alone do not suffice."""
    signs = signs_of(column.pattern)
    digits, letters = 10 ** signs.count("9"), 26 ** signs.count("A")
    if column.unique:
        _check_room(digits * letters, count, column)
    distinct = count if column.unique else min(max(1, count // 2), digits * letters)
    letters_too = distinct > digits
    made = [_filled(signs, number, letters_too=letters_too) for number in range(distinct)]
    return _picked(made, count, column, chance)


def _filled(signs: Sequence[str], number: int, *, letters_too: bool) -> str:
    """Fill a pattern from its end, counting down from the highest; letters that need not change stay an A."""
    filled = []
    for sign in reversed(signs):
        choices = _DIGIT if sign == "9" else _LETTER if sign == "A" and letters_too else sign[-1]
        number, at = divmod(number, len(choices))
        filled.append(choices[at])
    return "".join(reversed(filled))


def _within(column: Column, count: int, chance: random.Random) -> list[Any]:
    """Make numbers or times within the bounds; without bounds, of an ordinary size."""
    if column.type in ("date", "datetime"):
        step = dt.timedelta(days=1) if column.type == "date" else dt.timedelta(seconds=1)
        start, stop = _times(column)
        return [start + step * number for number in _numbers(column, 0, (stop - start) // step, count, chance)]
    low, high = _bounds(column, count)
    if column.type == "integer":
        return list(_numbers(column, math.ceil(low), math.floor(high), count, chance))
    scale = 10 ** max(0, 3 - math.floor(math.log10(high - low))) if high > low else 1
    first, last = math.ceil(low * scale), math.floor(high * scale)
    if first > last and low <= high:
        return _picked([low], count, column, chance)
    return [number / scale for number in _numbers(column, first, last, count, chance)]


def _numbers(column: Column, first: int, last: int, count: int, chance: random.Random) -> Sequence[int]:
    if last < first:
        raise UsageError(
            f"By its record, “{column.name}” lies between {column.minimum} and {column.maximum}, where nothing is.",
            hint="Tell the steward of the entry.",
        )
    if column.unique:
        _check_room(last - first + 1, count, column)
        return chance.sample(range(first, last + 1), count)
    return [chance.randint(first, last) for _ in range(count)]


def _bounds(column: Column, count: int) -> tuple[float, float]:
    low = float(column.minimum) if column.minimum is not None else None
    high = float(column.maximum) if column.maximum is not None else None
    span = max(1000, count)
    if low is None:
        low = 0.0 if high is None or high > 0 else high - span
    return low, low + span if high is None else high


def _times(column: Column) -> tuple[Any, Any]:
    kind: Any = dt.date if column.type == "date" else dt.datetime
    span = dt.timedelta(days=3652)
    low = kind.fromisoformat(str(column.minimum)) if column.minimum is not None else None
    high = kind.fromisoformat(str(column.maximum)) if column.maximum is not None else None
    if low is None:
        low = high - span if high is not None else kind(2020, 1, 1)
    return low, high if high is not None else low + span


def _check_room(room: int, count: int, column: Column) -> None:
    if room < count:
        raise UsageError(
            f"No two rows share a value of “{column.name}”, and there are only {room:,} values for {count:,} rows.",
            hint=f"Ask for fewer rows: rows={room}.",
        )


def _series(values: list[Any], column: Column, media_type: str, options: ReadingOptions) -> Any:
    """Make a column of the type that a reader gives."""
    import pandas as pd

    gaps = any(value is None for value in values)
    if column.type == "geometry":
        return pd.Series(values, dtype="object")
    if column.type in ("date", "datetime"):
        return _series_of_times(values, column, media_type, options)
    if column.type in ("integer", "number", "boolean"):
        whole = {"integer": "int64", "number": "float64", "boolean": "bool"}[column.type]
        return pd.Series(values, dtype=whole if not gaps else "object" if whole == "bool" else "float64")
    if column.type == "any" and all(isinstance(value, int | float) for value in values if value is not None) and values:
        return pd.Series(values)
    return pd.Series([None if value is None else str(value) for value in values], dtype="str")


def _series_of_times(values: list[Any], column: Column, media_type: str, options: ReadingOptions) -> Any:
    """Make a column of times. In a file of text they stay text, unless the record says that they are dates."""
    import pandas as pd

    if media_type == _PARQUET or media_type in _WITH_DATES or column.name in options.dates:
        return pd.Series(pd.to_datetime(pd.Series(values, dtype="object"))).astype("datetime64[us]")
    return pd.Series([None if value is None else value.isoformat() for value in values], dtype="str")


def _with_geometry(frame: pd.DataFrame, record: Entry, media_type: str) -> Any:
    """Make a map of the rows where a column is a geometry: points spread over London."""
    column = next((each for each in record.columns if each.type == "geometry"), None)
    if column is None:
        return frame
    try:
        import geopandas as gpd
    except ImportError as error:
        raise MissingExtraError(
            f"Dummy rows of “{record.title}” are a map, which needs geopandas.", hint='pip install "londata[geo]"'
        ) from error
    stated = column.unit.upper() if column.unit.upper() in _LONDON else ""
    system = stated or ("EPSG:4326" if media_type == "application/geo+json" else "EPSG:27700")
    west, south, east, north = _LONDON[system]
    places = [place if place is not None else (math.nan, math.nan) for place in frame[column.name]]
    xs = [west + x * (east - west) for x, _ in places]
    ys = [south + y * (north - south) for _, y in places]
    points = gpd.GeoSeries(gpd.points_from_xy(xs, ys), index=frame.index)
    missing = [math.isnan(x) for x in xs]
    frame[column.name] = points.mask(missing) if any(missing) else points
    return gpd.GeoDataFrame(frame, geometry=column.name, crs=system)
