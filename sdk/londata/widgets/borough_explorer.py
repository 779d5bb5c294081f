"""The borough explorer: choose a borough and an indicator; chart, map, table and words follow.

The notebook of the app is one call of :func:`explore`. The pictures come from :mod:`londata.geography.figures`,
numbers and words from :mod:`londata.widgets.boroughs`; here is only what holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.geography import figures
from londata.widgets import app_parts, boroughs
from londata.widgets.form_parts import box, place

if TYPE_CHECKING:
    import geopandas as gpd
    import ipywidgets

#: What the app reads; its ``app.yaml`` must name the same.
USES = ("london-authorities", "borough-boundaries", "borough-indicators")
FIRST_BOROUGH, FIRST_INDICATOR = "E09000007", "population_density"


@dataclass(frozen=True)
class Boroughs:
    """Everything that the app shows, computed once: names and areas by code, who touches whom, the indicators."""

    names: dict[str, str]
    areas: gpd.GeoDataFrame
    neighbours: dict[str, list[str]]
    indicators: dict[str, boroughs.Indicator]


def load(catalog: Any) -> Boroughs:
    """Read the three data sets and compute what every view needs."""
    authorities, boundaries, long = (catalog[slug].read() for slug in USES)
    areas = figures.prepare(boundaries)
    names = dict(zip(authorities["code"], authorities["name"], strict=True))
    return Boroughs(names, areas, figures.neighbours(areas), boroughs.gather(long))


def pictures(data: Boroughs, code: str, key: str) -> tuple[str, str]:
    """Draw the chart and the map for one choice, each as an HTML image with a text alternative.

    Parameters
    ----------
    data
        What :func:`load` gave.
    code
        The GSS code of the chosen borough.
    key
        The chosen indicator.

    Returns
    -------
    tuple of str
        The chart, then the map.
    """
    indicator, name = data.indicators[key], data.names[code]
    reference = indicator.reference if indicator.reference[1] == indicator.reference[1] else None
    chart = figures.ranked_bars(
        indicator.values.rename(index=data.names),
        indicator.words,
        chosen=name,
        reference=reference,
        decimals=indicator.decimals,
    )
    by_code = {str(each): value for each, value in indicator.values.items()}
    drawing = figures.area_map(data.areas, by_code, indicator.words, chosen=code, decimals=indicator.decimals)
    what = f"{indicator.label} ({indicator.unit}, {indicator.year})"
    same = "The words above and the table below say the same."
    return (
        figures.image(chart, f"Bar chart of {what} in London's boroughs, highest first, {name} brought out. {same}"),
        figures.image(drawing, f"Map of London's boroughs shaded by {what}, {name} outlined. {same}"),
    )


def choice_in(query: str, data: Boroughs) -> tuple[str, str]:
    """Read ``borough=Camden&indicator=density`` from an address; what is unknown there is the first choice.

    Returns
    -------
    tuple[str, str]
        The borough's code and the indicator's key.
    """
    fields = app_parts.asked(query)
    name, key = (fields.get(word, "").casefold() for word in ("borough", "indicator"))
    codes = [code for code in data.names if name in (code.casefold(), data.names[code].casefold())]
    return (codes or [FIRST_BOROUGH])[0], key if key in data.indicators else FIRST_INDICATOR


def explore(catalog: Any, query: str = "") -> ipywidgets.Widget:
    """Build the app; ``query``, that of the page's address, may name the first choice."""
    return app_parts.opened(catalog, USES, load, lambda data, sources: _build(data, sources, *choice_in(query, data)))


def _build(data: Boroughs, sources: str, code: str, key: str) -> ipywidgets.Widget:
    by_name = sorted((name, code) for code, name in data.names.items())
    labels = [(indicator.label, each) for each, indicator in data.indicators.items()]
    borough = app_parts.choice("Borough", by_name, code)
    indicator = app_parts.choice("Indicator", labels, key)
    words, chart, drawing, table = (place(name) for name in ("words", "chart", "map", "table"))

    def draw(_: object) -> None:
        chosen, shown = borough.value, data.indicators[indicator.value]
        bars, plate = pictures(data, chosen, shown.key)
        chart.value, drawing.value = f"<h2>Chart</h2>{bars}", f"<h2>Map</h2>{plate}"
        table.value = f"<h2>Table</h2>{boroughs.table(shown, chosen, data.names)}"
        # The words come last: by the time a screen reader says them, the pictures are there.
        words.value = (
            f"<h2>In words</h2>{boroughs.summary(shown, chosen, data.names, data.neighbours[chosen])}"
            f"{app_parts.link(borough=data.names[chosen], indicator=shown.key)}"
        )

    app_parts.follow((borough, indicator), draw)
    figures_ = box("figures", box("left", words, drawing), box("right", chart))
    return app_parts.app(box("controls", borough, indicator), figures_, table, place("sources", sources))
