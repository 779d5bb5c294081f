"""What an agreement lets through of a file: exactly these rows and columns, in a file of the same format."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import hashlib
import io
import json
import math
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock  # only to set a constant

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from held_data import Held, all_of, allowed, table_of, where
from londata import readers
from londata.errors import AccessDeniedError, AccessEndedError, FetchError, ReadError, TooLargeError
from londata.records import Column, Condition, ReadingOptions, RowFilter
from londata.records.vocabulary import MEDIA_TYPES
from londata_hub.gateway import parquet_views, sealed, shelf
from londata_hub.gateway.opening import PART

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
BOROUGHS = ["007", "7", "Camden", "Hackney", ""]
PUPILS = pa.table(
    {
        "pupil": [f"PUPIL-{number}" for number in range(20)],
        "borough": pa.array(["Camden", "Hackney", None, "Barnet"] * 5).dictionary_encode(),
        "age": pa.array([None if number == 3 else number for number in range(20)], pa.int16()),
        "share": pa.array([math.nan if number == 2 else number / 4 for number in range(20)]),
        "meals": [number % 2 == 0 for number in range(20)],
        "born": [dt.date(2015, 1, 1) + dt.timedelta(number) for number in range(20)],
    }
)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    found = Held(tmp_path_factory.mktemp("state"))
    yield found
    found.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Held]:
    found = Held(tmp_path)
    yield found
    found.close()


def test_without_a_restriction_the_holders_own_file_is_sent(held: Held) -> None:
    entry = held.hold(PUPILS, rows=20)
    opened = held.open(entry)
    assert opened.path == held.holders / "rolls.parquet"
    assert (opened.rows, opened.columns) == (20, None)
    assert opened.sha256 == hashlib.sha256(opened.path.read_bytes()).hexdigest()
    assert all_of(opened, 4, 100) == opened.path.read_bytes()[4:100]


def test_a_view_has_the_columns_and_rows_of_the_agreement_and_describes_itself(held: Held) -> None:
    opened = held.open(held.hold(PUPILS), ["age", "borough"], where("borough", "is", "Camden"))
    content = all_of(opened)
    assert opened.path is None
    assert (opened.rows, opened.columns) == (5, ("borough", "age"))
    assert opened.size_bytes == len(content)
    assert opened.sha256 == hashlib.sha256(content).hexdigest()
    assert table_of(content).to_pydict() == {"borough": ["Camden"] * 5, "age": [0, 4, 8, 12, 16]}
    assert all_of(opened, 3, 40) == content[3:40]
    assert all_of(opened, len(content) - 8, len(content) + 10**9) == content[-8:]


def test_a_column_that_rows_are_only_chosen_by_is_not_given(held: Held) -> None:
    content = held.view(held.hold(PUPILS), ["age"], where("borough", "is", "Hackney"))
    assert table_of(content).column_names == ["age"]
    assert b"borough" not in content


@pytest.mark.parametrize(
    ("rows", "ages"),
    [
        (where("borough", "is", "Camden", "Barnet"), [0, None, 4, 7, 8, 11, 12, 15, 16, 19]),
        (where("borough", "is not", "Camden", "Barnet"), [1, 5, 9, 13, 17]),
        (where("age", "at least", 17), [17, 18, 19]),
        (where("age", "at most", 2.0), [0, 1, 2]),
        (where("age", "is not", *range(18)), [18, 19]),
        (where("share", "at most", 0.5), [0, 1]),
        (where("share", "is not", *(number / 4 for number in range(3, 20))), [0, 1]),
        (where("meals", "is", False), [1, None, 5, 7, 9, 11, 13, 15, 17, 19]),
        (where("born", "at most", "2015-01-02"), [0, 1]),
        (where("born", "is", "2015-01-05"), [4]),
        (
            RowFilter(conditions=(*where("meals", "is", True).conditions, *where("age", "at least", 15).conditions)),
            [16, 18],
        ),
    ],
    ids=str,
)
def test_each_comparison_lets_through_what_it_says_and_never_what_is_missing(
    held: Held, rows: RowFilter, ages: list[int | None]
) -> None:
    assert table_of(held.view(held.hold(PUPILS), ["age"], rows))["age"].to_pylist() == ages


@pytest.mark.parametrize(
    "rows",
    [
        where("ward", "is", "Camden"),
        where("age", "is", "7"),
        where("age", "is", True),
        where("age", "is", 7.5),
        where("age", "is", 10**6),
        where("borough", "is", 7),
        where("borough", "is", True),
        where("share", "is", "0.5"),
        where("share", "at least", math.nan),
        where("meals", "is", 1),
        where("meals", "at least", False),
        where("born", "is", "05/01/2015"),
        where("born", "is", "2015-W01-1"),
        where("born", "at least", 20150105),
    ],
    ids=str,
)
def test_a_filter_that_does_not_fit_the_file_denies_everything(held: Held, rows: RowFilter) -> None:
    with pytest.raises(AccessDeniedError, match="do not fit"):
        held.open(held.hold(PUPILS), ["age"], rows)


def test_columns_that_are_not_there_or_none_at_all_deny_everything(held: Held) -> None:
    entry = held.hold(PUPILS)
    for columns in (["age", "ward"], [], ["Age"], ["age.x"]):
        with pytest.raises(AccessDeniedError, match="do not fit"):
            held.open(entry, columns)


def test_codes_are_compared_as_the_text_that_they_are(held: Held) -> None:
    table = pa.table({"code": ["007", "7", "07", "7.0", None], "n": [0, 1, 2, 3, 4]})
    entry = held.hold(table)
    assert table_of(held.view(entry, ["n"], where("code", "is", "007")))["n"].to_pylist() == [0]
    assert table_of(held.view(entry, ["n"], where("code", "is not", "7")))["n"].to_pylist() == [0, 2, 3]


def test_times_are_compared_with_times_of_the_same_kind(held: Held) -> None:
    noon = dt.datetime(2026, 1, 1, 12)
    table = pa.table({"at": pa.array([noon, noon + dt.timedelta(days=1)], pa.timestamp("us")), "n": [0, 1]})
    entry = held.hold(table)
    assert table_of(held.view(entry, ["n"], where("at", "at least", "2026-01-02")))["n"].to_pylist() == [1]
    with pytest.raises(AccessDeniedError):
        held.open(entry, ["n"], where("at", "at least", "2026-01-02T00:00:00Z"))


# A generated table: codes, numbers with gaps, truths, dates, categories, and in each row a secret and a marker.
CODES = st.sampled_from([None, *BOROUGHS])
ROW = st.tuples(
    CODES,
    st.one_of(st.none(), st.integers(-3, 3)),
    st.one_of(st.none(), st.just(math.nan), st.sampled_from([-0.0, 0.0, 0.5, 1e300])),
    st.one_of(st.none(), st.booleans()),
    st.one_of(st.none(), st.dates(dt.date(2026, 1, 1), dt.date(2026, 1, 4))),
    CODES,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "code": st.sampled_from(BOROUGHS),
    "whole": st.integers(-3, 3),
    "broken": st.sampled_from([0.0, -0.0, 0.5, 1]),
    "truth": st.booleans(),
    "day": st.dates(dt.date(2026, 1, 1), dt.date(2026, 1, 4)).map(str),
    "kind": st.sampled_from(BOROUGHS),
}
COLUMNS = [*VALUES, "marker", "secret"]


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    column = draw(st.sampled_from(list(VALUES)))
    comparison = draw(st.sampled_from(["is", "is not"] + (["at least", "at most"] if column != "truth" else [])))
    most = 3 if comparison.startswith("is") else 1
    values = draw(st.lists(VALUES[column], min_size=1, max_size=most))
    return Condition(column=column, comparison=comparison, values=tuple(values))


def generated(rows: list[tuple[Any, ...]]) -> pa.Table:
    code, whole, broken, truth, day, kind = (list(values) for values in zip(*rows, strict=True))
    return pa.table(
        {
            "code": pa.array(code, pa.string()),
            "whole": pa.array(whole, pa.int32()),
            "broken": pa.array(broken, pa.float64()),
            "truth": pa.array(truth, pa.bool_()),
            "day": pa.array(day, pa.date32()),
            "kind": pa.array(kind, pa.string()).dictionary_encode(),
            "marker": [f"marker<{number}>" for number in range(len(rows))],
            "secret": pa.array([f"SECRET<{number}>" for number in range(len(rows))]).dictionary_encode(),
        },
        metadata={"note": "SECRET<note>"},
    )


def by_pandas(table: pa.Table, rows: RowFilter) -> pd.DataFrame:
    """Choose the rows in pandas, where a value is one of Python's."""
    frame = pd.DataFrame({name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names})
    chosen = pd.Series(True, frame.index)
    for condition in rows.conditions:
        column = frame[condition.column]
        values = [dt.date.fromisoformat(value) if condition.column == "day" else value for value in condition.values]
        if condition.comparison == "is":
            fits = column.isin(values)
        elif condition.comparison == "is not":
            fits = ~column.isin(values)
        elif condition.comparison == "at least":
            fits = column[column.notna()] >= values[0]
        else:
            fits = column[column.notna()] <= values[0]
        chosen &= column.notna() & fits.reindex(frame.index, fill_value=False).astype(bool)
    return frame[chosen]


def planted_elsewhere(table: pa.Table, expected: pd.DataFrame, columns: list[str] | None) -> list[bytes]:
    """List what may not be in the view: the secrets and markers of other columns and rows."""
    names = table.column_names if columns is None else columns
    shown = set(expected["marker"] if "marker" in names else ()) | set(expected["secret"] if "secret" in names else ())
    planted = [*table["marker"].to_pylist(), *table["secret"].to_pylist(), "SECRET<note>"]
    return [each.encode() for each in planted if each not in shown]


@QUICK
@given(
    rows=st.lists(ROW, min_size=1, max_size=30),
    chosen_by=st.lists(conditions(), max_size=3),
    columns=st.one_of(st.none(), st.lists(st.sampled_from(COLUMNS), min_size=1, unique=True)),
    compression=st.sampled_from(["zstd", "none"]),
)
def test_a_parquet_view_is_what_pandas_chooses_and_nothing_else(
    held: Held,
    rows: list[tuple[Any, ...]],
    chosen_by: list[Condition],
    columns: list[str] | None,
    compression: str,
) -> None:
    table, filter_ = generated(rows), RowFilter(conditions=tuple(chosen_by))
    entry = held.hold(table, name="generated")
    expected = by_pandas(table, filter_)
    if columns is None and not filter_:
        assert held.open(entry).path is not None
        return
    held.opener.purge("generated", "places")  # so that nothing is answered from an earlier example
    with mock.patch.object(parquet_views, "COMPRESSION", compression):
        content = held.view(entry, columns, filter_)
    view = table_of(content)
    names = [name for name in COLUMNS if columns is None or name in columns]
    assert view.column_names == names
    assert {name: repr(view[name].to_pylist()) for name in names} == {
        name: repr(expected[name].tolist()) for name in names
    }
    assert not view.schema.metadata
    hidden = planted_elsewhere(table, expected, columns)
    for shape in (content, repr(pq.ParquetFile(io.BytesIO(content)).metadata.to_dict()).encode()):
        assert not [each for each in hidden if each in shape]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters='",;\n\t'), max_size=6)


@QUICK
@given(
    rows=st.lists(st.tuples(st.sampled_from(["007", "7", "NA", "", " ", "Barnet"]), TEXTS), min_size=1, max_size=20),
    comparison=st.sampled_from(["is", "is not", "at least", "at most"]),
    value=st.sampled_from(["007", "7", "Barnet"]),
    columns=st.sampled_from([None, ["text"], ["code", "text"], ["secret", "code"]]),
)
def test_a_csv_view_has_the_same_text_as_its_source(
    held: Held, rows: list[tuple[str, str]], comparison: str, value: str, columns: list[str] | None
) -> None:
    there = ["code", "text", "secret"]
    source = [[*row, f"SECRET<{number}>"] for number, row in enumerate(rows)]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([there, *source])
    options = ReadingOptions(delimiter=",")
    entry = held.hold(out.getvalue().encode(), "csv", name="texts", options=options)
    content = held.view(entry, columns, where("code", comparison, value))
    fits = {
        "is": lambda code: code == value,
        "is not": lambda code: code != value,
        "at least": lambda code: code >= value,
        "at most": lambda code: code <= value,
    }[comparison]
    names = columns or there
    given_ = [name for name in there if name in names]
    expected = [row for row in source if row[0].strip() not in ("", "NA") and fits(row[0])]
    read = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert read == [given_, *([row[there.index(name)] for name in given_] for row in expected)]
    hidden = [row[2] for row in source if "secret" not in given_ or row not in expected]
    assert not [each for each in hidden if each in content.decode()]


PROPERTIES = st.fixed_dictionaries({"code": CODES, "n": st.one_of(st.none(), st.integers(-3, 3), st.floats(-1, 1))})


@QUICK
@given(
    features=st.lists(PROPERTIES, min_size=1, max_size=20),
    code=st.sampled_from(BOROUGHS),
    columns=st.sampled_from([None, ["n"], ["code", "geometry"], ["secret", "code"]]),
    chunk=st.sampled_from([1, 7, 1 << 20]),
)
def test_a_geojson_view_has_what_may_be_read_of_each_feature(
    held: Held, features: list[dict[str, Any]], code: str, columns: list[str] | None, chunk: int
) -> None:
    source = [
        {
            "type": "Feature",
            "id": f"SECRET<id-{number}>",
            "bbox": [0, 0, 1, 1],
            "SECRET<member>": 1,
            "properties": properties | {"secret": f"SECRET<{number}>"},
            "geometry": {"type": "Point", "coordinates": [0.1 + number, 51.5]},
        }
        for number, properties in enumerate(features)
    ]
    collection = {"bbox": "SECRET<bbox>", "type": "FeatureCollection", "features": source, "SECRET<end>": "]}"}
    entry = held.hold(json.dumps(collection).encode(), "geojson", name="map")
    held.opener.purge("map", "places")
    with mock.patch("londata_hub.gateway.geojson_views.CHUNK", chunk):
        content = held.view(entry, columns, where("code", "is", code))
    expected = [each for each in source if each["properties"]["code"] == code]
    view = json.loads(content)
    assert view["type"] == "FeatureCollection"
    given_ = columns or ["code", "n", "secret", "geometry"]
    assert [each["properties"] for each in view["features"]] == [
        {name: each["properties"][name] for name in each["properties"] if name in given_} for each in expected
    ]
    assert [each["geometry"] for each in view["features"]] == [
        each["geometry"] if "geometry" in given_ else None for each in expected
    ]
    shown = {each["properties"]["secret"] for each in expected} if "secret" in given_ else set()
    shown |= {each["id"] for each in expected} if columns is None else set()
    hidden = [f"SECRET<{number}>" for number in range(len(source))] + [each["id"] for each in source]
    hidden += ["SECRET<member>", "SECRET<bbox>", "SECRET<end>"]
    assert not [each for each in hidden if each not in shown and each.encode() in content]


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


def test_eight_who_ask_at_once_get_one_view(own: Held) -> None:
    entry = own.hold(PUPILS)

    async def ask() -> list[Any]:
        decision = allowed(entry, ["age"])
        return await asyncio.gather(*(own.opener.open(entry, entry.distributions[0], decision) for _ in range(8)))

    opened = asyncio.run(ask())
    assert len({each._kept.sealed.inode for each in opened}) == 1
    assert len(own.kept()) == 1


def test_a_changed_source_gives_a_new_view_and_one_that_is_not_as_recorded_none(own: Held) -> None:
    before = own.open(own.hold(PUPILS), ["age"])
    entry = own.hold(PUPILS.slice(0, 10))
    after = own.open(entry, ["age"])
    assert (before.rows, after.rows) == (20, 10)
    assert before.sha256 != after.sha256
    recorded = own.hold(PUPILS, sha256="0" * 64)
    with pytest.raises(FetchError, match="not the one that the register describes"):
        own.open(recorded, ["age"])


def test_a_broken_file_is_an_error_that_leaves_nothing(own: Held) -> None:
    whole = own.hold(PUPILS)
    good = (own.holders / "rolls.parquet").read_bytes()
    for content in (good[: len(good) // 2], good[:100] + bytes(200) + good[300:], b"", b"PAR1PAR1"):
        own.hold(content)
        with pytest.raises(ReadError, match="broken"):
            own.open(whole, ["pupil", "borough", "age"])
    for content, format_ in ((b"a,b\n1,2,3\n", "csv"), (b"{", "geojson"), (b'{"features": [1]}', "geojson")):
        with pytest.raises(ReadError):
            own.open(own.hold(content, format_), ["a"])
    assert own.kept() == []
    assert list((own.state / "gateway" / "partial").iterdir()) == []


def test_what_a_killed_process_left_half_written_is_gone_at_the_next_start(own: Held) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from londata_hub.gateway.shelf import Shelf

def half(out):
    out.write(bytes(1_000_000))
    os.kill(os.getpid(), signal.SIGKILL)

Shelf(Path(sys.argv[1])).make(("rolls", "places"), "it", half)
"""
    folder = own.state / "gateway"
    killed = subprocess.run([sys.executable, "-c", code, str(folder)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list((folder / "partial").iterdir())) == 1
    assert shelf.Shelf(folder).find(("rolls", "places"), "it") is None
    assert list((folder / "partial").iterdir()) == own.kept() == []


def test_purging_ends_a_reading_that_is_under_way_and_deletes_key_and_copies(own: Held) -> None:
    entry = own.hold(pa.table({"n": range(800_000), "x": range(800_000)}))
    opened = own.open(entry, ["n"])

    async def read() -> None:
        pieces = opened.pieces(0, opened.size_bytes)
        assert len(await anext(pieces)) == PART < opened.size_bytes
        assert own.opener.purge("rolls", "places")
        with pytest.raises(AccessEndedError):
            await anext(pieces)

    asyncio.run(read())
    assert own.kept() == []
    assert list((own.state / "gateway" / "keys").iterdir()) == []
    assert not own.opener.purge("rolls", "places")


def test_every_pair_but_those_that_still_hold_is_purged(own: Held) -> None:
    entry = own.hold(PUPILS)
    for project in ("places", "meals", "travel"):
        own.open(entry, ["age"], project=project)
    assert sorted(own.opener.keep_only({("rolls", "meals")})) == [("rolls", "places"), ("rolls", "travel")]
    assert len(own.kept()) == 1


def test_copies_beyond_the_limit_go_and_the_longest_unused_first(tmp_path: Path) -> None:
    own = Held(tmp_path, limit=7_000)
    try:
        entry = own.hold(pa.table({"pupil": [f"{number * 7919:x}" for number in range(500)], "n": range(500)}))
        first = own.open(entry, ["pupil"], project="first")
        assert 2_000 < first.size_bytes < 3_000
        own.open(entry, ["pupil"], project="second")
        own.open(entry, ["pupil"], project="first")
        own.open(entry, ["pupil"], project="third")
        assert len(own.kept()) == 2
        assert all_of(first)
        with pytest.raises(TooLargeError):
            own.open(own.hold(pa.table({"n": range(5_000), "x": range(5_000)})), ["n"])
    finally:
        own.close()


@pytest.mark.parametrize("size", [0, 1, sealed.PIECE - 1, sealed.PIECE, sealed.PIECE + 1, 3 * sealed.PIECE + 5])
def test_any_range_of_a_sealed_file_is_what_was_written(tmp_path: Path, size: int) -> None:
    content = hashlib.shake_128(b"any").digest(size)
    path, key = tmp_path / "sealed", bytes(32)
    with path.open("wb") as file:
        writer = sealed.SealedWriter(file, key, "it")
        for start in range(0, size, 100_000):
            writer.write(content[start : start + 100_000])
        writer.finish(rows=3)
    found = sealed.SealedFile.open(path, key, "it")
    assert found.facts == {"rows": 3, "size_bytes": size, "sha256": hashlib.sha256(content).hexdigest()}
    edges = sorted({0, 1, size // 2, sealed.PIECE - 1, sealed.PIECE, sealed.PIECE + 1, size - 1, size, size + 9})
    for start in (edge for edge in edges if edge >= 0):
        for stop in edges:
            if stop >= start:
                assert found.read(start, stop) == content[start:stop]
    assert size < 40 or content[:40] not in path.read_bytes()
