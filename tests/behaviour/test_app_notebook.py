"""The borough explorer's numbers, words and pictures, and its notebook run as Voila runs it."""

import asyncio
import base64
import math
import re

import nbformat
import pytest

from londata.geography import figures
from londata.insights.figures import in_html
from londata.intake_catalog import open_catalog
from londata.settings import shipped
from londata.widgets import app_parts, borough_explorer, boroughs

CAMDEN, CITY, CROYDON = "E09000007", "E09000001", "E09000008"


@pytest.fixture(scope="module")
def catalog():
    return open_catalog(str(shipped("catalogs")))


@pytest.fixture(scope="module")
def data(catalog):
    return borough_explorer.load(catalog)


def words(data, code, key):
    html = boroughs.summary(data.indicators[key], code, data.names, data.neighbours[code])
    return re.sub(r"<[^>]+>", " ", html)


def test_there_are_33_boroughs_with_name_area_and_figure(data):
    assert len(data.names) == len(data.areas) == 33
    assert all(len(each.values) == 33 for each in data.indicators.values())
    assert len(data.indicators) >= 5


def test_residents_add_up_to_london(data):
    people = data.indicators["population"]
    # Census 2021, table TS009: each authority as published, summed by hand
    assert people.values.sum() == people.london == 8_799_697
    assert people.adds_up
    assert people.reference == ("Average borough", pytest.approx(8_799_697 / 33))


def test_density_is_people_over_area_and_compares_with_london(data, catalog):
    density = data.indicators["population_density"]
    table = catalog["london-authorities"].read().set_index("code")
    assert density.values[CAMDEN] == round(table.residents_2021[CAMDEN] / table.area_hectares[CAMDEN] * 100)
    assert density.reference == ("London", 5597)


def test_no_share_or_price_is_taken_for_a_sum(data):
    assert [key for key, each in data.indicators.items() if each.adds_up] == ["population"]


def test_the_words_say_figure_place_and_comparison(data):
    said = words(data, CAMDEN, "population_density")
    assert "Camden: 9,643 people per km²  (2021). That is the 9th highest of 33 boroughs" in said
    assert "72% above London (5,597)" in said  # 9,643 / 5,597 = 1.7229
    assert "Highest is Tower Hamlets (15,688), lowest Bromley (2,198)." in said
    assert "Islington (14,575)" in said.partition("On the map")[2]


def test_the_words_say_so_when_there_is_no_figure(data):
    assert "City of London: no figure" in words(data, CITY, "life_expectancy_female")
    assert "32 boroughs" in words(data, CAMDEN, "life_expectancy_female")


@pytest.mark.parametrize(
    ("place", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (13, "13th"), (22, "22nd")]
)
def test_places_are_written_in_english(place, text):
    assert boroughs.ordinal(place) == text


def test_highest_and_lowest_are_named_as_such(data):
    assert "That is the highest of 33" in words(data, CROYDON, "population")
    assert "That is the lowest of 33" in words(data, CITY, "population")


def test_money_and_shares_carry_their_sign(data):
    assert "Camden: £700,000  (2015)" in words(data, CAMDEN, "median_house_price")
    assert re.search(
        r"Camden: \d+\.\d% of LSOAs .* points (above|below) London \(17\.9%\)",
        words(data, CAMDEN, "deprived_neighbourhoods"),
    )


def test_the_table_says_the_same_as_the_chart(data):
    html = boroughs.table(data.indicators["population"], CAMDEN, data.names)
    assert html.count("<tr") == 35  # head, 33 boroughs, London
    assert '<tr class="chosen" aria-current="true"><th scope="row">▸ Camden</th><td>210,131</td>' in html
    assert '<tfoot><tr><th scope="row">London</th><td>8,799,697</td>' in html
    assert "2021" in html.partition("</caption>")[0]
    assert "ONS Census 2021" in html.partition("</caption>")[0]


def test_neighbours_are_mutual_and_nobody_neighbours_themselves(data):
    for code, others in data.neighbours.items():
        assert others, data.names[code]
        assert code not in others
        assert all(code in data.neighbours[other] for other in others)


def svg(image):
    return base64.b64decode(re.search(r"base64,([^\"]+)", image)[1]).decode()


def test_pictures_have_words_of_their_own_and_change_with_the_choice(data):
    chart, drawing = borough_explorer.pictures(data, CAMDEN, "population")
    assert 'alt="Bar chart of Residents (people, 2021)' in chart
    assert 'alt="Map of London&#x27;s boroughs shaded by Residents' in drawing
    assert "Camden" in chart
    for image in (chart, drawing):
        assert svg(image).count(figures.CHOSEN), "the chosen borough is not brought out"
    assert svg(borough_explorer.pictures(data, CITY, "population")[1]) != svg(drawing)


def test_pictures_are_drawn_where_figures_are_missing(data):
    chart, drawing = borough_explorer.pictures(data, CITY, "life_expectancy_female")
    assert figures.MISSING in svg(drawing)
    assert chart


def test_classes_of_the_map_hold_every_figure(data):
    for indicator in data.indicators.values():
        ends = figures.classes(indicator.values, indicator.decimals)
        assert ends == sorted(set(ends))
        assert ends[-1] == indicator.values.max()
        assert len(ends) <= len(figures.SHADES)


@pytest.mark.parametrize(
    ("query", "code", "key"),
    [
        ("borough=Camden&indicator=population", CAMDEN, "population"),
        ("borough=city+of+london", CITY, borough_explorer.FIRST_INDICATOR),
        ("borough=E09000008", CROYDON, borough_explorer.FIRST_INDICATOR),
        ("", borough_explorer.FIRST_BOROUGH, borough_explorer.FIRST_INDICATOR),
        ("borough=<script>&indicator=__class__", borough_explorer.FIRST_BOROUGH, borough_explorer.FIRST_INDICATOR),
        ("&".join(["borough=x"] * 50), borough_explorer.FIRST_BOROUGH, borough_explorer.FIRST_INDICATOR),
    ],
)
def test_an_address_names_the_first_choice(data, query, code, key):
    assert borough_explorer.choice_in(query, data) == (code, key)


def test_the_sources_name_publisher_licence_and_what_it_asks_for(catalog):
    html = app_parts.sources(catalog, borough_explorer.USES)
    for slug in borough_explorer.USES:
        assert f"<code>{slug}</code>" in html
    assert html.count("Open Government Licence v3.0") >= 3
    assert "Crown copyright" in html


def test_moving_a_control_changes_everything(catalog):
    app = borough_explorer.explore(catalog, "borough=Camden&indicator=population")
    shown = {widget._dom_classes[0]: widget for widget in walk(app) if widget._dom_classes}
    before = {name: shown[f"londata-{name}"].value for name in ("words", "chart", "map", "table")}
    for name in ("chart", "map"):
        assert [(each.alt, each.title) for each in in_html(before[name])] == [(True, True)]
    controls = shown["londata-controls"].children
    controls[0].value = CROYDON
    after = {name: shown[f"londata-{name}"].value for name in before}
    assert all(before[name] != after[name] for name in before)
    controls[0].value = None
    assert {name: shown[f"londata-{name}"].value for name in before} == after


def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def test_data_that_cannot_be_read_is_said_in_a_sentence(small_catalog):
    app = borough_explorer.explore(open_catalog(str(small_catalog)))
    assert 'role="alert"' in app.value
    assert "london-authorities" in app.value.replace("_", "-")


def test_what_figures_cannot_say_is_left_out_not_guessed():
    assert figures.number(math.nan) == "–"
    assert figures.number(None) == "–"
    assert figures.number(1234.5, 1) == "1,234.5"


@pytest.mark.parametrize("slug", ["borough-explorer", "air-quality-now-and-then", "green-and-culture"])
def test_the_notebook_runs_and_shows_one_app(slug):
    import nbclient
    from jupyter_client.manager import AsyncKernelManager

    content = nbformat.read(shipped("voila-apps") / slug / "app.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        content, km=AsyncKernelManager(kernel_name="python3", transport="ipc"), timeout=120
    )
    asyncio.run(client.async_execute(cleanup_kc=True))
    outputs = [output for cell in content.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output.output_type for output in outputs] == ["execute_result"]
    assert "application/vnd.jupyter.widget-view+json" in outputs[0].data
