"""Where the log of an attack is kept: SQLite, and a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from postgres_server import postgres_address, postgres_cluster  # noqa: F401


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'register.sqlite'}"
    return str(request.getfixturevalue("postgres_address"))
