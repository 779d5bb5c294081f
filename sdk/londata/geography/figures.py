"""One chart and one map of areas, in the look that reports and apps share.

Readable on a telephone (320 CSS pixels wide), in black and white, and with any colour vision: what is chosen is
darker, outlined and named in bold, never marked by colour alone. Text has a contrast of at least 4.5:1 and lines
that carry meaning one of at least 3:1. Nothing here knows a data set: callers hand in numbers and words.
"""

from __future__ import annotations

import base64
import html
import io
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

INK, QUIET, CHOSEN, PAPER = "#1d2733", "#4a5866", "#a8400b", "#ffffff"
BAR, MISSING = "#71879b", "#d9d9d9"
#: Light to dark in one hue, so that order survives without colour.
SHADES = ("#e3eef7", "#b5d2e8", "#79aed4", "#3b82b8", "#0f5187")
#: Inches; one inch is 72 points and, in a browser, 96 CSS pixels.
WIDTH = 3.5


@dataclass(frozen=True)
class Words:
    """What stands around a figure: title, unit of the numbers, and the line that names source and year."""

    title: str
    unit: str
    source: str


def number(value: float | None, decimals: int = 0) -> str:
    """Write a number as people read it: ``12,345``; ``–`` where there is none."""
    return "–" if value is None or value != value else f"{value:,.{decimals}f}"


def framed(plot_height: float, words: Words) -> tuple[Any, Any, float, float]:
    """Make an empty figure with its words.

    Parameters
    ----------
    plot_height
        Inches between the words above and those below.
    words
        Title, unit and source.

    Returns
    -------
    tuple
        Figure, axes, and where the plot begins and ends, as shares of the figure's height.
    """
    from matplotlib.figure import Figure

    head = textwrap.wrap(words.title, 34)
    unit = textwrap.wrap(words.unit, 52)
    foot = textwrap.wrap(words.source, 61)
    above = 0.1 + 0.19 * len(head) + 0.15 * len(unit)
    below = 0.1 + 0.13 * len(foot)
    height = plot_height + above + below
    figure = Figure(figsize=(WIDTH, height), facecolor=PAPER)
    axes = figure.add_axes((0.0, below / height, 1.0, plot_height / height))
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=7.9, labelcolor=INK)
    where = 1 - 0.05 / height
    figure.text(0.01, where, "\n".join(head), size=11.5, weight="bold", color=INK, va="top")
    where -= (0.03 + 0.19 * len(head)) / height
    figure.text(0.01, where, "\n".join(unit), size=8.5, color=QUIET, va="top")
    figure.text(0.01, 0.05 / height, "\n".join(foot), size=7.5, color=QUIET, va="bottom")
    return figure, axes, below / height, 1 - above / height


def ranked_bars(
    values: pd.Series[float],
    words: Words,
    *,
    chosen: str = "",
    reference: tuple[str, float] | None = None,
    decimals: int = 0,
) -> Any:
    """Draw one bar for each area, longest first.

    Parameters
    ----------
    values
        Name of the area → number. Areas without a number stand last, marked “no figure”.
    words
        Title, unit and source.
    chosen
        The area to bring out.
    reference
        Name and height of a line to compare with, for instance ``("London", 5598)``.
    decimals
        How many decimals to write.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to pyplot, so nothing has to be closed.
    """
    ordered = values.sort_values(ascending=False, na_position="last")
    figure, axes, bottom, top = framed(0.3 + 0.2 * len(ordered), words)
    axes.set_position((0.43, bottom, 0.37, top - bottom))
    bold = [name == chosen for name in ordered.index]
    axes.barh(range(len(ordered)), ordered.fillna(0), height=0.72, color=[CHOSEN if it else BAR for it in bold])
    axes.set_yticks(range(len(ordered)), ordered.index)
    axes.set_xticks([])
    axes.set_ylim(len(ordered) - 0.4, -1.4)
    axes.margins(x=0.01)
    aside = axes.get_yaxis_transform()
    for row, (value, strong) in enumerate(zip(ordered, bold, strict=True)):
        weight = "bold" if strong else "normal"
        text = number(value, decimals) if value == value else "no figure"
        axes.text(1.51, row, text, transform=aside, ha="right", va="center", size=8, color=INK, weight=weight)
        axes.get_yticklabels()[row].set_weight(weight)
    if reference:
        _reference_line(axes, *reference, middle=float(ordered.max()) / 2, decimals=decimals)
    return figure


def _reference_line(axes: Any, name: str, level: float, *, middle: float, decimals: int) -> None:
    """Draw a dashed line that is seen on bars and between them, and say beside it what it is."""
    axes.axvline(level, ymax=0.97, color=PAPER, linewidth=3)
    axes.axvline(level, ymax=0.97, color=INK, linewidth=1.3, linestyle=(0, (4, 2)))
    side = "left" if level < middle else "right"
    axes.annotate(
        f"{name} {number(level, decimals)}",
        (level, -0.9),
        ha=side,
        va="center",
        size=8.5,
        color=INK,
        xytext=(4 if side == "left" else -4, 0),
        textcoords="offset points",
    )


def classes(values: pd.Series[float], decimals: int = 0) -> list[float]:
    """Choose the upper ends of at most five classes with about as many areas in each, at numbers that can be said."""
    known = values.dropna()
    ends = [round(float(known.quantile(share)), decimals) for share in (0.2, 0.4, 0.6, 0.8)]
    return [*sorted({end for end in ends if end < known.max()}), float(known.max())]


def area_map(
    areas: gpd.GeoDataFrame,
    values: Mapping[str, float],
    words: Words,
    *,
    chosen: str = "",
    decimals: int = 0,
) -> Any:
    """Draw areas shaded by their number, the chosen one outlined.

    Parameters
    ----------
    areas
        One row per area: ``code``, ``name``, ``geometry`` (in metres; see :func:`prepare`).
    values
        Code → number; an area without one is grey.
    chosen
        The code of the area to bring out.
    words, decimals
        As for :func:`ranked_bars`.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to pyplot.
    """
    from matplotlib.patches import Patch

    numbers = areas["code"].map(dict(values)).astype(float)
    ends = classes(numbers, decimals)
    shades = SHADES[-len(ends) :]
    shade = [
        MISSING if value != value else shades[min(sum(value > end for end in ends), len(ends) - 1)] for value in numbers
    ]
    rows = (len(shades) + int(numbers.isna().any()) + 1) // 2
    figure, axes, bottom, top = framed(2.75 + 0.2 * rows, words)
    legend = 0.2 * rows / figure.get_figheight()
    axes.set_position((0.0, bottom + legend, 1.0, top - bottom - legend))
    areas.plot(ax=axes, color=shade, edgecolor=INK, linewidth=0.4, aspect="equal")
    if (here := areas["code"] == chosen).any():
        outline = areas[here]
        outline.boundary.plot(ax=axes, color=PAPER, linewidth=4.2)
        outline.boundary.plot(ax=axes, color=CHOSEN, linewidth=2.4)
    axes.set_axis_off()
    low = float(numbers.min())
    starts = [low, *ends[:-1]]
    pairs = [(number(start, decimals), number(end, decimals)) for start, end in zip(starts, ends, strict=True)]
    joined = " to " if low < 0 else " – "
    labels = [(start if start == end else f"{start}{joined}{end}").replace("-", "−") for start, end in pairs]
    handles = [Patch(facecolor=colour, edgecolor=INK, linewidth=0.5) for colour in shades]
    if numbers.isna().any():
        handles, labels = [*handles, Patch(facecolor=MISSING, edgecolor=INK)], [*labels, "no figure"]
    figure.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(-0.01, bottom - 0.01),
        ncols=2,
        fontsize=8.5,
        frameon=False,
        labelcolor=INK,
        handlelength=1.4,
        columnspacing=1.6,
    )
    return figure


def prepare(boundaries: gpd.GeoDataFrame, tolerance: float = 60.0) -> gpd.GeoDataFrame:
    """Make boundaries ready for drawing: in metres, and with no more points than a small map can show.

    Neighbours keep their common border. ``tolerance`` is in metres.
    """
    import shapely

    areas = boundaries.to_crs(27700)
    return areas.set_geometry(shapely.coverage_simplify(areas.geometry.values, tolerance), crs=27700)


def neighbours(areas: gpd.GeoDataFrame, within: float = 50.0) -> dict[str, list[str]]:
    """Tell which areas touch (within so many metres): code → codes, in order of code.

    The river is no gap where the boundaries meet in its middle.
    """
    left, right = areas.sindex.query(areas.geometry.buffer(within), predicate="intersects")
    codes = list(areas["code"])
    found: dict[str, list[str]] = {code: [] for code in codes}
    for one, other in zip(left, right, strict=True):
        if one != other:
            found[codes[one]].append(codes[other])
    return {code: sorted(others) for code, others in found.items()}


def image(figure: Any, alt: str) -> str:
    """Turn a figure into an HTML ``<img>`` with a text alternative; sharp at every size, with nothing to fetch."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    data = base64.b64encode(drawn.getvalue()).decode("ascii")
    width, height = (round(inches * 96) for inches in figure.get_size_inches())
    return (
        f'<img class="londata-figure" alt="{html.escape(alt, quote=True)}" width="{width}" height="{height}" '
        f'src="data:image/svg+xml;base64,{data}">'
    )
