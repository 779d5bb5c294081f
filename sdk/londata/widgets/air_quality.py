"""Air quality at the sites of a network, and its forecast on a grid: the numbers.

Tables in, numbers out. Hours are named by their start, in UTC, as in the data. A day's mean needs 18 of its 24 hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

#: Three quarters of a day: the share of hours that the UK's and the WHO's means ask for.
ENOUGH_HOURS = 18
BANDS = ("Low",) * 3 + ("Moderate",) * 3 + ("High",) * 3 + ("Very high",)


@dataclass(frozen=True)
class Pollutant:
    """A pollutant, and the levels that it is held against, in µg/m³.

    Parameters
    ----------
    key, name
        Its name in the data, and in words.
    steps
        The highest whole concentration of indices 1 to 9 of the UK Daily Air Quality Index.
    index_of_day
        Whether the index looks at the mean of 24 hours, and not at the last hour.
    who_day, who_year
        WHO guidelines of 2021: mean of a day (3 to 4 days a year may be above), mean of a year.
    uk_year, uk_hour
        UK limit values: mean of a year; mean of an hour (18 hours a year may be above), if there is one.
    """

    key: str
    name: str
    steps: tuple[int, ...]
    index_of_day: bool
    who_day: int
    who_year: int
    uk_year: int
    uk_hour: int | None


POLLUTANTS = {
    each.key: each
    for each in (
        Pollutant("no2", "Nitrogen dioxide", (67, 134, 200, 267, 334, 400, 467, 534, 600), False, 25, 10, 40, 200),
        Pollutant("pm2_5", "Fine particles (PM2.5)", (11, 23, 35, 41, 47, 53, 58, 64, 70), True, 15, 5, 20, None),
    )
}


@dataclass(frozen=True)
class Forecast:
    """What is forecast on a grid.

    Parameters
    ----------
    hours
        Hours that are forecast, in order.
    latitude, longitude
        Centres of the squares.
    values
        Pollutant → numbers by hour, latitude and longitude.
    shares
        Which share of each borough lies in each square: boroughs × squares (row by row); each row adds up to 1.
    """

    hours: pd.DatetimeIndex
    latitude: Any
    longitude: Any
    values: Mapping[str, Any]
    shares: Any


@dataclass(frozen=True)
class Air:
    """Everything that the app shows.

    Parameters
    ----------
    sites
        Code → ``borough``, ``site_type``, ``latitude``, ``longitude``.
    readings
        Pollutant → numbers by hour, one column per site.
    forecast
        The forecast.
    boroughs
        One row per authority, in order of name: ``code``, ``name``, ``geometry`` in degrees, simplified for drawing.
    """

    sites: pd.DataFrame
    readings: Mapping[str, pd.DataFrame]
    forecast: Forecast
    boroughs: gpd.GeoDataFrame


@dataclass(frozen=True)
class Latest:
    """The latest reading of a site: its hour, its value, the mean of 24 hours up to then, and the index of the UK.

    ``day`` is missing where too few of the 24 hours were read, and with it the index of a pollutant that looks at days.
    """

    hour: pd.Timestamp
    value: float
    day: float
    index: int | None

    @property
    def band(self) -> str:
        """The index in words."""
        return BANDS[self.index - 1] if self.index else "not known"


def gather(hourly: Any, forecast: Any, boundaries: gpd.GeoDataFrame) -> Air:
    """Bring the tables of the register together.

    Parameters
    ----------
    hourly
        ``air-quality-hourly``, an xarray dataset.
    forecast
        ``air-quality-forecast``, likewise.
    boundaries
        ``borough-boundaries``.
    """
    import pandas as pd

    from londata.geography import figures

    outlines = figures.prepare(boundaries).to_crs(4326).sort_values("name", ignore_index=True)
    names = dict(zip(outlines["code"], outlines["name"], strict=True))
    kept = ["borough_code", "site_type", "latitude", "longitude"]
    sites = pd.DataFrame(
        {name: hourly[name].values for name in kept}, index=[str(each) for each in hourly["site"].values]
    )
    sites.insert(0, "borough", sites.pop("borough_code").map(names))
    times = pd.DatetimeIndex(hourly["time"].values)
    readings = {
        key: pd.DataFrame(
            hourly[key].transpose("time", "site").values.astype(float).round(3), index=times, columns=sites.index
        )
        for key in POLLUTANTS
    }
    return Air(sites, readings, _forecast(forecast, boundaries.sort_values("name", ignore_index=True)), outlines)


def _forecast(grid: Any, boundaries: gpd.GeoDataFrame) -> Forecast:
    import pandas as pd
    import shapely

    latitude, longitude = grid["latitude"].values.astype(float), grid["longitude"].values.astype(float)
    half = abs(longitude[1] - longitude[0]) / 2
    squares = [shapely.box(x - half, y - half, x + half, y + half) for y in latitude for x in longitude]
    shapes = boundaries.to_crs(4326).geometry.to_numpy()
    inside = shapely.area(shapely.intersection(shapes[:, None], squares))
    order = ("time", "latitude", "longitude")
    return Forecast(
        hours=pd.DatetimeIndex(grid["time"].values),
        latitude=latitude,
        longitude=longitude,
        values={key: grid[key].transpose(*order).values.astype(float) for key in POLLUTANTS},
        shares=inside / inside.sum(axis=1, keepdims=True),
    )


def index_of(pollutant: Pollutant, concentration: float) -> int | None:
    """Find the index of the UK Daily Air Quality Index, 1 to 10; a missing concentration has none."""
    if concentration != concentration:
        return None
    return 1 + sum(round(concentration) > step for step in pollutant.steps)


def latest(air: Air, key: str, site: str) -> Latest | None:
    """Find the latest reading of a site; ``None`` if it has none at all.

    Parameters
    ----------
    air
        What :func:`gather` gave.
    key, site
        Which pollutant, where.
    """
    readings, pollutant = air.readings[key][site], POLLUTANTS[key]
    known = _times(readings)[readings.notna().to_numpy()]
    if not len(known):
        return None
    hour = known[-1]
    value, day = float(readings[hour]), float(running_mean(readings)[hour])
    return Latest(hour, value, day, index_of(pollutant, day if pollutant.index_of_day else value))


def running_mean(readings: pd.Series[float]) -> pd.Series[float]:
    """Give the mean of the 24 hours up to and with each hour."""
    return readings.rolling(24, min_periods=ENOUGH_HOURS).mean()


def daily(readings: pd.Series[float]) -> pd.Series[float]:
    """Give the mean of each day; missing where too few hours were read."""
    days = readings.resample("D")
    return days.mean().where(days.count() >= ENOUGH_HOURS)


def monthly(readings: pd.Series[float], pollutant: Pollutant) -> pd.DataFrame:
    """Sum up each month: ``mean``, ``highest`` hour, ``days`` with a mean, how many of these are ``above`` WHO's."""
    import pandas as pd

    days = daily(readings)
    hours_in, days_in = (_times(each).to_period("M") for each in (readings, days))
    by_month, by_days = readings.groupby(hours_in), days.groupby(days_in)
    above = (days > pollutant.who_day).groupby(days_in).sum()
    return pd.DataFrame({"mean": by_month.mean(), "highest": by_month.max(), "days": by_days.count(), "above": above})


def by_hour_of_day(readings: pd.Series[float]) -> pd.DataFrame:
    """Give the mean of each hour of the day, on weekdays and at weekends; hours of UTC, ``00`` to ``23``."""
    import pandas as pd

    times = _times(readings)
    weekend = times.day_of_week >= 5
    parts = {"Monday to Friday": readings[~weekend], "Saturday and Sunday": readings[weekend]}
    means = {name: part.groupby(_times(part).hour).mean() for name, part in parts.items()}
    return pd.DataFrame(means).reindex(range(24)).set_axis([f"{hour:02}" for hour in range(24)], axis=0)


def _times(readings: pd.Series[float]) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.DatetimeIndex(readings.index)


def at_site(air: Air, key: str, site: str) -> pd.Series[float]:
    """Give the forecast for the square that a site lies in, hour by hour.

    Parameters
    ----------
    air
        What :func:`gather` gave.
    key, site
        Which pollutant, where.
    """
    import pandas as pd

    grid, (latitude, longitude) = air.forecast, air.sites.loc[site, ["latitude", "longitude"]].to_numpy(dtype=float)
    row, column = abs(grid.latitude - latitude).argmin(), abs(grid.longitude - longitude).argmin()
    return pd.Series(grid.values[key][:, row, column], index=grid.hours, dtype=float)


def by_borough(air: Air, key: str, hour: pd.Timestamp) -> pd.Series[float]:
    """Give the forecast of one hour for each borough, by name: the mean of its squares, by how much of it lies in each.

    Parameters
    ----------
    air
        What :func:`gather` gave.
    key, hour
        Which pollutant, when.
    """
    import pandas as pd

    at = air.forecast.values[key][air.forecast.hours.get_loc(hour)].ravel()
    return pd.Series(air.forecast.shares @ at, index=list(air.boroughs["name"]))
