"""What may become of a result: labels, the audience that they allow, and who may open it. Partly by hypothesis."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access_table import NOW, agreement, entry, grant, project
from londata.access import Arrangements, Subject
from londata.access.labels import label, may_open
from londata.access.viewing import NOT_THERE, may_view, welcome
from londata.records.publications import Label, Publication, RestsOn, Version

MANY = settings(max_examples=60, deadline=None)
SLUGS = ("areas", "rolls", "moves", "gone")
PERSONAL = ("none", "pseudonymised", "personal", "special category", "not stated")
ORDER = ("open", "shared", "closed")
OUTPUTS = ("", "with-approval", "aggregate-only", "none")
BODIES = ("gla", "camden", "tfl", "hackney")
PURPOSES = ("research", "transport-planning", "statistics")


@st.composite
def worlds(draw: st.DrawFn):
    """What was read, of which some is gone by now, and the agreements about it, of which some are not in force."""
    entries = {
        slug: entry(id=slug, access=draw(st.sampled_from(ORDER)), personal_data=draw(st.sampled_from(PERSONAL)))
        for slug in SLUGS[:3]
    }
    signed = [
        agreement(
            id=name,
            status=draw(st.sampled_from(["signed", "signed", "suspended"])),
            parties=[
                {"organisation": body, "role": "joint"}
                for body in draw(st.lists(st.sampled_from(BODIES), min_size=1, unique=True))
            ],
            purposes=draw(st.lists(st.sampled_from(PURPOSES), min_size=1, unique=True)),
            outputs=draw(st.sampled_from(OUTPUTS[1:])),
        )
        for name in ("ISA-1", "ISA-2")
    ]
    read = st.builds(
        RestsOn,
        entry=st.sampled_from(SLUGS),
        access=st.sampled_from(ORDER),
        agreement=st.sampled_from(["", "ISA-1", "ISA-2", "ISA-3"]),
    )
    return draw(st.lists(read, max_size=5)), entries, Arrangements(signed)


@MANY
@given(worlds())
def test_a_label_is_the_most_restrictive_of_everything(world):
    reads, entries, arrangements = world
    made = label(reads, entries, arrangements, NOW)
    for read in reads:
        now = entries[read.entry].access if read.entry in entries else "closed"
        assert ORDER.index(made.access) >= max(ORDER.index(read.access), ORDER.index(now))
        if "open" == read.access == now:
            continue
        found = arrangements.agreements.get(read.agreement)
        held = found if found and found.status == "signed" else None
        assert made.parties is not None
        assert set(made.parties) <= ({each.organisation for each in held.parties} if held else set())
        assert set(made.purposes) <= (set(held.purposes) if held else set())
        assert OUTPUTS.index(made.outputs) >= OUTPUTS.index(held.outputs if held else "none")
        assert made.personal or entries[read.entry].personal_data == "none"


@MANY
@given(worlds(), worlds())
def test_what_rests_on_more_is_never_freer(one, other):
    reads, entries, arrangements = one
    more, less = label([*reads, *other[0]], entries, arrangements, NOW), label(reads, entries, arrangements, NOW)
    assert ORDER.index(more.access) >= ORDER.index(less.access)
    assert OUTPUTS.index(more.outputs) >= OUTPUTS.index(less.outputs)
    assert less.personal <= more.personal
    for name in ("parties", "purposes"):
        before, after = getattr(less, name), getattr(more, name)
        assert before is None or (after is not None and set(after) <= set(before))
    audience = ["public", "hub", "person:ada", "project:p", "project:q", *(f"group:org-{body}" for body in BODIES)]
    assert len(may_open(audience, more, "p")) >= len(may_open(audience, less, "p"))


@MANY
@given(st.permutations(range(4)), worlds())
def test_the_order_in_which_it_was_read_is_nothing_to_a_label(order, world):
    reads, entries, arrangements = world
    reads = (reads * 4)[:4]
    assert label([reads[n] for n in order[: len(reads)]], entries, arrangements, NOW) == label(
        reads, entries, arrangements, NOW
    )


def test_open_data_alone_allows_everything():
    made = label(
        [RestsOn(entry="areas", access="open")], {"areas": entry(id="areas", access="open")}, Arrangements(), NOW
    )
    assert made == Label()
    assert may_open(["public", "hub", "group:anybody"], made, None) == []


SHARED = Label(access="shared", agreements=("ISA-014",), parties=("camden", "gla"), purposes=("research",))


@pytest.mark.parametrize(
    "viewer", ["public", "hub", "group:analysts", "group:org-tfl", "group:gla", "project:other", "group:org-"]
)
def test_who_is_too_many_for_shared_data_is_said_in_a_sentence(viewer):
    (said,) = may_open([viewer], SHARED, "school-places")
    assert said.startswith(f"“{viewer}” is too wide: it rests on shared data under ISA-014.")
    assert "“project:school-places” or “group:org-camden”" in said
    assert may_open([viewer], SHARED, "school-places", released_to=["public"]) == []
    assert bool(may_open([viewer], SHARED, "school-places", released_to=["hub"])) is (viewer == "public")
    assert may_open([viewer], SHARED, "school-places", released_to=[viewer]) == []
    (said,) = may_open([viewer], SHARED, "school-places", released_to=[])
    assert "not released to them" in said


def test_people_the_own_project_and_the_parties_are_not_too_many():
    assert may_open(["person:ada", "project:school-places", "group:org-gla"], SHARED, "school-places") == []
    assert may_open(["project:school-places"], SHARED, None) != []


def published(**more):
    values = {"slug": "app", "owner": "ada", "project": "school-places", "audience": ("hub",), "created_at": NOW}
    return Publication(**(values | more))


def version(*reads, **more):
    values = {"publication": "app", "number": 1, "files": {}, "record": {}, "published_by": "ada", "published_at": NOW}
    return Version(**(values | {"rests_on": reads} | more))


ROLLS = RestsOn(entry="school-rolls", access="closed", agreement="ISA-014")
ENTRIES = {"school-rolls": entry(), "areas": entry(id="areas", access="open")}
WORLD = Arrangements([agreement()], [project(members=["ada", "bola"])], [grant(), grant(id="g2", subject="bola")])
ADA, BOLA, CHEN = (Subject(name, frozenset({"analysts", "org-gla"})) for name in ("ada", "bola", "chen"))
NOBODY = Subject("")


def allowed(subject, publication=None, shown=None, world=WORLD, now=NOW):
    return may_view(subject, publication or published(), shown or version(ROLLS), ENTRIES, now, world).allowed


def test_a_viewer_needs_a_grant_of_their_own_for_what_is_not_open():
    assert [allowed(each) for each in (ADA, BOLA, CHEN, NOBODY)] == [True, True, False, False]
    assert not allowed(NOBODY, published(audience=("public",)))
    assert not allowed(BOLA, published(project=None))
    assert not allowed(BOLA, now=dt.datetime(2027, 5, 1, tzinfo=dt.UTC))
    view = may_view(CHEN, published(), version(ROLLS), ENTRIES, NOW, WORLD)
    assert view.is_there
    assert "you have no grant" in view.reason


@pytest.mark.parametrize(
    ("cover", "may"),
    [
        ({}, True),
        ({"columns": ("ward", "rolls", "school")}, True),
        ({"columns": ("ward",)}, False),
        ({"rows": {"conditions": [{"column": "ward", "values": ["Abbey"]}]}}, False),
    ],
)
def test_a_grant_for_less_than_an_insight_reads_is_not_enough(cover, may):
    """Bola may read the same data, under an agreement that covers less of it than the one the insight reads under."""
    whole = agreement(covers=[{"entry": "school-rolls", "columns": ("ward", "rolls")}])
    part = agreement(id="ISA-015", covers=[{"entry": "school-rolls", **cover}])
    both = project(members=["ada", "bola"], agreements=("ISA-014", "ISA-015"))
    grants = [grant(), grant(id="g2", subject="bola", agreement="ISA-015")]
    world = Arrangements([whole, part], [both], grants)
    assert allowed(ADA, world=world)
    assert allowed(BOLA, world=world) is may
    also = Arrangements([whole, part], [both], [*grants, grant(id="g3", subject="bola")])
    assert allowed(BOLA, world=also)
    unknown = version(RestsOn(entry="school-rolls", access="closed", agreement="ISA-9"))
    assert allowed(BOLA, shown=unknown, world=also) is (not cover)


def test_a_grant_is_not_enough_for_somebody_who_was_not_chosen():
    assert may_view(BOLA, published(audience=("person:ada",)), version(ROLLS), ENTRIES, NOW, WORLD) == NOT_THERE
    assert not allowed(BOLA, published(audience=("group:bola",)))
    assert not allowed(BOLA, published(audience=()))


def test_its_owner_needs_the_grant_too():
    assert allowed(ADA, published(audience=()))
    assert not allowed(ADA, published(audience=()), world=Arrangements([agreement()], [project()]))
    assert not allowed(Subject("ada"), published(audience=()))


def test_of_what_was_read_in_several_parts_the_strictest_counts():
    for reads in itertools.permutations(
        [RestsOn(entry="areas", access="open"), RestsOn(entry="areas", access="closed")]
    ):
        assert not allowed(NOBODY, published(audience=("public",)), version(*reads))
    assert allowed(NOBODY, published(audience=("public",)), version(RestsOn(entry="areas", access="open")))


def test_what_is_not_in_the_register_any_more_is_shut_and_what_was_opened_since_is_not():
    assert not allowed(ADA, shown=version(RestsOn(entry="gone", access="open")))
    assert not allowed(NOBODY, published(audience=("public",)), version(RestsOn(entry="school-rolls", access="open")))


def test_a_released_version_shows_its_tables_to_its_audience():
    shown = version(ROLLS, released=True, label=Label(access="closed"))
    assert allowed(NOBODY, published(audience=("public",)), shown)
    assert allowed(CHEN, shown=shown)
    assert not allowed(NOBODY, shown=shown)
    # Released with a label that says open, and yet it reads what is not: then it is asked all the same
    assert not allowed(NOBODY, published(audience=("public",)), version(ROLLS, released=True))


def test_paused_is_for_its_owner_and_withdrawn_for_nobody():
    assert [allowed(each, published(state="paused")) for each in (ADA, BOLA)] == [True, False]
    assert not allowed(ADA, published(state="withdrawn"))
    said = may_view(BOLA, published(state="paused", reason="The agreement ended."), version(), ENTRIES, NOW, WORLD)
    assert said.reason == "This insight is paused: The agreement ended."
    assert may_view(CHEN, published(state="paused", audience=()), version(), ENTRIES, NOW, WORLD) == NOT_THERE


def test_what_ships_is_owned_by_nobody():
    owner = "The londata maintainers"
    shipped = published(owner=owner, shipped=True, audience=(), state="paused")
    assert may_view(Subject(owner), shipped, version(), ENTRIES, NOW, WORLD) == NOT_THERE


@pytest.mark.parametrize("subject", [NOBODY, ADA])
def test_an_audience_is_named_by_kind(subject):
    expected = bool(subject.name)
    assert bool(welcome(subject, ["public"], NOW, WORLD))
    assert bool(welcome(subject, ["hub"], NOW, WORLD)) is expected
    assert bool(welcome(subject, ["project:school-places"], NOW, WORLD)) is expected
    assert bool(welcome(subject, ["group:org-gla"], NOW, WORLD)) is expected
    assert not welcome(subject, ["person:", "group:", "project:x", "person:gla"], NOW, WORLD)
