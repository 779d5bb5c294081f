"""The page of one insight: what it says, what it rests on, who may open it. Pure: facts in, HTML out.

Titles, texts and names are other people's words; every one is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from londata.access.labels import shows_released_tables
from londata.records import Insight
from londata.records.legal import OUTPUTS, purpose_title
from londata.records.publications import Version
from londata.records.transparency import STANDARD, Transparency
from londata_hub.services.insights_facts import ACCESS, FORMS, STATES, Shown, Used, audience_in_words, in_months
from londata_hub.services.insights_look import date, facts, link, listed, marks, page, picture, ways, words
from londata_hub.services.look import safe, table

#: Parts of a transparency record.
_TIERS = ("Metadata, by which records are found", "Tier 1, for everybody", "Tier 2, for those who want to know more")
#: Fewer opens than this are not counted out: they could be one person's.
FEWEST = 5
#: Months whose counts are shown.
MOST_MONTHS = 12


@dataclass(frozen=True)
class About:
    """What the page of an insight is written from.

    ``used`` is what it rests on, as the visitor may know it, and ``withheld`` how much more there is. ``usage`` counts
    opens by day. ``versions`` are those that passed their check, newest first. ``reports`` belong to a series.
    ``has_receipt`` and ``tables`` tell what may be downloaded. ``names`` are those of bodies and themes.
    """

    shown: Shown
    used: Sequence[Used]
    withheld: int = 0
    usage: Mapping[str, int] = field(default_factory=dict)
    versions: Sequence[Version] = ()
    reports: Sequence[Shown] = ()
    has_receipt: bool = False
    has_tables: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, value: str) -> str:
        """Give the name of a body or a theme."""
        return self.names.get(value, value)


def insight_page(prefix: str, about: About, owning: str = "", *, known: bool = True, steward: bool = False) -> str:
    """Write the page.

    Parameters
    ----------
    prefix
        The path of the service.
    about
        What is shown.
    owning
        The owner's part: HTML that is safe; empty for everybody else.
    known, steward
        Whether the visitor is logged in, and checks releases.
    """
    shown = about.shown
    body = [marks(shown), f'<p class="lead">{safe(shown.word("summary"))}</p>', _standing(prefix, shown, known)]
    body.append(f'<div class="two"><div>{_picture(prefix, shown)}{_texts(shown)}{_data(prefix, about)}')
    body.append(f"{_rests(prefix, about)}{_tables(prefix, about)}{_reports(about)}{_transparency(about)}</div>")
    body.append(f"<aside aria-label='About this insight'>{_facts(prefix, about)}{_usage(about)}</aside></div>{owning}")
    return page(shown.title, "".join(body), ways(prefix, known=known, steward=steward, at=shown.slug))


def _standing(prefix: str, shown: Shown, known: bool) -> str:
    """Say whether it opens, and offer it; and say what has changed under it."""
    said = []
    if shown.stale and shown.state == "stale":
        said.append(f'<div class="note"><p><strong>{STATES["stale"]}.</strong> {safe(shown.stale)}</p></div>')
    if not shown.view.allowed:
        log_in = "" if known else f' <a href="{safe(prefix)}log-in{link({"to": shown.slug})}">Log in.</a>'
        said.append(f'<div class="note"><p>{safe(shown.view.reason)}{log_in}</p></div>')
    elif shown.publication and shown.publication.state == "paused":
        why = f": {shown.publication.reason}" if shown.publication.reason else ""
        said.append(f'<div class="note"><p><strong>Paused</strong>{safe(why)}. Its owner may open it.</p></div>')
    address = shown.entry.address if shown.entry else ""
    if shown.view.allowed and address:
        form = FORMS[shown.form][0].lower()
        said.append(f'<p><a class="button" href="{safe(address)}">Open the {form}</a></p>')
    return "".join(said)


def _picture(prefix: str, shown: Shown) -> str:
    return picture(prefix, shown) if shown.pictured else ""


def _texts(shown: Shown) -> str:
    parts = [
        ("", _description(shown)),
        ("What it is good for", shown.word("public_benefit")),
        ("What stood in the way", shown.word("friction")),
        ("How it was made", shown.word("method")),
        ("What it cannot say", shown.word("limits")),
    ]
    return "".join((f"<h2>{heading}</h2>" if heading else "") + words(text) for heading, text in parts if text)


def _description(shown: Shown) -> str:
    """Give what its author wrote; the register's entry also names the tables, which this page lists itself."""
    if shown.publication and shown.version:
        return str(shown.version.record.get("description") or "")
    return shown.word("description")


def _data(prefix: str, about: About) -> str:
    rows = [
        (
            _linked(prefix, each),
            safe(each.entry.publisher.name if each.entry else ""),
            safe(ACCESS[each.access]) if each.access in ACCESS else safe(each.access),
            safe(each.entry.licence_title if each.entry else ""),
            safe(each.version or _as_of(each)),
        )
        for each in about.used
    ]
    more = ""
    if about.withheld:
        more = "1 more is" if about.withheld == 1 else f"{about.withheld:,} more are"
        more = f"<p>{more} not listed for you.</p>"
    if not rows:
        return f"<h2>The data it rests on</h2>{more or '<p>The register does not say.</p>'}"
    caption = "1 dataset" if len(rows) == 1 else f"{len(rows)} datasets"
    headers = ("Dataset", "Held by", "Access", "Licence", "Version")
    return f"<h2>The data it rests on</h2>{table(caption, headers, rows)}{more}"


def _linked(prefix: str, used: Used) -> str:
    if used.entry is None:
        return f"{safe(used.slug)} <span class='quiet'>(not in the register any more)</span>"
    return f'<a href="{safe(prefix)}data/{safe(used.slug)}/">{safe(used.entry.title)}</a>'


def _as_of(used: Used) -> str:
    updated = used.entry.updated if used.entry else None
    return f"as of {updated.isoformat()}" if updated else ""


def _rests(prefix: str, about: About) -> str:
    """Write the receipt in words."""
    shown, version = about.shown, about.shown.version
    if version is None or shown.publication is None or not shown.publication.current:
        return ""
    said = [
        f"Version {version.number} was published on {date(version.published_at)}. Before that, the hub ran its "
        "notebook from top to bottom, shut off from everything but its own doors to the data, and wrote down what came "
        f"through: {_reads(version)}."
    ]
    said.append(" ".join(_label(version, about.name)))
    if shows_released_tables(version):
        said.append("It shows released tables alone; the app itself cannot read the data behind them.")
    parts = [f"<p>{each}</p>" for each in said]
    if about.has_receipt:
        address = f"{prefix}{shown.slug}/receipt.json"
        parts.append(f'<p><a href="{safe(address)}">The receipt</a> says it for machines (RO-Crate).</p>')
    return f"<h2>How one can check that</h2>{''.join(parts)}"


def _reads(version: Version) -> str:
    count = len({each.entry for each in version.rests_on})
    if not count:
        return "nothing but the register’s own lists"
    exact = ", with the fingerprint (SHA-256) of the bytes" if all(each.sha256 for each in version.rests_on) else ""
    return f"{'1 entry' if count == 1 else f'{count} entries'}{exact}"


def _label(version: Version, name: Callable[[str], str]) -> list[str]:
    label = version.label
    if label.access == "open":
        return ["All of it is open data, so the result may be shown to anybody."]
    said = [f"Its most restricted input is {label.access}, and so is whatever shows more than released tables."]
    if label.agreements:
        said.append(f"It was read under {' and '.join(label.agreements)}.")
    if label.parties is not None:
        said.append(f"Parties to it: {', '.join(map(name, label.parties)) or 'none in common'}.")
    if label.purposes is not None:
        purposes = ", ".join(purpose_title(each) for each in label.purposes) or "none in common"
        said.append(f"It may be used for: {purposes}.")
    if label.outputs:
        said.append(OUTPUTS[label.outputs])
    return [safe(each) for each in said]


def _tables(prefix: str, about: About) -> str:
    version = about.shown.version
    if version is None or about.shown.publication is None or not version.tables:
        return ""
    if not about.has_tables:
        named = listed(f"{safe(each.title)} <span class='quiet'>({safe(each.unit)})</span>" for each in version.tables)
        return f"<h2>Tables</h2>{named}<p>They can be downloaded once they are released.</p>"
    base = f"{prefix}{about.shown.slug}/tables/"
    rows = [
        (
            safe(each.title),
            safe(each.unit),
            f"{each.rows:,}",
            f'<a href="{safe(base + quote(each.name))}.csv">CSV</a>, '
            f'<a href="{safe(base + quote(each.name))}.parquet">Parquet</a>',
        )
        for each in version.tables
    ]
    return "<h2>Tables to download</h2>" + table("Tables of this version", ("Table", "Unit", "Rows", "As"), rows)


def _reports(about: About) -> str:
    if not about.reports:
        return ""
    links = [
        f'<a href="{safe(each.entry.address)}">{safe(each.title)}</a>'
        for each in about.reports
        if each.entry and each.entry.address
    ]
    return f"<h2>Reports made of it</h2>{listed(links)}"


def _transparency(about: About) -> str:
    """Write the record of algorithmic transparency, as the register has it: what its author and the hub filled in."""
    record = about.shown.entry.transparency if about.shown.entry else None
    if record is None:
        return ""
    asked = set(record.asked)
    said = sum(1 for name in asked if getattr(record, name).strip())
    parts = [f"<p>After the {safe(STANDARD)}. {said} of {len(asked)} fields are stated.</p>"]
    for tier, sections in Transparency.tiers().items():
        told = "".join(
            (f"<h3>{safe(section)}</h3>" if len(sections) > 1 else "")
            + facts((_numbered(each), _said(record, each)) for each in names if each in asked)
            for section, names in sections.items()
        )
        parts.append(f"<details{' open' if tier == 1 else ''}><summary>{_TIERS[tier]}</summary>{told}</details>")
    return f'<section class="record"><h2>Algorithmic transparency record</h2>{"".join(parts)}</section>'


def _numbered(name: str) -> str:
    return f"{Transparency.number_of(name)} {Transparency.title_of(name)}"


def _said(record: Transparency, name: str) -> str:
    return words(getattr(record, name)) or '<span class="quiet">not stated</span>'


def _facts(prefix: str, about: About) -> str:
    shown, entry = about.shown, about.shown.entry
    version = shown.version if shown.publication and shown.publication.current else None
    rows = [
        ("Who made it", safe(shown.owner)),
        ("Published by", safe(entry.publisher.name) if entry else ""),
        ("Who it is for", safe(audience_in_words(shown.audience, about.name))),
        ("How it stands", safe(STATES[shown.state])),
        ("Last run", date(shown.last_run)),
        ("Its figures", _worked_out(shown)),
        ("Licence", _licence(entry) if entry else ""),
        ("Topics", _topics(prefix, about)),
        ("Version", f"{version.number}" if version else ""),
        ("For the project", safe((shown.publication.project if shown.publication else "") or "")),
        ("In Python", f"<code>catalog.{safe(entry.key)}</code>" if entry else ""),
    ]
    return f"<h2>About it</h2>{facts(rows)}{_versions(about)}"


def _worked_out(shown: Shown) -> str:
    """Say of which moment the figures of an app are: its own last line names it."""
    version = shown.version if shown.publication and shown.publication.current and shown.form != "report" else None
    if version is None:
        return ""
    if shows_released_tables(version):
        return f"Those of the released tables, made on {date(version.published_at)}"
    if version.start == "fresh":
        return "Worked out anew for each viewer"
    return "From a run that viewers share, made anew when it is over an hour old; the app’s last line says as of when"


def _licence(entry: Insight) -> str:
    if entry.licence and entry.licence.url:
        return f'<a href="{safe(entry.licence.url)}">{safe(entry.licence.title)}</a>'
    return safe(entry.licence_title)


def _topics(prefix: str, about: About) -> str:
    entry = about.shown.entry
    names = dict.fromkeys((*entry.topics, *entry.tags)) if entry else {}
    links = [f'<a href="{safe(prefix + link({"topic": each}))}">{safe(about.name(each))}</a>' for each in names]
    return ", ".join(links)


def _versions(about: About) -> str:
    if not about.versions:
        return ""
    current = about.shown.publication.current if about.shown.publication else 0
    items = [
        f"Version {each.number}, {date(each.published_at)}{' (current)' if each.number == current else ''}"
        for each in about.versions
    ]
    return f"<h2>Versions</h2>{listed(items, 'list')}"


def _usage(about: About) -> str:
    """Count opens by month. Nobody's name is kept, and small numbers are not counted out."""
    if about.shown.publication is None:
        return ""
    months = in_months(about.usage)[:MOST_MONTHS]
    if not months:
        return "<h2>How often it is opened</h2><p>Not yet.</p>"
    rows = [(f"{at:%B %Y}", f"{count:,}" if count >= FEWEST else f"fewer than {FEWEST}") for at, count in months]
    counted = table("Opened, by month", ("Month", "Times"), rows)
    return f'<h2>How often it is opened</h2><div class="months">{counted}</div><p class="hint">By whom is not kept.</p>'
