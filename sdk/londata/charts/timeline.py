"""Plans and what became of them: one row for each project, with the plan, the work and what slipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from londata.charts.canvas import SMALL, sheet, time_axis, width_of, wrapped
from londata.errors import UsageError
from londata.geography.figures import CHOSEN, INK, PAPER, QUIET

_PLAN, _WORK = "#b5d2e8", "#0f5187"
_MOST, _TEXT_LINE = 60, 0.135


@dataclass(frozen=True)
class Span:
    """One row: what it is, from when to when, what was planned, and moments on the way.

    ``start`` and ``end`` are what is now expected, or happened; ``planned`` is the first plan, ``milestones`` are
    (day, reached) pairs, and ``note`` is written at the right end, for instance ``"+4 months"``.
    """

    label: str
    start: dt.date
    end: dt.date
    planned: tuple[dt.date, dt.date] | None = None
    milestones: Sequence[tuple[dt.date, bool]] = ()
    note: str = ""
    strong: bool = False


def timeline(rows: Sequence[Span], *, today: dt.date | None = None, today_label: str = "today") -> Any:
    """Draw plans over time: a pale bar for the first plan, a dark one for what is expected now, diamonds on the way.

    A milestone that is reached is filled, one that is not is hollow.

    Parameters
    ----------
    rows
        From top to bottom, at most 60; of a larger programme show those that matter, and hand all to the figure as
        ``data=``.
    today
        The day to mark with an upright line.
    today_label
        What to call it, for instance ``"data of 1 March"``.

    Returns
    -------
    matplotlib.figure.Figure
        Hand it to :func:`londata.reports.blocks.figure`.

    Raises
    ------
    UsageError
        There is no row, there are too many, or one ends before it begins.

    Examples
    --------
    >>> import datetime as dt
    >>> begin, end, later = dt.date(2024, 4, 1), dt.date(2025, 3, 31), dt.date(2025, 7, 31)
    >>> rows = [Span("New library", begin, later, planned=(begin, end), milestones=[(end, True)], note="+4 months")]
    >>> drawing = timeline(rows, today=dt.date(2025, 5, 1))
    """
    _check(rows)
    labels = [wrapped(row.label, 1.2, bold=row.strong) for row in rows]
    heights = [max(0.25, 0.08 + _TEXT_LINE * len(text)) for text in labels]
    left = max(width_of(line, bold=True) for text in labels for line in text) + 0.08
    right = max(width_of(row.note, bold=True) for row in rows)
    keyed = _kinds(rows)
    head = 0.24 if today else 0.06
    figure, axes = sheet(
        sum(heights) + head + 0.38 + 0.12 + 0.2 * bool(keyed),
        left=left,
        right=right + 0.06,
        bottom=0.38 + 0.2 * bool(keyed),
    )
    axes.set_ylim(sum(heights), -head)
    axes.set_yticks([])
    days = [
        day for row in rows for day in (row.start, row.end, *(row.planned or ()), *(each for each, _ in row.milestones))
    ]
    days += [today] if today else []
    first, last = (dt.datetime.combine(day, dt.time()) for day in (min(days), max(days)))
    margin = max((last - first) / 60, dt.timedelta(days=1))
    time_axis(axes, first - margin, last + margin)
    axes.grid(axis="x", color="#e2e7ec", linewidth=0.7)
    axes.set_axisbelow(True)
    top = 0.0
    for row, height, label in zip(rows, heights, labels, strict=True):
        _row(axes, row, top + height / 2, label)
        top += height
    if today:
        axes.axvline(
            today, ymax=1 - 0.16 / (sum(heights) + head), color=INK, linewidth=1.2, linestyle=(0, (4, 2)), zorder=2
        )
        share = (dt.datetime.combine(today, dt.time()) - first) / max(last - first, dt.timedelta(days=1))
        side = "left" if share < 0.2 else "right" if share > 0.8 else "center"
        axes.text(today, -head + 0.05, f"{today_label}", size=SMALL, color=INK, ha=side, va="center")
    _key(figure, keyed)
    return figure


def _check(rows: Sequence[Span]) -> None:
    if not rows or len(rows) > _MOST:
        raise UsageError(
            f"A timeline of {len(rows)} rows cannot be read.",
            hint=f"Show 1 to {_MOST} that matter, and hand all of them to the figure as data=…",
        )
    for row in rows:
        spans = [(row.start, row.end), *([row.planned] if row.planned else [])]
        if any(end < start for start, end in spans):
            raise UsageError(f"“{row.label}” ends before it begins.", hint="Leave it out, and say so in the summary.")


def _row(axes: Any, row: Span, middle: float, label: Sequence[str]) -> None:
    edge, weight = axes.get_yaxis_transform(), "bold" if row.strong else "normal"
    axes.text(
        -0.03, middle, "\n".join(label), transform=edge, ha="right", va="center", size=SMALL, color=INK, weight=weight
    )
    if row.planned:
        axes.barh(middle, row.planned[1] - row.planned[0], left=row.planned[0], height=0.2, color=_PLAN, zorder=3)
    colour = CHOSEN if row.strong else _WORK
    axes.barh(middle, row.end - row.start, left=row.start, height=0.09, color=colour, zorder=4)
    axes.plot([row.end, row.end], [middle - 0.08, middle + 0.08], color=colour, linewidth=2, zorder=4)
    for day, reached in row.milestones:
        axes.plot(day, middle, "D", markersize=4.6, color=INK if reached else PAPER, mec=INK, mew=1.1, zorder=6)
    if row.note:
        axes.text(1.03, middle, row.note, transform=edge, ha="left", va="center", size=SMALL, color=INK, weight=weight)


def _kinds(rows: Sequence[Span]) -> list[str]:
    reached = {reached for row in rows for _, reached in row.milestones}
    found = ["plan", "now expected"] if any(row.planned for row in rows) else []
    return found + ["reached"] * (True in reached) + ["to come"] * (False in reached)


def _key(figure: Any, kinds: Sequence[str]) -> None:
    """Say once what the marks are."""
    from matplotlib.lines import Line2D

    height, wide = figure.get_size_inches()[1], figure.get_size_inches()[0]
    marks: dict[str, dict[str, Any]] = {
        "plan": {"color": _PLAN, "linewidth": 7, "solid_capstyle": "butt"},
        "now expected": {"color": _WORK, "linewidth": 4, "solid_capstyle": "butt"},
        "reached": {"color": INK, "marker": "D", "linestyle": "none", "markersize": 4.6},
        "to come": {"color": INK, "marker": "D", "linestyle": "none", "markersize": 4.6, "markerfacecolor": PAPER},
    }
    where = 0.06
    for kind in kinds:
        level, bar = 0.09 / height, kind in ("plan", "now expected")
        ends = [where / wide, (where + 0.2) / wide] if bar else [(where + 0.1) / wide]
        figure.add_artist(Line2D(ends, [level] * len(ends), transform=figure.transFigure, **marks[kind]))
        figure.text((where + 0.27) / wide, level, kind, size=SMALL, color=QUIET, va="center")
        where += 0.42 + width_of(kind)
