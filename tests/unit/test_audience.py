"""For whom a report was made: nobody else sees or opens it, whatever else is arranged for them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from access_table import NOW, Question, agreement, entry, grant, project
from londata.access import Arrangements, Subject, decide
from londata.records import entry_from_dict
from sharing_world import insight

READERS = (
    "person:ada",
    "person:org-camden",
    "group:ada",
    "group:org-camden",
    "group:stewards",
    "project:school-places",
)
MANY = settings(max_examples=150, deadline=None)


def report(audience=("group:org-camden",), access="closed"):
    more = {"listing": "members", "audience": list(audience)} if audience else {}
    return insight("report", "A report", ["school-rolls"], form="report", access=access, **more)


def answers(subject, entry, **changes):
    asked = replace(Question(), subject=subject, entry=entry, **changes)
    return tuple(replace(asked, action=action).answer().allowed for action in ("see", "read"))


def test_it_opens_for_its_people_its_groups_and_the_members_of_its_projects():
    assert answers(Subject("pat", frozenset({"org-camden"})), report()) == (True, True)
    assert answers(Subject("ada"), report(["person:ada"])) == (True, True)
    assert answers(Subject("ada"), report(["project:school-places"])) == (True, True)
    assert answers(Subject("bola", frozenset({"org-hackney"})), report()) == (False, False)


def test_a_person_and_a_group_of_the_same_name_are_two():
    assert answers(Subject("org-camden"), report()) == (False, False)
    assert answers(Subject("eve", frozenset({"ada"})), report(["person:ada"])) == (False, False)


def test_no_grant_agreement_or_steward_opens_what_was_made_for_others():
    about_it = {
        "agreements": (agreement(covers=[{"entry": "report"}]),),
        "grants": (grant(entry="report"),),
    }
    for groups in ({"stewards", "org-gla"}, {"analysts", "org-camden"}, {"org-gla"}):
        subject = Subject("ada", frozenset(groups))
        assert answers(subject, report(["person:bola"]), **about_it) == (False, False)


def test_a_project_that_is_over_lets_nobody_in():
    over = {"projects": (project(end="2026-11-01"),)}
    assert answers(Subject("ada"), report(["project:school-places"]), **over) == (False, False)
    assert answers(Subject("ada"), report(["project:school-places"]), now=None) == (False, False)


def test_where_people_are_not_kept_apart_only_reports_of_open_data_open():
    pat = Subject("pat", frozenset({"org-camden"}))
    assert answers(pat, report(), isolated=False) == (True, False)
    assert answers(pat, report(access="open"), isolated=False) == (True, True)
    closed = decide(pat, "read", report(), None, NOW, Arrangements(isolated=False))
    assert closed.reasons[-1] == "Ask whoever runs the hub."


def test_a_record_for_some_people_alone_cannot_be_listed_for_everybody():
    for listing in ("public", "hidden"):
        with pytest.raises(ValidationError, match="some people alone"):
            insight("report", "A report", ["rolls"], listing=listing, audience=["person:ada"])
    for name in ("ada", "everybody:*", "group:", "group:two words", "person:\n"):
        with pytest.raises(ValidationError):
            report([name])
    assert entry_from_dict(report().to_dict()) == report()


@MANY
@given(
    st.lists(st.sampled_from(READERS), min_size=1, unique=True),
    st.sampled_from(["ada", "bola", "org-camden", "service/nightly", ""]),
    st.lists(st.sampled_from(["ada", "org-camden", "org-gla", "stewards"]), unique=True),
    st.sampled_from(["open", "shared", "closed"]),
    st.sampled_from([NOW, None, dt.datetime(2030, 1, 1, tzinfo=dt.UTC)]),
    st.booleans(),
)
def test_whoever_opens_it_is_named_and_sees_it(audience, name, groups, access, now, isolated):
    subject, entry = Subject(name, frozenset(groups)), report(audience, access)
    sees, opens = answers(subject, entry, now=now, isolated=isolated)
    named = f"person:{name}" in audience or any(f"group:{group}" in audience for group in groups)
    member = name == "ada" and "project:school-places" in audience and now == NOW
    assert sees == (bool(name) and (named or member))
    assert opens == (sees and (access == "open" or isolated))


def test_an_insight_that_is_open_to_all_lets_in_whoever_is_not_logged_in():
    nobody = Subject("")
    shown = insight("map", "A map", ["rolls"], open_to_all=True)
    assert answers(nobody, shown) == (True, True)
    assert answers(nobody, shown, now=None, isolated=False) == (True, True)
    assert answers(Subject("ada"), shown) == (True, True)
    assert not decide(nobody, "steward", shown).allowed
    assert answers(nobody, insight("map", "A map", ["rolls"])) == (False, False)


@pytest.mark.parametrize(
    "more", [{"access": "shared"}, {"listing": "members"}, {"listing": "hidden"}, {"audience": ("person:ada",)}]
)
def test_a_record_that_is_open_to_all_and_says_otherwise_lets_in_nobody(more):
    with pytest.raises(ValidationError, match="open to all"):
        insight(
            "map", "A map", ["rolls"], open_to_all=True, **({"listing": "members"} if "audience" in more else {}) | more
        )
    forged = insight("map", "A map", ["rolls"], open_to_all=True).model_copy(update=more)
    assert answers(Subject(""), forged) == (False, False)


def test_an_insight_that_acts_reads_what_its_owner_may_and_without_one_what_is_open():
    groups = frozenset({"analysts", "org-camden"})
    asked = Question(subject=Subject("app/rolls-map", groups, owner="ada"))
    assert asked.answer().allowed
    assert asked.answer().subject == "app/rolls-map"
    assert not replace(asked, subject=Subject("app/rolls-map", groups)).answer().allowed
    assert not replace(asked, subject=Subject("app/rolls-map", groups, owner="bola")).answer().allowed
    assert not replace(asked, subject=Subject("app/rolls-map", frozenset(), owner="ada")).answer().allowed
    assert not replace(asked, project="transport-study").answer().allowed
    assert not replace(asked, isolated=False).answer().allowed
    assert replace(asked, subject=Subject("app/rolls-map"), entry=entry(access="open")).answer().allowed
