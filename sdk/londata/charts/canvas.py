"""What every chart is drawn on: an empty sheet, scales that can be read aloud, and labels that do not touch."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from londata.errors import UsageError
from londata.geography.figures import INK, PAPER, QUIET, WIDTH, number

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

SMALL, LINE = 8.0, "#c9d2db"
_EDGE = 0.04


def sheet(height: float, *, left: float = 0.0, right: float = 0.0, bottom: float = 0.24) -> tuple[Any, Any]:
    """Make an empty figure with one empty plot.

    Parameters
    ----------
    height
        Inches of the whole figure.
    left, right, bottom
        Inches that labels need beside and below the plot.

    Returns
    -------
    tuple
        Figure and axes; the figure is not attached to pyplot, so nothing has to be closed.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), facecolor=PAPER)
    wide = (WIDTH - left - right - 2 * _EDGE) / WIDTH
    axes = figure.add_axes(((left + _EDGE) / WIDTH, bottom / height, wide, (height - bottom - 0.12) / height))
    plain(axes)
    return figure, axes


def plain(axes: Any) -> None:
    """Take away every line that says nothing."""
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=INK, pad=3)


@lru_cache(maxsize=2_000)
def width_of(text: str, size: float = SMALL, *, bold: bool = False) -> float:
    """Measure a text, in inches.

    Parameters
    ----------
    text
        One line.
    size, bold
        How it is written; the size in points.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    # The points that hold the curves: as wide as the curves in these letters, and ten times quicker than asking those.
    across = TextPath((0, 0), text, prop=font, usetex=False).vertices[:, 0]
    return float(across.max() - across.min()) / 72


def wrapped(text: str, inches: float, size: float = SMALL, *, bold: bool = False) -> list[str]:
    """Break a text into lines that are no wider than so many inches.

    Parameters
    ----------
    text
        The text.
    inches
        The room for each line.
    size, bold
        How it is written; the size in points.
    """
    letters = max(6, round(inches / max(width_of("average", size, bold=bold) / 7, 0.01)))
    lines = textwrap.wrap(text, letters) or [""]
    while letters > 6 and any(width_of(line, size, bold=bold) > inches for line in lines):
        letters -= 1
        lines = textwrap.wrap(text, letters)
    return lines


def scale(axes: Any, low: float, high: float, *, from_zero: bool = True, decimals: int | None = None) -> None:
    """Give the plot a few round numbers at the left, each with a quiet line across.

    Parameters
    ----------
    axes
        The plot.
    low, high
        What is drawn; the scale reaches a little further.
    from_zero
        Whether the scale begins at zero where nothing is below it.
    decimals
        How many decimals to write; as many as the steps need when not given.
    """
    from matplotlib.ticker import MaxNLocator

    low = min(low, 0.0) if from_zero else low
    high = max(high, 0.0) if from_zero else high
    if low == high:
        high = low + 1
    marks = [float(mark) for mark in MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    axes.set_ylim(marks[0], marks[-1])
    places = decimals_of(marks) if decimals is None else max(decimals, decimals_of(marks))
    axes.set_yticks(marks, [number(mark, places) for mark in marks])
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=LINE, linewidth=0.7)
    axes.axhline(max(0.0, marks[0]), color=QUIET, linewidth=1, zorder=2)


def decimals_of(marks: Sequence[float]) -> int:
    """Tell with how many decimals numbers of a scale can be told apart."""
    return next((places for places in range(6) if all(abs(round(mark, places) - mark) < 1e-9 for mark in marks)), 6)


def room_for_scale(low: float, high: float, decimals: int | None = None) -> float:
    """Tell how many inches the numbers at the left will need; an upper bound.

    Parameters
    ----------
    low, high
        What is drawn.
    decimals
        As for :func:`scale`.
    """
    places = 1 if decimals is None and max(abs(low), abs(high)) < 10 else decimals or 0
    widest = max((number(value, places) for value in (low * 1.25, high * 1.25, -1.0 if low < 0 else 0.0)), key=len)
    return width_of(widest) + 0.08


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart so that none touches another, each as near as may be to where it wants to be.

    Parameters
    ----------
    wanted
        Where each label wants to be.
    gap
        The least distance between two of them.
    low, high
        Where they must stay between; more labels than fit share what there is.

    Returns
    -------
    list of float
        A place for each, in the order of ``wanted``.
    """
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda each: wanted[each])
    groups: list[tuple[list[int], float]] = []  # members from low to high, and the place of the lowest
    for each in order:
        members, start = [each], wanted[each]
        while groups and groups[-1][1] + gap * len(groups[-1][0]) > start:
            earlier, _ = groups.pop()
            members = [*earlier, *members]
            start = sum(wanted[member] - gap * step for step, member in enumerate(members)) / len(members)
        groups.append((members, start))
    found = [start + gap * step for members, start in groups for step in range(len(members))]
    least = low
    for rank, place in enumerate(found):
        # No lower than the edge and the one before, no higher than leaves room for those that follow.
        found[rank] = min(max(place, least), high - gap * (len(order) - 1 - rank))
        least = found[rank] + gap
    places = dict(zip(order, found, strict=True))
    return [places[each] for each in range(len(wanted))]


def moments(index: Any) -> pd.DatetimeIndex:
    """Read an index of moments, days or periods; a period stands at its beginning.

    Raises
    ------
    UsageError
        It has no times.
    """
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        return index.to_timestamp()
    times = index if isinstance(index, pd.DatetimeIndex) else None
    if times is None and len(index) and pd.api.types.infer_dtype(index) in ("date", "datetime", "datetime64"):
        times = pd.DatetimeIndex(pd.to_datetime(list(index)))
    if times is None or times.hasnans:
        raise UsageError(
            "A chart over time needs a time for every row: its index has other things.",
            hint="Set the column of times as the index: frame.set_index('date'), with pandas.to_datetime on text.",
        )
    # The clock of the place is what is shown; matplotlib would turn it to UTC.
    return times.tz_localize(None) if times.tz is not None else times


def time_axis(axes: Any, first: dt.datetime, last: dt.datetime) -> None:
    """Write times below the plot as people say them: ``3 Mar``, ``Mar 2025``, ``2025``.

    Parameters
    ----------
    axes
        The plot.
    first, last
        Where it begins and ends, by the clock of the place.
    """
    from matplotlib.dates import date2num

    room = axes.get_position().width * WIDTH
    fit = {False: max(2, int(room / 0.52)), True: max(2, int(room / 0.42))}  # a year is shorter than a day
    marks = next(marks for step in _STEPS if len(marks := _marks(first, last, step)) <= fit[step[1] >= 12])
    words, shown_year = [], None
    for mark in marks:
        words.append(_said(mark, (last - first).total_seconds() / 86_400, new_year=mark.year != shown_year))
        shown_year = mark.year
    begin, end = float(date2num(first)), float(date2num(last))
    end = end if end > begin else begin + 1
    axes.set_xticks([date2num(mark) for mark in marks], words)
    axes.set_xlim(begin, end)
    for label, mark in zip(axes.get_xticklabels(), marks, strict=True):
        share = (float(date2num(mark)) - begin) / (end - begin)
        label.set_horizontalalignment("left" if share < 0.04 else "right" if share > 0.96 else "center")


#: From fine to coarse: hours, days of a month, months, years between two times that are written.
_STEPS = (
    *(("hours", every) for every in (1, 3, 6, 12)),
    *(("days", every) for every in (1, 2, 5, 7, 14)),
    *(("months", every) for every in (1, 2, 3, 6)),
    *(("months", 12 * every) for every in (1, 2, 5, 10, 20, 50, 100, 500)),
)


def _marks(first: dt.datetime, last: dt.datetime, step: tuple[str, int]) -> list[dt.datetime]:
    """List the round times between two, at most one more than a hundred."""
    import datetime as dt

    kind, every = step
    found: list[dt.datetime] = []
    month = first.year * 12 + first.month - 1
    mark = first.replace(minute=0, second=0, microsecond=0, hour=first.hour if kind == "hours" else 0)
    while mark <= last and len(found) <= 100:
        if kind == "months":
            year, rest = divmod(month, 12)
            mark = dt.datetime(year, rest + 1, 1)
            fits, month = month % every == 0, month + 1
        elif kind == "days":
            fits = every <= 2 or ((mark.day - 1) % every == 0 and mark.day < 27)
            fits = fits and (every != 2 or mark.day % 2 == 1)
        else:
            fits = mark.hour % every == 0
        if fits and first <= mark <= last:
            found.append(mark)
        mark += dt.timedelta(hours=1) if kind == "hours" else dt.timedelta(days=1)
    return found


def _said(moment: dt.datetime, days: float, *, new_year: bool) -> str:
    if days > 5 * 365:
        return str(moment.year)
    if days > 100:
        return f"{moment:%b}\n{moment.year}" if new_year else f"{moment:%b}"
    if days > 3:
        return f"{moment.day} {moment:%b}" + (f"\n{moment.year}" if new_year else "")
    return f"{moment:%H:%M}\n{moment.day} {moment:%b}"


def aside(axes: Any, where: tuple[float, float], text: str, *, bold: bool = False, colour: str = INK) -> None:
    """Write a text to the right of the plot.

    Parameters
    ----------
    axes
        The plot.
    where
        Points to the right of it, and the height on its scale.
    text, bold, colour
        What is written, and how.
    """
    axes.annotate(
        text,
        (1, where[1]),
        xycoords=("axes fraction", "data"),
        xytext=(where[0], 0),
        textcoords="offset points",
        va="center",
        ha="left",
        size=SMALL,
        color=colour,
        weight="bold" if bold else "normal",
        annotation_clip=False,
        linespacing=1.05,
    )
