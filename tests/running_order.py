"""In which order tests run, and which files stay in one process when there are several.

All tests of one hub are one group, so that it is started once and not in every process (``--dist loadfile``). What
takes longest comes first (``--no-loadscope-reorder``), so that no process waits for another at the end.
"""

from __future__ import annotations

import pytest

#: Fixtures that are a real hub for the whole session, and the files whose tests use them.
HUBS = {
    "operators_hub": ("tests/hub/test_service_accounts.py", "tests/hub/test_hub_endings.py"),
    "hub": (
        "tests/hub/",
        "tests/attack/isolation/",
        "tests/browser/test_tools_in_lab.py",
        "tests/browser/test_workbench.py",
        "tests/unit/test_lab_kernels.py",
    ),
}
#: It lies among those of the hub, and has one of its own.
APART = ("tests/hub/test_shipped_apps.py",)
#: Where the longest of the other files are, after those that start a hub or a browser.
LONG = ("tests/attack/", "tests/behaviour/reports/", "tests/notebooks/")
#: Of the tests of a hub: what needs it as it was when it started comes first, what ends it last.
FIRST, LAST = ("tests/hub/test_scheduled_reports.py",), ("tests/hub/test_hub_endings.py",)


def group_of(path: str) -> str:
    """Tell with what a file stays together: all of its hub, or nothing but its own tests."""
    if path.startswith(APART):
        return path
    return next((hub for hub, files in HUBS.items() if path.startswith(files)), path)


def hub_of(item: pytest.Item) -> str:
    """Tell which of the hubs of the session a test uses; "" where it uses none, or one of its own."""
    known = getattr(item, "_fixtureinfo", None)
    found = known.name2fixturedefs if known else {}
    return next((hub for hub in HUBS if hub in found and found[hub][-1].scope == "session"), "")


def place(item: pytest.Item) -> tuple[int, int]:
    """Say where a test stands: with its hub, then by how long its file takes."""
    path = item.nodeid.partition("::")[0]
    group = group_of(path)
    if group in HUBS:
        return (0 if group == "hub" else 1), 0 if path in FIRST else 2 if path in LAST else 1
    if path.startswith("tests/browser/") or path in APART:
        return 2, 0
    return (3 if path.startswith(LONG) else 4), 0


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in order; a file that starts a hub anew in its own process is not overlooked."""
    for item in items:
        path = item.nodeid.partition("::")[0]
        if path.startswith("tests/") and (hub := hub_of(item)) and group_of(path) != hub:
            raise pytest.UsageError(f"{path} uses the fixture {hub}: name it among its files in running_order.py.")
    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):  # type: ignore[no-untyped-def]
    """Keep the files of a hub together, and the tests of every other file."""
    from xdist.scheduler import LoadFileScheduling

    class ByHubOrFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(super()._split_scope(nodeid))

    return ByHubOrFile(config, log) if config.getvalue("dist") == "loadfile" else None
