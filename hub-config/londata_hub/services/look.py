"""The frame and the look of services' own pages: plain HTML without a script. Pure."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import html
from collections.abc import Sequence
from zoneinfo import ZoneInfo

STYLE = """
body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: #1d2733; background: #fff;
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", Helvetica, Arial, sans-serif;
  overflow-wrap: break-word; }
main { overflow-x: auto; padding: 2px; }
h1 { font-size: 1.75rem; line-height: 1.2; }
h2 { font-size: 1.3rem; margin: 2rem 0 0.5rem; }
p { margin: 0.25rem 0 0.75rem; max-width: 65ch; }
a { color: #0f5187; }
a, button, summary { touch-action: manipulation; }
:focus-visible { outline: 3px solid #a8400b; outline-offset: 2px; }
.quiet { color: #4a5866; font-weight: 400; }
.state { font-weight: 600; }
.failed { border-left: 4px solid #a8400b; padding-left: 0.6rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: 600; padding: 0.25rem 0 0.5rem; }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 0.75rem 0.5rem 0; border-bottom: 1px solid #9aa5b1; }
thead th { border-bottom-width: 2px; }
thead th { white-space: nowrap; }
tbody th { min-width: 11rem; }
td { min-width: 5rem; }
td ul { margin: 0; padding-left: 1.1rem; }
dl { display: grid; grid-template-columns: 11rem 1fr; gap: 0.5rem 1rem; }
dt { font-weight: 600; }
dd { margin: 0; min-width: 0; }
pre { white-space: pre-wrap; background: #f3f5f7; padding: 0.75rem; border: 1px solid #9aa5b1; font-size: 0.9rem; }
.ways { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: flex-start; margin: 1rem 0; }
form { margin: 0; }
label { display: block; font-weight: 600; }
input[type=text] { font: inherit; padding: 0.4rem; border: 2px solid #4a5866; width: 100%; max-width: 24rem;
  box-sizing: border-box; min-height: 2.75rem; }
button, summary { font: inherit; min-height: 2.75rem; padding: 0.4rem 1.2rem; box-sizing: border-box; cursor: pointer; }
button { color: #fff; background: #0f5187; border: 2px solid #0f5187; }
summary { border: 2px solid #4a5866; }
.more > summary { display: inline; border: 0; min-height: 0; padding: 0; color: #0f5187; text-decoration: underline; }
.more > p { white-space: pre-line; overflow-wrap: anywhere; min-width: 12rem; }
details > form { padding: 0.75rem 0; }
@media (max-width: 44rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, caption, tbody, tr, tbody th, td { display: block; }
  tr { padding: 0.5rem 0; border-bottom: 2px solid #9aa5b1; }
  tbody th, td { border-bottom: 0; padding: 0.1rem 0; }
  td[data-label]::before { content: attr(data-label) ": "; font-weight: 600; }
  td:empty { display: none; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 0.5rem; }
}
"""
_PAGE = """<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – londata</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<nav aria-label="Site"><p>{ways}</p></nav>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def policy(style: str, images: str = "data:") -> str:
    """Say what our own pages may: their style, forms that go to this site, and nothing else; Lab may show them."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src {images}; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    )


def page(title: str, body: str, ways: Sequence[tuple[str, str]], style: str = STYLE) -> str:
    """Write a whole page.

    Parameters
    ----------
    title
        Plain text.
    body
        HTML that is safe.
    ways
        Where one can go from here: address and words.
    style
        How it looks; the answer's policy must be that of this very text.
    """
    links = " · ".join(f'<a href="{safe(address)}">{safe(words)}</a>' for address, words in ways)
    return _PAGE.format(title=safe(title), style=style, body=body, ways=links)


def table(caption: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table that becomes a list where there is no room; the first cell of a row is its header.

    Parameters
    ----------
    caption, headers
        Plain text.
    rows
        Cells as HTML that is safe.
    """
    head = "".join(f'<th scope="col" role="columnheader">{safe(each)}</th>' for each in headers)
    body = []
    for first, *cells in rows:
        told = zip(headers[1:], cells, strict=True)
        rest = "".join(f'<td role="cell" data-label="{safe(name)}">{cell}</td>' for name, cell in told)
        body.append(f'<tr role="row"><th scope="row" role="rowheader">{first}</th>{rest}</tr>')
    return (
        f'<table role="table"><caption>{safe(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(body)}</tbody></table>'
    )


def moment(at: dt.datetime | None, timezone: str = "Europe/London") -> str:
    """Write a moment by the clock of a place: Monday 7 December 2026, 07:00."""
    if at is None:
        return ""
    there = at.astimezone(ZoneInfo(timezone))
    return f'<time datetime="{there.isoformat()}">{there:%A} {there.day} {there:%B %Y, %H:%M}</time>'


def safe(text: object) -> str:
    """Escape a text for HTML."""
    return html.escape(str(text), quote=True)
