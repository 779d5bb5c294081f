"""Attempts to learn of what is not listed, to be let in by words, and to break the routes about access."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import httpx
import pytest

import sharing_world as world
from londata.access import Subject
from londata.query import Query
from londata_hub.store import AccessStore, RegisterStore
from register_service import served

HIDDEN = "pupils-hidden"
SQL = (
    "'; DROP TABLE entries; --",
    '" OR "1"="1',
    "x') UNION SELECT document FROM entries --",
    "\\'; SELECT 1",
    "%' --",
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RegisterStore, AccessStore, httpx.Client]]:
    folder = tmp_path_factory.mktemp("attacked")
    with world.stores(folder) as (register, access), served(world.app_over(register, access, folder)) as address:
        access.record(world.project(id="other-places", members=["pat", "sid"]), "tests")
        with httpx.Client(base_url=f"{address}/api/v1", trust_env=False, timeout=30) as http:
            yield register, access, http


@pytest.fixture
def http(opened: tuple[RegisterStore, AccessStore, httpx.Client]) -> httpx.Client:
    return opened[2]


def as_(person: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {person}"}


def told(answer: httpx.Response, slug: str) -> tuple[int, str, list[str]]:
    """Give all of an answer that could differ, without the slug itself and what differs between any two requests."""
    body = answer.text.replace(answer.headers["x-request-id"], "").replace(slug, "SLUG")
    names = sorted(name for name in answer.headers if name not in ("date", "content-length"))
    return answer.status_code, body, names


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", ["", "/distributions/csv/content", "/near", "/history", "/../pupils"])
def test_what_is_hidden_answers_as_what_does_not_exist(http, method, path):
    for person in ("sid", "pat", "mo", "eve", "robot", "sue"):
        answers = [
            told(http.request(method, f"/entries/{slug}{path}", headers=as_(person)), slug)
            for slug in (HIDDEN, "pupils-hitherto")
        ]
        assert answers[0] == answers[1], (person, method, path)


SPELT = (
    "pupils_hidden PUPILS-HIDDEN pupils%2Dhidden pupils-hidden%00 pupils-hidden%20 ./pupils-hidden pupils-hidden- "
    "pupils%E2%80%90hidden %70upils-hidden pupils-hidden. pupils-hidden/ x/../pupils-hidden"
).split()


@pytest.mark.parametrize("spelt", SPELT)
def test_no_spelling_of_a_hidden_entry_opens_it(http, spelt):
    answer = http.get(f"/entries/{spelt}", headers=as_("sid"))
    assert answer.status_code in (400, 404)
    assert "quixotic" not in answer.text.lower()


@pytest.mark.parametrize(
    "parameter", ["without", "listing", "hidden", "owner", "groups", "subject", "slug", "id", "now"]
)
def test_no_parameter_says_what_is_left_out_or_who_asks(http, parameter):
    for path in (
        "/search",
        "/slugs",
        "/count",
        "/entries",
        "/facets",
        "/completions",
        "/decisions?entry=pupils",
        "/me",
    ):
        sign = "&" if "?" in path else "?"
        answer = http.get(f"{path}{sign}{parameter}=stu", headers=as_("sid"))
        assert answer.status_code == 400
        assert "There is no parameter" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-User": "stu"},
        {"X-Remote-User": "stu"},
        {"X-JupyterHub-User": "stu"},
        {"Cookie": "user=stu; jupyterhub-session-id=1"},
        {"X-Londata-Groups": "stewards,org-camden"},
    ],
    ids=lambda header: next(iter(header)),
)
def test_no_header_makes_somebody_a_steward(http, header):
    assert http.get(f"/entries/{HIDDEN}", headers={**as_("sid"), **header}).status_code == 404
    assert http.get("/me", headers={**as_("sid"), **header}).json()["name"] == "sid"


@pytest.mark.parametrize("evil", SQL)
def test_words_of_a_database_s_language_are_words(opened, evil):
    register, access, http = opened
    before = (register.count(Query()), len(access.requests()))
    for path, name in (("/search", "q"), ("/slugs", "prefix"), ("/count", "publisher"), ("/search", "uses")):
        answer = http.get(path, params={name: evil}, headers=as_("sid"))
        assert answer.status_code in (200, 400)
        assert "quixotic" not in answer.text
    for body in (
        {"entry": evil, "project": "other-places", "why": "x"},
        {"entry": "pupils", "project": evil, "why": "x"},
    ):
        assert http.post("/requests", json=body, headers=as_("pat")).status_code in (400, 404)
    for path in (f"/requests/{evil}/approve", f"/requests/{evil}/withdraw", f"/grants/{evil}/end"):
        body = {"until": "2027-01-01"} if path.endswith("approve") else {"reason": "x"} if "grants" in path else {}
        assert http.post(path, json=body, headers=as_("stu")).status_code == 404
    assert (
        http.get("/decisions", params={"entry": "pupils", "project": evil}, headers=as_("ada")).json()["allowed"]
        is False
    )
    assert (register.count(Query()), len(access.requests())) == before


def test_what_somebody_writes_comes_back_as_they_wrote_it(opened):
    _, access, http = opened
    why = "Robert'); DROP TABLE requests;-- <script>alert(1)</script> {{7*7}} \u202e \U0001f3eb"
    made = http.post("/requests", json={"entry": "pupils", "project": "other-places", "why": why}, headers=as_("pat"))
    assert made.status_code == 201, made.text
    assert made.json()["why"] == why
    assert next(each for each in access.requests() if each.id == made.json()["id"]).why == why
    access.withdraw(world.PEOPLE["pat"], made.json()["id"])


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 30_000,
        b'{"entry":' * 5_000,
        b'{"entry": "pupils", "entry": "pupils-hidden", "project": "other-places", "why": "x"}',
        b'{"entry": "pupils\\u0000", "project": "other-places", "why": "x"}',
        b'{"entry": "pupils", "project": "other-places", "why": "x", "__class__": "Agreement"}',
        b'{"entry": "pupils", "project": "other-places", "why": "x", "until": "2099-01-01"}',
        b'{"entry": "pupils", "project": "other-places", "why": "x", "subject": "ada"}',
        b'{"entry": "pupils", "project": "other-places", "why": "\xed\xa0\x80"}',
        b'{"entry": NaN}',
        b"null",
        b"\x1f\x8b" + b"\x00" * 64,
    ],
    ids=range(11),
)
def test_a_body_that_is_made_to_break_is_refused_in_one_shape(opened, body):
    _, access, http = opened
    answer = http.post("/requests", content=body, headers=as_("pat"))
    assert answer.status_code in (400, 404)
    assert set(answer.json()["error"]) == {"code", "message", "hint", "request_id"}
    assert "quixotic" not in answer.text
    assert access.requests(state="open") == []


def test_a_body_that_does_not_say_its_length_is_still_bounded(http):
    def endless() -> Iterator[bytes]:
        for _ in range(2_000):
            yield b'{"entry": "' + b"a" * 1_000

    try:
        answer = http.post("/requests", content=endless(), headers=as_("pat"))
    except httpx.TransportError:
        return  # the service had answered and closed before all of it was sent
    assert answer.status_code == 400
    assert "65,536" in answer.text


def test_grants_do_not_open_the_register_s_own_way_to_bytes(http):
    for person in ("ada", "stu", "robot"):
        answer = http.get("/entries/pupils/distributions/csv/content", headers=as_(person))
        assert answer.status_code == 403
        assert "gateway" in answer.json()["error"]["message"]


def test_a_person_called_like_a_service_or_a_body_gets_nothing_by_it(opened, monkeypatch):
    _, _, http = opened
    for name, groups in (
        ("service/apps", ("stewards",)),
        ("gla", ("org-",)),
        ("org-gla", ("stewards", "org-GLA", "org-gl*")),
    ):
        monkeypatch.setitem(world.PEOPLE, "evil", Subject(name, frozenset(groups)))
        assert http.get(f"/entries/{HIDDEN}", headers=as_("evil")).status_code == 404
        assert http.get("/entries/pupils-members", headers=as_("evil")).status_code == 404
        assert http.get("/requests", headers=as_("evil")).json() == {"requests": []}


def test_a_steward_cannot_decide_for_data_of_others_nor_for_themselves(opened, monkeypatch):
    _, access, http = opened
    both = Subject("gwen", frozenset({"stewards", "org-gla"}))
    monkeypatch.setitem(world.PEOPLE, "gwen", both)
    access.record(world.project(id="her-own", members=["gwen"]), "tests")
    body = {"entry": "pupils", "project": "her-own", "why": "Mine."}
    made = http.post("/requests", json=body, headers=as_("gwen")).json()
    mine = http.post(f"/requests/{made['id']}/approve", json={"until": "2027-01-01"}, headers=as_("gwen"))
    assert mine.status_code == 403
    for person in ("stu", "sue"):  # of Camden and of TfL, while the GLA holds the data
        answer = http.post(f"/requests/{made['id']}/approve", json={"until": "2027-01-01"}, headers=as_(person))
        assert answer.status_code == 404
    assert http.get("/decisions?entry=pupils&project=her-own", headers=as_("gwen")).json()["allowed"] is False
    access.withdraw(both, made["id"])


def test_a_request_is_decided_once_however_many_decide_at_the_same_moment(opened, monkeypatch):
    _, access, http = opened
    stewards = [f"steward-{number}" for number in range(6)]
    for name in stewards:
        monkeypatch.setitem(world.PEOPLE, name, Subject(name, frozenset({"stewards", "org-gla"})))
    body = {"entry": "pupils", "project": "other-places", "why": "All at once."}
    made = http.post("/requests", json=body, headers=as_("pat")).json()
    answers: list[int] = []

    def decide(name: str, what: str, said: dict[str, str]) -> None:
        answer = http.post(f"/requests/{made['id']}/{what}", json=said, headers=as_(name))
        answers.append(answer.status_code)

    ways = [("approve", {"until": world.days(30).isoformat()}), ("refuse", {"reason": "no"})] * 3
    threads = [threading.Thread(target=decide, args=(name, *way)) for name, way in zip(stewards, ways, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 400, 400, 400, 400, 400]
    granted = [term for term in access.arrangements().terms_of("pat") if term.grant.project == "other-places"]
    assert len(granted) == (1 if access.requests()[0].state == "approved" else 0)


def test_an_entry_that_becomes_hidden_is_out_of_every_memory_at_once(tmp_path):
    with world.stores(tmp_path) as (register, access), served(world.app_over(register, access, tmp_path)) as address:
        http = httpx.Client(base_url=f"{address}/api/v1", trust_env=False)
        asked = "/search?q=journeys /slugs?prefix=open /count /entries/open-journeys /facets /completions".split()
        asked.append("/entries/open-journey/near")
        for _ in range(2):
            for path in asked:
                http.get(path, headers=as_("sid"))
        changed = [
            each.model_copy(update={"listing": "hidden"}) for each in world.ENTRIES if each.id == "open-journeys"
        ]
        register.upsert(changed, source="tests")
        for path in asked:
            text = http.get(path, headers=as_("sid")).text.replace("There is no entry 'open-journeys'", "")
            assert "open-journeys" not in text, path
            assert "Transport for London" not in text, path
        assert http.get("/count", headers=as_("sid")).json()["total"] == len(world.ENTRIES) - len(world.RESTRICTED) - 1
        http.close()


def test_the_page_for_everybody_is_the_same_for_everybody(http):
    page = str(http.base_url).replace("/api/v1/", "/sharing")
    texts = {httpx.get(page, headers=as_(person) if person else {}).text for person in ("", "sid", "stu", "forged")}
    assert len(texts) == 1
    for path in (f"{page}/", f"{page}/ISA-1", f"{page}?x=1", f"{page}/../api/v1/search", f"{page}%2f"):
        answer = httpx.get(path)
        assert answer.status_code in (400, 401, 404)
        assert "entries" not in answer.text
    assert httpx.post(page, content=b"{}").status_code == 405
    assert json.loads(httpx.post(page).text)["error"]["code"] == "method_not_allowed"
