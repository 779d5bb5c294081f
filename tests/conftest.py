"""Fixtures that tests of several folders share."""

from __future__ import annotations

import inspect
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import hypothesis
import pytest

import migrated_once
from londata_hub.store import database
from operators_hub import operators_hub  # noqa: F401
from real_chromium import chromium  # noqa: F401
from running_hub import PATIENCE_S, hub  # noqa: F401
from running_order import pytest_collection_modifyitems, pytest_xdist_make_scheduler  # noqa: F401
from small_catalog import write_small_catalog

# The same examples each time, and none fails for the time that it took: a machine may be busy with something else.
hypothesis.settings.load_profile("ci")


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_that_is_heard() -> None:
    """A shell starts in the background what is deaf to Ctrl-C, and so would be all that tests start and interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def a_cache_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests fetch and hash out of the cache of whoever runs them."""
    with pytest.MonkeyPatch.context() as session:
        session.setenv("LONDATA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Let clients and browsers wait a minute where a test does not say how long: on a busy machine 5 seconds pass."""
    unsaid = inspect.signature(httpx.get).parameters["timeout"].default
    with pytest.MonkeyPatch.context() as session:
        for phase in ("connect", "read", "write", "pool"):
            session.setattr(unsaid, phase, PATIENCE_S)
        if playwright := sys.modules.get("playwright.sync_api"):
            playwright.expect.set_options(timeout=PATIENCE_S * 1000)
        yield


@pytest.fixture(scope="session", autouse=True)
def migrations_that_are_taken_once() -> Iterator[None]:
    """Take the steps of a new database once for every kind of database; see :mod:`migrated_once`."""
    with pytest.MonkeyPatch.context() as session:
        session.setattr(database, "_upgrade", migrated_once.upgrade)
        yield


@pytest.fixture
def small_catalog(tmp_path: Path) -> Path:
    """A folder of catalogue files: two themes, eight entries, and an app beside it that is a ninth."""
    return write_small_catalog(tmp_path)


@pytest.fixture(scope="session")
def shared_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder, made once for tests that only read it."""
    return write_small_catalog(tmp_path_factory.mktemp("shared"))
