"""The log: lines, notes of its end, what it answers, and the commands."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from londata_hub import audit
from londata_hub.__main__ import main
from londata_hub.store.clock import Clock
from londata_hub.store.database import Database
from londata_hub.store.turns import Turns
from sharing_records import ADA, NOW, a_grant, an_entry, arranged, opened
from sharing_records import Clock as SetClock

ONE, TWO, THREE = (audit.Anchor(seq, str(seq) * 64) for seq in (1, 2, 3))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LONDATA_HUB_STATE", str(tmp_path))
    return tmp_path


def address(folder: Path) -> str:
    return f"sqlite:///{folder / 'register.sqlite'}"


def some_readings(folder: Path) -> None:
    """Let ada read twice for one project, be cut off once, and let bola be denied."""
    with arranged(address(folder), folder, clock=SetClock()) as store:
        store.grant(a_grant(), "operator")
        for number, (what, sent) in enumerate((("reading.ended", 1_000), ("reading.cut", 20), (None, 0))):
            _, decision = store.decide_and_log(ADA, "read", an_entry(), "places")
            about = {"subject": "ada", "entry": "rolls", "project": "places", "agreement": "ISA-014"}
            details = {
                "decision": decision,
                "distribution": "csv",
                "version": f"v{number}",
                "columns": ["borough", "=1+1"],
                "rows": 7,
                "row_filter": "borough is E09000007",
                "purpose": "school-place-planning",
            }
            begun = store.log(audit.Event("reading.begun", "ada", **about, details=details))
            if what:
                store.log(audit.Event(what, "ada", **about, details={"reading": begun, "bytes": sent}))
        store.decide_and_log(ADA, "read", an_entry(), "another")


def test_a_line_is_canonical_json_chained_by_sha256(tmp_path: Path) -> None:
    database = Database(address(tmp_path))
    with database.writing() as connection:
        day = dt.date(2026, 3, 1)
        details = {"b": 1, "a": {"day": day, "at": NOW, "those": {"y", "x"}, "é": ("t",)}}
        audit.append(
            connection, [audit.Event("key.purged", "ada"), audit.Event("key.purged", "é", details=details)], NOW
        )
    with database.reading() as connection:
        one, two = connection.execute(text("SELECT line, hash FROM audit ORDER BY seq")).all()
        assert audit.hash_of(connection, 3) is None
    database.close()
    assert one.hash == hashlib.sha256(("0" * 64 + one.line).encode()).hexdigest()
    assert two.hash == hashlib.sha256((one.hash + two.line).encode()).hexdigest()
    assert two.line == (
        '{"actor":"\\u00e9","agreement":"","at":"2096-06-01T09:00:00.000+00:00","details":{"a":{"at":'
        '"2096-06-01T09:00:00+00:00","day":"2026-03-01","those":["x","y"],"\\u00e9":["t"]},"b":1},"entry":"",'
        '"project":"","seq":2,"subject":"","what":"key.purged"}'
    )


def test_a_line_is_never_older_than_the_one_before_it(tmp_path: Path) -> None:
    database = Database(address(tmp_path))
    for now in (NOW, NOW - dt.timedelta(days=1)):
        with database.writing() as connection:
            last = audit.append(connection, [audit.Event("key.purged", "ada")], now)
    database.close()
    assert (last.seq, last.at) == (2, audit.written(NOW))


def test_an_event_that_no_question_would_find_is_refused() -> None:
    with pytest.raises(ValueError, match="no event"):
        audit.Event("reading.forgotten", "ada")


def test_a_note_moves_on_with_the_log_and_never_back(tmp_path: Path) -> None:
    known = {each.seq: each.hash for each in (ONE, TWO, THREE)}
    anchors = audit.Anchors(tmp_path / "notes", "register")
    assert anchors.read() == []
    anchors.move(ONE, audit.Anchor(0, "0" * 64), known.get)
    assert anchors.read() == [ONE]
    anchors.move(THREE, TWO, known.get)  # somebody else wrote the second
    anchors.move(TWO, ONE, known.get)  # and is late with it
    assert anchors.read() == [THREE]
    assert audit.registers(tmp_path / "notes") == ["register"]
    assert audit.registers(tmp_path / "none") == []


def test_a_note_that_the_log_contradicts_stays_as_evidence(tmp_path: Path) -> None:
    anchors = audit.Anchors(tmp_path, "register")
    anchors.move(TWO, ONE, {}.get)
    other = audit.Anchor(1, "f" * 64)
    for _ in range(2):  # once is enough, however often it is opened
        anchors.move(other, other, {1: other.hash}.get)
    assert anchors.read() == [TWO, other]
    later = audit.Anchor(2, "e" * 64)
    anchors.move(later, other, {1: other.hash, 2: later.hash}.get)
    assert anchors.read() == [TWO, later]


def test_who_read_what_for_which_purpose_is_answered(tmp_path: Path) -> None:
    some_readings(tmp_path)
    database = Database(address(tmp_path))
    with database.reading() as connection:
        every = audit.readings(connection, audit.Asked(agreement="ISA-014"))
        assert audit.denials(connection, audit.Asked(agreement="ISA-014")) == 1
        assert audit.readings(connection, audit.Asked(project="other")) == []
        assert len(audit.readings(connection, audit.Asked(entry="rolls", since=audit.written(NOW)))) == 3
        assert audit.readings(connection, audit.Asked(before=audit.written(NOW))) == []
        counts = audit.counts(connection)
    database.close()
    assert [(each.person, each.version, each.bytes, each.cut) for each in every] == [
        ("ada", "v0", 1_000, False),
        ("ada", "v1", 20, True),
        ("ada", "v2", None, False),
    ]
    assert {(each.purpose, each.project, each.agreement, each.columns, each.rows) for each in every} == {
        ("school-place-planning", "places", "ISA-014", ("borough", "=1+1"), 7)
    }
    assert counts == {"ISA-014": audit.Counts(projects=1, people=1, readings=3, bytes=1_020, denials=1)}


def test_counts_go_on_where_they_stopped(tmp_path: Path) -> None:
    some_readings(tmp_path)
    with opened(address(tmp_path), tmp_path) as store:
        first = store.counts()
        assert store.counts() == first
        store.log(audit.Event("reading.begun", "bola", "bola", "rolls", "other", "ISA-014"))
        counted = store.counts()["ISA-014"]
        assert (counted.people, counted.projects, counted.readings) == (2, 2, 4)


def test_a_log_in_order_is_said_to_be(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some_readings(state)
    assert main(["audit", "verify"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "13 lines: each as it was written, none missing."
    kept = second.split()[2]
    assert kept.startswith("13:")
    assert main(["audit", "verify", "--noted", kept]) == 0
    assert main(["audit", "verify", "--noted", f"12:{'0' * 64}", "--noted", f"14:{'0' * 64}"]) == 1
    said = capsys.readouterr().out
    assert "WRONG: line 12 is not the one that was noted" in said
    assert "line 14 was noted" in said
    with pytest.raises(SystemExit):
        main(["audit", "verify", "--noted", "13"])


def test_a_log_that_was_altered_makes_the_command_fail_and_name_the_lines(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some_readings(state)
    database = Database(address(state))
    with database.writing() as connection:
        connection.execute(text("DROP TRIGGER audit_refuses_update"))
        connection.execute(text("UPDATE audit SET line = replace(line, 'ada', 'eve') WHERE seq > 3"))
    database.close()
    (state / "audit-anchors" / "another").write_text("1 x\n")
    assert main(["audit", "verify"]) == 1
    said = capsys.readouterr().out
    assert "WRONG: line 5 was altered, or does not follow from the line before it." in said
    assert "another register" in said
    assert "… and 1 more." in said
    assert "13 lines: 21 things are wrong." in said


def test_a_machine_without_a_note_says_so_and_does_not_fail(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some_readings(state)
    for note in (state / "audit-anchors").iterdir():
        note.unlink()
    assert main(["audit", "verify"]) == 0
    assert "Note: this machine has no note of where the log ended" in capsys.readouterr().out


def test_the_report_names_people_data_purposes_and_numbers(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some_readings(state)
    assert main(["audit", "report", "--agreement", "ISA-014", "--to", "2096-06-01"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("3 readings by 1 person for 1 project, 1,020 bytes.\nSomebody was told no 1 time.\n")
    assert "ada read rolls (csv, v0) for school-place-planning" in said
    assert "borough, =1+1; 7 rows (borough is E09000007); 1,000 bytes" in said
    assert "bytes not known" in said
    assert main(["audit", "report", "--agreement", "ISA-014", "--from", "2096-06-02"]) == 0
    assert capsys.readouterr().out.startswith("0 readings")


def test_a_name_that_the_log_does_not_know_is_refused(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some_readings(state)
    assert main(["audit", "report", "--agreement", "ISA-41"]) == 2
    assert "The log knows no agreement 'ISA-41'. It knows ISA-014." in " ".join(capsys.readouterr().err.split())


def test_the_report_goes_into_a_file_that_no_spreadsheet_runs(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some_readings(state)
    with opened(address(state), state) as store:
        store.log(audit.Event("reading.begun", "=cmd()", "=cmd()", "rolls", "places", "ISA-014"))
    file = state / "report.csv"
    assert main(["audit", "report", "--entry", "rolls", "--csv", str(file)]) == 0
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert [row["person"] for row in rows] == ["ada", "ada", "ada", "'=cmd()"]
    assert (rows[0]["bytes"], rows[0]["columns"], rows[3]["columns"]) == ("1000", "borough; =1+1", "(all)")
    assert "Every reading is in" in capsys.readouterr().out
    assert main(["audit", "report", "--csv", str(state / "none" / "x.csv")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_day_that_is_none_is_refused_in_a_sentence(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["audit", "report", "--from", "yesterday"])
    assert caught.value.code == 2
    assert "is no day" in capsys.readouterr().err


def test_a_clock_that_stands_still_or_goes_back_is_overtaken_by_the_machines_pulse() -> None:
    times = iter([NOW, NOW + dt.timedelta(hours=1), NOW, NOW, NOW + dt.timedelta(hours=2)])
    clock = Clock(lambda: next(times))
    told = [clock.now() for _ in range(4)]
    assert told[0] == NOW + dt.timedelta(hours=1)
    assert told == sorted(told)
    assert told[1] > told[0]
    assert told[3] == NOW + dt.timedelta(hours=2)
    clock.not_before(NOW)
    with pytest.raises(StopIteration):
        clock.now()


def test_work_that_waits_is_done_together_and_fails_together() -> None:
    together: list[int] = []
    entered, go_on = threading.Event(), threading.Event()

    @contextmanager
    def transaction() -> Iterator[list[Any]]:
        done: list[Any] = []
        yield done
        together.append(len(done))
        entered.set()
        go_on.wait(60)
        if "bad" in done:
            raise OSError("no room")

    turns: Turns[list[Any]] = Turns(transaction)
    outcomes: dict[str, str] = {}

    def work(name: str) -> None:
        try:
            outcomes[name] = turns.share(lambda done: done.append(name) or name)
        except OSError as error:
            outcomes[name] = str(error)

    threads = [threading.Thread(target=work, args=("first",))]
    threads[0].start()
    entered.wait(60)
    threads += [threading.Thread(target=work, args=(name,)) for name in ("good", "bad", "other")]
    for thread in threads[1:]:
        thread.start()
    while len(turns._waiting) < 3:
        threading.Event().wait(0.001)
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert together == [1, 3]
    assert outcomes == {"first": "first", "good": "no room", "bad": "no room", "other": "no room"}
    assert turns.share(lambda done: done.append("later") or "later") == "later"


def test_every_event_says_what_it_means() -> None:
    assert all(meaning.endswith(".") for meaning in audit.EVENTS.values())
    assert json.loads(json.dumps(audit.EVENTS)) == audit.EVENTS
