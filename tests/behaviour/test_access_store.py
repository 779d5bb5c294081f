"""What is kept of sharing: the same on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway_service import World, served_gateway
from londata.access import Subject, decide, midnight
from londata.errors import AccessDeniedError, EntryNotFoundError, UsageError
from londata.records import ServiceAccount
from londata_hub import audit
from londata_hub.__main__ import main
from londata_hub.store import AccessStore, Holding, RegisterStore, database
from londata_hub.store.database import Database
from sharing_records import (
    ADA,
    BOLA,
    CHEN,
    DORA,
    NOW,
    Clock,
    a_grant,
    a_project,
    an_agreement,
    an_entry,
    arranged,
    opened,
    register,
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'register.sqlite'}"
    return str(request.getfixturevalue("postgres_address"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(address: str, tmp_path: Path, clock: Clock) -> Iterator[AccessStore]:
    with arranged(address, tmp_path, clock=clock) as made:
        yield made


def lines(address: str) -> list[dict[str, Any]]:
    """Read the log."""
    opened = Database(address)
    with opened.reading() as connection:
        found = [json.loads(line) for line in connection.execute(text("SELECT line FROM audit ORDER BY seq")).scalars()]
    opened.close()
    return found


def whats(address: str) -> list[str]:
    return [line["what"] for line in lines(address)]


def findings(address: str, folder: Path) -> list[str]:
    """Verify the log."""
    opened = Database(address)
    with opened.reading() as connection:
        name = json.loads(connection.execute(text("SELECT value FROM facts WHERE name = 'identity'")).scalar_one())
        anchors = audit.Anchors(folder / "audit-anchors", name).read()
        found = [each.text for each in audit.verify(connection, anchors)]
    opened.close()
    return found


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
    assert (end.ended_at, denied.allowed, denied.ended) == (NOW, False, True)
    assert "The project is over" in denied.reasons[0]
    with pytest.raises(UsageError, match="over already"):
        store.end_grant("g-1", "chen", "again")
    with pytest.raises(UsageError, match="no grant"):
        store.end_grant("g-2", "chen", "x")
    with pytest.raises(UsageError, match="already"):
        store.grant(a_grant(), "operator")
    assert whats(address)[-2:] == ["grant.made", "grant.ended"]


def test_a_request_that_is_approved_lets_the_person_read_until_then(
    store: AccessStore, address: str, tmp_path: Path
) -> None:
    request = store.ask(ADA, an_entry(), "places", "  To count places.  ")
    assert (request.state, request.purpose, request.why) == ("open", "school-place-planning", "To count places.")
    assert (request.agreement, request.organisations) == ("ISA-014", ("camden",))
    assert store.latest_until(request) == midnight(dt.date(2097, 3, 1))
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
        (NOW, "past"),
        (midnight(dt.date(2097, 3, 2)), "2097-03-01 at the latest"),
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
    assert (request.agreement, store.latest_until(request)) == ("", None)
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
    assert (waits.kind, waits.id, waits.at) == ("request", f"request-{first.id}", NOW)
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


def test_the_decision_of_the_store_is_the_one_decision(store: AccessStore) -> None:
    store.grant(a_grant(), "operator")
    for subject in (ADA, BOLA, CHEN, Subject("")):
        for action in ("see", "read", "steward"):
            for project in (None, "places", "other"):
                mine = store.decide(subject, action, an_entry(), project)
                assert mine == decide(subject, action, an_entry(), project, NOW, store.arrangements())


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
    assert said.startswith(f"1 readings by 1 people for 1 projects, {counted[agreement].bytes:,} bytes.")
    assert "school-place-planning" in said
    assert "bytes not known" not in said
    assert main(["audit", "verify"]) == 0
