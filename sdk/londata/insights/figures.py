"""Figures among what a notebook put out: has each a title, and words for those who do not see it? Pure.

Looked at are pictures, drawings inside HTML, charts of plotting libraries, and what widgets show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from londata.records.publications import Finding

WIDGETS = "application/vnd.jupyter.widget-state+json"
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_PLOTLY = "application/vnd.plotly.v1+json"
_VEGA = "application/vnd.vega"
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "caption", "legend")
_SAYS = "show it with londata.reports.blocks.figure(…, title=…, alt=…), which has both"
#: Elements without an end.
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())


@dataclass
class Figure:
    """One figure: whether it has words for those who do not see it, and a title; ``None``: nobody can know."""

    alt: bool = False
    title: bool | None = False


def figures(notebook: Mapping[str, Any]) -> list[Finding]:
    """Look at every figure of a notebook that has run.

    Parameters
    ----------
    notebook
        The notebook with its outputs and with the state of its widgets.

    Returns
    -------
    list of Finding
        One for each cell that has a figure without words, or without a title as far as can be known; else one that
        says that all have both.
    """
    found: list[Finding] = []
    total = 0
    for number, cell in enumerate(notebook["cells"], 1):
        shown = [each for output in cell.get("outputs") or () for each in _of_output(output)]
        found += _said(shown, "", number)
        total += len(shown)
    shown = _of_widgets(notebook)
    found += _said(shown, " of its widgets", None)
    total += len(shown)
    if not found and total:
        what = "The figure has" if total == 1 else f"All {total} figures have"
        found = [Finding(check="figures", weight="fine", sentence=f"{what} a title and a text alternative.")]
    return found


def _said(shown: Sequence[Figure], whose: str, cell: int | None) -> Iterable[Finding]:
    silent = sum(not each.alt for each in shown)
    untitled = sum(each.alt and each.title is False for each in shown)
    unknown = sum(each.alt and each.title is None for each in shown)
    if silent:
        what = f"A figure{whose} has" if silent == 1 else f"{silent} figures{whose} have"
        said = f"{what} no text alternative, so not everybody can read it: {_SAYS}."
        yield Finding(check="figures", weight="must", sentence=said, cell=cell)
    if untitled:
        what = f"A figure{whose} has" if untitled == 1 else f"{untitled} figures{whose} have"
        yield Finding(check="figures", weight="should", sentence=f"{what} no title: {_SAYS}.", cell=cell)
    if unknown:
        what = f"A figure{whose} has" if unknown == 1 else f"{unknown} figures{whose} have"
        said = f"{what} a text alternative; whether it has a title cannot be seen in a picture: see to it, or {_SAYS}."
        said = (
            said
            if unknown == 1
            else said.replace("whether it has", "whether they have").replace("a picture", "pictures")
        )
        yield Finding(check="figures", weight="should", sentence=said, cell=cell)


def _of_output(output: Mapping[str, Any]) -> list[Figure]:
    data, metadata = output.get("data") or {}, output.get("metadata") or {}
    for kind in data:
        if kind == _PLOTLY:
            layout = data[kind].get("layout", {}) if isinstance(data[kind], dict) else {}
            return [Figure(_says(metadata, kind), bool(_text(layout.get("title"))))]
        if kind.startswith(_VEGA) and isinstance(data[kind], dict):
            described = bool(_text(data[kind].get("description"))) or _says(metadata, kind)
            return [Figure(described, bool(_text(data[kind].get("title"))))]
    if html := _text(data.get("text/html")):
        return in_html(html)
    if svg := _text(data.get("image/svg+xml")):
        return [Figure(each.alt or _says(metadata, "image/svg+xml"), each.title) for each in in_html(svg)]
    for kind in PICTURES:
        if kind in data:
            return [Figure(_says(metadata, kind), None)]
    return []


def _of_widgets(notebook: Mapping[str, Any]) -> list[Figure]:
    saved = notebook.get("metadata", {}).get("widgets", {}).get(WIDGETS, {}).get("state", {})
    found: list[Figure] = []
    for model in saved.values():
        name, state = str(model.get("model_name", "")), model.get("state") or {}
        if name in ("HTMLModel", "HTMLMathModel"):
            found += in_html(_text(state.get("value")))
        elif name == "OutputModel":
            found += [each for output in state.get("outputs") or () for each in _of_output(output)]
        elif name == "ImageModel":
            found.append(Figure())
        elif name == "FigureModel":
            layout = state.get("_layout") or {}
            found.append(Figure(title=bool(_text(layout.get("title") or state.get("title")))))
    return found


def in_html(markup: str) -> list[Figure]:
    """Find the figures in HTML, or in a drawing (SVG).

    Parameters
    ----------
    markup
        The HTML; it need not be well-formed.

    Returns
    -------
    list of Figure
        Without those that say themselves that they are decoration.
    """
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return reader.found


@dataclass
class _Open:
    """An element that is not closed yet."""

    tag: str
    hidden: bool = False
    named: bool = False
    figure: Figure | None = None
    inside: list[Figure] = field(default_factory=list)


class _Reader(HTMLParser):
    """Reads HTML for its figures, whoever wrote it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Figure] = []
        self._open: list[_Open] = []
        self._headed = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element: what it is called, and whether it is a figure."""
        said = {name: (value or "").strip() for name, value in attrs}
        hidden = said.get("aria-hidden") == "true" or said.get("role") in ("presentation", "none")
        hidden = hidden or any(each.hidden for each in self._open)
        named = bool(said.get("aria-label") or said.get("aria-labelledby"))
        here = _Open(tag, hidden=hidden, named=named)
        decoration = hidden or (tag == "img" and said.get("alt") == "")
        inside_another = any(each.tag == "svg" for each in self._open)
        if tag in ("img", "svg", "canvas") and not decoration and not inside_another:
            named_around = any(each.named for each in self._open if each.tag != "section")
            alt = bool(said.get("alt")) or named or (tag != "img" and named_around)
            here.figure = Figure(alt, self._headed or bool(said.get("title")))
            self.found.append(here.figure)
            for each in self._open:
                each.inside.append(here.figure)
        if tag not in _VOID:
            self._open.append(here)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that is closed at once."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and whatever was left open in it."""
        if tag in [each.tag for each in self._open]:
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Take titles from where they stand."""
        if not data.strip() or not self._open:
            return
        around = {each.tag for each in self._open}
        figure = next((each for each in reversed(self._open) if each.tag == "figure"), None)
        drawn = next((each.figure for each in reversed(self._open) if each.tag == "svg"), None)
        if drawn is not None and around & {"title", "desc"}:
            drawn.alt = drawn.title = True
        elif "figcaption" in around and figure is not None:
            figure.named = True
            for each in figure.inside:
                each.title = True
            self._headed = True
        elif around & {*_HEADINGS}:
            self._headed = True
        elif self._open[-1].tag == "canvas" and self._open[-1].figure is not None:
            self._open[-1].figure.alt = True


def _says(metadata: Mapping[str, Any], kind: str) -> bool:
    """Tell whether the metadata of an output has a text alternative, for it or for one of its kinds."""
    of_kind = metadata.get(kind)
    return bool(_text(metadata.get("alt")) or (isinstance(of_kind, dict) and _text(of_kind.get("alt"))))


def _text(value: Any) -> str:
    """Read a text as notebooks and charts write it: as such, as lines, or as a mapping with ``text``."""
    if isinstance(value, dict):
        value = value.get("text")
    if isinstance(value, list):
        value = "".join(str(each) for each in value)
    return value.strip() if isinstance(value, str) else ""
