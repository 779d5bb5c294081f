"""The register behind a real JupyterHub: real tokens, and what becomes of them."""

import httpx
import pytest

from londata.client import RegisterClient
from londata.errors import AccessDeniedError, NotAuthenticatedError
from londata.query import Query
from londata_hub.auth import HubAuth
from running_hub import wait_for

pytestmark = pytest.mark.hub


def register(hub, token):
    return RegisterClient(f"{hub.address}/services/register", token)


@pytest.fixture(scope="module")
def visitor(hub):
    return hub.visitor("bola")


def test_a_persons_token_opens_the_register_as_that_person(hub, visitor):
    client = register(hub, visitor.new_token())
    assert client.count(Query()) > 0
    assert client._connection.get("/me") == {"name": "bola", "groups": ["analysts", "org-gla", "publishers"]}
    client.close()


def test_a_token_for_another_service_only_does_not_open_the_register(hub, visitor):
    client = register(hub, visitor.new_token(scopes=["access:services!service=apps"]))
    with pytest.raises(AccessDeniedError):
        client.count(Query())
    client.close()


def test_a_token_that_no_hub_made_opens_nothing(hub):
    client = register(hub, "0123456789abcdef0123456789abcdef")
    with pytest.raises(NotAuthenticatedError):
        client.count(Query())
    client.close()


def test_a_login_in_the_browser_is_no_token(hub, visitor):
    assert visitor.client.get("/services/register/api/v1/count").status_code == 401


def test_a_revoked_token_gets_nothing_within_a_minute(hub, visitor):
    made = visitor.api("POST", "/users/bola/tokens", json={}).json()
    client = register(hub, made["token"])
    assert client.count(Query()) > 0
    assert visitor.api("DELETE", f"/users/bola/tokens/{made['id']}").status_code == 204

    def refused():
        try:
            client.count(Query())
        except NotAuthenticatedError:
            return True
        return False

    wait_for(refused, 60, "the refusal of a revoked token")
    client.close()


def test_the_hub_answers_as_the_gate_expects(hub, visitor):
    """What JupyterHub really says of a token is what auth.py reads."""
    import asyncio

    token = visitor.new_token()
    said = httpx.get(f"{hub.address}/hub/api/user", headers={"Authorization": f"token {token}"}).json()
    assert said["kind"] == "user"
    assert "access:services!service=register" in said["scopes"]

    async def ask():
        auth = HubAuth(f"{hub.address}/hub/api")
        try:
            return await auth(token)
        finally:
            await auth.aclose()

    assert asyncio.run(ask()).name == "bola"
