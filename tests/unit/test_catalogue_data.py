"""The data in the catalogue: it reads as recorded, its figures agree with what was published, and it can be made again.

Published figures are checked against totals that their publishers state, and against each other.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from londata import readers
from londata.catalog_files import check_bytes, load_catalog

ROOT = Path(__file__).resolve().parents[2]
CATALOGS = ROOT / "catalogs"
SHARED = ROOT.parent / "shared" / "data"
LONDON = "E12000007"
AUTHORITIES = {f"E0900{number:04}" for number in range(1, 34)}
OFFLINE = {
    f"{entry.id}/{distribution.id}": (entry, distribution)
    for entry in load_catalog(CATALOGS).entries
    for distribution in entry.distributions
    if distribution.path
}


def data(key: str):
    """Read one file of the catalogue as an analyst does."""
    _, distribution = OFFLINE[key]
    return readers.read(CATALOGS / distribution.path, distribution.media_type, distribution.options)


def shared(name: str) -> Path:
    """A file of the collection that is not part of the project."""
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"the collection of test data is not here: {name}")
    return path


# Reading --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", OFFLINE)
def test_a_file_holds_the_columns_rows_and_types_that_its_record_says(key):
    entry, distribution = OFFLINE[key]
    found = data(key)
    declared = [column.name for column in entry.columns]
    if distribution.format in ("netcdf", "zarr"):
        assert set(declared) == {*found.coords, *found.data_vars}
        return
    if "geometry" in declared and distribution.format == "csv":
        declared.remove("geometry")
    assert list(found.columns) == declared
    assert len(found) == distribution.rows
    kinds = {"string": "O", "integer": "iuf", "number": "iuf", "boolean": "b", "date": "M", "geometry": "O"}
    for column in entry.columns:
        if column.name in declared:
            kind = found[column.name].dtype.kind
            assert kind in kinds[column.type], (column.name, found[column.name].dtype)
    for column in entry.columns:
        assert column.meaning


@pytest.mark.parametrize("key", OFFLINE)
def test_codes_of_authorities_are_codes_of_authorities(key):
    entry, _ = OFFLINE[key]
    found = data(key)
    for join in entry.keys:
        codes = set(
            found[join.column].to_series() if join.column in getattr(found, "coords", {}) else found[join.column]
        )
        allowed = AUTHORITIES | ({LONDON} if entry.id == "borough-indicators" else set())
        assert codes <= allowed


def test_grids_carry_units_and_conventions():
    for key in ("air-quality-hourly/netcdf", "air-quality-forecast/zarr"):
        with data(key) as grid:
            assert grid.attrs["Conventions"].startswith("CF-")
            assert "enerated" in grid.attrs["comment"]
            assert {grid[name].attrs["units"] for name in grid.data_vars} == {"ug m-3"}
            assert grid.sizes["time"] in (2160, 72)


def test_published_files_are_byte_for_byte_the_recorded_ones():
    loaded = load_catalog(CATALOGS)
    recorded = {entry.id for entry, distribution in OFFLINE.values() if distribution.sha256}
    assert recorded == {
        "london-authorities",
        "borough-boundaries",
        "borough-indicators",
        "population-by-census",
        "lsoa-2001-by-authority",
    }
    assert check_bytes(loaded.entries, loaded.folder) == []


# Published figures ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authorities():
    return data("london-authorities/csv").set_index("code")


@pytest.fixture(scope="module")
def indicators():
    return data("borough-indicators/csv")


def test_the_33_authorities_are_all_there_and_13_are_not_outer(authorities):
    assert list(authorities.index) == sorted(AUTHORITIES)
    assert authorities.inner_outer.value_counts().to_dict() == {"Outer London": 19, "Inner London": 14}
    assert authorities.inner_outer["E09000001"] == "Inner London"
    assert authorities.name["E09000007"] == "Camden"


def test_residents_sum_to_the_census_total_but_for_perturbation(authorities):
    # ONS Census 2021, table TS009. First release, rounded to the nearest hundred: 8,799,800.
    assert authorities.residents_2021.sum() == 8_799_697
    assert abs(authorities.residents_2021.sum() - 8_799_800) <= 150


def test_areas_sum_to_the_published_area_of_london_but_for_rounding(authorities):
    # GLA London Borough Profiles, inland area of London: 157,215 hectares.
    assert abs(authorities.area_hectares.sum() - 157_215) <= 33 / 2


def test_residents_of_2011_sum_to_the_published_total(authorities):
    table = data("population-by-census/csv").pivot(index="code", columns="census_year", values="residents")
    assert table[2011].sum() == 8_173_941  # ONS Census 2011, London
    assert table[2021].equals(authorities.residents_2021.rename(2021))


def test_every_indicator_is_there_for_every_authority_and_for_london(indicators):
    assert indicators.indicator.nunique() == 13
    assert not indicators.duplicated(["code", "indicator"]).any()
    assert set(indicators.groupby("indicator").code.nunique()) == {34}
    london = indicators[indicators.code == LONDON]
    assert london.value.notna().all()
    assert set(london.name) == {"London"}


def test_every_figure_says_unit_year_and_source(indicators):
    for column in ("label", "unit", "year", "source"):
        assert indicators[column].str.strip().ne("").all()
    assert (indicators.groupby("indicator")[["label", "unit", "year", "source"]].nunique() == 1).all(axis=None)


def test_what_is_not_published_is_missing_and_only_for_the_city(indicators):
    missing = indicators[indicators.value.isna()]
    assert set(missing.code) == {"E09000001"}
    assert set(missing.indicator) == {"life_expectancy_female", "life_expectancy_male", "childhood_obesity"}


def test_population_and_density_follow_from_the_list_of_authorities(indicators, authorities):
    wide = indicators.pivot(index="code", columns="indicator", values="value")
    assert wide.population.drop(LONDON).astype(int).equals(authorities.residents_2021.rename("population"))
    assert wide.population[LONDON] == authorities.residents_2021.sum()
    density = authorities.residents_2021 / authorities.area_hectares * 100
    assert (wide.population_density.drop(LONDON) - density).abs().max() <= 0.5
    assert wide.population_density[LONDON] == round(8_799_697 / 157_215 * 100)
    computed = indicators[indicators.source.str.startswith("Computed")].indicator.unique()
    assert set(computed) == {"population_density", "deprived_neighbourhoods"}


def test_london_lies_between_its_boroughs(indicators):
    shares = indicators[~indicators.indicator.isin(["population"])]
    for _, group in shares.groupby("indicator"):
        boroughs = group[group.code != LONDON].value
        assert boroughs.min() < group[group.code == LONDON].value.item() < boroughs.max()


def test_indicators_are_the_published_ones(indicators):
    with shared("statistics/london-borough-profiles_original.csv").open(encoding="latin-1") as file:
        published = {row["Code"]: row for row in csv.DictReader(file)}
    columns = {
        "median_house_price": "Median_House_Price,_2015",
        "recycling_rate": "Household_Waste_Recycling_Rate,_2014/15",
        "life_expectancy_female": "Female_life_expectancy,_(2012-14)",
        "public_transport_access": "Average_Public_Transport_Accessibility_score,_2014",
        "greenspace": "%_of_area_that_is_Greenspace,_2005",
    }
    for indicator, column in columns.items():
        for row in indicators[indicators.indicator == indicator].itertuples():
            assert row.value == pytest.approx(float(published[row.code][column]), nan_ok=True)


def test_residents_differ_from_another_census_table_by_perturbation_only(authorities):
    # Sums of LSOA in table TS021 against table TS009: at most 59 people a borough.
    other = pd.read_csv(shared("statistics/census2021_population_borough.csv"), index_col=0).total_residents
    assert (authorities.residents_2021 - other).abs().max() <= 59


# Boundaries -----------------------------------------------------------------------------------------------------------


def test_boundaries_are_33_valid_polygons_that_do_not_overlap(authorities):
    borders = data("borough-boundaries/geojson")
    assert borders.crs.to_epsg() == 4326
    assert borders.is_valid.all()
    assert set(borders.geom_type) == {"Polygon", "MultiPolygon"}
    assert dict(zip(borders.code, borders.name, strict=True)) == authorities.name.to_dict()
    west, south, east, north = borders.total_bounds
    assert west > -0.52
    assert south > 51.28
    assert east < 0.34
    assert north < 51.70
    metres = borders.set_index("code").to_crs(27700)
    hectares = metres.area / 10_000
    assert (hectares / authorities.area_hectares - 1).abs().max() < 0.03
    assert hectares.sum() == pytest.approx(metres.union_all().area / 10_000, rel=1e-6)


def test_rings_run_as_geojson_wants_them():
    features = json.loads((CATALOGS / "data" / "borough-boundaries.geojson").read_text(encoding="utf-8"))["features"]
    for feature in features:
        kind, coordinates = feature["geometry"]["type"], feature["geometry"]["coordinates"]
        for outer, *_ in [coordinates] if kind == "Polygon" else coordinates:
            twice_area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(outer))
            assert twice_area > 0
            assert outer[0] == outer[-1]


def test_a_topology_unpacks_into_shapes_that_share_a_border(monkeypatch):
    monkeypatch.syspath_prepend(str(CATALOGS))
    from boundaries import unpack

    topology = {
        "transform": {"scale": [0.5, 0.5], "translate": [10, 20]},
        "arcs": [
            [[2, 0], [0, 2]],  # the border between the two squares
            [[2, 2], [-2, 0], [0, -2], [2, 0]],  # the rest of the left one
            [[2, 0], [2, 0], [0, 2], [-2, 0]],  # the rest of the right one
        ],
        "objects": {
            "squares": {
                "geometries": [
                    {"id": "left", "type": "Polygon", "arcs": [[0, 1]]},
                    {"id": "right", "type": "MultiPolygon", "arcs": [[[2, ~0]]]},
                ]
            }
        },
    }
    shapes = dict(unpack(topology, "squares"))
    assert shapes["left"].bounds == (10, 20, 11, 21)
    assert shapes["right"].bounds == (11, 20, 12, 21)
    assert shapes["left"].intersection(shapes["right"]).length == 1


# The generator --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made_again(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    command = [sys.executable, "-W", "error", str(CATALOGS / "generate.py"), "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = {Path(distribution.path).name for entry, distribution in OFFLINE.values() if entry.generated}
    assert {file.name for file in folder.iterdir()} == made
    return folder


@pytest.mark.parametrize("key", [key for key, (entry, _) in OFFLINE.items() if entry.generated])
def test_the_generator_makes_the_same_values_again(key, made_again):
    _, distribution = OFFLINE[key]
    again = made_again / Path(distribution.path).name
    expected, found = data(key), readers.read(again, distribution.media_type, distribution.options)
    if distribution.format in ("netcdf", "zarr"):
        with expected, found:
            xr.testing.assert_allclose(found, expected, rtol=1e-5)
            assert found.attrs == expected.attrs
    else:
        pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected), rtol=1e-6)


def test_the_runs_of_areas_of_2001_follow_each_other_without_a_gap():
    runs = data("lsoa-2001-by-authority/csv")
    assert set(runs.authority_code) == AUTHORITIES
    assert (
        dict(zip(runs.authority_code, runs.authority, strict=True))
        == data("london-authorities/csv").set_index("code").name.to_dict()
    )
    first, last = (runs[end].str[3:].astype(int) for end in ("first_lsoa", "last_lsoa"))
    assert (first.iloc[0], last.iloc[-1]) == (1, 4765)
    assert (first.to_numpy()[1:] == last.to_numpy()[:-1] + 1).all()
    assert (last - first + 1 == runs.lsoa).all()


def test_a_set_that_does_not_exist_is_refused(tmp_path):
    command = [sys.executable, str(CATALOGS / "generate.py"), "school-rols", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no set school-rols" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_generated_data_is_alive_enough_to_learn_on():
    hires = data("cycle-hires-daily/csv").set_index("date").hires
    assert hires["2025-07"].mean() > 1.5 * hires["2025-01"].mean()
    rolls = data("school-rolls/parquet").groupby(["phase", "academic_year"]).pupils.sum().unstack()
    assert rolls.loc["primary", "2024/25"] < rolls.loc["primary", "2020/21"]
    with data("air-quality-hourly/netcdf") as air:
        assert 0.005 < float(air.no2.isnull().mean()) < 0.05
    contracts = set(data("council-contracts/xlsx").contract_id)
    assert set(data("council-systems/xlsx").contract_id) <= contracts
