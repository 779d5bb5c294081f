"""Projects, requests and notices as objects: what they say in a terminal and in a notebook."""

from __future__ import annotations

import datetime as dt

import pytest

import londata
from londata.access import midnight
from londata.errors import UsageError
from londata.intake_catalog.display.access import access_facts, code_lines
from londata.records import AccessRequest, Project, entry_from_dict
from londata.sharing import telling
from londata.sharing.notices import Notice, Notices
from londata.sharing.projects import MyProject, Projects, Readable
from londata.sharing.requests import Request, Requests, as_day, words
from londata.sharing.service import is_service
from londata.sharing.standing import Standing

HOSTILE = '<script>alert("1")</script>\u202e\x1b[2J'
MARCH = dt.date(2027, 3, 31)


def project(**more):
    values = {"id": "school-places", "title": "School places", "purpose": "school-place-planning"}
    record = Project.model_validate({"public_benefit": "Places.", "end": dt.date(2027, 7, 1)} | values | more)
    readable = (Readable("school-rolls", "School rolls", midnight(MARCH + dt.timedelta(days=1))),)
    return MyProject(record, "Plan school places", readable)


def request(state="open", **more):
    values = {"id": "r-1", "subject": "ada", "entry": "school-rolls", "project": "school-places"}
    values |= {
        "purpose": "school-place-planning",
        "why": "To plan",
        "made_at": dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    }
    fields = {name: more.pop(name) for name in list(more) if name not in AccessRequest.model_fields}
    return Request(AccessRequest.model_validate(values | {"state": state} | more), **fields)


def entry(**more):
    values = {"kind": "dataset", "id": "school-rolls", "title": "School rolls", "access": "closed"}
    return entry_from_dict(values | {"publisher": {"id": "gla", "name": "GLA"}, "columns": [{"name": "year"}]} | more)


def test_a_project_says_in_two_lines_what_it_is_for_and_what_it_may_read():
    first, second = project().told()
    assert first == "School places (school-places): Plan school places. It lasts until 30 June 2027."
    assert second == "Beside open data it may read School rolls (catalog.school_rolls, until 31 March 2027)."


def test_a_project_that_is_over_or_may_read_nothing_says_so():
    record = project().record
    assert "It lasted until 30 June 2027." in repr(MyProject(record, "Plan", ended=True))
    assert "It is over, so it may read open data only." in repr(MyProject(record, "Plan", ended=True))
    assert "request_access" in repr(MyProject(record, "Plan"))


def test_a_list_is_a_sequence_and_shows_itself():
    mine = Projects([project(), project(id="commuting")], "commuting")
    assert len(mine) == 2
    assert mine[0] is mine.find("school-places")
    assert [each.id for each in mine[:1]] == ["school-places"]
    assert repr(mine).startswith("You are a member of 2 projects; this session works for commuting\n")
    html = mine._repr_html_()
    assert html.count("<caption>") == html.count("<table") == 1
    assert html.count('scope="col"') == 5
    assert "(this session)" in html


@pytest.mark.parametrize("empty", [Projects(), Requests(), Notices()])
def test_an_empty_list_says_that_there_is_nothing(empty):
    assert len(repr(empty).splitlines()) == 1
    assert "<table" not in empty._repr_html_()


@pytest.mark.parametrize(
    ("state", "more", "expected"),
    [
        ("open", {}, "open since 22 November 2026"),
        ("withdrawn", {"decided_by": "ada"}, "withdrawn"),
        ("refused", {"decided_by": "chen", "reason": "No."}, "refused by chen: No."),
        (
            "approved",
            {"decided_by": "chen", "until": midnight(MARCH + dt.timedelta(days=1))},
            "approved until 31 March 2027, by chen",
        ),
    ],
)
def test_a_request_says_what_became_of_it(state, more, expected):
    made = request(state, **more)
    assert made.outcome == expected
    assert expected in repr(Requests([made]))
    assert expected in made._repr_html_()


def test_only_a_request_that_waits_for_the_caller_names_the_latest_day():
    waiting = request(decidable=True, latest_until=MARCH)
    assert waiting.limit == "at most until 31 March 2027"
    assert 'londata.requests().find("r-1").approve(until="2027-03-31")' in repr(waiting)
    assert Requests([waiting]).to_decide == [waiting]
    assert request("approved", decidable=True, latest_until=MARCH).limit == ""
    assert request(mine=True, latest_until=MARCH).limit == ""


def test_strangers_text_can_neither_act_nor_reorder():
    hostile = [
        Projects([project(title=HOSTILE, public_benefit=HOSTILE)]),
        Requests([request(why=HOSTILE, reason=HOSTILE, title=HOSTILE, organisations=(HOSTILE,))]),
        request(why=HOSTILE, title=HOSTILE, project_title=HOSTILE, holder=HOSTILE),
        Notices([Notice("n", "ending", HOSTILE)]),
    ]
    for shown in hostile:
        html, text = shown._repr_html_(), repr(shown)
        assert "<script" not in html
        assert not {"\x1b", "\u202e"} & set(html + text)


@pytest.mark.parametrize("given", ["31.3.2027", "", "2027-02-30", None, 20270331])
def test_what_is_no_day_is_refused(given):
    with pytest.raises(UsageError, match="is not a day"):
        as_day(given)


def test_a_day_is_taken_in_each_form_that_people_have():
    assert as_day("2027-03-31") == as_day(MARCH) == as_day(dt.datetime(2027, 3, 31, 12)) == MARCH


@pytest.mark.parametrize("given", ["", " \n", "a" * 2001, None])
def test_words_that_somebody_goes_by_are_neither_missing_nor_endless(given):
    with pytest.raises(UsageError):
        words(given, "reason")


def test_a_service_is_told_from_a_folder():
    assert is_service("http+unix://%2Frun%2Fregister.sock/services/register")
    assert not is_service("")
    assert not is_service("/catalogs")


def test_a_card_says_what_one_may_read_of_it():
    allowed = Standing(True, ("x",), "ISA-1", "school-places", midnight(dt.date(2027, 4, 1)), ("year",), "year is 2026")
    assert access_facts(entry(listing="members"), allowed) == [
        ("Access", "closed"),
        ("Personal data", "not stated"),
        ("Listed", "for those whom an agreement about it names"),
        ("You may read", "under the agreement ISA-1, for the project school-places, until 31 March 2027"),
        ("Your columns", "year"),
        ("Your rows", "year is 2026"),
    ]


def test_a_card_offers_to_ask_only_where_there_is_somebody_to_ask():
    nobody = Standing(False, ("You can see it but not read it.", "Ask."))
    assert not [line for line in code_lines(entry(), nobody, "http://hub") if "request_access" in line]
    helps = 'Ask for access with catalog.school_rolls.request_access(why="…"): ISA-1 covers it.'
    denied = Standing(False, ("You can see it but not read it.", helps))
    here, hub = code_lines(entry(), denied, "/catalogs"), code_lines(entry(), denied, "http://hub/services/register")
    assert here[:2] == hub[:2] == ["# You can see it but not read it.", f"# {helps}"]
    assert 'catalog.school_rolls.request_access(why="…")' in hub
    assert not [line for line in here[2:] if "request_access" in line]
    assert not [line for line in code_lines(entry(columns=[]), denied, "") if "read_dummy" in line]


def test_what_is_told_goes_beside_the_results(capsys):
    telling.say(["one", "two"])
    assert capsys.readouterr() == ("", "one\ntwo\n")


def test_what_was_told_is_remembered_and_where_that_fails_it_is_told_again(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))
    telling._note([Notice("a", "approved", "x"), Notice("b c", "approved", "x")])
    telling._note([Notice("a", "approved", "x"), Notice("d", "approved", "x")])
    assert telling._told() == {"a", "d"}
    (tmp_path / "file").touch()
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "file"))
    telling._note([Notice("a", "approved", "x")])
    assert telling._told() == set()


def test_a_request_is_found_by_its_id():
    assert Requests([request()]).find("r-1").id == "r-1"
    with pytest.raises(UsageError, match="There is no request 'r-2' for you"):
        Requests([request()]).find("r-2")


def test_every_public_name_is_listed_for_whoever_looks():
    assert {"use_project", "current_project", "projects", "requests", "notices", "widgets"} <= set(dir(londata))
    assert set(londata.widgets.__all__) == {"project_picker", "request_form", "schedule_panel", "steward_desk"}
    with pytest.raises(AttributeError):
        londata.widgets.no_such_form  # noqa: B018
