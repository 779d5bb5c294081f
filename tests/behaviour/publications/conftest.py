"""A store of publications: the same on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from londata_hub.store.publication_store import PublicationStore
from scheduled import Clock


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'register.sqlite'}"
    return str(request.getfixturevalue("postgres_address"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(address: str, tmp_path: Path, clock: Clock) -> Iterator[PublicationStore]:
    with PublicationStore(address, tmp_path / "anchors", clock=clock) as made:
        yield made
