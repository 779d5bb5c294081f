"""An insight asks as itself: who may ask in its name, what it gets, and that its access ends with its owner's."""

import asyncio
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import sharing_world as world_of_sharing
from gateway_service import World, served_gateway
from londata.client import unix_address
from londata.client.gateway import GatewayClient
from londata.errors import AccessDeniedError, AccessEndedError, FetchError, NotAuthenticatedError
from londata.records.publications import Publication
from londata_hub.apps.passing import Acting
from londata_hub.apps.relay import Relay
from londata_hub.gateway.insights import Insights
from londata_hub.store.publication_store import PublicationStore
from register_service import served
from running_hub import wait_for


def published(store, slug="rolls-map", **more):
    values = {"slug": slug, "owner": "ada", "project": "places", "audience": ("hub",), "created_at": store.now()}
    return store.add(Publication(**(values | more)))


def ask(gateway, slug="rolls-map", who="service/apps", *, entry="rolls", headers=None, **more):
    body = {"entry": entry, "distribution": "parquet"} | more
    named = [("X-Londata-App", slug)] if headers is None else headers
    with gateway.client() as client:
        return client.post("/readings", json=body, headers=[("Authorization", f"Bearer token-of-{who}"), *named])


@pytest.fixture
def gateway(tmp_path):
    with served_gateway(World(tmp_path, rows=1_000).make()) as running:
        published(running.publications)
        yield running


def test_an_insight_reads_as_itself_for_its_owner_and_its_project(gateway):
    for who in ("service/apps", "service/insights"):
        said = ask(gateway, who=who)
        assert said.status_code == 201, said.text
        assert (said.json()["project"], said.json()["access"]) == ("places", "closed")
    assert {(each["actor"], each["subject"], each["project"]) for each in gateway.log("reading.begun")} == {
        ("app/rolls-map", "ada", "places")
    }
    assert {each["details"]["session"] for each in gateway.log("decision.allowed")} == {"app/rolls-map"}
    refused = ask(gateway, project="routes").json()["error"]
    assert refused["message"] == "This insight acts for the project places, and for no other."
    published(gateway.publications, "without-project", project=None)
    assert ask(gateway, "without-project").status_code == 403
    refused = ask(gateway, "without-project", project="places").json()["error"]
    assert refused["message"] == "This insight acts for no project."


@pytest.mark.parametrize("who", ["ada", "bola", "service/report"])
def test_nobody_else_asks_in_the_name_of_an_insight(gateway, who):
    refused = ask(gateway, who=who)
    assert refused.status_code == 403
    assert refused.json()["error"]["message"].startswith("Only the hub's own services")
    assert gateway.log("reading.begun") == []


@pytest.mark.parametrize(
    "names", [["rolls-map", "rolls-map"], ["rolls-map", "other"], [""], ["Rolls Map"], ["../x"], ["x" * 200], ["app/x"]]
)
def test_a_name_that_is_none_or_two_is_refused_and_not_passed_over(gateway, names):
    assert ask(gateway, headers=[("X-Londata-App", name) for name in names]).status_code == 403


def test_the_service_itself_reads_nothing(gateway):
    for who in ("service/apps", "service/insights"):
        assert ask(gateway, who=who, headers=[], project="places").status_code == 403


def test_no_insight_no_access(gateway):
    published(gateway.publications, "shipped", owner="The londata maintainers", shipped=True)
    published(gateway.publications, "of-somebody-who-left", owner="zoe")
    published(gateway.publications, "of-a-service", owner="service/apps")
    published(gateway.publications, "of-eve", owner="eve")
    for slug in ("unknown", "shipped", "of-somebody-who-left", "of-a-service", "of-eve"):
        assert ask(gateway, slug).status_code == 403, slug
    gateway.publications.withdraw("rolls-map", "ada", "over")
    assert ask(gateway).json()["error"]["code"] == "access_ended"
    assert gateway.log("reading.begun") == []


def test_an_insight_that_was_paused_reads_for_its_owner(gateway):
    gateway.publications.pause("rolls-map", "ada", "later")
    assert ask(gateway).status_code == 201


ENDS = {
    "the grant is ended": lambda gateway: gateway.store.end_grant("ada-rolls-places", "chen", ""),
    "the owner leaves the hub": lambda gateway: gateway.people.groups.update(ada=None),
    "the owner leaves the body": lambda gateway: gateway.people.groups.update(ada=frozenset({"analysts"})),
    "the insight is withdrawn": lambda gateway: gateway.publications.withdraw("rolls-map", "ada", "over"),
}


@contextmanager
def relayed(gateway, *actings):
    """Relays in front of a gateway, as the service of apps has them; gives a client at each app's door."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    async def made():
        return Relay(gateway.world.folder, "token-of-service/apps")

    relay = run(made())
    clients = []
    with tempfile.TemporaryDirectory(prefix="ldt-", dir="/tmp") as folder:
        for number, acting in enumerate(actings):
            run(relay.listen(Path(folder) / str(number), acting))
            clients.append(
                GatewayClient(unix_address(Path(folder) / str(number) / "gateway.sock", "/services/gateway"), "x")
            )
        yield relay, *clients
        for client in clients:
            client.close()
        run(relay.close())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(60)
    loop.close()


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_its_streams_are_cut_when_its_owners_access_ends(tmp_path, end):
    world = World(tmp_path, rows=1_000).make()
    with world.rolls.open("ab") as file:
        file.truncate(100_000_000)
    acting = Acting("rolls-map", 1, frozenset({"rolls"}))
    with served_gateway(world, on_socket=True) as gateway, relayed(gateway, acting) as (_, client):
        published(gateway.publications)
        held = client.hold(client.begin("rolls", "parquet"))
        pieces = held.pieces()
        next(pieces)
        end(gateway)
        (cut,) = wait_for(lambda: gateway.log("reading.cut"), 60)
        with pytest.raises((FetchError, AccessDeniedError, NotAuthenticatedError)):
            list(pieces)
        assert cut["details"]["bytes"] < 100_000_000
        assert (cut["actor"], cut["subject"]) == ("app/rolls-map", "ada")
        with pytest.raises((AccessDeniedError, AccessEndedError)):
            client.begin("rolls", "parquet")


def test_insights_of_two_projects_are_two_sessions_and_hold_tokens_that_are_no_use_elsewhere(tmp_path):
    world = World(tmp_path, rows=1_000).make()
    actings = [Acting(slug, 1, frozenset({"rolls"})) for slug in ("rolls-map", "routes-map")]
    with served_gateway(world, on_socket=True) as gateway, relayed(gateway, *actings) as (relay, one, other):
        published(gateway.publications)
        published(gateway.publications, "routes-map", project="routes")
        first, second = (client.begin("rolls", "parquet") for client in (one, other))
        assert (first.project, second.project) == ("places", "routes")
        assert [held.hold(begun).read(0, 4) for held, begun in ((one, first), (other, second))] == [b"PAR1", b"PAR1"]
        with pytest.raises(NotAuthenticatedError):
            other.bytes_of(first, 0, 4)
        with gateway.client(first.token) as client:  # past the relay, where an app cannot come
            assert client.get(first.path).status_code == 401
        (seen,) = relay.seen("rolls-map", 1)
        assert (seen.entry, seen.access, seen.agreement, seen.sha256) == ("rolls", "closed", "ISA-1", first.sha256)


# -- the register


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    folder = tmp_path_factory.mktemp("register")

    async def groups(name):
        return {"ada": frozenset({"analysts", "org-camden"})}.get(name)

    with (
        world_of_sharing.stores(folder) as (register, access),
        PublicationStore(f"sqlite:///{folder / 'register.sqlite'}", folder / "anchors") as publications,
    ):
        acting = Insights(publications.find, groups).subject
        with served(world_of_sharing.app_over(register, access, folder, acting=acting)) as address:
            published(publications, "rolls-map", project="school-places")
            published(publications, "gone", project="school-places")
            publications.withdraw("gone", "ada", "over")
            published(publications, "of-zoe", owner="zoe")
            yield f"{address}/api/v1"


def status(register, path, token, slug=""):
    headers = {"Authorization": f"Bearer {token}"} | ({"X-Londata-App": slug} if slug else {})
    return httpx.get(register + path, headers=headers).status_code


def test_the_register_shows_an_insight_what_its_owner_may_see(register):
    assert status(register, "/entries/pupils-hidden", "ada") == 200
    assert status(register, "/entries/pupils-hidden", "apps") == 404
    assert status(register, "/entries/pupils-hidden", "apps", "rolls-map") == 200
    assert status(register, "/entries/pupils-hidden", "insights", "rolls-map") == 200


@pytest.mark.parametrize("slug", ["unknown", "gone", "of-zoe", "Rolls Map"])
def test_the_register_answers_no_insight_that_is_not_there(register, slug):
    assert status(register, "/count", "apps", slug) == 403


@pytest.mark.parametrize("who", ["ada", "sid", "stu", "robot"])
def test_the_register_lets_nobody_else_ask_in_the_name_of_an_insight(register, who):
    assert status(register, "/count", who) == 200
    assert status(register, "/count", who, "rolls-map") == 403


def test_a_register_that_knows_of_no_insights_refuses_the_name(tmp_path):
    with (
        world_of_sharing.stores(tmp_path) as (register, access),
        served(world_of_sharing.app_over(register, access, tmp_path)) as address,
    ):
        assert status(f"{address}/api/v1", "/count", "apps", "rolls-map") == 403
