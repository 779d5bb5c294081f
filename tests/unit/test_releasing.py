"""Releases: who may take which step, and that no sequence of steps leads around a rule."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from access_table import agreement, entry
from londata.access import Arrangements, Subject
from londata.access.releasing import WAYS, Case, approvers, licence_lines, may_move, steps_open
from londata.errors import AccessDeniedError
from londata.records.publications import Finding, Label, OutputTable, Publication, Release, Step, Version

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
COUNTS = OutputTable(name="by-home", title="Pupils by home", unit="pupils", kind="counts", rows=3, sha256="a" * 64)
PLAIN = COUNTS.model_copy(update={"kind": "open", "name": "plain"})
PUPILS = Label(
    access="closed", agreements=("ISA-014",), parties=("camden", "gla"), outputs="aggregate-only", personal=True
)
ROUTES = Label(access="shared", agreements=("ISA-015",), parties=("camden", "tfl"))
OPEN = Label()


def steward(name, *bodies, **more):
    return Subject(name, frozenset({"stewards", *(f"org-{body}" for body in bodies)}), **more)


ADA, BOLA, CHI = Subject("ada", frozenset({"org-camden"})), steward("bola", "camden"), steward("chi", "gla")
ADA_AS_STEWARD = steward("ada", "camden")


def case(label=PUPILS, state="draft", steps=(), *, tables=(COUNTS,), owner="ada", current=1, **more):
    publication = Publication(slug="homes", owner=owner, current=current, created_at=NOW)
    version = Version(
        publication="homes",
        number=1,
        state="ready",
        files={},
        record={},
        published_by="ada",
        published_at=NOW,
        tables=tables,
    )
    taken = tuple(Step(to=to, by=by, at=NOW) for to, by in steps)
    state = taken[-1].to if taken else state
    release = Release(publication="homes", version=1, author="ada", state=state, steps=taken)
    return Case(publication, version, release, label, **more)


SUBMITTED = (("draft", "ada"), ("submitted", "ada"))
REVIEWED = (*SUBMITTED, ("reviewed", "bola"))
APPROVED = (*REVIEWED, ("approved", "chi"))


def why_not(case, to, subject):
    move = may_move(case, to, subject, "because")
    assert not move.allowed
    return " ".join(move.reasons)


def test_closed_data_is_released_by_two_checkers():
    assert steps_open(case(), ADA) == ("draft", "submitted", "withdrawn")
    assert steps_open(case(steps=SUBMITTED), BOLA) == ("reviewed", "returned")
    assert steps_open(case(steps=REVIEWED), CHI) == ("approved", "returned")
    assert steps_open(case(steps=REVIEWED), BOLA) == ("returned",)
    assert steps_open(case(steps=APPROVED), ADA) == ("released", "withdrawn")
    assert may_move(case(steps=APPROVED), "released", ADA).require().allowed


def test_shared_data_that_is_not_about_people_needs_one():
    assert steps_open(case(ROUTES, steps=SUBMITTED), BOLA) == ("approved", "returned")
    assert "One check is enough" in why_not(case(ROUTES, steps=SUBMITTED), "reviewed", BOLA)
    assert may_move(case(ROUTES, steps=(*SUBMITTED, ("approved", "bola"))), "released", ADA).allowed
    assert case(ROUTES.model_copy(update={"personal": True})).needed == 2


def test_open_data_releases_itself_unless_a_licence_is_not_stated():
    assert steps_open(case(OPEN, tables=()), ADA) == ("draft", "released", "withdrawn")
    assert "not stated" in why_not(case(OPEN, unlicensed=("The licence of “X” is not stated.",)), "released", ADA)
    assert "nobody has to check it" in why_not(case(OPEN), "submitted", ADA)
    assert "author or owner" in why_not(case(OPEN), "released", BOLA)


@pytest.mark.parametrize("state", ["draft", "submitted", "reviewed", "approved", "returned"])
def test_the_author_of_an_app_of_closed_data_never_releases_it_alone(state):
    steps = {"draft": (), "submitted": SUBMITTED, "reviewed": REVIEWED, "approved": APPROVED, "returned": ()}[state]
    of_it = case(steps=steps, state=state)
    for subject in (ADA, ADA_AS_STEWARD, steward("ADA", "camden"), steward("service/nightly", "camden", owner="bola")):
        assert {"reviewed", "approved"}.isdisjoint(steps_open(of_it, subject))
        assert state == "approved" or "released" not in steps_open(of_it, subject)


def test_a_new_owner_and_the_old_one_are_both_no_checkers():
    given_away = case(steps=SUBMITTED, owner="bola", owners=frozenset({"ada", "bola"}))
    assert "cannot check it" in why_not(given_away, "reviewed", BOLA)
    assert "cannot check it" in why_not(given_away, "reviewed", ADA_AS_STEWARD)
    assert "cannot check it" in why_not(case(steps=SUBMITTED, owners=frozenset({"bola"})), "reviewed", BOLA)


def test_a_checker_who_became_the_owner_does_not_count():
    assert "has become its author or owner" in why_not(case(steps=APPROVED, owner="chi"), "released", ADA)
    assert "needs two different checkers" in why_not(case(steps=REVIEWED, owner="bola"), "approved", CHI)


def test_checks_before_it_was_returned_do_not_count():
    again = (*REVIEWED, ("returned", "chi"), ("submitted", "ada"), ("reviewed", "chi"))
    assert case(steps=again).checked_by == ("chi",)
    assert may_move(case(steps=again), "approved", BOLA).allowed


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"label": PUPILS.model_copy(update={"outputs": "none"})}, "never released"),
        ({"label": PUPILS.model_copy(update={"parties": ()})}, "nobody could check it"),
        ({"label": PUPILS.model_copy(update={"parties": None})}, "nobody could check it"),
        ({"tables": ()}, "leaves no tables"),
        ({"tables": (COUNTS, PLAIN)}, "neither: plain"),
        ({"findings": (Finding(check="disclosure", weight="must", sentence="It can be worked out."),)}, "worked out"),
        ({"current": 2}, "Version 2 is the current one"),
    ],
)
@pytest.mark.parametrize(
    ("steps", "to", "subject"), [((), "submitted", ADA), (REVIEWED, "approved", CHI), (APPROVED, "released", ADA)]
)
def test_what_is_wrong_with_the_version_stands_in_the_way_of_every_step(changed, sentence, steps, to, subject):
    assert sentence in why_not(case(**{"label": PUPILS, "steps": steps, **changed}), to, subject)


def test_shared_tables_need_no_protection_unless_an_agreement_says_so():
    assert may_move(case(ROUTES, tables=(PLAIN,)), "submitted", ADA, "because").allowed
    strict = ROUTES.model_copy(update={"outputs": "aggregate-only"})
    assert "neither: plain" in why_not(case(strict, tables=(PLAIN,)), "submitted", ADA)


def test_a_steward_of_another_body_is_no_checker():
    assert "Only a steward of a body that is party" in why_not(case(steps=SUBMITTED), "reviewed", steward("eve", "tfl"))
    assert "Only a steward" in why_not(case(steps=SUBMITTED), "reviewed", Subject("eve", frozenset({"org-camden"})))


def test_where_results_need_approval_the_last_yes_is_a_controller_s():
    wants = agreement(
        outputs="with-approval",
        parties=[{"organisation": "gla", "role": "recipient"}, {"organisation": "camden", "role": "controller"}],
    )
    label = PUPILS.model_copy(update={"agreements": (wants.id,), "outputs": "with-approval"})
    bodies = approvers(label, Arrangements([wants]))
    assert bodies == {"camden"}
    assert approvers(label, Arrangements([agreement()])) is None
    first_by_bola = case(label, steps=REVIEWED, approvers=bodies)
    assert "approved by a steward of a controller: camden" in why_not(first_by_bola, "approved", CHI)
    first_by_chi = case(label, steps=(*SUBMITTED, ("reviewed", "chi")), approvers=bodies)
    assert may_move(first_by_chi, "approved", BOLA).allowed


def test_whoever_checks_says_what_they_found_in_data_that_the_register_does_not_know():
    brings = case(steps=SUBMITTED, brought=("data/Homes.csv", "names.xlsx"))
    assert steps_open(brings, BOLA) == ("reviewed", "returned")
    said = why_not(brings, "reviewed", BOLA)
    assert "brings data of its own that the register does not know: data/Homes.csv, names.xlsx" in said
    named = "data/homes.csv has areas only."
    assert "know: names.xlsx." in " ".join(may_move(brings, "reviewed", BOLA, named).reasons)
    assert may_move(brings, "reviewed", BOLA, f"{named} names.xlsx: names of wards.").allowed
    assert not may_move(brings, "reviewed", BOLA, "old-names.xlsx and my/data/homes.csv").allowed, "those are others"
    many = case(steps=SUBMITTED, brought=tuple(f"{n}.csv" for n in range(6)))
    assert "6 files with data of its own; 5 are the most" in why_not(many, "reviewed", BOLA)


def test_a_file_that_is_called_as_a_word_is_passed_by_nobody_who_says_that_word():
    brings = case(steps=SUBMITTED, brought=("r", "in order", "order."))
    said = " ".join(may_move(brings, "reviewed", BOLA, "For others: all is in order.").reasons)
    assert "does not know: “r”, “in order”, “order.”." in said
    assert may_move(brings, "reviewed", BOLA, "“r” is code, \"in order\" a list of wards, 'order.' empty.").allowed
    assert "reviewed" in steps_open(brings, BOLA)


def test_to_ask_for_it_to_return_it_and_to_withdraw_it_takes_a_reason():
    said = may_move(case(steps=SUBMITTED), "returned", BOLA).reasons
    assert said == ("A release is not returned without a reason.", "Say why; it is kept for good.")
    assert not may_move(case(), "submitted", ADA, " ").allowed
    assert may_move(case(), "submitted", ADA, "Parents should see it.").allowed
    assert not may_move(case(), "withdrawn", ADA, "  ").allowed
    with pytest.raises(AccessDeniedError, match="not withdrawn without a reason"):
        may_move(case(), "withdrawn", ADA).require()


def test_a_steward_may_stop_what_was_released_and_the_author_as_well():
    released = (*APPROVED, ("released", "ada"))
    assert steps_open(case(steps=released), steward("dara", "gla")) == ("withdrawn",)
    assert steps_open(case(steps=released), ADA) == ("withdrawn",)
    assert steps_open(case(steps=released), Subject("eve", frozenset({"analysts"}))) == ()
    assert steps_open(case(steps=(*released, ("withdrawn", "ada"))), ADA) == ()


def test_lines_of_licences_and_what_cannot_be_told():
    open_ = {"access": "open", "licence": "ogl-3"}
    lines, problems = licence_lines(
        {
            "a": entry(id="a", title="Trees", **open_, attribution="Contains OS data."),
            "b": entry(id="b", title="Parks", access="open", licence="not stated"),
            "c": entry(id="c", title="Maps", access="open", licence="all-rights-reserved"),
            "d": None,
        }
    )
    (line,) = lines
    assert line.startswith("“Trees”, ")
    assert "Open Government Licence v3.0 (https://" in line
    assert line.endswith(" Contains OS data.")
    assert [problem.split()[0] for problem in problems] == ["The", "All", "d"]


# Every sequence of steps ---------------------------------------------------------------------------------------------

PEOPLE = [
    ADA, ADA_AS_STEWARD, steward("Ada", "gla"), BOLA, steward("Bola", "camden"), CHI, steward("dara", "tfl"),
    Subject("eve", frozenset({"org-camden"})), steward("service/nightly", "camden", owner="bola"),
    steward("job/ada", "gla", owner="ada"), Subject(""),
]  # fmt: skip
LABELS = [
    PUPILS,
    ROUTES,
    OPEN,
    PUPILS.model_copy(update={"outputs": "none"}),
    PUPILS.model_copy(update={"parties": ("gla",)}),
]


class Releasing(RuleBasedStateMachine):
    """Everybody tries everything, while owners, agreements, findings and versions change."""

    @initialize(label=st.sampled_from(LABELS))
    def begin(self, label):
        self.label, self.owner, self.owners, self.current = label, "ada", {"ada"}, 1
        self.steps, self.of_a_party, self.found, self.tables = [], [], (), (COUNTS,)
        self.released_when = None

    def now(self):
        found = (Finding(check="disclosure", weight="must", sentence="No."),) if self.found else ()
        return case(
            self.label, steps=tuple((to, by) for to, by, _ in self.steps), owner=self.owner, current=self.current,
            tables=self.tables, findings=found, owners=frozenset(self.owners),
        )  # fmt: skip

    @rule(to=st.sampled_from(sorted(set(WAYS) - {"withdrawn"})), subject=st.sampled_from(PEOPLE))
    def step(self, to, subject):
        if may_move(self.now(), to, subject, "because").allowed:
            self.steps.append((to, subject.name, subject))
            self.of_a_party.append(not subject.organisations.isdisjoint(self.label.parties or ()))
            if to == "released":
                self.released_when = (self.label, self.found, self.tables, self.current, set(self.owners))

    @rule(subjects=st.lists(st.sampled_from([*PEOPLE, BOLA, CHI]), min_size=1, max_size=3))
    def go_on(self, subjects):
        """Take the next step, where one of them may, so that the end is reached often."""
        for subject in subjects:
            for to in ("released", "approved", "reviewed", "submitted", "draft"):
                if to in steps_open(self.now(), subject):
                    return self.step(to, subject)
        return None

    @rule()
    def its_owner_goes_on(self):
        return self.go_on([Subject(self.owner), ADA])

    @rule(owner=st.sampled_from(["ada", "bola", "chi", "eve"]))
    def change_owner(self, owner):
        self.owner = owner
        self.owners.add(owner)

    @precondition(lambda self: len(self.steps) > 1)
    @rule(label=st.sampled_from(LABELS))
    def change_what_it_rests_on(self, label):
        self.label = label

    @precondition(lambda self: len(self.steps) > 2)
    @rule(found=st.booleans(), plain=st.booleans(), newer=st.booleans())
    def change_what_is_found(self, found, plain, newer):
        self.found, self.tables, self.current = found, (PLAIN,) if plain else (COUNTS,), 2 if newer else 1

    @invariant()
    def nothing_is_released_against_the_rules(self):
        if not getattr(self, "released_when", None):
            return
        label, found, tables, current, owners = self.released_when
        assert current == 1
        if label.access == "open":
            return
        assert label.outputs != "none"
        assert not found
        assert label.access == "shared" or tables == (COUNTS,)
        last = max(at for at, (to, _, _) in enumerate(self.steps) if to == "submitted")
        end = max(at for at, (to, _, _) in enumerate(self.steps) if to == "released")
        checks = [at for at in range(last, end) if self.steps[at][0] in ("reviewed", "approved")]
        assert all(self.of_a_party[at] for at in checks), "by the agreements as they were then"
        yes = [self.steps[at][2] for at in checks]
        people = {s.name.lower() for s in yes if not s.owner and "stewards" in s.groups}
        people -= {owner.lower() for owner in owners} | {"ada"}
        assert len(people) >= (1 if label.access == "shared" else 2)


Releasing.TestCase.settings = settings(max_examples=200, stateful_step_count=15, deadline=None)
TestEverySequenceOfSteps = Releasing.TestCase
