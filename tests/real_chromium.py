"""The browser of all tests: Debian's Chromium. Without it there is nothing to test, so its absence is an error."""

import contextlib
import shutil

import pytest

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@contextlib.contextmanager
def opened(*flags):
    """Open a browser, with these flags beside the usual ones."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def chromium():
    """One browser for the tests of a file; what stays open longer is in the way of other tests' event loops."""
    with opened() as browser:
        yield browser
