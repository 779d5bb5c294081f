"""What a hostile author, viewer or steward tries at the publisher itself; and many who publish at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from londata.access import Subject
from londata.access.labels import may_open
from londata.errors import LondataError, UsageError
from londata.records import entry_from_dict
from londata.records.publications import Thresholds
from londata_hub.publishing import entries
from londata_hub.publishing.snapshots import why_not_name
from published import RECORD, a_publication, a_version, resting_on
from publishing_world import World, a_notebook, a_world, asked
from sharing_records import ADA, BOLA, CHEN, an_entry


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def test_many_who_publish_one_name_at_once_never_mix(world: World) -> None:
    """Each version that is there has the notebook, the author and the audience of one request."""
    together, outcomes = threading.Barrier(8), []

    def publish(who: Subject, number: int) -> None:
        together.wait()
        try:
            files = {"app.ipynb": a_notebook(f"'{who.name} {number}'")}
            audience = (f"person:{who.name}-{number}",)
            world.publisher.publish(who, asked(files=files, audience=audience))
            outcomes.append("begun")
        except UsageError as error:
            outcomes.append(error.message)

    threads = [threading.Thread(target=publish, args=(who, number)) for who in (ADA, BOLA) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    world.publisher.close(wait=True)
    versions = world.store.versions("library-visits")
    assert outcomes.count("begun") == len(versions)
    publication = world.publication()
    for version in versions:
        notebook = world.publisher.snapshots.read("library-visits", version.number, "app.ipynb").decode()
        assert version.published_by == publication.owner
        assert f"'{publication.owner} " in notebook
        assert (version.state, notebook.encode()) in [("ready", said) for _, _, _, said in world.checker.seen]
    current = world.publisher.snapshots.read("library-visits", publication.current, "app.ipynb").decode()
    (viewer,) = publication.audience
    assert viewer.removeprefix("person:").replace("-", " ") in current, "the audience came with this very notebook"


def test_nobody_gets_a_name_that_was_somebody_elses(world: World) -> None:
    world.publish(ADA, audience=("hub",))
    world.publisher.withdraw(ADA, "library-visits", "It was wrong.")
    for who in (ADA, BOLA):
        with pytest.raises(LondataError):
            world.publisher.publish(who, asked())
    world.checker.error = RuntimeError()
    world.publish(ADA, "never-shown")
    with pytest.raises(UsageError, match="is taken"):
        world.publisher.publish(BOLA, asked("never-shown"))


def test_a_name_is_taken_also_by_what_somebody_cannot_see(world: World) -> None:
    world.publish(ADA)  # for herself alone
    with pytest.raises(UsageError, match="is taken"):
        world.publisher.publish(BOLA, asked())


def test_a_name_that_a_source_takes_during_the_check_stays_the_sources(world: World) -> None:
    world.checker.go.clear()
    world.publisher.publish(ADA, asked())
    assert world.checker.at_work.wait(60)
    world.put(an_entry("library-visits"))
    world.checker.go.set()
    world.publisher.wait("library-visits", 1, 120)
    version = world.store.version("library-visits", 1)
    assert version is not None
    assert (version.state, "taken meanwhile" in version.findings[-1].sentence) == ("refused", True)
    assert world.store.entry("library-visits").kind == "dataset"  # type: ignore[union-attr]


def test_what_rests_on_nothing_is_refused(world: World) -> None:
    world.checker.reads = ()
    assert "nobody could tell what it rests on" in world.publish(ADA).findings[-1].sentence


def test_somebody_cannot_have_checks_without_end(world: World) -> None:
    world.checker.go.clear()
    for number in range(3):
        world.publisher.publish(ADA, asked(f"one-{number}"))
    with pytest.raises(UsageError, match="3 versions of yours are being checked"):
        world.publisher.publish(ADA, asked("one-more"))
    assert world.publisher.publish(BOLA, asked("another")).state == "checking"


def test_a_project_that_is_not_theirs_gives_nobody_anything(world: World) -> None:
    emil = Subject("emil", frozenset({"analysts", "org-camden"}))
    with pytest.raises(LondataError, match="not a member"):
        world.publisher.publish(emil, asked(project="places"))
    world.clock.pass_by(days=400)
    with pytest.raises(LondataError, match="ended on"):
        world.publisher.publish(ADA, asked(project="places"))


def test_the_owner_of_closed_data_cannot_open_it_in_small_steps(world: World) -> None:
    """Open first, closed later, back and forth, paused in between: the audience never gets wider than the label."""
    world.publish(ADA, project="places", audience=("public",))
    world.checker.reads = ("rolls",)
    tries: list[Any] = [
        lambda: world.publish(ADA),
        lambda: world.publish(ADA, audience=("project:places",)),
        lambda: world.publisher.set_audience(ADA, "library-visits", ["hub"]),
        lambda: world.publisher.roll_back(ADA, "library-visits", 1),
        lambda: world.publisher.set_audience(ADA, "library-visits", ["public"]),
        lambda: world.publisher.pause(ADA, "library-visits", "x"),
        lambda: world.publisher.roll_back(ADA, "library-visits", 3),
        lambda: world.publisher.resume(ADA, "library-visits"),
        lambda: world.publish(ADA, audience=("hub", "person:ada")),
        lambda: world.publisher.tighten(ADA, "library-visits", Thresholds(minimum=50)),
    ]
    for act in tries * 2:
        try:
            act()
        except LondataError:
            continue
        publication = world.publication()
        version = world.store.version("library-visits", publication.current)
        assert version is not None
        assert may_open(publication.audience, world.publisher.label(version), publication.project) == []
        entry = world.entry()
        assert not (entry.open_to_all or entry.listing == "public") or entry.access == "open"


def test_what_it_rests_on_is_read_anew_when_it_is_opened_further(world: World) -> None:
    """Data that was open when it was read and is closed now counts as closed."""
    world.publish(ADA)
    closed = world.store.entry("libraries").to_dict() | {"access": "closed"}  # type: ignore[union-attr]
    world.put(entry_from_dict(closed))
    with pytest.raises(UsageError, match="too wide"):
        world.publisher.set_audience(ADA, "library-visits", ["public"])


def test_a_steward_of_other_data_learns_nothing_and_shuts_nothing(world: World) -> None:
    world.checker.reads = ("rolls",)
    world.publish(ADA, project="places")
    other = Subject("dan", frozenset({"stewards", "org-tfl"}))
    app = Subject("app/library-visits", CHEN.groups, owner="chen")
    for who in (other, app):
        with pytest.raises(LondataError):
            world.publisher.pause(who, "library-visits", "x")
    assert world.publication().state == "live"


@given(
    st.sets(st.sampled_from(["public", "hub", "person:bola", "group:org-camden", "project:places"])),
    st.sampled_from(["open", "shared", "closed"]),
    st.booleans(),
    st.booleans(),
)
def test_no_entry_that_is_not_open_is_for_everybody(
    audience: set[str], access: str, released: bool, is_public_state: bool
) -> None:
    fields = resting_on("rolls", access=access) | {"state": "ready", "released": released}
    publication = a_publication(audience=tuple(sorted(audience)), current=1, stale="" if is_public_state else "x")
    version = a_version(**fields)
    entry = entries.entry_of(publication, version, version.label, {})
    if entry.access != "open":
        assert entry.audience
        assert (entry.listing, entry.open_to_all) == ("members", False)
        assert not {"public", "hub"} & set(entry.audience)
    assert entry.open_to_all == ("public" in audience and (access == "open" or released))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.text(max_size=40) | st.text("abc./\\~-_ ", max_size=20))
def test_no_name_that_is_taken_leads_out_of_its_folder(tmp_path: Path, name: str) -> None:
    if not why_not_name(name + ".csv"):
        assert (tmp_path / f"{name}.csv").resolve().is_relative_to(tmp_path)
        assert "\0" not in name
        assert ".." not in name.split("/")


def test_text_of_an_author_stays_text(world: World) -> None:
    title = "<script>alert(1)</script> {{7*7}} ${x}"
    version = world.publish(ADA, record=RECORD | {"title": title}, audience=("hub",))
    assert version.state == "ready"
    assert world.entry().title == title
    assert b"<script>" in world.publisher.snapshots.read("library-visits", 1, "app.yaml")
