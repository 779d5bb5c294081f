"""Asking for access, deciding it, and being told what ends and what was decided."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from log_of_sharing import findings, lines, whats
from londata.access import Subject, midnight
from londata.errors import AccessDeniedError, EntryNotFoundError, UsageError
from londata_hub.store import AccessStore
from sharing_records import ADA, BOLA, CHEN, DORA, NOW, Clock, a_grant, a_project, an_agreement, an_entry, opened


def test_a_request_that_is_approved_lets_the_person_read_until_then(
    store: AccessStore, address: str, tmp_path: Path
) -> None:
    request = store.ask(ADA, an_entry(), "places", "  To count places.  ")
    assert (request.state, request.purpose, request.why) == ("open", "school-place-planning", "To count places.")
    assert (request.agreement, request.organisations) == ("ISA-014", ("camden",))
    until = midnight(dt.date(2096, 12, 1))
    approved = store.approve(CHEN, request.id, until)
    assert (approved.state, approved.decided_by, approved.until) == ("approved", "chen", until)
    decision = store.decide(ADA, "read", an_entry(), "places")
    assert (decision.allowed, decision.until, decision.grant) == (True, until, approved.grant)
    assert store.requests() == [approved]
    assert store.requests(state="approved", subject="ada") == [approved]
    assert store.requests(state="open") == store.requests(subject="bola") == []
    assert whats(address)[-3:] == ["request.made", "grant.made", "request.approved"]
    assert findings(address, tmp_path) == []


def test_a_request_is_refused_with_a_reason_or_taken_back(store: AccessStore, address: str) -> None:
    first = store.ask(ADA, an_entry(), "places", "a")
    with pytest.raises(UsageError, match="Say why it is refused"):
        store.refuse(CHEN, first.id, "  ")
    assert store.refuse(CHEN, first.id, "Not needed").reason == "Not needed"
    second = store.ask(ADA, an_entry(), "places", "b")
    with pytest.raises(UsageError, match="You have made no request"):
        store.withdraw(BOLA, second.id)
    assert store.withdraw(ADA, second.id).state == "withdrawn"
    assert [each.id for each in store.requests()] == [second.id, first.id]
    for again in (
        lambda: store.approve(CHEN, first.id, midnight(dt.date(2096, 12, 1))),
        lambda: store.refuse(CHEN, second.id, "x"),
        lambda: store.withdraw(ADA, second.id),
    ):
        with pytest.raises(UsageError, match="already"):
            again()
    assert not store.decide(ADA, "read", an_entry(), "places").allowed
    assert whats(address)[-4:] == ["request.made", "request.refused", "request.made", "request.withdrawn"]


def test_what_cannot_be_asked_is_said_and_leaves_no_line(store: AccessStore, address: str) -> None:
    before = lines(address)
    bot = Subject("bot", ADA.groups, "ada")
    for subject, entry, project, why, error, said in (
        (ADA, an_entry(access="open"), "places", "x", UsageError, "open"),
        (ADA, an_entry(listing="hidden"), "places", "x", EntryNotFoundError, "no entry"),
        (ADA, an_entry(), "other", "x", UsageError, "not a member"),
        (replace(ADA, name="eve"), an_entry(), "places", "x", UsageError, "not a member"),
        (ADA, an_entry(), "places", " ", UsageError, "Say why"),
        (ADA, an_entry(), "places", "x" * 2001, UsageError, "2,001"),
        (bot, an_entry(), "places", "x", UsageError, "acts for"),
        (Subject(""), an_entry(), "places", "x", EntryNotFoundError, "no entry"),
    ):
        with pytest.raises(error, match=said):
            store.ask(subject, entry, project, why)
    assert lines(address) == before


def test_one_thing_is_asked_once_until_it_is_decided(store: AccessStore) -> None:
    store.ask(ADA, an_entry(), "places", "x")
    with pytest.raises(UsageError, match="already"):
        store.ask(ADA, an_entry(), "places", "y")
    store.ask(BOLA, an_entry(), "places", "x")


def test_only_a_steward_decides_and_never_about_themselves(store: AccessStore) -> None:
    mine = store.ask(ADA, an_entry(), "places", "x")
    until = midnight(dt.date(2096, 12, 1))
    elsewhere = Subject("fay", frozenset({"stewards", "org-camden"}))
    for nobody in (ADA, BOLA, elsewhere, Subject("bot", CHEN.groups, "chen"), Subject("")):
        with pytest.raises(AccessDeniedError):
            store.approve(nobody, mine.id, until)
        with pytest.raises(AccessDeniedError):
            store.refuse(nobody, mine.id, "x")
    store.record(a_project(members=["ada", "chen"]), "operator")
    own = store.ask(replace(CHEN, groups=CHEN.groups | {"org-camden"}), an_entry(), "places", "x")
    with pytest.raises(AccessDeniedError, match="own request"):
        store.approve(CHEN, own.id, until)
    assert {each.state for each in store.requests()} == {"open"}


def test_an_end_is_never_cut_in_silence(store: AccessStore) -> None:
    request = store.ask(ADA, an_entry(), "places", "x")
    for until, said in (
        (NOW, "is past"),
        (midnight(dt.date(2020, 1, 2)), "1 January 2020 is past"),
        (midnight(dt.date(2097, 3, 2)), "A grant until 1 March 2097 would end earlier"),
        (midnight(dt.date(2097, 3, 2)), "until 28 February 2097 at the latest"),
        (dt.datetime(2096, 12, 1), "no time zone"),
    ):
        with pytest.raises(UsageError) as caught:
            store.approve(CHEN, request.id, until)
        assert said in str(caught.value)
    assert store.requests(state="open") == [request]
    assert store.approve(CHEN, request.id, midnight(dt.date(2097, 3, 1))).grant


def test_no_grant_is_made_with_which_the_person_could_not_read(store: AccessStore, address: str) -> None:
    for record, said in (
        (an_agreement(covers=[{"entry": "other"}]), "does not cover"),
        (a_project(agreements=[]), "does not work under"),
        (a_project(purpose="research"), "purpose"),
        (a_project(members=["bola"]), "not a member"),
        (an_agreement(status="draft"), "not signed"),
        (an_agreement(parties=[{"organisation": "education", "role": "controller"}]), "between education"),
        (an_agreement(who_may=["researchers"]), "researchers"),
        (an_agreement(settings=["download"]), "workbench"),
        (an_agreement(end="2096-05-01", review_by="2096-05-01"), "ended on 1 May 2096"),
    ):
        request = store.ask(ADA, an_entry(), "places", "x")
        store.record(record, "operator")
        before = lines(address)
        with pytest.raises(UsageError) as caught:
            store.approve(CHEN, request.id, midnight(dt.date(2096, 12, 1)))
        assert said in str(caught.value)
        assert lines(address) == before
        assert store.requests(state="open") == [request]
        store.withdraw(ADA, request.id)
        store.record(an_agreement(), "operator")
        store.record(a_project(), "operator")


def test_without_an_agreement_a_request_waits_for_one(store: AccessStore) -> None:
    store.record(a_project(agreements=[]), "operator")
    request = store.ask(ADA, an_entry(), "places", "x")
    assert request.agreement == ""
    until = midnight(dt.date(2096, 12, 1))
    with pytest.raises(UsageError, match="No agreement covers"):
        store.approve(CHEN, request.id, until)
    store.record(a_project(), "operator")
    assert store.approve(CHEN, request.id, until).agreement == "ISA-014"


def test_a_hub_that_keeps_nobody_apart_grants_nothing(store: AccessStore, address: str, tmp_path: Path) -> None:
    request = store.ask(ADA, an_entry(), "places", "x")
    with opened(address, tmp_path, isolated=False, clock=Clock()) as open_hub:
        with pytest.raises(UsageError, match="not kept apart"):
            open_hub.approve(CHEN, request.id, midnight(dt.date(2096, 12, 1)))
        open_hub.grant(a_grant(), "operator")
        assert not open_hub.decide(ADA, "read", an_entry(), "places").allowed


def test_of_several_agreements_the_one_that_lets_the_person_read_is_chosen(store: AccessStore) -> None:
    longer = {"end": "2099-01-01", "review_by": "2099-01-01"}
    store.record(an_agreement(id="ISA-1", status="draft", **longer), "operator")
    store.record(an_agreement(id="ISA-2", covers=[{"entry": "other"}], **longer), "operator")
    store.record(a_project(agreements=["ISA-1", "ISA-2", "ISA-014"]), "operator")
    request = store.ask(ADA, an_entry(), "places", "x")
    assert request.agreement == "ISA-014"
    assert store.approve(CHEN, request.id, midnight(dt.date(2096, 9, 1))).grant


def test_two_stewards_who_decide_at_once_decide_one_thing(store: AccessStore, address: str, tmp_path: Path) -> None:
    until = midnight(dt.date(2096, 12, 1))
    stores = [store, opened(address, tmp_path, clock=Clock())]
    for _ in range(4):
        request = store.ask(ADA, an_entry(), "places", "x")
        ready, outcomes = threading.Barrier(4), []

        def approve(number: int, request: Any = request, ready: Any = ready, outcomes: Any = outcomes) -> None:
            ready.wait()
            try:
                if number % 2:
                    made = stores[number // 2].approve(CHEN, request.id, until)
                else:
                    made = stores[number // 2].refuse(DORA, request.id, "no")
                outcomes.append(made.state)
            except UsageError as error:
                outcomes.append("too late" if "already" in error.message else error.message)

        threads = [threading.Thread(target=approve, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes.count("too late") == 3
        [state] = set(outcomes) - {"too late"}
        assert store.requests()[0].state == state
        grants = [term.grant for term in store.arrangements().all_terms() if term.grant.request == request.id]
        assert len(grants) == (state == "approved")
        for grant in grants:
            store.end_grant(grant.id, "chen", "next round")
    stores[1].close()
    assert findings(address, tmp_path) == []


def test_a_person_is_warned_once_at_90_30_and_7_days(store: AccessStore, address: str, clock: Clock) -> None:
    store.grant(a_grant(until=NOW + dt.timedelta(days=100)), "operator")
    assert store.notices(ADA) == []
    seen = []
    for days in (10, 1, 59, 23, 1):
        clock.pass_by(days=days)
        [notice] = store.notices(ADA)
        assert store.notices(ADA) == [notice]
        seen.append((notice.kind, notice.days, notice.entry, notice.project))
    assert seen == [("ending", days, "rolls", "places") for days in (90, 89, 30, 7, 6)]
    given = [line["details"] for line in lines(address) if line["what"] == "warning.given"]
    assert given == [{"grant": "g-1", "days": days} for days in (90, 30, 7)]
    assert store.notices(BOLA) == store.notices(Subject("")) == []
    clock.pass_by(days=6)
    [over] = store.notices(ADA)
    assert (over.kind, over.days) == ("ended", None)
    clock.pass_by(days=30)
    assert store.notices(ADA) == []


def test_nobody_is_warned_of_an_end_after_which_a_later_grant_holds(store: AccessStore) -> None:
    store.grant(a_grant(until=NOW + dt.timedelta(days=5)), "operator")
    store.grant(a_grant("g-2", until=NOW + dt.timedelta(days=200)), "operator")
    assert store.notices(ADA) == []


def test_people_are_told_what_was_decided_and_stewards_what_waits(store: AccessStore, clock: Clock) -> None:
    first = store.ask(ADA, an_entry(), "places", "To count places")
    [waits] = store.notices(CHEN)
    assert (waits.kind, waits.id, waits.at) == ("request", f"request-{first.id}", first.made_at)
    assert "To count places" in waits.text
    assert store.notices(ADA) == store.notices(replace(CHEN, groups=frozenset({"stewards"}))) == []
    store.approve(CHEN, first.id, midnight(dt.date(2097, 1, 1)))
    second = store.ask(BOLA, an_entry(), "places", "y")
    store.refuse(DORA, second.id, "Ada has it")
    assert [each.kind for each in store.notices(ADA)] == ["approved"]
    [refused] = store.notices(BOLA)
    assert (refused.kind, "Ada has it" in refused.text) == ("refused", True)
    assert store.notices(CHEN) == []
    clock.pass_by(days=31)
    assert store.notices(ADA) == store.notices(BOLA) == []
