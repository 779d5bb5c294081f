"""A gateway that runs, for tests that only read, and one for each test that changes what is arranged."""

import pytest

from gateway_service import World, served_gateway


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("gateway")).make()


@pytest.fixture(scope="module")
def gateway(world):
    with served_gateway(world) as running:
        yield running


@pytest.fixture
def own(tmp_path):
    """A gateway of the test's own, whose arrangements it may change."""
    with served_gateway(World(tmp_path, rows=20_000).make()) as running:
        yield running


@pytest.fixture
def rolls(world):
    return world.rolls.read_bytes()
