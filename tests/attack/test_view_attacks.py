"""Whoever may read three columns of one borough never gets another byte, and nobody opens what is not held."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import socket
import stat
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_holder import Holder
from held_data import Held, all_of, allowed, closed_entry, table_of, where
from londata.access import Decision
from londata.errors import AccessDeniedError, AddressRefusedError, FetchError, LondataError, ReadError, SettingsError
from londata.records import Dataset
from londata_hub.gateway.holdings import Credential, bound_to
from londata_hub.gateway.keys import HoldersKey
from londata_hub.gateway.sealed import BrokenSealError
from londata_hub.harvest import import_file
from londata_hub.harvest.publishers import Publishers
from londata_hub.store import Holding, RegisterStore

MARK = "PLANTED-SECRET"
TABLE = pa.table(
    {
        "borough": ["Camden", "Barnet"] * 50,
        "n": range(100),
        "kind": pa.array([f"{MARK}-{number}" if number % 2 else "plain" for number in range(100)]).dictionary_encode(),
        "secret": [f"{MARK}-{number}" for number in range(100)],
        "person": [{"name": f"{MARK}-{number}", "n": number} for number in range(100)],
        "dotted.name": [f"{MARK}-{number}" for number in range(100)],
    },
    metadata={
        "author": MARK,
        "pandas": json.dumps({"columns": [MARK]}),
        "geo": json.dumps({"columns": {}, "primary_column": MARK}),
    },
)
CAMDEN = where("borough", "is", "Camden")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    found = Held(tmp_path / "state")
    yield found
    found.close()


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


@pytest.mark.parametrize(
    "location",
    [
        "../secret.parquet",
        "/etc/passwd",
        "a/../../secret.parquet",
        "link",
        "linked/secret.parquet",
        "folder",
        "pipe",
        "door",
        "",
        ".",
        "..",
        "missing",
        "a\0b",
        "~/.ssh/id_rsa",
        "file:///etc/passwd",
        "%2e%2e/secret.parquet",
    ],
)
def test_a_held_file_is_a_plain_one_within_the_folder_of_the_holders(held: Held, location: str) -> None:
    (held.state / "secret.parquet").write_bytes(b"PAR1")
    (held.holders / "link").symlink_to(held.state / "secret.parquet")
    (held.holders / "linked").symlink_to(held.state)
    (held.holders / "folder").mkdir()
    os.mkfifo(held.holders / "pipe")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(os.path.relpath(held.holders / "door"))
    entry = closed_entry()
    held.store.hold(Holding("rolls", "whole", "file", location), "operator/test")
    with pytest.raises(FetchError, match="not where the hub expects it") as caught:
        held.open(entry)
    assert str(held.state) not in str(caught.value)


@pytest.mark.parametrize("kind", ["none", "ftp", "", "FILE"])
def test_a_record_of_no_known_kind_opens_nothing(held: Held, kind: Any) -> None:
    entry = held.hold(TABLE)
    held.store.hold(Holding("rolls", "whole", kind, "rolls.parquet"), "operator/test")
    with pytest.raises(FetchError, match="does not hold"):
        held.open(entry)


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8000/services/gateway/api/v1/data/rolls/whole", "http://[::1]/x", "http://10.0.0.1/x",
     "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "http+unix://%2Frun%2Fdoors%2Fgateway.sock/x",
     "http://ada:pw@example.org/x"],
)  # fmt: skip
def test_a_recorded_address_on_a_private_network_or_of_the_gateway_itself_is_not_followed(
    held: Held, address: str
) -> None:
    held.store.hold(Holding("rolls", "whole", "http", address), "operator/test")
    with pytest.raises(AddressRefusedError) as caught:
        held.open(closed_entry())
    assert address not in str(caught.value)


def test_what_a_harvested_record_claims_about_places_opens_nothing(held: Held, tmp_path: Path) -> None:
    (held.holders / "rolls.parquet").write_bytes(b"PAR1")
    claims: list[dict[str, Any]] = [
        {"id": "1", "title": "a.parquet", "through": "gateway", "url": ""},
        {"id": "2", "title": "b.parquet", "through": "gateway", "url": "file:///etc/passwd"},
        {"id": "3", "title": "c.parquet", "url": "file:///etc/passwd", "path": "rolls.parquet"},
        {"id": "4", "title": "d.parquet", "through": "gateway", "url": "http://127.0.0.1:8000/services/gateway/x"},
        {
            "id": "5",
            "title": "e.parquet",
            "url": "http://10.0.0.1/e.parquet",
            "kind": "file",
            "location": "rolls.parquet",
        },
        {"id": "6", "title": "f.parquet", "url": "http+unix://%2Fgateway.sock/x"},
    ]
    record = {"id": "abcde", "slug": "rolls", "title": "Rolls", "sharing": "private", "resources": claims}
    (tmp_path / "export.json").write_text(json.dumps([record]))
    with RegisterStore(f"sqlite:///{held.state / 'register.sqlite'}", tmp_path / "index") as register:
        import_file(register, tmp_path / "export.json", source="portal", publishers=Publishers({}, {}))
        entry = register.find("rolls")
    assert isinstance(entry, Dataset)
    assert len(entry.distributions) >= 2
    assert not [each for each in entry.distributions if each.through or each.path]
    for distribution in entry.distributions:
        # not even where somebody recorded a holding of that name
        held.store.hold(Holding("rolls", distribution.id, "file", "rolls.parquet"), "operator/test")
        with pytest.raises(FetchError, match="does not hold"):
            asyncio.run(held.opener.open(entry, distribution, allowed(entry)))
    claimed = closed_entry(name="claimed")
    with pytest.raises(FetchError, match="does not hold"):
        held.open(claimed)


def sealed_for(held: Held, holding: Holding, text: str) -> Holding:
    return replace(holding, credential=HoldersKey(held.key).seal(text, bound_to(holding)))


def test_a_credential_does_not_follow_a_redirect_to_another_host(held: Held, monkeypatch: Any) -> None:
    with Holder() as holder, Holder() as thief:
        monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{holder.port},127.0.0.1:{thief.port}")
        holder.answer("/rolls", status=302, location=thief.answer("/steal", b"n\n1\n"))
        holding = Holding("rolls", "whole", "http", holder.url("/rolls"))
        held.store.hold(sealed_for(held, holding, f"Bearer {MARK}"), "operator/test")
        held.open(closed_entry("csv"))
        ((_, sent),), ((_, stolen),) = holder.requests, thief.requests
    assert {name.lower(): value for name, value in sent.items()}["authorization"] == f"Bearer {MARK}"
    assert MARK not in str(stolen)


def test_a_credential_goes_only_where_it_was_recorded_for(held: Held, monkeypatch: Any) -> None:
    with Holder() as thief:
        monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{thief.port}")
        thief.answer("/rolls", b"n\n1\n")
        holding = sealed_for(held, Holding("rolls", "whole", "http", "https://holder.example/rolls"), MARK)
        held.store.hold(replace(holding, location=thief.url("/rolls")), "whoever can write to the table")
        with pytest.raises(SettingsError, match="cannot be decrypted"):
            held.open(closed_entry("csv"))
        assert thief.requests == []


def test_a_credential_is_in_no_error_repr_log_or_file(
    held: Held, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "Bearer S3CR3T-credential"
    with Holder() as holder:
        monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{holder.port}")
        holding = sealed_for(held, Holding("rolls", "whole", "http", holder.url("/rolls?key=S3CR3T-query")), secret)
        held.store.hold(holding, "operator/test")
        for status in (401, 403, 404, 500, 418):
            holder.answer("/rolls?key=S3CR3T-query", secret.encode(), status)
            with pytest.raises(FetchError) as caught:
                held.open(closed_entry("csv"))
            said = "".join(traceback.format_exception(caught.value)) + caught.value.hint
            assert "S3CR3T" not in said
            assert str(holder.port) not in str(caught.value)
    shown = f"{Credential(secret)} {Credential(secret)!r} {HoldersKey(held.key)!r} {holding!r}".replace(
        "?key=S3CR3T-query", ""
    )
    assert "S3CR3T" not in shown + caplog.text
    files = [path for path in held.state.rglob("*") if path.is_file()]
    assert held.key in files
    assert not [path for path in files if b"S3CR3T-credential" in path.read_bytes()]


def test_a_key_that_others_could_read_is_not_used(held: Held) -> None:
    holding = sealed_for(held, Holding("rolls", "whole", "http", "https://holder.example/rolls"), MARK)
    assert stat.S_IMODE(held.key.stat().st_mode) == 0o600
    held.key.chmod(0o640)
    held.store.hold(holding, "operator/test")
    with pytest.raises(SettingsError, match="read by others"):
        held.open(closed_entry())


def test_a_credential_does_not_go_over_an_unencrypted_connection(held: Held) -> None:
    holding = sealed_for(held, Holding("rolls", "whole", "http", "http://93.184.216.34/rolls"), MARK)
    held.store.hold(holding, "operator/test")
    with pytest.raises(LondataError, match="unencrypted"):
        held.open(closed_entry())
