"""The page “Who shares what” through a real hub: it is for everybody, and nothing beside it is."""

import shutil
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.hub
ROOT = Path(__file__).resolve().parents[2]


def test_everybody_reaches_the_page_and_nothing_else_without_logging_in(hub):
    page = httpx.get(f"{hub.address}/services/register/sharing")
    assert (page.status_code, "<h1>Who shares what</h1>" in page.text) == (200, True)
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for path in ("agreements", "requests", "projects", "notices", "search"):
        assert httpx.get(f"{hub.address}/services/register/api/v1/{path}").status_code == 401


def test_somebody_who_is_logged_in_asks_about_access_with_their_own_token(hub):
    for path in ("projects", "requests", "notices", "agreements"):
        asked = f"{hub.address}/services/register/api/v1/{path}"
        assert httpx.get(asked, headers={"Authorization": "token nonsense"}).status_code == 401
        answer = httpx.get(asked, headers={"Authorization": f"token {hub.token('ada')}"})
        assert (answer.status_code, list(answer.json())) == (200, [path])


def test_an_insight_that_is_not_listed_for_a_viewer_is_not_there(new_hub, tmp_path):
    apps = tmp_path / "apps"
    shutil.copytree(ROOT / "voila-apps", apps)
    shutil.copytree(apps / "borough-explorer", apps / "draft-explorer")
    record = apps / "draft-explorer" / "app.yaml"
    text = record.read_text().replace("publisher: londata", "publisher: gla\n  listing: hidden")
    record.write_text(text.replace("title: Borough explorer", "title: A draft nobody knows of"))
    new_hub.environ["LONDATA_VOILA_APPS"] = str(apps)
    new_hub.start()
    steward, analyst, stranger = new_hub.visitor("chen").client, new_hub.visitor("ada").client, new_hub.client()
    for client, there in ((steward, True), (analyst, False)):
        page = client.get(f"{new_hub.address}/services/apps/")
        assert "Borough explorer" in page.text
        assert ("A draft nobody knows of" in page.text) is there
        for path in ("draft-explorer", "draft-explorer/"):
            answer = client.get(f"{new_hub.address}/services/apps/{path}", follow_redirects=False)
            assert (answer.status_code == 404) is not there, path
    for path in ("draft-explorer", "draft-explorer/", "no-such-insight/"):
        answer = stranger.get(f"{new_hub.address}/services/apps/{path}", follow_redirects=False)
        assert answer.status_code == 404
    assert stranger.get(f"{new_hub.address}/services/apps/borough-explorer/", follow_redirects=False).status_code == 302
