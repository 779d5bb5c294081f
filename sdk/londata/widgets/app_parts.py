"""What every app is made of: its look, the choice that an address names, and where its numbers come from.

Texts of entries are escaped here; whatever else an app hands in as HTML must be safe already.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

from londata.errors import LondataError
from londata.widgets.form_parts import box, place

_MOST_FIELDS = 10
Data = TypeVar("Data")


def asked(query: str) -> dict[str, str]:
    """Read ``site=GEN04&pollutant=no2`` from an address; what cannot be read says nothing."""
    try:
        fields = parse_qs(query, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def link(**choice: str) -> str:
    """Write a link to the page as it is now, for sending on."""
    return f'<p><a href="?{html.escape(urlencode(choice), quote=True)}">Link to this view</a></p>'


def choice(label: str, options: Sequence[tuple[str, Any]], value: Any) -> Any:
    """Make a list to choose from, with its label.

    Parameters
    ----------
    label
        What is chosen.
    options
        What is shown, and what it stands for.
    value
        What is chosen first.
    """
    import ipywidgets as widgets

    return widgets.Dropdown(options=list(options), value=value, description=label)


def follow(controls: Sequence[Any], draw: Callable[[Any], None]) -> None:
    """Draw now, and again whenever a control is moved: ``draw`` is told which one, at first ``None``."""

    def moved(change: Any) -> None:
        # A list says in between that nothing is chosen.
        if all(control.value is not None for control in controls):
            draw(change.owner)

    for control in controls:
        control.observe(moved, "value")
    draw(None)


def sources(catalog: Any, slugs: Sequence[str]) -> str:
    """Name the data sets, who publishes them, on which terms, and what these ask to be said, as an HTML list."""
    items = []
    for slug in slugs:
        record = catalog[slug].record
        title = html.escape(record.title)
        if record.landing_page:
            title = f'<a href="{html.escape(record.landing_page, quote=True)}" rel="noopener">{title}</a>'
        publisher, licence, due = (
            html.escape(text) for text in (record.publisher.name, record.licence_title, record.attribution)
        )
        items.append(
            f"<li>{title}. Publisher: {publisher}. Licence: {licence}. {due} In the register: <code>{slug}</code>.</li>"
        )
    return f"<h2>Where the numbers come from</h2><ul>{''.join(items)}</ul>"


def app(*children: Any, look: str = "") -> Any:
    """Put an app together; ``look`` names a style sheet of its own beside the one that all apps share."""
    folder = files("londata.widgets")
    sheets = [folder.joinpath(name).read_text(encoding="utf-8") for name in ("apps.css", look) if name]
    return box("app", place("style", f"<style>{''.join(sheets)}</style>"), *children)


def as_cards(*places: Any) -> None:
    """Let the tables of these places become lists of cards on a telephone, if they have five columns or more."""
    for each in places:
        each.add_class("londata-cards")


def notice(text: str) -> Any:
    """Say above everything else what must not be missed, for instance that the data is generated."""
    return place("notice", f"<p><strong>Generated data.</strong> {html.escape(text)}</p>")


def opened(catalog: Any, uses: Sequence[str], load: Callable[[Any], Data], build: Callable[[Data, str], Any]) -> Any:
    """Read what an app shows and build it; where that cannot be read, say why instead.

    Parameters
    ----------
    catalog
        Where the data comes from.
    uses
        The data sets, as they are named below the app.
    load
        Reads them.
    build
        Builds the app from what was read and the list of its sources.
    """
    try:
        data, named = load(catalog), sources(catalog, uses)
    except LondataError as error:
        return failure(error)
    return build(data, named)


def failure(error: LondataError) -> Any:
    """Make what is shown in the place of an app whose data cannot be read: why, and what to do next."""
    sentence = html.escape(f"{error.message} {error.hint}")
    return place("failure", f'<p role="alert">The numbers cannot be shown just now. {sentence}</p>')
