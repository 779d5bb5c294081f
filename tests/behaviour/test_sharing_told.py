"""What people are told when something stops: notices, projects, commands, requests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import sharing_world as world
from londata.access import Subject
from londata.errors import UsageError
from londata.records import AccessRequest
from londata.sharing.requests import Request, Requests
from londata.sharing.service import SharingService
from londata.widgets.deciding import Desk
from londata_hub import __main__ as londata_hub
from londata_hub.store import AccessStore
from londata_hub.store.suspending import restated, why_suspended
from register_service import served
from sharing_records import ADA, BOLA, CHEN, NOW, Clock, a_grant, a_project, an_agreement, an_entry, arranged

MAIL = "rolls@education.example"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[AccessStore]:
    with arranged(f"sqlite:///{tmp_path / 'register.sqlite'}", tmp_path, clock=clock) as made:
        yield made


def test_whoever_can_read_no_more_because_an_agreement_is_suspended_is_told_and_so_are_stewards(
    store: AccessStore,
) -> None:
    request = store.ask(ADA, an_entry(), "places", "To count places.")
    store.approve(CHEN, request.id, NOW + dt.timedelta(days=60))
    store.grant(a_grant("g-2", "bola"), "operator")
    assert [each.kind for each in store.notices(ADA)] == ["ending", "approved"]
    signed = an_agreement(contact={"name": "Rolls", "email": MAIL})
    suspended = restated(signed, "suspended", NOW, "A laptop was lost.")
    store.record(suspended, "operator")
    [told] = store.notices(ADA)
    assert (told.kind, told.entry, told.project) == ("ended", "rolls", "places")
    assert "is suspended, because the agreement ISA-014 is suspended (“A laptop was lost”). Ask " in told.text
    [stewards] = store.notices(CHEN)
    assert stewards.kind == "ended"
    assert "the agreement ISA-014 is suspended (“A laptop was lost”). 2 people hold grants" in stewards.text
    assert store.notices(Subject("fay", frozenset({"stewards", "org-camden"}))) == []
    store.record(restated(suspended, "signed", NOW, "It was found."), "operator")
    assert [each.kind for each in store.notices(ADA)] == ["ending", "approved"]
    assert store.notices(CHEN) == []


def test_whoever_can_read_no_more_because_it_is_no_longer_covered_or_the_agreement_ended_is_told(
    store: AccessStore, clock: Clock
) -> None:
    store.grant(a_grant(), "operator")
    store.record(an_agreement(covers=[]), "operator")
    [told] = store.notices(ADA)
    assert "because the agreement ISA-014 does not cover it." in told.text
    assert "cannot be read under ISA-014: the agreement ISA-014 does not cover it" in store.notices(CHEN)[0].text
    store.record(an_agreement(status="ended", end=NOW.date(), review_by=NOW.date()), "operator")
    [told] = store.notices(ADA)
    assert "is over: the agreement ISA-014 ended on 1 June 2096" in told.text
    assert "1 person holds a grant" in store.notices(CHEN)[0].text
    clock.pass_by(days=31)
    assert store.notices(ADA) == store.notices(CHEN) == []


def test_of_two_grants_the_one_that_still_allows_keeps_people_from_being_told_that_they_cannot_read(
    store: AccessStore,
) -> None:
    store.grant(a_grant(until=NOW + dt.timedelta(days=200)), "operator")
    store.grant(a_grant("g-2", agreement="ISA-015", until=NOW + dt.timedelta(days=250)), "operator")
    assert store.notices(ADA) == []  # of ISA-015 nobody knows anything, but ISA-014 allows
    assert store.notices(BOLA) == []


def test_the_reason_of_the_last_suspension_is_the_one_that_is_said() -> None:
    first = restated(an_agreement(description="About: rolls."), "suspended", NOW, "One: a thing.")
    again = restated(restated(first, "signed", NOW, "Over."), "suspended", NOW, "Another.")
    assert why_suspended(first) == "One: a thing."
    assert why_suspended(again) == "Another."
    assert why_suspended(an_agreement(status="suspended", description="Plain.")) == ""
    assert why_suspended(an_agreement()) == ""


def test_projects_say_why_what_was_granted_cannot_be_read_now(tmp_path: Path) -> None:
    def projects() -> tuple[list[dict[str, Any]], str]:
        with httpx.Client(base_url=address, trust_env=False, timeout=30) as http:
            said = http.get("/api/v1/projects", headers={"Authorization": "Bearer ada"}).json()
        return said["projects"], repr(SharingService(address, "ada").projects())

    with world.stores(tmp_path) as (register, access), served(world.app_over(register, access, tmp_path)) as address:
        access.record(restated(world.agreement(), "suspended", access.now(), "A breach."), "tests")
        [mine], words = projects()
        assert mine["readable"] == []
        assert "pupils" in {each["entry"] for each in mine["halted"]}
        assert "“Pupils by school” but not read it: the agreement ISA-1 is suspended. Ask " in words
        assert "so far" not in words
        access.record(world.agreement(), "tests")
        [mine], words = projects()
        assert (len(mine["readable"]), mine["halted"], "but not read it" in words) == (3, [], False)


def test_an_agreement_is_suspended_resumed_and_shown_as_it_can_be_loaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> tuple[int, str]:
        code = londata_hub.main(list(words))
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    monkeypatch.setenv("LONDATA_HUB_STATE", str(tmp_path))
    monkeypatch.delenv("LONDATA_HUB_DATABASE", raising=False)
    reason, file = 'Lost: a laptop, “grey”; it\'s\n gone & "found" # not yet: no', tmp_path / "shown.yaml"
    with world.stores(tmp_path) as (_, access):
        pupils, ada = access.entry("pupils"), world.PEOPLE["ada"]
        assert pupils is not None
        assert run("agreements", "resume", "ISA-1", "--reason", "x")[0] == 2
        said = run("agreements", "suspend", "ISA-1", "--reason", reason)[1]
        assert 'londata-hub agreements resume ISA-1 --reason "…"' in said
        assert not access.decide(ada, "read", pupils, "school-places").allowed
        for _ in range(2):
            file.write_text(run("agreements", "show", "ISA-1")[1])
            assert run("agreements", "load", str(file)) == (0, "ISA-1: as before\n")
            assert why_suspended(access.arrangements().agreements["ISA-1"]) == reason
        assert run("agreements", "resume", "ISA-1", "--reason", " ")[0] == 2
        assert "ISA-1: resumed. Live until " in run("agreements", "resume", "ISA-1", "--reason", "Found again.")[1]
        assert access.decide(ada, "read", pupils, "school-places").allowed
        assert "Found again." in access.arrangements().agreements["ISA-1"].description


def test_nobody_asks_for_what_they_can_read_already_until_its_end_is_near(store: AccessStore, clock: Clock) -> None:
    store.grant(a_grant(until=NOW + dt.timedelta(days=120)), "operator")
    with pytest.raises(UsageError) as refused:
        store.ask(ADA, an_entry(), "places", "More.")
    assert "You may read “School rolls by pupil” until 29 September 2096 already, for this project." in str(
        refused.value
    )
    assert "in the last 90 days" in str(refused.value)
    store.ask(BOLA, an_entry(), "places", "Mine.")
    clock.pass_by(days=31)
    with pytest.raises(UsageError, match="Say why"):
        store.ask(ADA, an_entry(), "places", " ")
    assert store.ask(ADA, an_entry(), "places", "More.").why == "For longer than until 29 September 2096: More."


@pytest.mark.parametrize(
    ("record", "stop", "whom"),
    [
        (
            an_agreement(review_by="2096-06-20", contact={"name": "Rolls", "email": MAIL}),
            "the time until the review of the agreement ISA-014",
            f"Rolls ({MAIL})",
        ),
        (a_project(end="2096-06-20", owner="bola"), "the project “School places”", "bola, who leads the project"),
    ],
)
def test_what_can_last_no_longer_is_not_to_be_asked_for_anew(
    store: AccessStore, record: Any, stop: str, whom: str
) -> None:
    """A request for longer would leave its steward nothing but to approve it until the same day."""
    store.grant(a_grant(), "operator")
    assert store.notices(ADA)[0].text.endswith("60 days are left. Ask for it anew if you still need it.")
    store.record(record, "operator")
    said = f"Nobody can give longer, because it ends with {stop}. Ask {whom}."
    [told] = store.notices(ADA)
    assert told.text.endswith(f"until 19 June 2096: 19 days are left. {said}")
    with pytest.raises(UsageError) as refused:
        store.ask(ADA, an_entry(), "places", "More.")
    assert " ".join(str(refused.value).split()).endswith(f"until 19 June 2096 already, for this project. {said}")


def test_whom_an_uncovered_request_waits_for_is_told_that_no_agreement_covers_it(store: AccessStore) -> None:
    store.record(a_project(agreements=[]), "operator")
    request = store.ask(ADA, an_entry(), "places", "To count.")
    assert request.agreement == ""
    [told] = store.notices(CHEN)
    assert "cannot be approved before there is one" in told.text
    said = repr(Request(request, mine=True))
    assert "No agreement covers it for this project, so nobody can approve it before there is one." in said


def test_the_desk_cannot_approve_what_no_agreement_covers() -> None:
    class Service:
        def requests(self) -> Requests:
            return Requests([self.one])

    there, record = Service(), AccessRequest.model_validate(_REQUEST)
    there.one = Request(record, decidable=True)
    desk = Desk(there)
    assert (desk.until.control.disabled, desk.approve.disabled, desk.refuse.disabled) == (True, True, False)
    assert "No agreement covers it for this project" in desk.until.box.children[1].value
    there.one = Request(record, decidable=True, latest_until=dt.date(2097, 1, 1))
    desk = Desk(there)
    assert (desk.until.control.disabled, desk.approve.disabled) == (False, False)


_REQUEST = {
    "id": "r1",
    "subject": "ada",
    "entry": "rolls",
    "project": "places",
    "purpose": "school-place-planning",
    "why": "To count.",
    "made_at": NOW,
}


def test_an_operator_is_told_who_was_refused_and_which_grants_remain(
    store: AccessStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> tuple[int, str]:
        code = londata_hub.main(list(words))
        printed = capsys.readouterr()
        return code, " ".join((printed.out + printed.err).split())

    monkeypatch.setenv("LONDATA_HUB_STATE", str(tmp_path))
    monkeypatch.delenv("LONDATA_HUB_DATABASE", raising=False)
    for number in (1, 2):
        store.grant(a_grant(f"g-{number}"), "operator")
    said = run("grants", "end", "g-1", "--reason", "x")[1]
    assert "ada still holds g-2 for rolls and places, until " in said
    assert "still" not in run("grants", "end", "g-2", "--reason", "x")[1]
    store.decide_and_log(ADA, "read", an_entry(), "places")
    store.decide_and_log(BOLA, "read", an_entry("made-up"), "places")
    assert run("audit", "report", "--denials")[1].startswith("2 people were told no, 2 times.")
    said = run("audit", "report", "--denials", "--person", "ada")[1]
    assert said.startswith("1 person was told no, 1 time. 2096-")
    assert "ada asked for rolls, project places You can see “School rolls by pupil” but not read it: your grant" in said
    file = tmp_path / "denials.csv"
    assert run("audit", "report", "--denials", "--csv", str(file))[0] == 0
    assert "bola,bola,made-up,places" in file.read_text()
    assert "It knows rolls." in run("audit", "report", "--entry", "nothing")[1]
    assert run("audit", "report", "--person", "eve")[0] == 2
    assert run("audit", "report", "--from", "2096-06-02", "--to", "2096-06-01")[0] == 2


def test_people_hear_of_an_operator_of_the_hub_and_not_of_an_account_on_the_machine(store: AccessStore) -> None:
    store.grant(a_grant(), "operator:root")
    store.end_grant("g-1", "operator:root", "A breach.")
    words = [*(each.text for each in store.notices(ADA)), *store.decide(ADA, "read", an_entry(), "places").reasons]
    request = store.ask(BOLA, an_entry(), "places", "To count.")
    root = Subject("operator:root", CHEN.groups)
    refused = store.refuse(root, request.id, "Not needed.")
    with pytest.raises(UsageError) as again:
        store.refuse(root, request.id, "Twice.")
    words += [str(again.value), Request(refused, mine=True).outcome, *(each.text for each in store.notices(BOLA))]
    assert len(words) >= 6
    assert not [each for each in words if "root" in each]
    assert sum("an operator of the hub" in each for each in words) >= 5
