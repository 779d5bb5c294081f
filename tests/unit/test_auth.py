"""Who is calling: what is asked of the hub, what is kept, and that doubt lets nobody in.

The hub here is a small server that answers as JupyterHub does; a real one is asked in tests/hub.
"""

import asyncio
import gc
import json
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from londata.access import Subject
from londata.errors import AccessDeniedError, NotAuthenticatedError, RegisterUnavailableError, SettingsError
from londata_hub.auth import Gate, HubAuth, token_of
from register_service import served

SCOPE = "access:services!service=register"
ADA = {"kind": "user", "name": "ada", "groups": ["analysts"], "scopes": [SCOPE, "read:users:name!user=ada"]}


class Hub:
    """Answers ``GET /hub/api/user`` from a table; ``asked`` lists the tokens that it was asked about."""

    def __init__(self, **known):
        self.known = {"good": ADA, **known}
        self.asked = []
        self.answer = None
        self.wait = None

    async def __call__(self, scope, receive, send):
        assert scope["path"] == "/hub/api/user"
        token = dict(scope["headers"])[b"authorization"].decode().removeprefix("token ")
        self.asked.append(token)
        if self.wait:
            await self.wait()
        status, body, *headers = self.answer or (
            (200, json.dumps(self.known[token]).encode()) if token in self.known else (403, b"{}")
        )
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Door:
    """One server for all tests, behind which each test puts its own hub."""

    hub = None

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await self.hub(scope, receive, send)


DOOR = Door()


@pytest.fixture(scope="module")
def address():
    with served(DOOR, base="/hub/api") as address:
        yield address


@pytest.fixture
def asking(address):
    """Put a hub behind the door; gives a function that verifies one token or several at once."""

    @contextmanager
    def ask(hub, *, address=address, **more):
        DOOR.hub = hub
        loop = asyncio.new_event_loop()
        auth = HubAuth(address, **more)

        async def verify_all(tokens):
            return await asyncio.gather(*map(auth, tokens), return_exceptions=True)

        def verify(*tokens):
            found = loop.run_until_complete(verify_all(tokens))
            for each in found:
                if isinstance(each, Exception):
                    raise each
            return found[0]

        verify.auth, verify.loop = auth, loop
        try:
            yield verify
        finally:
            loop.run_until_complete(auth.aclose())
            loop.close()

    return ask


def test_the_hub_says_who_holds_a_token(asking):
    with asking(Hub()) as verify:
        assert verify("good") == Subject("ada", frozenset({"analysts"}))


def test_a_hub_on_a_unix_socket_is_asked_too(asking):
    with (
        tempfile.TemporaryDirectory() as folder,
        served(DOOR, Path(folder) / "hub.sock", base="/hub/api") as address,
        asking(Hub(), address=address) as verify,
    ):
        assert address.startswith("http+unix://")
        assert verify("good").name == "ada"


def test_a_token_that_the_hub_does_not_know_is_nobodys(asking):
    with asking(Hub()) as verify, pytest.raises(NotAuthenticatedError) as raised:
        verify("forged")
    assert "forged" not in str(raised.value)


@pytest.mark.parametrize("scopes", [[SCOPE], ["access:services"], ["self", "access:services", "x"]])
def test_a_token_with_the_scope_is_let_in(asking, scopes):
    with asking(Hub(good={**ADA, "scopes": scopes})) as verify:
        assert verify("good").name == "ada"


@pytest.mark.parametrize(
    "scopes",
    [
        [],
        ["access:services!service=apps"],
        ["access:servers!server=ada/"],
        ["access:services!service=register2"],
        ["access:services!user=ada"],
        ["admin:services", "ACCESS:SERVICES"],
    ],
)
def test_a_token_without_the_scope_is_refused(asking, scopes):
    with asking(Hub(good={**ADA, "scopes": scopes})) as verify, pytest.raises(AccessDeniedError):
        verify("good")


def test_the_scope_is_that_of_the_services_own_name(asking):
    with asking(Hub(), service="apps") as verify, pytest.raises(AccessDeniedError, match="used for the apps"):
        verify("good")
    silent = pytest.raises(RegisterUnavailableError, match="the gateway lets nobody in")
    with asking(Hub(good=[]), service="gateway") as verify, silent:
        verify("good")


def test_a_service_never_passes_for_the_user_of_its_name(asking):
    with asking(Hub(good={"kind": "service", "name": "ada", "admin": True, "scopes": [SCOPE]})) as verify:
        assert verify("good") == Subject("service/ada")


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"{}"),
        (503, b"<html>"),
        (429, b"{}"),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"null"),
        (200, b"{}"),
        (200, json.dumps({**ADA, "name": ""}).encode()),
        (200, json.dumps({**ADA, "name": None}).encode()),
        (200, json.dumps({**ADA, "scopes": None}).encode()),
        (200, json.dumps({**ADA, "groups": [1]}).encode()),
        (200, json.dumps({**ADA, "groups": None}).encode()),
        (302, b"", (b"location", b"/hub/api/user2")),
        (200, b"{", (b"content-encoding", b"gzip")),
    ],
)
def test_an_answer_that_is_none_lets_nobody_in_and_is_not_kept(asking, answer):
    hub = Hub()
    hub.answer = answer
    with asking(hub) as verify:
        with pytest.raises(RegisterUnavailableError):
            verify("good")
        hub.answer = None
        assert verify("good").name == "ada"


def test_a_hub_that_is_not_there_lets_nobody_in(asking):
    with served(DOOR, base="/hub/api") as gone:
        pass
    with asking(Hub(), address=gone) as verify, pytest.raises(RegisterUnavailableError):
        verify("good")


def test_the_answer_is_believed_for_seconds_and_then_asked_again(asking):
    hub, clock = Hub(), Clock()
    with asking(hub, clock=clock, keep_s=30) as verify:
        verify("good")
        clock.now += 29
        verify("good")
        assert hub.asked == ["good"]
        clock.now += 2
        verify("good")
        assert hub.asked == ["good", "good"]


def test_a_revoked_token_gets_nothing_once_the_time_is_over(asking):
    hub, clock = Hub(), Clock()
    with asking(hub, clock=clock, keep_s=30) as verify:
        verify("good")
        del hub.known["good"]
        clock.now += 30
        with pytest.raises(NotAuthenticatedError):
            verify("good")


def test_when_the_hub_is_gone_what_is_kept_is_not_believed_for_longer(asking):
    hub, clock = Hub(), Clock()
    with asking(hub, clock=clock, keep_s=30) as verify:
        verify("good")
        hub.answer = (500, b"")
        clock.now += 31
        with pytest.raises(RegisterUnavailableError):
            verify("good")


def test_the_time_counts_from_the_question_not_from_the_answer(asking):
    hub, clock = Hub(), Clock()

    async def slow():
        clock.now += 20

    hub.wait = slow
    with asking(hub, clock=clock, keep_s=30) as verify:
        verify("good")
        clock.now += 11
        verify("good")
    assert len(hub.asked) == 2


def test_leaving_a_group_takes_effect_once_the_time_is_over(asking):
    hub, clock = Hub(), Clock()
    with asking(hub, clock=clock, keep_s=30) as verify:
        verify("good")
        hub.known["good"] = {**ADA, "groups": []}
        clock.now += 30
        assert verify("good").groups == frozenset()


@pytest.mark.parametrize("scopes", [None, []])
def test_a_refusal_is_kept_briefly(asking, scopes):
    hub, clock = Hub(), Clock()
    token = "forged" if scopes is None else "good"
    if scopes is not None:
        hub.known["good"] = {**ADA, "scopes": scopes}
    with asking(hub, clock=clock, keep_refusal_s=5) as verify:
        for _ in range(3):
            with pytest.raises((NotAuthenticatedError, AccessDeniedError)):
                verify(token)
        assert hub.asked == [token]
        hub.known[token] = ADA
        clock.now += 5
        assert verify(token).name == "ada"


def test_eight_requests_at_once_with_one_token_ask_the_hub_once(asking):
    hub = Hub()
    with asking(hub) as verify:
        verify(*["good"] * 8)
    assert hub.asked == ["good"]


def test_requests_with_different_tokens_do_not_share_an_answer(asking):
    hub = Hub(better={**ADA, "name": "bola"})
    with asking(hub) as verify:
        found = verify.loop.run_until_complete(_together(verify.auth, "good", "better", "forged"))
    assert [getattr(each, "name", type(each)) for each in found] == ["ada", "bola", NotAuthenticatedError]


async def _together(auth, *tokens):
    return await asyncio.gather(*map(auth, tokens), return_exceptions=True)


def test_a_caller_who_goes_away_does_not_take_the_answer_from_the_others(asking):
    async def first_leaves(auth):
        first = asyncio.create_task(auth("good"))
        second = asyncio.create_task(auth("good"))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    hub = Hub()
    with asking(hub) as verify:
        assert verify.loop.run_until_complete(first_leaves(verify.auth)).name == "ada"
    assert hub.asked == ["good"]


def test_no_more_is_kept_than_the_bound(asking):
    hub = Hub(**{f"token-{number}": ADA for number in range(20)})
    with asking(hub, size=5) as verify:
        for number in range(20):
            verify(f"token-{number}")
            with pytest.raises(NotAuthenticatedError):
                verify(f"forged-{number}")
        assert len(verify.auth._known._items) == len(verify.auth._refused._items) == 5


def test_a_flood_of_forged_tokens_does_not_push_out_a_good_one(asking):
    hub = Hub()
    with asking(hub, size=5) as verify:
        verify("good")
        for number in range(20):
            with pytest.raises(NotAuthenticatedError):
                verify(f"forged-{number}")
        verify("good")
    assert hub.asked.count("good") == 1


def test_the_token_is_not_kept_in_memory(asking):
    token = "a-token-that-is-nowhere-else-7f3a"
    with asking(Hub(**{token: ADA})) as verify:
        verify(token)
        gc.collect()
        kept = repr((vars(verify.auth), vars(verify.auth._known), vars(verify.auth._refused)))
    assert token not in kept


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([(b"authorization", b"token abc")], "abc"),
        ([(b"authorization", b"Bearer abc-_.~+/=")], "abc-_.~+/="),
        ([(b"host", b"x"), (b"authorization", b"bearer abc")], "abc"),
        ([(b"authorization", b"token " + b"a" * 512)], "a" * 512),
    ],
)
def test_a_token_is_found_in_the_header(headers, token):
    assert token_of(headers) == token


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"abc")],
        [(b"authorization", b"token")],
        [(b"authorization", b"token ")],
        [(b"authorization", b"token a b")],
        [(b"authorization", b"token a,Bearer b")],
        [(b"authorization", b"token  a")],
        [(b"authorization", b"token a\n")],
        [(b"authorization", b"token \xc3\xa9")],
        [(b"authorization", b"Basic YTpi")],
        [(b"authorization", b"token a"), (b"authorization", b"token b")],
        [(b"authorization", b"token " + b"a" * 513)],
        [(b"cookie", b"token=abc")],
        [(b"x-authorization", b"token abc")],
    ],
)
def test_anything_else_is_no_token(headers):
    with pytest.raises(NotAuthenticatedError):
        token_of(headers)


def test_an_address_of_the_hub_that_is_none_is_told_at_once():
    with pytest.raises(SettingsError):
        HubAuth("hub.example:8081")


@pytest.mark.parametrize("kind", ["http", "websocket", "whatever-comes-next"])
def test_the_gate_stands_before_every_kind_of_request(kind):
    reached = []

    async def app(scope, receive, send):
        reached.append(scope.get("state"))

    async def authenticate(token):
        return Subject("ada")

    gate = Gate(app, authenticate, open_paths=["/health"])
    scope = {"type": kind, "path": "/entries", "headers": []}
    with pytest.raises(NotAuthenticatedError):
        asyncio.run(gate(scope, None, None))
    assert reached == []
    asyncio.run(gate(scope | {"headers": [(b"authorization", b"Bearer x")]}, None, None))
    asyncio.run(gate(scope | {"path": "/health"}, None, None))
    assert reached == [{"subject": Subject("ada")}, None]
