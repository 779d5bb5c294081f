"""The numbers behind the tables of a release, as those who check it read them: in a terminal, and in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from londata.sharing.display.style import card, table
from londata.sharing.display.words import plain, safe

#: Field of a number → what its column is called.
COLUMNS = {
    "place": "Of",
    "value": "Number",
    "contributions": "Contributions",
    "contributors": "People",
    "largest": "Largest contributions",
    "why": "Hidden, because",
}
#: Most rows that a notebook shows of a table; a terminal shows all.
MOST_ROWS = 200


class Workings(dict[str, Any]):
    """Table → the numbers behind each of its cells, as plain values; shown, it is a table for each."""

    def __str__(self) -> str:
        return "\n\n".join("\n".join(_lines(name, said)) for name, said in self.items())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return card("".join(_shown(name, said) for name, said in self.items()))


def in_words(thresholds: Mapping[str, Any]) -> str:
    """Say from when on numbers are hidden, as ``londata.records.Thresholds`` are told; empty where nothing is known."""
    if not thresholds:
        return ""
    return (
        f"counts of fewer than {thresholds.get('minimum')}, and rounds the others to {thresholds.get('base')}; sums of "
        f"which {thresholds.get('dominance_n')} give more than {_number(thresholds.get('dominance_percent'))} %, or "
        f"from which one could work out another to within {_number(thresholds.get('p_percent'))} %"
    )


def _lines(name: str, said: Mapping[str, Any]) -> list[str]:
    lines = [plain(each) for each in _about(name, said)]
    headers, rows = _rows(said)
    cells = [list(headers), *([plain(each) for each in row] for row in rows)]
    if not rows:
        return lines
    widths = [max(len(row[at]) for row in cells) for at in range(len(headers))]
    return lines + ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]


def _shown(name: str, said: Mapping[str, Any]) -> str:
    title, *about = _about(name, said)
    headers, rows = _rows(said)
    cells = [[safe(each) for each in row] for row in rows[:MOST_ROWS]]
    told = "".join(f"<p>{safe(each)}</p>" for each in about)
    if len(rows) > MOST_ROWS:
        told += f"<p>The other {len(rows) - MOST_ROWS:,} rows are in <code>[{safe(repr(name))}]['cells']</code>.</p>"
    return table(safe(title), cells, headers=[*map(safe, headers)]) + told if rows else f"<p>{safe(title)}</p>{told}"


def _about(name: str, said: Mapping[str, Any]) -> list[str]:
    title = str(said.get("title") or name)
    heading = f"{title} ({name})" + (f", {said['unit']}" if said.get("unit") else "")
    if not said.get("cells"):
        return [heading, "It is a table of open data: nothing in it is hidden, and it has no workings."]
    return [heading, f"It hides {in_words(said['thresholds'])}."] if said.get("thresholds") else [heading]


def _rows(said: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Write the cells as texts; a column in which nothing stands is left out."""
    cells: Sequence[Mapping[str, Any]] = said.get("cells") or ()
    names = [name for name in COLUMNS if any(each.get(name) not in (None, "") for each in cells)]
    return [COLUMNS[name] for name in names], [[_said(name, each.get(name)) for name in names] for each in cells]


def _said(name: str, value: Any) -> str:
    if name == "why" and value:
        from londata.disclosure import WHY

        return WHY.get(str(value), str(value))
    if value is None:
        return "–"
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if isinstance(value, float) else str(value)
