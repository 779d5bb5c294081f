"""What is recorded is arranged, decided by and found again."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from log_of_sharing import findings, lines, whats
from londata.access import Subject, decide
from londata.errors import UsageError
from londata.records import ServiceAccount
from londata_hub import audit
from londata_hub.store import AccessStore, Holding, RegisterStore
from sharing_records import ADA, BOLA, CHEN, NOW, a_grant, a_project, an_agreement, an_entry, opened, register


def test_what_is_recorded_is_arranged_for_whoever_opens_the_store_later(
    store: AccessStore, address: str, tmp_path: Path
) -> None:
    store.record(ServiceAccount(name="nightly", owner="ada", project="places"), "operator")
    store.grant(a_grant(), "operator")
    with opened(address, tmp_path) as other:
        arrangements = other.arrangements()
        assert arrangements.agreements == {"ISA-014": an_agreement()}
        assert arrangements.projects == {"places": a_project()}
        assert other.account("nightly") == ServiceAccount(name="nightly", owner="ada", project="places")
        assert [term.grant for term in arrangements.all_terms()] == [a_grant()]
    assert findings(address, tmp_path) == []


def test_the_same_record_again_is_no_new_version_and_leaves_no_line(store: AccessStore, address: str) -> None:
    before = lines(address)
    assert not store.record(an_agreement(), "operator")
    assert lines(address) == before
    assert store.record(an_agreement(status="suspended"), "chen")
    assert store.record(an_agreement(), "chen")  # back again is a third version
    assert [line["details"]["version"] for line in lines(address)[-2:]] == [2, 3]
    assert store.arrangements().agreements["ISA-014"].status == "signed"


def test_nothing_is_made_anew_while_nothing_changed(store: AccessStore) -> None:
    first = store.arrangements()
    store.log(audit.Event("reading.begun", "ada"))
    assert store.arrangements() is first
    store.grant(a_grant(), "operator")
    assert store.arrangements() is not first


def test_what_another_process_changes_is_seen_at_the_next_look(
    store: AccessStore, address: str, tmp_path: Path
) -> None:
    store.grant(a_grant(), "operator")
    assert store.decide(ADA, "read", an_entry(), "places").allowed
    code = (
        "import sys; from pathlib import Path; from londata_hub.store import AccessStore\n"
        "with AccessStore(sys.argv[1], Path(sys.argv[2])) as store: store.end_grant('g-1', 'chen', 'enough')"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code, address, str(tmp_path / "audit-anchors")], check=True)
    denied = store.decide(ADA, "read", an_entry(), "places")
    assert not denied.allowed
    assert denied.ended


def test_every_decision_is_in_the_log_with_its_reasons(store: AccessStore, address: str) -> None:
    store.grant(a_grant(), "operator")
    allowed, first = store.decide_and_log(ADA, "read", an_entry(), "places", distribution="csv")
    denied, second = store.decide_and_log(BOLA, "read", an_entry(), "places")
    assert (allowed.allowed, denied.allowed, second) == (True, False, first + 1)
    one, two = lines(address)[-2:]
    assert (one["what"], one["actor"], one["entry"], one["project"], one["agreement"]) == (
        "decision.allowed",
        "ada",
        "rolls",
        "places",
        "ISA-014",
    )
    assert one["details"]["distribution"] == "csv"
    assert one["details"]["columns"] == ["borough", "year"]
    assert one["details"]["grant"] == "g-1"
    assert two["what"] == "decision.denied"
    assert two["agreement"] == "ISA-014"  # the one that covers it, so that its denials can be counted
    assert "no grant" in " ".join(two["details"]["reasons"])


def test_a_grant_ends_once_and_at_the_next_question(store: AccessStore, address: str) -> None:
    store.grant(a_grant(), "operator")
    end = store.end_grant("g-1", "chen", "The project is over")
    denied = store.decide(ADA, "read", an_entry(), "places")
    assert (denied.allowed, denied.ended) == (False, True)
    assert dt.timedelta(0) <= end.ended_at - NOW < dt.timedelta(minutes=1)  # the store's clock goes on by itself
    assert "The project is over" in denied.reasons[0]
    with pytest.raises(UsageError, match="over already"):
        store.end_grant("g-1", "chen", "again")
    with pytest.raises(UsageError, match="no grant"):
        store.end_grant("g-2", "chen", "x")
    with pytest.raises(UsageError, match="already"):
        store.grant(a_grant(), "operator")
    assert whats(address)[-2:] == ["grant.made", "grant.ended"]


def test_where_bytes_are_is_recorded_and_replaced(store: AccessStore, address: str, tmp_path: Path) -> None:
    first = Holding("rolls", "csv", "file", "rolls.csv")
    second = Holding("rolls", "csv", "s3", "bucket/rolls.csv", "encrypted", {"endpoint": "x"})
    store.hold(first, "operator")
    store.hold(second, "operator")
    store.hold(replace(first, distribution="parquet"), "operator")
    assert store.holding("rolls", "csv") == second
    assert store.holding("rolls", "json") is None
    assert [each.distribution for each in store.holdings()] == ["csv", "parquet"]
    assert findings(address, tmp_path) == []


def test_an_entry_is_found_as_the_register_has_it(store: AccessStore, address: str, tmp_path: Path) -> None:
    assert store.entry("rolls") == an_entry()
    assert store.entry("other") is None
    register(address, tmp_path, an_entry(title="New"))
    assert store.entry("rolls") == an_entry(title="New")
    with RegisterStore(address, tmp_path / "index") as other:
        other.upsert([], source="the borough", complete=True)
    assert store.entry("rolls") is None


def test_the_register_knows_which_entries_are_not_for_everybody(address: str, tmp_path: Path) -> None:
    with RegisterStore(address, tmp_path / "index") as store:
        assert store.restricted() == {}
        every = [an_entry("a", listing="members"), an_entry("b", listing="hidden"), an_entry("c")]
        store.upsert(every, source="s")
        assert store.restricted() == {"a": "members", "b": "hidden"}
        assert store.restricted() is store.restricted()
        store.upsert([an_entry("a")], source="s")
        assert store.restricted() == {"b": "hidden"}
        store.upsert([], source="s", complete=True)
        assert store.restricted() == {}


def test_the_decision_of_the_store_is_the_one_decision(store: AccessStore) -> None:
    store.grant(a_grant(), "operator")
    for subject in (ADA, BOLA, CHEN, Subject("")):
        for action in ("see", "read", "steward"):
            for project in (None, "places", "other"):
                mine = store.decide(subject, action, an_entry(), project)
                assert mine == decide(subject, action, an_entry(), project, NOW, store.arrangements())
