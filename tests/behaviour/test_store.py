"""The register's store: the same on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from londata.errors import RegisterUnavailableError, SettingsError
from londata.query import FACETS, Query
from londata.records import Entry, entry_from_dict
from londata_hub.store import Original, RegisterStore, UpsertReport, indexing
from londata_hub.store.database import HEAD, Database
from londata_hub.store.tables import metadata


def entry(slug: str, title: str = "A title", **fields: Any) -> Entry:
    publisher = {"id": "tfl", "name": "Transport for London"}
    return entry_from_dict(
        {"kind": "dataset", "id": slug, "title": title, "publisher": publisher, "access": "open"} | fields
    )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'register.sqlite'}"
    return str(request.getfixturevalue("postgres_address"))


@pytest.fixture
def store(address: str, tmp_path: Path) -> Iterator[RegisterStore]:
    with RegisterStore(address, tmp_path / "index") as opened:
        yield opened


def test_a_new_register_is_empty_and_complete(store: RegisterStore) -> None:
    assert store.count(Query()) == 0
    assert store.find("anything") is None
    assert list(store.slugs(Query())) == []
    assert store.themes() == {}
    assert store.history("anything") == []
    assert store.near("anything") == []


def test_what_goes_in_comes_out_as_it_was(store: RegisterStore) -> None:
    rich = entry(
        "air-quality",
        "Air <quality> 🙂 جودة الهواء",
        description="x" * 1_000_000 + " \u2028 end",
        tags=["a", "b"],
        topics=["environment"],
        licence={"title": "Other (Not Open)"},
        distributions=[{"id": "csv", "url": "https://example.org/a.csv", "media_type": "text/csv", "rows": 0}],
        flags=["licence-not-open"],
    )
    assert store.upsert([rich], source="somewhere") == UpsertReport(added=1, flagged=1)
    assert store.find("air-quality") == rich
    result = store.search(Query(text="quality"), facets=FACETS)
    assert (result.total, result.entries) == (1, (rich,))
    assert result.facets["publisher"] == (("Transport for London", 1),)


def test_the_same_again_changes_nothing_and_leaves_no_trace(store: RegisterStore) -> None:
    every = [entry("a"), entry("b")]
    originals = {"a": Original("id-a", '{"a": 1}')}
    store.upsert(every, source="s", originals=originals)
    before = store.fact("generation")
    assert store.upsert(every, source="s", originals=originals) == UpsertReport(unchanged=2)
    assert store.fact("generation") == before
    assert len(store.history("a")) == 1
    assert store.originals("a") == ['{"a": 1}']


def test_history_says_when_who_and_what_each_field_was_before(store: RegisterStore) -> None:
    store.upsert([entry("a", "Old", tags=["x"])], source="s")
    assert store.upsert([entry("a", "New", summary="More")], source="s") == UpsertReport(changed=1)
    added, changed = store.history("a")
    assert (added.what, added.source, added.fields) == ("added", "s", {})
    assert changed.what == "changed"
    assert changed.at >= added.at
    assert changed.fields == {"title": ("Old", "New"), "summary": (None, "More"), "tags": (["x"], None)}
    assert store.find("a") == entry("a", "New", summary="More")
    assert list(store.slugs(Query(text="old"))) == []
    assert list(store.slugs(Query(text="new"))) == ["a"]


def test_every_version_of_an_original_is_kept(store: RegisterStore) -> None:
    for record in ('{"v": 1}', '{"v": 2, "nul": "\\u0000", "half": "\\ud800"}', '{"v": 1}'):
        store.upsert([entry("a")], source="s", originals={"a": Original("id-1", record)})
    assert store.originals("a") == ['{"v": 1}', '{"v": 2, "nul": "\\u0000", "half": "\\ud800"}']
    assert store.names("s") == {"id-1": "a"}


def test_what_a_complete_upsert_lacks_is_withdrawn_and_may_come_back(store: RegisterStore) -> None:
    store.upsert([entry("a"), entry("b")], source="s")
    store.upsert([entry("other")], source="t")
    assert store.upsert([entry("b")], source="s", complete=True) == UpsertReport(unchanged=1, withdrawn=1)
    assert store.find("a") is None
    assert list(store.slugs(Query())) == ["b", "other"]
    assert store.upsert([entry("b")], source="s", complete=True) == UpsertReport(unchanged=1)
    assert store.upsert([entry("a")], source="s") == UpsertReport(changed=1)
    assert [change.what for change in store.history("a")] == ["added", "withdrawn", "restored"]
    assert store.find("a") == entry("a")


def test_entries_of_a_source_are_withdrawn_alone_and_no_other_source_s(store: RegisterStore) -> None:
    store.upsert([entry("a"), entry("b")], source="s")
    store.upsert([entry("other")], source="t")
    assert store.withdraw(["a", "other", "no-such"], source="s") == UpsertReport(withdrawn=1)
    assert list(store.slugs(Query())) == ["b", "other"]
    assert store.withdraw(["a"], source="s") == UpsertReport()
    assert [change.what for change in store.history("a")] == ["added", "withdrawn"]


def test_a_name_belongs_to_the_source_that_brought_it(store: RegisterStore) -> None:
    store.upsert([entry("a", "First")], source="s")
    report = store.upsert([entry("a", "Second"), entry("b"), entry("b", "Twice")], source="t")
    assert (report.added, [refusal.id for refusal in report.refused]) == (1, ["a", "b"])
    assert "belongs to an entry from s" in report.refused[0].reason
    assert store.find("a") == entry("a", "First")


def test_nothing_goes_in_when_something_breaks_half_way(store: RegisterStore) -> None:
    def broken() -> Iterator[Entry]:
        yield from (entry(f"e{number}") for number in range(1200))
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        store.upsert(broken(), source="s")
    assert store.count(Query()) == 0
    assert store.find("e0") is None
    assert store.names("s") == {}


def test_many_entries_go_in_at_once_and_are_read_in_order(store: RegisterStore) -> None:
    every = [entry(f"e{number:05}", topics=["even" if number % 2 == 0 else "odd"]) for number in range(3000)]
    assert store.upsert(reversed(every), source="s").added == 3000
    assert [each.id for each in store.search(Query(), limit=3, offset=2000).entries] == ["e02000", "e02001", "e02002"]
    assert store.count(Query(topic=("odd",))) == 1500
    assert list(store.slugs(Query(), prefix="e0299")) == [f"e0299{digit}" for digit in range(10)]
    assert store.differences() == (0, 0)


def test_everything_is_listed_in_the_order_of_the_index_page_after_page(
    store: RegisterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("londata_hub.store.register_store.LISTED_AT_ONCE", 3)
    slugs = ["a", "a-b", "a1", "ab", "ab-1", "b", "b-a", "ba", "0-a", "00"]
    store.upsert([entry(slug) for slug in slugs], source="here")
    store.upsert([entry(slug) for slug in slugs if slug != "ab"], source="here", complete=True)
    listed = list(store.slugs(Query()))
    assert listed == sorted(set(slugs) - {"ab"})
    assert listed == [found.id for found in store.search(Query(), limit=100).entries]
    assert list(store.slugs(Query(), limit=4)) == listed[:4]


def test_a_publisher_is_found_by_an_alias_that_was_noted(address: str, tmp_path: Path) -> None:
    with RegisterStore(address, tmp_path / "index") as store:
        store.upsert([entry("a")], source="s")
        store.note(aliases={"london transport": "tfl"}, themes={"transport": "Transport"})
    with RegisterStore(address, tmp_path / "index") as store:
        assert list(store.slugs(Query(publisher=("London Transport",)))) == ["a"]
        assert store.themes() == {"transport": "Transport"}


def test_an_alias_that_another_process_notes_is_known_at_once(address: str, tmp_path: Path) -> None:
    with RegisterStore(address, tmp_path / "index") as service, RegisterStore(address, tmp_path / "index") as operator:
        operator.upsert([entry("cycle-hire")], source="s")
        asked = Query(publisher=("London Transport",))
        assert service.count(asked) == 0
        operator.note(aliases={"london transport": "tfl"})
        assert service.count(asked) == 1


def test_what_is_noted_changes_the_state_and_no_entry(address: str, tmp_path: Path) -> None:
    with RegisterStore(address, tmp_path / "index") as service, RegisterStore(address, tmp_path / "index") as operator:
        operator.upsert([entry("cycle-hire")], source="s")
        before = service.state
        operator.note(themes={"transport": "Transport"})
        assert service.state not in (None, before)
        assert service.state == operator.state
        assert (list(service.slugs(Query(text="title"))), len(service.history("cycle-hire"))) == (["cycle-hire"], 1)


def test_everything_is_there_after_closing_and_opening(address: str, tmp_path: Path) -> None:
    with RegisterStore(address, tmp_path / "index") as store:
        store.upsert([entry("a")], source="s")
    with RegisterStore(address, tmp_path / "index") as store:
        assert store.find("a") == entry("a")
        assert list(store.slugs(Query(text="title"))) == ["a"]


def test_a_crash_between_the_database_and_the_index_heals(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RegisterStore(address, tmp_path / "index") as store:
        store.upsert([entry(f"e{number}") for number in range(20)], source="s")
        with monkeypatch.context() as patch:
            patch.setattr(indexing, "catch_up", lambda *_: None)  # as if the process ended here
            store.upsert([entry("new"), entry("e1", "Changed")], source="s")
            store.upsert([entry("new"), entry("e1", "Changed")], source="s", complete=True)
        assert store.count(Query()) == 20
    with RegisterStore(address, tmp_path / "index") as store:
        assert list(store.slugs(Query())) == ["e1", "new"]
        assert list(store.slugs(Query(text="changed"))) == ["e1"]
        assert store.differences() == (0, 0)


@pytest.mark.parametrize("loss", ["gone", "of another register", "ahead"])
def test_an_index_that_is_not_of_this_database_is_built_anew(address: str, tmp_path: Path, loss: str) -> None:
    folder = tmp_path / "index"
    with RegisterStore(address, folder) as store:
        store.upsert([entry("a")], source="s")
    if loss == "gone":
        folder.rename(tmp_path / "elsewhere")  # in one step: the engine may be about to put a lock file into it
    elif loss == "ahead":
        marker = json.loads((folder / "current.json").read_text())
        marker["state"] = marker["state"].replace("@1", "@99")
        (folder / "current.json").write_text(json.dumps(marker))
    else:
        with RegisterStore(f"sqlite:///{tmp_path / 'other.sqlite'}", folder) as other:
            other.upsert([entry("b")], source="s")
            assert list(other.slugs(Query())) == ["b"]
    with RegisterStore(address, folder) as store:
        assert list(store.slugs(Query())) == ["a"]
        assert store.differences() == (0, 0)


def test_two_writers_at_once_lose_nothing(address: str, tmp_path: Path) -> None:
    stores = [RegisterStore(address, tmp_path / "index") for _ in range(2)]
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(8):
                stores[number].upsert([entry(f"w{number}-{turn}"), entry("both", f"{number} {turn}")], source="s")
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert stores[0].count(Query()) == stores[1].count(Query()) == 17
    assert stores[0].differences() == (0, 0)
    history = stores[0].history("both")
    assert len(history) == 16
    assert [change.fields["title"][0] for change in history[2:]] == [c.fields["title"][1] for c in history[1:-1]]
    for each in stores:
        each.close()


OPEN_AND_WRITE = """
import sys
from pathlib import Path
from londata.records import entry_from_dict
from londata_hub.store import RegisterStore

_, address, index, slug = sys.argv
with RegisterStore(address, Path(index)) as store:
    publisher = {"id": "tfl", "name": "Transport for London"}
    record = {"kind": "dataset", "id": slug, "title": slug, "publisher": publisher, "access": "open"}
    store.upsert([entry_from_dict(record)], source="s")
"""


def test_processes_that_open_a_new_register_at_once_all_succeed(address: str, tmp_path: Path) -> None:
    index = tmp_path / "index"
    started = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", OPEN_AND_WRITE, address, str(index), f"p{number}"])
        for number in range(3)
    ]
    assert [process.wait(120) for process in started] == [0, 0, 0]
    with RegisterStore(address, index) as store:
        assert list(store.slugs(Query())) == ["p0", "p1", "p2"]


def test_migrations_make_exactly_the_tables_that_the_code_uses(address: str, tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = Database(address)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}
    database.close()


def test_a_database_of_a_newer_londata_is_left_alone(address: str, tmp_path: Path) -> None:
    RegisterStore(address, tmp_path / "index").close()
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RegisterUnavailableError, match="newer londata"):
        RegisterStore(address, tmp_path / "index")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": HEAD})
    engine.dispose()


@pytest.mark.parametrize("wrong", ["", "nonsense", "oracle://x/y", "mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_is_none_is_refused_in_a_sentence(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        RegisterStore(wrong, tmp_path / "index")


def test_a_file_that_is_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "r.sqlite").write_text("this is no database at all, but quite a long text " * 100)
    with pytest.raises(RegisterUnavailableError, match="not a database"):
        RegisterStore(f"sqlite:///{tmp_path / 'r.sqlite'}", tmp_path / "index")


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    address = f"postgresql://me:secret@/none?host={tmp_path}"
    with pytest.raises(RegisterUnavailableError) as caught:
        RegisterStore(address, tmp_path / "index")
    assert "secret" not in str(caught.value)
    assert "me:***@" in str(caught.value)
