"""The register over HTTP: what the service answers, and that its client is as good as the register itself."""

import hashlib
import multiprocessing
import os
import pickle
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from data_holder import Holder, make_certificate
from londata.access import Subject, decide
from londata.catalog_files import FileRegister
from londata.client import Endpoint, RegisterClient
from londata.errors import (
    AccessDeniedError,
    FetchError,
    LondataError,
    NotAuthenticatedError,
    QueryError,
    RegisterUnavailableError,
    SettingsError,
    TooLargeError,
)
from londata.query import FACETS, Query, SearchResult
from londata.records import entry_from_dict
from londata_hub.services.answers import Answers
from londata_hub.services.content import Content
from londata_hub.services.register import create_app
from londata_hub.store import RegisterStore
from register_service import BASE, TOKEN, only_ada, served

MANY = 2_100
ADA = Subject("ada")
ANOTHER_FILE = {"id": "csv", "path": "data/boroughs.csv", "media_type": "text/csv", "sha256": "0a" * 32}


def made_up(number, **more):
    values = {
        "kind": "dataset",
        "id": f"numbered-{number:05}",
        "title": f"Numbered {number}",
        "publisher": {"id": "gla", "name": "Greater London Authority"},
        "access": "open",
        "licence": "ogl-3",
        "distributions": [{"id": "csv", "path": "data/boroughs.csv", "media_type": "text/csv"}],
    }
    return entry_from_dict(values | more)


@pytest.fixture(scope="module")
def holder():
    with Holder() as holder:
        yield holder


@pytest.fixture(scope="module")
def store(shared_catalog, holder, tmp_path_factory):
    """A real store: the small catalogue, many more entries, and some whose bytes are elsewhere."""
    state = tmp_path_factory.mktemp("store")
    elsewhere = [
        {"id": "good", "url": holder.url("/good.csv"), "media_type": "text/csv"},
        {"id": "moved", "url": holder.url("/moved.csv"), "media_type": "text/csv"},
        {"id": "private", "url": "http://127.0.0.1:9/x.csv", "media_type": "text/csv"},
    ]
    more = [
        made_up(MANY, id="held-elsewhere", title="Held elsewhere", distributions=elsewhere),
        made_up(MANY, id="lost", distributions=[{"id": "csv", "path": "data/lost.csv", "media_type": "text/csv"}]),
        made_up(MANY, id="led-out", distributions=[{"id": "csv", "path": "data/out.csv", "media_type": "text/csv"}]),
        made_up(MANY, id="another-file", distributions=[ANOTHER_FILE]),
        made_up(MANY, id="markup", title="<script>alert(1)</script> مدارس 🏫", access="closed"),
    ]
    outside = shared_catalog.parent / "outside.csv"
    outside.write_text("secret\n")
    (shared_catalog / "data" / "out.csv").symlink_to(outside)
    files = FileRegister(shared_catalog)
    with RegisterStore(f"sqlite:///{state / 'register.db'}", state / "index") as store:
        store.upsert([*files.loaded.entries, *map(made_up, range(MANY)), *more], source="tests")
        store.note(themes=files.loaded.themes, aliases=files.loaded.aliases)
        yield store


@pytest.fixture(scope="module", params=["port", "socket"])
def address(request, store, shared_catalog):
    app = create_app(store, only_ada, Content(shared_catalog), prefix=f"{BASE}/")
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "register.sock" if request.param == "socket" else None
        with served(app, socket) as address:
            yield address


@pytest.fixture
def client(address):
    client = RegisterClient(address, TOKEN)
    yield client
    client.close()


@pytest.fixture(scope="module")
def ask(address):
    """Ask the service as any program would; gives the plain answer."""
    endpoint = Endpoint.of(address)
    transport = httpx.HTTPTransport(uds=endpoint.socket)
    headers = {"Authorization": f"token {TOKEN}"}
    with httpx.Client(transport=transport, headers=headers, base_url=f"{endpoint.base}/api/v1", timeout=30) as http:
        yield http.get


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LONDATA_TOKEN", raising=False)
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)


QUERIES = [
    Query(),
    Query("cycle"),
    Query("numbered", access=("open",)),
    Query(publisher=("TfL",)),
    Query(access=("shared", "closed")),
    Query(licence=("not stated",), kind=("dataset",)),
    Query("zzzzqqqq"),
    Query("100% & ? # + / ; = “quotes” مدارس 🏫"),
    Query(uses=("borough-profile",)),
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_the_client_answers_as_the_register_itself(client, store, query):
    assert client.count(query) == store.count(query)
    assert client.search(query, facets=FACETS) == store.search(query, facets=FACETS)
    assert client.search(query, limit=3, offset=2) == store.search(query, limit=3, offset=2)
    assert list(client.slugs(query, limit=7)) == list(store.slugs(query, limit=7))
    assert list(client.slugs(query, prefix="c")) == list(store.slugs(query, prefix="c"))


def test_a_listing_goes_to_the_end_however_many_pages_it_takes(client, store):
    slugs = list(client.slugs(Query()))
    assert slugs == list(store.slugs(Query()))
    assert len(slugs) == store.count(Query()) > 2 * 1000


@pytest.mark.parametrize("limit", [0, 1, 999, 1000, 1001, 2000, 2001, 5000])
def test_a_listing_can_be_cut_where_the_caller_says(client, store, limit):
    assert list(client.slugs(Query(), limit=limit)) == list(store.slugs(Query(), limit=limit))


@pytest.mark.parametrize(("limit", "offset"), [(0, 0), (1500, 0), (1500, 1000), (5, 99_999), (5000, 2)])
def test_a_search_may_be_larger_than_a_page(client, store, limit, offset):
    found = client.search(Query(), limit=limit, offset=offset)
    assert found == store.search(Query(), limit=limit, offset=offset)
    assert found.total == store.count(Query())


def test_one_entry_comes_whole(client, store):
    for slug in ("borough-profile", "markup", "borough-explorer", "search"):
        assert client.find(slug) == store.find(slug) is not None


@pytest.mark.parametrize(
    "slug", ["no-such-entry", "", "..", "a/b", "../search", "Borough", "ä", "a" * 10_000, "%2e%2e"]
)
def test_an_entry_that_is_not_there_is_none(client, slug):
    assert client.find(slug) is None


@pytest.mark.parametrize("slug", ["borough-profle", "borough_profle", "Borough Profle!", "cycle-hires", "", "../x"])
def test_near_misses_are_suggested(client, slug):
    assert isinstance(client.near(slug), list)
    if "profle" in slug.lower():
        assert client.near(slug)[0] == "borough-profile"


def test_themes_come_in_their_order(client, store):
    assert list(client.themes().items()) == list(store.themes().items())


def test_a_register_that_changes_is_not_answered_from_memory(tmp_path, shared_catalog):
    with RegisterStore(f"sqlite:///{tmp_path / 'r.db'}", tmp_path / "index") as store:
        store.upsert([made_up(1)], source="tests")
        with served(create_app(store, only_ada, Content(shared_catalog))) as address:
            client = RegisterClient(address.removesuffix(BASE), TOKEN)
            for _ in range(2):
                assert (client.count(Query()), client.find("numbered-00002")) == (1, None)
                assert client.find("numbered-00001").title == "Numbered 1"
            store.upsert([made_up(1, title="Renamed"), made_up(2)], source="tests")
            assert client.count(Query()) == 2
            assert client.find("numbered-00001").title == "Renamed"
            assert client.find("numbered-00002") is not None
            assert client.search(Query("renamed")).total == 1
            client.close()


def test_a_remembered_answer_is_not_given_after_only_aliases_or_themes_changed(tmp_path):
    with RegisterStore(f"sqlite:///{tmp_path / 'register.db'}", tmp_path / "index") as store:
        store.upsert([made_up(1)], source="tests")
        with served(create_app(store, only_ada, Content(tmp_path))) as address:
            client = RegisterClient(address.removesuffix(BASE), TOKEN)
            asked = Query(publisher=("The Makers",))
            assert (client.count(asked), client.search(asked).total, client.themes()) == (0, 0, {})
            store.note(aliases={"the makers": made_up(1).publisher.id}, themes={"people": "People"})
            assert (client.count(asked), client.search(asked).total, client.themes()) == (1, 1, {"people": "People"})
            client.close()


def test_a_register_without_a_state_is_asked_every_time():
    class Register:
        asked = 0

        def count(self, query):
            self.asked += 1
            return self.asked

    async def twice():
        answers = Answers(Register())
        return [await answers.count(Query()), await answers.count(Query())]

    import asyncio

    assert asyncio.run(twice()) == [1, 2]


class Lying:
    """A service that says one thing and sends another."""

    def __init__(self, **page):
        self.page = {"total": 3, "slugs": ["a", "b"], "entries": [], "facets": {}} | page

    def __call__(self, request):
        return httpx.Response(200, json=self.page)


@pytest.mark.parametrize(
    "page",
    [
        {"slugs": ["a", "b"]},
        {"slugs": []},
        {"slugs": ["a", "b", "c", "d"]},
        {"entries": []},
    ],
)
def test_a_page_that_does_not_fit_the_services_own_count_is_refused(page):
    client = RegisterClient("http://register.example", TOKEN, transport=httpx.MockTransport(Lying(**page)))
    with pytest.raises(RegisterUnavailableError, match="counts 3 entries"):
        list(client.slugs(Query())) if "slugs" in page else client.search(Query())
    client.close()


def test_a_register_that_changes_between_two_pages_is_noticed():
    pages = iter([{"total": 1500, "slugs": ["x"] * 1000}, {"total": 1501, "slugs": ["x"] * 501}])
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=next(pages)))
    client = RegisterClient("http://register.example", TOKEN, transport=transport)
    with pytest.raises(RegisterUnavailableError, match="changed while it was read"):
        list(client.slugs(Query()))
    client.close()


# --- bytes


def fetch(client, slug, name=None):
    entry = client.find(slug)
    chosen = next(each for each in entry.distributions if name in (None, each.id))
    return client.fetch(entry, chosen, decide(ADA, "read", entry))


def test_the_bytes_of_a_file_beside_the_catalogue_come_whole(client, shared_catalog):
    copy = fetch(client, "borough-profile", "csv")
    original = (shared_catalog / "data" / "boroughs.csv").read_bytes()
    assert copy.path.read_bytes() == original
    assert copy.sha256 == hashlib.sha256(original).hexdigest()
    assert copy.size_bytes == len(original)


def test_bytes_that_are_here_already_are_not_sent_again(client, ask):
    first, second = fetch(client, "borough-profile", "csv"), fetch(client, "borough-profile", "csv")
    assert first == second
    path = "/entries/borough-profile/distributions/csv/content"
    answer = ask(path, headers={"If-None-Match": f'"{first.sha256}"'})
    assert (answer.status_code, answer.content) == (304, b"")
    assert ask(path, headers={"If-None-Match": '"other", W/"x"'}).status_code == 200


def test_bytes_that_changed_are_sent_anew(client, shared_catalog):
    file = shared_catalog / "data" / "cycles.csv"
    before, text = fetch(client, "cycle-hires-daily"), file.read_text()
    try:
        file.write_text(text + "2026-02-01,1\n")
        after = fetch(client, "cycle-hires-daily")
        assert after.sha256 != before.sha256
        assert after.path.read_text().endswith("2026-02-01,1\n")
    finally:
        file.write_text(text)


def test_bytes_come_with_headers_that_say_what_they_are(ask):
    answer = ask("/entries/borough-profile/distributions/csv/content", headers={"Range": "bytes=0-3"})
    assert answer.status_code == 200
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["content-type"].startswith("text/csv")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-disposition"] == 'attachment; filename="borough-profile.csv.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "x-londata-version" in answer.headers


def test_the_hub_fetches_what_is_held_elsewhere(client, holder, monkeypatch):
    monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{holder.port}")
    holder.answer("/good.csv", b"a,b\n1,2\n", etag='"v7"', content_type="text/csv")
    copy = fetch(client, "held-elsewhere", "good")
    assert copy.path.read_bytes() == b"a,b\n1,2\n"
    assert copy.version == '"v7"'


def test_why_the_bytes_cannot_be_had_is_told_in_the_words_of_the_hub(client, holder, monkeypatch):
    with pytest.raises(FetchError, match=r"private network|port 9") as raised:
        fetch(client, "held-elsewhere", "private")
    assert type(raised.value).__name__ == "AddressRefusedError"
    assert raised.value.hint
    monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{holder.port}")
    with pytest.raises(FetchError, match="moved or removed"):
        fetch(client, "held-elsewhere", "moved")


@pytest.mark.parametrize("slug", ["lost", "led-out"])
def test_a_file_that_is_not_there_or_leads_out_of_the_folder_is_not_opened(client, slug):
    with pytest.raises(FetchError, match="is not as the register says"):
        fetch(client, slug)


def test_a_file_that_is_not_the_one_described_is_not_handed_out(client):
    with pytest.raises(FetchError, match="SHA-256 differs"):
        fetch(client, "another-file")


def test_a_file_of_the_catalogue_has_the_version_that_its_entry_states(client):
    assert fetch(client, "borough-profile", "csv").version == "2026-01-31"


def test_shared_data_is_not_handed_out(client, ask):
    entry = client.find("care-cases")
    with pytest.raises(AccessDeniedError):
        client.fetch(entry, entry.distributions[0], decide(ADA, "read", entry))
    answer = ask("/entries/care-cases/distributions/csv/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access_denied")


def test_an_allow_of_the_callers_own_making_opens_nothing(client):
    entry = client.find("care-cases")
    forged = entry.model_copy(update={"access": "open"})
    with pytest.raises(AccessDeniedError):
        client.fetch(entry, entry.distributions[0], decide(ADA, "read", forged))


def test_a_decision_about_one_entry_does_not_open_another(shared_catalog):
    import asyncio

    files = FileRegister(shared_catalog)
    entry, other = files.find("borough-profile"), files.find("borough-places")
    for decision in (decide(ADA, "read", other), decide(ADA, "see", entry)):
        with pytest.raises(AccessDeniedError):
            asyncio.run(Content(shared_catalog).open(entry, entry.distributions[0], decision))


def test_a_decision_about_an_open_entry_does_not_open_the_file_of_another(shared_catalog, client):
    import asyncio

    files = FileRegister(shared_catalog)
    entry, shared = files.find("borough-profile"), files.find("care-cases").distributions[0]
    decision = decide(ADA, "read", entry)
    with pytest.raises(AccessDeniedError, match="is not one of its own"):
        asyncio.run(Content(shared_catalog).open(entry, shared, decision))
    with pytest.raises(AccessDeniedError, match="is not one of its own"):
        client.fetch(entry, shared, decision)


def test_a_distribution_that_is_not_there_is_told_with_those_that_are(ask):
    answer = ask("/entries/borough-profile/distributions/xlsx/content")
    assert answer.status_code == 404
    assert "csv, pdf" in answer.json()["error"]["hint"]


def test_more_bytes_than_the_limit_are_not_kept(client, monkeypatch):
    monkeypatch.setenv("LONDATA_MAX_DOWNLOAD", "10")
    with pytest.raises(TooLargeError):
        fetch(client, "borough-profile", "csv")


def test_bytes_that_are_not_what_was_promised_are_not_kept(shared_catalog):
    entry = FileRegister(shared_catalog).find("borough-profile")
    headers = {"etag": f'"{"0" * 64}"'}
    answers = httpx.MockTransport(lambda _: httpx.Response(200, content=b"other", headers=headers))
    client = RegisterClient("http://register.example", TOKEN, transport=answers)
    for _ in range(2):
        with pytest.raises(FetchError, match="did not arrive as it was sent"):
            client.fetch(entry, entry.distributions[0], decide(ADA, "read", entry))
    client.close()


# --- errors


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


@pytest.mark.parametrize("headers", [{"length": False, "etag": '"x"'}, {}], ids=["no length", "no hash"])
def test_bytes_that_cannot_be_checked_are_not_kept(headers, shared_catalog):
    entry = FileRegister(shared_catalog).find("borough-profile")
    with Holder() as holder:
        holder.answer("/api/v1/entries/borough-profile/distributions/csv/content", b"a\n1\n", **headers)
        client = RegisterClient(holder.url(""), TOKEN)
        with pytest.raises(FetchError, match="without its size or hash"):
            client.fetch(entry, entry.distributions[0], decide(ADA, "read", entry))
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


# --- the client and its token


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
        child.join(30)
    assert {answers.get() for _ in children} | set(found) == {before}


# --- what the service says of itself


def test_health_needs_no_token_and_tells_nothing(address):
    endpoint = Endpoint.of(address)
    with httpx.Client(transport=httpx.HTTPTransport(uds=endpoint.socket)) as http:
        answer = http.get(f"{endpoint.base}/api/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


def test_completions_name_what_python_calls_it(ask):
    assert ask("/completions?prefix=borough_pr").json()["completions"] == [
        {"slug": "borough-profile", "key": "borough_profile"}
    ]
    assert {"slug": "search", "key": "search_"} in ask("/completions?prefix=sea").json()["completions"]


def test_me_names_the_caller(ask):
    assert ask("/me").json() == {"name": "ada", "groups": ["analysts"]}


def test_facets_are_counted_among_what_fits(ask, store):
    said = ask("/facets", params={"publisher": "tfl"}).json()
    expected = store.search(Query(publisher=("tfl",)), limit=1, facets=FACETS)
    assert said["total"] == expected.total
    assert said["facets"] == {name: [list(pair) for pair in pairs] for name, pairs in expected.facets.items()}


def test_a_listing_states_how_many_there_are_in_all(ask, store):
    page = ask("/entries?limit=2&offset=1").json()
    assert (page["total"], len(page["entries"])) == (store.count(Query()), 2)
    assert [entry["id"] for entry in page["entries"]] == list(store.slugs(Query()))[1:3]


def test_openapi_describes_every_parameter_and_the_error(ask):
    said = ask("/openapi.json").json()
    parameters = {item["name"]: item for item in said["paths"][f"{BASE}/api/v1/search"]["get"]["parameters"]}
    assert set(parameters) == {
        *("q", "publisher", "topic", "access", "licence", "format", "geography", "kind", "uses"),
        *("facets", "limit", "offset"),
    }
    assert all(item["description"] for item in parameters.values())
    assert parameters["limit"]["schema"]["maximum"] == 1000
    for path, methods in said["paths"].items():
        changes = path.endswith(("/approve", "/refuse", "/withdraw", "/end"))
        both = path == f"{BASE}/api/v1/requests"
        assert list(methods) == (["get", "post"] if both else ["post"] if changes else ["get"]), path
        for name, method in methods.items():
            assert method["description"], path
            assert method["responses"]["401"]["content"]["application/json"]["schema"]["$ref"].endswith("ErrorBody")
            assert ("requestBody" in method) == (name == "post"), path


@pytest.mark.parametrize("where", ["socket", "port"])
def test_the_hub_starts_and_stops_it_as_a_process(where, tmp_path, store):
    """As the hub does: everything from the environment, and a signal at the end."""
    from running_hub import free_port, wait_for

    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "register.sock"
        at = f"http+unix://{quote(str(socket), safe='')}" if where == "socket" else f"http://127.0.0.1:{free_port()}"
        environ = {
            **os.environ,
            "LONDATA_HUB_STATE": str(tmp_path / "state"),
            "JUPYTERHUB_SERVICE_URL": f"{at}/",
            "JUPYTERHUB_SERVICE_PREFIX": "/services/register/",
            "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api",
        }
        command = [sys.executable, "-m", "londata_hub.services.register"]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            client = RegisterClient(f"{at}{BASE}", TOKEN)

            def healthy():
                assert process.poll() is None, process.stdout.read().decode()
                try:
                    return client._connection.get("/health")["ok"]
                except RegisterUnavailableError:
                    return False

            wait_for(healthy, what="the service")
            with pytest.raises(RegisterUnavailableError, match="lets nobody in"):
                client.count(Query())
            if where == "socket":
                assert stat.S_IMODE(socket.stat().st_mode) == 0o666
            client.close()
            process.send_signal(signal.SIGTERM)
            started = time.monotonic()
            assert process.wait(20) in (0, -signal.SIGTERM)
            assert time.monotonic() - started < 20
            assert b"Traceback" not in process.stdout.read()
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def test_a_certificate_that_vouches_for_nobody_known_gets_no_token(tmp_path):
    with Holder(certificate=make_certificate(tmp_path, "127.0.0.1")) as stranger:
        client = RegisterClient(stranger.url(""), TOKEN)
        with pytest.raises(RegisterUnavailableError, match="certificate"):
            client.count(Query())
        assert stranger.requests == []
        client.close()
