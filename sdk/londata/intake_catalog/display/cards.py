"""One entry as a card: what it is, on which terms, how fresh, what a row is, and the line that reads it."""

from __future__ import annotations

import datetime as dt
import html
import textwrap
from collections.abc import Callable, Sequence

from londata.access import in_words
from londata.intake_catalog.display.access import access_facts, code_lines, standing_of
from londata.intake_catalog.display.words import clean, freshness, link, plain, safe
from londata.records import Entry, Insight, Service, key_of
from londata.records.vocabulary import NOT_STATED
from londata.sharing.display.style import card, table
from londata.sharing.standing import Standing

MAX_COLUMNS = 30
#: Long enough for an attribution, which a licence wants whole.
MAX_FACT = 1_000
_KINDS = {"dataset": "dataset", "service": "service", "insight": "insight", "list": "reference list"}
#: A label, and the value as it stands in a record, not yet safe to show.
Fact = tuple[str, str]


def facts(record: Entry, today: dt.date, standing: Standing | None = None) -> list[Fact]:
    """List what there is to say about an entry in single lines, in the order in which people ask.

    Parameters
    ----------
    record
        The entry.
    today
        Against which its freshness is told.
    standing
        How the caller stands towards it, where it is not open.
    """
    geography = record.geography
    where = f"{geography.level}{f', boundaries of {geography.vintage}' if geography.vintage else ''}"
    period = record.period
    span = dict.fromkeys(in_words(each) if each else "…" for each in (period.start, period.end))
    found = [
        ("Publisher", record.publisher.name),
        *access_facts(record, standing),
        ("Licence", record.licence_title),
        ("Freshness", freshness(record, today)),
        ("A row is", record.grain),
        ("Areas", "" if geography.level == NOT_STATED else where),
        ("Covers", " to ".join(span) if period.start or period.end else ""),
        ("Joins on", ", ".join(f"{key.column} ({key.scheme} {key.vintage})".replace(" )", ")") for key in record.keys)),
        ("Formats", ", ".join(record.formats)),
        ("Topics", ", ".join(record.topics)),
        ("Attribution", record.attribution),
        ("Mind", "; ".join(record.flags)),
    ]
    if isinstance(record, Insight):
        found += _insight_facts(record)
    if isinstance(record, Service):
        found += [("Endpoint", record.endpoint), ("Documentation", record.documentation)]
    return [(label, value) for label, value in found if value]


def _insight_facts(record: Insight) -> list[Fact]:
    return [
        ("Form", record.form),
        ("Mind", record.stale),
        ("Owner", record.owner),
        ("Version", str(record.version or "")),
        ("Last run", f"{record.last_run:%d %B %Y, %H:%M}".lstrip("0") if record.last_run else ""),
        ("For", _audience(record)),
        ("Public benefit", record.public_benefit),
        ("Method", record.method),
        ("Limits", record.limits),
        ("Uses", ", ".join(f"catalog.{key_of(slug)}" for slug in record.uses)),
        ("Open it at", record.address),
    ]


def _audience(record: Insight) -> str:
    """Say for whom an insight is, where that is known."""
    if record.open_to_all:
        return "everybody, without a log-in"
    return ", ".join(_reader(each) for each in record.audience)


def _reader(reader: str) -> str:
    kind, _, name = reader.partition(":")
    return f"named people ({name})" if kind == "people" else name.removeprefix("org-")


def entry_text(record: Entry, address: str = "") -> str:
    """Write the card for a terminal; ``address`` is that of the register that the record is from."""
    standing = standing_of(record, address)
    lines = [f"{plain(record.title)} ({_KINDS[record.kind]})"]
    if record.summary:
        lines += textwrap.wrap(plain(record.summary), 100)
    told = facts(record, dt.date.today(), standing)
    lines += [f"  {label + ':':<14} {plain(value, MAX_FACT)}" for label, value in told]
    if record.landing_page:
        lines.append(f"  {'More:':<14} {plain(record.landing_page, 200)}")
    if names := [_column_text(column.name, column.unit) for column in record.columns]:
        lines += textwrap.wrap(
            f"Columns:       {_listed(names, plain)}", 100, initial_indent="  ", subsequent_indent=" " * 17
        )
    return "\n".join([*lines, *(f"  {plain(line, 400)}" for line in code_lines(record, standing, address))])


def entry_html(record: Entry, insights: Sequence[Entry] = (), address: str = "") -> str:
    """Write the card for a notebook.

    Parameters
    ----------
    record
        The entry.
    insights
        The insights that are built on it.
    address
        Of the register that the record is from.
    """
    standing = standing_of(record, address)
    rows = [(label, _fact_html(label, value)) for label, value in facts(record, dt.date.today(), standing)]
    if record.landing_page:
        rows.append(("More", link(record.landing_page)))
    if insights:
        built = (f"{safe(each.title, 120)} <code>catalog.{html.escape(each.key)}</code>" for each in insights)
        rows.append(("Insights", "<br>".join(built)))
    parts = [
        f'<div role="heading" aria-level="3" class="londata-title">{safe(record.title)} '
        f'<span class="londata-kind">{_KINDS[record.kind]}</span></div>',
        f"<p>{safe(record.summary or record.description, 600)}</p>" if record.summary or record.description else "",
        table("What the register says", rows, row_headers=True),
        _columns_html(record),
        "".join(
            f"<pre><code>{html.escape(clean(line, 400))}</code></pre>" for line in code_lines(record, standing, address)
        ),
    ]
    return card("".join(parts))


def _columns_html(record: Entry) -> str:
    if not record.columns:
        return ""
    shown = record.columns[:MAX_COLUMNS]
    rows = [
        (f"<code>{safe(each.name, 80)}</code>", each.type, safe(each.unit, 60), safe(each.meaning)) for each in shown
    ]
    more = f" (first {MAX_COLUMNS} of {len(record.columns)})" if len(record.columns) > MAX_COLUMNS else ""
    return table(f"Columns{more}", rows, headers=("Name", "Type", "Unit", "Meaning"))


def _fact_html(label: str, value: str) -> str:
    if label == "Access":
        return f'<span class="londata-chip">{safe(value)}</span>'
    return link(value) if label in ("Open it at", "Endpoint", "Documentation") else safe(value, MAX_FACT)


def _column_text(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit else name


def _listed(names: Sequence[str], show: Callable[[str, int], str]) -> str:
    more = [f"… and {len(names) - MAX_COLUMNS} more"] if len(names) > MAX_COLUMNS else []
    return ", ".join([*(show(name, 60) for name in names[:MAX_COLUMNS]), *more])
