"""The demonstration in a real register: loaded once, only where it belongs, and then as anybody's data."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from londata.access import Subject
from londata.catalog_files import load_catalog
from londata.records import Agreement
from londata_hub import audit, demonstration, settings
from londata_hub.demonstration import holders, preparing, sharing
from londata_hub.harvest import prepare
from londata_hub.store import AccessStore, RegisterStore
from londata_hub.wiring import folders, people

CATALOGS = Path(__file__).resolve().parents[2] / "catalogs"
ENTRIES = {entry.id: entry for entry in load_catalog(CATALOGS).entries}
SINCE = dt.datetime.now(dt.UTC).date()


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A register with the shipped catalogue, to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    with RegisterStore(f"sqlite:///{folder / 'register.sqlite'}", folder / "index") as register:
        prepare(register, CATALOGS)
    return folder / "register.sqlite"


@pytest.fixture
def state(tmp_path, filled, monkeypatch):
    """The state folder of a hub that was never started, and the small sets only: no test here reads the large ones."""
    monkeypatch.setattr(holders, "SETS", [each for each in holders.SETS if each.module == "contacts"])
    (tmp_path / "register.sqlite").write_bytes(filled.read_bytes())
    return tmp_path


@pytest.fixture
def store(state):
    with AccessStore(f"sqlite:///{state / 'register.sqlite'}", state / "audit-anchors") as opened:
        yield opened


def lines(store):
    """The number of the log's last line: what changes something writes one."""
    return store.log(audit.Event("warning.given", "a test")) - 1


def subject(name):
    return Subject(name, frozenset(folders.DEMO[name]))


def load(state, store, names=tuple(folders.DEMO)):
    return list(demonstration.prepare(state, store, names))


def test_it_is_loaded_where_it_is_wanted_and_loading_twice_changes_nothing(state, store):
    demonstration.want(state, folders.DEMO, SINCE)
    assert len(load(state, store)) == 2
    arrangements, requests, held = store.arrangements(), store.requests(), store.holdings()
    assert set(arrangements.agreements) == {"ISA-021", "ISA-019", "ISA-014"}
    assert set(arrangements.projects) == {"school-places", "rough-sleeping-pathways"}
    assert [each.state for each in requests] == ["open"]
    before = lines(store)
    assert load(state, store) == []
    assert lines(store) == before + 1  # the line by which the first count was taken
    assert (store.requests(), store.holdings()) == (requests, held)


def test_stopping_half_way_is_made_good_the_next_time(state, store, monkeypatch):
    demonstration.want(state, folders.DEMO, SINCE)
    with monkeypatch.context() as broken:
        broken.setattr(AccessStore, "ask", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            load(state, store)
    grants = {term.grant.id: term.grant for term in store.arrangements().all_terms()}
    assert len(load(state, store)) == 1
    assert {term.grant.id: term.grant for term in store.arrangements().all_terms()} == grants
    assert len(store.requests()) == 1


def test_what_a_steward_changed_afterwards_stays(state, store):
    demonstration.want(state, folders.DEMO, SINCE)
    load(state, store)
    agreement = store.arrangements().agreements["ISA-021"]
    store.record(agreement.model_copy(update={"status": "suspended"}), "chen")
    (request,) = store.requests()
    store.refuse(subject("chen"), request.id, "Not now.")
    load(state, store)
    assert store.arrangements().agreements["ISA-021"].status == "suspended"
    assert [each.state for each in store.requests()] == ["refused"]


def test_days_are_counted_from_the_first_loading_however_late_the_rest_comes(state, store):
    early = SINCE - dt.timedelta(days=3)
    demonstration.want(state, folders.DEMO, early)
    load(state, store)
    assert store.arrangements().agreements["ISA-019"].review_by == early + dt.timedelta(days=24)


def test_nothing_is_loaded_where_nobody_wants_it(state, store):
    assert load(state, store) == []
    assert store.arrangements().agreements == {}
    assert not (state / "holders").exists()


def test_a_register_of_real_people_never_gets_it(state, store):
    demonstration.want(state, folders.DEMO, SINCE)
    (said,) = load(state, store, ["ada", "bola", "chen", "dee", "erin"])
    assert "people of its own" in said
    assert store.arrangements().agreements == {}
    assert load(state, store) == []  # and it is not tried again


def test_a_register_with_an_agreement_of_its_own_never_gets_it(state, store):
    real = sharing.read(preparing.FILES, SINCE).agreements[0].model_copy(update={"id": "REAL-1"})
    assert isinstance(real, Agreement)
    store.record(real, "erin")
    demonstration.want(state, folders.DEMO, SINCE)
    (said,) = load(state, store)
    assert "REAL-1" in said
    assert set(store.arrangements().agreements) == {"REAL-1"}
    assert not demonstration.wanted(state)


def test_a_hub_with_a_catalogue_of_its_own_starts_without_it(tmp_path, small_catalog):
    address = f"sqlite:///{tmp_path / 'register.sqlite'}"
    with RegisterStore(address, tmp_path / "index") as register:
        prepare(register, small_catalog)
    demonstration.want(tmp_path, folders.DEMO, SINCE)
    with AccessStore(address, tmp_path / "audit-anchors") as store:
        (said,) = load(tmp_path, store)
        assert "a catalogue without the generated sets" in said
        assert store.arrangements().agreements == {}
    assert not (tmp_path / "holders").exists()


def test_a_place_that_an_operator_recorded_stays(state, store):
    demonstration.want(state, folders.DEMO, SINCE)
    load(state, store)
    ours = store.holding("rough-sleeping-contacts-gla", "parquet")
    other = replace(ours, location="elsewhere/contacts.parquet")
    store.hold(other, "operator")
    load(state, store)
    assert store.holding("rough-sleeping-contacts-gla", "parquet") == other


def test_the_request_that_waits_can_be_approved_by_its_steward_and_then_the_data_is_hers(state, store):
    demonstration.want(state, folders.DEMO, SINCE)
    load(state, store)
    (request,) = store.requests(state="open")
    entry = ENTRIES[request.entry]
    assert not store.decide(subject("bola"), "read", entry, request.project).allowed
    store.approve(subject("chen"), request.id, store.now() + dt.timedelta(days=60))
    decision = store.decide(subject("bola"), "read", entry, request.project).require()
    assert decision.agreement == "ISA-021"


def test_what_ended_can_be_asked_for_again_under_the_agreement_that_lives(state, store):
    demonstration.want(state, folders.DEMO, SINCE)
    load(state, store)
    entry = ENTRIES["tfl-movements"]
    decision = store.decide(subject("ada"), "read", entry, "school-places")
    assert decision.ended
    assert "ISA-014 ended on 3 March 2026" in decision.reasons[0]
    request = store.ask(subject("ada"), entry, "school-places", "To see how pupils could travel.")
    assert request.agreement == "ISA-021"
    store.approve(subject("chen"), request.id, store.now() + dt.timedelta(days=30))
    assert store.decide(subject("ada"), "read", entry, "school-places").allowed


def test_a_new_hub_wants_it_and_one_that_kept_a_register_before_does_not(tmp_path):
    for name, kept in (("new", False), ("old", True)):
        environ = {"LONDATA_HUB_STATE": str(tmp_path / name), "LONDATA_HUB_SOCKETS": str(tmp_path / f"{name}-sockets")}
        hub = replace(settings.load(environ | {"LONDATA_HUB_SOCKETS": "/tmp/londata-test"}))
        hub = replace(hub, sockets=tmp_path / f"{name}-sockets")
        if kept:
            hub.index.mkdir(parents=True)
        folders.prepare(hub)
        assert demonstration.wanted(hub.state) is not kept
        assert set(people.read(hub.users)) == set(folders.DEMO)


def test_a_terminal_prepares_register_and_demonstration_in_one_go(tmp_path):
    hub = settings.load({"LONDATA_HUB_STATE": str(tmp_path / "state"), "LONDATA_HUB_SOCKETS": "/tmp/londata-test"})
    folders.prepare(replace(hub, sockets=tmp_path / "sockets"))
    command = [sys.executable, "-m", "londata_hub", "register", "prepare"]
    environ = os.environ | {"LONDATA_HUB_STATE": str(hub.state)}
    first, second = (
        subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout for _ in range(2)
    )
    assert "Made 5 generated sets for the demonstration" in first
    assert "3 agreements, all made up" in first
    assert len(second.splitlines()) == 1
    files = sorted(path.name for path in (hub.state / "holders").iterdir())
    assert len(files) == 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in [hub.state / "holders", *(hub.state / "holders").iterdir()])
    assert json.loads((hub.state / preparing.NOTE).read_text())["loaded"] is True
