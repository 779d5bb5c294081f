"""The few pieces of HTML from which cards and tables are made. No external resource, no script, both themes of Lab.

Every argument is HTML that is already safe; text goes through :func:`~londata.sharing.display.words.safe` first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MAX_ON_ONE_LINE = 44

_STYLE = """<style>
.londata { color: var(--jp-ui-font-color1, inherit); max-width: 64rem; line-height: 1.45; overflow-x: auto; }
.londata .londata-title { font-size: 1.15em; font-weight: 600; margin: .4em 0; }
.londata .londata-kind, .londata .londata-chip { border: 1px solid currentColor; border-radius: 1em; padding: 0 .6em;
  font-size: .8rem; font-weight: 400; white-space: nowrap; }
.londata p { margin: .3em 0; }
.londata .londata-scroll { overflow-x: auto; max-width: 100%; }
.londata table.londata-table { border-collapse: collapse; border: 0; margin: .5em 0; font-size: .9rem; }
.londata table.londata-table caption { text-align: left; caption-side: top; font-weight: 600; padding: .3em 0;
  color: inherit; }
.londata table.londata-table th, .londata table.londata-table td { text-align: left; vertical-align: top;
  padding: .2em .8em .2em 0; border: 0; border-bottom: 1px solid var(--jp-border-color2, rgba(128, 128, 128, .4));
  background: transparent; color: inherit; white-space: normal; max-width: 40rem; overflow-wrap: break-word; }
.londata table.londata-table th { font-weight: 600; white-space: nowrap; }
.londata table.londata-table td code { white-space: nowrap; }
.londata table.londata-table td code.londata-long { display: inline-block; min-width: 20rem; white-space: normal;
  overflow-wrap: anywhere; }
.londata code, .londata pre { font-family: var(--jp-code-font-family, monospace); background: transparent;
  color: inherit; font-size: .85rem; }
.londata pre { margin: .4em 0; padding: .4em .6em; border-left: 3px solid var(--jp-brand-color1, #1976d2);
  white-space: pre-wrap; word-break: normal; overflow-wrap: break-word; }
.londata a { color: var(--jp-content-link-color, #1976d2); }
</style>"""


def card(content: str) -> str:
    """Wrap content in londata's look."""
    return f'{_STYLE}<div class="londata">{content}</div>'


def code(text: str) -> str:
    """Show a name that can be typed: on one line, unless it is very long."""
    return f'<code class="londata-long">{text}</code>' if len(text) > MAX_ON_ONE_LINE else f"<code>{text}</code>"


def table(
    caption: str, rows: Iterable[Sequence[str]], *, headers: Sequence[str] = (), row_headers: bool = False
) -> str:
    """Make a table with a caption; the first cell of a row is its header where ``row_headers``.

    Parameters
    ----------
    caption
        What the table is, as HTML.
    rows
        The cells of each row, as HTML: the caller escapes what is in them.
    headers
        The names of the columns, as HTML; none for a table without a head.
    row_headers
        Whether the first cell of a row is its header.

    Returns
    -------
    str
        HTML.
    """
    head = "".join(f'<th scope="col">{header}</th>' for header in headers)
    body = []
    for row in rows:
        cells = [f"<td>{cell}</td>" for cell in row]
        if row_headers:
            cells[0] = f'<th scope="row">{row[0]}</th>'
        body.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="londata-scroll"><table class="londata-table"><caption>{caption}</caption>'
        f"{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{''.join(body)}</tbody></table></div>"
    )
