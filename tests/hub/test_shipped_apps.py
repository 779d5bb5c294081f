"""The apps that ship, on a hub that was just started: each passes the check that everybody's notebooks must pass."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
import yaml

from londata.reports.pdf import BROWSERS
from londata_hub import settings
from running_hub import ROOT, RunningHub, wait_for

pytestmark = pytest.mark.hub

APPS = sorted(file.parent.name for file in (ROOT / "voila-apps").glob("*/app.yaml"))
RECORDS = {slug: yaml.safe_load((ROOT / "voila-apps" / slug / "app.yaml").read_text(encoding="utf-8")) for slug in APPS}
PUBLIC = [slug for slug in APPS if "public" in RECORDS[slug].get("audience", [])]
API = "/services/insights/api/v1"


def without_chromium(folder):
    """Give a path of programs on which there is no Chromium, so that no pictures are taken: nobody looks at them here.

    That a picture is taken, and of what, is in tests/browser/test_forked_apps.py; it costs as much as a check.
    """
    folder.mkdir()
    for place in map(Path, reversed(os.environ["PATH"].split(os.pathsep))):
        for program in place.glob("*"):
            (folder / program.name).unlink(missing_ok=True)
            (folder / program.name).symlink_to(program)
    for name in BROWSERS:
        (folder / name).unlink(missing_ok=True)
    return str(folder)


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shipped")
    running = RunningHub(folder / "state", environ={"PATH": without_chromium(folder / "programs")})
    try:
        yield running.start()
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.stop()
        running.process.kill()
        shutil.rmtree(settings.load(running.command()["env"]).sockets, ignore_errors=True)


@pytest.fixture(scope="module")
def published(there):
    """Every app's version, once all have been checked."""
    client = there.client(base_url=f"{there.address}{API}", headers={"Authorization": f"Bearer {there.token('ada')}"})

    def checked():
        found = {}
        for slug in APPS:
            answer = client.get(f"/insights/{slug}/versions/1")
            if answer.status_code != 200 or answer.json()["state"] == "checking":
                return None
            found[slug] = answer.json()
        return found

    return wait_for(checked, 240, "the end of every check")


def test_there_are_the_five(published):
    assert len(published) == len(APPS) == 5
    assert {slug: each["state"] for slug, each in published.items()} == dict.fromkeys(APPS, "ready")


def test_what_an_app_says_that_it_uses_is_what_the_doors_saw(there, published):
    """The register's entry names what was read during the check; the record in the repository is only compared."""
    headers = {"Authorization": f"Bearer {there.token('ada')}"}
    for slug in APPS:
        entry = httpx.get(f"{there.address}/services/register/api/v1/entries/{slug}", headers=headers).json()
        assert (entry["version"], entry["kind"]) == (1, "insight")
        assert sorted(entry["uses"]) == sorted(RECORDS[slug]["insight"]["uses"])


@pytest.mark.parametrize("slug", APPS)
def test_visitors_open_what_is_for_everybody_and_nothing_else(there, published, slug):
    page = httpx.get(f"{there.address}/services/apps/{slug}/", timeout=120, follow_redirects=False)
    assert (page.status_code == 200) == (slug in PUBLIC)
    if slug in PUBLIC:
        assert RECORDS[slug]["title"] in page.text
        shared = RECORDS[slug].get("start") != "fresh"
        assert ('class="first-view-of-it"' in page.text) == shared, "its run is not shared, so it comes late"
    about = httpx.get(f"{there.address}/services/insights/{slug}/", follow_redirects=False)
    assert (about.status_code == 200) == (slug in PUBLIC)
