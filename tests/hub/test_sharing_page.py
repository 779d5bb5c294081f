"""The page “Who shares what” through a real hub: it is for everybody, and nothing beside it is."""

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
