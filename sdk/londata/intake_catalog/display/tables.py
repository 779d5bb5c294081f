"""A catalog as a table: how many entries, the first of them, and how they are spread."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from londata.errors import LondataError
from londata.intake_catalog.display.words import plain, safe
from londata.query import FACETS, Query, SearchResult
from londata.register import Register
from londata.sharing.display.style import card, code, table

ROWS_HTML, ROWS_TEXT = 20, 10
COUNTED = ("publisher", "access", "format")
MAX_VALUES = 6


def catalog_text(register: Register, query: Query) -> str:
    """Write a catalog for a terminal; a register that does not answer is a sentence, not an error in ``repr``."""
    try:
        found = register.search(query, limit=ROWS_TEXT, facets=COUNTED)
    except LondataError as error:
        return f"Catalog of {register.address}: {error}"
    lines = [_headline(found, query)]
    width = max((len(entry.key) for entry in found.entries), default=0)
    lines += [
        f"  {entry.key:<{min(width, 40)}}  {plain(entry.title, 60)}, {plain(entry.publisher.name, 40)}"
        f"{'' if entry.access == 'open' else f' ({entry.access})'}"
        for entry in found.entries
    ]
    if found.total > len(found.entries):
        lines.append(f"  … and {found.total - len(found.entries):,} more")
    lines += [f"{name}: {values}" for name, values in _counts(found).items()]
    if found.total == 0:
        lines += [plain(sentence, 300) for sentence in _unknown(register, query)]
    return "\n".join(lines)


def catalog_html(register: Register, query: Query) -> str:
    """Write a catalog for a notebook."""
    try:
        found = register.search(query, limit=ROWS_HTML, facets=COUNTED)
    except LondataError as error:
        return card(f"<p>{safe(str(error), 400)}</p>")
    shown = len(found.entries)
    caption = html.escape(_headline(found, query)) + (f"; the first {shown} are" if found.total > shown else "")
    rows = [
        (
            safe(entry.title, 120),
            safe(entry.publisher.name, 80),
            safe(entry.access),
            safe(", ".join(entry.formats), 60),
            code(f"catalog.{html.escape(entry.key)}"),
        )
        for entry in found.entries
    ]
    body = table(caption, rows, headers=("Title", "Publisher", "Access", "Formats", "In code")) if rows else ""
    counts = "".join(f"<p>By {name}: {safe(values, 400)}</p>" for name, values in _counts(found).items())
    return card((body or f"<p>{caption}</p>") + counts + _hint(register, query, found))


def themes_text(titles: Mapping[str, str]) -> str:
    """Write the themes for a terminal."""
    width = max((len(key) for key in titles), default=0)
    lines = [f"  catalog.themes.{key:<{width}}  {plain(title, 100)}" for key, title in titles.items()]
    return "\n".join([f"{len(titles)} themes", *lines])


def themes_html(titles: Mapping[str, str]) -> str:
    """Write the themes for a notebook."""
    rows = [(safe(title, 120), f"<code>catalog.themes.{html.escape(key)}</code>") for key, title in titles.items()]
    return card(table(f"{len(titles)} themes", rows, headers=("Theme", "In code")))


def _headline(found: SearchResult, query: Query) -> str:
    count = "1 entry" if found.total == 1 else f"{found.total:,} entries"
    words = [f"“{plain(query.text, 80)}”"] if query.text else []
    words += [f"{name} {plain(' or '.join(filter(None, values)), 80)}" for name, values in query.filters.items()]
    return f"{count}{' for ' if words else ''}{', '.join(words)}"


def _counts(found: SearchResult) -> dict[str, str]:
    """Say for each counted facet how many entries have which value, most frequent first."""
    counts = {}
    for name, pairs in found.facets.items():
        shown = [f"{plain(value, 60)} {count:,}" for value, count in pairs[:MAX_VALUES]]
        more = [f"{len(pairs) - MAX_VALUES:,} others"] if len(pairs) > MAX_VALUES else []
        if shown:
            counts[name] = ", ".join([*shown, *more])
    return counts


def _hint(register: Register, query: Query, found: SearchResult) -> str:
    if found.total == 0:
        if unknown := list(_unknown(register, query)):
            return "".join(f"<p>{safe(sentence, 300)}</p>" for sentence in unknown)
        return "<p>Nothing fits. Try fewer words, or <code>catalog.facets()</code> to see what there is.</p>"
    if found.total > len(found.entries):
        return '<p>Narrow it with <code>.search("words", publisher="…", access="open", format="csv")</code>.</p>'
    return ""


def _unknown(register: Register, query: Query) -> Iterator[str]:
    """Name the filter values that nothing in the whole register has, and what is near; only where nothing fits."""
    try:
        for name, values in query.filters.items():
            if name in FACETS:
                yield from (
                    f"No entry has {name} “{value}”{_near(register, name, value)}"
                    for value in filter(None, values)
                    if not register.count(Query().narrowed(**{name: value}))
                )
    except LondataError:  # the register does not answer any more: there is nothing to suggest
        return


def _near(register: Register, name: str, value: str) -> str:
    pairs = register.search(Query(), limit=0, facets=(name,)).facets.get(name, ())
    there = {each.casefold(): each for each, _ in pairs}
    near = [there[each] for each in get_close_matches(value.casefold(), there)]
    return f"; did you mean {' or '.join(near)}?" if near else "."
