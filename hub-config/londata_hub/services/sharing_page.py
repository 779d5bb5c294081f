"""The public page “Who shares what”: plain HTML for everybody, made on the server. Pure: facts in, HTML out.

It has no script and asks nobody for anything. Who reads it is not asked either.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import html
from collections.abc import Iterable, Sequence

from londata.access import day, in_words, last_day, midnight
from londata_hub.services.public_facts import PublicAgreement, PublicProject

_STYLE = """
body { margin: 0 auto; max-width: 46rem; padding: 1rem; color: #1d2733; background: #fff;
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", Helvetica, Arial, sans-serif;
  overflow-wrap: break-word; }
h1 { font-size: 1.75rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin: 0; }
h3 { font-size: 1rem; margin: 1rem 0 0; }
p { margin: 0.25rem 0 0.75rem; }
a { color: #0f5187; }
ul { margin: 0; padding-left: 1.25rem; }
nav li { margin-bottom: 0.25rem; }
:focus-visible { outline: 3px solid #a8400b; outline-offset: 2px; }
.quiet { color: #4a5866; }
article { margin: 1.5rem 0; padding: 1rem; border: 1px solid #8a97a3; border-left: 0.4rem solid #4a5866; }
article.live { border-left-color: #1a6b3c; }
article.suspended { border-left-color: #a8400b; }
.state { font-weight: 600; }
dl { display: grid; grid-template-columns: 11rem 1fr; gap: 0.5rem 1rem; margin: 0.75rem 0 0; }
dt { font-weight: 600; }
dd { margin: 0; min-width: 0; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: 0.5rem } }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  article { break-inside: avoid-page; }
  a { color: inherit; text-decoration: none; }
  nav { display: none; }
}
"""
_PAGE = """<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who shares what – londata</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<h1>Who shares what</h1>
<p>Public bodies in London share data with each other under the agreements below. Each says what for, on which legal
grounds and until when. Nobody can read the data outside an agreement, a project with one of its purposes, and a grant
to a named person; every reading is written down. No person is named here.</p>
{body}
<footer><p class="quiet">As of {now}. An agreement itself is kept where its last line says; this page shows what the
register holds of it.</p></footer>
</main>
</body>
</html>
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: On the page's answer: its own style, and nothing else from anywhere.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def sharing_page(agreements: Sequence[PublicAgreement], now: dt.datetime) -> str:
    """Write the whole page; every word of a record is escaped."""
    today = day(now)
    if not agreements:
        return _PAGE.format(style=_STYLE, body="<p>No agreement is in the register yet.</p>", now=today)
    items = "".join(
        f'<li><a href="#{_safe(each.id)}">{_safe(each.title)}</a>: <span class="quiet">{_safe(each.said)}</span></li>'
        for each in agreements
    )
    listed = f'<nav aria-label="Agreements"><ul>{items}</ul></nav>' if len(agreements) > 1 else ""
    return _PAGE.format(style=_STYLE, body=listed + "".join(map(_agreement, agreements)), now=today)


def _agreement(told: PublicAgreement) -> str:
    facts = [
        ("Between", _list(f"{_safe(name)} <span class='quiet'>({_safe(role)})</span>" for name, role in told.parties)),
        ("What for", _list(map(_safe, told.purposes))),
        ("Legal power", _safe(told.legal_power) or "Not stated"),
        ("Legal basis", _list(map(_safe, told.legal_bases)) or "Not stated"),
        ("Data", _list(_safe(title) for _, title in told.covers) or "None that is listed for everybody"),
        ("Results", _safe(told.outputs)),
        ("Begins", in_words(told.start)),
        ("To be reviewed by", last_day(midnight(told.review_by))),
        ("Until", last_day(midnight(told.end))),
        ("People given access", _safe(told.people)),
        ("Times it was read", f"{told.readings:,}"),
        ("Kept in", f"{_safe(told.kept_in)}; last compared on {in_words(told.confirmed_on)}"),
    ]
    rows = "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in facts)
    number = "1 project" if len(told.projects) == 1 else f"{len(told.projects)} projects"
    projects = f"<h3>{number}</h3>{_list(map(_project, told.projects))}" if told.projects else "<h3>No project yet</h3>"
    return (
        f'<article id="{_safe(told.id)}" class="{_safe(told.state)}" aria-labelledby="title-{_safe(told.id)}">'
        f'<h2 id="title-{_safe(told.id)}">{_safe(told.title)}</h2>'
        f'<p><span class="state">{_safe(told.said)}</span> <span class="quiet">Agreement {_safe(told.id)}</span></p>'
        f"{_paragraph(told.description)}<dl>{rows}</dl>{projects}</article>"
    )


def _paragraph(text: str) -> str:
    return f"<p>{_safe(text)}</p>" if text else ""


def _project(told: PublicProject) -> str:
    over = ' <span class="quiet">(ended)</span>' if told.ended else ""
    return f"<strong>{_safe(told.title)}</strong>{over}: {_safe(told.public_benefit)}"


def _list(items: Iterable[str]) -> str:
    found = list(items)
    if len(found) == 1:
        return found[0]
    return f"<ul>{''.join(f'<li>{each}</li>' for each in found)}</ul>" if found else ""


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
