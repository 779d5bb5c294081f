"""What the outputs of a run look like before anything of theirs is alive: HTML to read while the page wakes up.

The page shows it at once and puts the living widgets in its place once they stand. It is drawn like those, with the
same classes, and what one could press is disabled. Where a part is not known here, nothing is drawn of the whole page:
half a page that grows is worse than one that comes a moment later.

The HTML is as safe as what a widget shows, and no safer: the page puts it in as it puts in a widget's.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

Output = dict[str, Any]

VIEW = "application/vnd.jupyter.widget-view+json"
_SHOWN = ("display_data", "execute_result")
_PICTURES = ("image/png", "image/jpeg")
_WHOSE = {"@jupyter-widgets/controls", "@jupyter-widgets/output"}
#: Values of a layout are an author's; what could end a declaration or fetch something is none.
_VALUE = re.compile(r"[\w\s.%,()/#+*-]{1,200}")
#: How a slider's number is written where Python and the page mean the same by it.
_PLAINLY = re.compile(r"d|\.\df")
#: A page with more is longer on its way than it would take to wake up.
MOST_CHARACTERS = 3_000_000


class _Unknown(Exception):  # noqa: N818 - it is no error: there is no first view then
    """There is a part that cannot be drawn here."""


def first_views(cells: Iterable[Iterable[Output]]) -> list[list[str]]:
    """Draw the outputs of all cells that a page draws itself.

    Parameters
    ----------
    cells
        The outputs of each cell, as a notebook holds them.

    Returns
    -------
    list of list of str
        HTML for each output of each cell, empty for plain text, which the page has anyway. No lists at all if one of
        them cannot be drawn, or if it would be too much.
    """
    try:
        drawn = [[_output(each) if each["output_type"] in _SHOWN else "" for each in outputs] for outputs in cells]
    except Exception:  # noqa: BLE001 - an author's widget may raise anything when it is looked at
        return []
    return drawn if sum(len(each) for outputs in drawn for each in outputs) <= MOST_CHARACTERS else []


def _output(output: Output) -> str:
    """Draw an output as the page would: the richest of its forms."""
    if output["output_type"] == "stream":
        return f"<pre>{html.escape(output['text'])}</pre>"
    data = output.get("data") or {}
    if not data or not set(data) <= {VIEW, "text/html", "text/plain", *_PICTURES}:
        raise _Unknown
    if VIEW in data:
        return _widget(_instances()[data[VIEW]["model_id"]])
    if "text/html" in data:
        return f'<div class="jp-RenderedHTMLCommon jp-RenderedHTML">{_text(data["text/html"])}</div>'
    for kind in _PICTURES:
        if kind in data:
            return _picture(kind, data[kind], output.get("metadata") or {})
    return f'<div class="jp-RenderedText"><pre>{html.escape(_text(data["text/plain"]))}</pre></div>'


def _picture(kind: str, data: Any, metadata: dict[str, Any]) -> str:
    about = metadata.get(kind) or {}
    size = "".join(f' {name}="{int(about[name])}"' for name in ("width", "height") if name in about)
    words = html.escape(str(about.get("alt", metadata.get("alt", ""))), quote=True)
    source = html.escape("".join(_text(data).split()), quote=True)
    return f'<div class="jp-RenderedImage"><img src="data:{kind};base64,{source}" alt="{words}"{size}></div>'


def _text(data: Any) -> str:
    return data if isinstance(data, str) else "".join(data)


def _instances() -> dict[str, Any]:
    """Every widget that there is, by the id of its model."""
    return getattr(sys.modules.get("ipywidgets.widgets.widget"), "_instances", {})


def _widget(widget: Any) -> str:
    """Draw a widget of those that ship with ipywidgets."""
    if widget._view_module not in _WHOSE or widget._view_name not in _DRAWN:
        raise _Unknown
    classes, draw = _DRAWN[widget._view_name]
    names = html.escape(" ".join(("jupyter-widgets", *classes.split(), *widget._dom_classes)), quote=True)
    tag, off = ("button", " disabled") if draw is _button else ("div", "")
    return f'<{tag} class="{names}" style="{_layout(widget.layout)}"{off}>{draw(widget)}</{tag}>'


def _layout(layout: Any) -> str:
    """Write a widget's layout as the declarations for which it stands."""
    told = ((name, getattr(layout, name)) for name in layout.keys if not name.startswith("_"))
    return "".join(
        f"{name.replace('_', '-')}:{html.escape(value, quote=True)};"
        for name, value in told
        if isinstance(value, str) and _VALUE.fullmatch(value)
    )


def _children(widget: Any) -> str:
    return "".join(map(_widget, widget.children))


def _html(widget: Any) -> str:
    return f'{_label(widget)}<div class="widget-html-content">{widget.value}</div>'


def _dropdown(widget: Any) -> str:
    """Draw a list with what is chosen; the rest of it comes with the living one."""
    chosen = "" if widget.index is None else widget._options_labels[widget.index]
    return f"{_label(widget)}<select disabled><option>{html.escape(chosen)}</option></select>"


def _button(widget: Any) -> str:
    if widget.icon or widget.button_style:
        raise _Unknown
    return html.escape(widget.description)


def _checkbox(widget: Any) -> str:
    """Draw a box to tick, whose words stand beside it."""
    ticked, words = " checked" if widget.value else "", html.escape(widget.description)
    beside = f'<label class="widget-label-basic"><input type="checkbox" disabled{ticked}><span>{words}</span></label>'
    return f'<label class="widget-label"></label>{beside}' if widget.indent else beside


def _field(widget: Any) -> str:
    """Draw a field for a line of text, a number or a date."""
    value = "" if widget.value is None else html.escape(str(widget.value), quote=True)
    kind = _KINDS.get(widget._view_name, "text")
    return f'{_label(widget)}<input type="{kind}" value="{value}" disabled>'


def _slider(widget: Any) -> str:
    """Draw a slider that lies, with the number beside it where that is written plainly."""
    if widget.orientation != "horizontal" or not _PLAINLY.fullmatch(widget.readout_format):
        raise _Unknown
    limits = "".join(f' {name}="{getattr(widget, name)}"' for name in ("min", "max", "value"))
    number = f'<div class="widget-readout">{widget.value:{widget.readout_format}}</div>' if widget.readout else ""
    return f'{_label(widget)}<input type="range" step="any"{limits} disabled>{number}'


def _lines(widget: Any) -> str:
    rows = f' rows="{int(widget.rows)}"' if widget.rows else ""
    return f"{_label(widget)}<textarea disabled{rows}>{html.escape(widget.value)}</textarea>"


def _label(widget: Any) -> str:
    if not widget.description:
        return ""
    if getattr(widget, "description_allow_html", False) or "$" in widget.description:
        raise _Unknown  # what stands in it is made by the page's own parts
    return f'<label class="widget-label">{html.escape(widget.description)}</label>'


def _outputs(widget: Any) -> str:
    return "".join(f'<div class="jp-OutputArea-child">{_output(each)}</div>' for each in widget.outputs)


_KINDS = {"IntTextView": "number", "FloatTextView": "number", "DatePickerView": "date"}
#: Its classes, and what draws the inside, by the name of a widget's view.
_DRAWN: dict[str, tuple[str, Callable[[Any], str]]] = {
    "BoxView": ("widget-container widget-box", _children),
    "HBoxView": ("widget-container widget-box widget-hbox", _children),
    "VBoxView": ("widget-container widget-box widget-vbox", _children),
    "GridBoxView": ("widget-container widget-gridbox", _children),
    "HTMLView": ("widget-inline-hbox widget-html", _html),
    "DropdownView": ("widget-inline-hbox widget-dropdown", _dropdown),
    "ButtonView": ("jupyter-button widget-button", _button),
    "CheckboxView": ("widget-inline-hbox widget-checkbox", _checkbox),
    "TextView": ("widget-inline-hbox widget-text", _field),
    "IntTextView": ("widget-inline-hbox widget-text", _field),
    "FloatTextView": ("widget-inline-hbox widget-text", _field),
    "DatePickerView": ("widget-inline-hbox widget-datepicker", _field),
    "IntSliderView": ("widget-inline-hbox widget-slider widget-hslider", _slider),
    "FloatSliderView": ("widget-inline-hbox widget-slider widget-hslider", _slider),
    "TextareaView": ("widget-inline-hbox widget-textarea", _lines),
    "OutputView": ("jp-OutputArea", _outputs),
}
