"""The blocks of a report's page: what must be said before one is shown."""

import pytest
from matplotlib.figure import Figure

from londata.errors import UsageError
from londata.reports import blocks

SAID = {"title": "Homes", "unit": "homes, 2025", "source": "GLA", "alt": "A bar for each borough", "summary": ["More."]}


def test_a_figure_is_shown_with_everything_that_it_says():
    shown = blocks.figure(Figure(), **SAID)
    assert 'alt="A bar for each borough"' in shown._repr_html_().replace("'", '"')
    assert repr(shown) == "Homes (homes, 2025)\nMore.\nSource: GLA."


@pytest.mark.parametrize("name", SAID)
def test_a_figure_that_leaves_something_unsaid_is_refused_with_what_it_needs(name):
    with pytest.raises(UsageError, match=f"says nothing as {name} cannot be shown") as raised:
        blocks.figure(Figure(), **SAID | {name: " " if name != "summary" else []})
    assert "a text alternative (alt)" in raised.value.hint
