"""What the sets of the demonstration are made of: London's areas, and random numbers that are the same on every run."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20260101
Numbers = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]
Flags = npt.NDArray[np.bool_]

#: The authorities in order of code, and how many LSOA each was given when the areas were first numbered, in 2001.
AUTHORITIES: dict[str, int] = {
    "City of London": 5,
    "Barking and Dagenham": 109,
    "Barnet": 210,
    "Bexley": 146,
    "Brent": 174,
    "Bromley": 197,
    "Camden": 133,
    "Croydon": 220,
    "Ealing": 195,
    "Enfield": 181,
    "Greenwich": 143,
    "Hackney": 137,
    "Hammersmith and Fulham": 111,
    "Haringey": 144,
    "Harrow": 137,
    "Havering": 149,
    "Hillingdon": 163,
    "Hounslow": 139,
    "Islington": 118,
    "Kensington and Chelsea": 103,
    "Kingston upon Thames": 97,
    "Lambeth": 177,
    "Lewisham": 166,
    "Merton": 124,
    "Newham": 159,
    "Redbridge": 159,
    "Richmond upon Thames": 114,
    "Southwark": 165,
    "Sutton": 121,
    "Tower Hamlets": 130,
    "Waltham Forest": 145,
    "Wandsworth": 174,
    "Westminster": 120,
}
NAMES: Texts = np.array(list(AUTHORITIES))
CODES: Texts = np.array([f"E090000{number:02}" for number in range(1, 34)])
#: The first LSOA of each authority and, at the end, the one after the last: they were numbered authority by authority.
_FIRST = np.array([1, *(1 + total for total in accumulate(AUTHORITIES.values()))])


def randomness(name: str) -> np.random.Generator:
    """The stream of random numbers of one set."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def place(name: str) -> int:
    """Where an authority stands in the order of codes."""
    return list(AUTHORITIES).index(name)


def areas(rng: np.random.Generator, authorities: Numbers) -> Numbers:
    """Draw the number of an LSOA in each of these authorities, which are given by their place in the order of codes."""
    return rng.integers(_FIRST[authorities], _FIRST[authorities + 1])


def area_codes(numbers: Numbers) -> Texts:
    """Write numbers of LSOA as codes."""
    return numbered("E01", numbers, 6)


def numbered(prefix: str, numbers: Numbers, digits: int) -> Texts:
    """Write whole numbers with a prefix and leading zeros.

    Parameters
    ----------
    prefix
        What every text begins with.
    numbers
        The numbers, none below zero.
    digits
        To how many digits zeros are added.
    """
    return np.char.add(prefix, np.char.mod(f"%0{digits}d", numbers))


def identifiers(rng: np.random.Generator, prefix: str, count: int) -> Texts:
    """Draw identifiers of a prefix and twelve digits, no two alike.

    Parameters
    ----------
    rng
        The stream of random numbers.
    prefix
        What every identifier begins with.
    count
        How many.
    """
    numbers = np.empty(0, dtype=np.int64)
    while len(numbers) < count:
        numbers = np.unique(np.concatenate([numbers, rng.integers(0, 10**12, count)]))
    return numbered(prefix, rng.permutation(numbers)[:count], 12)


def letters(rng: np.random.Generator, count: int, length: int) -> Texts:
    """Draw texts of capital letters.

    Parameters
    ----------
    rng
        The stream of random numbers.
    count, length
        How many texts, of how many letters each.
    """
    drawn = rng.integers(65, 91, (count, length)).astype(np.uint8)
    return drawn.view(f"S{length}").ravel().astype(np.str_)


def days(first: str, numbers: Numbers) -> npt.NDArray[np.datetime64]:
    """Give the days that lie so many days after the first, as moments: what pandas makes dates of."""
    return (np.datetime64(first, "D") + numbers.astype("timedelta64[D]")).astype("datetime64[us]")


def with_gaps(values: npt.NDArray[Any], gaps: Flags) -> pa.Array:
    """Make a column in which the marked rows have no value."""
    return pa.array(values, mask=gaps)


def write_parquet(groups: Mapping[str, Any] | list[pa.Table], path: Path) -> None:
    """Write one row group per table.

    Parameters
    ----------
    groups
        The tables, all of the same columns; or the columns of a single one.
    path
        The file.
    """
    tables = groups if isinstance(groups, list) else [pa.table(dict(groups))]
    with pq.ParquetWriter(path, tables[0].schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table, row_group_size=max(len(table), 1))


def in_groups(table: pa.Table, column: str) -> list[pa.Table]:
    """Cut a table that is sorted by a column where its value changes."""
    values = table[column].to_numpy(zero_copy_only=False)
    cuts = [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1), len(values)]
    return [table.slice(start, stop - start) for start, stop in pairwise(cuts)]
