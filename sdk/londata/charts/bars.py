"""Numbers as bars: lying ones for things with names, standing ones for times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from londata.charts.canvas import LINE, SMALL, room_for_scale, scale, sheet, width_of, wrapped
from londata.errors import UsageError
from londata.geography.figures import BAR, CHOSEN, INK, PAPER, QUIET, WIDTH, number

if TYPE_CHECKING:
    import pandas as pd

#: Fill, hatch: three kinds that differ in lightness and pattern, so that colour is not needed.
_KINDS = (("#0f5187", ""), ("#b5d2e8", "////"), ("#4a5866", "...."))
_ROW, _TEXT_LINE = 0.25, 0.135
_MOST_ROWS, _MOST_COLUMNS = 60, 130


def bars(
    numbers: pd.Series[float] | pd.DataFrame,
    *,
    chosen: str = "",
    reference: tuple[str, float] | None = None,
    decimals: int = 0,
    missing: str = "no figure",
) -> Any:
    """Draw one lying bar for each row, in the order given, with its number written at its end.

    With a frame of two or three columns each row has that many bars, told apart by lightness and pattern, and a key.

    Parameters
    ----------
    numbers
        Name → number, at most 60; sort them as they should be read. Numbers below zero go to the left.
    chosen
        The row to bring out.
    reference
        Name and height of a line to compare with, for instance ``("London", 5598)``.
    decimals
        How many decimals to write.
    missing
        What is written where there is no number.

    Returns
    -------
    matplotlib.figure.Figure
        Hand it to :func:`londata.reports.blocks.figure`.

    Raises
    ------
    UsageError
        There is nothing to draw, or more than can be read.

    Examples
    --------
    >>> import pandas as pd
    >>> offences = pd.Series({"Violence": 812, "Theft": 640, "Burglary": 155})
    >>> drawing = bars(offences, chosen="Theft", reference=("average", 536))
    """
    frame = _frame(numbers)
    kinds = len(frame.columns)
    labels = [wrapped(str(name), 1.35, bold=str(name) == chosen) for name in frame.index]
    heights = [max(_ROW * (0.62 * kinds + 0.38), 0.1 + _TEXT_LINE * len(text)) for text in labels]
    head = 0.26 if kinds > 1 or reference else 0.04
    left = max(width_of(line, bold=True) for text in labels for line in text) + 0.1
    written = [number(value, decimals) if value == value else missing for value in frame.to_numpy().ravel()]
    right = max(width_of(text, bold=True) for text in written) + 0.1
    figure, axes = sheet(sum(heights) + head + 0.16, left=left, right=right, bottom=0.06)
    axes.set_ylim(sum(heights), -head)
    axes.set_xticks([])
    low, high = min(0.0, float(frame.min().min())), max(0.0, float(frame.max().max()))
    if reference:
        low, high = min(low, reference[1]), max(high, reference[1])
    room = axes.get_position().width * WIDTH
    before = (right / max(room - right, 0.4)) * (high - low) if low < 0 else 0.0
    axes.set_xlim(low - before, high if high > low else 1.0)
    _rows(axes, frame, heights, labels, chosen=chosen, decimals=decimals, missing=missing)
    axes.axvline(0, ymax=sum(heights) / (sum(heights) + head), color=QUIET, linewidth=1, zorder=4)
    if reference:
        _reference(axes, *reference, decimals=decimals, middle=(low + high) / 2)
    elif kinds > 1:
        _key(figure, [str(name) for name in frame.columns])
    return figure


def columns(
    numbers: pd.Series[float] | pd.DataFrame,
    *,
    chosen: Sequence[str] = (),
    reference: tuple[str, float] | None = None,
    decimals: int = 0,
    height: float = 2.2,
) -> Any:
    """Draw one standing bar for each row, with a scale at the left: for months, years, hours of a day.

    With a frame of two or three columns each row has that many bars side by side, with a key above.

    Parameters
    ----------
    numbers
        Label → number, in order, at most 130. Labels that do not fit are left out evenly; the first and the last stay.
    chosen
        The rows to bring out.
    reference
        Name and height of a line to compare with.
    decimals
        How many decimals to write.
    height
        Inches.

    Returns
    -------
    matplotlib.figure.Figure
        Hand it to :func:`londata.reports.blocks.figure`.

    Raises
    ------
    UsageError
        There is nothing to draw, or more than can be read.

    Examples
    --------
    >>> import pandas as pd
    >>> places = pd.DataFrame({"Places": [510, 520], "Pupils": [498, 531]}, index=["2024/25", "2025/26"])
    >>> drawing = columns(places)
    """
    frame = _frame(numbers, _MOST_COLUMNS)
    kinds = len(frame.columns)
    levels = [reference[1]] if reference else []
    low, high = min([0.0, float(frame.min().min()), *levels]), max([0.0, float(frame.max().max()), *levels])
    figure, axes = sheet(height + (0.2 if kinds > 1 else 0), left=room_for_scale(low, high, decimals), bottom=0.36)
    if kinds > 1:
        _key(figure, [str(name) for name in frame.columns])
        where = axes.get_position()
        axes.set_position((where.x0, where.y0, where.width, where.height - 0.22 / figure.get_figheight()))
    wide = 0.8 / kinds
    for place, name in enumerate(frame.columns):
        fill, hatch = _KINDS[place] if kinds > 1 else (BAR, "")
        colours = [CHOSEN if str(row) in chosen else fill for row in frame.index]
        where = [row + (place - (kinds - 1) / 2) * wide for row in range(len(frame))]
        axes.bar(
            where, frame[name].fillna(0), width=wide * 0.94, color=colours, hatch=hatch, edgecolor=PAPER, linewidth=0
        )
    scale(axes, low, high)
    axes.set_xlim(-0.6, len(frame) - 0.4)
    _below(axes, [str(row) for row in frame.index], chosen)
    _missing(axes, frame)
    if reference:
        axes.axhline(reference[1], color=INK, linewidth=1.2, linestyle=(0, (4, 2)), zorder=5)
        text = f"{reference[0]} {number(reference[1], decimals)}"
        note = axes.text(-0.5, reference[1], text, size=SMALL, color=INK, va="bottom", zorder=6)
        note.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.85})
    return figure


def _frame(numbers: Any, most: int = _MOST_ROWS) -> pd.DataFrame:
    import pandas as pd

    frame = numbers.to_frame(numbers.name or "numbers") if isinstance(numbers, pd.Series) else numbers
    if not len(frame) or not len(frame.columns) or frame.isna().all(axis=None):
        raise UsageError(
            "There is nothing to draw: no bar has a number.", hint="Say in words that nothing was published."
        )
    if len(frame) > most or len(frame.columns) > len(_KINDS):
        raise UsageError(
            f"{len(frame)} rows of {len(frame.columns)} bars cannot be read.",
            hint=f"Draw at most {most} rows and {len(_KINDS)} kinds, and hand the whole to the figure as data=…",
        )
    return frame.astype(float)


def _rows(
    axes: Any,
    frame: pd.DataFrame,
    heights: Sequence[float],
    labels: Sequence[Sequence[str]],
    *,
    chosen: str,
    decimals: int,
    missing: str,
) -> None:
    """Draw the bars of every row from top to bottom, its name at the left and each number at the end of its bar."""
    top, kinds = 0.0, len(frame.columns)
    edge = axes.get_yaxis_transform()
    for (name, row), height, label in zip(frame.iterrows(), heights, labels, strict=True):
        strong = str(name) == chosen
        weight = "bold" if strong else "normal"
        middle = top + height / 2
        axes.text(
            -0.03,
            middle,
            "\n".join(label),
            transform=edge,
            ha="right",
            va="center",
            size=SMALL,
            color=INK,
            weight=weight,
        )
        thick = min(height * 0.78, _ROW * 0.72 * kinds) / kinds
        for place, value in enumerate(row):
            where = middle + (place - (kinds - 1) / 2) * thick
            fill, hatch = _KINDS[place] if kinds > 1 else (CHOSEN if strong else BAR, "")
            known = value == value
            if known:
                axes.barh(
                    where, value, height=thick * 0.94, color=fill, hatch=hatch, edgecolor=PAPER, linewidth=0, zorder=3
                )
            _write_number(axes, value, where, number(value, decimals) if known else missing, weight)
        top += height
    axes.set_yticks([])


def _write_number(axes: Any, value: float, where: float, text: str, weight: str) -> None:
    """Write a number at the end of its bar."""
    known = value == value
    left = known and value < 0
    note = axes.annotate(
        text,
        (value if known else 0, where),
        xytext=(-3 if left else 3, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        size=SMALL,
        color=INK if known else QUIET,
        weight=weight,
        zorder=6,
    )
    note.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 0.6})


def _reference(axes: Any, name: str, level: float, *, decimals: int, middle: float) -> None:
    axes.axvline(level, ymax=0.98, color=PAPER, linewidth=3, zorder=4)
    axes.axvline(level, ymax=0.98, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), zorder=5)
    side = "left" if level < middle else "right"
    top = axes.get_ylim()[1]
    axes.annotate(
        f"{name} {number(level, decimals)}",
        (level, top / 2),
        xytext=(4 if side == "left" else -4, 0),
        textcoords="offset points",
        ha=side,
        va="center",
        size=SMALL,
        color=INK,
        annotation_clip=False,
    )


def _key(figure: Any, names: Sequence[str]) -> None:
    """Say above the plot what the kinds of bars are."""
    from matplotlib.patches import Rectangle

    height, where = figure.get_figheight(), 0.04
    for (fill, hatch), name in zip(_KINDS, names, strict=False):
        box = Rectangle(
            (where / WIDTH, 1 - 0.17 / height),
            0.16 / WIDTH,
            0.11 / height,
            facecolor=fill,
            hatch=hatch,
            edgecolor=PAPER,
            linewidth=0,
            transform=figure.transFigure,
        )
        figure.add_artist(box)
        figure.text((where + 0.21) / WIDTH, 1 - 0.115 / height, name, size=SMALL, color=INK, va="center")
        where += 0.38 + width_of(name)


def _below(axes: Any, names: Sequence[str], chosen: Sequence[str]) -> None:
    """Write as many names below the bars as fit."""
    room = axes.get_position().width * WIDTH
    widest = max(max(width_of(line) for line in name.split("\n")) for name in names) + 0.1
    step = max(1, -(-len(names) * widest // room))
    shown = sorted({*range(0, len(names), int(step)), len(names) - 1})
    if len(shown) > 2 and shown[-1] - shown[-2] < step:
        shown.pop(-2)
    axes.set_xticks(shown, [names[each] for each in shown])
    for label, each in zip(axes.get_xticklabels(), shown, strict=True):
        label.set_weight("bold" if names[each] in chosen else "normal")


def _missing(axes: Any, frame: pd.DataFrame) -> None:
    """Mark where there is no number: an empty place would be read as zero."""
    gaps = [row for row, gone in enumerate(frame.isna().any(axis=1)) if gone]
    for row in gaps:
        axes.text(row, 0, "×", ha="center", va="bottom", size=SMALL, color=QUIET)
    if gaps:
        axes.annotate("× no figure", (1, 1), xycoords="axes fraction", ha="right", va="bottom", size=SMALL, color=QUIET)
        axes.spines["top"].set(visible=False, color=LINE)
