"""Who lives within a walk of what: the numbers worked out again another way, the words, and the invented places."""

import math
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from londata import readers
from londata.intake_catalog import open_catalog
from londata.settings import shipped
from londata.widgets import green_and_culture, reach, reach_pictures, reach_words

CAMDEN, CITY, BROMLEY = "E09000007", "E09000001", "E09000006"


@pytest.fixture(scope="module")
def catalog():
    return open_catalog(str(shipped("catalogs")))


@pytest.fixture(scope="module")
def shown(catalog):
    return green_and_culture.load(catalog)


def square(left):
    return shapely.box(left * 1000, 0, left * 1000 + 1000, 1000)


@pytest.fixture
def row_of_squares():
    """Two boroughs of two square kilometres each, side by side; a library in the first, one on the border."""
    boroughs = gpd.GeoDataFrame(
        {"code": ["A", "B"], "name": ["Ash", "<b>Box"]},
        geometry=[square(0) | square(1), square(2) | square(3)],
        crs=27700,
    )
    areas = gpd.GeoDataFrame(
        {
            "id": ["A1", "A2", "B1", "B2"],
            "name": ["Ash 01", "Ash 02", "<b>Box 01", "<b>Box 02"],
            "label": ["01", "02", "01", "02"],
            "code": ["A", "A", "B", "B"],
            "residents": [1000, 2000, 3000, 500],
        },
        geometry=[square(left) for left in range(4)],
        crs=27700,
    )
    hectares = math.pi * 200**2
    places = gpd.GeoDataFrame(
        {
            "name": ["one", "two", "park", "same park"],
            "kind": ["library", "library", "park", "park"],
            "code": ["A", "B", "B", "B"],
            "radius": [0.0, 0.0, math.sqrt(hectares / math.pi), 200.0],
        },
        geometry=gpd.points_from_xy([500, 2000, 3500, 3500], [500, 500, 500, 500]),
        crs=27700,
    )
    return reach.City(boroughs, areas, places)


CIRCLE = math.pi * 0.4**2  # square kilometres within 400 m of a point


def test_a_walk_covers_a_circle_and_the_border_of_a_borough_does_not_stop_it(row_of_squares):
    found = reach.measure(row_of_squares, "library", 400)
    assert list(found.neighbourhoods["share"]) == pytest.approx([CIRCLE, CIRCLE / 2, CIRCLE / 2, 0], rel=0.005)
    ash, box = found.boroughs.loc["A"], found.boroughs.loc["B"]
    assert ash["residents_within"] == pytest.approx(CIRCLE * 1000 + CIRCLE / 2 * 2000, rel=0.005)
    assert ash["residents_share"] == pytest.approx(100 * ash["residents_within"] / 3000)
    assert box["area_share"] == pytest.approx(100 * CIRCLE / 2 / 2, rel=0.005)
    assert (ash["neighbourhoods_within"], box["neighbourhoods_within"]) == (1, 0)
    assert (ash["places"], box["places"]) == (1, 1)
    assert found.london["residents"] == 6500
    assert found.london["residents_within"] == pytest.approx(CIRCLE * (1000 + 1000 + 1500), rel=0.005)


def test_a_park_is_walked_to_from_its_edge_and_two_in_one_place_reach_no_farther_than_one(row_of_squares):
    share = reach.measure(row_of_squares, "park", 100).neighbourhoods["share"]
    assert share[3] == pytest.approx(math.pi * 0.3**2, rel=0.005)
    assert list(share[:3]) == [0, 0, 0]


def test_where_there_is_no_place_nobody_is_within_reach(row_of_squares):
    found = reach.measure(row_of_squares, "museum", 1200)
    assert (found.boroughs["residents_share"] == 0).all()
    assert list(found.boroughs["places"]) == [0, 0]
    assert "None of 2 neighbourhoods" in reach_words.gaps(found, "A")[0]
    assert "The borough has 0 museums" in reach_words.gaps(found, "A")[0]


@pytest.mark.parametrize(("kind", "metres", "code"), [("park", 400, CAMDEN), ("library", 800, BROMLEY)])
def test_the_land_within_reach_agrees_with_points_that_are_counted_one_by_one(shown, kind, metres, code):
    city = shown.city
    areas = city.neighbourhoods[city.neighbourhoods["code"] == code].geometry.union_all()
    west, south, east, north = areas.bounds
    grid = np.stack(np.meshgrid(np.arange(west, east, 80), np.arange(south, north, 80)), axis=-1).reshape(-1, 2)
    grid = grid[shapely.contains_xy(areas, *grid.T)]
    places = city.places[city.places["kind"] == kind]
    centres = np.column_stack([places.geometry.x, places.geometry.y])
    away = np.hypot(*(grid[:, None, :] - centres[None, :, :]).transpose(2, 0, 1)) - places["radius"].to_numpy()
    counted = 100 * (away.min(axis=1) <= metres).mean()
    assert shown.reach(kind, metres).boroughs["area_share"][code] == pytest.approx(counted, abs=1.0)


def test_a_longer_walk_reaches_everywhere_that_a_shorter_one_does(shown):
    near, far = (shown.reach("library", metres).neighbourhoods["share"] for metres in (400, 800))
    assert (far >= near - 1e-9).all()
    assert (far > near).any()


# Words and tables -----------------------------------------------------------------------------------------------------


def test_the_words_say_share_walk_place_and_london(row_of_squares):
    found = reach.measure(row_of_squares, "library", 400)
    (said,) = reach_words.summary(found, "neighbourhoods", "A", row_of_squares.names)
    assert said == (
        "Ash: 50.0% of neighbourhoods are within 400 m of a library (about 5 minutes’ walk in a straight line). "
        "That is the highest of 2 boroughs; in London as a whole it is 25.0%."
    )
    (said,) = reach_words.summary(found, "neighbourhoods", "B", row_of_squares.names)
    assert said.startswith("<b>Box: 0% of neighbourhoods")
    assert "the lowest of 2 boroughs" in said
    assert reach_words.gaps(found, "A")[1] == (
        "Most people farther away live in Ash 02 (1,500 of 2,000 residents), Ash 01 (500 of 1,000 residents)."
    )


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.04, "less than 0.1%"), (0.1, "0.1%"), (59.46, "59.5%"), (99.96, "more than 99.9%"), (100, "100%")],
)
def test_nothing_is_rounded_up_to_all_or_down_to_nothing(share, text):
    assert reach_words.percent(share) == text


@pytest.mark.parametrize(("count", "text"), [(0, "none"), (3, "fewer than 100"), (149, "100"), (85_249.6, "85,200")])
def test_people_are_estimates_and_written_as_such(count, text):
    assert reach_words.people(count) == text


def test_boroughs_with_the_same_share_share_a_place(shown):
    found = shown.reach("museum", 1200)
    places = reach_words.places_of(found, "neighbourhoods")
    full = found.boroughs.index[found.boroughs["neighbourhoods_share"] == 100]
    assert len(full) > 1
    assert set(places[full]) == {1}
    assert reach_words.place_in_order(found, "neighbourhoods", full[0]) == "joint highest of 33 boroughs"
    assert reach_words.place_in_order(found, "neighbourhoods", BROMLEY) == "joint lowest of 33 boroughs"


def test_the_table_is_ranked_and_has_every_borough(shown):
    table = reach_words.ranked(shown.reach("park", 400), "area", shown.city.names)
    assert len(table) == 33
    assert table["Land (%)"].is_monotonic_decreasing
    assert table["Borough"][0].startswith("1. ")
    assert {name.partition(". ")[2] for name in table["Borough"]} == set(shown.city.names.values())


def test_texts_of_the_data_are_escaped(row_of_squares):
    page = green_and_culture.Map(row_of_squares)
    choice = green_and_culture.Choice("B", "library", 400, "residents")
    html = green_and_culture.near(page, choice) + green_and_culture.across(page, choice)
    assert "<b>Box" not in html
    assert "&lt;b&gt;Box" in html


def test_the_map_of_a_borough_numbers_every_neighbourhood(shown):
    drawing = reach_pictures.borough_map(shown.city, shown.reach("park", 400), CAMDEN)
    written = {text.get_text() for text in drawing.axes[0].texts}
    here = shown.city.neighbourhoods[shown.city.neighbourhoods["code"] == CAMDEN]
    assert written == {name[-2:] for name in here["name"]} | {"1 km"}


# The app --------------------------------------------------------------------------------------------------------------


def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def test_moving_a_control_changes_everything_and_every_picture_says_what_it_shows(catalog):
    app = green_and_culture.explore(catalog, "borough=City+of+London&to=library&walk=800&by=area")
    parts = {widget._dom_classes[0]: widget for widget in walk(app) if widget._dom_classes}
    text = {name: parts[f"londata-{name}"].value for name in ("words", "here", "everywhere")}
    assert "City of London" in text["words"]
    assert "within 800 m of a library" in text["words"]
    assert "made up" in parts["londata-notice"].value
    pictures = re.findall(r"<img[^>]*>", text["here"] + text["everywhere"])
    assert len(pictures) == 3
    assert all(len(re.search('alt="([^"]*)"', picture)[1]) > 60 for picture in pictures)
    parts["londata-controls"].children[1].value = "museum"
    assert all(parts[f"londata-{name}"].value != before for name, before in text.items())


@pytest.mark.parametrize(
    ("query", "choice"),
    [
        ("", green_and_culture.Choice()),
        ("borough=BROMLEY&to=Museum&walk=1200&by=area", green_and_culture.Choice(BROMLEY, "museum", 1200, "area")),
        ("borough=<script>&to=pub&walk=399&by=__class__", green_and_culture.Choice()),
        ("&".join(["walk=800"] * 50), green_and_culture.Choice()),
    ],
)
def test_an_address_names_the_first_choice(shown, query, choice):
    assert green_and_culture.choice_in(query, shown.city) == choice


def test_data_that_cannot_be_read_is_said_in_a_sentence(small_catalog):
    assert 'role="alert"' in green_and_culture.explore(open_catalog(str(small_catalog))).value


# The invented places --------------------------------------------------------------------------------------------------


def table(name, media_type):
    return readers.read(shipped("catalogs") / "data" / name, media_type, {})


def test_neighbourhoods_fill_their_boroughs_and_hold_their_residents():
    areas = table("neighbourhoods.geojson", "application/geo+json")
    people = table("london-authorities.csv", "text/csv").set_index("code")["residents_2021"]
    assert areas.groupby("authority_code")["residents"].sum().to_dict() == people.to_dict()
    assert areas.is_valid.all()
    assert areas["neighbourhood"].is_unique
    outlines = table("borough-boundaries.geojson", "application/geo+json").set_index("code").to_crs(27700)
    parts = areas.to_crs(27700).dissolve("authority_code")
    apart = parts.geometry.symmetric_difference(outlines.geometry[parts.index], align=True).area
    assert (apart / outlines.area).max() < 0.003
    metres = areas.to_crs(27700)
    assert metres.area.sum() == pytest.approx(metres.union_all().area, rel=0.001)


def test_every_borough_has_a_park_a_library_and_a_museum_and_each_lies_in_it():
    outlines = table("borough-boundaries.geojson", "application/geo+json").set_index("code")
    culture = table("libraries-and-museums.csv", "text/csv")
    for places in (table("public-parks.csv", "text/csv"), *(rows for _, rows in culture.groupby("kind"))):
        assert places["authority_code"].nunique() == 33
        points = gpd.points_from_xy(places["longitude"], places["latitude"])
        assert shapely.contains(outlines.geometry[places["authority_code"]].to_numpy(), np.asarray(points)).all()
    assert culture["kind"].value_counts().to_dict() == {"library": 330, "museum": 160}
    assert pd.Series(culture["place"]).is_unique
