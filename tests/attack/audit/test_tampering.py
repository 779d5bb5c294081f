"""Somebody who can write to the database or to the anchors tries to change what happened."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from eventful_register import eventful, found, line, verified
from londata.errors import RegisterUnavailableError
from londata_hub import audit
from londata_hub.audit.chain import chained
from londata_hub.store.database import Database
from postgres_server import postgres_address, postgres_cluster  # noqa: F401
from sharing_records import ADA, Clock, an_entry, arranged, opened

ONLY_ADDED_TO = (
    "audit history agreements projects accounts grants grant_ends requests request_decisions"  # one word each
).split()


def unfence(connection: Connection) -> None:
    """Take the triggers away, as whoever owns the database can."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        return
    for name in ONLY_ADDED_TO:
        for act in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER {name}_refuses_{act}"))


@contextlib.contextmanager
def tampering(database: Database) -> Iterator[Connection]:
    """Open a transaction without fences, all of which is undone."""
    with contextlib.suppress(_UndoError), database.writing() as connection:
        unfence(connection)
        yield connection
        raise _UndoError


class _UndoError(Exception):
    """Undoes a transaction."""


def put(connection: Connection, seq: int, /, **values: Any) -> None:
    """Change columns of a line."""
    sets = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(text(f"UPDATE audit SET {sets} WHERE seq = :at_seq"), values | {"at_seq": seq})  # noqa: S608


def altered(connection: Connection, seq: int, *, columns: bool = True, own_hash: bool = False) -> str:
    """Say in line ``seq`` that somebody else did it."""
    before = line(connection, seq)
    values = json.loads(before.line) | {"actor": "mallory"}
    said = json.dumps(values, sort_keys=True, separators=(",", ":"))
    put(connection, seq, line=said, **({"actor": "mallory"} if columns else {}))
    if own_hash:
        put(connection, seq, hash=chained(line(connection, seq - 1).hash, said))
    return said


def rewritten(connection: Connection, seq: int) -> None:
    """Alter a line and make every hash after it fit again."""
    altered(connection, seq)
    previous = line(connection, seq - 1).hash
    for row in connection.execute(text("SELECT seq, line FROM audit WHERE seq >= :seq ORDER BY seq"), {"seq": seq}):
        previous = chained(previous, row.line)
        put(connection, row.seq, hash=previous)


def moved(connection: Connection, one: int, other: int) -> None:
    """Let two lines change places, columns and all."""
    for here, there in ((one, -1), (other, one), (-1, other)):
        put(connection, here, seq=there)


def removed(connection: Connection, *seqs: int) -> None:
    for seq in seqs:
        connection.execute(text("DELETE FROM audit WHERE seq = :seq"), {"seq": seq})


def closed_up(connection: Connection, seq: int) -> None:
    """Remove a line and number those after it anew."""
    removed(connection, seq)
    for row in connection.execute(text("SELECT seq FROM audit WHERE seq > :seq ORDER BY seq"), {"seq": seq}).all():
        put(connection, row.seq, seq=row.seq - 1)


def inserted(connection: Connection, last: int) -> None:
    """Put a made-up line at the end, with a hash that fits."""
    before = line(connection, last)
    values = json.loads(before.line) | {"seq": last + 1, "actor": "mallory"}
    said = json.dumps(values, sort_keys=True, separators=(",", ":"))
    columns = {name: values[name] for name in ("what", "subject", "entry", "project", "agreement")}
    row = {"seq": last + 1, "at": before.at, "actor": "mallory", "line": said, "hash": "0" * 64} | columns
    names = ", ".join(row)
    connection.execute(text(f"INSERT INTO audit ({names}) VALUES (:{', :'.join(row)})"), row)  # noqa: S608


def run(statement: str) -> Callable[[Connection, int], object]:
    return lambda connection, _: connection.execute(text(statement))


#: What is done (with the number of the last line), and what the verification says of it.
TAMPERINGS: dict[str, tuple[Callable[[Connection, int], object], str]] = {
    "a line and its columns": (lambda c, n: altered(c, 5), "line 5 was altered"),
    "a line alone": (lambda c, n: altered(c, 5, columns=False), "line 5 was altered"),
    "a line and its hash": (lambda c, n: altered(c, 5, own_hash=True), "line 6 was altered, or does not follow"),
    "the last line and its hash": (lambda c, n: altered(c, n, own_hash=True), "not the one that was noted"),
    "a line and every hash after it": (lambda c, n: rewritten(c, 5), "not the one that was noted"),
    "a hash": (lambda c, n: put(c, 5, hash="f" * 64), "line 5 was altered"),
    "columns only": (lambda c, n: put(c, 5, actor="mallory"), "columns beside line 5"),
    "the time beside a line": (lambda c, n: put(c, 5, at="2000-01-01"), "columns beside line 5"),
    "no line at all": (lambda c, n: put(c, 5, line="[]"), "line 5"),
    "broken text": (lambda c, n: put(c, 5, line="{"), "line 5"),
    "one out of the middle": (lambda c, n: removed(c, 5), "line 5 removed before line 6"),
    "several out of the middle": (lambda c, n: removed(c, 5, 6, 7), "lines 5 to 7 removed"),
    "the first": (lambda c, n: removed(c, 1), "line 1 removed"),
    "one, and the gap closed": (lambda c, n: closed_up(c, 5), "line 5 is not in its place"),
    "the last": (lambda c, n: removed(c, n), "ends too early"),
    "all of them": (run("DELETE FROM audit"), "ends too early"),
    "two swapped": (lambda c, n: moved(c, 4, 5), "line 4 is not in its place"),
    "one put at the end": (lambda c, n: inserted(c, n), "was altered, or does not follow"),
    "history": (run("UPDATE history SET source = 'mallory' WHERE id = 1"), "history of the register"),
    "what a field was before": (run("UPDATE history SET fields = '{}' WHERE what = 'changed'"), "history of the"),
    "history removed": (run("DELETE FROM history WHERE id = 2"), "history of the register"),
    "history added": (
        run(
            "INSERT INTO history (id, slug, at, source, what, fields, generation) "
            "VALUES (99, 'rolls', '2026', 's', 'changed', '{}', 99)"
        ),
        "no line is about change 99",
    ),
    "an entry opened": (
        run("""UPDATE entries SET document = replace(document, '"closed"', '"open"') WHERE slug = 'rolls'"""),
        "the entry rolls is not what its history says",
    ),
    "an entry and its own hash": (
        lambda c, n: c.execute(
            text("UPDATE entries SET document = '{}', content_hash = :hash WHERE slug = 'rolls'"),
            {"hash": audit.digest("{}")},
        ),
        "the entry rolls is not what its history says",
    ),
    "who may see an entry": (
        run("UPDATE entries SET listing = 'hidden'"),
        "columns beside the entry",
    ),
    "an entry brought back": (
        run("UPDATE entries SET withdrawn_at = NULL"),
        "the entry gone was withdrawn",
    ),
    "a theme": (run("UPDATE facts SET value = '{}' WHERE name = 'themes'"), "known of the register as themes"),
    "the mark of the arrangements": (
        run("UPDATE facts SET value = '1' WHERE name = 'arrangements'"),
        "last change of the arr",
    ),
    "a grant made longer": (
        run("UPDATE grants SET document = replace(document, '2096', '2099')"),
        "g-1 in the table grants is not what line",
    ),
    "a grant for oneself": (
        run("""INSERT INTO grants (id, line, document) VALUES ('g-9', 999, '{"subject": "mallory"}')"""),
        "no line is about g-9",
    ),
    "a grant on another line": (
        run("UPDATE grants SET line = 1 WHERE id = 'g-1'"),
        "no line is about g-1",
    ),
    "a grant's end removed": (run("DELETE FROM grant_ends"), "was removed from the table grant_ends"),
    "an agreement": (
        run("UPDATE agreements SET document = replace(document, 'rolls', 'ages')"),
        "ISA-014 in the table agreements is not what",
    ),
    "a project": (run("DELETE FROM projects"), "removed from the table projects"),
    "an account": (run("UPDATE accounts SET document = '{}'"), "nightly in the table accounts"),
    "a request": (run("UPDATE requests SET document = '{}'"), "in the table requests is not what"),
    "a decision about a request": (run("DELETE FROM request_decisions"), "removed from the table request_decisions"),
    "whose report runs": (
        run("UPDATE schedules SET document = replace(document, 'ada', 'mallory')"),
        "boroughs-daily in the table schedules is not what line",
    ),
    "an older schedule put back": (
        run("UPDATE schedules SET line = line - 1"),
        "boroughs-daily in the table schedules is not what line",
    ),
    "a schedule for somebody": (
        run(
            "INSERT INTO schedules (id, line, owner, state, document) "
            "VALUES ('mine', 999, 'ada', 'active', '{\"owner\": \"ada\"}')"
        ),
        "no line is about mine",
    ),
    "a schedule removed": (run("DELETE FROM schedules"), "removed from the table schedules"),
    "where bytes are": (run("UPDATE holdings SET document = '{}'"), "csv in the table holdings"),
}


def test_every_way_of_tampering_is_found(address: str, tmp_path: Path) -> None:
    eventful(address, tmp_path).close()
    assert verified(address, tmp_path) == []
    database = Database(address)
    with database.reading() as connection:
        last = audit.end(connection).seq
    missed = {}
    for name, (tamper, said) in TAMPERINGS.items():
        with tampering(database) as connection:
            tamper(connection, last)
            wrong = found(connection, tmp_path)
        if not any(said in each for each in wrong):
            missed[name] = wrong
    database.close()
    assert missed == {}
    assert verified(address, tmp_path) == []


def test_the_database_itself_refuses_to_change_what_is_only_added_to(address: str, tmp_path: Path) -> None:
    eventful(address, tmp_path).close()
    database = Database(address)
    for name in ONLY_ADDED_TO:
        column = "seq" if name == "audit" else "document" if name != "history" else "what"
        for statement in (f"UPDATE {name} SET {column} = {column}", f"DELETE FROM {name}"):  # noqa: S608
            with pytest.raises(RegisterUnavailableError, match="only ever added to"), database.writing() as connection:
                connection.execute(text(statement))
    database.close()
    assert verified(address, tmp_path) == []


def test_an_old_copy_of_the_database_is_found_also_after_it_has_grown(tmp_path: Path) -> None:
    address, file = f"sqlite:///{tmp_path / 'register.sqlite'}", tmp_path / "register.sqlite"
    with eventful(address, tmp_path) as store:
        store.log(audit.Event("reading.begun", "ada"))
    shutil.copy(file, tmp_path / "old.sqlite")  # closed, so that the file is all there is
    with opened(address, tmp_path, clock=Clock()) as store:
        store.end_grant("g-1", "chen", "misused")
    for path in tmp_path.glob("register.sqlite*"):
        path.unlink()
    shutil.copy(tmp_path / "old.sqlite", file)
    [wrong] = verified(address, tmp_path)
    assert "ends too early" in wrong
    with opened(address, tmp_path, clock=Clock()) as store:
        for _ in range(5):
            store.log(audit.Event("reading.begun", "mallory"))
    assert "not the one that was noted" in " ".join(verified(address, tmp_path))


def test_a_running_store_follows_an_older_copy_without_keeping_what_it_knew(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'register.sqlite'}"
    with eventful(address, tmp_path) as store:
        database = Database(address)
        with database.writing() as connection:
            unfence(connection)
            connection.execute(text("UPDATE facts SET value = '3' WHERE name = 'arrangements'"))
            connection.execute(text("DELETE FROM grant_ends"))
            connection.execute(text("DELETE FROM grants"))
        database.close()
        assert list(store.arrangements().all_terms()) == []


def test_columns_that_are_made_to_look_like_the_lines_own_text_are_found(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'register.sqlite'}"
    with arranged(address, tmp_path, clock=Clock()) as store:
        store.log(audit.Event("reading.begun", "é", details={"a": "x", "details": {}}))
    database = Database(address)
    with database.reading() as connection:
        seq, at = audit.end(connection).seq, audit.end(connection).at
    for values in (
        {"actor": "\\u00e9"},
        {"at": f'{at}","details":{{"a":"x'},
        {"actor": '\\u00e9","agreement":"","at":"', "agreement": "", "at": ""},
        {"subject": '","what":"'},
    ):
        with tampering(database) as connection:
            put(connection, seq, **values)
            assert f"the columns beside line {seq} say something else than the line" in found(connection, tmp_path)
    database.close()


def test_nothing_is_decided_by_records_that_are_none(address: str, tmp_path: Path) -> None:
    eventful(address, tmp_path).close()
    database = Database(address)
    with database.writing() as connection:
        unfence(connection)
        connection.execute(text("UPDATE agreements SET document = '{}'"))
    database.close()
    with opened(address, tmp_path, clock=Clock()) as store:
        for ask in (store.decide, store.decide_and_log):
            with pytest.raises(RegisterUnavailableError, match="table agreements"):
                ask(ADA, "read", an_entry(), "places")


def test_a_note_that_was_altered_or_removed_is_not_taken_for_one(address: str, tmp_path: Path) -> None:
    eventful(address, tmp_path).close()
    [note] = (tmp_path / "audit-anchors").iterdir()
    for said in ("nonsense\n", "0\n", f"{'9' * 20} {'f' * 64}\n", f"{1:020} {'f' * 64}\n"):
        note.write_text(said)
        assert verified(address, tmp_path)
    with opened(address, tmp_path, clock=Clock()) as store:
        store.log(audit.Event("reading.begun", "ada"))
    assert verified(address, tmp_path)  # what does not fit stays as evidence
