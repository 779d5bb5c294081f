"""The ground of the map of reach: any areas and places that fit, and a sentence about those that do not."""

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from londata.errors import UsageError
from londata.widgets import reach
from londata.widgets.ground import Areas, Ground, Places, gather

GROUND = Ground(Areas("areas", "id", "called", "lad"), (Places("library", "places", "name", "csv"),), "boroughs")


def squares(**columns):
    shapes = [shapely.box(530_000 + 1000 * each, 180_000, 531_000 + 1000 * each, 181_000) for each in range(2)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=27700)


@pytest.fixture
def tables():
    points = gpd.GeoSeries(gpd.points_from_xy([530_500, 531_990], [180_500, 181_300]), crs=27700).to_crs(4326)
    return {
        ("boroughs", ""): squares(code=["A", "B"], name=["Ash", "Box"]).to_crs(4326),
        ("areas", ""): squares(id=["1", "2"], called=["North", "South"], lad=["A", "B"]),
        ("places", "csv"): pd.DataFrame({"name": ["one", "two"], "longitude": points.x, "latitude": points.y}),
    }


def test_places_are_found_in_areas_by_where_they_are_and_just_beside_them(tables):
    city = gather(GROUND, tables)
    assert list(city.places["code"]) == ["A", "B"]  # the second stands 300 m beyond the border
    assert list(city.neighbourhoods["label"]) == ["01", "01"]
    assert (city.kinds, city.peopled, list(city.measures)) == (["library"], False, ["area", "neighbourhoods"])
    assert list(reach.measure(city, "library", 400).neighbourhoods["share"] > 0) == [True, True]


def test_a_place_is_a_polygon_where_its_entry_has_polygons_even_broken_ones(tables):
    bow = shapely.Polygon([(530_100, 180_100), (530_500, 180_500), (530_500, 180_100), (530_100, 180_500)])
    tables["parks", ""] = gpd.GeoDataFrame({"name": ["park"]}, geometry=[bow], crs=27700)
    city = gather(replace(GROUND, places=(Places("park", "parks", "name"),)), tables)
    assert city.places.geometry.is_valid.all()
    assert reach.measure(city, "park", 400).neighbourhoods["share"].iloc[0] > 0.5


@pytest.mark.parametrize(
    ("source", "change", "said"),
    [
        (("areas", ""), lambda each: each.drop(columns="lad"), "the entry areas: it has no column lad"),
        (("areas", ""), lambda each: each.set_crs(None, allow_override=True), "does not say in which coordinates"),
        (("areas", ""), lambda each: pd.DataFrame(each.drop(columns="geometry")), "it has no shapes"),
        (
            ("areas", ""),
            lambda each: each.assign(lad=["A", "C"]),
            "do not fit: 2 codes in only one of them, for instance B",
        ),
        (("areas", ""), lambda each: each.head(1), "1 code in only one of them, for instance B"),
        (("places", "csv"), lambda each: each.drop(columns="latitude"), "places: it has no column latitude"),
        (("places", "csv"), lambda each: each.drop(columns="name"), "places: it has no column name"),
    ],
)
def test_an_entry_that_does_not_fit_is_said_in_a_sentence(tables, source, change, said):
    tables[source] = change(tables[source])
    with pytest.raises(UsageError, match=said):
        gather(GROUND, tables)
