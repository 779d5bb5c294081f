"""What the database itself refuses, and what a damaged row or a race cannot do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from londata.errors import LondataError, RegisterUnavailableError, UsageError
from londata_hub.store.publication_store import PublicationStore
from postgres_server import postgres_address, postgres_cluster  # noqa: F401
from published import a_publication, a_release, a_step, a_version, resting_on


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PublicationStore]:
    """A store with one insight of two versions, the second one released."""
    address = f"sqlite:///{tmp_path / 'r.sqlite'}"
    if request.param == "postgres":
        address = str(request.getfixturevalue("postgres_address"))
    with PublicationStore(address, tmp_path / "anchors") as made:
        made.add(a_publication())
        for _ in range(2):
            made.accept(made.add_version(a_version()).model_copy(update=resting_on("pupils", access="closed")), "ada")
        made.move(a_release(version=2), a_step("submitted", "ada"))
        yield made


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE publication_versions SET document = '{}' WHERE number = 1", "not changed after its check"),
        ("UPDATE publication_versions SET state = 'checking'", "not changed after its check"),
        ("DELETE FROM publication_versions WHERE number = 1", "never deleted"),
        ("DELETE FROM publications", "never deleted"),
        ("UPDATE publication_inputs SET entry = 'parks'", "only ever added to"),
        ("DELETE FROM publication_inputs", "only ever added to"),
        ("UPDATE publication_releases SET state = 'released'", "only ever added to"),
        ("DELETE FROM publication_releases", "only ever added to"),
    ],
)
def test_the_database_refuses_to_forget(store: PublicationStore, statement: str, why: str) -> None:
    with pytest.raises(RegisterUnavailableError, match=why), store._database.writing() as connection:
        connection.execute(text(statement))


def test_two_who_publish_at_once_get_two_numbers_or_a_sentence(store: PublicationStore) -> None:
    outcomes: list[str] = []
    together = threading.Barrier(6)

    def publish() -> None:
        together.wait()
        try:
            version = store.add_version(a_version())
            store.accept(version, "ada")
            outcomes.append(f"version {version.number}")
        except UsageError as error:
            outcomes.append("told" if "is being checked" in error.message else str(error))

    threads = [threading.Thread(target=publish) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    made = sorted(each for each in outcomes if each != "told")
    assert made == [f"version {number}" for number in range(3, 3 + len(made))], "none twice, none left out"
    assert store.find("library-visits").current == store.versions("library-visits")[0].number  # type: ignore[union-attr]


def test_of_two_checkers_who_move_a_release_at_once_one_does(store: PublicationStore) -> None:
    release = store.release("library-visits", 2)
    assert release is not None
    outcomes: list[str] = []
    together = threading.Barrier(4)

    def move(to: str, by: str) -> None:
        together.wait()
        try:
            outcomes.append(store.move(release, a_step(to, by)).state)
        except UsageError:
            outcomes.append("late")

    steps = [("reviewed", "cleo"), ("returned", "dora"), ("reviewed", "emil"), ("withdrawn", "ada")]
    threads = [threading.Thread(target=move, args=step) for step in steps]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert outcomes.count("late") == 3
    assert len(store.release("library-visits", 2).steps) == 2  # type: ignore[union-attr]


def test_a_damaged_publication_keeps_nobody_from_the_others(store: PublicationStore) -> None:
    store.add(a_publication("reading-clubs"))
    with store._database.writing() as connection:
        connection.execute(text("UPDATE publications SET document = 'x' WHERE slug = 'library-visits'"))
    assert [each.slug for each in store.all()] == ["reading-clubs"]
    with pytest.raises(LondataError, match="cannot be read as a publication"):
        store.find("library-visits")
