"""Two maps of reach: one borough with its places and how far they reach, and all of London shaded by neighbourhood."""

from __future__ import annotations

from typing import Any

from londata.charts.canvas import SMALL, sheet
from londata.geography.figures import CHOSEN, INK, PAPER, QUIET, SHADES, WIDTH
from londata.geography.shapes import fill
from londata.widgets.reach import KINDS, City, Reach, around

#: Upper ends of the classes of the map of London, in per cent.
CLASSES = (20, 40, 60, 80, 100)
#: How a place is marked; shapes differ, so that colour is not needed.
MARKS = {"park": ("o", 3.0), "library": ("s", 4.5), "museum": ("^", 5.5)}
_WITHIN, _BEYOND, _ELSEWHERE = "#a3c6e2", "#ffffff", "#e9ecef"
_TALLEST = 4.2


def borough_map(city: City, reach: Reach, code: str) -> Any:
    """Draw one borough: its neighbourhoods with their numbers, the places, and what is within reach of them.

    Parameters
    ----------
    city
        What was gathered.
    reach
        What is shown.
    code
        The borough.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to pyplot.
    """
    import geopandas as gpd

    outline = city.boroughs[city.boroughs["code"] == code]
    here = city.neighbourhoods[city.neighbourhoods["code"] == code]
    circles = gpd.GeoSeries(around(city, reach.kind, reach.metres), crs=here.crs)
    zone = circles[circles.intersects(outline.union_all())].union_all()
    figure, axes = _canvas(here.total_bounds, below=0.42)
    west, south, east, north = _view(axes)
    fill(axes, city.boroughs.cx[west:east, south:north].geometry, _ELSEWHERE, QUIET, 0.5)
    fill(axes, here.geometry, _BEYOND, "none", 0)
    fill(axes, here.geometry.intersection(zone), _WITHIN, "none", 0)
    fill(axes, here.geometry, "none", INK, 0.6)
    # Parts meet to about a metre only, because their corners are rounded.
    fill(axes, [here.buffer(2).union_all().buffer(-2)], "none", INK, 1.6)
    _mark_places(axes, city, reach)
    for label, point in zip(here["label"], here.geometry.representative_point(), strict=True):
        note = axes.annotate(label, (point.x, point.y), ha="center", va="center", size=7.5, color=INK, zorder=8)
        note.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.75})
    _scale_bar(axes, west, south, east)
    _key(figure, reach)
    return figure


def london_map(city: City, reach: Reach, code: str) -> Any:
    """Draw all neighbourhoods, darker where more of them is within reach, with the boroughs' borders.

    Parameters
    ----------
    city
        What was gathered.
    reach
        What is shown.
    code
        The borough that is outlined.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to pyplot.
    """
    figure, axes = _canvas(city.boroughs.total_bounds, below=0.62)
    step = (reach.neighbourhoods["share"] * 100 // 20).clip(upper=4)
    simple = city.neighbourhoods.geometry.simplify(60)
    for each, shade in enumerate(SHADES):
        fill(axes, simple[step == each], shade, shade, 0.3)
    fill(axes, city.boroughs.geometry, "none", INK, 0.5)
    chosen = city.boroughs[city.boroughs["code"] == code].geometry
    fill(axes, chosen, "none", PAPER, 4.2)
    fill(axes, chosen, "none", CHOSEN, 2.4)
    _shades(figure)
    return figure


def _canvas(bounds: Any, *, below: float) -> tuple[Any, Any]:
    """Make a sheet as tall as the place is, within reason; one metre is as long in both directions."""
    west, south, east, north = bounds
    margin = 0.04 * max(east - west, north - south)
    wide, tall = east - west + 2 * margin, north - south + 2 * margin
    height = min(tall / wide * (WIDTH - 0.08), _TALLEST)
    figure, axes = sheet(height + below, bottom=below)
    where = axes.get_position()
    axes.set_position((where.x0, where.y0, where.width, height / (height + below)))
    across = max(wide, tall * (WIDTH - 0.08) / height)
    middle = (west + east) / 2
    axes.set_xlim(middle - across / 2, middle + across / 2)
    axes.set_ylim(south - margin, north + margin)
    axes.set_axis_off()
    return figure, axes


def _view(axes: Any) -> tuple[float, float, float, float]:
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    return west, south, east, north


def _mark_places(axes: Any, city: City, reach: Reach) -> None:
    west, south, east, north = _view(axes)
    places = city.places[city.places["kind"] == reach.kind].cx[west:east, south:north]
    marker, size = MARKS[reach.kind]
    points = places.geometry.representative_point()
    axes.plot(points.x, points.y, marker, color=CHOSEN, ms=size, mec=PAPER, mew=0.6, ls="none", zorder=6)


def _scale_bar(axes: Any, west: float, south: float, east: float) -> None:
    """Say how long a kilometre is."""
    start, level = west + 0.02 * (east - west), south + 0.025 * (east - west)
    axes.plot([start, start + 1_000], [level, level], color=PAPER, linewidth=4.5, zorder=9, solid_capstyle="butt")
    axes.plot([start, start + 1_000], [level, level], color=INK, linewidth=2, zorder=9, solid_capstyle="butt")
    note = axes.text(start, level + 0.01 * (east - west), "1 km", size=SMALL, color=INK, va="bottom", zorder=9)
    note.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.75})


def _key(figure: Any, reach: Reach) -> None:
    """Say below what is what."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marker, size = MARKS[reach.kind]
    handles = [
        Patch(facecolor=_WITHIN, edgecolor=INK, linewidth=0.5),
        Patch(facecolor=_BEYOND, edgecolor=INK, linewidth=0.5),
        Line2D([], [], marker=marker, color=CHOSEN, ms=size + 1, mec=PAPER, ls="none"),
        Patch(facecolor=_ELSEWHERE, edgecolor=QUIET, linewidth=0.5),
    ]
    labels = [f"within {reach.metres:,} m", "farther away", KINDS[reach.kind][0], "other boroughs"]
    _legend(figure, handles, labels, 2)


def _shades(figure: Any) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=shade, edgecolor=INK, linewidth=0.5) for shade in SHADES]
    labels = [f"{start} to {end}%" for start, end in zip((0, *CLASSES), CLASSES, strict=False)]
    _legend(figure, handles, labels, 2)


def _legend(figure: Any, handles: list[Any], labels: list[str], columns: int) -> None:
    figure.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(-0.01, -0.01),
        ncols=columns,
        fontsize=8.5,
        frameon=False,
        labelcolor=INK,
        handlelength=1.4,
        columnspacing=1.6,
    )
