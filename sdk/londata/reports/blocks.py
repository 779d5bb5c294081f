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

if TYPE_CHECKING:
    import pandas as pd


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


def figure(drawing: Any, *, title: str, unit: str, source: str, alt: str, summary: Sequence[str]) -> Block:
    """Show a figure beside what it says in words.

    Parameters
    ----------
    drawing
        A matplotlib figure, for instance from :mod:`londata.geography.figures`.
    title, unit, source
        What the figure is, in which unit and of when, and where the numbers are from.
    alt
        What the figure shows, for those who do not see it.
    summary
        What it says: one paragraph each.

    Returns
    -------
    Block
        The figure with its words.

    Raises
    ------
    UsageError
        One of the texts is empty.
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
    return Block(f"<div class='plate'>{shown}<div class='words'>{words}</div></div>", text)


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    source: str,
    decimals: Mapping[str, int] | None = None,
    chosen: str = "",
    folded: bool = True,
) -> Block:
    """Show a table; its first column names the rows.

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
    head = "".join(f"<th scope='col'{align[name]}>{_safe(name)}</th>" for name in frame.columns)
    body = []
    for row in frame.itertuples(index=False):
        cells = [_cell(value, places.get(name)) for name, value in zip(frame.columns, row, strict=True)]
        rest = "".join(
            f"<td{align[name]}>{cell}</td>" for name, cell in list(zip(frame.columns, cells, strict=True))[1:]
        )
        mark = " class='chosen'" if chosen and str(row[0]) == chosen else ""
        body.append(f"<tr{mark}><th scope='row'>{cells[0]}</th>{rest}</tr>")
    inner = (
        f"<div class='wide' role='region' aria-label='{_safe(caption)}' tabindex='0'><table>"
        f"<caption><span>{_safe(caption)}</span></caption><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
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
