"""The register over HTTP: its client answers questions as well as the register itself."""

import httpx
import pytest

from londata.client import RegisterClient
from londata.errors import RegisterUnavailableError
from londata.query import FACETS, Query
from londata_hub.services.answers import Answers
from londata_hub.services.content import Content
from londata_hub.services.register import create_app
from londata_hub.store import RegisterStore
from numbered_entries import made_up
from register_service import BASE, TOKEN, only_ada, served

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


def test_completions_name_what_python_calls_it(ask):
    assert ask("/completions?prefix=borough_pr").json()["completions"] == [
        {"slug": "borough-profile", "key": "borough_profile"}
    ]
    assert {"slug": "search", "key": "search_"} in ask("/completions?prefix=sea").json()["completions"]


def test_facets_are_counted_among_what_fits(ask, store):
    said = ask("/facets", params={"publisher": "tfl"}).json()
    expected = store.search(Query(publisher=("tfl",)), limit=1, facets=FACETS)
    assert said["total"] == expected.total
    assert said["facets"] == {name: [list(pair) for pair in pairs] for name, pairs in expected.facets.items()}


def test_a_listing_states_how_many_there_are_in_all(ask, store):
    page = ask("/entries?limit=2&offset=1").json()
    assert (page["total"], len(page["entries"])) == (store.count(Query()), 2)
    assert [entry["id"] for entry in page["entries"]] == list(store.slugs(Query()))[1:3]
