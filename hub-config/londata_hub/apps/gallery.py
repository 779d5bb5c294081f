"""The service's own pages: the list of apps, and what is said when one cannot be shown. Pure: records in, HTML out."""

from __future__ import annotations

import html
from collections.abc import Iterable

from londata_hub.apps.shelf import App

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
h2 {{ font-size: 1.2rem; margin-bottom: 0; }}
p {{ margin: 0.25rem 0 0.75rem; }}
ul {{ list-style: none; padding: 0; }}
a {{ color: #0f5187; }}
:focus-visible {{ outline: 3px solid #a8400b; outline-offset: 2px; }}
.quiet {{ color: #4a5866; }}
</style>
</head>
<body><main><h1>{title}</h1>{body}</main></body>
</html>
"""


def index(apps: Iterable[App], prefix: str, hub: str) -> str:
    """List the apps, and offer the way back to the hub.

    Parameters
    ----------
    apps
        What is listed, in this order; their words are escaped.
    prefix
        The path of this page, below which the apps are.
    hub
        The path of the hub.

    Returns
    -------
    str
        A whole page of HTML.
    """
    items = "".join(
        f'<li><h2><a href="{html.escape(prefix + app.slug, quote=True)}/">{html.escape(app.title)}</a></h2>'
        f'<p>{html.escape(app.summary)}</p><p class="quiet">By {html.escape(app.owner)}</p></li>'
        for app in apps
    )
    listed = f"<ul>{items}</ul>" if items else "<p>None is published yet.</p>"
    back = f'<p><a href="{html.escape(hub, quote=True)}home">Your workbench</a></p>'
    return _PAGE.format(title="Insights", body=listed + back)


def notice(title: str, sentence: str, prefix: str) -> str:
    """Say one thing, and offer the way back.

    Parameters
    ----------
    title, sentence
        What is said; plain text, which is escaped.
    prefix
        The path of the page that lists the insights.

    Returns
    -------
    str
        A whole page of HTML.
    """
    back = f'<p><a href="{html.escape(prefix, quote=True)}">All insights</a></p>'
    return _PAGE.format(title=html.escape(title), body=f"<p>{html.escape(sentence)}</p>{back}")
