"""Several indicators of one area at a glance: each a strip of dots, with London and the chosen area marked."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.geography.figures import BAR, CHOSEN, INK, PAPER, QUIET, Words, framed

if TYPE_CHECKING:
    import pandas as pd

_ROW, _LINE = 1.02, 0.19
_FROM, _TO = 0.035, 0.965


@dataclass(frozen=True)
class Strip:
    """One indicator: its name, what stands in small print beside it, the number of each area, and London's.

    ``chosen`` and ``london`` are numbers with the words in which they are written; a number of ``None`` is one that
    is not published.
    """

    label: str
    note: str
    values: pd.Series[float]
    chosen: tuple[float | None, str]
    london: tuple[float | None, str]


def strips(rows: Sequence[Strip], words: Words, *, chosen: str) -> Any:
    """Draw one strip of dots for each indicator, every one on a scale of its own.

    Parameters
    ----------
    rows
        The indicators, from top to bottom.
    words
        Title, unit and source of the whole figure.
    chosen
        The name of the area to bring out.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to pyplot.
    """
    labels = [textwrap.wrap(strip.label, 41) for strip in rows]
    height = sum(_ROW + _LINE * (len(lines) - 1) for lines in labels)
    figure, axes, bottom, top = framed(height + 0.4, words)
    axes.set_position((0.0, bottom, 1.0, top - bottom))
    axes.set_xlim(0, 1)
    axes.set_ylim(height, -0.4)
    axes.axis("off")
    _key(axes, chosen)
    where = 0.0
    for strip, lines in zip(rows, labels, strict=True):
        for line in lines:
            where += _LINE
            axes.text(0.01, where, line, size=9.5, weight="bold", color=INK, va="bottom")
        _draw(axes, strip, where, chosen)
        where += _ROW - _LINE
    return figure


def _key(axes: Any, chosen: str) -> None:
    """Say once what the marks are; a long name takes a little more room."""
    second = max(0.3, 0.09 + 0.021 * len(chosen))
    marks = (
        (0.02, "o", CHOSEN, 9, chosen),
        (second, "|", INK, 13, "London"),
        (second + 0.21, "o", BAR, 5, "the others"),
    )
    for where, marker, colour, size, text in marks:
        axes.plot(where, -0.2, marker, color=colour, markersize=size, markeredgewidth=2 if marker == "|" else 0)
        weight = "bold" if text == chosen else "normal"
        axes.text(where + 0.03, -0.2, text, size=8.5, va="center", color=INK, weight=weight)


def _draw(axes: Any, strip: Strip, top: float, chosen: str) -> None:
    """Draw what is below the label: small print, the dots, London's mark and the chosen area's."""
    axes.text(0.01, top + 0.1, strip.note, size=9, color=QUIET, va="center")
    known = strip.values.dropna()
    low, high = float(known.min()), float(known.max())
    span = (high - low) or 1.0

    def place(value: float) -> float:
        return _FROM + (value - low) / span * (_TO - _FROM)

    line = top + 0.47
    axes.plot([_FROM, _TO], [line, line], color="#c9d2db", linewidth=1, zorder=1)
    others = known.drop(chosen, errors="ignore")
    axes.plot([place(value) for value in others], [line] * len(others), "o", color=BAR, ms=5, mew=0.6, mec=PAPER)
    if strip.london[0] is not None:
        where = place(strip.london[0])
        axes.plot([where, where], [line - 0.08, line + 0.08], color=PAPER, linewidth=4.5, zorder=3)
        axes.plot([where, where], [line - 0.08, line + 0.08], color=INK, linewidth=2, zorder=4)
        axes.text(where, line + 0.19, strip.london[1], size=9.5, color=INK, va="center", ha=_side(where))
    if strip.chosen[0] is None:
        axes.text(0.99, top + 0.1, strip.chosen[1], size=9.5, weight="bold", color=CHOSEN, va="center", ha="right")
        return
    where = place(strip.chosen[0])
    axes.plot(where, line, "o", color=CHOSEN, markersize=9, mew=1.2, mec=PAPER, zorder=5)
    axes.text(where, line - 0.18, strip.chosen[1], size=10.5, weight="bold", color=CHOSEN, va="center", ha=_side(where))


def _side(where: float) -> str:
    """Keep words inside the figure at both ends of a strip."""
    return "left" if where < 0.12 else "right" if where > 0.88 else "center"
