"""The log says what left, and a reading ends when what allowed it does."""

import io

import pyarrow.parquet as pq
import pytest

from gateway_service import an_agreement
from londata_hub.gateway import readings as readings_module
from running_hub import wait_for

# -- the log


def test_the_log_says_what_left(own):
    said = own.begin()
    own.get(said, "HEAD")
    size = len(own.get(said).content)
    own.get(said, range="bytes=0-99")
    (begun,) = own.log("reading.begun")
    about = begun["details"]
    assert (begun["subject"], begun["entry"], begun["project"], begun["agreement"]) == (
        "ada",
        "rolls",
        "places",
        "ISA-1",
    )
    assert (about["decision"], about["sha256"], about["size"]) == (said["decision"], said["sha256"], size)
    assert (about["distribution"], about["columns"], about["row_filter"]) == ("parquet", None, "all rows")
    assert own.log("reading.ended") == []
    own.run(own.gateway.stop())
    (ended,) = own.log("reading.ended")
    assert (ended["details"]["reading"], ended["details"]["bytes"]) == (begun["seq"], size + 100)
    assert (ended["details"]["ranges"], ended["details"]["reason"]) == (2, "the gateway was stopped")


def test_a_decision_and_the_line_that_bytes_may_leave_are_written_together(own):
    said = own.begin()
    decided, begun = own.log()[-2:]
    assert (decided["what"], begun["what"]) == ("decision.allowed", "reading.begun")
    assert (decided["seq"], decided["at"]) == (said["decision"], begun["at"])
    assert begun["details"]["decision"] == decided["seq"]


def test_a_decision_whose_bytes_cannot_be_had_says_so_and_begins_nothing(own):
    own.world.rolls.unlink()
    assert own.ask().status_code == 502
    line = own.log()[-1]
    assert (line["what"], line["subject"]) == ("decision.allowed", "ada")
    assert line["details"]["failed"] == own.ask().json()["error"]["message"]
    assert own.log("reading.begun") == []


def test_what_is_opened_while_its_terms_change_is_opened_anew(own, monkeypatch):
    opened, opener = [], own.gateway._doors._beginning._opener

    async def slowly(entry, distribution, decision):
        opened.append(decision.columns)
        if len(opened) == 1:
            covers = [{"entry": "rolls", "columns": ["borough"]}]
            own.store.record(an_agreement("ISA-1", covers, own.store.now().date()), "operator")
        return await type(opener).open(opener, entry, distribution, decision)

    monkeypatch.setattr(opener, "open", slowly)
    assert own.begin()["columns"] == ["borough"]
    assert opened == [None, ("borough",)]
    (begun,) = own.log("reading.begun")
    assert begun["details"]["columns"] == ["borough"]


def test_what_is_revoked_while_it_is_opened_is_denied(own, monkeypatch):
    opener = own.gateway._doors._beginning._opener

    async def slowly(*asked):
        found = await type(opener).open(opener, *asked)
        own.store.end_grant("ada-rolls-places", "chen", "")
        return found

    monkeypatch.setattr(opener, "open", slowly)
    assert own.ask().json()["error"]["code"] == "access_ended"
    assert own.log()[-1]["what"] == "decision.denied"
    assert own.log("reading.begun") == []


def test_a_reading_that_rests_is_closed_and_goes_on_under_a_new_line(own, monkeypatch):
    said = own.begin()
    own.get(said, range="bytes=0-99")
    monkeypatch.setattr(readings_module, "IDLE_S", 0)
    wait_for(lambda: own.log("reading.ended"), 60)
    monkeypatch.setattr(readings_module, "IDLE_S", 60)
    own.get(said, range="bytes=0-49")
    assert len(own.log("reading.begun")) == 2
    assert [line["details"]["bytes"] for line in own.log("reading.ended")] == [100]


def test_whoever_has_very_many_readings_loses_the_oldest(own, monkeypatch):
    monkeypatch.setattr(readings_module, "MOST_OF_ONE", 3)
    first, *others = [own.begin() for _ in range(4)]
    assert own.get(first, range="bytes=0-9").status_code == 401
    assert [own.get(each, range="bytes=0-9").status_code for each in others] == [206] * 3


# -- what ends


def test_a_grant_that_ends_acts_on_the_next_request(own):
    said = own.begin()
    assert own.get(said, range="bytes=0-9").status_code == 206
    own.store.end_grant("ada-rolls-places", "chen", "no longer needed")
    for _ in range(2):
        refused = own.get(said, range="bytes=10-19")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "access_ended")
        assert "chen took back (“no longer needed”)" in refused.json()["error"]["message"]
    assert own.ask().json()["error"]["code"] == "access_ended"
    about_data = [line for line in own.log("decision.denied") if "decision" in line["details"]]
    assert len(about_data) == 1
    assert own.log("reading.ended")[-1]["details"]["bytes"] == 10


@pytest.mark.parametrize(
    "change",
    [
        {"status": "suspended"},
        {"review_by": "2026-01-01", "start": "2025-01-01"},
        {"covers": []},
        {"parties": [{"organisation": "barnet", "role": "controller"}]},
        {"purposes": ["research"]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_agreement_that_no_longer_allows_ends_a_reading(own, change):
    said = own.begin()
    rest = dict(change)
    covers = rest.pop("covers", [{"entry": "rolls"}])
    own.store.record(an_agreement("ISA-1", covers, own.store.now().date(), **rest), "operator")
    assert own.get(said).json()["error"]["code"] == "access_ended"


def test_an_agreement_that_allows_less_makes_a_reading_begin_again(own):
    said = own.begin()
    covers = [{"entry": "rolls", "columns": ["age"]}]
    own.store.record(an_agreement("ISA-1", covers, own.store.now().date()), "operator")
    refused = own.get(said)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "not_authenticated")
    again = own.begin()
    assert again["columns"] == ["age"]
    assert pq.read_table(io.BytesIO(own.get(again).content)).column_names == ["age"]


def test_leaving_a_group_ends_a_reading(own):
    said = own.begin()
    own.people.groups["ada"] = frozenset({"analysts"})
    assert own.get(said).json()["error"]["code"] == "access_ended"
    assert own.get(own.begin(who="bola")).status_code == 200


def test_a_token_of_the_hub_that_is_revoked_ends_a_reading(own):
    said = own.begin()
    own.people.groups["ada"] = None
    assert own.get(said).json()["error"]["code"] == "access_ended"
    assert own.ask().status_code == 401


def test_data_that_changes_while_it_is_read_is_not_mixed(own):
    said = own.begin()
    own.world.rolls.write_bytes(own.world.rolls.read_bytes()[:-1] + b"x")
    refused = own.get(said, range="bytes=0-9")
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "fetch")
    assert own.begin()["sha256"] != said["sha256"]


def test_keys_of_what_nobody_may_read_are_deleted(own):
    said = own.begin("ages")
    assert own.get(said).status_code == 200
    own.run(own.gateway.watch.tidy())
    assert own.log("key.purged") == []
    own.store.end_grant("ada-ages-places", "chen", "")
    own.run(own.gateway.watch.tidy())
    (purged,) = own.log("key.purged")
    assert (purged["entry"], purged["project"]) == ("ages", "places")
    assert own.get(said).json()["error"]["code"] == "access_ended"


def test_a_reading_that_stops_when_nobody_asks_is_not_written_down_as_a_denial(own):
    one, other = own.begin(), own.begin()
    own.store.end_grant("ada-rolls-places", "chen", "no longer needed")
    ended = wait_for(lambda: own.log("reading.ended")[1:] and own.log("reading.ended"), 60)
    assert all("chen took back (“no longer needed”)" in line["details"]["reason"] for line in ended)
    assert own.log("decision.denied") == []
    for said in (one, other, one):  # who asks is told no, and that is written down once
        assert own.get(said).json()["error"]["code"] == "access_ended"
    (denied,) = own.log("decision.denied")
    assert "chen took back" in denied["details"]["reasons"][0]
