"""The forecast of one hour on its grid: squares with their numbers, and the boroughs drawn over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from londata.charts.canvas import sheet
from londata.geography.figures import CHOSEN, INK, PAPER, WIDTH
from londata.geography.shapes import fill
from londata.widgets.air_quality import Air

if TYPE_CHECKING:
    import pandas as pd

#: Light to dark; on each, numbers and borders in ink have a contrast of more than 4.5:1.
SHADES = ("#eef4fa", "#d3e3f1", "#b0cee6", "#8ab8da", "#64a0cc")
_BELOW = 0.62


def steps(values: Any) -> list[int]:
    """Choose the upper ends of five classes of the same width, at whole numbers, that hold every value."""
    import math

    low = math.floor(float(values.min()))
    width = max(1, math.ceil((float(values.max()) - low) / len(SHADES)))
    return [low + width * (each + 1) for each in range(len(SHADES))]


def shade(value: float, ends: list[int]) -> str:
    """Tell the colour of a number."""
    return SHADES[min(sum(value > end for end in ends), len(SHADES) - 1)]


def forecast_map(air: Air, key: str, hour: pd.Timestamp, site: str) -> Any:
    """Draw the forecast of one hour. Shades mean the same at every hour, so that hours can be compared.

    Parameters
    ----------
    air
        What was gathered.
    key, hour
        Which pollutant, when.
    site
        The site that is marked.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to pyplot.
    """
    grid = air.forecast
    values = grid.values[key][grid.hours.get_loc(hour)]
    ends = steps(grid.values[key])
    half = abs(grid.longitude[1] - grid.longitude[0]) / 2
    west, east = grid.longitude.min() - half, grid.longitude.max() + half
    south, north = grid.latitude.min() - half, grid.latitude.max() + half
    # A degree of longitude is shorter than one of latitude: at 51.5° north, 0.62 of it.
    height = (north - south) / ((east - west) * 0.6225) * (WIDTH - 0.08)
    figure, axes = sheet(height + _BELOW, bottom=_BELOW)
    where = axes.get_position()
    axes.set_position((where.x0, where.y0, where.width, height / (height + _BELOW)))
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_axis_off()
    _squares(axes, grid.latitude, grid.longitude, values, ends, half)
    fill(axes, air.boroughs.geometry, "none", INK, 0.8)
    for latitude, row in zip(grid.latitude, values, strict=True):
        for longitude, value in zip(grid.longitude, row, strict=True):
            note = axes.text(longitude, latitude, f"{value:.0f}", size=8, color=INK, ha="center", va="center")
            note.set_bbox({"facecolor": shade(float(value), ends), "edgecolor": "none", "pad": 0.8})
    place = air.sites.loc[site]
    axes.plot(place["longitude"], place["latitude"], "D", color=CHOSEN, ms=8, mec=PAPER, mew=1.5, zorder=9)
    _legend(figure, ends)
    return figure


def _squares(axes: Any, latitude: Any, longitude: Any, values: Any, ends: list[int], half: float) -> None:
    import shapely

    boxes = [shapely.box(x - half, y - half, x + half, y + half) for y in latitude for x in longitude]
    colours = [shade(float(value), ends) for value in values.ravel()]
    for colour in dict.fromkeys(colours):
        fill(axes, [each for each, own in zip(boxes, colours, strict=True) if own == colour], colour, PAPER, 0.6)


def _legend(figure: Any, ends: list[int]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(facecolor=shade(end, ends), edgecolor=INK, linewidth=0.5) for end in ends]
    width = ends[1] - ends[0]
    labels = [f"{end - width} to {end}" for end in ends]
    handles.append(Line2D([], [], marker="D", color=CHOSEN, ms=7, mec=PAPER, ls="none"))
    figure.legend(
        handles,
        [*labels, "the site"],
        loc="lower left",
        bbox_to_anchor=(-0.01, -0.01),
        ncols=3,
        fontsize=8.5,
        frameon=False,
        labelcolor=INK,
        handlelength=1.4,
        columnspacing=1.6,
    )
