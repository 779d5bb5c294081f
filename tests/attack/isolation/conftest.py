"""Two people's Labs beside each other, on the real hub of the session."""

import os

import pytest

from isolated_labs import MARK
from londata_hub import settings


@pytest.fixture(scope="module")
def bola(hub):
    lab = hub.lab("bola")
    lab.run(f"open('/home/bola/private.txt', 'w').write('{MARK}')")
    return lab


@pytest.fixture(scope="module")
def ada(hub, bola):
    return hub.lab("ada")


@pytest.fixture(scope="module")
def places(hub):
    """The hub's settings, as the hub itself computed them."""
    return settings.load({**os.environ, "LONDATA_HUB_STATE": str(hub.state), "LONDATA_HUB_PORT": str(hub.port)})
