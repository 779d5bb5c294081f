"""A receipt in words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from londata.readlog import credit
from londata.reports.receipts.noted import sources
from londata.reports.receipts.record import Receipt

_SHORT = 12
_WIDEST = 60


def told(receipt: Receipt) -> str:
    """Say what a receipt has: its sentence, what was read and joined, what came out, and what to mind.

    Parameters
    ----------
    receipt
        The receipt.

    Returns
    -------
    str
        Lines for a terminal.
    """
    parts = [
        f"{receipt.title}\n{receipt.sentence}",
        "\n".join(_facts(receipt)),
        _table("Read", ("Data", "Rows", "Version", "SHA-256", "From", "Terms"), map(_read, sources(receipt.reads))),
        _table("Joined", ("Join", "Keys", "How", "Rows", "Matched", "Unmatched"), map(_join, receipt.joins)),
        _table("Files", ("File", "Bytes", "SHA-256"), map(_output, receipt.outputs)),
        _warning(receipt),
    ]
    return "\n\n".join(filter(None, parts))


def warnings(receipt: Receipt) -> list[str]:
    """List what went around the register, one sentence each."""
    return [f"{each['what']}: {each['how']}" for each in receipt.around]


def _facts(receipt: Receipt) -> Iterator[str]:
    known = {
        "Ended": f"{receipt.status}{f': {receipt.problem}' if receipt.problem else ''}",
        "Project": receipt.project,
        "Purpose": receipt.purpose,
        "Series": receipt.series,
        "Licence": receipt.licence,
        "Run": f"{receipt.started} to {receipt.ended}",
        "Code": _code(receipt.environment),
        "Receipt": f"SHA-256 {receipt.sha256}",
    }
    for name, value in known.items():
        if value:
            yield f"{name + ':':9} {value}"


def _code(environment: Mapping[str, str]) -> str:
    commit = f", commit {environment['commit'][:_SHORT]}" if environment.get("commit") else ""
    return f"londata {environment.get('londata', 'not stated')}{commit}, Python {environment.get('python', '?')}"


def _read(each: Mapping[str, Any]) -> tuple[str, ...]:
    shape = " × ".join(f"{size:,} {name}" for name, size in each["dimensions"].items())
    terms = f"under {each['agreement']}" if each["agreement"] else each["licence"] or each["access"] or "not stated"
    line = f", line {each['decision']} of the log" if each["decision"] is not None else ""
    return (
        f"{each['entry']}/{each['distribution']}",
        shape or ("not counted" if each["rows"] is None else f"{each['rows']:,}"),
        each["version"] or "not stated",
        each["sha256"][:_SHORT],
        credit(each["publisher"], each["creators"]),
        terms + line,
    )


def _join(each: Mapping[str, Any]) -> tuple[str, ...]:
    def count(name: str) -> str:
        return "not counted" if each[name] is None else f"{each[name]:,}"

    return (
        each["name"] or "no name",
        ", ".join(each["keys"]) or "none",
        each["how"],
        f"{count('left_rows')} + {count('right_rows')} → {count('rows')}",
        count("matched"),
        f"{count('unmatched_left')} left, {count('unmatched_right')} right",
    )


def _output(each: Mapping[str, Any]) -> tuple[str, ...]:
    size = "not stated" if each["size_bytes"] is None else f"{each['size_bytes']:,}"
    return each["name"], size, each["sha256"][:_SHORT]


def _warning(receipt: Receipt) -> str:
    if not receipt.around:
        return ""
    lines = "".join(f"\n  {each}" for each in warnings(receipt))
    return f"Mind: this went around the register, so nobody can say on which terms it was read.{lines}"


def _table(title: str, headers: Sequence[str], rows: Any) -> str:
    """Lay out rows in columns; a long cell is cut with an ellipsis, because the receipt has all of it."""
    cells = [tuple(each if len(each) <= _WIDEST else f"{each[: _WIDEST - 1]}…" for each in row) for row in rows]
    if not cells:
        return ""
    widths = [max(len(row[place]) for row in (headers, *cells)) for place in range(len(headers))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (headers, *cells)]
    return f"{title}\n" + "\n".join(f"  {line.rstrip()}" for line in lines)
