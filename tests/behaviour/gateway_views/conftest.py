"""Data that is held for an agreement: for all tests of a module, or one for a test of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from held_data import Held


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    found = Held(tmp_path_factory.mktemp("state"))
    yield found
    found.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Held]:
    found = Held(tmp_path)
    yield found
    found.close()
