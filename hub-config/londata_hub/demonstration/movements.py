"""Movements between boroughs: made-up hourly journeys for every pair of authorities over six weeks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from londata_hub.demonstration.ingredients import AUTHORITIES, CODES, days, place, randomness

FIRST_DAY, DAYS = "2025-03-03", 42
Floats = npt.NDArray[np.float64]


def tfl_movements(path: Path) -> None:
    """Write the set: one row per origin, day, hour and destination; one row group per origin."""
    rng = randomness("tfl-movements")
    weight = np.array(list(AUTHORITIES.values())) * rng.lognormal(0, 0.2, len(CODES))
    pull = weight.copy()
    for name, factor in {"City of London": 40.0, "Westminster": 5.0, "Camden": 2.5, "Southwark": 2.0}.items():
        pull[place(name)] *= factor
    groups = _by_origin(rng, weight, pull)
    first = next(groups)
    with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
        for table in chain([first], groups):
            writer.write_table(table, row_group_size=len(table))


def _by_origin(rng: np.random.Generator, weight: Floats, pull: Floats) -> Iterator[pa.Table]:
    """Make the rows of one origin after the other, so that never more than one is in memory."""
    count, hours = len(CODES), np.arange(24)
    day, hour, destination = (each.ravel() for each in np.mgrid[0:DAYS, 0:24, 0:count])
    where = rng.uniform(-1, 1, (count, 2)) * (22, 16)  # km from the centre: a map of its own
    weekday = day % 7 < 5
    out, back = np.exp(-((hours - 8) ** 2) / 4), np.exp(-((hours - 18) ** 2) / 6)
    calm = 0.5 * np.exp(-((hours - 14) ** 2) / 24)
    for origin in range(count):
        km = np.hypot(*(where - where[origin]).T) + 2
        gravity_out, gravity_back = weight[origin] * pull, pull[origin] * weight
        nearness = np.exp(-km / 9)[destination]
        level = np.where(
            weekday,
            gravity_out[destination] * (out + calm)[hour] + gravity_back[destination] * (back + calm)[hour],
            (gravity_out + gravity_back)[destination] * calm[hour],
        )
        journeys = 5 * np.round(rng.poisson(0.012 * level * nearness) / 5).astype(np.int64)
        minutes = (12 + 2.6 * km[destination] + rng.normal(0, 2, len(hour))).clip(5, 180).round(1)
        yield pa.table(
            {
                "origin_code": np.full(len(hour), CODES[origin]),
                "destination_code": CODES[destination],
                "date": days(FIRST_DAY, day),
                "hour": hour.astype(np.int64),
                "journeys": journeys,
                "mean_minutes": pa.array(minutes, mask=journeys == 0),
            }
        )
