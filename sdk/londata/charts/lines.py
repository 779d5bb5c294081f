"""Numbers over time, as lines that carry their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from londata.charts.canvas import (
    aside,
    moments,
    plain,
    room_for_scale,
    scale,
    sheet,
    spread,
    time_axis,
    width_of,
    wrapped,
)
from londata.errors import UsageError
from londata.geography.figures import BAR, CHOSEN, INK, PAPER, QUIET, WIDTH, number

if TYPE_CHECKING:
    import pandas as pd

#: Colour and dashes of the lines that have names; the dashes differ, so that colour is not needed.
_STYLES = (
    ("#0f5187", "solid"),
    ("#a8400b", (0, (6, 1.5))),
    ("#4a5866", (0, (2, 1.2))),
    ("#2f7d62", (0, (5, 1.5, 1.2, 1.5))),
    ("#7a3f8f", (0, (1, 1))),
)
_MOST_NAMED = len(_STYLES)
_HEIGHT, _MOST_MULTIPLES = 2.3, 40


def lines(
    numbers: pd.DataFrame | pd.Series[float],
    *,
    chosen: str | Sequence[str] = (),
    reference: Sequence[tuple[str, float]] = (),
    from_zero: bool = True,
    decimals: int | None = None,
    height: float = _HEIGHT,
) -> Any:
    """Draw numbers over time: one line for each column, with its name at its end.

    A number that is missing leaves a gap: nothing is drawn across it. Up to five lines are told apart by colour and
    dashes. Where there are more, say which are ``chosen``; the others are drawn thin and grey, and not named.

    Parameters
    ----------
    numbers
        Indexed by time (``DatetimeIndex``, ``PeriodIndex`` or days), one column per line.
    chosen
        The name of the line, or lines, to bring out.
    reference
        Levels to compare with: (name, level), for instance ``[("legal limit", 40)]``.
    from_zero
        Whether the scale begins at zero; say False only for what has no zero, such as an index of prices.
    decimals
        How many decimals the scale has; as many as it needs when not given.
    height
        Inches; the width is fixed.

    Returns
    -------
    matplotlib.figure.Figure
        Hand it to :func:`londata.reports.blocks.figure`.

    Raises
    ------
    UsageError
        There is no time in the index, nothing to draw, a chosen line that is not there, or too many lines to name.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2025-03-01", periods=31)
    >>> no2 = pd.DataFrame({"Camden": range(31), "London": range(31, 0, -1)}, index=days)
    >>> drawing = lines(no2, chosen="Camden", reference=[("WHO guideline", 25)])
    """
    frame, times = _read(numbers)
    strong = _chosen(frame, chosen)
    levels = [level for _, level in reference]
    low, high = min([float(frame.min().min()), *levels]), max([float(frame.max().max()), *levels])
    named = _named(frame, strong)
    labels = {name: wrapped(str(name), 0.95, bold=name in strong) for name in named} if len(frame.columns) > 1 else {}
    margin = max((width_of(line, bold=True) for text in labels.values() for line in text), default=0.0)
    figure, axes = sheet(
        height, left=room_for_scale(low, high, decimals), right=margin + (0.1 if margin else 0), bottom=0.38
    )
    for name in frame.columns.difference(named, sort=False):
        axes.plot(times, frame[name], color=BAR, linewidth=0.8, alpha=0.75, zorder=3)
    ends = {}
    for (colour, dashes), name in zip(_STYLES, named, strict=False):
        width = 2.6 if name in strong else 1.6 if len(frame) < 300 else 0.9
        axes.plot(times, frame[name], color=PAPER, linewidth=width + 1.6, zorder=4)
        axes.plot(times, frame[name], color=colour, linestyle=dashes, linewidth=width, zorder=5)
        _lone_points(axes, times, frame[name], colour)
        ends[name] = (float(frame[name].dropna().iloc[-1]), colour)
    scale(axes, low, high, from_zero=from_zero, decimals=decimals)
    time_axis(axes, times[0].to_pydatetime(), times[-1].to_pydatetime())
    _references(axes, reference, decimals)
    _name(axes, labels, ends, strong)
    return figure


def multiples(
    numbers: pd.DataFrame,
    *,
    chosen: str = "",
    across: int = 2,
    reference: tuple[str, float] | None = None,
    from_zero: bool = True,
    decimals: int | None = None,
) -> Any:
    """Draw one small chart for each column, all on the same scale, so that they can be compared.

    Parameters
    ----------
    numbers
        Indexed by time, one column for each small chart; at most 40.
    chosen
        The column to bring out.
    across
        How many stand beside each other: 1, 2 or 3.
    reference
        Name and height of a line in each, for instance ``("legal limit", 40)``.
    from_zero, decimals
        As for :func:`lines`.

    Returns
    -------
    matplotlib.figure.Figure
        Hand it to :func:`londata.reports.blocks.figure`.

    Raises
    ------
    UsageError
        There is no time in the index, nothing to draw, or more than can be read.

    Examples
    --------
    >>> import pandas as pd
    >>> months = pd.period_range("2024-01", periods=12, freq="M")
    >>> thefts = pd.DataFrame({"Camden": range(12), "Barnet": range(12, 0, -1)}, index=months)
    >>> drawing = multiples(thefts, chosen="Camden")
    """
    frame, times = _read(numbers)
    if len(frame.columns) > _MOST_MULTIPLES or across not in (1, 2, 3):
        raise UsageError(
            f"{len(frame.columns)} small charts, {across} beside each other, cannot be read.",
            hint=f"Draw at most {_MOST_MULTIPLES}, with across=1, 2 or 3.",
        )
    _chosen(frame, chosen)
    levels = [reference[1]] if reference else []
    low, high = min([float(frame.min().min()), *levels]), max([float(frame.max().max()), *levels])
    rows = -(-len(frame.columns) // across)
    height = 1.12 * rows + 0.3 + (0.2 if reference else 0)
    figure, whole = sheet(height)
    whole.remove()
    left, gap = room_for_scale(low, high, decimals), 0.14
    wide = (WIDTH - left - 0.08 - gap * (across - 1)) / across
    for place, name in enumerate(frame.columns):
        row, column = divmod(place, across)
        bottom = height - 0.26 - 1.12 * row - 0.76
        axes = figure.add_axes(((left + (wide + gap) * column) / WIDTH, bottom / height, wide / WIDTH, 0.76 / height))
        plain(axes)
        strong = name == chosen
        axes.plot(times, frame[name], color=CHOSEN if strong else "#0f5187", linewidth=2.2 if strong else 1.5, zorder=4)
        scale(axes, low, high, from_zero=from_zero, decimals=decimals)
        if reference:
            axes.axhline(reference[1], color=INK, linewidth=1, linestyle=(0, (4, 2)), zorder=3)
        time_axis(axes, times[0].to_pydatetime(), times[-1].to_pydatetime())
        if column:
            axes.set_yticklabels([])
        if place + across < len(frame.columns):
            axes.set_xticklabels([])
        title = wrapped(str(name), wide, 8.5, bold=strong)
        axes.set_title(title[0] if len(title) == 1 else f"{title[0]}…", loc="left", size=8.5, color=INK, pad=4)
        axes.title.set_weight("bold" if strong else "normal")
    if reference:
        said = f"Dashed: {reference[0]}, {number(reference[1], decimals or 0)}"
        figure.text(0.01, 0.04 / height, said, size=8, color=QUIET, va="bottom")
    return figure


def _read(numbers: Any) -> tuple[pd.DataFrame, pd.DatetimeIndex]:
    """Bring numbers into order of time."""
    import pandas as pd

    frame = numbers.to_frame(numbers.name or "numbers") if isinstance(numbers, pd.Series) else numbers
    times = moments(frame.index)
    empty = [str(name) for name in frame.columns if frame[name].isna().all()]
    if not len(frame) or not len(frame.columns) or empty:
        which = f"{', '.join(empty)} has" if empty else "it has"
        raise UsageError(
            f"There is nothing to draw: {which} no numbers.",
            hint="Leave the column out of the chart, and say in its summary that nothing was published.",
        )
    order = times.argsort()
    return frame.iloc[order].astype(float), times[order]


def _chosen(frame: pd.DataFrame, chosen: str | Sequence[str]) -> list[str]:
    strong = [chosen] if isinstance(chosen, str) and chosen else list(chosen)
    if missing := [name for name in strong if name not in frame.columns]:
        raise UsageError(
            f"There is no line {missing[0]!r} to bring out.",
            hint=f"The columns are {', '.join(map(str, frame.columns[:12]))}.",
        )
    return strong


def _named(frame: pd.DataFrame, strong: list[str]) -> list[str]:
    """Tell which lines carry their names: all of a few, of many only those that are brought out."""
    rest = [name for name in frame.columns if name not in strong]
    named = [*strong, *rest] if len(frame.columns) <= _MOST_NAMED else strong
    if not 0 < len(named) <= _MOST_NAMED:
        raise UsageError(
            f"{len(named) or len(rest)} lines cannot be told apart.",
            hint=f"Say which are chosen, at most {_MOST_NAMED}; or draw one small chart for each, with multiples(…).",
        )
    return named


def _lone_points(axes: Any, times: pd.DatetimeIndex, values: pd.Series[float], colour: str) -> None:
    """Mark a number that has no neighbour: a line through one point cannot be seen."""
    there = values.notna()
    alone = (there & ~there.shift(1, fill_value=False) & ~there.shift(-1, fill_value=False)).to_numpy()
    axes.plot(times[alone], values[alone], "o", color=colour, markersize=3.2, zorder=6)


def _references(axes: Any, reference: Sequence[tuple[str, float]], decimals: int | None) -> None:
    for name, level in reference:
        axes.axhline(level, color=PAPER, linewidth=2.6, zorder=5.5)
        axes.axhline(level, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), zorder=5.6)
        text = f"{name} {number(level, decimals or (0 if level == int(level) else 1))}"
        note = axes.annotate(
            text, (0, level), xycoords=("axes fraction", "data"), xytext=(2, 3), textcoords="offset points"
        )
        note.set(size=8, color=INK, zorder=7)
        note.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.85})


def _name(axes: Any, labels: dict[str, list[str]], ends: dict[str, tuple[float, str]], strong: list[str]) -> None:
    """Write the name of each line beside its end, none on another."""
    if not labels:
        return
    low, high = axes.get_ylim()
    inches = axes.get_position().height * axes.figure.get_figheight()
    line = 0.135 / inches * (high - low)
    gap = line * max(len(text) for text in labels.values())
    places = spread([ends[name][0] for name in labels], gap, low, high)
    for (name, text), place in zip(labels.items(), places, strict=True):
        aside(axes, (5, place), "\n".join(text), bold=name in strong, colour=ends[name][1])
