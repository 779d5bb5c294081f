"""The building blocks of a report's page: key facts, a figure with its words, a table.

Each is shown by a notebook as it is, and styled by the page. Whatever text is handed in is escaped; a figure cannot
be made without a text alternative, a summary in words and a source, a table not without a caption.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.errors import UsageError
from londata.geography.figures import image, number
from londata.reports import figure_data

if TYPE_CHECKING:
    import pandas as pd

#: The most rows of a table behind a figure; the whole is in the files.
ROWS = 60


class Block:
    """A piece of HTML, and what it says in plain text."""

    def __init__(self, markup: str, text: str) -> None:
        self.markup, self.text = markup, text

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Fact:
    """One number that matters: what it is, the number as written, its unit, and what to compare it with."""

    label: str
    value: str
    unit: str
    note: str = ""


def facts(items: Sequence[Fact]) -> Block:
    """Show the few numbers that matter most."""
    markup = "".join(
        f"<div><dt>{_safe(fact.label)}</dt><dd><span class='value'>{_safe(fact.value)} "
        f"<span class='unit'>{_safe(fact.unit)}</span></span> <span class='note'>{_safe(fact.note)}</span></dd></div>"
        for fact in items
    )
    text = "\n".join(f"{fact.label}: {fact.value} {fact.unit}. {fact.note}".strip() for fact in items)
    return Block(f"<dl class='facts'>{markup}</dl>", text)


def figure(
    drawing: Any,
    *,
    title: str,
    unit: str,
    source: str,
    alt: str,
    summary: Sequence[str],
    data: pd.DataFrame | None = None,
    columns: Mapping[str, str] | None = None,
    decimals: Mapping[str, int] | None = None,
    chosen: str = "",
    rows: int = ROWS,
) -> Block:
    """Show a figure beside what it says in words, with the table of its numbers folded behind it.

    In a report the numbers are also kept as a file (CSV, and Parquet if asked), which the page links to.

    Parameters
    ----------
    drawing
        A matplotlib figure, for instance from :mod:`londata.charts` or :mod:`londata.geography.figures`.
    title, unit, source
        What the figure is, in which unit and of when, and where the numbers are from.
    alt
        What the figure shows, for those who do not see it.
    summary
        What it says: one paragraph each.
    data
        The numbers behind it, all of them, in tidy form: one observation for each row, one variable for each column.
    columns
        Column of ``data`` → what it is, with its unit. It heads the column of the table, and describes it in the files.
    decimals
        Column of ``data`` → how many decimals the table writes. Files have every digit.
    chosen
        The row of the table to bring out, by what stands in its first column.
    rows
        The most rows that the table shows; where there are more, it says how many, and where all of them are. 0: no
        table, because the notebook shows one of its own.

    Returns
    -------
    Block
        The figure with its words.

    Raises
    ------
    UsageError
        One of the texts is empty, or the data are not a tidy table.

    Examples
    --------
    >>> import pandas as pd
    >>> from londata.charts import lines
    >>> frame = pd.DataFrame({"day": pd.date_range("2025-03-01", periods=3), "no2": [41.2, None, 38.0]})
    >>> block = figure(
    ...     lines(frame.set_index("day")["no2"]),
    ...     title="Nitrogen dioxide at Euston Road",
    ...     unit="Daily mean, µg/m³, March 2025",
    ...     source="London Air Quality Network",
    ...     alt="Line falling from 41 to 38 µg/m³ over three days, with a gap on the second.",
    ...     summary=["It fell from 41.2 to 38.0 µg/m³; the second day was not measured."],
    ...     data=frame,
    ...     columns={"day": "Day", "no2": "Nitrogen dioxide (µg/m³)"},
    ...     decimals={"no2": 1},
    ... )
    """
    said = {"title": title, "unit": unit, "source": source, "alt": alt, "summary": "".join(summary)}
    if silent := [name for name, text in said.items() if not text.strip()]:
        raise UsageError(
            f"A figure that says nothing as {', '.join(silent)} cannot be shown: not everybody could read it.",
            hint="A figure needs a title, a unit, a source, a text alternative (alt) and a summary in words.",
        )
    words = "".join(f"<p>{_safe(line)}</p>" for line in summary)
    caption = f"<figcaption><strong>{_safe(title)}</strong><span class='unit'>{_safe(unit)}</span></figcaption>"
    shown = f"<figure>{caption}{image(drawing, alt)}<p class='source'>Source: {_safe(source)}.</p></figure>"
    text = "\n".join([f"{title} ({unit})", *summary, f"Source: {source}."])
    plate = f"<div class='plate'>{shown}<div class='words'>{words}</div></div>"
    if data is None:
        return Block(plate, text)
    numbers = figure_data.Numbers.of(data, title=title, unit=unit, source=source, columns=columns)
    behind = _behind(numbers, decimals or {}, chosen=chosen, rows=rows)
    return Block(plate + behind.markup, f"{text}\n{behind.text}".strip())


def _behind(numbers: figure_data.Numbers, decimals: Mapping[str, int], *, chosen: str, rows: int) -> Block:
    """Keep the numbers of a figure, and show the first of them as a table."""
    kept = figure_data.leave(numbers)
    total = len(numbers.frame)
    if not rows:
        return Block(f"<p class='kept' data-numbers='{_safe(kept)}'></p>" if kept else "", "")
    shown = numbers.frame.head(rows)
    whole = "" if len(shown) == total else f"Rows 1 to {len(shown):,} of {total:,}"
    where = f"; all of them are kept as {kept}" if kept else ", without the others"
    note = f"<p class='kept' data-numbers='{_safe(kept)}'>{_safe(whole + where) + '.' if whole else ''}</p>"
    titles = numbers.titles
    behind = table(
        figure_data.written(shown, decimals).set_axis([titles[name] for name in shown.columns], axis=1),
        caption=f"{numbers.title} ({numbers.unit})",
        source=numbers.source,
        decimals={titles[name]: places for name, places in decimals.items() if name in titles},
        chosen=chosen,
    )
    markup = behind.markup.replace("</details>", f"{note}</details>") if whole or kept else behind.markup
    return Block(markup, f"{behind.text}\n{whole}{where}." if whole else behind.text)


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    source: str,
    decimals: Mapping[str, int] | None = None,
    chosen: str = "",
    folded: bool = True,
) -> Block:
    """Show a table; its first column names the rows. Each cell is labelled, for where there is no room for columns.

    Parameters
    ----------
    frame
        What to show, as it stands. A missing number is written “not published”.
    caption, source
        What the table is, with unit and year, and where the numbers are from.
    decimals
        Column → how many decimals to write; these columns are aligned as numbers.
    chosen
        The name of the row to bring out.
    folded
        Whether the reader unfolds it.
    """
    places = decimals or {}
    align = {name: " class='number'" if name in places else "" for name in frame.columns}
    head = "".join(f"<th scope='col' role='columnheader'{align[name]}>{_safe(name)}</th>" for name in frame.columns)
    body = []
    for row in frame.itertuples(index=False):
        cells = [_cell(value, places.get(name)) for name, value in zip(frame.columns, row, strict=True)]
        rest = "".join(
            f"<td role='cell' data-label='{_safe(name)}'{align[name]}>{cell}</td>"
            for name, cell in list(zip(frame.columns, cells, strict=True))[1:]
        )
        mark = " class='chosen'" if chosen and str(row[0]) == chosen else ""
        body.append(f"<tr role='row'{mark}><th scope='row' role='rowheader'>{cells[0]}</th>{rest}</tr>")
    inner = (
        f"<div class='wide' role='region' aria-label='{_safe(caption)}' tabindex='0'><table role='table'>"
        f"<caption><span>{_safe(caption)}</span></caption><thead role='rowgroup'><tr role='row'>{head}</tr></thead>"
        f"<tbody role='rowgroup'>{''.join(body)}</tbody></table></div>"
        f"<p class='source'>Source: {_safe(source)}.</p>"
    )
    if folded:
        inner = f"<details><summary>Show the numbers</summary>{inner}</details>"
    return Block(inner, f"{caption}\n{frame.to_string(index=False)}\nSource: {source}.")


def paragraphs(*lines: str, lead: bool = False) -> Block:
    """Show text that is computed."""
    kind = " class='lead'" if lead else ""
    return Block("".join(f"<p{kind}>{_safe(line)}</p>" for line in lines), "\n".join(lines))


def _cell(value: Any, places: int | None) -> str:
    if value is None or value != value:
        return "not published"
    return _safe(value) if places is None else _safe(number(value, places))


def _safe(value: Any) -> str:
    return html.escape(str(value), quote=True)
