"""What a second look at the hub's side of sharing found."""

import datetime as dt
import shutil

import pytest

from gateway_service import World, an_agreement
from londata.access import Subject
from londata_hub import audit
from londata_hub.__main__ import main

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
