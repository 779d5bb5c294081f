"""The service's own pages: what is said when an app cannot be shown, and above one that is out of date. Pure."""

from __future__ import annotations

import html
import re

_PAGE = """<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – londata</title>
<link rel="icon" href="data:,">
<style>
body {{ margin: 0 auto; max-width: 46rem; padding: 1rem; color: #1d2733; background: #fff;
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", Helvetica, Arial, sans-serif; }}
h1 {{ font-size: 1.75rem; line-height: 1.2; }}
p {{ margin: 0.25rem 0 0.75rem; overflow-wrap: anywhere; }}
a {{ color: #0f5187; }}
:focus-visible {{ outline: 3px solid #a8400b; outline-offset: 2px; }}
</style>
</head>
<body><main><h1>{title}</h1>{body}</main></body>
</html>
"""
_STALE = (
    '<p role="status" style="margin:0;padding:0.5rem 1rem;background:#fff4d6;color:#1d2733;'
    'border-bottom:1px solid #8a5a00;font:1rem/1.5 system-ui,sans-serif">'
    "<strong>Not the latest data.</strong> {}</p>"
)
_BODY = re.compile(rb"<body(?:\s[^>]*)?>")
#: Within so many bytes a page begins its body.
_HEAD = 64 * 1024


def notice(title: str, sentence: str, insights: str) -> str:
    """Say one thing, and offer the way to the other insights.

    Parameters
    ----------
    title, sentence
        What is said; plain text, which is escaped.
    insights
        The path of the page that lists the insights.

    Returns
    -------
    str
        A whole page of HTML.
    """
    back = f'<p><a href="{html.escape(insights, quote=True)}">All insights</a></p>'
    return _PAGE.format(title=html.escape(title), body=f"<p>{html.escape(sentence)}</p>{back}")


class Above:
    """Puts a sentence above a page that comes in pieces.

    Parameters
    ----------
    sentence
        What has changed since; plain text, which is escaped. Nothing is put in for an empty one.
    """

    def __init__(self, sentence: str) -> None:
        self._said = _STALE.format(html.escape(sentence)).encode() if sentence else b""
        self._kept = b""

    def feed(self, piece: bytes) -> bytes:
        """Take the next piece of the page, and give what can be sent of it."""
        if not self._said:
            return piece
        self._kept += piece
        if (found := _BODY.search(self._kept)) or len(self._kept) > _HEAD:
            at = found.end() if found else 0
            piece = self._kept[:at] + (self._said if found else b"") + self._kept[at:]
            self._said = self._kept = b""
            return piece
        return b""

    def rest(self) -> bytes:
        """Give what was kept back, at the page's end."""
        return self._kept
