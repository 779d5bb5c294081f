"""Figures in what a notebook put out: each needs a title, and words for those who do not see it."""

import nbformat
import pytest

from londata.insights.figures import figures, in_html


def judged(*outputs, widgets=None):
    cell = nbformat.v4.new_code_cell("x")
    cell.outputs = [nbformat.v4.new_output("display_data", data, metadata=meta) for data, meta in outputs]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    if widgets:
        models = {str(n): {"model_name": name, "state": state} for n, (name, state) in enumerate(widgets)}
        notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": models}}
    return [(each.weight, each.cell) for each in figures(notebook)]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<figure><figcaption><b>Rolls</b></figcaption><img alt='Line rising' src='data:,'></figure>", [(True, True)]),
        ("<figure><img alt='Line rising' src='data:,'><figcaption>Rolls</figcaption></figure>", [(True, True)]),
        ("<h3>Rolls</h3><div><img alt='Line rising'></div>", [(True, True)]),
        ("<img alt='Line rising'>", [(True, False)]),
        ("<img src='x.png'>", [(False, False)]),
        ("<img alt=''>", []),
        ("<svg aria-hidden='true'><path/></svg><div role='presentation'><svg></svg></div>", []),
        ("<svg role='img'><title>Rolls by year</title><g><svg/></g></svg>", [(True, True)]),
        ("<svg role='img' aria-label='Line rising'><text>1</text></svg>", [(True, False)]),
        ("<svg><text>1</text></svg>", [(False, False)]),
        ("<canvas>Line rising</canvas><canvas></canvas>", [(True, False), (False, False)]),
        ("<p>No figure & <broken", []),
        ("<img alt='a'></p></div></section><img>", [(True, False), (False, False)]),
    ],
)
def test_figures_in_html(markup, expected):
    assert [(each.alt, each.title) for each in in_html(markup)] == expected


def test_a_bare_picture_must_have_words():
    assert judged(({"image/png": "iVBOR", "text/plain": "<Figure>"}, {})) == [("must", 1)]
    described = ({"image/png": "iVBOR"}, {"image/png": {"alt": "Line rising"}})
    assert judged(described) == judged(described, described) == [("should", 1)]
    assert judged(({"text/plain": "1"}, {})) == []


def test_nothing_is_said_of_a_title_that_cannot_be_seen():
    cell = nbformat.v4.new_code_cell("x")
    cell.outputs = [nbformat.v4.new_output("display_data", {"image/png": "iVBOR"}, metadata={"alt": "Line rising"})]
    [found] = figures(nbformat.v4.new_notebook(cells=[cell]))
    assert found.sentence.startswith(
        "A figure has a text alternative; whether it has a title cannot be seen in a picture: see to it, or show"
    )


def test_charts_of_libraries():
    plotly, vega = "application/vnd.plotly.v1+json", "application/vnd.vegalite.v5+json"
    assert judged(({plotly: {"layout": {"title": {"text": "Rolls"}}}}, {})) == [("must", 1)]
    assert judged(({plotly: {"layout": {"title": "Rolls"}}}, {"alt": "Line rising"})) == [("fine", None)]
    assert judged(({vega: {"title": "Rolls", "description": "Line rising"}}, {})) == [("fine", None)]
    assert judged(({vega: {"description": "Line rising"}}, {})) == [("should", 1)]


def test_widgets_are_looked_into():
    good = {"value": "<h2>Rolls</h2><img alt='Line rising'>"}
    inner = {"outputs": [{"output_type": "display_data", "data": {"image/png": "iVBOR"}, "metadata": {}}]}
    assert judged(widgets=[("HTMLModel", good), ("LabelModel", {"value": "<img>"})]) == [("fine", None)]
    assert judged(widgets=[("HTMLModel", good), ("OutputModel", inner)]) == [("must", None)]
    assert judged(widgets=[("ImageModel", {})]) == [("must", None)]


def test_the_blocks_of_reports_are_in_order(tmp_path):
    from matplotlib.figure import Figure

    from londata.reports import blocks

    block = blocks.figure(
        Figure(), title="Rolls", unit="Pupils, 2025", source="Camden", alt="Line rising", summary=["It rises."]
    )
    assert judged(({"text/html": block._repr_html_()}, {})) == [("fine", None)]
