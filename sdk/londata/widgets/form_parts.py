"""What the forms about access are made of: labelled fields with their errors beside them, buttons, places for answers.

Every text of a stranger goes through :func:`~londata.sharing.display.words.safe` before it gets here.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

from londata.errors import LondataError


class Field:
    """A control with its label above, words of help, and a place beside it for what is wrong.

    Parameters
    ----------
    control
        A widget of ipywidgets; its ``description`` becomes the label.
    help_
        What one should know before filling it in, as HTML that is safe.
    """

    def __init__(self, control: Any, help_: str = "") -> None:
        self.control = control
        self.help = place("help-text", f'<p class="londata-help">{help_}</p>' if help_ else "")
        self.error = place("problem")
        self.box = box("field", control, self.help, self.error)

    def say(self, text: str) -> None:
        """Show words of help, which are safe HTML."""
        self.help.value = f'<p class="londata-help">{text}</p>' if text else ""

    def fail(self, text: str) -> None:
        """Say what is wrong with it."""
        self.error.value = problem(text)

    def clear(self) -> None:
        """Take back what was wrong."""
        self.error.value = ""


def problem(text: str) -> str:
    """Write an error so that it is seen and read out, and not by its colour alone."""
    return f'<p class="londata-error" role="alert">Error: {html.escape(text)}</p>'


def status(content: str) -> str:
    """Write an answer so that it is read out when it comes; ``content`` is HTML that is safe."""
    return f'<div role="status">{content}</div>'


def heading(content: str) -> str:
    """Write a heading; ``content`` is HTML that is safe."""
    return f'<div role="heading" aria-level="3" class="londata-title">{content}</div>'


def place(name: str, value: str = "") -> Any:
    """Make a place for HTML that is safe."""
    import ipywidgets as widgets

    part = widgets.HTML(value)
    part.add_class(f"londata-{name}")
    return part


def box(name: str, *children: Any) -> Any:
    """Put widgets below each other."""
    import ipywidgets as widgets

    made = widgets.Box(children)
    made.add_class(f"londata-{name}")
    return made


def button(label: str, press: Callable[[], None], *, second: bool = False) -> Any:
    """Make a button.

    Parameters
    ----------
    label
        What stands on it.
    press
        What it does.
    second
        Whether it is not the first thing to do here.
    """
    import ipywidgets as widgets

    made = widgets.Button(description=label, layout=widgets.Layout(width="auto"))
    if second:
        made.add_class("londata-second")
    made.on_click(lambda _: press())
    return made


def form(*children: Any) -> Any:
    """Put a form together, with its look."""
    folder = files("londata.widgets")
    look = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in ("sharing.css", "schedules.css"))
    return box("sharing", place("style", f"<style>{look}</style>"), *children)


def sentence(error: LondataError) -> Any:
    """Make what is shown instead of a form that cannot be: the error and what to do next."""
    return form(place("answer", problem(str(error))))


def lines(title: str, text: str) -> str:
    """Write lines of plain text as they are, below a title; nothing in them is taken for more than text."""
    return f"<p><b>{html.escape(title)}</b></p><pre>{html.escape(text)}</pre>"


def reflowing_table(caption: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Make a table that becomes a list of cards where there is no room; the first cell of a row is its header.

    Parameters
    ----------
    caption
        What it is, as HTML that is safe.
    headers
        The names of the columns, as plain text.
    rows
        The cells of each row, as HTML that is safe.
    """
    head = "".join(f'<th scope="col" role="columnheader">{html.escape(each)}</th>' for each in headers)
    body = []
    for first, *cells in rows:
        told = zip(headers[1:], cells, strict=True)
        rest = "".join(f'<td role="cell" data-label="{html.escape(name)}">{cell}</td>' for name, cell in told)
        body.append(f'<tr role="row"><th scope="row" role="rowheader">{first}</th>{rest}</tr>')
    return (
        f'<table role="table"><caption>{caption}</caption><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(body)}</tbody></table>'
    )
