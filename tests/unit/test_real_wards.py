"""The map of green and cultural infrastructure over real wards, parks, libraries and museums, not the invented ones."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from londata.intake_catalog import open_catalog
from londata.settings import shipped
from londata.widgets import green_and_culture, reach_words
from londata.widgets.ground import WARDS, Places

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"
FILES = {
    "wards.geojson": "boundaries/wards_london_drkane.geojson",
    "libraries.csv": "culture/cim_Libraries.csv",
    "museums.csv": "culture/cim_Museums_and_public_galleries.csv",
    "parks.gpkg": "environment/os_greenspace_london.gpkg",
}
GROUND = replace(WARDS, places=(Places("park", "parks", "distName1"), *WARDS.places))
CITY, CAMDEN, GREENWICH, HAVERING = "E09000001", "E09000007", "E09000011", "E09000016"
THEME = """\
theme: real
title: Real places
entries:
  borough-boundaries: {title: Boroughs, publisher: ons, access: open, licence: ogl-3, distributions: {geojson: {path: data/boroughs.geojson, media_type: application/geo+json}}}
  wards-2025: {title: Wards, publisher: ons, access: open, licence: ogl-3, distributions: {geojson: {path: data/wards.geojson, media_type: application/geo+json}}}
  parks: {title: Parks, publisher: ons, access: open, licence: ogl-3, distributions: {gpkg: {path: data/parks.gpkg, media_type: application/geopackage+sqlite3}}}
  cultural-infrastructure:
    title: Culture
    publisher: ons
    access: open
    licence: ogl-3
    distributions:
      libraries: {path: data/libraries.csv, media_type: text/csv}
      museums: {path: data/museums.csv, media_type: text/csv}
"""  # noqa: E501


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    for name in FILES.values():
        if not (REAL / name).exists():
            pytest.skip(f"needs ../shared/data/{name}")
    folder = tmp_path_factory.mktemp("wards") / "catalogs"
    (folder / "data").mkdir(parents=True)
    for name, real in FILES.items():
        shutil.copyfile(REAL / real, folder / "data" / name)
    shutil.copyfile(shipped("catalogs") / "data/borough-boundaries.geojson", folder / "data/boroughs.geojson")
    (folder / "london.yaml").write_text("title: Real\npublishers: publishers.yaml\nthemes: [real.yaml]\n")
    (folder / "publishers.yaml").write_text("ons: {name: Office for National Statistics, kind: national}\n")
    (folder / "real.yaml").write_text(THEME)
    return open_catalog(str(folder))


@pytest.fixture(scope="module")
def shown(catalog):
    return green_and_culture.load(catalog, GROUND)


def test_every_ward_of_london_is_there_under_its_own_name(shown):
    wards = shown.city.neighbourhoods
    assert len(wards) == 704
    assert wards["code"].nunique() == 33
    assert (wards["code"] == CITY).sum() == 25
    assert {"Bloomsbury", "Hampstead Town"} <= set(wards.loc[wards["code"] == CAMDEN, "name"])
    assert wards.area.sum() == pytest.approx(1_573e6, rel=0.001)  # London's land is 1,572 km²
    assert shown.city.measures == {"area": "land", "neighbourhoods": "wards"}  # nobody counted heads by these wards


def test_a_place_belongs_to_the_borough_that_it_lies_in_whatever_its_table_says(shown):
    places = shown.city.places
    assert places["kind"].value_counts().to_dict() == {"park": 989, "library": 342, "museum": 163}
    assert places["code"].notna().all()
    by_name = places.set_index("name")["code"]
    assert by_name["Wembley Library"] == "E09000005"  # its row has no borough
    assert by_name["Mottingham Library"] == GREENWICH  # its row says Bromley, and it stands across the border
    museums = places[places["kind"] == "museum"].set_index("name")["code"]
    assert museums["Museum of Croydon"] == "E09000008"


def test_wards_within_reach_are_those_that_are_found_another_way(shown):
    """Points of a grid in each ward of two boroughs, each measured to every library."""
    found = shown.reach("library", 800).neighbourhoods
    libraries = shown.city.places[shown.city.places["kind"] == "library"].geometry
    wards = shown.city.neighbourhoods
    for _, ward in wards[wards["code"].isin((CAMDEN, HAVERING))].iterrows():
        west, south, east, north = ward.geometry.bounds
        grid = np.stack(np.meshgrid(np.arange(west, east, 60), np.arange(south, north, 60)), axis=-1).reshape(-1, 2)
        grid = grid[shapely.contains_xy(ward.geometry, *grid.T)]
        away = np.hypot(grid[:, :1] - libraries.x.to_numpy(), grid[:, 1:] - libraries.y.to_numpy()).min(axis=1)
        share = found.loc[found["id"] == ward["id"], "share"].iloc[0]
        assert share == pytest.approx((away <= 800).mean(), abs=0.03), ward["name"]


def test_what_is_known_of_london_is_found(shown):
    """Libraries and museums crowd in the middle, parks do not; London's outer edge has the farthest to go."""
    library, museum, park = (shown.reach(kind, 800) for kind in ("library", "museum", "park"))
    assert library.boroughs["area_share"].idxmax() == museum.boroughs["area_share"].idxmax() == CITY
    assert library.boroughs["area_share"].nsmallest(3).index.isin((HAVERING, "E09000006", "E09000017")).any()
    assert park.london["neighbourhoods_within"] > library.london["neighbourhoods_within"]
    assert library.london["neighbourhoods_within"] > museum.london["neighbourhoods_within"]
    # A park is a polygon here: the ward that Regent's Park fills is all within reach of one.
    wards = park.neighbourhoods.set_index("name")
    assert wards.loc["Regent's Park", "share"].min() > 0.95


def test_the_app_speaks_of_wards_and_calls_nothing_made_up(catalog):
    app = green_and_culture.explore(catalog, "borough=Camden&to=library&walk=800", GROUND)
    page = " ".join(child.value for child in app.children if hasattr(child, "value"))
    assert "16 of 20 wards are within reach" in page
    assert "Least of the land is within reach in Bloomsbury" in page
    assert "Office for National Statistics" in page
    for word in ("Generated", "made up", "neighbourhood", "Residents", "residents", "circle", "nan"):
        assert word not in page, word
    assert {label for label, _ in app.children[1].children[3].options} == {"Land", "Wards"}


def test_each_ward_has_the_number_on_the_map_before_its_name(shown):
    table, _ = reach_words.by_neighbourhood(shown.reach("library", 800), CAMDEN)
    assert sorted(table["name"])[0] == "01 Belsize"
    assert len(table) == 20
