"""What can be said about air quality in words, in big numbers and in a table. Pure: numbers in, text and tables out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from londata.reports.blocks import Fact
from londata.widgets.air_quality import ENOUGH_HOURS, Air, Latest, Pollutant, by_hour_of_day, daily, monthly

if TYPE_CHECKING:
    import pandas as pd

UNIT = "µg/m³"


def day_of(moment: pd.Timestamp) -> str:
    """Write a day: ``Monday 31 March 2025``."""
    return f"{moment:%A} {moment.day} {moment:%B %Y}"


def when(moment: pd.Timestamp) -> str:
    """Write an hour: ``23:00 UTC on Monday 31 March 2025``."""
    return f"{moment:%H:%M} UTC on {day_of(moment)}"


def span(readings: pd.Series[float]) -> str:
    """Write from when to when: ``1 January 2025 to 31 March 2025``."""
    import pandas as pd

    first, last = pd.Timestamp(str(readings.index[0])), pd.Timestamp(str(readings.index[-1]))
    return f"{_short(first)} to {_short(last)}"


def site_name(air: Air, site: str) -> str:
    """Write a site: ``Camden, background (GEN04)``."""
    row = air.sites.loc[site]
    return f"{row['borough']}, {row['site_type']} ({site})"


def against(value: float, level: float) -> str:
    """Say on which side of a level a number is, as both are written."""
    near = round(value, 1) == level
    return "as high as" if near else "above" if value > level else "below"


def now(pollutant: Pollutant, name: str, latest: Latest | None) -> list[str]:
    """Say what the latest reading is and how it compares.

    Parameters
    ----------
    pollutant
        What was measured.
    name
        Of the site.
    latest
        The latest reading, if there is one.
    """
    if latest is None:
        return [f"{name}: there is no reading of {_in_sentence(pollutant)}."]
    first = (
        f"{name}: {latest.value:.1f} {UNIT} of {_in_sentence(pollutant)} in the hour from {when(latest.hour)}, the "
        "latest reading in the data."
    )
    of = "mean of the 24 hours up to then" if pollutant.index_of_day else "latest hour"
    band = (
        f"By the {of}, that is in the band “{latest.band.lower()}” of the UK’s Daily Air Quality Index "
        f"({latest.index} of 10)."
        if latest.index
        else "Too few hours were read for the UK’s Daily Air Quality Index."
    )
    if latest.day != latest.day:
        return [first, f"{band} Fewer than {ENOUGH_HOURS} of the 24 hours up to then were read, so they have no mean."]
    side = against(latest.day, pollutant.who_day)
    day = (
        f"The mean of the 24 hours up to then is {latest.day:.1f} {UNIT}, {side} the WHO’s guideline for a day "
        f"({pollutant.who_day})."
    )
    return [first, f"{band} {day}"]


def facts(pollutant: Pollutant, readings: pd.Series[float], latest: Latest | None) -> list[Fact]:
    """Give the numbers that matter most now.

    Parameters
    ----------
    pollutant
        What was measured.
    readings
        Of the site, by hour.
    latest
        The latest of them.
    """
    if latest is None:
        return []
    days = daily(readings)
    above, known = int((days > pollutant.who_day).sum()), int(days.count())
    basis = "by the mean of 24 hours" if pollutant.index_of_day else "by the latest hour"
    return [
        Fact("Latest hour", f"{latest.value:.1f}", UNIT, f"from {latest.hour:%H:%M} UTC, {_short(latest.hour)}"),
        Fact(
            "Mean of 24 hours",
            f"{latest.day:.1f}" if latest.day == latest.day else "–",
            UNIT,
            f"WHO guideline {pollutant.who_day}",
        ),
        Fact("Band of the UK’s index", latest.band, f"{latest.index} of 10" if latest.index else "", basis),
        Fact("Days above WHO guideline", f"{above}", f"of {known}", span(days)),
    ]


def week(pollutant: Pollutant, readings: pd.Series[float]) -> list[str]:
    """Say what the last seven days were like.

    Parameters
    ----------
    pollutant
        What was measured.
    readings
        Those of the seven days.
    """
    import pandas as pd

    if not readings.notna().any():
        return ["Nothing was read in these seven days."]
    days = daily(readings)
    above, missing = int((days > pollutant.who_day).sum()), int(readings.isna().sum())
    gaps = "no reading is missing" if not missing else f"{missing} of {len(readings)} hourly readings are missing"
    return [
        f"Highest hour: {readings.max():.1f} {UNIT} at {when(pd.Timestamp(str(readings.idxmax())))}. "
        f"Mean of the seven days: {readings.mean():.1f} {UNIT}.",
        f"On {above} of {int(days.count())} days the mean was above the WHO’s guideline for a day "
        f"({pollutant.who_day} {UNIT}); {gaps}.",
    ]


def history(pollutant: Pollutant, readings: pd.Series[float]) -> list[str]:
    """Say what the days of the whole series were like, month by month.

    Parameters
    ----------
    pollutant
        What was measured.
    readings
        Of the site, by hour.
    """
    months = monthly(readings, pollutant)
    said = [
        f"{month.strftime('%B %Y')}: mean {mean:.1f} {UNIT}, highest hour {highest:.1f}, {above} of {days} days above."
        if days
        else f"{month.strftime('%B %Y')}: no day had enough readings."
        for month, mean, highest, days, above in months.itertuples()
    ]
    return [f"Days are held against the WHO’s guideline for a day, {pollutant.who_day} {UNIT}.", *said]


def hours(readings: pd.Series[float]) -> list[str]:
    """Say when in the day the air is worst and best, on weekdays and at weekends."""
    said = []
    for name, means in by_hour_of_day(readings).items():
        if means.notna().any():
            worst, best = str(means.idxmax()), str(means.idxmin())
            said.append(
                f"{name}: highest from {worst}:00 UTC ({means.max():.1f} {UNIT} on average), lowest from {best}:00 "
                f"({means.min():.1f})."
            )
    return said or ["Nothing was read."]


def by_day(readings: pd.Series[float]) -> pd.DataFrame:
    """Lay out days: ``day``, ``mean``, ``highest`` and ``lowest`` hour, and how many ``hours`` there are."""
    import pandas as pd

    means, days = daily(readings), readings.resample("D")
    return pd.DataFrame(
        {
            "day": [f"{each:%a} {each.day} {each:%b}" for each in pd.DatetimeIndex(means.index)],
            "mean": means.to_numpy(),
            "highest": days.max().to_numpy(),
            "lowest": days.min().to_numpy(),
            "hours": days.count().to_numpy(),
        }
    )


#: What the columns of :func:`by_day` are, and how they are written.
DAY_COLUMNS = {
    "day": "Day",
    "mean": f"Mean ({UNIT})",
    "highest": "Highest hour",
    "lowest": "Lowest hour",
    "hours": "Hours",
}
DAY_DECIMALS = {"mean": 1, "highest": 1, "lowest": 1, "hours": 0}


def levels(pollutant: Pollutant, readings: pd.Series[float]) -> pd.DataFrame:
    """Hold the whole series against the WHO's guidelines and the UK's limits; what each allows is written beside it.

    Parameters
    ----------
    pollutant
        What was measured.
    readings
        Of the site, by hour.
    """
    import pandas as pd

    days, mean = daily(readings), readings.mean()
    above = int((days > pollutant.who_day).sum())
    months = len(monthly(readings, pollutant))
    so_far = f"mean of {months} months {mean:.1f}: " if mean == mean else "no reading: not "
    rows = [
        ("WHO guideline, day", pollutant.who_day, "3 to 4 days a year", f"{above} of {int(days.count())} days above"),
        ("WHO guideline, year", pollutant.who_year, "never", f"{so_far}{against(mean, pollutant.who_year)}"),
        ("UK limit, year", pollutant.uk_year, "never", f"{so_far}{against(mean, pollutant.uk_year)}"),
    ]
    if pollutant.uk_hour:
        over = int((readings > pollutant.uk_hour).sum())
        rows.append(
            ("UK limit, hour", pollutant.uk_hour, "18 hours a year", f"{over} of {readings.count():,} hours above")
        )
    return pd.DataFrame(rows, columns=["Level", UNIT, "May be exceeded", "Here"])


def forecast(pollutant: Pollutant, hour: pd.Timestamp, name: str, value: float) -> str:
    """Say what is forecast for one hour at a site.

    Parameters
    ----------
    pollutant, hour
        What, and when.
    name
        Of the site.
    value
        The forecast for the square it lies in.
    """
    return f"Forecast for {when(hour)}: {value:.1f} {UNIT} of {_in_sentence(pollutant)} in the square round {name}."


def extremes(boroughs: pd.Series[float]) -> list[str]:
    """Say which boroughs have the highest and the lowest forecast."""
    ordered = boroughs.sort_values(ascending=False, kind="stable")

    def said(some: pd.Series[float]) -> str:
        return ", ".join(f"{name} ({value:.1f})" for name, value in some.items())

    return [f"Highest boroughs: {said(ordered.head(3))}.", f"Lowest: {said(ordered.tail(3).iloc[::-1])}."]


def coming(pollutant: Pollutant, ahead: pd.Series[float]) -> list[str]:
    """Say what is forecast for all hours ahead.

    Parameters
    ----------
    pollutant
        What is forecast.
    ahead
        By hour.
    """
    import pandas as pd

    days = daily(ahead)
    above = int((days > pollutant.who_day).sum())
    return [
        f"Highest: {ahead.max():.1f} {UNIT} at {when(pd.Timestamp(str(ahead.idxmax())))}; lowest: {ahead.min():.1f}.",
        f"On {above} of {int(days.count())} days the forecast mean is above the WHO’s guideline for a day "
        f"({pollutant.who_day} {UNIT}).",
    ]


def _in_sentence(pollutant: Pollutant) -> str:
    return pollutant.name[0].lower() + pollutant.name[1:]


def _short(moment: pd.Timestamp) -> str:
    return f"{moment.day} {moment:%B %Y}"
