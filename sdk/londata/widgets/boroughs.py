"""The boroughs' numbers, and what can be said about them in words and in a table.

Pure: tables in, text out. The words say what chart and map show, for readers who do not see the pictures.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from londata.geography.figures import Words, number

if TYPE_CHECKING:
    import pandas as pd

LONDON = "E12000007"


@dataclass(frozen=True)
class Indicator:
    """One indicator for all boroughs.

    Parameters
    ----------
    key, label, unit, year, source
        What it is called, what the numbers count, when, and who says so.
    values
        GSS code of the borough → number, in the order of codes; ``NaN`` where there is no figure.
    london
        The figure for London as a whole; ``NaN`` where there is none.
    adds_up
        London is the boroughs' sum (residents), so that a borough compares with the average borough, not with London.
    """

    key: str
    label: str
    unit: str
    year: str
    source: str
    values: pd.Series[float]
    london: float
    adds_up: bool

    @property
    def decimals(self) -> int:
        """How many decimals say enough."""
        return 0 if self.values.abs().max() >= 100 else 1

    @property
    def reference(self) -> tuple[str, float]:
        """What a borough compares with: its name in words, and its number."""
        return ("Average borough", float(self.values.mean())) if self.adds_up else ("London", self.london)

    @property
    def words(self) -> Words:
        """What stands around a picture of this indicator."""
        source = self.source if self.source.startswith("Computed:") else f"Source: {self.source}"
        return Words(self.label, f"{self.unit}, {self.year}", f"{source}.")

    @property
    def ranks(self) -> pd.Series[int]:
        """Code → place, 1 for the highest number; boroughs without a figure have no place."""
        return self.values.rank(ascending=False, method="min").dropna().astype(int)

    def text(self, value: float) -> str:
        """Write one of its numbers."""
        return number(value, self.decimals)

    def said(self, value: float) -> str:
        """Write one of its numbers for a sentence: ``£560,000``, ``45.4%``, ``8,584``."""
        if self.unit == "£":
            return f"£{self.text(value)}"
        return f"{self.text(value)}{'%' if self.unit.startswith('%') else ''}"

    def amount(self, value: float) -> str:
        """Write one of its numbers with all of its unit: ``£560,000``, ``45.4% of LSOAs``, ``8,584 people``."""
        return f"{self.said(value)} {self.unit.removeprefix('£').removeprefix('%').strip()}".strip()

    def difference(self, value: float) -> tuple[str, int]:
        """Say how far a number is from what it compares with, and on which side.

        Returns
        -------
        tuple[str, int]
            ``("56%", 1)``: 56 per cent above; ``("2.1 points", -1)`` below, for numbers that are shares themselves.
        """
        _, level = self.reference
        if self.unit.startswith("%"):
            size, unit = number(abs(value - level), 1), " points"
        else:
            size, unit = number(abs(value / level - 1) * 100 if level else float("nan")), "%"
        return f"{size}{unit}", 0 if size in ("0", "0.0", "–") else 1 if value > level else -1


def gather(long: pd.DataFrame) -> dict[str, Indicator]:
    """Bring the indicators together, in the order of the table.

    Parameters
    ----------
    long
        One row per area and indicator: ``code``, ``indicator``, ``label``, ``unit``, ``year``, ``value``,
        ``source``; London's own figure under ``E12000007``.
    """
    codes = sorted(set(long["code"]) - {LONDON})
    found: dict[str, Indicator] = {}
    for key, rows in long.groupby("indicator", sort=False):
        first, numbers = rows.iloc[0], rows.set_index("code")["value"].astype(float)
        values, london = numbers.reindex(codes), float(numbers.get(LONDON, float("nan")))
        found[str(key)] = Indicator(
            key=str(key),
            label=str(first["label"]),
            unit=str(first["unit"]),
            year=str(first["year"]),
            source=str(first["source"]),
            values=values,
            london=london,
            adds_up=bool(london > values.max() and london >= 0.9 * values.sum()),
        )
    return found


def ordinal(place: int) -> str:
    """Write a place in order: ``1st``, ``2nd``, ``3rd``, ``11th``."""
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def summary(indicator: Indicator, code: str, names: Mapping[str, str], neighbours: Sequence[str]) -> str:
    """Say in words, as HTML paragraphs, what chart and map show about one borough.

    Parameters
    ----------
    indicator, code
        What is shown, and the borough that is brought out.
    names
        Code → name, for all boroughs.
    neighbours
        Codes of the boroughs beside it on the map.
    """
    name, value, values = names[code], indicator.values[code], indicator.values
    say = indicator.said
    if value != value:
        first = f"<strong>{_safe(name)}: no figure</strong> for “{_safe(indicator.label)}”."
    else:
        first = f"<strong>{_safe(name)}: {_safe(indicator.amount(value))}</strong> ({_safe(indicator.year)})."
        first += f" That is the {_place(indicator, code)} of {len(indicator.ranks)} boroughs"
        reference, level = indicator.reference
        if level == level:
            size, side = indicator.difference(value)
            compared = f"{size} {'above' if side > 0 else 'below'}" if side else "as high as"
            first += f", {compared} {_in_sentence(reference)} ({say(level)})"
        first += "."
    second = (
        f"Highest is {_safe(names[str(values.idxmax())])} ({say(values.max())}), "
        f"lowest {_safe(names[str(values.idxmin())])} ({say(values.min())})."
    )
    if indicator.adds_up and indicator.london == indicator.london:
        second += f" London as a whole: {say(indicator.london)}."
    around = ", ".join(f"{_safe(names[other])} ({say(values[other])})" for other in neighbours)
    third = f"On the map, {_safe(name)} lies next to {around}." if around else ""
    return "".join(f"<p>{text}</p>" for text in (first, second, third) if text)


def table(indicator: Indicator, code: str, names: Mapping[str, str]) -> str:
    """Lay out all boroughs in order of name, London below, the chosen one marked; an HTML table.

    Parameters
    ----------
    indicator
        What is shown.
    code
        The GSS code of the chosen borough.
    names
        GSS code → name, of every borough.

    Returns
    -------
    str
        HTML, one row per borough, with everything escaped.
    """
    reference, _ = indicator.reference
    rows = []
    for other in sorted(names, key=names.__getitem__):
        value = indicator.values[other]
        size, side = indicator.difference(value)
        mark = ' class="chosen" aria-current="true"' if other == code else ""
        sign = "▸ " if other == code else ""
        known = value == value
        rows.append(
            f'<tr{mark}><th scope="row">{sign}{_safe(names[other])}</th>'
            f"<td>{indicator.text(value) if known else 'no figure'}</td>"
            f"<td>{indicator.ranks[other] if known else '–'}</td>"
            f"<td>{('−', '', '+')[side + 1]}{size}</td></tr>"
        )
    london = indicator.text(indicator.london)
    return (
        f"<table><caption>{_safe(indicator.label)}: {_safe(indicator.unit)}, {_safe(indicator.year)}. "
        f"{_safe(indicator.words.source)}</caption>"
        f'<thead><tr><th scope="col">Borough</th><th scope="col">Figure</th><th scope="col">Place</th>'
        f'<th scope="col">Against {_in_sentence(reference)}</th></tr></thead><tbody>{"".join(rows)}</tbody>'
        f'<tfoot><tr><th scope="row">London</th><td>{london}</td><td></td><td></td></tr></tfoot></table>'
    )


def _place(indicator: Indicator, code: str) -> str:
    rank, value = int(indicator.ranks[code]), indicator.values[code]
    if value == indicator.values.min():
        return "lowest"
    return "highest" if rank == 1 else f"{ordinal(rank)} highest"


def _in_sentence(reference: str) -> str:
    return "London" if reference == "London" else f"the {reference.lower()}"


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
