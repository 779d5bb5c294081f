"""Pages for those who check releases, and the card of a dataset with the insights built on it. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from londata.disclosure import WHY
from londata.records import Entry
from londata.records.legal import OUTPUTS
from londata.records.publications import Label, Release, Thresholds, Version
from londata_hub.publishing.releasing import own_files
from londata_hub.services.insights_facts import ACCESS, Shown, Used, audience_in_words
from londata_hub.services.insights_forms import Forms, Refused
from londata_hub.services.insights_look import date, facts, listed, marks, page, ways, words
from londata_hub.services.insights_owning import RELEASES, findings, move_button, release_steps
from londata_hub.services.look import safe, table

#: What the columns of workings are called; and what stands beside the rows that the page says elsewhere.
COLUMNS = {
    "place": "Of",
    "value": "Number",
    "contributions": "Contributions",
    "contributors": "People",
    "largest": "Largest contributions",
    "why": "Hidden, because",
}
SAID_ELSEWHERE = ("name", "title", "unit", "kind")
KINDS = {"counts": "counts of people", "sums": "sums of what people or bodies contribute", "open": "from open data"}
#: Most rows of a table of workings that the page shows; all are in its file.
MOST_ROWS = 200


@dataclass(frozen=True)
class Review:
    """One release as somebody who may check it sees it.

    ``tables`` are those that would be released, a list of rows each; ``workings`` are, for each table, rows of plain
    values that show why each cell is safe. ``moves`` are the steps that
    this visitor may take, ``may_check`` tells whether they are no author but check it, ``needed`` how many must, and
    ``has_checked`` whether they have said yes to it while another has yet to.
    """

    release: Release
    title: str
    version: Version
    label: Label
    thresholds: Thresholds = field(default_factory=Thresholds)
    used: Sequence[Used] = ()
    workings: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    moves: Sequence[str] = ()
    may_check: bool = False
    needed: int = 0
    has_checked: bool = False

    @property
    def since(self) -> dt.datetime:
        """When it took its last step."""
        return self.release.steps[-1].at if self.release.steps else self.version.published_at


def reviews_page(prefix: str, reviews: Sequence[Review]) -> str:
    """List the releases that somebody may check: first those that wait for them."""
    waiting = [each for each in reviews if each.may_check and {"reviewed", "approved"} & set(each.moves)]
    others = [each for each in reviews if each not in waiting]
    headers = ("Insight", "Author", "State", "Data behind it", "Since")
    body = "<p>A release makes the tables of an insight more open than the data that they were made from.</p>"
    parts = ((waiting, "Wait for you", "Releases that you can check now"), (others, "Others", "Other releases"))
    for found, heading, caption in parts:
        rows = [_row(prefix, each) for each in found]
        body += f"<h2>{heading}</h2>" + (table(caption, headers, rows) if rows else "<p>None.</p>")
    return page("Releases to check", body, ways(prefix, known=True, steward=True, here="reviews"))


def _row(prefix: str, review: Review) -> tuple[str, ...]:
    release = review.release
    at = f"{prefix}reviews/{release.publication}/{release.version}/"
    return (
        f'<a href="{safe(at)}">{safe(review.title)}</a> <span class="quiet">version {release.version}</span>',
        safe(release.author),
        safe(RELEASES[release.state]),
        safe(ACCESS[review.label.access]),
        date(review.since),
    )


def review_page(prefix: str, review: Review, secret: str, refused: Refused | None = None) -> str:
    """Write the page of one release.

    Parameters
    ----------
    prefix
        The path of the service.
    review
        What is shown.
    secret
        What the form of this visitor holds.
    refused
        The form, if it was just refused.
    """
    release, version = review.release, review.version
    label = review.label
    rows = [
        ("Author", safe(release.author)),
        ("To be opened to", safe(audience_in_words(release.audience))),
        ("Data behind it", safe(ACCESS[label.access]) + (", some of it about people" if label.personal else "")),
        ("Agreements", safe(", ".join(label.agreements))),
        ("Their rule", safe(OUTPUTS[label.outputs]) if label.outputs else ""),
        ("Who needs to check it", _checkers(review.needed)),
        ("What is hidden", safe(_hidden(review.thresholds))),
        ("What made it", _sent(prefix, review) if review.may_check else ""),
    ]
    body = f"{facts(rows)}<h2>Steps so far</h2>{release_steps(release)}"
    found = findings((*version.findings, *(each for each in release.findings if each not in version.findings)))
    body += f"<h2>What it rests on</h2>{_used(prefix, review.used)}<h2>What the check found</h2>{found}"
    make = Forms(f"{prefix}reviews/{release.publication}/{release.version}/", secret, refused)
    deciding = _deciding(make, review) if secret else ""
    body = f"{make.left(deciding)}{body}{_workings(prefix, review)}<h2>Decide</h2>{deciding}"
    links = [*ways(prefix, known=True), (f"{prefix}reviews", "Releases to check")]
    return page(f"Release of {review.title}, version {release.version}", body, links)


def _checkers(needed: int) -> str:
    people = {0: "Nobody: all of it is open", 1: "One person who is not its author"}
    return people.get(needed, "Two different people, neither of them its author")


def _hidden(now: Thresholds) -> str:
    return (
        f"Counts of fewer than {now.minimum}; others are rounded to {now.base}. Sums of which {now.dominance_n} give "
        f"more than {now.dominance_percent:g} %, or from which one could work out another to within "
        f"{now.p_percent:g} %. And what would give one of these away."
    )


def _sent(prefix: str, review: Review) -> str:
    """Lead to the notebook, and to what its author sent beside it."""
    found = [f'<a href="{safe(_files(prefix, review))}app.ipynb">Its notebook</a>']
    at = _files(prefix, review).removesuffix("workings/") + "files/"
    found += [f'<a href="{safe(at + quote(name))}">{safe(name)}</a>' for name in own_files(review.version)]
    return ", ".join(found)


def _files(prefix: str, review: Review) -> str:
    return f"{prefix}reviews/{review.release.publication}/{review.release.version}/workings/"


def _used(prefix: str, used: Sequence[Used]) -> str:
    rows = [
        (
            f'<a href="{safe(prefix)}data/{safe(each.slug)}/">{safe(each.entry.title)}</a>'
            if each.entry
            else safe(each.slug),
            safe(ACCESS.get(each.access, each.access)),
            safe(each.agreement),
            safe(each.version),
        )
        for each in used
    ]
    headers = ("Dataset", "Access", "Agreement", "Version")
    return table("What was read", headers, rows) if rows else "<p>Nothing.</p>"


def _workings(prefix: str, review: Review) -> str:
    """Show of each table the numbers from which it was made safe: only those who check it may see them."""
    parts = []
    for each in review.version.tables:
        at = safe(f"{_files(prefix, review)}{quote(each.name)}")
        parts.append(f"<h3>{safe(each.title)}</h3><p>{each.rows:,} rows: {KINDS[each.kind]}, in {safe(each.unit)}.")
        if review.may_check:
            parts.append(f' <a href="{at}.csv">The table</a> (CSV), <a href="{at}.json">all its workings</a> (JSON)')
        parts.append(f"</p>{_as_released(review.tables.get(each.name, ()))}{_rows(review.workings.get(each.name))}")
    return f"<h2>Tables and their workings</h2>{''.join(parts) or '<p>This version leaves no tables.</p>'}"


def _as_released(rows: Sequence[Sequence[str]]) -> str:
    """Show a table as everybody would read it."""
    if len(rows) < 2:
        return ""
    cells = [[safe(value) or "–" for value in row] for row in rows[1 : MOST_ROWS + 1]]
    more = f"<p>The other {len(rows) - 1 - MOST_ROWS:,} rows are in the file.</p>" if len(rows) - 1 > MOST_ROWS else ""
    return f'<div class="scroll">{table("As it would be released", list(rows[0]), cells)}</div>{more}'


def _rows(workings: Any) -> str:
    rows, notes = _tabular(workings)
    told = "".join(f"<p>{safe(each)}</p>" for each in notes)
    if not rows:
        return told
    shown = rows[:MOST_ROWS]
    names = list(dict.fromkeys(name for row in shown for name in row if any(each.get(name) for each in shown)))
    headers = [COLUMNS.get(name, name.replace("_", " ").capitalize()) for name in names]
    cells = [[safe(_value(row.get(name))) for name in names] for row in shown]
    more = f"<p>The other {len(rows) - MOST_ROWS:,} rows are in the file.</p>" if len(rows) > MOST_ROWS else ""
    return f'{told}<div class="scroll">{table("Workings", headers, cells)}</div>{more}'


def _tabular(workings: Any) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Find the rows in a document of workings, and say the plain values that stand beside them."""
    if isinstance(workings, list):
        return [each for each in workings if isinstance(each, Mapping)], []
    if not isinstance(workings, Mapping):
        return [], []
    rows: list[Mapping[str, Any]] = []
    notes = []
    for name, value in workings.items():
        if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value) and not rows:
            rows = value
        elif isinstance(value, (str, int, float)) and value != "" and name not in SAID_ELSEWHERE:
            notes.append(f"{str(name).replace('_', ' ').capitalize()}: {value}")
    return rows, notes


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return WHY.get(value, value)
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _deciding(make: Forms, review: Review) -> str:
    if not review.moves:
        why = "There is nothing for you to decide now." if review.may_check else "Others than its author check it."
        return f"<p>{why}</p>"
    done = "<p>You have checked it; somebody else must approve it.</p>" if review.has_checked else ""
    buttons = "".join(map(move_button, review.moves))
    fields = (
        '<label for="why">Why? The author and whoever looks later read this.</label>'
        f'{make.said("", "why")}<textarea id="why" name="why" rows="4" maxlength="2000" required'
        f"{make.marked('', 'why')}>\n{safe(make.typed('', 'why', ''))}</textarea>"
        f'<div class="ways">{buttons}</div>'
    )
    return done + make.form("", fields)


def data_page(prefix: str, entry: Entry, built: Sequence[Shown], *, known: bool, steward: bool) -> str:
    """Write the card of a dataset, with the insights built on it.

    Parameters
    ----------
    prefix
        The path of the service.
    entry
        The dataset.
    built
        The insights that the visitor may see.
    known, steward
        Whether the visitor is logged in, and checks releases.
    """
    home = f'<a href="{safe(entry.landing_page)}">{safe(entry.landing_page)}</a>' if entry.landing_page else ""
    rows = [
        ("Held by", safe(entry.publisher.name)),
        ("Access", safe(ACCESS[entry.access])),
        ("Licence", safe(entry.licence_title)),
        ("Updated", date(entry.updated)),
        ("How often", safe(entry.update_frequency)),
        ("Formats", safe(", ".join(entry.formats))),
        ("Where it comes from", home),
        ("In Python", f"<code>catalog.{safe(entry.key)}</code>"),
    ]
    body = f'<p class="lead">{safe(entry.summary)}</p>{words(entry.description)}{facts(rows)}'
    body += "<h2>Insights built on it</h2>"
    lines = [f'<a href="{safe(prefix + each.slug)}/">{safe(each.title)}</a>{marks(each)}' for each in built]
    body += listed(lines, "list") or "<p>None that you may see.</p>"
    return page(entry.title, body, ways(prefix, known=known, steward=steward))
