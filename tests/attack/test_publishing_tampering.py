"""What was published, altered behind the log's back: each way is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from londata_hub import audit
from londata_hub.store.publication_store import PublicationStore
from published import a_publication, a_release, a_step, a_version, resting_on


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PublicationStore]:
    """An insight of two versions and a refused one, released in part; and one that was never shown."""
    with PublicationStore(f"sqlite:///{tmp_path / 'r.sqlite'}", tmp_path / "anchors") as made:
        made.add(a_publication())
        for _ in range(2):
            made.accept(made.add_version(a_version()).model_copy(update=resting_on("pupils", access="closed")), "ada")
        made.refuse(made.add_version(a_version()))
        release = made.move(a_release(version=2), a_step("submitted", "ada"))
        made.move(release, a_step("reviewed", "cleo"))
        made.pause("library-visits", "ada", "Away.")
        made.resume("library-visits", "ada")
        made.add(a_publication("draft"))
        made.add_version(a_version("draft"))
        yield made


def findings(store: PublicationStore) -> list[str]:
    with store._database.reading() as connection:
        found = [each.text for each in audit.verify(connection, [])]
    return [each for each in found if "no note of where the log ended" not in each]


def test_what_was_done_in_the_open_is_as_the_log_says(store: PublicationStore) -> None:
    assert findings(store) == []


_ALL_GONE = (
    "DELETE FROM publication_inputs",
    "DELETE FROM publication_releases",
    "DELETE FROM publication_versions WHERE publication = 'library-visits'",
)
TAMPERINGS = {
    "who may open it": (
        "UPDATE publications SET document = replace(document, 'hub', 'public')",
        "library-visits in the table publications is not what line",
    ),
    "how it stood before": (
        "UPDATE publications SET line = (SELECT min(seq) FROM audit) WHERE slug = 'library-visits'",
        "library-visits in the table publications is not what line",
    ),
    "which version is shown": (
        "UPDATE publications SET current = 1 WHERE slug = 'library-visits'",
        "columns beside library-visits",
    ),
    "a draft that is shown": (
        "UPDATE publications SET document = replace(document, '{', '{\"current\": 1,') WHERE slug = 'draft'",
        "no line says that a version of draft is shown",
    ),
    "one that nobody published": (
        "INSERT INTO publications (slug, line, owner, state, current, document) "
        "VALUES ('mine', 7, 'x', 'live', 1, '{}')",
        "no line is about mine",
    ),
    "one that is gone": (
        "; ".join([*_ALL_GONE, "DELETE FROM publications WHERE slug = 'library-visits'"]),
        "library-visits, which line",
    ),
    "what a version rests on": (
        "UPDATE publication_versions SET document = replace(document, 'pupils', 'parks') WHERE number = 1",
        "version 1 of library-visits is not what line",
    ),
    "a version that did not pass": (
        "UPDATE publication_versions SET state = 'ready' WHERE number = 3",
        "no line says that version 3 of library-visits is ready",
    ),
    "a version that was not checked": (
        "UPDATE publication_versions SET state = 'ready', document = replace(document, '{', '{\"state\":\"ready\",') "
        "WHERE publication = 'draft'",
        "no line says that version 1 of draft is ready",
    ),
    "a version that is gone": (
        "DELETE FROM publication_inputs WHERE number = 1; DELETE FROM publication_versions "
        "WHERE publication = 'library-visits' AND number = 1",
        "version 1 of library-visits, which",
    ),
    "what it is found by": (
        "DELETE FROM publication_inputs WHERE number = 1",
        "what version 1 of library-visits rests on",
    ),
    "a release that went through": (
        "UPDATE publication_releases SET state = 'released' WHERE step = 2",
        "columns beside step 2 of the release",
    ),
    "a step that nobody took": (
        "INSERT INTO publication_releases (publication, number, step, line, state, document) "
        "VALUES ('library-visits', 2, 3, 999, 'released', '{}')",
        "no line is about step 3",
    ),
    "a step that is gone": ("DELETE FROM publication_releases WHERE step = 2", "a step of the release of version 2"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_what_was_altered_is_found(store: PublicationStore, what: str) -> None:
    statement, found = TAMPERINGS[what]
    with store._database.writing() as connection:
        names = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for name in connection.execute(text(names)).scalars().all():
            connection.execute(text(f"DROP TRIGGER {name}"))  # whoever owns the file can do that
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        for each in statement.split(";"):
            connection.execute(text(each))
    assert any(found in each for each in findings(store)), findings(store)
