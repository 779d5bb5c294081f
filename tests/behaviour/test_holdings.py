"""Where the bytes are that the gateway opens: recorded from a terminal, on this machine or at a holder's."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import io
import itertools
import json
import logging
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import s3_store
from data_holder import Holder
from gateway_service import World, an_agreement, served_gateway
from held_data import Held, all_of, allowed, closed_entry, table_of, where
from londata.errors import AccessEndedError, FetchError, OfflineError, TooLargeError
from londata.records import Agreement, Dataset, legal
from londata_hub.__main__ import main
from londata_hub.gateway import sources
from londata_hub.store import RegisterStore

BUFFER = io.BytesIO()
pq.write_table(pa.table({"borough": ["Camden", "Barnet"] * 500, "n": range(1000)}), BUFFER)
ROLLS = BUFFER.getvalue()
NUMBER = itertools.count()
CAMDEN = where("borough", "is", "Camden")


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    monkeypatch.setenv("LONDATA_HUB_STATE", str(tmp_path))
    with RegisterStore(f"sqlite:///{tmp_path / 'register.sqlite'}", tmp_path / "index") as register:
        register.upsert([closed_entry(), closed_entry("csv", "sleepers")], source="londata")
    found = Held(tmp_path)
    yield found
    found.close()


@pytest.fixture(scope="module")
def store() -> Iterator[s3_store.Store]:
    with s3_store.Store() as found:
        yield found


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"{s3_store.ACCESS_KEY}\n{s3_store.SECRET_KEY}\n")
    return path


def test_a_file_is_recorded_listed_opened_and_taken_back(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    (held.holders / "rolls.parquet").write_bytes(ROLLS)
    for said in (str(held.holders / "rolls.parquet"), "rolls.parquet"):  # in full, and as the list says it
        assert main(["holdings", "add", "rolls", "whole", "--file", said]) == 0
    assert main(["holdings", "list"]) == 0
    assert "rolls  whole  file rolls.parquet" in capsys.readouterr().out
    assert held.open(closed_entry()).path == held.holders / "rolls.parquet"
    assert main(["holdings", "remove", "rolls", "whole"]) == 0
    with pytest.raises(FetchError, match="does not hold"):
        held.open(closed_entry())
    assert main(["holdings", "list"]) == 0
    assert "0 holdings" in capsys.readouterr().out
    assert main(["holdings", "remove", "rolls", "whole"]) == 2


def test_what_cannot_be_held_is_refused_with_what_to_do(
    held: Held, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere, empty = tmp_path / "elsewhere.csv", tmp_path / "empty"
    elsewhere.write_text("SECRET")
    empty.write_text("\n")
    (held.holders / "out").symlink_to(elsewhere)
    secret = ["--credential-from", str(elsewhere)]
    refused: list[tuple[list[str], str]] = [
        (["nothing", "whole", "--file", "x"], "no entry"),
        (["rolls", "part", "--file", "x"], "no distribution 'part'"),
        (["rolls", "whole", "--file", "no-such-file"], "not in the folder of the holders"),
        (["rolls", "whole", "--file", "../elsewhere.csv"], "not where the hub expects it"),
        (["rolls", "whole", "--file", str(elsewhere)], "not in the folder of the holders"),
        (["rolls", "whole", "--file", str(held.holders / "out")], "not where the hub expects it"),
        (["rolls", "whole", "--file", str(held.holders / ".." / "elsewhere.csv")], "not where the hub expects it"),
        (["rolls", "whole", "--url", "file:///etc/passwd"], "Of a file in holders/ say --file PATH"),
        (["rolls", "whole", "--url", "https://ada:pw@example.org/x"], "user name or password"),
        (["rolls", "whole", "--url", "http://example.org/x", *secret], "unencrypted"),
        (["rolls", "whole", "--s3", "s3://bucket/key"], "not an object in a store"),
        (["rolls", "whole", "--s3", "https://bucket/key", "--endpoint", "https://s3.example"], "not an object"),
        (["rolls", "whole", "--s3", "s3://b/k", "--endpoint", "https://s3.example", *secret], "two lines"),
        (["rolls", "whole", "--url", "https://example.org/x", "--credential-from", "/nowhere"], "cannot be read"),
        (["rolls", "whole", "--url", "https://example.org/x", "--credential-from", str(empty)], "is empty"),
    ]
    for arguments, reason in refused:
        assert main(["holdings", "add", *arguments]) != 0
        said = capsys.readouterr().err
        assert reason in said
        assert "SECRET" not in said
    assert held.store.holdings() == []


def at_a_holder(holder: Holder, monkeypatch: pytest.MonkeyPatch, keys: Path, path: str = "/rolls") -> None:
    monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{holder.port}")
    keys.write_text("Bearer of-the-holder\n")
    arguments = ["add", "rolls", "whole", "--url", holder.url(path), "--credential-from", str(keys)]
    assert main(["holdings", *arguments]) == 0


def test_a_holder_is_asked_with_its_credential_and_again_only_whether_it_has_changed(
    held: Held, monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    monkeypatch.setattr(sources, "FRESH_S", 0)
    with Holder() as holder:
        at_a_holder(holder, monkeypatch, keys)
        holder.answer("/rolls", ROLLS, etag='"one"')
        opened = held.open(closed_entry())
        assert all_of(opened) == ROLLS
        assert all_of(opened, 10, 50) == ROLLS[10:50]
        assert (opened.path, opened.sha256) == (None, hashlib.sha256(ROLLS).hexdigest())
        view = held.open(closed_entry(), ["n"], CAMDEN)
        assert table_of(all_of(view))["n"].to_pylist() == list(range(0, 1000, 2))
        sent = [{name.lower(): value for name, value in headers.items()} for _, headers in holder.requests]
        assert [each["authorization"] for each in sent] == ["Bearer of-the-holder"] * 2
        assert [each.get("if-none-match") for each in sent] == [None, '"one"']
        holder.answer("/rolls", ROLLS[::-1], etag='"two"')
        assert all_of(held.open(closed_entry())) == ROLLS[::-1]
        with pytest.raises(AccessEndedError):
            all_of(opened)  # the copy that it was of is not there any more
    with pytest.raises(OfflineError, match="Nobody answers at the holder"):
        held.open(closed_entry())


def test_a_credential_may_be_typed_instead_of_read_from_a_file(
    held: Held, monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    with Holder() as holder:
        monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{holder.port}")
        monkeypatch.setattr("sys.stdin", io.StringIO("Basic typed\n"))
        assert main(["holdings", "add", "rolls", "whole", "--url", holder.url("/rolls"), "--credential-from", "-"]) == 0
        holder.answer("/rolls", ROLLS)
        held.open(closed_entry())
        ((_, headers),) = holder.requests
    assert {name.lower(): value for name, value in headers.items()}["authorization"] == "Basic typed"


def test_views_of_what_a_holder_keeps_are_made_in_every_format(
    held: Held, monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    feature = {"type": "Feature", "properties": {"borough": "Camden", "n": 1}, "geometry": None}
    contents = {
        "csv": (b"borough,n\nCamden,1\nBarnet,2\n", b"n\n1\n"),
        "geojson": (json.dumps({"type": "FeatureCollection", "features": [feature]}).encode(), None),
    }
    with Holder() as holder:
        for format_, (content, expected) in contents.items():
            at_a_holder(holder, monkeypatch, keys, f"/{format_}")
            holder.answer(f"/{format_}", content)
            view = all_of(held.open(closed_entry(format_), ["n"], CAMDEN))
            assert view == expected if expected else json.loads(view)["features"][0]["properties"] == {"n": 1}


def test_within_a_minute_a_holder_is_not_asked_again(held: Held, monkeypatch: pytest.MonkeyPatch, keys: Path) -> None:
    with Holder() as holder:
        at_a_holder(holder, monkeypatch, keys)
        holder.answer("/rolls", ROLLS, etag='"one"')
        for _ in range(3):
            held.open(closed_entry(), ["n"], CAMDEN)
        assert len(holder.requests) == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "does not accept the credential"), (403, "does not accept"), (404, "does not have the file"),
     (503, "cannot answer just now"), (206, "cannot answer just now"), (304, "did not give the whole file")],
)  # fmt: skip
def test_what_a_holder_answers_instead_is_said_in_a_sentence(
    held: Held, monkeypatch: pytest.MonkeyPatch, keys: Path, status: int, reason: str
) -> None:
    with Holder() as holder:
        at_a_holder(holder, monkeypatch, keys)
        holder.answer("/rolls", b"" if status == 304 else b"x", status)
        with pytest.raises(FetchError, match=reason):
            held.open(closed_entry())
    assert held.kept() == []


def test_a_holders_file_that_is_cut_short_or_too_large_leaves_nothing(
    held: Held, monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    def cut(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(ROLLS)))
        handler.end_headers()
        handler.wfile.write(ROLLS[:100])

    with Holder() as holder:
        at_a_holder(holder, monkeypatch, keys)
        holder.script("/rolls", cut)
        with pytest.raises(FetchError, match="did not give the whole file"):
            held.open(closed_entry())
        monkeypatch.setenv("LONDATA_MAX_DOWNLOAD", "1000")
        holder.answer("/rolls", ROLLS)
        with pytest.raises(TooLargeError):
            held.open(closed_entry())
    assert held.kept() == []
    assert list((held.state / "gateway" / "partial").iterdir()) == []


def in_a_store(store: s3_store.Store, monkeypatch: pytest.MonkeyPatch, keys: Path, *more: str) -> None:
    monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{store.port}")
    place = [
        "--s3",
        store.put(f"a folder/rölls {next(NUMBER)}.parquet", ROLLS),
        "--endpoint",
        store.endpoint,
        "--region",
        "eu-west-2",
    ]
    assert main(["holdings", "add", "rolls", "whole", *place, "--credential-from", str(keys), *more]) == 0


def test_an_object_in_a_store_is_brought_by_an_address_that_is_signed_for_a_minute(
    held: Held, store: s3_store.Store, monkeypatch: pytest.MonkeyPatch, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_a_store(store, monkeypatch, keys)
    opened = held.open(closed_entry())
    assert all_of(opened) == ROLLS
    assert all_of(opened, 100, 1_000) == ROLLS[100:1_000]
    assert store.queries[-1]["X-Amz-Expires"] == "60"
    view = held.open(closed_entry(), ["n"], CAMDEN)
    assert table_of(all_of(view)).num_rows == 500
    assert main(["holdings", "list"]) == 0
    shown = capsys.readouterr().out
    assert "with a credential" in shown
    assert s3_store.ACCESS_KEY not in shown + str(held.store.holdings())
    assert s3_store.SECRET_KEY not in shown + str(held.store.holdings())


def test_a_wrong_credential_for_a_store_is_said_without_it(
    held: Held, store: s3_store.Store, monkeypatch: pytest.MonkeyPatch, keys: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keys.write_text(f"{s3_store.ACCESS_KEY}\nanother-secret-key\n")
    in_a_store(store, monkeypatch, keys)
    with pytest.raises(FetchError, match="does not accept the credential") as caught:
        held.open(closed_entry())
    said = f"{caught.value} {caplog.text}"
    assert "another-secret" not in said
    assert s3_store.ACCESS_KEY not in said
    assert "Signature" not in said


def agreement(*settings: str) -> Agreement:
    day = dt.date.today()
    year = dt.timedelta(days=365)
    return Agreement.from_dict(
        {
            "id": "ISA-014",
            "title": "School rolls",
            "status": "signed",
            "mirror_of": {"system": "ISG", "reference": "14", "confirmed_on": str(day)},
            "parties": [{"organisation": "camden", "role": "controller"}],
            "purposes": [next(iter(legal.CODE_LISTS[legal.CURRENT].purposes))],
            "legal_basis": {},
            "covers": [{"entry": "rolls"}],
            "settings": settings,
            "outputs": "none",
            "start": str(day - year),
            "review_by": str(day + year),
            "end": str(day + year),
        }
    )


def test_an_address_of_the_store_is_handed_out_only_where_operator_and_agreement_both_allow_it(
    held: Held, store: s3_store.Store, monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    in_a_store(store, monkeypatch, keys)
    held.store.record(agreement("workbench", "download"), "operator/test")
    assert held.open(closed_entry()).direct == ""
    in_a_store(store, monkeypatch, keys, "--direct")
    opened = held.open(closed_entry())
    assert opened.direct not in repr(opened)
    with urllib.request.urlopen(opened.direct_address(held.store.now()), timeout=60) as answer:
        assert answer.read() == ROLLS
    assert held.open(closed_entry(), ["n"], CAMDEN).direct == ""
    assert held.open(closed_entry(), None, CAMDEN).direct == ""
    held.store.record(agreement("workbench"), "operator/test")
    assert held.open(closed_entry()).direct == ""


def test_an_address_that_is_over_is_not_handed_out_and_none_outlives_its_decision(
    held: Held, store: s3_store.Store, monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    in_a_store(store, monkeypatch, keys, "--direct")
    held.store.record(agreement("workbench", "download"), "operator/test")
    opened, now = held.open(closed_entry()), held.store.now()
    assert opened.direct_address(now)
    with pytest.raises(AccessEndedError):
        opened.direct_address(now + dt.timedelta(seconds=60))
    entry: Dataset = closed_entry()
    soon = replace(allowed(entry), until=held.store.now() + dt.timedelta(seconds=20))
    short = asyncio.run(held.opener.open(entry, entry.distributions[0], soon))
    assert short.direct_until == soon.until
    assert "X-Amz-Expires=1" in short.direct
    over = replace(soon, until=held.store.now())
    assert asyncio.run(held.opener.open(entry, entry.distributions[0], over)).direct == ""


def test_the_gateway_hands_out_the_stores_address_where_both_allow_it_and_writes_that_down_first(
    tmp_path: Path, store: s3_store.Store, monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    monkeypatch.setenv("LONDATA_HUB_STATE", str(tmp_path))
    monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{store.port}")
    world = World(tmp_path, rows=1_000).make()
    place = ["--s3", store.put("rolls.parquet", ROLLS), "--endpoint", store.endpoint, "--credential-from", str(keys)]
    assert main(["holdings", "add", "rolls", "parquet", *place, "--direct"]) == 0
    with served_gateway(world) as gateway:
        assert gateway.begin()["direct"] is None
        today = gateway.store.now().date()
        more = {"settings": ["workbench", "download"]}
        gateway.store.record(an_agreement("ISA-1", [{"entry": "rolls"}], today, **more), "operator/test")
        direct = gateway.begin()["direct"]
        assert gateway.begin(distribution="csv")["direct"] is None
        with urllib.request.urlopen(direct["address"], timeout=60) as answer:
            assert answer.read() == ROLLS
        begun = [line["details"] for line in gateway.log("reading.begun")]
        assert [each["direct_until"] for each in begun] == [None, direct["until"], None]
        assert "X-Amz" not in json.dumps(gateway.log())
