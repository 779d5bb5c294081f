"""What a person's tokens, and none, give at the hub: nothing of anybody else's, and no administration."""

import httpx
import pytest

from isolated_labs import ISOLATED, MARK, outcome
from running_hub import wait_for

pytestmark = ISOLATED


def test_the_environment_holds_no_token_but_ones_own(ada, hub):
    environ = outcome(ada, "import os; result = dict(os.environ)")
    assert not [name for name in environ if name.startswith(("CONFIGPROXY", "LONDATA_HUB", "LONDATA_LAB_SOCKET"))]
    tokens = {value for name, value in environ.items() if "TOKEN" in name and value}
    assert tokens == {environ["JUPYTERHUB_API_TOKEN"]}
    answer = httpx.get(f"{hub.address}/hub/api/user", headers={"Authorization": f"token {tokens.pop()}"})
    assert answer.json()["name"] == "ada"


def attempts(token, address):
    """Everything one could want from the hub's API; returns what was not refused."""
    wishes = [
        ("GET", "/users"),
        ("GET", "/users/bola"),
        ("POST", "/users/bola/server"),
        ("DELETE", "/users/bola/server"),
        ("GET", "/users/bola/tokens"),
        ("POST", "/users/bola/tokens"),
        ("POST", "/users/mallory"),
        ("PATCH", "/users/ada"),
        ("GET", "/groups"),
        ("POST", "/groups/stewards/users"),
        ("GET", "/proxy"),
        ("GET", "/services"),
        ("POST", "/shutdown"),
    ]
    headers = {"Authorization": f"token {token}"}
    bodies = {"PATCH": {"admin": True}, "POST": {"users": ["ada"]}}
    answers = [
        (method, path, httpx.request(method, f"{address}/hub/api{path}", headers=headers, json=bodies.get(method)))
        for method, path in wishes
    ]
    return [(method, path, answer.text) for method, path, answer in answers if answer.status_code not in (403, 404)]


@pytest.mark.parametrize("kind", ["the token in the Lab", "a token made on the hub's page"])
def test_a_persons_token_gives_nothing_of_others_and_no_administration(ada, hub, kind):
    inside = ada.run("import os; print(os.environ['JUPYTERHUB_API_TOKEN'], end='')")
    assert attempts(inside if kind == "the token in the Lab" else ada.token, hub.address) == []


def test_the_token_in_the_lab_cannot_make_tokens_or_stop_the_lab(ada, hub):
    headers = {"Authorization": "token " + ada.run("import os; print(os.environ['JUPYTERHUB_API_TOKEN'], end='')")}
    for method, path in (("POST", "tokens"), ("GET", "tokens"), ("DELETE", "server")):
        assert httpx.request(method, f"{hub.address}/hub/api/users/ada/{path}", headers=headers).status_code in (
            403,
            404,
        )


def test_the_lab_of_another_stays_shut(ada, bola, hub):
    headers = {"Authorization": f"token {ada.token}"}
    for path in ("/api/contents", "/api/kernels", "/api/terminals", "/files/private.txt", "/lab"):
        answer = httpx.get(f"{hub.address}/user/bola{path}", headers=headers)
        assert answer.status_code in (302, 403), path
        assert MARK not in answer.text
    visitor = hub.visitor("ada")
    answer = visitor.client.get("/user/bola/files/private.txt")
    assert answer.status_code in (403, 404)
    assert MARK not in answer.text


@pytest.mark.parametrize("token", ["0" * 32, "../../etc/passwd", "a" * 4000])
def test_a_forged_token_gets_nothing(hub, ada, token):
    headers = {"Authorization": f"token {token}"}
    for path in ("/hub/api/user", "/user/ada/api/contents", "/services/register/api/v1/entries"):
        answer = httpx.get(f"{hub.address}{path}", headers=headers)
        assert answer.status_code in (401, 403), path


def test_a_revoked_token_gets_nothing(hub, ada):
    """Nothing of the hub at once, nothing of the Lab seconds later; for the register see test_register_tokens."""
    visitor = hub.visitor("ada")
    made = visitor.api("POST", "/users/ada/tokens", json={}).json()
    headers = {"Authorization": f"token {made['token']}"}
    paths = ("/hub/api/user", "/user/ada/api/contents")
    assert [httpx.get(f"{hub.address}{path}", headers=headers).status_code for path in paths] == [200, 200]
    assert visitor.api("DELETE", f"/users/ada/tokens/{made['id']}").status_code == 204

    def all_refused():
        codes = [httpx.get(f"{hub.address}{path}", headers=headers).status_code for path in paths]
        assert codes[0] == 403
        return all(code in (401, 403) for code in codes)

    wait_for(all_refused, 60, "the refusal everywhere")


def test_a_form_from_elsewhere_is_refused(hub):
    answer = httpx.post(f"{hub.address}/hub/login", data={"username": "ada", "password": hub.passwords["ada"]})
    assert answer.status_code == 403
    assert "jupyterhub-session-id" not in answer.cookies
