"""Promise: whoever has no good token gets nothing from the register, and whoever has one gets only what is theirs.

The service runs as it is served in the hub, behind a hub that knows three tokens: one good, one that was revoked, and
one of another service. Hostile requests are written by hand, byte by byte, where a client would not send them.
"""

import json
import socket
import time
from contextlib import contextmanager
from http.client import HTTPResponse

import httpx
import pytest

from londata.catalog_files import FileRegister
from londata_hub.auth import HubAuth
from londata_hub.services.content import Content
from londata_hub.services.register import create_app
from register_service import BASE, served

SCOPE = "access:services!service=register"
GOOD, REVOKED, OTHER = "good-5f0c", "revoked-77aa", "other-service-91be"
PATHS = [
    "/entries",
    "/search?q=borough",
    "/slugs",
    "/count",
    "/facets",
    "/completions?prefix=b",
    "/themes",
    "/me",
    "/openapi.json",
    "/entries/borough-profile",
    "/entries/borough-profile/near",
    "/entries/borough-profile/distributions/csv/content",
    "/nowhere",
]


class Hub:
    """Answers about tokens as JupyterHub does, and can be told to revoke one or to fall silent."""

    def __init__(self):
        self.scopes = {GOOD: [SCOPE], REVOKED: [SCOPE], OTHER: ["access:services!service=apps"]}
        self.asked = []

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        token = dict(scope["headers"])[b"authorization"].decode().removeprefix("token ")
        self.asked.append(token)
        known = self.scopes.get(token)
        body = json.dumps({"kind": "user", "name": "ada", "groups": [], "scopes": known}).encode() if known else b"{}"
        await send({"type": "http.response.start", "status": 200 if known else 403, "headers": []})
        await send({"type": "http.response.body", "body": body})


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


HUB, CLOCK = Hub(), Clock()


@pytest.fixture(scope="module")
def address(shared_catalog):
    (shared_catalog / "data" / "unlisted.csv").write_text("not,in,the,register\n")
    with served(HUB, base="/hub/api") as hub:
        auth = HubAuth(hub, clock=CLOCK)
        app = create_app(FileRegister(shared_catalog), auth, Content(shared_catalog), prefix=BASE)
        with served(app) as address:
            yield f"{address}/api/v1"


@pytest.fixture(scope="module")
def ask(address):
    with httpx.Client(base_url=address, timeout=30) as client:
        yield client.get


@contextmanager
def raw(address):
    url = httpx.URL(address)
    with socket.create_connection((url.host, url.port), timeout=20) as wire:
        yield wire


def spoken(address, *lines, path="/count", method="GET", end=b"\r\n\r\n"):
    """Write a request by hand; gives (status, body) of the answer."""
    start = f"{method} {BASE}/api/v1{path} HTTP/1.1".encode()
    head = b"\r\n".join([start, b"Host: register", b"Connection: close", *lines])
    with raw(address) as wire:
        wire.sendall(head + end)
        answer = b""
        while piece := wire.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else 0), body


def refused(answer, status=401, code="not_authenticated"):
    """Check that an answer is the refusal and nothing else."""
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "hint", "request_id"}
    assert error["code"] == code
    assert "borough" not in answer.text.lower()
    return True


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "token", ["", "forged", "x" * 512, "null", "undefined", "admin", "*", "good-5f0", "good-5f0cc"]
)
def test_nobody_gets_anything_anywhere(ask, path, token):
    headers = {"Authorization": f"token {token}"} if token else {}
    assert refused(ask(path, headers=headers))


@pytest.mark.parametrize("path", PATHS)
def test_the_token_of_another_service_gets_nothing(ask, path):
    assert refused(ask(path, headers={"Authorization": f"token {OTHER}"}), 403, "access_denied")


def test_a_revoked_token_gets_nothing_after_the_time_for_which_it_is_believed(ask):
    headers = {"Authorization": f"token {REVOKED}"}
    assert ask("/count", headers=headers).status_code == 200
    del HUB.scopes[REVOKED]
    CLOCK.now += 30
    for path in PATHS:
        assert refused(ask(path, headers=headers))


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "Authorization", "authorization", "_xsrf"])
def test_a_token_in_the_address_opens_nothing_and_is_not_taken_to_the_hub(ask, name):
    for path in ("/count", "/me", "/entries/borough-profile"):
        assert refused(ask(path, params={name: GOOD}))
    assert ask("/count", params={name: "x"}, headers={"Authorization": f"token {GOOD}"}).status_code == 400
    before = len(HUB.asked)
    ask("/count", params={name: GOOD})
    assert len(HUB.asked) == before


@pytest.mark.parametrize("cookie", ["token", "jupyterhub-session-id", "jupyterhub-services", "jupyterhub-hub-login"])
def test_a_cookie_opens_nothing(ask, cookie):
    assert refused(ask("/count", headers={"Cookie": f"{cookie}={GOOD}"}))


@pytest.mark.parametrize(
    "header",
    [
        "X-Authorization",
        "X-Forwarded-User",
        "X-Remote-User",
        "X-Jupyterhub-Token",
        "Proxy-Authorization",
        "X-Original-Url",
        "X-Rewrite-Url",
        "X-Http-Method-Override",
        "X-Forwarded-For",
    ],
)
def test_no_other_header_says_who_somebody_is_or_where_they_go(ask, header):
    for value in (f"token {GOOD}", "ada", f"{BASE}/api/v1/health", "127.0.0.1"):
        assert refused(ask("/count", headers={header: value}))


@pytest.mark.parametrize(
    "lines",
    [
        [b"Authorization: token forged", f"Authorization: token {GOOD}".encode()],
        [f"Authorization: token {GOOD}".encode(), b"Authorization: token forged"],
        [f"Authorization: token {GOOD}".encode()] * 2,
        [f"Authorization: token forged, token {GOOD}".encode()],
        [f"Authorization: token forged token {GOOD}".encode()],
        [f"Authorization: token {GOOD}\x0b".encode()],
        [f"Authorization: token {GOOD}\x00".encode()],
        [f"Authorization : token {GOOD}".encode()],
        [f" Authorization: token {GOOD}".encode()],
        [f"X: y\rAuthorization: token {GOOD}".encode()],
        [b"Authorization:", f" token {GOOD}".encode()],
        [f"Authorization: Basic token {GOOD}".encode()],
        [f"Auth\xf6rization: token {GOOD}".encode("latin-1")],
    ],
)
def test_headers_that_two_readers_would_read_differently_open_nothing(address, lines):
    status, body = spoken(address, *lines)
    assert status in (400, 401)
    assert b"total" not in body


def test_a_request_hidden_in_the_body_of_another_gets_no_answer_of_its_own_rights(address):
    """Whether or not the second is answered, it is not answered with the first one's token."""
    hidden = f"GET {BASE}/api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    for length in (b"Content-Length: 0\r\nTransfer-Encoding: chunked", f"Content-Length: {len(hidden)}".encode()):
        status, body = spoken(address, f"Authorization: token {GOOD}".encode(), length, end=b"\r\n\r\n" + hidden)
        assert status in (200, 400, 401)
        assert b'"ada"' not in body


def test_a_connection_is_not_let_in_for_good(address):
    """The second request on a connection needs a token as much as the first."""
    with raw(address) as wire:
        start = f"GET {BASE}/api/v1/count HTTP/1.1\r\nHost: x\r\n".encode()
        for token, status in ((f"Authorization: token {GOOD}\r\n".encode(), 200), (b"", 401)):
            wire.sendall(start + token + b"\r\n")
            with HTTPResponse(wire) as answer:
                answer.begin()
                assert (answer.status, b"total" in answer.read()) == (status, status == 200)


@pytest.mark.parametrize(
    "path",
    [
        "/health/../count",
        "/health/..%2fcount",
        "/health%2f..%2fcount",
        "/./count",
        "//count",
        "/health;/count",
        "/health%00/../count",
        "/Health",
        "/health/",
        "/count/health",
        "/count?/health",
        "/count%3f/health",
        "/count#/health",
    ],
)
def test_no_spelling_of_the_open_address_leads_further(address, path):
    status, body = spoken(address, path=path)
    assert status in (400, 401)
    assert b"total" not in body


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_only_get_is_understood(address, method):
    token = f"Authorization: token {GOOD}".encode()
    assert spoken(address, method=method, path="/count")[0] in (400, 401)
    assert spoken(address, token, method=method, path="/entries/borough-profile")[0] in (400, 404, 405)


def good(path, ask, **more):
    return ask(path, headers={"Authorization": f"token {GOOD}"}, **more)


def good_spoken(address, path):
    """Ask with a good token for a path that no client tidies up first."""
    return spoken(address, f"Authorization: token {GOOD}".encode(), path=path)


@pytest.mark.parametrize(
    "slug",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%252f..%252fetc%252fpasswd",
        "....//....//etc/passwd",
        "%2fetc%2fpasswd",
        "borough-profile%00",
        "borough-profile%0a",
        "borough-profile%0d%0aX-Evil:%201",
        "%c0%ae%c0%ae%2f",
        "borough-profile/distributions/csv/content/../../../../care-cases",
        "a" * 5000,
        "'%20OR%201=1%20--",
        "<script>",
        "%3Cscript%3E",
        "%ff%fe",
    ],
)
def test_a_slug_leads_nowhere_but_to_an_entry(address, slug):
    for path in (f"/entries/{slug}", f"/entries/{slug}/distributions/csv/content"):
        status, body = good_spoken(address, path)
        assert status in (400, 404), path
        assert set(json.loads(body)["error"]) == {"code", "message", "hint", "request_id"}
        assert b"root:" not in body


@pytest.mark.parametrize(
    "name",
    [
        "../csv",
        "..%2fcsv",
        "csv%00",
        "csv/../../../care-cases/distributions/csv",
        "%2e%2e%2f%2e%2e%2fdata%2funlisted.csv",
        "data/unlisted.csv",
        "CSV",
        "csv%0d%0aX-Evil:%201",
        "",
    ],
)
def test_a_distribution_leads_nowhere_but_to_its_own_bytes(address, name):
    status, body = good_spoken(address, f"/entries/borough-profile/distributions/{name}/content")
    assert status in (400, 403, 404)
    assert set(json.loads(body)["error"]) == {"code", "message", "hint", "request_id"}
    assert b"not,in,the,register" not in body


def test_shared_and_closed_data_is_denied_to_the_best_token(ask):
    answer = good("/entries/care-cases/distributions/csv/content", ask)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access_denied")


@pytest.mark.parametrize("size", [501, 5_000, 60_000])
def test_a_giant_question_is_refused_and_not_sent_back(address, size):
    status, body = good_spoken(address, f"/search?q={'a' * size}")
    assert status == 400
    assert set(json.loads(body)["error"]) == {"code", "message", "hint", "request_id"}
    assert len(body) < 1_000


@pytest.mark.parametrize("where", ["address", "header", "headers"])
def test_a_head_without_end_is_cut_off(address, where):
    """It is cut off while it still comes: 20 MB are on offer, and the service does not take them."""
    begin = f"GET {BASE}/api/v1/count".encode()
    begin += {"address": b"?q=", "header": b" HTTP/1.1\r\nX: ", "headers": b" HTTP/1.1\r\n"}[where]
    more = b"X-Header: more\r\n" * 4_000 if where == "headers" else b"a" * 64_000
    with raw(address) as wire, pytest.raises(OSError, match=r"reset|[Bb]roken pipe"):
        wire.sendall(begin + more * 300)


@pytest.mark.parametrize(
    "text",
    [
        "' OR 1=1 --",
        '"; DROP TABLE entries; --',
        "%' UNION SELECT * FROM tokens --",
        "title:* OR *",
        "access:closed",
        "/.*.*.*.*.*.*.*.*a/",
        "[0 TO 9]",
        "(((((((((((",
        "~~~~^^^^****",
        "\\\\\\\\",
        "\x00\x01",
        "<script>alert(1)</script>",
        "{{7*7}}${7*7}",
        "\u202e\u2066 مدارس 🏫",
        "a " * 240,
        "NOT NOT NOT",
    ],
)
def test_words_are_words_and_never_code(ask, text):
    before = good("/count", ask).json()["total"]
    answer = good("/search", ask, params={"q": text})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["total"] < before
    assert "<script>alert" not in answer.text
    for name in ("publisher", "topic", "licence", "format", "uses", "geography"):
        assert good("/search", ask, params={name: text[:200]}).json()["total"] == 0
    assert good("/slugs", ask, params={"prefix": text[:100]}).json() == {"total": 0, "slugs": []}
    assert good("/count", ask).json()["total"] == before


def test_slow_and_silent_connections_hold_up_nobody(address, ask):
    """Two hundred connections that never finish their request, and the register still answers."""
    url = httpx.URL(address)
    wires = [socket.create_connection((url.host, url.port), timeout=20) for _ in range(200)]
    try:
        for wire in wires:
            wire.sendall(f"GET {BASE}/api/v1/count HTTP/1.1\r\nHost: x\r\nX-Slow: ".encode())
        assert good("/count", ask).status_code == 200
    finally:
        for wire in wires:
            wire.close()


def test_while_the_hub_is_silent_nobody_new_is_let_in(shared_catalog):
    with served(HUB, base="/hub/api") as hub:
        pass
    app = create_app(FileRegister(shared_catalog), HubAuth(hub), Content(shared_catalog), prefix=BASE)
    with served(app) as address, httpx.Client(base_url=f"{address}/api/v1") as client:
        started = time.monotonic()
        answer = client.get("/count", headers={"Authorization": f"token {GOOD}"})
        assert refused(answer, 503, "register_unavailable")
        assert time.monotonic() - started < 30


def test_no_token_is_ever_logged(shared_catalog, ask, caplog):
    with caplog.at_level(0):
        good("/count", ask)
        ask("/count", headers={"Authorization": "token forged-but-secret-1234"})
        ask("/count", params={"token": "query-but-secret-5678"})
    for secret in (GOOD, "forged-but-secret-1234"):
        assert secret not in caplog.text
