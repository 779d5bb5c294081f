"""Numbers by day on the leaves of a calendar, and by any two things as a heat strip."""

from __future__ import annotations

import calendar as weeks
from typing import TYPE_CHECKING, Any

from londata.charts.canvas import SMALL, moments, plain, sheet, width_of
from londata.errors import UsageError
from londata.geography.figures import CHOSEN, INK, MISSING, PAPER, QUIET, WIDTH, classes, number

if TYPE_CHECKING:
    import pandas as pd

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: Light to dark; on each of them either ink or paper has a contrast of at least 4.5:1.
_SHADES = ("#eef4fa", "#cfe1f0", "#a3c6e2", "#2f6fa5", "#0f4a7d")
_CELL, _MOST_MONTHS, _MOST_ROWS, _MOST_ACROSS = 0.36, 12, 60, 60


def calendar(
    numbers: pd.Series[float], *, limit: tuple[str, float] | None = None, decimals: int = 0, unit: str = ""
) -> Any:
    """Draw numbers by day as the leaves of a calendar, each day shaded by its number and the number written in it.

    Days above the limit have a thick frame and a bold number; a day without a number is grey with a dash.

    Parameters
    ----------
    numbers
        One number for each day, indexed by day; at most twelve months. Days that are not there count as missing.
    limit
        Name and height of what should not be exceeded, for instance ``("WHO guideline", 25)``.
    decimals
        How many decimals to write.
    unit
        Is written behind the numbers of the key.

    Returns
    -------
    matplotlib.figure.Figure
        Hand it to :func:`londata.reports.blocks.figure`.

    Raises
    ------
    UsageError
        A day is there twice, there is no number at all, or there are too many months.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.Series(range(31), index=pd.date_range("2025-03-01", periods=31))
    >>> drawing = calendar(days, limit=("WHO guideline", 25), unit="µg/m³")
    """
    times = moments(numbers.index).normalize()
    months = list(dict.fromkeys((day.year, day.month) for day in times.sort_values()))
    if times.has_duplicates or len(months) > _MOST_MONTHS or not numbers.notna().any():
        raise UsageError(
            "A calendar needs one number for each day, of at most twelve months, and at least one that is there.",
            hint="Sum or average by day first: series.resample('D').mean().",
        )
    by_day = {day.date(): float(value) for day, value in zip(times, numbers, strict=True)}
    ends = classes(numbers.astype(float), decimals)
    leaves = [weeks.Calendar().monthdatescalendar(*month) for month in months]
    height = sum(_CELL * len(leaf) + 0.5 for leaf in leaves) + 0.56
    figure, axes = sheet(height, bottom=0.5)
    axes.set_axis_off()
    axes.set_xlim(0, 7)
    axes.set_ylim((height - 0.62) / _CELL, 0)
    top = 0.0
    for month, leaf in zip(months, leaves, strict=True):
        axes.text(
            0.03, top + 0.3, f"{weeks.month_name[month[1]]} {month[0]}", size=9.5, weight="bold", color=INK, va="center"
        )
        for place, name in enumerate(_DAYS):
            axes.text(place + 0.5, top + 0.92, name, size=SMALL, color=QUIET, ha="center", va="center")
        for row, week in enumerate(leaf):
            for column, day in enumerate(week):
                if day.month == month[1]:
                    _day(axes, (column, top + 1.2 + row), day.day, by_day.get(day), ends, limit, decimals)
        top += len(leaf) + 0.5 / _CELL
    _key(figure, ends, decimals, unit, limit=limit, gaps=bool(numbers.isna().any()) or len(by_day) < _span(times))
    return figure


def heat(
    numbers: pd.DataFrame,
    *,
    decimals: int = 0,
    unit: str = "",
    written: bool | None = None,
    top: str = "",
    side: str = "",
) -> Any:
    """Draw a table of numbers as shaded cells: hours by weekday, categories by month.

    Parameters
    ----------
    numbers
        The numbers as they should stand: one row and one column of cells for each of the frame; at most 60 by 60.
    decimals
        How many decimals to write.
    unit
        Is written behind the numbers of the key.
    written
        Whether the number stands in its cell; where it fits, when not given.
    top, side
        What columns and rows are, for instance ``"Hour of the day"``.

    Returns
    -------
    matplotlib.figure.Figure
        Hand it to :func:`londata.reports.blocks.figure`.

    Raises
    ------
    UsageError
        There is no number, or more than can be read.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = pd.DataFrame([[1, 2, 3], [4, 5, 6]], index=["Mon", "Tue"], columns=["00", "01", "02"])
    >>> drawing = heat(hours, top="Hour of the day")
    """
    import pandas as pd

    frame = numbers.astype(float)
    down, across = frame.shape
    if not down or not across or down > _MOST_ROWS or across > _MOST_ACROSS or frame.isna().all(axis=None):
        raise UsageError(
            f"A strip of {down} rows and {across} columns cannot be read.",
            hint=f"Have numbers, and at most {_MOST_ROWS} rows and {_MOST_ACROSS} columns; sum or average them first.",
        )
    ends = classes(pd.Series(frame.to_numpy().ravel()), decimals)
    left = max(width_of(str(name)) for name in frame.index) + 0.08
    cell = (WIDTH - left - 0.08) / across
    tall = min(max(cell, 0.17), 0.34)
    text = max((number(value, decimals) for value in frame.to_numpy().ravel()), key=len)
    show = width_of(text, 7.5) + 0.05 < cell if written is None else written
    height = tall * down + 0.66 + (0.16 if top else 0)
    figure, axes = sheet(height, left=left, bottom=0.5)
    where = axes.get_position()
    axes.set_position((where.x0, where.y0, where.width, tall * down / height))
    axes.set_xlim(0, across)
    axes.set_ylim(down, 0)
    plain(axes)
    for row, values in enumerate(frame.to_numpy()):
        for column, value in enumerate(values):
            _cell(axes, (column, row), value, ends, number(value, decimals) if show else "")
    axes.set_yticks([row + 0.5 for row in range(down)], [str(name) for name in frame.index])
    step = max(1, -(-int(max(width_of(str(name)) for name in frame.columns) * 100 + 6) // int(cell * 100)))
    axes.xaxis.tick_top()
    axes.set_xticks([at + 0.5 for at in range(0, across, step)], [str(name) for name in frame.columns[::step]])
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=INK, pad=2)
    if top or side:
        said = " · ".join(filter(None, [side and f"down: {side}", top and f"across: {top}"]))
        figure.text(0.01, 1 - 0.02 / height, said, size=SMALL, color=QUIET, va="top")
    _key(figure, ends, decimals, unit, limit=None, gaps=bool(frame.isna().any(axis=None)))
    return figure


def _span(times: pd.DatetimeIndex) -> int:
    return int((times.max() - times.min()).days) + 1


def _shade(value: float, ends: list[float]) -> tuple[str, str]:
    """Tell the fill of a number, and the ink that can be read on it."""
    shades = _SHADES[-len(ends) :]
    place = min(sum(value > end for end in ends), len(ends) - 1)
    return shades[place], PAPER if shades[place] in _SHADES[-2:] else INK


def _cell(axes: Any, where: tuple[float, float], value: float | None, ends: list[float], text: str) -> None:
    from matplotlib.patches import Rectangle

    known = value is not None and value == value
    fill, ink = _shade(value or 0.0, ends) if known else (MISSING, INK)
    axes.add_patch(Rectangle(where, 1, 1, facecolor=fill, edgecolor=PAPER, linewidth=0.8))
    if text:
        axes.text(where[0] + 0.5, where[1] + 0.5, text, size=7.5, color=ink, ha="center", va="center")


def _day(
    axes: Any,
    where: tuple[float, float],
    day: int,
    value: float | None,
    ends: list[float],
    limit: tuple[str, float] | None,
    decimals: int,
) -> None:
    """Draw one day: its date small above, its number below."""
    from matplotlib.patches import Rectangle

    _cell(axes, where, value, ends, "")
    known = value is not None and value == value
    ink = _shade(value or 0.0, ends)[1] if known else INK
    over = known and limit is not None and (value or 0.0) > limit[1]
    if over:
        axes.add_patch(
            Rectangle(
                (where[0] + 0.06, where[1] + 0.06), 0.88, 0.88, fill=False, edgecolor=CHOSEN, linewidth=2.2, zorder=4
            )
        )
    weight = "bold" if over else "normal"
    axes.text(where[0] + 0.13, where[1] + 0.29, str(day), size=6, color=ink, va="center", zorder=5)
    text = number(value, decimals)
    axes.text(
        where[0] + 0.5, where[1] + 0.63, text, size=9, color=ink, ha="center", va="center", weight=weight, zorder=5
    )


def _key(
    figure: Any, ends: list[float], decimals: int, unit: str, *, limit: tuple[str, float] | None, gaps: bool
) -> None:
    """Say below what the shades mean."""
    from matplotlib.patches import Rectangle

    height = figure.get_figheight()
    shades = _SHADES[-len(ends) :]
    wide = (WIDTH - 0.08) / max(len(ends), 3)
    for place, (shade, end) in enumerate(zip(shades, ends, strict=True)):
        box = ((0.04 + wide * place) / WIDTH, 0.36 / height)
        figure.add_artist(
            Rectangle(box, wide / WIDTH, 0.08 / height, facecolor=shade, edgecolor=PAPER, transform=figure.transFigure)
        )
        said = f"to {number(end, decimals)}" + (f" {unit}" if place == len(ends) - 1 and unit else "")
        last = place == len(ends) - 1
        x = box[0] + (wide / WIDTH if last and len(ends) > 2 else 0)
        figure.text(
            x, 0.33 / height, said, size=SMALL, color=INK, va="top", ha="right" if last and len(ends) > 2 else "left"
        )
    also = [f"Framed: above {limit[0]}, {number(limit[1], decimals)} {unit}".strip()] if limit else []
    also += ["Grey: no figure"] if gaps else []
    figure.text(0.04 / WIDTH, 0.04 / height, " · ".join(also), size=SMALL, color=QUIET, va="bottom")
