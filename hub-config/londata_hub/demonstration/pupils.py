"""School rolls by pupil: made-up children of made-up households in six boroughs, in two school years."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from londata_hub.demonstration.ingredients import (
    CODES,
    Flags,
    Numbers,
    Texts,
    area_codes,
    areas,
    days,
    identifiers,
    in_groups,
    numbered,
    place,
    randomness,
    with_gaps,
    write_parquet,
)

BOROUGHS = ("Camden", "Hackney", "Haringey", "Islington", "Newham", "Tower Hamlets")
#: Families, and homes that stand empty until one of them moves in.
HOUSEHOLDS, EMPTY = 38_000, 1_000
PRIMARIES, SECONDARIES = 24, 8
LANGUAGES = ("English", "Bengali", "Somali", "Turkish", "Arabic", "Other")
#: Reception to year 11 are on roll in a January census; year −1 joins in the second one.
YOUNGEST, OLDEST = -1, 11
_PLACES = np.array([place(name) for name in BOROUGHS])
#: Which share goes to school in another borough, in primary and in secondary school; to which of the six from each, and
#: which of these how often: the last is far, and only few go there.
_ABROAD = (0.035, 0.07)
_NEAR = np.array([[3, 2, 1], [3, 5, 0], [0, 3, 4], [0, 1, 5], [5, 1, 0], [1, 4, 0]])
_HOW_OFTEN = (0.58, 0.38, 0.04)


@dataclass(frozen=True)
class _Homes:
    """Homes: what the children of one have in common."""

    borough: Numbers
    area: Numbers
    address: Texts
    withheld: Flags
    poor: Flags
    language: Numbers


@dataclass(frozen=True)
class _Roll:
    """The children of one school year: where each lives and goes to school. ``before`` is a school or −1."""

    home: Numbers
    borough: Numbers
    year_group: Numbers
    school: Numbers
    before: Numbers
    admitted: npt.NDArray[np.datetime64]


def school_rolls_by_pupil(path: Path) -> None:
    """Write the set: one row per pupil and school year, one row group per borough."""
    rng = randomness("school-rolls-by-pupil")
    homes = _homes(rng)
    home = np.repeat(np.arange(HOUSEHOLDS), rng.choice([1, 2, 3, 4], HOUSEHOLDS, p=[0.55, 0.32, 0.1, 0.03]))
    years = np.arange(YOUNGEST, OLDEST + 1)
    births = np.minimum(1, 0.7 + 0.045 * (years + 1))  # fewer are born each year, and the oldest do not notice yet
    year_group = rng.choice(years, len(home), p=births / births.sum())
    first = _first_year(rng, homes, home, year_group)
    second = _second_year(rng, homes, first)
    own = _lasting(rng, homes, first)
    tables = [
        _table(rng, homes, own, roll, year, (roll.year_group >= 0) & (roll.year_group <= OLDEST))
        for year, roll in (("2024/25", first), ("2025/26", second))
    ]
    order = [(name, "ascending") for name in ("borough_code", "school_year", "school_id", "year_group", "pupil_id")]
    write_parquet(in_groups(pa.concat_tables(tables).sort_by(order), "borough_code"), path)


def _homes(rng: np.random.Generator) -> _Homes:
    count = HOUSEHOLDS + EMPTY
    borough = rng.integers(0, len(BOROUGHS), count)
    area = areas(rng, _PLACES[borough])
    poverty = 0.08 + 0.5 * np.mod(area * 0.618, 1) ** 2  # some areas are poorer than others
    return _Homes(
        borough,
        area,
        identifiers(rng, "HOM", count),
        rng.random(count) < 0.012,
        rng.random(count) < poverty,
        rng.choice(len(LANGUAGES), count, p=[0.52, 0.13, 0.06, 0.05, 0.04, 0.2]),
    )


def _schools(rng: np.random.Generator, home: Numbers, borough: Numbers, area: Numbers, year_group: Numbers) -> Numbers:
    """Choose a school for each child: the one of its area, so that siblings meet there, or another of the borough."""
    primary = year_group <= 6
    own = np.where(primary, area * 7 % PRIMARIES, PRIMARIES + area * 5 % SECONDARIES)
    other = np.where(
        primary, rng.integers(0, PRIMARIES, len(home)), PRIMARIES + rng.integers(0, SECONDARIES, len(home))
    )
    chosen = np.where(rng.random(len(home)) < 0.8, own, other)
    abroad = rng.random(len(home)) < np.where(primary, *_ABROAD)
    there = np.where(abroad, _NEAR[borough, rng.choice(3, len(home), p=_HOW_OFTEN)], borough)
    return _PLACES[there] * 100 + 101 + np.where(there == borough, chosen, other)


def _borough_of(school: Numbers) -> Numbers:
    """Tell in which borough a school is, by its place in the order of codes."""
    return (school - 101) // 100


def _first_year(rng: np.random.Generator, homes: _Homes, home: Numbers, year_group: Numbers) -> _Roll:
    borough = homes.borough[home]
    school = _schools(rng, home, borough, homes.area[home], year_group)
    entry = 2024 - np.where(year_group <= 6, year_group, year_group - 7)
    late = np.where(rng.random(len(home)) < 0.12, rng.integers(1, 500, len(home)), 0)
    started = (entry - 1970).astype("datetime64[Y]").astype("datetime64[D]") + np.timedelta64(243, "D")
    started += ((entry % 4 == 0) & (entry % 100 != 0)).astype("timedelta64[D]")  # 1 September is a day later then
    admitted = np.minimum(started + late.astype("timedelta64[D]"), np.datetime64("2025-01-15"))
    return _Roll(home, borough, year_group, school, np.full(len(home), -1), admitted)


def _second_year(rng: np.random.Generator, homes: _Homes, first: _Roll) -> _Roll:
    """Let a year go by: everybody is older, some change school, some families move to another borough."""
    count, year_group = len(first.home), first.year_group + 1
    address = np.arange(HOUSEHOLDS)
    moving = np.flatnonzero(rng.random(HOUSEHOLDS) < 0.016)
    address[moving] = HOUSEHOLDS + np.arange(len(moving))
    home = address[first.home]
    moved, borough = home != first.home, homes.borough[home]
    drawn = _schools(rng, home, borough, homes.area[home], year_group)
    promoted, restless = year_group == 7, rng.random(count) < 0.03
    changes = moved | promoted | restless | (year_group == 0)
    school = np.where(changes, drawn, first.school)
    changed = changes & (school != first.school)
    in_year = days("2025-09-01", rng.integers(0, 130, count)).astype("datetime64[D]")
    begins = np.where(promoted | (year_group == 0), np.datetime64("2025-09-01"), in_year)
    before = np.where(changed & (year_group > 0), first.school, -1)
    return replace(
        first,
        home=home,
        borough=borough,
        year_group=year_group,
        school=school,
        before=before,
        admitted=np.where(changed | (year_group == 0), begins, first.admitted),
    )


def _lasting(rng: np.random.Generator, homes: _Homes, first: _Roll) -> dict[str, Any]:
    """What a child keeps over the years."""
    count = len(first.home)
    month = rng.integers(0, 12, count)
    born = (2024 - 5 - first.year_group - 1970) * 12 + 8 + month
    language = np.array(LANGUAGES)[homes.language[first.home]]
    return {
        "pupil_id": identifiers(rng, "PUP", count),
        "birth_month": born.astype("datetime64[M]").astype("datetime64[us]"),
        "sex": np.where(rng.random(count) < 0.51, "M", "F"),
        "sen_provision": rng.choice(["N", "K", "E"], count, p=[0.81, 0.14, 0.05]),
        "first_language": with_gaps(language, rng.random(count) < 0.02),
    }


def _table(
    rng: np.random.Generator, homes: _Homes, own: dict[str, Any], roll: _Roll, year: str, on_roll: Flags
) -> pa.Table:
    """The rows of one school year."""
    count, withheld = len(roll.home), homes.withheld[roll.home]
    near = np.exp(rng.normal(np.where(roll.year_group <= 6, -0.4, 0.6), 0.6)).clip(0.1, 30)
    near += np.where(_borough_of(roll.school) != _PLACES[roll.borough], 1.5, 0)
    attendance = (100 - rng.gamma(1.6, 4.0, count)).clip(0, 100)
    poor = homes.poor[roll.home] ^ (rng.random(count) < 0.03)  # incomes change
    columns = {
        "pupil_id": own["pupil_id"],
        "school_year": np.full(count, year),
        "borough_code": CODES[_borough_of(roll.school)],
        "school_id": numbered("GEN", roll.school, 4),
        "phase": np.where(roll.year_group <= 6, "primary", "secondary"),
        "year_group": roll.year_group,
        "birth_month": own["birth_month"],
        "sex": own["sex"],
        "free_school_meals": poor,
        "sen_provision": own["sen_provision"],
        "first_language": own["first_language"],
        "lsoa_code": with_gaps(area_codes(homes.area[roll.home]), withheld),
        "address_group": with_gaps(homes.address[roll.home], withheld),
        "home_to_school_km": with_gaps(near.round(1), withheld | (rng.random(count) < 0.01)),
        "admission_date": roll.admitted.astype("datetime64[us]"),
        "previous_school_id": with_gaps(numbered("GEN", np.maximum(roll.before, 0), 4), roll.before < 0),
        "attendance_percent": with_gaps(attendance.round(1), rng.random(count) < 0.015),
    }
    return pa.table(columns).filter(pa.array(on_roll))
