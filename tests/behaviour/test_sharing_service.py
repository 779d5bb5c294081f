"""Asking, approving, refusing and ending over HTTP, and the page for everybody."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

import real_chromium
import sharing_world as world
from londata.access import last_day, midnight
from londata.records import AccessRequest
from londata_hub import audit
from londata_hub.services.public_facts import FEWEST, state_of
from londata_hub.services.sharing_page import sharing_page
from londata_hub.store import AccessStore
from londata_hub.store.covering import end_of, latest_until
from register_service import served

ASKED = {"entry": "pupils", "project": "other-places", "why": "To plan classes."}
Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AccessStore, Ask]]:
    folder = tmp_path_factory.mktemp("sharing")
    with world.stores(folder) as (register, access), served(world.app_over(register, access, folder)) as address:
        access.record(world.project(id="other-places", title="Other places", members=["ada", "pat", "gus"]), "tests")
        with httpx.Client(base_url=address, trust_env=False, timeout=30) as http:

            def ask(person: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
                headers = {"Authorization": f"Bearer {person}"} if person else {}
                if body is None:
                    return http.get(f"/api/v1{path}", headers=headers, **more)
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                return http.post(f"/api/v1{path}", headers=headers, content=content, **more)

            ask.page = lambda: http.get("/sharing")  # type: ignore[attr-defined]
            yield access, ask


@pytest.fixture
def access(opened: tuple[AccessStore, Ask]) -> AccessStore:
    return opened[0]


@pytest.fixture
def ask(opened: tuple[AccessStore, Ask]) -> Ask:
    return opened[1]


@pytest.fixture
def request_of_ada(access: AccessStore, ask: Ask) -> Iterator[dict[str, Any]]:
    """A request that waits; it is withdrawn afterwards where it still does."""
    answer = ask("ada", "/requests", ASKED)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    yield made
    for each in access.requests(state="open"):
        access.withdraw(world.PEOPLE["ada"], each.id)


def lines(access: AccessStore) -> int:
    """Count the lines of the log."""
    with access._database.reading() as connection:
        return audit.end(connection).seq


def error(answer: httpx.Response) -> tuple[int, str]:
    said = answer.json()["error"]
    return answer.status_code, f"{said['message']} {said['hint']}"


@pytest.fixture
def steward(monkeypatch: pytest.MonkeyPatch) -> str:
    """A steward of the pupils' data, who is of the GLA."""
    person = world.Subject("gwen", frozenset({"stewards", "org-gla"}))
    monkeypatch.setitem(world.PEOPLE, "gwen", person)  # type: ignore[arg-type]
    return "gwen"


def test_projects_say_what_can_be_read_in_each_and_until_when(ask):
    projects = {each["id"]: each for each in ask("ada", "/projects").json()["projects"]}
    assert [each["entry"] for each in projects["school-places"]["readable"]] == [
        "pupils",
        "pupils-members",
        "pupils-hidden",
    ]
    first = projects["school-places"]["readable"][0]
    assert dt.datetime.fromisoformat(first["until"]) == midnight(world.days(100))
    assert (first["title"], projects["school-places"]["purpose_title"]) == ("Pupils by school", "Plan school places")
    assert projects["other-places"]["readable"] == []
    assert ask("sid", "/projects").json() == {"projects": []}


def test_a_decision_is_explained_and_not_logged(access, ask):
    before = lines(access)
    allowed = ask("ada", "/decisions?entry=pupils&project=school-places").json()
    assert (allowed["allowed"], allowed["agreement"], allowed["columns"]) == (True, "ISA-1", None)
    denied = ask("ada", "/decisions?entry=pupils").json()
    assert denied["allowed"] is False
    assert 'londata.use_project("school-places")' in denied["reasons"][-1]
    assert ask("sid", "/decisions?entry=pupils&project=school-places").json()["allowed"] is False
    assert lines(access) == before


def test_a_request_goes_from_asking_to_reading_to_its_end(access, ask, steward):
    made = ask("pat", "/requests", ASKED).json()
    assert (made["state"], made["purpose"], made["agreement"]) == ("open", "school-place-planning", "ISA-1")
    assert (made["title"], made["project_title"], made["mine"], made["decidable"]) == (
        "Pupils by school",
        "Other places",
        True,
        False,
    )
    waiting = next(each for each in ask(steward, "/requests").json()["requests"] if each["id"] == made["id"])
    assert (waiting["mine"], waiting["decidable"]) == (False, True)
    assert waiting["latest_until"] == world.days(199).isoformat()  # the day before the review
    AccessRequest.model_validate({name: waiting[name] for name in AccessRequest.model_fields})
    until = world.days(60)
    done = ask(steward, f"/requests/{made['id']}/approve", {"until": until.isoformat()}).json()
    assert (done["state"], done["decided_by"]) == ("approved", "gwen")
    assert dt.datetime.fromisoformat(done["until"]) == midnight(until + dt.timedelta(days=1))
    question = "/decisions?entry=pupils&project=other-places"
    assert ask("pat", question).json()["allowed"] is True
    assert ask("ada", question).json()["allowed"] is False
    kinds = {each["kind"] for each in ask("pat", "/notices").json()["notices"]}
    assert "approved" in kinds
    ended = ask(steward, f"/grants/{done['grant']}/end", {"reason": "The team has changed."})
    assert (ended.status_code, ended.json()["ended_by"]) == (200, "gwen")
    assert ask("pat", question).json()["allowed"] is False
    assert error(ask(steward, f"/grants/{done['grant']}/end", {"reason": "again"}))[0] == 400


def test_a_refusal_tells_the_one_who_asked_why(ask, steward, request_of_ada):
    done = ask(steward, f"/requests/{request_of_ada['id']}/refuse", {"reason": "Use the totals."}).json()
    assert (done["state"], done["reason"]) == ("refused", "Use the totals.")
    mine = next(each for each in ask("ada", "/requests").json()["requests"] if each["id"] == request_of_ada["id"])
    assert (mine["state"], mine["reason"], mine["mine"]) == ("refused", "Use the totals.", True)
    again = error(ask(steward, f"/requests/{request_of_ada['id']}/approve", {"until": "2099-01-01"}))
    assert again[0] == 400


def test_what_one_asked_for_can_be_taken_back(ask, request_of_ada):
    answer = ask("ada", f"/requests/{request_of_ada['id']}/withdraw", {})
    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")


@pytest.mark.parametrize("person", ["sid", "pat", "sue", "stu", "robot"])
def test_whoever_has_nothing_to_do_with_a_request_does_not_learn_of_it(ask, request_of_ada, person):
    name = request_of_ada["id"]
    assert name not in ask(person, "/requests").text
    for path, body in (("approve", {"until": "2027-01-01"}), ("refuse", {"reason": "no"}), ("withdraw", {})):
        there, absent = (error(ask(person, f"/requests/{each}/{path}", body)) for each in (name, "no-such-request"))
        assert there[0] == absent[0] == 404
        assert there[1].replace(name, "") == absent[1].replace("no-such-request", "")


def test_the_one_who_asked_does_not_approve_and_nobody_ends_grants_of_others(ask, request_of_ada):
    assert error(ask("ada", f"/requests/{request_of_ada['id']}/approve", {"until": "2027-01-01"}))[0] == 403
    for person in ("ada", "sid", "sue"):
        there = error(ask(person, "/grants/grant-ada-pupils/end", {"reason": "x"}))
        absent = error(ask(person, "/grants/grant-bob-pupils/end", {"reason": "x"}))
        assert there[0] == 404
        assert there[1].replace("ada", "bob") == absent[1]


def test_an_approval_ends_with_its_day_and_never_after_what_it_rests_on(ask, steward, request_of_ada):
    path = f"/requests/{request_of_ada['id']}/approve"
    status, said = error(ask(steward, path, {"until": world.days(201).isoformat()}))
    assert (status, "review" in said) == (400, True)
    assert error(ask(steward, path, {"until": world.days(-2).isoformat()}))[0] == 400
    done = ask(steward, path, {"until": world.days(200).isoformat()}).json()
    assert dt.datetime.fromisoformat(done["until"]) == midnight(world.days(200))


def test_the_last_day_of_an_approval_is_a_whole_day_also_when_clocks_change():
    agreement = world.agreement(review_by="2028-01-01", end="2028-06-01", start="2026-01-01")
    project = world.project(end="2027-11-01")
    assert latest_until(agreement, project) == dt.date(2027, 10, 31)
    assert end_of(dt.date(2027, 3, 27), agreement, project) == dt.datetime(2027, 3, 28, tzinfo=dt.UTC)
    assert end_of(dt.date(2027, 3, 28), agreement, project) == dt.datetime(2027, 3, 28, 23, tzinfo=dt.UTC)
    assert end_of(dt.date(2027, 10, 31), agreement, project) == dt.datetime(2027, 11, 1, tzinfo=dt.UTC)
    assert end_of(dt.date(2027, 11, 1), agreement, project) == dt.datetime(2027, 11, 1, tzinfo=dt.UTC)
    assert end_of(dt.date(2027, 11, 2), agreement, project) == dt.datetime(2027, 11, 3, tzinfo=dt.UTC)
    assert end_of(dt.date.max, None, None) == midnight(dt.date.max)


@pytest.mark.parametrize(
    ("path", "body", "part"),
    [
        ("/requests", {**ASKED, "purpose": "research"}, "no parameter 'purpose'"),
        ("/requests", {"entry": "pupils", "project": "other-places"}, "why is missing"),
        ("/requests", ASKED | {"why": "  "}, "why"),
        ("/requests", ASKED | {"why": "x" * 2_001}, "why"),
        ("/requests", ASKED | {"why": 7}, "why"),
        ("/requests", ASKED | {"entry": ["pupils"]}, "entry"),
        ("/requests", b"not json", "JSON"),
        ("/requests", b"", "JSON"),
        ("/requests", b"[]", "object"),
        ("/requests", b"\xff\xfe", ""),
        ("/requests", b'{"entry": "' + b"a" * 66_000 + b'"}', "65,536"),
        ("/requests", ASKED | {"project": "no-such-project"}, "not a member"),
        ("/requests", ASKED | {"entry": "open-figures"}, "open"),
        ("/requests/x/approve", {"until": "31 March 2027"}, "until"),
        ("/requests/x/approve", {"until": 0}, "until"),
        ("/requests/x/approve", {"until": "2027-03-31T00:00:00"}, "until"),
        ("/requests/x/refuse", {"reason": ""}, "reason"),
        ("/requests/x/withdraw", {"reason": "changed my mind"}, "no parameter"),
        ("/grants/x/end", {}, "reason is missing"),
        ("/requests?entry=pupils", ASKED, "no parameter 'entry'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(ask, path, body, part):
    status, said = error(ask("ada", path, body))
    assert status == 400
    assert part in said


def test_one_asks_only_for_what_one_may_see(ask):
    hidden, absent = (error(ask("pat", "/requests", ASKED | {"entry": each})) for each in ("pupils-hidden", "pupils-x"))
    assert hidden[0] == absent[0] == 404
    assert hidden[1].replace("pupils-hidden", "") == absent[1].replace("pupils-x", "")


@pytest.mark.parametrize("path", ["/projects", "/decisions?entry=pupils", "/requests", "/notices", "/agreements"])
def test_everything_but_the_page_needs_a_token(ask, path):
    assert ask("", path).status_code == 401
    assert ask("", "/requests/x/approve", {"until": "2027-01-01"}).status_code == 401


class Page(HTMLParser):
    """What a page has: its elements, the text of each, and what they refer to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_is_for_everybody_and_runs_and_fetches_nothing(ask):
    answer = ask.page()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy
    page = Page(answer.text)
    tags = [tag for tag, _ in page.elements]
    assert not {"script", "iframe", "form", "img", "object"} & set(tags)
    assert all(not name.startswith("on") and name != "style" for _, attrs in page.elements for name in attrs)
    assert [attrs["href"] for tag, attrs in page.elements if tag == "a"] == []  # one agreement needs no list of them
    assert (tags.count("h1"), tags.count("main")) == (1, 1)
    assert ("html", {"lang": "en-GB"}) in page.elements


def test_the_page_says_who_shares_what_for_what_until_when(ask):
    words = re.sub(r"\s+", " ", Page(ask.page().text).words)
    for said in (
        "Pupils for planning",
        "Greater London Authority (controller)",
        "London Borough of Camden (recipient)",
        "Plan school places",
        "Education Act 1996, section 14",
        "UK GDPR article 6(1)(e): public task",
        "UK GDPR article 9(2)(g): substantial public interest",
        "Pupils by school",
        f"Live until {last_day(midnight(world.days(200)))}, unless it is reviewed by then.",
        "fewer than 5",
        "Children find a school near home.",
        "Only totals leave the workbench",
    ):
        assert said in words, said


def test_words_of_records_cannot_become_markup(tmp_path):
    with world.stores(tmp_path) as (register, access), served(world.app_over(register, access, tmp_path)) as address:
        evil = "<script>alert(1)</script> & \"'><img src=x>"
        access.record(world.agreement(title=evil, description=evil, legal_basis={"power": evil}), "tests")
        access.record(world.project(title=evil, public_benefit=evil), "tests")
        page = Page(httpx.get(f"{address}/sharing").text)
        assert not {"script", "img"} & {tag for tag, _ in page.elements}
        assert "alert(1)" in page.words


def test_drafts_are_not_shown_and_people_are_counted_from_five_on(tmp_path):
    with world.stores(tmp_path) as (register, access), served(world.app_over(register, access, tmp_path)) as address:
        access.record(world.agreement(id="ISA-D", title="Draft", status="draft"), "tests")
        for number in range(FEWEST - 2):  # ada and eve have one
            access.grant(world.grant(f"person-{number}", "pupils"), "tests")
        page = Page(httpx.get(f"{address}/sharing").text).words
        assert "Draft" not in page
        assert "People given access5" in page
    assert "No agreement is in the register yet." in sharing_page([], access.now())


@pytest.mark.parametrize(
    ("changes", "state", "said"),
    [
        ({}, "live", "Live until 31 May 2027, unless it is reviewed by then."),
        (
            {"review_by": "2026-07-11"},
            "live",
            "Live until 10 July 2026, unless it is reviewed by then: 10 days are left.",
        ),
        ({"end": "2026-07-02"}, "live", "Live until 1 July 2026: 1 day is left."),
        ({"end": "2026-07-01"}, "ended", "Ended on 1 July 2026."),
        ({"review_by": "2026-06-30"}, "ended", "Ended on 30 June 2026, when it was due to be reviewed and was not."),
        ({"start": "2026-08-01"}, "coming", "Signed; it begins on 1 August 2026."),
        ({"status": "suspended"}, "suspended", "Suspended: nothing can be read under it for now."),
        ({"status": "ended"}, "ended", "Ended."),
        ({"status": "ended", "end": "2026-03-03"}, "ended", "Ended on 3 March 2026."),
    ],
)
def test_the_state_of_an_agreement_is_said_in_words(changes, state, said):
    dates = {"start": "2026-01-01", "review_by": "2027-06-01", "end": "2028-01-01"}
    assert state_of(world.agreement(**dates | changes), midnight(dt.date(2026, 7, 1))) == (state, said)


@pytest.mark.browser
def test_the_page_fits_a_phone_and_breaks_no_rule_of_its_own(tmp_path):
    with world.stores(tmp_path) as (register, access), served(world.app_over(register, access, tmp_path)) as address:
        access.record(world.agreement(id="ISA-2", title="Counting" + "everything" * 9), "tests")
        with real_chromium.opened() as browser:
            page, said = browser.new_page(viewport={"width": 320, "height": 640}), []
            page.on("console", lambda message: said.append(message.text))
            page.goto(f"{address}/sharing")
            assert page.evaluate("document.documentElement.scrollWidth") == 320
            assert page.evaluate("getComputedStyle(document.querySelector('article')).borderTopStyle") == "solid"
    assert said == []
