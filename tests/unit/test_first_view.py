"""What a page shows of widgets before they are alive: like them, safe, and all of the page or nothing of it."""

from html.parser import HTMLParser

import ipywidgets as widgets
import pytest
from traitlets import Unicode

from londata.kernels import first_view
from londata.kernels.first_view import VIEW, first_views


def shown(*widgets_):
    """Draw a page whose cells each show one widget; gives what stands for the first."""
    cells = [
        [
            {
                "output_type": "display_data",
                "data": {VIEW: {"model_id": each.model_id}, "text/plain": "x"},
                "metadata": {},
            }
        ]
        for each in widgets_
    ]
    drawn = first_views(cells)
    return drawn[0][0] if drawn else None


def output(**data):
    return {"output_type": "display_data", "data": {name.replace("_", "/"): each for name, each in data.items()}}


SLIDES = {"type": "range", "step": "any"}


class Tags(HTMLParser):
    """The tags of a text, with what they carry."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_a_form_looks_like_the_living_one_and_cannot_be_used_yet():
    words = widgets.HTML("<h2>In words</h2>")
    words.add_class("londata-words")
    place = widgets.Dropdown(options=[("Camden", "E07"), ("Hackney <b>", "E12")], value="E12", description="Borough")
    several = widgets.VBox([place, words, widgets.Button(description="Draw & go")])
    tags = Tags(text := shown(several)).found
    assert [tag for tag, _ in tags] == ["div", "div", "label", "select", "option", "div", "div", "h2", "button"]
    assert [carried["class"] for tag, carried in tags if tag == "div"] == [
        "jupyter-widgets widget-container widget-box widget-vbox",
        "jupyter-widgets widget-inline-hbox widget-dropdown",
        "jupyter-widgets widget-inline-hbox widget-html londata-words",
        "widget-html-content",
    ]
    assert "Hackney &lt;b&gt;" in text
    assert "Camden" not in text
    assert "Draw &amp; go" in text
    assert all("disabled" in carried for tag, carried in tags if tag in ("select", "button"))


@pytest.mark.parametrize(
    ("make", "tag", "carried"),
    [
        (lambda: widgets.Text('say "<i>"', description="Words"), "input", {"type": "text", "value": 'say "<i>"'}),
        (lambda: widgets.IntText(7), "input", {"type": "number", "value": "7"}),
        (lambda: widgets.FloatText(0.5), "input", {"type": "number", "value": "0.5"}),
        (lambda: widgets.IntSlider(30), "input", SLIDES | {"min": "0", "max": "100", "value": "30"}),
        (lambda: widgets.FloatSlider(2.5, max=10), "input", SLIDES | {"min": "0.0", "max": "10.0", "value": "2.5"}),
        (lambda: widgets.DatePicker(), "input", {"type": "date", "value": ""}),
        (lambda: widgets.Textarea("</textarea><script>", rows=3), "textarea", {"rows": "3"}),
        (lambda: widgets.Checkbox(True, description="All"), "input", {"type": "checkbox", "checked": None}),
        (lambda: widgets.Dropdown(options=["a"], value=None), "select", {}),
    ],
)
def test_each_control_is_drawn_with_its_value_and_disabled(make, tag, carried):
    tags = Tags(shown(make())).found
    (found,) = [each for name, each in tags if name == tag]
    assert found == carried | {"disabled": None}
    assert "script" not in [name for name, _ in tags]


def test_a_slider_says_its_number():
    assert ">2.50<" in shown(widgets.FloatSlider(2.5, max=10))
    assert "readout" not in shown(widgets.IntSlider(3, readout=False))


def test_a_layout_is_written_and_cannot_say_more_than_it_stands_for():
    plain = shown(widgets.HTML("x", layout=widgets.Layout(width="50%", grid_gap="2px", border="1px solid red")))
    assert Tags(plain).found[0][1]["style"].startswith("border-bottom:1px solid red;border-left:")
    assert "grid-gap:2px;width:50%;" in plain
    for hostile in ("1px;background:red", '1px" onload="x', "url('http://elsewhere.example/')", "1px\\3b", "}"):
        assert hostile.split(";")[0] not in shown(widgets.HTML("x", layout=widgets.Layout(width=hostile)))


def test_an_output_widget_and_plain_outputs_are_drawn():
    held = widgets.Output()
    held.outputs = (
        {"output_type": "stream", "name": "stdout", "text": "so <b>\n"},
        {"output_type": "display_data", "data": {"text/plain": ["a", "<b>"]}, "metadata": {}},
    )
    assert "so &lt;b&gt;" in shown(held)
    assert "a&lt;b&gt;" in shown(held)
    picture = output(image_png="aGVs\nbG8=", text_plain="<Figure>") | {
        "metadata": {"image/png": {"width": 40, "height": 30, "alt": 'a "chart"'}}
    }
    cells = [
        [],
        [{"output_type": "stream", "name": "stdout", "text": "it comes as text"}, picture],
        [output(text_html=["<table>", "</table>"], text_plain="x"), output(text_plain="5 < 6")],
    ]
    nothing, (stream, drawn), (table, plain) = first_views(cells)
    assert (nothing, stream) == ([], "")
    assert Tags(drawn).found[1] == (
        "img",
        {"src": "data:image/png;base64,aGVsbG8=", "alt": 'a "chart"', "width": "40", "height": "30"},
    )
    assert "<table></table>" in table
    assert "5 &lt; 6" in plain


class Own(widgets.HTML):
    """A widget that an author has made: drawn by ipywidgets' own part of the page."""


class Foreign(widgets.DOMWidget):
    """A widget that somebody else's part of the page draws."""

    _view_module = Unicode("somebody-else").tag(sync=True)


def spoilt():
    """A widget that cannot be looked at: what it says is chosen is not there."""
    made = widgets.Dropdown(options=["a"], value="a")
    made._trait_values["_options_labels"] = ()
    return made


def test_what_an_author_derives_is_drawn():
    assert "mine" in shown(Own("mine"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: widgets.VBox([widgets.HTML("x"), widgets.IntProgress()]),
        lambda: widgets.HTMLMath("$x$"),
        lambda: widgets.Text(description="$x$"),
        lambda: widgets.Button(icon="check"),
        lambda: widgets.IntSlider(orientation="vertical"),
        lambda: widgets.FloatSlider(readout_format=".0%"),
        Foreign,
        spoilt,
    ],
)
def test_a_page_with_a_part_that_is_not_known_has_no_first_view(make):
    assert shown(widgets.HTML("x")) is not None
    assert shown(widgets.HTML("x"), make()) is None


def test_an_output_that_only_the_page_can_draw_leaves_the_page_without():
    assert first_views([[output(text_latex="$x$", text_plain="x")]]) == []
    assert first_views([[output()]]) == []
    gone = {"output_type": "display_data", "data": {VIEW: {"model_id": "gone"}}}
    assert first_views([[gone]]) == []


def test_a_page_that_would_be_too_much_has_no_first_view(monkeypatch):
    monkeypatch.setattr(first_view, "MOST_CHARACTERS", 10)
    assert first_views([[output(text_plain="x" * 20)]]) == []
