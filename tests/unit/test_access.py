"""The one decision: default deny, and a denial that reads like help."""

import datetime as dt
from dataclasses import replace

import pytest

import access_table
from access_table import CASES, NOW, Question, agreement, grant, project
from londata.access import POLICY_VERSION, Arrangements, Subject, as_shown, day, decide, in_force, last_day, midnight
from londata.errors import AccessDeniedError, AccessEndedError
from londata.records import Distribution, GrantEnd, RowFilter, ServiceAccount, entry_from_dict

ADA = Subject("ada", frozenset({"analysts"}))


def entry(access):
    return entry_from_dict(
        {
            "kind": "dataset",
            "id": "rolls",
            "title": "School rolls by pupil",
            "publisher": {"id": "dfe", "name": "DfE"},
            "access": access,
        }
    )


@pytest.mark.parametrize(("access", "allowed"), [("open", True), ("shared", False), ("closed", False)])
def test_only_open_data_is_read(access, allowed):
    assert decide(ADA, "read", entry(access)).allowed is allowed


@pytest.mark.parametrize("access", ["open", "shared", "closed"])
def test_every_entry_is_listed(access):
    assert decide(ADA, "see", entry(access)).allowed


@pytest.mark.parametrize("action", ["write", "delete", "", "READ"])
def test_any_other_action_is_denied(action):
    assert not decide(ADA, action, entry("open")).allowed


@pytest.mark.parametrize("action", ["see", "read"])
def test_nobody_sees_or_reads_anything(action):
    decision = decide(Subject("", frozenset({"stewards"})), action, entry("open"))
    assert (decision.allowed, decision.reasons) == (False, ("Nobody is logged in.", "Log in first."))


def test_a_denial_says_what_and_why():
    decision = decide(ADA, "read", entry("closed"))
    assert (decision.subject, decision.entry_id, decision.policy_version) == ("ada", "rolls", POLICY_VERSION)
    with pytest.raises(AccessDeniedError, match=r"School rolls by pupil.*closed"):
        decision.require()


def test_a_denial_says_whom_to_ask():
    named = entry("shared").model_copy(update={"landing_page": "https://dfe.example/rolls"})
    for asked, hint in ((entry("shared"), "Ask DfE."), (named, "Ask DfE: https://dfe.example/rolls.")):
        with pytest.raises(AccessDeniedError) as raised:
            decide(ADA, "read", asked).require()
        assert raised.value.hint == hint


def test_an_allow_can_be_required():
    decision = decide(ADA, "read", entry("open"))
    assert decision.require() is decision


def test_an_allow_is_for_one_action_on_one_entry():
    decision, other = decide(ADA, "read", entry("open")), entry("open").model_copy(update={"id": "other"})
    assert decision.require_for("read", entry("open")) is decision
    with pytest.raises(AccessDeniedError, match="not about reading other"):
        decision.require_for("read", other)
    with pytest.raises(AccessDeniedError, match="not about reading rolls"):
        decide(ADA, "see", entry("open")).require_for("read", entry("open"))
    with pytest.raises(AccessDeniedError, match="closed"):
        decide(ADA, "read", entry("closed")).require_for("read", entry("closed"))


def test_an_allow_is_for_the_distributions_of_its_entry_as_they_are_listed():
    own = Distribution(id="csv", path="data/rolls.csv", media_type="text/csv")
    decision, listed = decide(ADA, "read", entry("open")), entry("open").model_copy(update={"distributions": (own,)})
    assert decision.require_for("read", listed, own.model_copy()) is decision
    for other in (own.model_copy(update={"path": "data/care.csv"}), own.model_copy(update={"id": "pdf"})):
        with pytest.raises(AccessDeniedError, match="is not one of its own"):
            decision.require_for("read", listed, other)


def test_where_everything_holds_the_answer_says_for_what_and_until_when():
    rows = RowFilter.model_validate({"conditions": [{"column": "borough", "values": ["Camden"]}]})
    covers = [{"entry": "school-rolls", "columns": ["pupil", "borough"], "rows": rows}]
    decision = Question(agreements=(agreement(covers=covers),)).answer()
    assert decision.allowed
    assert (decision.agreement, decision.project, decision.grant) == ("ISA-014", "school-places", "g1")
    assert (decision.purpose, decision.columns, decision.rows) == (
        "school-place-planning",
        ("pupil", "borough"),
        rows,
    )
    assert decision.until == midnight(dt.date(2027, 4, 1))


@pytest.mark.parametrize("condition", CASES)
def test_when_one_condition_fails_the_answer_is_no_and_says_which_and_what_next(condition):
    decision = CASES[condition](Question()).answer()
    assert not decision.allowed
    assert len(decision.reasons) == 2, "only one condition fails, and then comes what to do"
    assert decision.reasons[-1].endswith(".")
    with pytest.raises(AccessDeniedError):
        decision.require_for("read", Question().entry)


def test_the_page_has_the_table_that_the_code_makes():
    assert access_table.on_the_page() == access_table.table(), "write it anew: python tests/access_table.py"


def test_no_two_conditions_are_told_in_the_same_words():
    said = [text for _, text in access_table.rows()]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    ("changes", "until"),
    [
        ({"grants": (grant(until="2026-12-24T12:00:00Z"),)}, dt.datetime(2026, 12, 24, 12, tzinfo=dt.UTC)),
        ({"projects": (project(end="2026-12-01"),)}, midnight(dt.date(2026, 12, 1))),
        ({"agreements": (agreement(end="2026-12-02"),)}, midnight(dt.date(2026, 12, 2))),
        ({"agreements": (agreement(review_by="2026-12-03"),)}, midnight(dt.date(2026, 12, 3))),
    ],
    ids=["grant", "project", "agreement", "review"],
)
def test_the_earliest_end_counts_to_the_moment(changes, until):
    question = Question(**changes)
    assert question.answer().until == until
    assert replace(question, now=until - dt.timedelta(microseconds=1)).answer().allowed
    assert not replace(question, now=until).answer().allowed


def test_what_was_allowed_and_is_over_is_told_apart_from_what_never_was():
    over = ("The grant is not over", "The grant was not taken back", "The agreement is not suspended")
    for condition in CASES:
        decision = CASES[condition](Question()).answer()
        ended = condition in over or "is not over" in condition or condition.endswith(("was not ended", "is not due"))
        assert decision.ended == ended, condition
        with pytest.raises(AccessEndedError if ended else AccessDeniedError) as raised:
            decision.require()
        assert ended == (type(raised.value) is AccessEndedError)


def test_of_several_grants_the_one_that_lasts_longest_counts_and_the_nearest_explains():
    longer = grant(id="g2", until="2027-05-01T00:00:00Z")
    for grants in ((grant(), longer), (longer, grant())):
        assert Question(grants=grants).answer().grant == "g2"
        ended = GrantEnd(grant="g2", ended_by="chen", ended_at=NOW)
        assert Question(grants=grants, ends=(ended,)).answer().grant == "g1"


def test_a_service_account_reads_what_its_owner_reads_in_its_project_and_stops_with_them():
    robot = Subject("service/nightly", frozenset({"analysts", "org-camden"}), owner="ada")
    accounts = (ServiceAccount(name="nightly", owner="ada", project="school-places"),)
    question = Question(subject=robot, accounts=accounts)
    assert question.answer().allowed
    assert not replace(question, accounts=(accounts[0].model_copy(update={"owner": "bola"}),)).answer().allowed
    assert not replace(question, project=None).answer().allowed
    assert not replace(question, grants=()).answer().allowed
    assert not replace(question, projects=(project(members=[]),)).answer().allowed
    assert not decide(replace(robot, groups=frozenset({"stewards", "org-gla"})), "steward", question.entry).allowed


LISTINGS = ("public", "members", "hidden")
WHO_SEES = {
    "a stranger": (Subject("sid"), {}, (True, False, False)),
    "of a party": (Subject("pat", frozenset({"org-camden"})), {}, (True, True, False)),
    "of another body": (Subject("pat", frozenset({"org-hackney"})), {}, (True, False, False)),
    "a member of a project": (Subject("mo"), {"projects": (project(members=["mo"]),)}, (True, True, False)),
    "a member of a project that is over": (
        Subject("mo"),
        {"projects": (project(members=["mo"], end="2026-11-20"),)},
        (True, False, False),
    ),
    "a holder of a grant": (Question().subject, {}, (True, True, True)),
    "a holder of a grant that is over": (
        Question().subject,
        {"grants": (grant(until=NOW),), "projects": ()},
        (True, True, False),
    ),
    "a party to an agreement that is over": (
        Subject("pat", frozenset({"org-camden"})),
        {"agreements": (agreement(review_by="2026-11-20"),)},
        (True, False, False),
    ),
    "a party to a draft": (
        Subject("pat", frozenset({"org-camden"})),
        {"agreements": (agreement(status="draft"),)},
        (True, False, False),
    ),
    "a steward": (Subject("stu", frozenset({"stewards", "org-gla"})), {}, (True, True, True)),
    "a steward of other data": (Subject("stu", frozenset({"stewards", "org-tfl"})), {}, (True, False, False)),
    "a service": (Subject("service/apps"), {}, (True, False, False)),
    "nobody": (Subject(""), {}, (False, False, False)),
}


@pytest.mark.parametrize("who", WHO_SEES)
def test_an_entry_is_seen_by_those_for_whom_it_is_listed(who):
    subject, changes, expected = WHO_SEES[who]
    for listing, seen in zip(LISTINGS, expected, strict=True):
        listed = access_table.entry(listing=listing)
        assert Question(subject=subject, action="see", entry=listed, **changes).answer().allowed is seen, listing
        without_time = replace(Question(subject=subject, action="see", entry=listed, **changes), now=None).answer()
        assert without_time.allowed <= seen


@pytest.mark.parametrize(
    ("groups", "owner", "allowed"),
    [
        ({"stewards", "org-gla"}, "", True),
        ({"stewards"}, "", False),
        ({"org-gla"}, "", False),
        ({"stewards", "org-camden"}, "", False),
        ({"stewards", "org-gla"}, "ada", False),
    ],
)
def test_a_steward_is_in_the_group_and_works_for_the_body_that_holds_the_data(groups, owner, allowed):
    decision = decide(Subject("stu", frozenset(groups), owner), "steward", access_table.entry())
    assert decision.allowed is allowed
    assert "steward of Greater London Authority" in decision.reasons[0]


def test_a_denial_never_leads_to_asking_where_asking_would_not_help():
    for condition, said in access_table.rows():
        helps = "request_access" in said
        assert helps == (condition in ("There is a grant", "The grant is not over", "The grant was not taken back"))


def test_for_a_body_that_is_no_party_the_way_is_to_write_to_the_holder():
    stranger = Subject("sid", frozenset({"org-hackney"}))
    said = Question(subject=stranger, grants=()).answer().reasons[-1]
    assert said == "ISA-014 covers it, for other bodies than yours. Ask School data team (schools@gla.example)."
    nobody = Question(subject=stranger, grants=(), agreements=()).answer().reasons[-1]
    assert nobody.startswith("No agreement in force covers it, so nobody can let you read it yet. Ask School data team")


def test_asking_is_offered_only_for_a_project_that_works_under_the_agreement_for_one_of_its_purposes():
    for changed, chosen in (
        ({"agreements": ()}, "school-places"),
        ({"purpose": "research"}, "school-places"),
        ({"agreements": ()}, None),
        ({"end": dt.date(2026, 11, 1)}, None),
        ({"members": ("bola",)}, None),
        ({}, "another"),
    ):
        work = access_table.project().model_copy(update=changed)
        said = Question(grants=(), projects=(work,), project=chosen).answer().reasons[-1]
        assert "request_access" not in said
        assert "ISA-014 covers it, but " in said
    for chosen in ("school-places", None):
        assert "request_access" in Question(grants=(), project=chosen).answer().reasons[-1]


def test_of_two_contacts_that_of_the_data_is_named():
    held = access_table.agreement(status="suspended", contact={"name": "Agreement", "email": "isa@gla.example"})
    assert "School data team" in Question(agreements=(held,)).answer().reasons[-1]
    bare = Question(agreements=(held,), entry=access_table.entry(contact={})).answer().reasons[-1]
    assert "isa@gla.example" in bare


def test_days_are_written_as_people_do_and_begin_in_london():
    assert day(dt.datetime(2026, 6, 30, 23, 30, tzinfo=dt.UTC)) == "1 July 2026"
    assert last_day(midnight(dt.date(2027, 4, 1))) == "31 March 2027"
    assert last_day(midnight(dt.date(2027, 4, 1)) + dt.timedelta(seconds=1)) == "1 April 2027"
    assert midnight(dt.date(2027, 4, 1)) == dt.datetime(2027, 3, 31, 23, tzinfo=dt.UTC)
    for edge in (dt.datetime.min, dt.datetime.max):
        assert day(edge.replace(tzinfo=dt.UTC)) == last_day(edge.replace(tzinfo=dt.UTC))


def test_an_agreement_is_in_force_from_its_first_day_to_its_review():
    one = agreement(start="2026-03-01", review_by="2026-04-01", end="2027-01-01")
    moments = [midnight(dt.date(2026, 3, 1)), midnight(dt.date(2026, 4, 1))]
    assert [in_force(one, each) for each in moments] == [True, False]
    assert not in_force(one, moments[0] - dt.timedelta(microseconds=1))
    assert not in_force(one.model_copy(update={"status": "suspended"}), moments[0])


def test_an_insight_is_shown_without_what_its_reader_may_not_see():
    values = {"kind": "insight", "form": "app", "owner": "GLA", "public_benefit": "Better.", "access": "open"}
    insight = access_table.entry(**values, uses=["school-rolls", "open"])
    assert as_shown(insight, frozenset({"other"})) is insight
    assert as_shown(insight, frozenset({"school-rolls"})).uses == ("open",)
    nameless = as_shown(insight, frozenset({"school-rolls", "open"}))
    assert entry_from_dict(nameless.to_dict()).uses == ()
    assert as_shown(access_table.entry(), frozenset({"school-rolls"})) == access_table.entry()


@pytest.mark.parametrize("project", [None, "transport-study"])
def test_a_grant_that_is_over_is_not_told_as_one_that_somebody_holds(project):
    """Where it was for another project than the session's, or the session has none."""
    held = Question(project=project).answer().reasons[0]
    assert ("you have one for school-places" if project else "your grants for it are for school-places") in held
    over = Question(project=project, grants=(grant(until=NOW),)).answer().reasons
    assert "your access to it for school-places is over." in over[0]
    assert "use_project" not in over[-1]


def test_arrangements_find_grants_by_person_and_by_id():
    arrangements = Question(grants=(grant(), grant(id="g2", subject="bola"))).arrangements()
    assert [term.grant.id for term in arrangements.terms_of("bola")] == ["g2"]
    assert arrangements.term("g1").grant.subject == "ada"
    assert (arrangements.term("g9"), arrangements.terms_of("sid")) == (None, [])
    assert {term.grant.id for term in arrangements.all_terms()} == {"g1", "g2"}
    assert [each.id for each in arrangements.projects_of("ada")] == ["school-places"]
    assert isinstance(arrangements, Arrangements)
