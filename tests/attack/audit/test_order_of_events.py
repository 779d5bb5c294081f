"""Killed processes, races, a clock that is moved back and hostile text: the log says what happened, in order."""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from eventful_register import line, verified
from londata.access import Subject, midnight
from londata.records import ServiceAccount
from londata_hub import audit
from londata_hub.store import Holding
from londata_hub.store.database import Database
from postgres_server import postgres_address, postgres_cluster  # noqa: F401
from sharing_records import ADA, CHEN, NOW, Clock, a_grant, a_project, an_agreement, an_entry, arranged, opened

SQL = "'; DROP TABLE audit; --"
WRITER = """
import sys
from pathlib import Path
from londata_hub import audit
from londata_hub.store import AccessStore
with AccessStore(sys.argv[1], Path(sys.argv[2])) as store:
    while True:
        print(store.log(audit.Event("reading.begun", "ada")), flush=True)
"""


def test_a_line_that_was_answered_for_outlives_a_killed_process(address: str, tmp_path: Path) -> None:
    arranged(address, tmp_path).close()
    command = [sys.executable, "-c", WRITER, address, str(tmp_path / "audit-anchors")]
    for enough in (3, 20):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            said = [next(process.stdout) for _ in range(enough)]
            process.send_signal(signal.SIGKILL)
            said += process.stdout
        numbers = [int(each) for each in said if each.endswith("\n")]
        database = Database(address)
        with database.reading() as connection:
            assert audit.end(connection).seq >= numbers[-1]
        database.close()
        assert verified(address, tmp_path) == []


READER = """
import sys
from pathlib import Path
from londata.access import Subject
from londata_hub.store import AccessStore
with AccessStore(sys.argv[1], Path(sys.argv[2])) as store:
    entry = store.entry("rolls")
    ada = Subject("ada", frozenset({"org-camden"}))
    for _ in sys.stdin:
        pass
    print("ready", flush=True)
    denied = 0
    while denied < 5:
        denied += not store.decide_and_log(ada, "read", entry, "places")[0].allowed
"""


def test_nothing_is_allowed_in_a_line_after_the_one_that_ended_the_grant(address: str, tmp_path: Path) -> None:
    with arranged(address, tmp_path) as store:
        store.record(an_agreement(start="2020-01-01"), "operator")
        until = midnight(dt.date(2096, 12, 1))
        store.grant(a_grant(until=until), "operator")
        command = [sys.executable, "-W", "error", "-c", READER, address, str(tmp_path / "audit-anchors")]
        reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        outcomes: list[bool] = []

        def read() -> None:
            while sum(not each for each in outcomes) < 5:
                outcomes.append(store.decide_and_log(ADA, "read", an_entry(), "places")[0].allowed)

        assert reader.stdin
        assert reader.stdout
        reader.stdin.close()
        reader.stdout.readline()
        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        with opened(address, tmp_path) as other:
            for _ in range(20):
                other.log(audit.Event("reading.begun", "ada"))
            while not any(outcomes):
                threading.Event().wait(0.01)
            other.end_grant("g-1", "chen", "now")
        for thread in threads:
            thread.join()
        assert reader.wait(60) == 0
        reader.stdout.close()
    database = Database(address)
    with database.reading() as connection:
        whats = list(connection.execute(text("SELECT what FROM audit ORDER BY seq")).scalars())
    database.close()
    end = whats.index("grant.ended")
    assert "decision.allowed" in whats[:end]
    assert "decision.allowed" not in whats[end:]
    assert whats[end:].count("decision.denied") >= 10
    assert verified(address, tmp_path) == []


def test_a_clock_that_is_moved_back_brings_no_access_back(address: str, tmp_path: Path) -> None:
    clock = Clock()
    with arranged(address, tmp_path, clock=clock) as store:
        store.grant(a_grant(until=NOW + dt.timedelta(days=1)), "operator")
        assert store.decide(ADA, "read", an_entry(), "places").allowed
        clock.pass_by(days=2)
        assert not store.decide_and_log(ADA, "read", an_entry(), "places")[0].allowed
        clock.pass_by(days=-2)
        assert not store.decide(ADA, "read", an_entry(), "places").allowed
        assert not store.decide_and_log(ADA, "read", an_entry(), "places")[0].allowed
    with opened(address, tmp_path, clock=clock) as store:  # also after a restart
        assert not store.decide(ADA, "read", an_entry(), "places").allowed
        request = store.ask(ADA, an_entry(), "places", "again")
        assert request.made_at >= NOW + dt.timedelta(days=2)
    assert verified(address, tmp_path) == []


@pytest.mark.parametrize("hostile", [SQL, '" OR 1=1 --', "nul\0, \ud800 and more", "{}\n%s :x \\ ${1} 🙂"])
def test_whatever_is_written_into_a_field_comes_back_and_does_nothing(
    address: str, tmp_path: Path, hostile: str
) -> None:
    in_records = hostile.encode("utf-8", "ignore").decode()
    with arranged(address, tmp_path, clock=Clock()) as store:
        agreement = an_agreement(title=in_records, description=in_records, who_may=[in_records])
        named = in_records.replace("\0", "")
        texts = dict.fromkeys(("title", "public_benefit", "friction", "owner"), in_records)
        project = a_project(members=["ada", named], **texts)
        store.record(agreement, named)
        store.record(project, named)
        account = ServiceAccount(name=named, owner=named, project="places")
        store.record(account, named)
        person = Subject(named, ADA.groups | {in_records})
        request = store.ask(person, an_entry(), "places", in_records)
        refused = store.refuse(CHEN, request.id, in_records)
        assert store.requests(subject=named) == [refused]
        assert (refused.why, refused.reason) == (in_records.strip(), in_records.strip())
        store.hold(Holding("rolls", named, "file", in_records, in_records, {in_records: in_records}), named)
        assert store.holding("rolls", named).location == in_records
        fields = dict.fromkeys(("actor", "subject", "entry", "project", "agreement"), hostile)
        number = store.log(audit.Event("reading.begun", **fields, details={hostile: [hostile]}))
        assert store.arrangements().agreements["ISA-014"] == agreement
        assert store.arrangements().projects["places"] == project
        assert store.account(named) == account
        assert store.entry(hostile.replace("\0", "").replace("\ud800", "")) is None
    database = Database(address)
    with database.reading() as connection:
        values = json.loads(line(connection, number).line)
        assert {name: values[name] for name in fields} == fields
        assert values["details"] == {hostile: [hostile]}
        assert audit.readings(connection, audit.Asked(agreement=in_records.replace("\0", ""))) is not None
    database.close()
    assert verified(address, tmp_path) == []
