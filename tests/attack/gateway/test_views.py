"""Whoever may read three columns of one borough never gets another byte."""

from __future__ import annotations

import asyncio
import base64
import logging
import stat
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from held_data import Held, all_of, allowed, closed_entry, table_of, where
from londata.access import Decision
from londata.errors import AccessDeniedError, LondataError, ReadError
from londata_hub.gateway.sealed import BrokenSealError
from planted_table import MARK, TABLE

CAMDEN = where("borough", "is", "Camden")


@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("columns", [["n"], ["n", "kind"], ["kind", "borough"]])
def test_no_byte_of_another_row_or_column_is_in_a_view(held: Held, columns: list[str], dictionary: bool) -> None:
    described = TABLE.replace_schema_metadata({**TABLE.schema.metadata, b"ARROW:note": MARK.encode()})
    fields = [field.with_metadata({"note": MARK}) for field in described.schema]
    described = described.cast(pa.schema(fields, described.schema.metadata))
    path = held.holders / "with-everything.parquet"
    pq.write_table(
        described,
        path,
        row_group_size=30,
        use_dictionary=dictionary,
        write_page_index=True,
        bloom_filter_options={"secret": True, "n": True},
        sorting_columns=[pq.SortingColumn(3)],
    )
    content = held.view(held.hold(path.read_bytes()), columns, CAMDEN)
    assert MARK.encode() not in content
    assert b"Barnet" not in content
    view = table_of(content)
    assert set(view.column_names) == set(columns)
    assert view.num_rows == 50
    noted = pq.ParquetFile(pa.BufferReader(content)).metadata.metadata or {}
    assert set(noted) <= {b"ARROW:schema"}
    assert MARK.encode() not in base64.b64decode(noted[b"ARROW:schema"])
    for name in columns:
        for piece in pq.ParquetFile(pa.BufferReader(content), read_dictionary=[name]).read([name])[name].chunks:
            assert MARK not in str(piece.to_pylist())
            if pa.types.is_dictionary(piece.type):
                assert MARK not in str(piece.dictionary.to_pylist())


def test_notes_on_a_column_within_a_column_are_left_behind(held: Held) -> None:
    inner = pa.field("name", pa.list_(pa.field("item", pa.string(), metadata={"note": MARK})), metadata={"note": MARK})
    schema = pa.schema([pa.field("person", pa.struct([inner])), pa.field("n", pa.int64())])
    table = pa.table({"person": [{"name": ["ada"]}], "n": [1]}, schema=schema)
    content = held.view(held.hold(table), ["person"])
    assert table_of(content).to_pylist() == [{"person": {"name": ["ada"]}}]
    noted = pq.ParquetFile(pa.BufferReader(content)).metadata.metadata
    assert MARK.encode() not in content + base64.b64decode(noted[b"ARROW:schema"])


@pytest.mark.parametrize(
    "name",
    [
        "person.name",
        "person.list.element",
        "dotted",
        "name",
        "*",
        "",
        "n; drop table",
        "n' or '1'='1",
        "secret as n",
        "upper(secret)",
        "@secret",
        "`secret`",
        "borough == 'Barnet' or n",
        "__import__('os').system('id')",
        "n\0secret",
    ],
)
def test_a_column_is_a_name_and_never_an_expression_or_a_path(held: Held, name: str) -> None:
    entry = held.hold(TABLE)
    with pytest.raises(AccessDeniedError, match="do not fit"):
        held.open(entry, ["n", name], CAMDEN)
    if name:
        with pytest.raises(AccessDeniedError, match="do not fit"):
            held.open(entry, ["n"], where(name, "is", "Camden"))


def test_a_dot_in_a_name_does_not_lead_into_another_column(held: Held) -> None:
    table = pa.table({"a": [{"b": MARK}], "a.b": ["mine"], "a.b.c": [MARK]})
    assert table_of(held.view(held.hold(table), ["a.b"])).to_pylist() == [{"a.b": "mine"}]
    assert MARK.encode() not in held.view(held.hold(table), ["a.b"])


@pytest.mark.parametrize("value", ["Camden' or '1'='1", "%", "*", "Cam.*", "camden", "Camden\0"])
def test_a_value_is_a_value(held: Held, value: str) -> None:
    assert held.open(held.hold(TABLE), ["n"], where("borough", "is", value)).rows == 0


def test_two_columns_of_one_name_are_not_told_apart_and_so_denied(held: Held) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["n", "n"])
    for content, format_ in ((twice, "parquet"), (b"n,n\n1,2\n", "csv")):
        with pytest.raises(AccessDeniedError, match="several columns"):
            held.open(held.hold(content, format_), ["n"])


def test_quotes_and_line_ends_in_a_csv_do_not_move_a_value_to_another_row_or_column(held: Held) -> None:
    rows = f'borough,n,secret\nBarnet,"1\nCamden,2,{MARK}",{MARK}\nCamden,3,"{MARK}""\nCamden,4,x"\n'
    content = held.view(held.hold(rows.encode(), "csv"), ["n"], CAMDEN)
    assert content == b"n\n3\n"


def test_nothing_of_a_broken_file_is_in_the_error_or_what_is_logged_with_it(
    held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    broken = [
        (f"borough,n\nCamden,1\n{MARK},1,2\n".encode(), "csv"),
        (b"borough,n\n\xff\xfe" + MARK.encode(), "csv"),
        (('{"features": [{"type": "Feature", "properties": ' + MARK).encode(), "geojson"),
        (('{"features": [{"type": "' + MARK + '"}]}').encode(), "geojson"),
        (MARK.encode() * 100, "parquet"),
    ]
    for content, format_ in broken:
        with pytest.raises((ReadError, AccessDeniedError)) as caught:
            held.open(held.hold(content, format_), ["n"], CAMDEN)
        said = "".join(traceback.format_exception(caught.value)) + str(vars(caught.value))
        assert MARK not in said.replace(repr(MARK), "")
    assert MARK not in caplog.text


def test_nothing_that_is_kept_can_be_read_without_the_key(held: Held, tmp_path: Path, monkeypatch: Any) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    content = held.view(held.hold(TABLE), ["secret"], CAMDEN)
    assert MARK.encode() in content or table_of(content)["secret"][0].as_py().startswith(MARK)
    written = [path for path in (held.state / "gateway").rglob("*") if path.is_file()] + list(scratch.rglob("*"))
    assert len(written) == 2
    for path in written:
        assert MARK.encode() not in path.read_bytes()
        assert b"PAR1" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((held.state / "gateway").stat().st_mode) == 0o700


def test_a_bit_that_was_flipped_on_the_disk_is_an_error_and_then_made_anew(held: Held) -> None:
    entry = held.hold(TABLE)
    opened = held.open(entry, ["n"], CAMDEN)
    (path,) = held.kept()
    good = path.read_bytes()
    for place in (0, 40, len(good) - 40, len(good) - 3):
        changed = bytearray(good)
        changed[place] ^= 1
        with path.open("r+b") as file:
            file.write(changed)
        if place == 40:
            with pytest.raises(BrokenSealError):
                all_of(opened)
        else:
            held.opener._shelf._opened.clear()  # as in another process, which has seen nothing of it
        opened = held.open(entry, ["n"], CAMDEN)
        assert table_of(all_of(opened))["n"].to_pylist() == list(range(0, 100, 2))
        (path,) = held.kept()
        good = path.read_bytes()


def test_pieces_cannot_be_swapped_between_places_files_or_projects(held: Held) -> None:
    entry = held.hold(pa.table({"n": range(400_000), "x": range(400_000)}))
    two, other = held.open(entry, ["x"]), held.open(entry, ["n"], project="other")
    another_file, another_project = (each._kept.sealed.path.read_bytes() for each in (two, other))
    piece = 256 * 1024 + 16
    first, second = slice(32, 32 + piece), slice(32 + piece, 32 + 2 * piece)

    def moved(good: bytes) -> bytes:
        return good[:32] + good[second] + good[first] + good[second.stop :]

    def borrowed(good: bytes) -> bytes:
        return good[:32] + another_file[first] + good[first.stop :]

    for attack in (moved, borrowed, lambda good: good[:-piece], lambda _: another_file, lambda _: another_project):
        one = held.open(entry, ["n"])
        path = one._kept.sealed.path
        bad = attack(path.read_bytes())
        with path.open("r+b") as file:
            file.truncate(0)
            file.write(bad)
        with pytest.raises(LondataError):
            all_of(one)
        assert table_of(all_of(held.open(entry, ["n"]))).num_rows == 400_000


def test_a_decision_that_denies_is_about_something_else_or_rests_on_no_agreement_opens_nothing(held: Held) -> None:
    entry, other = held.hold(TABLE), closed_entry(name="another")
    good = allowed(entry)
    flipped = entry.model_copy(update={"access": "open"})
    for decision, of in (
        (replace(good, allowed=False), entry),
        (replace(good, action="see"), entry),
        (replace(good, entry_id="another"), entry),
        (good, other),
        (replace(good, agreement=None), flipped),
        (replace(good, project=None), entry),
        (Decision(True, "read", "ada", "rolls", ("The data is open.",), project="places"), flipped),
    ):
        with pytest.raises(AccessDeniedError):
            asyncio.run(held.opener.open(of, of.distributions[0], decision))
    with pytest.raises(AccessDeniedError, match="not one of its own"):
        asyncio.run(held.opener.open(entry, other.distributions[0].model_copy(update={"id": "x"}), good))
