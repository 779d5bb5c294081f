"""Air quality now and then: the latest reading of a site, its last week, its months, and the forecast on a grid.

The notebook of the app is one call of :func:`explore`. The numbers come from :mod:`londata.widgets.air_quality`, words
and tables from :mod:`londata.widgets.air_quality_words`, the map from :mod:`londata.widgets.air_quality_map`, and what
real sites measure now, where a live feed is followed, from :mod:`londata.widgets.air_quality_live`.
"""

from __future__ import annotations

import datetime as dt
import html
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.charts import calendar, columns, lines
from londata.reports import blocks
from londata.widgets import air_quality as numbers
from londata.widgets import air_quality_live as live
from londata.widgets import air_quality_words as words
from londata.widgets import app_parts
from londata.widgets.air_quality import POLLUTANTS, Air
from londata.widgets.air_quality_map import forecast_map
from londata.widgets.form_parts import box, place

if TYPE_CHECKING:
    import ipywidgets
    import pandas as pd

#: What the app reads; its ``app.yaml`` must name the same.
USES = ("air-quality-hourly", "air-quality-forecast", "borough-boundaries")
MEASURED = "generated readings of londata (made up: no air was measured)"
PREDICTED = "generated forecast of londata (made up: no model was run)"
NOTICE = (
    "No air was measured and no model was run: sites, readings and forecast are made up, to show what such a page can "
    "say. “Now” is the latest reading in the data, {latest}; "
)
ALONE, FOLLOWING = "the page does not follow a live network.", "only what stands under “Measured now” is real."
_PATIENCE_S = 2.0
SAME = "Words and table say the same."
METHOD = (
    "Hours are named by their start, in UTC. A mean of 24 hours needs at least 18 of them. The UK’s Daily Air Quality "
    "Index runs from 1 to 10 (low 1 to 3, moderate 4 to 6, high 7 to 9, very high 10); it looks at the last hour of "
    "nitrogen dioxide and at 24 hours of fine particles. Guidelines are the WHO’s of 2021, limits those of the Air "
    "Quality Standards Regulations 2010. The forecast of a borough is the mean of the squares it lies in, by how much "
    "of it lies in each; a square is about 7 by 11 km, so it says nothing about one street."
)


@dataclass(frozen=True)
class Choice:
    """What the viewer chose: a site, a pollutant, and which of the hours that are forecast."""

    site: str
    pollutant: str
    hour: pd.Timestamp


def load(catalog: Any) -> Air:
    """Read the data sets, whole."""
    before = threading.enumerate()
    hourly, forecast, boundaries = (catalog[slug].read() for slug in USES)
    air = numbers.gather(hourly, forecast, boundaries)
    hourly.close()
    forecast.close()
    _end_threads(before)
    return air


def _end_threads(before: list[threading.Thread]) -> None:
    """End the threads in which zarr read the grid: a process that has threads cannot be forked for its next viewer."""
    from zarr.core.sync import cleanup_resources

    cleanup_resources()
    for thread in set(threading.enumerate()).difference(before):
        thread.join(_PATIENCE_S)


def choice_in(query: str, air: Air) -> Choice:
    """Read ``site=GEN04&pollutant=no2&hour=2025-04-01T08`` from an address; what is unknown is the first choice."""
    fields = app_parts.asked(query)
    site, key = fields.get("site", "").upper(), fields.get("pollutant", "").casefold()
    by_name = {f"{hour:%Y-%m-%dT%H}": hour for hour in air.forecast.hours}
    first = "GEN04" if "GEN04" in air.sites.index else str(air.sites.index[0])
    return Choice(
        site if site in air.sites.index else first,
        key if key in POLLUTANTS else next(iter(POLLUTANTS)),
        by_name.get(fields.get("hour", ""), air.forecast.hours[min(8, len(air.forecast.hours) - 1)]),
    )


def present(air: Air, choice: Choice) -> str:
    """Show what is now: big numbers, and the last seven days as a line; HTML."""
    pollutant, readings = POLLUTANTS[choice.pollutant], air.readings[choice.pollutant][choice.site]
    name = words.site_name(air, choice.site)
    heading = f"<h2>Now in {html.escape(name)}</h2>"
    latest = numbers.latest(air, choice.pollutant, choice.site)
    week = readings.tail(7 * 24)
    if latest is None or not week.notna().any():
        return heading + blocks.paragraphs("The last seven days have no reading.").markup
    both = week.to_frame("each hour").assign(**{"mean of 24 hours": numbers.running_mean(readings).tail(7 * 24)})
    plate = blocks.figure(
        lines(both.dropna(axis=1, how="all"), reference=[("WHO, day", pollutant.who_day)]),
        title=f"{pollutant.name}: the last seven days",
        unit=f"{words.UNIT}, {words.span(week)}",
        source=MEASURED,
        alt=f"Line chart of {pollutant.name} at {name} by hour over seven days, with the mean of 24 hours and the "
        f"WHO’s guideline for a day. {SAME}",
        summary=words.week(pollutant, week),
        data=words.by_day(week),
        columns=words.DAY_COLUMNS,
        decimals=words.DAY_DECIMALS,
    )
    return heading + blocks.facts(words.facts(pollutant, readings, latest)).markup + plate.markup


def past(air: Air, choice: Choice) -> str:
    """Show the whole series: days on a calendar, hours of the day, and the levels that apply; HTML."""
    pollutant, readings = POLLUTANTS[choice.pollutant], air.readings[choice.pollutant][choice.site]
    name = words.site_name(air, choice.site)
    if not numbers.daily(readings).notna().any():
        return "<h2>Then</h2>" + blocks.paragraphs("No day has enough readings.").markup
    by_hour = numbers.by_hour_of_day(readings)
    clock = blocks.figure(
        columns(by_hour, reference=("WHO, day", pollutant.who_day)),
        title=f"{pollutant.name}: mean by hour of the day",
        unit=f"{words.UNIT}, hours in UTC, {words.span(readings)}",
        source=MEASURED,
        alt=f"Bar chart of the mean of {pollutant.name} at {name} for each hour of the day, on weekdays and at "
        f"weekends. {SAME}",
        summary=words.hours(readings),
        data=by_hour.reset_index(names="hour"),
        columns={"hour": "Hour from (UTC)"},
        decimals=dict.fromkeys(by_hour.columns, 1),
    )
    levels = blocks.table(
        words.levels(pollutant, readings),
        caption=f"{pollutant.name} at {name}, {words.span(readings)}, against guidelines and limits",
        source=f"{MEASURED}; WHO global air quality guidelines 2021; Air Quality Standards Regulations 2010",
        decimals={words.UNIT: 0},
        folded=False,
    )
    days = _calendar(pollutant, readings, name)
    pair = f"<div class='pair'><div>{days}</div><div>{clock.markup}{levels.markup}</div></div>"
    return f"<h2>Then: by day and by hour</h2>{pair}"


def _calendar(pollutant: numbers.Pollutant, readings: pd.Series[float], name: str) -> str:
    days, table = numbers.daily(readings), words.by_day(readings)
    table["above"] = ["not known" if mean != mean else "yes" if mean > pollutant.who_day else "no" for mean in days]
    return blocks.figure(
        calendar(days, limit=("WHO guideline", pollutant.who_day), decimals=1, unit=words.UNIT),
        title=f"{pollutant.name}: mean of each day",
        unit=f"{words.UNIT}, {words.span(readings)}",
        source=MEASURED,
        alt=f"Calendar with the mean of {pollutant.name} at {name} on each day; days above the WHO’s guideline are "
        f"framed. {SAME}",
        summary=words.history(pollutant, readings),
        data=table[["day", "mean", "above"]],
        columns={"day": "Day", "mean": f"Mean ({words.UNIT})", "above": "Above the WHO’s guideline"},
        decimals={"mean": 1},
        rows=len(table),
    ).markup


def ahead(air: Air, choice: Choice) -> str:
    """Show the forecast: one hour as a map, and all hours at the site as a line; HTML."""
    pollutant, name = POLLUTANTS[choice.pollutant], words.site_name(air, choice.site)
    line = numbers.at_site(air, choice.pollutant, choice.site)
    course = blocks.figure(
        lines(line.rename("forecast"), reference=[("WHO, day", pollutant.who_day)]),
        title=f"{pollutant.name}: the days ahead",
        unit=f"{words.UNIT}, square round {name}, {words.span(line)}",
        source=PREDICTED,
        alt=f"Line chart of the forecast of {pollutant.name} by hour in the square round {name}, with the WHO’s "
        f"guideline for a day. {SAME}",
        summary=words.coming(pollutant, line),
        data=words.by_day(line),
        columns=words.DAY_COLUMNS,
        decimals=words.DAY_DECIMALS,
    )
    return f"<div class='pair'><div>{_grid(air, choice)}</div><div>{course.markup}</div></div>"


def _grid(air: Air, choice: Choice) -> str:
    pollutant, name = POLLUTANTS[choice.pollutant], words.site_name(air, choice.site)
    boroughs = numbers.by_borough(air, choice.pollutant, choice.hour)
    return blocks.figure(
        forecast_map(air, choice.pollutant, choice.hour, choice.site),
        title=f"{pollutant.name}: forecast on a grid",
        unit=f"{words.UNIT}, {words.when(choice.hour)}",
        source=PREDICTED,
        alt=f"Map of London on a grid of squares, darker where more {pollutant.name} is forecast, the number written "
        f"in each, borough borders drawn over it, {name} marked. The table below has a number for each borough.",
        summary=words.extremes(boroughs),
        data=boroughs.sort_values(ascending=False, kind="stable").rename_axis("borough").reset_index(name="value"),
        columns={"borough": "Borough", "value": f"Forecast ({words.UNIT})"},
        decimals={"value": 1},
        chosen=str(air.sites["borough"][choice.site]),
    ).markup


def explore(catalog: Any, query: str = "", follow: str = "") -> ipywidgets.Widget:
    """Build the app.

    Parameters
    ----------
    catalog
        Where the data comes from.
    query
        The query of the page's address; it may name the first choice.
    follow
        The entry of a live feed, ``laqn-hourly-index``, whose newest hour is shown above what is generated; for hubs
        that can fetch it. Where it cannot be had the app says so. Each viewer needs a run of their own then (``start:
        fresh`` in ``app.yaml``), or begins with the hour in which the first one came.
    """
    feed = live.Feed(catalog, follow) if follow else None

    def build(air: Air, sources: str) -> ipywidgets.Widget:
        return _build(air, sources, choice_in(query, air), feed)

    return app_parts.opened(catalog, USES, load, build)


def _build(air: Air, sources: str, first: Choice, feed: live.Feed | None) -> ipywidgets.Widget:
    by_name = sorted((words.site_name(air, str(code)), str(code)) for code in air.sites.index)
    site = app_parts.choice("Site", by_name, first.site)
    pollutant = app_parts.choice("Pollutant", [(each.name, key) for key, each in POLLUTANTS.items()], first.pollutant)
    hours = [(f"{hour:%a} {hour.day} {hour:%b %Y, %H:%M} UTC", hour) for hour in air.forecast.hours]
    hour = app_parts.choice("Hour", hours, first.hour)
    told, foretold, now, then, later = (place(name) for name in ("words", "words", "now", "then", "later"))
    measured = place("measured")

    def draw(moved: Any) -> None:
        choice = Choice(site.value, pollutant.value, hour.value)
        what, name = POLLUTANTS[choice.pollutant], words.site_name(air, choice.site)
        later.value = ahead(air, choice)
        link = app_parts.link(site=choice.site, pollutant=choice.pollutant, hour=f"{choice.hour:%Y-%m-%dT%H}")
        at_hour = float(numbers.at_site(air, choice.pollutant, choice.site)[choice.hour])
        foretold.value = blocks.paragraphs(words.forecast(what, choice.hour, name, at_hour), lead=True).markup
        if moved is not hour:
            now.value, then.value = present(air, choice), past(air, choice)
            if feed:
                borough, moment = str(air.sites["borough"][choice.site]), dt.datetime.now(dt.UTC).replace(tzinfo=None)
                measured.value = live.shown(feed.newest(), what, borough, moment)
        # The words come last: by the time a screen reader says them, the pictures are there.
        said = words.now(what, name, numbers.latest(air, choice.pollutant, choice.site))
        told.value = blocks.paragraphs(*said, lead=True).markup + link

    app_parts.follow((site, pollutant, hour), draw)
    latest = max(times.index[times.notna().any(axis=1)].max() for times in air.readings.values())
    return app_parts.app(
        app_parts.notice(NOTICE.format(latest=words.when(latest)) + (FOLLOWING if feed else ALONE)),
        box("controls", site, pollutant),
        told,
        *([measured] if feed else []),
        now,
        then,
        place("heading", "<h2>Forecast: the days ahead</h2>"),
        box("controls", hour),
        foretold,
        later,
        place("method", f"<h2>How it is worked out</h2>{blocks.paragraphs(METHOD).markup}"),
        place("sources", sources),
    )
