"""What an app's own code gets through its doors, whatever it sends. Real sockets on both sides, no hub."""

import asyncio
import contextlib
import json
import tempfile
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from londata.access import Decision
from londata.client import RegisterClient
from londata.errors import AccessDeniedError
from londata.records import entry_from_dict
from londata_hub.apps.passing import Acting
from londata_hub.apps.relay import Relay

API = {name: f"/services/{name}/api/v1" for name in ("register", "gateway", "insights")}
CHECKED, SERVED = Acting("rolls-map", 3), Acting("rolls-map", 3, frozenset({"areas", "school-rolls"}))
RELEASED = Acting("rolls-map", 3, frozenset(), released=True)


class Services:
    """The three services at real sockets, which note what they are asked and know a little."""

    def __init__(self, folder):
        self.folder, self.asked, self.runners = folder, [], []

    async def __aenter__(self):
        for name in API:
            application = web.Application()
            application.router.add_route("*", "/{path:.*}", self.answer)
            runner = web.AppRunner(application)
            await runner.setup()
            await web.UnixSite(runner, str(self.folder / f"{name}.sock")).start()
            self.runners.append(runner)
        return self

    async def __aexit__(self, *_):
        for runner in self.runners:
            await runner.cleanup()

    async def answer(self, request):
        headers = request.headers
        who = headers.get("Authorization"), headers.get("X-Londata-App")
        self.asked.append((request.method, request.raw_path, *who))
        assert "Cookie" not in headers
        of_version = {"X-Londata-App-Version"} if "/tables" in request.path else set()
        assert {name for name in headers if name.startswith("X-Londata-")} - {"X-Londata-App"} == of_version
        assert not of_version or headers["X-Londata-App-Version"] == "3"
        if request.path.endswith("/readings"):
            entry = (await request.json())["entry"]
            said = {"token": f"real-token-of-{entry}", "entry": entry, "access": "closed", "version": "2026-11-01"}
            return web.json_response(said | {"sha256": "ab", "agreement": "ISA-014", "direct": {"a": "b"}}, status=201)
        told = {"ETag": '"cd"', "X-Londata-Version": "2026-10-01", "Set-Cookie": "a=b", "X-Secret": "s"}
        return web.json_response({"ok": True}, headers=told)


class App:
    """The code of an app, which sees its doors and nothing else."""

    def __init__(self, doors):
        self.doors = doors

    async def ask(self, method, address, *, door=None, headers=None, body=None):
        door = door or address.split("/")[2]
        mine = {"Authorization": "token of-my-own", "Cookie": "c=d", "X-Londata-App": "other", "X-Londata-Kernel": "k"}
        mine["X-Londata-App-Version"] = "9"
        connector = aiohttp.UnixConnector(str(self.doors / f"{door}.sock"))
        url = URL(f"http://{door}{address}", encoded=True)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, url, headers=mine | (headers or {}), data=body) as answer,
        ):
            text = await answer.read()
            assert "Set-Cookie" not in answer.headers
            assert "X-Secret" not in answer.headers
            return answer.status, json.loads(text) if text else None

    async def begin(self, entry):
        return await self.ask("POST", f"{API['gateway']}/readings", body=json.dumps({"entry": entry}))

    async def data(self, entry, token):
        headers = {"Authorization": f"Bearer {token}"}
        return await self.ask("GET", f"{API['gateway']}/data/{entry}/rolls", headers=headers)


@pytest.fixture
def short_folder():
    with tempfile.TemporaryDirectory(prefix="ldt-", dir="/tmp") as folder:
        yield Path(folder)


def told(folder, story, *actings):
    """Run a story with the services, a relay, and an app for each of the actings."""

    async def run():
        async with Services(folder) as services:
            relay = Relay(folder, "the-services-token")
            apps = [App(folder / f"app{number}") for number in range(len(actings))]
            for app, acting in zip(apps, actings, strict=True):
                await relay.listen(app.doors, acting)
            try:
                return await story(services, relay, *apps)
            finally:
                await relay.close()

    return asyncio.run(run())


def test_an_app_reads_under_the_agreements_with_which_it_was_checked_and_no_other(short_folder):
    """Its owner may have got another grant since, for more columns than its viewers may see."""
    same, other = (
        Acting("rolls-map", 3, frozenset({"school-rolls"}), under=frozenset({("school-rolls", agreement)}))
        for agreement in ("ISA-014", "ISA-015")
    )

    async def story(services, relay, one, two):
        assert (await one.begin("school-rolls"))[0] == 201
        status, said = await two.begin("school-rolls")
        assert status == 403
        assert "token" not in said
        assert "under another agreement" in said["error"]["message"]
        assert [each.agreement for each in relay.seen("rolls-map", 3)] == ["ISA-014"]

    told(short_folder, story, same, other)


PASSES = [
    ("GET", "register", "/search?text=school&limit=3"),
    ("GET", "register", "/entries/anything"),
    ("GET", "register", "/entries/anything/near?limit=3"),
    ("GET", "register", "/entries/areas/distributions/csv/content"),
    ("GET", "register", "/agreements"),
    ("GET", "gateway", "/health"),
]
SHUT = [
    *[(method, "register", "/entries/areas") for method in ("POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")],
    ("POST", "register", "/requests"),
    ("GET", "register", "/requests"),
    ("GET", "register", "/projects"),
    ("GET", "register", "/decisions?entry=areas"),
    ("GET", "register", "/notices"),
    ("POST", "register", "/grants/g1/end"),
    ("GET", "register", "/openapi.json"),
    ("GET", "register", "/../../../hub/api/users"),
    ("GET", "register", "/%2e%2e/openapi.json"),
    ("GET", "register", "/entries/%61reas"),
    ("GET", "register", "/entries/areas/"),
    ("GET", "register", "//entries/areas"),
    ("GET", "register", "/entries/areas/distributions/../content"),
    ("GET", "register", "/search?text=" + "x" * 9000),
    ("POST", "gateway", "/readings/"),
    ("GET", "gateway", "/readings"),
    ("POST", "gateway", "/data/areas/csv"),
    ("GET", "gateway", "/data/areas/..%2fsecret"),
    ("GET", "insights", "/insights"),
    ("POST", "insights", "/insights/rolls-map/withdraw"),
    ("GET", "insights", "/insights/rolls-map/receipt"),
    ("GET", "insights", "/insights/rolls-map/releases/3/workings"),
]


def test_an_app_asks_for_what_it_needs_and_holds_no_token(short_folder):
    async def story(services, _, app):
        return [await app.ask(method, API[door] + path) for method, door, path in PASSES], services.asked

    answers, asked = told(short_folder, story, SERVED)
    assert [status for status, _ in answers] == [200] * len(PASSES)
    assert [(method, path) for method, path, *_ in asked] == [
        (method, API[door] + path) for method, door, path in PASSES
    ]
    assert {token for *_, token, _ in asked} == {"Bearer the-services-token"}


@pytest.mark.parametrize("acting", [CHECKED, SERVED, RELEASED], ids=["checked", "served", "released"])
def test_everything_else_is_not_there(short_folder, acting):
    async def story(services, _, app):
        answers = [await app.ask(method, API[door] + path) for method, door, path in SHUT]
        for door in API:
            answers += [await app.ask("GET", f"{API[door]}/{other}", door=other) for other in API if other != door]
            answers += [await app.ask(*each, door=door) for each in (("GET", "/hub/api/user"), ("GET", "/"))]
        return answers, services.asked

    answers, asked = told(short_folder, story, acting)
    assert asked == []
    assert {status for status, _ in answers} == {404}


def test_a_served_app_gets_the_data_that_it_read_when_it_was_checked_and_no_other(short_folder):
    async def story(services, _, app):
        answers = [
            await app.ask("GET", f"{API['register']}/entries/other/distributions/csv/content"),
            await app.begin("other"),
            await app.begin("areas"),
        ]
        return answers, services.asked

    answers, asked = told(short_folder, story, SERVED)
    assert [status for status, _ in answers] == [403, 403, 201]
    assert [path for _, path, *_ in asked] == [f"{API['gateway']}/readings"]
    assert answers[0][1]["error"]["code"] == "access_denied"
    assert answers[0][1]["error"]["message"] == (
        "This insight reads only what it read when it was checked, and other is not among that."
    )


def test_the_apps_own_londata_raises_the_sentence(short_folder):
    entry = entry_from_dict(
        {
            "kind": "dataset",
            "id": "other",
            "title": "Other",
            "publisher": {"id": "gla", "name": "GLA"},
            "access": "open",
            "distributions": [{"id": "csv", "media_type": "text/csv", "url": "https://data.example/other.csv"}],
        }
    )
    decision = Decision(True, "read", "app", "other", ("open",))

    async def story(_, __, app):
        address = f"http+unix://{str(app.doors / 'register.sock').replace('/', '%2F')}/services/register"
        client = RegisterClient(address, "x")
        return await asyncio.to_thread(client.fetch, entry, entry.distributions[0], decision)

    with pytest.raises(AccessDeniedError, match="reads only what it read when it was checked"):
        told(short_folder, story, SERVED)


def test_a_key_that_stands_twice_reads_nothing(short_folder):
    bodies = [
        '{"entry": "areas", "entry": "other"}',
        '{"entry": "other", "entr\\u0079": "areas"}',
        "[]",
        "",
        "{",
        "null",
    ]

    async def story(services, _, app):
        asked = [await app.ask("POST", f"{API['gateway']}/readings", body=body) for body in bodies]
        asked.append(await app.ask("POST", f"{API['gateway']}/readings", body='{"entry": "' + "a" * 20_000 + '"}'))
        return asked, services.asked

    answers, asked = told(short_folder, story, SERVED)
    assert [status for status, _ in answers[:-1]] == [400] * len(bodies)
    assert answers[-1][1]["error"]["code"] == "too_large"
    assert asked == []


def test_a_readings_token_is_good_at_the_door_of_this_app_alone(short_folder):
    async def story(services, _, app, other):
        _, begun = await app.begin("school-rolls")
        mine = begun["token"]
        answers = [
            await app.data("school-rolls", mine),
            await app.data("areas", mine),
            await app.data("school-rolls", "real-token-of-school-rolls"),
            await app.data("school-rolls", ""),
            await other.data("school-rolls", mine),
        ]
        return begun, answers, services.asked

    begun, answers, asked = told(short_folder, story, SERVED, CHECKED)
    assert begun["token"] != "real-token-of-school-rolls"
    assert begun["direct"] is None
    assert [status for status, _ in answers] == [200, 401, 401, 401, 401]
    assert [token for _, path, token, _ in asked if "/data/" in path] == ["Bearer real-token-of-school-rolls"]


def test_only_the_data_is_asked_for_as_the_owner(short_folder):
    """An app that everybody may open must not list what its owner alone may know of."""

    async def story(services, _, app):
        for path in ("/search?text=x", "/entries/other", "/entries/school-rolls", "/slugs"):
            await app.ask("GET", API["register"] + path)
        await app.begin("school-rolls")
        return [acting for *_, acting in services.asked]

    assert told(short_folder, story, SERVED) == [None, None, "rolls-map", None, "rolls-map"]
    # Lists are as when it is served, or a table that is made in the check would hold what is not listed for all
    assert told(short_folder, story, CHECKED) == [None, "rolls-map", "rolls-map", None, "rolls-map"]


def test_a_released_app_has_its_own_tables_and_nothing_else(short_folder):
    async def story(services, _, app):
        own, others = (f"{API['insights']}/insights/{slug}/tables" for slug in ("rolls-map", "other"))
        answers = [await app.ask("GET", path) for path in (own, f"{own}/by-borough", others, f"{others}/by-borough")]
        answers += [await app.ask(method, API[door] + path) for method, door, path in PASSES]
        answers.append(await app.begin("school-rolls"))
        return [status for status, _ in answers], services.asked

    statuses, asked = told(short_folder, story, RELEASED)
    assert statuses == [200, 200, 404, 404, *[403] * (len(PASSES) + 1)]
    assert {(token, acting) for *_, token, acting in asked} == {("Bearer the-services-token", "rolls-map")}
    for acting in (CHECKED, SERVED):
        assert told(short_folder, story, acting)[0][:4] == [404] * 4


def test_what_was_read_is_known_from_outside(short_folder):
    async def story(_, relay, app):
        await app.ask("GET", f"{API['register']}/entries/areas/distributions/csv/content")
        await app.ask("GET", f"{API['register']}/entries/areas/distributions/csv/content")
        await app.ask("GET", f"{API['register']}/entries/unread")
        await app.begin("school-rolls")
        return relay.seen("rolls-map", 3), relay.seen("rolls-map", 2)

    for acting in (CHECKED, SERVED):
        seen, other = told(short_folder, story, acting)
        assert other == ()
        assert [each.model_dump() for each in seen] == [
            {"entry": "areas", "access": "open", "version": "2026-10-01", "sha256": "cd", "agreement": ""},
            {
                "entry": "school-rolls",
                "access": "closed",
                "version": "2026-11-01",
                "sha256": "ab",
                "agreement": "ISA-014",
            },
        ]


def test_what_is_closed_answers_no_more(short_folder):
    async def story(_, relay, app):
        await app.ask("GET", f"{API['register']}/count")
        await relay.leave(app.doors)
        with pytest.raises(aiohttp.ClientConnectorError):
            await app.ask("GET", f"{API['register']}/count")

    told(short_folder, story, SERVED)


def test_an_answer_that_breaks_off_is_not_finished_by_another(short_folder, monkeypatch):
    """A register that stalls in the middle: what is said about that must not pass for the rest of the answer."""
    monkeypatch.setattr("londata_hub.apps.relay.PATIENCE", 1.0)

    async def stall(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\nhalf")
        await writer.drain()
        await reader.read()
        writer.close()

    async def story():
        server = await asyncio.start_unix_server(stall, str(short_folder / "register.sock"))
        relay = Relay(short_folder, "t")
        await relay.listen(short_folder / "app", SERVED)
        reader, writer = await asyncio.open_unix_connection(str(short_folder / "app" / "register.sock"))
        writer.write(b"GET /services/register/api/v1/count HTTP/1.1\r\nHost: register\r\n\r\n")
        said = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := await asyncio.wait_for(reader.read(1 << 16), 60):
                said += piece
        writer.close()
        await relay.close()
        server.close()
        return said

    said = asyncio.run(story())
    assert said.startswith(b"HTTP/1.1 200")
    assert b"503" not in said


def test_one_app_does_not_take_all_the_room(short_folder, monkeypatch):
    monkeypatch.setattr("londata_hub.apps.relay.AT_ONCE", 2)

    async def run():
        hold, count, arrived = asyncio.Event(), f"{API['register']}/count", []

        class Slow(Services):
            async def answer(self, request):
                if request.headers.get("Accept") == "slow":
                    arrived.append(request)
                    await hold.wait()
                return await super().answer(request)

        async with Slow(short_folder):
            relay = Relay(short_folder, "t")
            app, other = App(short_folder / "one"), App(short_folder / "two")
            await relay.listen(app.doors, SERVED)
            await relay.listen(other.doors, CHECKED)
            waiting = [asyncio.create_task(app.ask("GET", count, headers={"Accept": "slow"})) for _ in range(2)]
            while len(arrived) < 2:
                await asyncio.sleep(0.01)
            refused, fine = await app.ask("GET", count), await other.ask("GET", count)
            hold.set()
            await asyncio.gather(*waiting)
            await relay.close()
        return refused, fine

    refused, fine = asyncio.run(run())
    assert refused[0] == 503
    assert refused[1]["error"]["code"] == "register_unavailable"
    assert fine[0] == 200
