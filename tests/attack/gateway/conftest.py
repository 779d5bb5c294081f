"""A small gateway to attack: one for all tests of a module, and one of a test's own; and data that is held."""

import pytest

from gateway_service import World, served_gateway
from held_data import Held


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with served_gateway(World(tmp_path_factory.mktemp("gateway"), rows=2_000).make()) as running:
        yield running


@pytest.fixture
def own(tmp_path):
    with served_gateway(World(tmp_path, rows=2_000).make()) as running:
        yield running


@pytest.fixture
def on_socket(tmp_path):
    with served_gateway(World(tmp_path, rows=2_000).make(), on_socket=True) as running:
        yield running


@pytest.fixture
def held(tmp_path):
    found = Held(tmp_path / "state")
    yield found
    found.close()
