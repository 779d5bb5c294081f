"""The client's token: where it comes from, and where it never goes."""

import multiprocessing
import pickle

import pytest

from data_holder import Holder, make_certificate
from londata.client import RegisterClient
from londata.errors import NotAuthenticatedError, RegisterUnavailableError, SettingsError
from londata.query import Query
from register_service import TOKEN


def test_the_token_comes_from_the_argument_else_the_setting_else_the_hub(address, monkeypatch):
    def name(token=None):
        client = RegisterClient(address, token)
        try:
            return client._connection.get("/me")["name"]
        finally:
            client.close()

    with pytest.raises(NotAuthenticatedError):
        name()
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
    assert name() == "ada"
    monkeypatch.setenv("LONDATA_TOKEN", "other")
    with pytest.raises(NotAuthenticatedError):
        name()
    assert name(TOKEN) == "ada"


def test_neither_repr_nor_pickle_carries_the_token(client, address, monkeypatch):
    packed = pickle.dumps(client)
    assert TOKEN not in repr(client)
    assert TOKEN.encode() not in packed
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
    again = pickle.loads(packed)  # noqa: S301
    assert again.address == client.address == address
    assert again.count(Query()) == client.count(Query())
    again.close()


def test_the_token_does_not_follow_a_redirect(holder):
    with Holder() as elsewhere:
        target = elsewhere.answer("/api/v1/count", b'{"total": 1}')

        def redirect(handler):
            handler.send_response(307)
            handler.send_header("Location", target)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        holder.script("/api/v1/count", redirect)
        client = RegisterClient(holder.url(""), TOKEN)
        with pytest.raises(RegisterUnavailableError):
            client.count(Query())
        assert elsewhere.requests == []
        client.close()


def test_the_token_does_not_pass_through_a_proxy_in_the_clear(holder, monkeypatch):
    with Holder() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url(""))
        monkeypatch.setenv("ALL_PROXY", proxy.url(""))
        holder.answer("/api/v1/count", b'{"total": 1}')
        client = RegisterClient(holder.url(""), TOKEN)
        assert client.count(Query()) == 1
        assert proxy.requests == []
        client.close()


@pytest.mark.parametrize(
    "address",
    [
        "register.example",
        "ftp://register.example/",
        "http://",
        "http://ada:secret@register.example/",
        "http://register.example/?token=x",
        "http://register.example/#x",
        "http+unix://relative.sock/",
        "http+unix:///run/x.sock",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_what_may_be_secret(address):
    with pytest.raises(SettingsError) as raised:
        RegisterClient(address, TOKEN)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("token", ["a b", "a\nX-Evil: 1", "ä", "a\x00"])
def test_a_token_that_is_none_is_told_and_not_shown(token):
    with pytest.raises(SettingsError) as raised:
        RegisterClient("http://register.example", token)
    assert token not in str(raised.value)


def _count_in_child(client, answers):
    answers.put(client.count(Query()))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_opens_connections_of_its_own(client):
    before = client.count(Query())
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    children = [context.Process(target=_count_in_child, args=(client, answers)) for _ in range(3)]
    for child in children:
        child.start()
    found = [client.count(Query()) for _ in range(20)]
    for child in children:
        child.join(60)
    assert {answers.get() for _ in children} | set(found) == {before}


def test_a_certificate_that_vouches_for_nobody_known_gets_no_token(tmp_path):
    with Holder(certificate=make_certificate(tmp_path, "127.0.0.1")) as stranger:
        client = RegisterClient(stranger.url(""), TOKEN)
        with pytest.raises(RegisterUnavailableError, match="certificate"):
            client.count(Query())
        assert stranger.requests == []
        client.close()
