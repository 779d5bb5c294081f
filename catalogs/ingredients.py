"""What the generated sets are made of: London's authorities, and random numbers that behave like a city."""

from __future__ import annotations

import zlib
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
from boundaries import DATA
from shapely import Point

SEED = 20260101


@cache
def boroughs() -> gpd.GeoDataFrame:
    """One row per authority, in order of code: code, name, geometry, residents_2021."""
    areas = gpd.read_file(DATA / "borough-boundaries.geojson")
    people = pd.read_csv(DATA / "london-authorities.csv")[["code", "residents_2021"]]
    return areas.merge(people, on="code").sort_values("code", ignore_index=True)


def randomness(name: str) -> np.random.Generator:
    """The stream of random numbers of one set."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def spread_over_boroughs(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """``count`` authorities in order of code, each at least once, the rest in proportion to its residents."""
    share = boroughs().residents_2021 / boroughs().residents_2021.sum()
    chosen = np.concatenate([np.arange(33), rng.choice(33, size=count - 33, p=share)])
    return pd.DataFrame(boroughs()[["code", "name"]]).loc[np.sort(chosen)].reset_index(drop=True)


def points_in(codes: pd.Series, rng: np.random.Generator) -> gpd.GeoSeries:
    """One random point inside each of these authorities, to about a metre."""
    polygons = boroughs().set_index("code").geometry
    points = []
    for polygon in polygons.loc[codes]:
        west, south, east, north = polygon.bounds
        point = Point()
        while not polygon.contains(point):
            point = Point(round(rng.uniform(west, east), 5), round(rng.uniform(south, north), 5))
        points.append(point)
    return gpd.GeoSeries(points, crs="EPSG:4326")


def random_days(rng: np.random.Generator, start: str, end: str, count: int) -> pd.DatetimeIndex:
    """Days between two dates, both included, in no order."""
    span = (pd.Timestamp(end) - pd.Timestamp(start)).days + 1
    return pd.Timestamp(start) + pd.to_timedelta(rng.integers(0, span, count), unit="D")


def slow_noise(rng: np.random.Generator, steps: int, memory: float, size: int = 1) -> np.ndarray:
    """Noise that remembers, like weather: steps × size, mean 0, standard deviation 1."""
    noise = rng.normal(size=(steps, size))
    for step in range(1, steps):
        noise[step] = memory * noise[step - 1] + np.sqrt(1 - memory**2) * noise[step]
    return noise


def rush_hours(times: pd.DatetimeIndex) -> np.ndarray:
    """How busy the roads are, 0 to about 1, by the hour: two peaks on weekdays, one low hill at weekends."""
    hour = times.hour.to_numpy()
    peaks = np.exp(-((hour - 8) ** 2) / 6) + np.exp(-((hour - 18) ** 2) / 8)
    hill = 0.6 * np.exp(-((hour - 14) ** 2) / 20)
    return np.where(times.day_of_week < 5, peaks, hill)
