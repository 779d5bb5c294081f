"""The log of sharing: every change is in it, its clock never goes back, and it can be verified."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway_service import World, served_gateway
from log_of_sharing import findings, lines
from londata_hub import audit
from londata_hub.__main__ import main
from londata_hub.store import AccessStore, RegisterStore, database
from londata_hub.store.database import Database
from sharing_records import Clock, an_agreement, an_entry, arranged, opened


def test_every_change_of_the_register_is_in_the_log(address: str, tmp_path: Path) -> None:
    with RegisterStore(address, tmp_path / "index") as store:
        store.upsert([an_entry(f"e{number}") for number in range(1_200)], source="s")
        store.upsert([an_entry("e1")], source="s")  # the same: nothing to say
        store.upsert([an_entry("e1", title="New")], source="s", complete=True)
        store.note(themes={"a": "b"})
    found = lines(address)
    assert [(line["what"], line["actor"]) for line in found] == [
        ("register.changed", "s"),
        ("register.changed", "s"),
        ("register.changed", "londata-hub"),
    ]
    assert [line["details"]["generation"] for line in found] == [1, 2, 3]
    assert found[1]["details"]["counts"] == {"added": 0, "changed": 1, "withdrawn": 1_199}
    assert [note for note in findings(address, tmp_path) if "no note" not in note] == []


def test_a_register_of_the_step_before_is_brought_up_and_its_history_proved(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_step_1(address, monkeypatch)
    with RegisterStore(address, tmp_path / "index") as store:
        assert store.find("rolls") == an_entry(listing="members")
        assert store.restricted() == {"rolls": "members"}
        assert [change.what for change in store.history("rolls")] == ["added"]
        store.upsert([an_entry("rolls", title="New"), an_entry("new")], source="s")
    assert [line["details"]["generation"] for line in lines(address)] == [1, 2]
    assert [each for each in findings(address, tmp_path) if "no note" not in each] == []
    with opened(address, tmp_path) as store:
        assert store.record(an_agreement(), "operator")


def at_step_1(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a register as it was before sharing, with two entries."""
    from alembic import command
    from alembic.config import Config

    def upgrade(connection: Any) -> None:
        config = Config()
        config.set_main_option("script_location", "londata_hub.store:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    with monkeypatch.context() as patch:
        patch.setattr(database, "_upgrade", upgrade)
        patch.setattr(database, "HEAD", "0001")
        patch.setattr(database.audit, "take_over", lambda _: None)
        opened = Database(address)
    rows = []
    for entry in (an_entry(listing="members"), an_entry("open", access="open")):
        document = json.dumps(entry.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        rows.append(
            {
                "slug": entry.id,
                "name": entry.id,
                "access": entry.access,
                "document": document,
                "hash": audit.digest(document),
            }
        )
    with opened.writing() as connection:
        connection.execute(text("INSERT INTO sources VALUES ('s', '2096-01-01')"))
        connection.execute(text("UPDATE facts SET value = '1' WHERE name = 'generation'"))
        entries = (
            "INSERT INTO entries (slug, kind, title, publisher, access, source, source_id, document, content_hash, "
            "generation, first_seen, updated_at) VALUES (:slug, 'dataset', 'x', 'education', :access, 's', :name, "
            ":document, :hash, 1, '2096-01-01', '2096-01-01')"
        )
        history = (
            "INSERT INTO history (slug, at, source, what, fields, generation) "
            "VALUES (:slug, '2096-01-01', 's', 'added', '{}', 1)"
        )
        connection.execute(text(entries), rows)
        connection.execute(text(history), rows)
    opened.close()


def test_lines_that_come_at_once_share_commits_and_each_is_there_when_its_call_returns(
    store: AccessStore, address: str, tmp_path: Path
) -> None:
    numbers: dict[int, tuple[str, bool]] = {}
    reader = Database(address)

    def write(thread: int) -> None:
        for turn in range(10):
            number = store.log(audit.Event("reading.begun", f"{thread}-{turn}"))
            with reader.reading() as connection:
                numbers[number] = (f"{thread}-{turn}", audit.hash_of(connection, number) is not None)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader.close()
    assert all(there for _, there in numbers.values())
    assert {line["seq"]: line["actor"] for line in lines(address) if line["what"] == "reading.begun"} == {
        number: actor for number, (actor, _) in numbers.items()
    }
    assert len(numbers) == 80
    assert findings(address, tmp_path) == []


def test_the_clock_never_goes_back_and_goes_on_while_the_machines_is_behind(
    address: str, tmp_path: Path, clock: Clock
) -> None:
    with arranged(address, tmp_path, clock=clock) as store:
        before = store.now()
        store.log(audit.Event("reading.begun", "ada"))
        clock.pass_by(days=-30)
        first, second = store.now(), store.now()
        assert before <= first <= second
    with opened(address, tmp_path, clock=clock) as store:
        assert store.now() >= before
        clock.pass_by(days=40)
        assert store.now() == clock.time


def test_what_a_gateway_served_is_reported_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, rows=20_000).make()
    with served_gateway(world) as gateway:
        for entry in ("rolls", "ages"):
            assert gateway.get(gateway.begin(entry)).status_code == 200
        assert gateway.ask("rolls", project="nothing").status_code == 403
    monkeypatch.setenv("LONDATA_HUB_STATE", str(tmp_path))
    monkeypatch.setenv("LONDATA_HUB_DATABASE", world.database)
    with world.store() as store:
        counted = store.counts()
    agreement = next(name for name, counts in counted.items() if counts.readings == 1)
    assert main(["audit", "report", "--agreement", agreement]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"1 reading by 1 person for 1 project, {counted[agreement].bytes:,} bytes.")
    assert "school-place-planning" in said
    assert "bytes not known" not in said
    assert main(["audit", "verify"]) == 0
