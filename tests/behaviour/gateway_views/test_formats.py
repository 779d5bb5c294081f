"""What is kept of each format that a view can be made of, and what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from held_data import Held, all_of, table_of, where
from londata import readers
from londata.errors import AccessDeniedError
from londata.records import Column, ReadingOptions, RowFilter
from londata.records.vocabulary import MEDIA_TYPES


def test_a_geoparquet_view_keeps_what_is_about_its_geometry_and_forgets_the_extent_of_all_rows(held: Held) -> None:
    points = gpd.points_from_xy([0.0, 1.0, 987654.321], [51.0, 52.0, 53.0])
    frame = gpd.GeoDataFrame({"borough": ["Camden", "Camden", "Barnet"], "n": [1, 2, 3]}, geometry=points, crs=27700)
    path = held.holders / "points.parquet"
    frame.to_parquet(path, write_covering_bbox=True)
    entry = held.hold(path.read_bytes(), name="points")
    content = held.view(entry, ["n", "geometry"], where("borough", "is", "Camden"))
    again = gpd.read_parquet(io.BytesIO(content))
    assert again.crs == frame.crs
    assert again.geometry.tolist() == frame.geometry.tolist()[:2]
    assert b"987654" not in content
    notes = json.loads(table_of(content).schema.metadata[b"geo"])
    assert set(notes["columns"]["geometry"]) == {"encoding", "crs", "geometry_types"}
    assert notes["columns"]["geometry"]["geometry_types"] == []
    without = held.view(entry, ["n"], where("borough", "is", "Camden"))
    assert table_of(without).schema.metadata is None


def read_back(content: bytes, format_: str, folder: Path, **options: Any) -> pd.DataFrame:
    path = folder / "view"
    path.write_bytes(content)
    frame: pd.DataFrame = readers.read(path, MEDIA_TYPES[format_], options=ReadingOptions(**options))
    return frame


@pytest.mark.parametrize(
    ("text", "encoding", "options"),
    [
        ("borough,share\nCamden,£1\nBarnet,£2\n", "utf-8", {}),
        ("borough,share\nCamden,£1\nBarnet,£2\n", "utf-8-sig", {}),
        ("borough,share\nCamden,£1\nBarnet,£2\n", "cp1252", {}),
        ("borough,share\nCamden,£1\nBarnet,£2\n", "cp1252", {"encoding": "cp1252"}),
        ("borough,share\nCamden,£1\nBarnet,£2\n", "utf-16", {}),
        ("borough,share\nCamden,£1\nBarnet,£2\n", "utf-16", {"encoding": "utf-16"}),
        ("borough;share\nCamden;£1\nBarnet;£2\n", "utf-8", {}),
        ("borough\tshare\nCamden\t£1\nBarnet\t£2\n", "utf-8", {}),
        ("borough~share\nCamden~£1\nBarnet~£2\n", "utf-8", {"delimiter": "~"}),
        ("SECRET note\n\nborough,share\nCamden,£1\nBarnet,£2\n", "utf-8", {"header_row": 2}),
    ],
)
def test_a_csv_view_is_read_as_its_source_is(
    held: Held, tmp_path: Path, text: str, encoding: str, options: dict[str, Any]
) -> None:
    entry = held.hold(text.encode(encoding), "csv", name="shares", options=ReadingOptions(**options))
    content = held.view(entry, ["share"], where("borough", "is", "Camden"))
    assert read_back(content, "csv", tmp_path, **options).to_dict("list") == {"share": ["£1"]}
    assert b"SECRET" not in content
    both = read_back(held.view(entry, ["share", "borough"]), "csv", tmp_path, **options)
    assert both.to_dict("list") == {"borough": ["Camden", "Barnet"], "share": ["£1", "£2"]}


def test_columns_of_a_csv_are_compared_as_the_register_records_them(held: Held) -> None:
    text = "age,day,share,meals\n7,2026-01-01,0.5,true\n 17,2026-01-02,,false\n,2026-01-03,NA,true\n"
    types = {"age": "integer", "day": "date", "share": "number", "meals": "boolean"}
    columns = tuple(Column(name=name, type=type_) for name, type_ in types.items())
    entry = held.hold(text.encode(), "csv", name="typed", columns=columns)
    for rows, days in (
        (where("age", "at least", 8), ["2026-01-02"]),
        (where("day", "at most", "2026-01-02"), ["2026-01-01", "2026-01-02"]),
        (where("share", "is not", 1), ["2026-01-01"]),
        (where("meals", "is", True), ["2026-01-01", "2026-01-03"]),
    ):
        assert held.view(entry, ["day"], rows).decode().split() == ["day", *days]
    for rows in (where("age", "is", "7"), where("meals", "is", "true"), where("day", "is", "01/01/2026")):
        with pytest.raises(AccessDeniedError, match="do not fit"):
            held.open(entry, ["day"], rows)
    untyped = held.hold(text.encode(), "csv", name="untyped")
    with pytest.raises(AccessDeniedError, match="do not fit"):
        held.open(untyped, ["day"], where("age", "at least", 8))


def test_a_value_that_is_not_of_its_recorded_type_denies_everything(held: Held) -> None:
    columns = (Column(name="age", type="integer"),)
    entry = held.hold(b"age,n\n7,1\nseven,2\n", "csv", name="mixed", columns=columns)
    with pytest.raises(AccessDeniedError, match="age") as caught:
        held.open(entry, ["n"], where("age", "at least", 1))
    assert "seven" not in str(caught.value)


def test_a_geojson_view_is_denied_where_terms_and_features_do_not_fit(held: Held) -> None:
    features = [{"type": "Feature", "properties": {"n": 1, "code": "a"}, "geometry": None}]
    entry = held.hold(json.dumps({"type": "FeatureCollection", "features": features}).encode(), "geojson", name="one")
    for columns, rows in (
        (["n"], where("ward", "is", "a")),
        (["n"], where("code", "is", 1)),
        (["n"], where("n", "at least", True)),
        (["n"], where("geometry", "is", "a")),
        (["n", "ward"], where("code", "is", "a")),
        (["ward"], where("code", "is", "none of them")),
    ):
        with pytest.raises(AccessDeniedError, match="do not fit"):
            held.open(entry, columns, rows)


@pytest.mark.parametrize("format_", ["xlsx", "json", "gpkg", "netcdf", "zip"])
def test_a_part_of_a_file_of_another_format_is_refused_and_the_whole_is_not(held: Held, format_: str) -> None:
    content = b"PK whatever it is"
    entry = held.hold(content, format_, name="other")
    assert all_of(held.open(entry)) == content
    for columns, rows in ((["n"], RowFilter()), (None, where("n", "is", 1))):
        with pytest.raises(AccessDeniedError, match=f"format {format_}"):
            held.open(entry, columns, rows)
