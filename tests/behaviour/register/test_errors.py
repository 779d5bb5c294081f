"""What goes wrong between the register's service and its client is told in the words of londata."""

import tempfile
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from data_holder import Holder
from londata.client import RegisterClient
from londata.errors import LondataError, QueryError, RegisterUnavailableError
from londata.query import Query, SearchResult
from londata_hub.services.content import Content
from londata_hub.services.register import create_app
from numbered_entries import made_up
from register_service import BASE, TOKEN, only_ada, served


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/search?colour=red", 400, "query"),
        ("/search?limit=1001", 400, "query"),
        ("/search?limit=-1", 400, "query"),
        ("/search?limit=many", 400, "query"),
        ("/search?limit=5&limit=6", 400, "query"),
        ("/search?offset=99999999999", 400, "query"),
        (f"/search?q={'a' * 501}", 400, "query"),
        ("/search?q=a&q=b", 400, "query"),
        ("/search?q=%ff", 400, "query"),
        ("/search?access=secret", 400, "query"),
        ("/search?facets=colour", 400, "query"),
        ("/search?" + "&".join(f"tag{n}=1" for n in range(600)), 400, "query"),
        ("/search?" + "&".join(f"topic={n}" for n in range(60)), 400, "query"),
        ("/entries?facets=topic", 400, "query"),
        ("/entries/borough-profile?x=1", 400, "query"),
        ("/me?token=x", 400, "query"),
        ("/health?x=1", 400, "query"),
        ("/themes?x=1", 400, "query"),
        ("/entries/no-such-entry", 404, "not_found"),
        ("/entries/no-such-entry/distributions/csv/content", 404, "not_found"),
        ("/nowhere", 404, "no_such_address"),
        ("/", 404, "no_such_address"),
        ("/search/", 404, "no_such_address"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_the_one_shape(ask, path, status, code):
    answer = ask(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert set(answer.json()["error"]) == {"code", "message", "hint", "request_id"}
    assert len(answer.content) < 1000


def test_the_client_raises_the_error_that_the_service_raised(client):
    with pytest.raises(QueryError, match="access cannot be 'secret'") as raised:
        client.count(Query(access=("secret",)))
    assert "open, shared, closed" in raised.value.hint


def test_every_error_of_londata_can_cross_the_wire():
    def kinds(kind):
        return [kind, *(deeper for each in kind.__subclasses__() for deeper in kinds(each))]

    for kind in kinds(LondataError):
        if kind.__init__ is not LondataError.__init__ or not kind.__module__.startswith("londata."):
            continue
        said = {"error": {"code": kind.code, "message": "Words.", "hint": "Hint.", "request_id": "1"}}
        answer = httpx.MockTransport(lambda _, said=said, kind=kind: httpx.Response(kind.http_status, json=said))
        client = RegisterClient("http://register.example", TOKEN, transport=answer)
        with pytest.raises(kind) as raised:
            client.count(Query())
        assert (type(raised.value), raised.value.message, raised.value.hint) == (kind, "Words.", "Hint.")
        client.close()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>a login page</html>"),
        httpx.Response(404, text="404 page not found"),
        httpx.Response(502, json={"error": "bad gateway"}),
        httpx.Response(503, json=["no"]),
        httpx.Response(302, headers={"location": "http://elsewhere.example/"}),
    ],
)
def test_what_is_no_register_is_told_as_such(answer):
    client = RegisterClient("http://register.example", TOKEN, transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(RegisterUnavailableError, match="is not a register"):
        client.count(Query())
    client.close()


@pytest.mark.parametrize("call", ["count", "find", "slugs", "search", "near", "themes"])
def test_where_nobody_answers_every_question_gets_a_sentence(call, tmp_path):
    socket = quote(str(tmp_path / "no.sock"), safe="")
    client = RegisterClient(f"http+unix://{socket}/services/register", TOKEN)
    questions = {
        "count": lambda: client.count(Query()),
        "find": lambda: client.find("a"),
        "slugs": lambda: list(client.slugs(Query())),
        "search": lambda: client.search(Query()),
        "near": lambda: client.near("a"),
        "themes": client.themes,
    }
    with pytest.raises(RegisterUnavailableError, match="does not answer") as raised:
        questions[call]()
    assert TOKEN not in str(raised.value)
    client.close()


def test_an_answer_that_does_not_come_is_not_waited_for(tmp_path):
    with Holder() as holder:
        holder.script("/api/v1/count", lambda _: holder.stopping.wait(20))
        client = RegisterClient(holder.url(""), TOKEN, timeout=0.3)
        with pytest.raises(RegisterUnavailableError, match="does not answer"):
            client.count(Query())
        client.close()


def test_a_service_that_restarts_is_found_again(store, shared_catalog):
    app = create_app(store, only_ada, Content(shared_catalog))
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "register.sock"
        with served(app, socket, base="") as address:
            client = RegisterClient(address, TOKEN)
            assert client.count(Query(access=("shared",))) == 1
        with served(app, socket, base=""):
            assert client.count(Query(access=("shared",))) == 1
        client.close()


def test_an_entry_from_a_newer_register_is_told_as_such():
    said = {"kind": "dataset", "id": "a", "title": "A", "colour": "red"}
    client = RegisterClient(
        "http://register.example", TOKEN, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=said))
    )
    with pytest.raises(RegisterUnavailableError, match="this version of londata does not know"):
        client.find("a")
    client.close()


def test_what_was_withdrawn_meanwhile_is_withheld_and_said_to_be(store, shared_catalog):

    class Late:
        address, state = "late", "1"

        def search(self, query, *, limit, offset, facets):
            return SearchResult(2, (made_up(1),), {})

    with served(create_app(Late(), only_ada, Content(shared_catalog))) as address:
        client = RegisterClient(address.removesuffix(BASE), TOKEN)
        found = client.search(Query())
        assert (found.total, len(found.entries)) == (2, 1)
        client.close()
