"""Whatever the table and the agreement: the view is what was agreed, and nothing else."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
from typing import Any
from unittest import mock  # only to set a constant

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from held_data import Held, table_of, where
from londata.records import Condition, ReadingOptions, RowFilter
from londata_hub.gateway import parquet_views

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
BOROUGHS = ["007", "7", "Camden", "Hackney", ""]


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
