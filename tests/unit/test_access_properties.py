"""What holds of the one decision whatever is arranged: hypothesis makes up agreements, projects, grants and moments."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from access_table import CASES, NOW, Question, agreement, entry, grant, project
from londata.access import Decision, Subject, midnight
from londata.records import GrantEnd, ServiceAccount

MANY = settings(max_examples=60, deadline=None)

NAMES = ("ada", "bola", "service/nightly", "")
GROUPS = ("analysts", "stewards", "org-gla", "org-camden", "org-", "org-hackney", "statisticians")
SLUGS = ("school-rolls", "movements")
PROJECTS = ("school-places", "transport-study")
AGREEMENTS = ("ISA-014", "ISA-015")
PURPOSES = ("school-place-planning", "research")
DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)) | st.sampled_from([dt.date.min, dt.date.max])
MOMENTS = st.datetimes(
    dt.datetime(2025, 12, 1),
    dt.datetime(2028, 2, 1),
    timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=9))]),
) | st.sampled_from([NOW, dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)])


def some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=len(values))


@st.composite
def agreements(draw: st.DrawFn, name: str) -> object:
    start = draw(st.dates(dt.date(2025, 6, 1), dt.date(2027, 6, 1)) | st.just(dt.date.min))
    return agreement(
        id=name,
        status=draw(st.sampled_from(["signed", "signed", "signed", "draft", "suspended", "ended"])),
        parties=[{"organisation": each, "role": "joint"} for each in draw(some(("gla", "camden"))) or ["tfl"]],
        purposes=draw(some(PURPOSES)) or ["statistics"],
        covers=[{"entry": slug} for slug in draw(some(SLUGS))],
        who_may=draw(some(("analysts", "statisticians"))),
        settings=draw(st.sampled_from([["workbench"], ["download"], []])),
        start=start,
        review_by=draw(DAYS),
        end=draw(st.dates(start + dt.timedelta(days=1), dt.date(2028, 1, 1)) | st.just(dt.date.max)),
    )


@st.composite
def questions(draw: st.DrawFn) -> Question:
    grants = draw(
        st.lists(
            st.builds(
                lambda subject, slug, work, under, until: {
                    "subject": subject, "entry": slug, "project": work, "agreement": under, "until": until,
                },
                st.sampled_from(["ada", "bola"]), st.sampled_from(SLUGS), st.sampled_from(PROJECTS),
                st.sampled_from(AGREEMENTS), MOMENTS,
            ),
            max_size=6,
        )
    )  # fmt: skip
    made = tuple(grant(id=f"g{number}", **values) for number, values in enumerate(grants))
    over = draw(st.lists(st.tuples(st.integers(0, 7), MOMENTS), max_size=3))
    return Question(
        subject=Subject(
            draw(st.sampled_from(NAMES)),
            frozenset(draw(some(GROUPS))),
            draw(st.sampled_from(["", "", "", "ada", "bola"])),
        ),
        action=draw(st.sampled_from(["read", "read", "read", "see", "steward", "write", ""])),
        entry=entry(
            id=draw(st.sampled_from(SLUGS)),
            access=draw(st.sampled_from(["closed", "closed", "shared", "open"])),
            listing=draw(st.sampled_from(["public", "members", "hidden"])),
        ),
        project=draw(st.sampled_from([None, "", *PROJECTS])),
        now=draw(MOMENTS | st.none() | st.just(dt.datetime(2026, 11, 20))),
        agreements=tuple(draw(agreements(name)) for name in draw(some(AGREEMENTS))),
        projects=tuple(
            project(
                id=name,
                purpose=draw(st.sampled_from(PURPOSES)),
                members=draw(some(("ada", "bola"))),
                agreements=draw(some(AGREEMENTS)),
                end=draw(DAYS),
            )
            for name in draw(some(PROJECTS))
        ),
        grants=made,
        ends=tuple(GrantEnd(grant=f"g{number}", ended_by="chen", ended_at=at) for number, at in over),
        accounts=tuple(
            ServiceAccount(
                name=name, owner=draw(st.sampled_from(["ada", "bola"])), project=draw(st.sampled_from(PROJECTS))
            )
            for name in draw(some(("nightly", "ada")))
        ),
        isolated=draw(st.booleans() | st.just(True)),
    )


@st.composite
def holding(draw: st.DrawFn) -> Question:
    """Make a question to which the answer is yes, with as much else arranged as may be."""
    other, asked = draw(questions()), Question()
    return replace(
        asked,
        now=draw(MOMENTS.filter(lambda now: midnight(dt.date(2026, 1, 1)) <= now < grant().until)),
        agreements=(*(each for each in other.agreements if each.id != "ISA-014"), *asked.agreements),
        projects=(*(each for each in other.projects if each.id != "school-places"), *asked.projects),
        grants=(*other.grants, grant(id="the one")),
        accounts=other.accounts,
        ends=other.ends,
    )


@MANY
@given(questions())
def test_every_question_has_an_answer_with_reasons(question):
    decision = question.answer()
    assert isinstance(decision, Decision)
    assert decision.reasons
    assert all(reason and reason == reason.strip() for reason in decision.reasons)
    assert (decision.subject, decision.entry_id) == (question.subject.name, question.entry.id)


@MANY
@given(questions())
def test_the_same_question_has_the_same_answer_in_any_order_of_records(question):
    assert question.answer() == question.answer()
    turned = {name: tuple(reversed(getattr(question, name))) for name in ("agreements", "projects", "grants", "ends")}
    assert replace(question, **turned).answer().allowed == question.answer().allowed


@MANY
@given(questions())
def test_nothing_that_is_not_open_is_read_without_a_grant_project_and_agreement(question):
    decision = replace(question, action="read").answer()
    if decision.allowed and question.entry.access != "open":
        held = next(each for each in question.grants if each.id == decision.grant)
        assert (held.subject, held.entry, held.project) == (
            question.subject.person,
            question.entry.id,
            question.project,
        )
        assert question.isolated
        work = next(each for each in question.projects if each.id == held.project)
        under = next(each for each in question.agreements if each.id == held.agreement == decision.agreement)
        assert held.subject in work.members
        assert under.id in work.agreements
        assert work.purpose in under.purposes
        assert under.status == "signed"
        assert under.cover_of(question.entry.id) is not None
        assert question.subject.organisations & {party.organisation for party in under.parties}
        assert midnight(under.start) <= question.now
    for name in ("grants", "projects", "agreements"):
        if question.entry.access != "open":
            assert not replace(question, action="read", **{name: ()}).answer().allowed


@MANY
@given(questions())
def test_an_allow_ends_after_now_and_not_after_anything_it_rests_on(question):
    decision = replace(question, action="read").answer()
    if not decision.allowed or question.entry.access == "open":
        return
    held = next(each for each in question.grants if each.id == decision.grant)
    under = next(each for each in question.agreements if each.id == held.agreement)
    work = next(each for each in question.projects if each.id == held.project)
    stops = [held.until, midnight(work.end), midnight(under.end), midnight(under.review_by)]
    stops += [each.ended_at for each in question.ends if each.grant == held.id]
    assert decision.until == min(stops)
    assert question.now < decision.until
    later = replace(question, action="read", now=decision.until, grants=(held,))
    assert not later.answer().allowed


@MANY
@given(holding())
def test_what_else_is_arranged_takes_nothing_away(question):
    assert question.answer().allowed


@MANY
@given(questions(), st.sampled_from(sorted(CASES)))
def test_dropping_any_one_condition_denies_whatever_else_is_arranged(other, condition):
    broken = CASES[condition](Question())
    more = {
        "agreements": tuple(each for each in other.agreements if each.id != "ISA-014"),
        "projects": tuple(each for each in other.projects if each.id != "school-places"),
        "grants": tuple(each for each in other.grants if each.subject != "ada"),
    }
    assert not replace(broken, **{name: getattr(broken, name) + added for name, added in more.items()}).answer().allowed


@MANY
@given(questions(), st.integers(0, 5), MOMENTS)
def test_ending_a_grant_never_allows(question, number, at):
    ended = replace(question, ends=(*question.ends, GrantEnd(grant=f"g{number}", ended_by="chen", ended_at=at)))
    assert ended.answer().allowed <= question.answer().allowed


@MANY
@given(holding(), st.timedeltas(dt.timedelta(0), dt.timedelta(days=4_000)))
def test_what_is_over_stays_over(question, more):
    question = replace(question, grants=(grant(),), ends=())
    until = question.answer().until
    assert not replace(question, now=until + more).answer().allowed


@MANY
@given(questions(), questions())
def test_one_person_s_answer_does_not_depend_on_what_others_were_granted(question, other):
    person = question.subject.person
    others = tuple(
        each.model_copy(update={"id": f"other-{each.id}", "subject": "somebody-else"}) for each in other.grants
    )
    assert replace(question, grants=(*question.grants, *others)).answer() == question.answer()
    mine = tuple(each for each in question.grants if each.subject == person)
    assert replace(question, grants=mine).answer() == question.answer()


@MANY
@given(questions())
def test_what_somebody_can_read_they_can_see(question):
    if replace(question, action="read").answer().allowed and question.entry.access != "open":
        assert replace(question, action="see").answer().allowed


@MANY
@given(questions())
def test_nobody_without_a_name_gets_anything(question):
    nobody = replace(question, subject=Subject("", question.subject.groups, question.subject.owner))
    assert not nobody.answer().allowed


@MANY
@given(questions())
def test_a_denial_of_reading_goes_from_the_title_to_what_to_do(question):
    decision = replace(question, action="read").answer()
    if not decision.allowed and question.subject.name:
        first, *_, last = decision.reasons
        assert first.startswith("You can see “School rolls by pupil” but not read it: ")
        assert any(step in last for step in ("Ask ", "Choose it: ", "start another, then "))
        assert all(reason.endswith(".") and ".." not in reason for reason in decision.reasons)
