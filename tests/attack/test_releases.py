"""Attacks on releases: an app of closed data released by its own author, and tables that are not what they say.

The store, the snapshots and the rules are the hub's own; only the sandbox of the check is left out.
"""

from __future__ import annotations

import asyncio
import json
import os

import pandas as pd
import pytest

from londata.access import Subject
from londata.errors import AccessDeniedError, EntryNotFoundError, UsageError
from londata.records import Thresholds
from londata.records.publications import Step
from londata_hub.apps.shelf import Shelf
from londata_hub.apps.sight import Viewing
from londata_hub.apps.theatre import Theatre
from londata_hub.publishing.releasing import audited, for_checkers, gather
from publishing_world import a_notebook
from releases_world import (
    ADA,
    CHEN,
    DIA,
    ROLLS,
    SLUG,
    a_world_of_releases,
    leave,
    made_project,
    move,
    release_it,
    state,
    steward,
)


@pytest.fixture
def world(tmp_path):
    with a_world_of_releases(tmp_path) as made:
        yield made


def test_a_closed_app_is_released_by_two_others_and_opens_to_all(world):
    version = world.publish_it()
    assert (version.state, version.label.access) == ("ready", "closed"), version.findings
    move(world, ADA, "submitted")
    move(world, CHEN, "reviewed")
    move(world, DIA, "approved")
    assert world.publication().audience == (f"project:{made_project(world)}",)
    move(world, ADA, "released")
    assert state(world) == "released"
    assert world.publication().is_public
    assert world.store.version(SLUG, 1).released


def test_a_release_to_the_hub_is_not_made_one_to_everybody_afterwards(world):
    world.publish_it()
    release_it(world, audience=("hub",))
    assert world.publication().audience == ("hub",)
    with pytest.raises(UsageError, match="not released to them"):
        world.publisher.set_audience(ADA, SLUG, ("public",))
    world.publisher.set_audience(ADA, SLUG, ("group:analysts", "person:bola"))
    world.publisher.set_audience(ADA, SLUG, ("hub",))


@pytest.mark.parametrize("waits", [False, True], ids=["the first version", "one that waits"])
def test_a_release_opens_to_no_more_than_its_owner_has_chosen_since(world, waits):
    """A checker can take the last step: what an owner has taken back meanwhile is not given by that."""
    version = world.publish_it()
    if waits:
        release_it(world)
        version = world.publish_it()
        assert version.waits
    for subject, to in ((ADA, "submitted"), (CHEN, "reviewed"), (DIA, "approved")):
        move(world, subject, to, number=version.number)
    world.publisher.set_audience(ADA, SLUG, ("person:bola",))
    move(world, CHEN, "released", number=version.number)
    publication = world.publication()
    assert (publication.current, publication.audience) == (version.number, ("person:bola",))
    assert (world.entry().open_to_all, set(world.entry().audience)) == (False, {"person:ada", "person:bola"})
    world.publisher.set_audience(ADA, SLUG, ("public",))


def test_what_was_chosen_more_widely_since_opens_to_those_alone_to_whom_it_is_released(world):
    world.publish_it()
    release_it(world)
    version = world.publish_it()
    for subject, to in ((ADA, "submitted"), (CHEN, "reviewed"), (DIA, "approved")):
        move(world, subject, to, number=version.number, audience=("group:analysts",))
    world.publisher.set_audience(ADA, SLUG, ("hub", "person:bola"))
    move(world, ADA, "released", number=version.number)
    assert world.publication().audience == ("person:bola", "group:analysts")


def test_a_release_that_is_withdrawn_takes_nothing_from_a_later_version(world):
    world.publish_it()
    release_it(world)
    release_it(world, number=world.publish_it().number)
    move(world, ADA, "withdrawn")
    assert (world.publication().current, world.publication().audience) == (2, ("public",))
    assert not world.store.version(SLUG, 1).released


BY_ANY_NAME = [
    ADA,
    steward("ada"),
    steward("ADA"),
    steward(" ada "),
    steward("service/nightly", owner="chen"),
    steward("app/library-visits", owner="ada"),
    steward("chen", owner="ada"),
    steward("bola", "tfl"),
    Subject("eve", frozenset({"org-gla"})),
    Subject(""),
]


def nobody_of(world, *steps):
    for subject in BY_ANY_NAME:
        for to in steps:
            with pytest.raises((AccessDeniedError, EntryNotFoundError)):
                move(world, subject, to)


def test_the_author_of_an_app_of_closed_data_cannot_release_it_by_any_name(world):
    world.publish_it()
    nobody_of(world, "released", "approved", "reviewed")
    move(world, ADA, "submitted")
    nobody_of(world, "released", "approved", "reviewed")
    move(world, CHEN, "reviewed")
    nobody_of(world, "released", "approved")
    assert state(world) == "reviewed"
    assert not world.store.version(SLUG, 1).released
    assert not world.publication().is_public


def test_data_that_the_register_does_not_know_is_passed_by_nobody_without_a_word(world):
    """The label says nothing of what an author brings along: it might be anything."""
    files = {"app.ipynb": a_notebook(), "homes.csv": b"home,pupil\nCamden,Ada\n", "helpers.py": b"a = 1\n"}
    world.publish_it(files=files)
    move(world, ADA, "submitted")
    for why in ("In order.", "helpers.py is in order."):
        with pytest.raises(AccessDeniedError, match=r"the register does not know: homes\.csv\."):
            move(world, CHEN, "reviewed", why)
    move(world, CHEN, "reviewed", "homes.csv names pupils, but no table shows them.")
    with pytest.raises(AccessDeniedError, match="does not know"):
        move(world, DIA, "approved")
    world.checker.reads = ("libraries",)
    world.publish(ADA, "open-homes", files=files)
    (release,) = [each for each in world.store.releases() if each.publication == "open-homes"]
    assert release.steps[-1].why.startswith("It rests on open data alone, and brings homes.csv.")


def test_one_checker_is_not_two(world):
    world.publish_it()
    move(world, ADA, "submitted")
    move(world, CHEN, "reviewed")
    for same in (CHEN, steward("Chen"), steward("chen ")):
        with pytest.raises(AccessDeniedError):
            move(world, same, "approved")
    with pytest.raises(AccessDeniedError, match="cannot become released"):
        move(world, ADA, "released")


def test_a_process_that_holds_the_data_is_not_shown_once_its_tables_are_released(world):
    """Its notebook ran before the release, so it holds what was read; so does one from before a cover was narrowed."""
    world.publish_it()
    shelf = Shelf(world.store, world.publisher.snapshots.folder)
    theatre = Theatre({SLUG: (before := shelf.one(SLUG, 1))}, "/", None, None)
    kernel = theatre.open(before, "ada")
    assert theatre.shows_the_same(kernel)

    (agreement,) = {each.id: each for each in world.store.arrangements().covering("rolls")}.values()
    covers = [{"entry": each.entry, "columns": ("home",)} for each in agreement.covers]
    world.access.record(type(agreement).model_validate(agreement.model_dump() | {"covers": covers}), "operator")
    theatre.apps = {SLUG: (narrowed := shelf.one(SLUG, 1))}
    assert not theatre.shows_the_same(kernel)
    world.publish_it()
    theatre.apps = Shelf(world.store, world.publisher.snapshots.folder)
    assert not theatre.shows_the_same(kernel), "nor while a later version is the current one"
    world.publisher.roll_back(ADA, SLUG, 1)

    release_it(world)
    released = shelf.one(SLUG, 1)
    assert len({before.key, narrowed.key, released.key}) == 3

    def is_for(subject, app):
        return asyncio.run(Viewing(world.store).look(SLUG, subject, 1, app.acting.released)).view.allowed

    assert [is_for(Subject(""), each) for each in (before, released)] == [False, True]


def test_an_audience_that_is_wider_than_the_data_needs_the_release(world):
    world.publish_it()
    with pytest.raises((AccessDeniedError, UsageError)):
        world.publisher.set_audience(ADA, SLUG, ("public",))
    move(world, ADA, "submitted")
    assert not world.publication().is_public


def test_a_new_version_starts_again_with_nothing_released(world):
    world.publish_it()
    for subject, to in ((ADA, "submitted"), (CHEN, "reviewed"), (DIA, "approved")):
        move(world, subject, to)
    world.checker.frame = ROLLS[:200]
    world.publish_it()
    with pytest.raises(AccessDeniedError, match="Version 2 is the current one"):
        move(world, ADA, "released")
    assert state(world, 2) is None
    with pytest.raises(AccessDeniedError):
        move(world, ADA, "released", number=2)


def test_an_agreement_that_lets_no_results_out_stops_it_at_the_last_step(world):
    world.publish_it()
    for subject, to in ((ADA, "submitted"), (CHEN, "reviewed"), (DIA, "approved")):
        move(world, subject, to)
    (agreement,) = world.store.arrangements().agreements.values()
    values = agreement.model_dump() | {"outputs": "none"}
    world.access.record(type(agreement).model_validate(values), "operator")
    with pytest.raises(AccessDeniedError, match="never released"):
        move(world, ADA, "released")


# Tables that are not what they say -----------------------------------------------------------------------------------


def in_snapshot(world, name, number=1):
    return world.publisher.snapshots.place(SLUG, number) / name


def overwrite(path, content):
    path.parent.chmod(0o700)
    path.chmod(0o600)
    path.write_bytes(content)


def test_a_file_that_was_exchanged_after_the_check_is_found(world):
    version = world.publish_it()
    for name in ("tables/pupils-by-home.parquet", "tables/pupils-by-home.csv", "workings/pupils-by-home.json"):
        path = in_snapshot(world, name)
        before = path.read_bytes()
        overwrite(path, before + b"\n")
        (finding,) = audited(version, world.publisher.snapshots, Thresholds())
        assert finding.weight == "must"
        assert name in finding.sentence
        overwrite(path, before)


def test_thresholds_that_an_owner_tightened_hold_for_the_tables_that_are_there(world):
    version = world.publish_it()
    snapshots = world.publisher.snapshots
    assert [each.weight for each in audited(version, snapshots, Thresholds())] == ["fine"]
    found = audited(version, snapshots, Thresholds(minimum=70))
    assert any(each.weight == "must" and "(the minimum is 70)" in each.sentence for each in found)


def edited(change):
    """Change the document that a notebook left."""

    def tamper(folder):
        path = folder / "pupils-by-home.json"
        document = json.loads(path.read_bytes())
        change(document)
        path.write_text(json.dumps(document))

    return tamper


def show_the_small_one(document):
    document["rows"] = [[home, {"Ealing": 5}.get(home, count)] for home, count in document["rows"]]


def show_what_hides_it(document):
    document["rows"] = [[home, {"Barnet": 55}.get(home, count)] for home, count in document["rows"]]


def show_true_counts(document):
    true = {cell["place"][0]: cell["value"] for cell in document["workings"]["cells"]}
    document["rows"] = [[home, true.get(home, count) if count else count] for home, count in document["rows"]]


def loosen(document):
    document["workings"]["thresholds"]["minimum"] = 1


def slip_in_a_column(document):
    document["columns"]["pupil"] = "string"
    document["rows"] = [[*row, "Ada Lovelace"] for row in document["rows"]]


def call_it_open(document):
    document |= {"kind": "open", "workings": None, "value": ""}


def lead_elsewhere(document):
    document["name"] = "../../app"


@pytest.mark.parametrize(
    "change",
    [show_the_small_one, show_what_hides_it, show_true_counts, loosen, slip_in_a_column, call_it_open, lead_elsewhere],
)
def test_what_a_notebook_leaves_and_may_not_is_found(tmp_path, change):
    leave(tmp_path, ROLLS)
    assert {each.weight for each in gather(tmp_path, Thresholds(), "closed").findings} == {"fine"}
    edited(change)(tmp_path)
    assert any(each.weight == "must" for each in gather(tmp_path, Thresholds(), "closed").findings)


def test_a_notebook_that_leaves_what_it_may_not_is_not_published(world):
    world.checker.tamper = edited(show_the_small_one)
    version = world.publish_it()
    assert version.state == "refused"
    assert any(each.weight == "must" and each.check == "tables" for each in version.findings)


def a_link(folder):
    (folder / "pupils-by-home.json").rename(folder / "elsewhere")
    (folder / "pupils-by-home.json").symlink_to(folder / "elsewhere")


def a_pipe(folder):
    os.mkfifo(folder / "another.json")


def deep(folder):
    (folder / "deep.json").write_text("[" * 100_000)


def not_text(folder):
    (folder / "odd.json").write_bytes(b"\xff\xfe\x00")


def too_large(folder):
    with (folder / "large.json").open("wb") as file:
        file.truncate(30_000_000)


@pytest.mark.parametrize("tamper", [a_link, a_pipe, deep, not_text, too_large])
def test_files_that_are_no_tables_are_found_and_harm_nobody(tmp_path, tamper):
    leave(tmp_path, ROLLS)
    tamper(tmp_path)
    assert any(each.weight == "must" for each in gather(tmp_path, Thresholds(), "closed").findings)


def test_files_of_the_sandbox_are_never_served(world):
    """Only the document is read: whatever lies beside it as Parquet or CSV is written anew."""
    world.checker.tamper = lambda folder: [
        (folder / f"pupils-by-home.{ending}").write_bytes(b"name\r\nAda Lovelace\r\n") for ending in ("csv", "parquet")
    ]
    version = world.publish_it()
    assert version.state == "ready"
    assert b"Ada" not in world.publisher.snapshots.read(SLUG, 1, "tables/pupils-by-home.csv")
    assert b"Ada" not in world.publisher.snapshots.read(SLUG, 1, "tables/pupils-by-home.parquet")


def test_an_earlier_release_is_thought_of(world):
    """The second version hides another number beside the small one: the two give it away, under whatever name."""
    world.publish_it()
    release_it(world)
    counts = {"Camden": 56, "Brent": 106, "Barnet": 60, "Ealing": 3}
    world.checker.frame = pd.DataFrame({"home": [home for home, many in counts.items() for _ in range(many)]})
    for number, name in ((2, "pupils-by-home"), (3, "homes")):
        world.checker.name = name
        world.publish_it(audience=("person:ada",))
        found = f"“Ealing” of the table {name} can be .* this release with the table pupils-by-home of version 1:"
        with pytest.raises(AccessDeniedError, match=found):
            move(world, ADA, "submitted", number=number)
    world.publish(ADA, "homes-of-pupils", project=made_project(world))
    with pytest.raises(AccessDeniedError, match="pupils-by-home of version 1 of the insight library-visits"):
        move(world, ADA, "submitted", slug="homes-of-pupils")
    world.checker.frame = ROLLS
    world.publish(ADA, "homes-of-pupils", project=made_project(world))
    release_it(world, slug="homes-of-pupils", number=2)  # it hides what the other hides


def test_workings_are_for_those_who_check_and_name_nobody(world):
    world.publish_it()
    shown = json.dumps(for_checkers(world.publisher.snapshots.read(SLUG, 1, "workings/pupils-by-home.json")))
    assert "parts" not in shown
    assert "too few" not in shown
    move(world, ADA, "submitted")
    case = world.releases.case(SLUG, 1)
    assert not world.releases.may_check(case, ADA)
    assert not world.releases.may_check(case, steward("ada"))
    assert world.releases.may_check(case, CHEN)


def test_the_store_does_as_it_is_told_so_the_rules_are_asked_before(world):
    """A step that reached the store without the rules would count: nobody but the publisher and the desk calls it."""
    world.publish_it()
    release = move(world, ADA, "submitted")
    with pytest.raises(UsageError, match="moved this release meanwhile"):
        world.store.move(release.model_copy(update={"steps": ()}), Step(to="approved", by="ada", at=world.store.now()))
