"""Nobody opens what is not held, and what opens it goes nowhere else."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import stat
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data_holder import Holder
from held_data import Held, allowed, closed_entry
from londata.errors import AddressRefusedError, FetchError, LondataError, SettingsError
from londata.records import Dataset
from londata_hub.gateway.holdings import Credential, bound_to
from londata_hub.gateway.keys import HoldersKey
from londata_hub.harvest import import_file
from londata_hub.harvest.publishers import Publishers
from londata_hub.store import Holding, RegisterStore
from planted_table import MARK, TABLE


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
