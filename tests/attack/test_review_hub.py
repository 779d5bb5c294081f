"""What a second look at the hub's side of sharing found."""

import asyncio
import datetime as dt
import functools
import shutil

import psycopg
import pytest

from gateway_service import World, an_agreement, served_gateway
from londata.access import Subject
from londata_hub import audit
from londata_hub.__main__ import main
from londata_hub.gateway.beginning import Asked
from londata_hub.store import AccessStore
from postgres_server import postgres_address, postgres_cluster  # noqa: F401  fixtures
from running_hub import wait_for

ADA = Subject("ada", frozenset({"analysts", "org-camden"}))


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, rows=1_000).make()


def test_verifying_a_restored_backup_says_which_note_to_move_away(world, tmp_path_factory, monkeypatch, capsys):
    monkeypatch.setenv("LONDATA_HUB_STATE", str(world.folder))
    database = world.folder / "register.sqlite"
    backup = tmp_path_factory.mktemp("backup") / "register.sqlite"
    shutil.copy(database, backup)
    with world.store() as store:
        store.log(audit.Event("reading.begun", "ada"))
    for left in world.folder.glob("register.sqlite*"):
        left.unlink()
    shutil.copy(backup, database)
    assert main(["audit", "verify"]) == 1
    said = capsys.readouterr().out
    (note,) = (world.folder / "audit-anchors").iterdir()
    assert "If a backup was restored on purpose" in said
    assert f"{note} tells where the log had got to" in said
    note.rename(tmp_path_factory.mktemp("kept") / note.name)
    assert main(["audit", "verify"]) == 0
    assert "restored" not in capsys.readouterr().out


def test_the_end_of_an_agreement_is_said_once_and_with_its_day(world):
    with world.store() as store:
        today = store.now().date()
        entry, yesterday = store.entry("rolls"), today - dt.timedelta(days=1)
        ended = an_agreement("ISA-1", [{"entry": "rolls"}], today, status="ended", end=yesterday)
        store.record(ended, "operator")
        reasons = store.decide(ADA, "read", entry, "places").reasons
    assert "the agreement ISA-1 ended on" in reasons[0]
    assert " ".join(reasons).count("ended") == 1


def test_a_hub_that_hangs_keeps_nothing_from_being_cut(world):
    hangs = False
    with served_gateway(world) as gateway:
        asking = gateway.gateway._doors._authenticate

        async def authenticate(token):
            if hangs:
                await asyncio.sleep(600)
            return await asking(token)

        gateway.gateway._doors._authenticate = authenticate
        for _ in range(8):
            gateway.begin()
        hangs = True
        gateway.store.end_grant("ada-rolls-places", "chen", "")
        wait_for(lambda: len(gateway.log("reading.ended")) == 8, 60, "the end of eight readings")


def test_what_is_begun_while_the_gateway_stops_is_closed(world, monkeypatch):
    with served_gateway(world) as gateway:
        shutdown, stop = gateway.gateway._server.shutdown, gateway.gateway.stop

        async def meanwhile(seconds):
            monkeypatch.undo()
            body = {"entry": "rolls", "distribution": "parquet", "project": "places"}
            again = functools.partial(gateway.people.authenticate, "token-of-ada")
            await gateway.gateway._doors._beginning.begin(again, None, Asked.of(body))
            await shutdown(seconds)

        monkeypatch.setattr(gateway.gateway._server, "shutdown", meanwhile)
        gateway.run(stop())
        assert len(gateway.log("reading.begun")) == len(gateway.log("reading.ended")) == 1


@pytest.mark.postgres
def test_a_database_that_was_restarted_is_found_again_by_the_next_question(postgres_address, tmp_path):  # noqa: F811
    with AccessStore(postgres_address, tmp_path / "anchors") as store:
        assert store.arrangements().agreements == {}
        with psycopg.connect(postgres_address, autocommit=True) as other:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            other.execute(f"{others} AND datname = current_database()")
        assert store.log(audit.Event("reading.begun", "ada")) > 0
