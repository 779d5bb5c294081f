"""Publishing from what is asked to an entry of the register, and looking after it: who may, and what they are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from londata.access import Subject
from londata.errors import AccessDeniedError, EntryNotFoundError, LondataError, UsageError
from londata.records.publications import Finding, Publication, Thresholds, Version
from londata_hub.publishing.publisher import RESTARTED, Publisher
from published import RECORD
from publishing_world import LIBRARIES, World, a_notebook, a_world, asked
from sharing_records import ADA, BOLA, CHEN, a_project, an_entry

EMIL = Subject("emil", frozenset({"analysts"}))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def test_what_passes_is_the_current_version_and_stands_in_the_register(world: World) -> None:
    version = world.publish(ADA, audience=("hub",))
    assert (version.state, version.number, version.environment) == ("ready", 1, "e" * 64)
    assert set(version.files) == {"app.ipynb", "app.yaml", "receipt/ro-crate-metadata.json"}
    entry = world.entry()
    assert (entry.title, entry.owner, entry.publisher.id) == ("Library visits by borough", "ada", "analysts")
    assert (entry.uses, entry.access, entry.version) == (("libraries",), "open", 1)
    assert (entry.listing, entry.open_to_all, entry.audience) == ("public", False, ())
    assert (entry.address, entry.thumbnail) == (
        "/services/apps/library-visits/",
        "/services/insights/library-visits/thumbnail.png",
    )
    assert entry.last_run == version.published_at
    assert entry.topics == ("culture",), "of the data, where the author names none"
    assert "Libraries – Greater London Authority, licence Open Government Licence v3.0." in entry.attribution
    steps = world.publisher.steps("library-visits", 1)
    assert steps[0].startswith("A snapshot was taken")
    assert steps[-1] == "Version 1 is open."
    release = world.store.release("library-visits", 1)
    assert release is not None
    assert (release.state, release.steps[0].by) == ("released", "londata")
    assert "Greater London Authority, Open Government Licence v3.0" in release.steps[0].why


def test_data_without_a_licence_is_named_and_releases_nothing(world: World) -> None:
    world.put(an_entry("libraries", **(LIBRARIES | {"licence": None})))
    version = world.publish(ADA, audience=("hub",))
    (finding,) = (each for each in version.findings if each.check == "licences")
    assert (finding.weight, "is not stated" in finding.sentence) == ("should", True)
    assert world.store.release("library-visits", 1) is None


def test_its_picture_is_taken_when_it_is_open_and_a_failure_costs_nothing_else(world: World) -> None:
    taken: list[tuple[int, str]] = []

    def picture(publication: Publication, version: Version, folder: Path) -> bytes:
        taken.append((publication.current, version.state))
        if len(taken) == 2:
            raise RuntimeError("no Chromium")
        return b"PNG"

    publisher = Publisher(world.store, world.register, world.publisher.snapshots, world.checker, picture=picture)
    for number in (1, 2):
        publisher.publish(ADA, asked())
        publisher.wait("library-visits", number, 120)
    publisher.close(wait=True)
    assert [state for _, state in taken] == ["ready", "ready"]
    assert publisher.snapshots.read("library-visits", 1, "thumbnail.png") == b"PNG"
    assert world.publication().current == 2


def test_what_runs_is_the_snapshot_without_what_an_earlier_run_left(world: World) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "pupil 17"}
    files = {"app.ipynb": a_notebook("print(1)", outputs=[output]), "data/wards.csv": b"a\n"}
    version = world.publish(ADA, files=files)
    assert b"pupil 17" not in world.checker.seen[0][3]
    assert version.state == "ready"
    assert [each.check for each in version.findings] == ["outputs", "licences"]
    assert world.publisher.snapshots.read("library-visits", 1, "data/wards.csv") == b"a\n"


def test_a_finding_that_must_be_mended_refuses_it_and_nothing_of_it_is_kept(world: World) -> None:
    world.checker.findings = (Finding(check="secrets", weight="must", sentence="Cell 1 holds a password.", cell=1),)
    version = world.publish(ADA)
    assert (version.state, version.findings[0].sentence) == ("refused", "Cell 1 holds a password.")
    assert world.publication().current == 0
    assert world.store.entry("library-visits") is None
    assert not world.publisher.snapshots.place("library-visits", 1).exists()
    world.checker.findings = ()
    assert world.publish(ADA).number == 2


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"slug": "Library Visits"}, "cannot be the name"),
        ({"slug": "../x"}, "cannot be the name"),
        ({"slug": "libraries"}, "is taken"),
        ({"record": {"title": "x"}}, "public_benefit: is missing"),
        ({"record": RECORD | {"uses": ["rolls"]}}, "uses: cannot be said, it is found out"),
        ({"record": RECORD | {"access": "open"}}, "access: cannot be said"),
        ({"record": RECORD | {"owner": "the mayor"}}, "owner: cannot be said"),
        ({"record": RECORD | {"publisher": "gla"}}, "publisher: cannot be said"),
        ({"record": RECORD | {"colour": "red"}}, "colour: no such field"),
        ({"record": RECORD | {"licence": "mine"}}, "no such licence"),
        ({"record": RECORD | {"title": "x" * 501}}, "title"),
        ({"record": RECORD | {"method": "x" * 200_000}}, "very long"),
        ({"files": {"x.csv": b""}}, "no notebook"),
        ({"files": {"app.ipynb": b"no notebook"}}, "cannot be read"),
        ({"files": {"app.ipynb": b'{"cells": 1, "nbformat": 4, "metadata": {}}'}}, "cannot be read"),
        ({"files": {"app.ipynb": b"[" * 100_000}}, "cannot be read"),
        ({"files": {"app.ipynb": a_notebook(), "../../x.csv": b""}}, "cannot be published"),
        ({"audience": ("everybody",)}, "audience"),
        ({"audience": ("person:",)}, "audience"),
        ({"project": "none"}, "not a member"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence_before_anything_is_kept(
    world: World, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(LondataError, match=why):
        world.publisher.publish(ADA, asked(**fields))
    assert world.store.all() == []
    assert not (world.folder / "insights").exists()


def test_what_is_missing_is_said_with_how_to_say_it(world: World) -> None:
    with pytest.raises(LondataError) as refused:
        world.publisher.publish(ADA, asked(record={"title": " "}))
    assert "title=…" in refused.value.hint
    assert "public_benefit=… or --public-benefit" in refused.value.hint
    with pytest.raises(LondataError) as refused:
        world.publisher.publish(ADA, asked(project="none"))
    assert "`londata projects`" in refused.value.hint


@pytest.mark.parametrize(
    "subject", [Subject(""), Subject("app/x", ADA.groups, owner="ada"), Subject("service/apps"), Subject("job/x")]
)
def test_only_people_publish(world: World, subject: Subject) -> None:
    with pytest.raises(AccessDeniedError, match="Only people"):
        world.publisher.publish(subject, asked())


def test_closed_data_labels_it_and_keeps_it_to_those_who_are_party(world: World) -> None:
    world.checker.reads = ("libraries", "rolls")
    version = world.publish(ADA, project="places")
    assert version.state == "ready"
    label = version.label
    assert (label.access, label.agreements, label.outputs) == ("closed", ("ISA-014",), "aggregate-only")
    entry = world.entry()
    assert (entry.access, entry.listing, entry.open_to_all) == ("closed", "members", False)
    assert set(entry.audience) == {"person:ada", "project:places"}
    assert world.checker.seen[0][2] == "places", "it is checked for its project"
    assert world.store.release("library-visits", 1) is None
    assert "rolls" not in entry.attribution


@pytest.mark.parametrize("wide", ["public", "hub", "group:org-haringey", "project:another"])
def test_a_wide_audience_for_closed_data_is_refused_at_publishing_and_afterwards(world: World, wide: str) -> None:
    world.checker.reads = ("rolls",)
    version = world.publish(ADA, project="places", audience=(wide,))
    assert version.state == "refused"
    assert any(each.check == "audience" and f"“{wide}” is too wide" in each.sentence for each in version.findings)
    assert world.publish(ADA, project="places", audience=("project:places",)).state == "ready"
    with pytest.raises(UsageError, match="too wide"):
        world.publisher.set_audience(ADA, "library-visits", [wide])
    assert world.publication().audience == ("project:places",)
    world.publisher.set_audience(ADA, "library-visits", ["group:org-camden"])
    assert set(world.entry().audience) == {"person:ada", "group:org-camden"}


def test_a_new_version_of_closed_data_is_not_shown_to_whom_the_old_one_was_open(world: World) -> None:
    world.publish(ADA, project="places", audience=("public",))
    assert world.entry().open_to_all
    world.checker.reads = ("rolls",)
    assert world.publish(ADA).state == "refused"
    assert world.publication().current == 1
    closed = world.publish(ADA, audience=("person:bola",))
    assert closed.state == "ready"
    assert "licences" not in [each.check for each in closed.findings]  # there is no open data whose licence it names
    assert world.entry().open_to_all is False
    with pytest.raises(UsageError, match="too wide"):
        world.publisher.set_audience(ADA, "library-visits", ["public"])
    world.publisher.roll_back(ADA, "library-visits", 1)
    world.publisher.set_audience(ADA, "library-visits", ["public"])
    with pytest.raises(UsageError, match="too wide"):
        world.publisher.roll_back(ADA, "library-visits", 3)


def test_an_audience_of_open_data_stands_in_the_entry(world: World) -> None:
    world.publish(ADA, audience=("public", "person:bola"))
    assert (world.entry().listing, world.entry().open_to_all, world.entry().audience) == ("public", True, ())
    world.publisher.set_audience(ADA, "library-visits", ["person:bola"])
    assert (world.entry().listing, world.entry().audience) == ("members", ("person:ada", "person:bola"))
    world.publisher.set_audience(ADA, "library-visits", [])
    assert world.entry().audience == ("person:ada",)


def test_the_owner_looks_after_it_and_nobody_else(world: World) -> None:
    world.publish(ADA, audience=("hub",))
    world.publish(ADA)
    acts = {
        "publish": lambda who: world.publisher.publish(who, asked()),
        "roll back": lambda who: world.publisher.roll_back(who, "library-visits", 1),
        "audience": lambda who: world.publisher.set_audience(who, "library-visits", ["public"]),
        "tighten": lambda who: world.publisher.tighten(who, "library-visits", Thresholds(minimum=20)),
        "pause": lambda who: world.publisher.pause(who, "library-visits", "No."),
        "resume": lambda who: world.publisher.resume(who, "library-visits"),
        "withdraw": lambda who: world.publisher.withdraw(who, "library-visits", "No."),
    }
    before = world.publication()
    app = Subject("app/library-visits", ADA.groups, owner="ada")
    for name, act in acts.items():
        for who in (BOLA, CHEN, app, Subject("")):
            if who is CHEN and name in ("pause", "resume"):
                continue
            with pytest.raises(AccessDeniedError):
                act(who)
    assert world.publication() == before
    for name in ("roll back", "audience", "tighten", "pause", "resume"):
        acts[name](ADA)
    assert world.entry().version == 1
    acts["withdraw"](ADA)
    assert world.store.entry("library-visits") is None
    with pytest.raises(LondataError, match="withdrawn"):
        acts["publish"](ADA)


def test_what_somebody_may_not_see_is_not_there_for_them(world: World) -> None:
    world.publish(ADA)  # for herself alone
    for act in (
        lambda: world.publisher.withdraw(BOLA, "library-visits", "No."),
        lambda: world.publisher.pause(CHEN, "library-visits", "No."),
        lambda: world.publisher.withdraw(BOLA, "never-published", "No."),
    ):
        with pytest.raises(EntryNotFoundError, match="Nothing was published here"):
            act()


def test_a_steward_pauses_what_rests_on_their_data_and_a_steward_opens_it_again(world: World) -> None:
    world.checker.reads = ("rolls",)
    world.publish(ADA, project="places")
    assert world.publisher.pause(CHEN, "library-visits", "A mistake in the rolls.").changed_by == "chen"
    assert world.entry().stale == "It is paused: A mistake in the rolls."
    with pytest.raises(AccessDeniedError, match="chen paused it"):
        world.publisher.resume(ADA, "library-visits")
    assert world.publisher.resume(CHEN, "library-visits").state == "live"
    assert world.entry().stale == ""
    with pytest.raises(UsageError, match="Say why"):
        world.publisher.pause(CHEN, "library-visits", "  ")


def test_while_one_version_is_checked_another_does_not_begin(world: World) -> None:
    world.checker.go.clear()
    first = world.publisher.publish(ADA, asked(project="places"))
    assert world.checker.at_work.wait(60)
    for fields in ({}, {"audience": ("public",)}):
        with pytest.raises(UsageError, match="is being checked"):
            world.publisher.publish(ADA, asked(**fields))
    with pytest.raises(UsageError, match="is taken"):
        world.publisher.publish(BOLA, asked())
    world.checker.go.set()
    world.publisher.wait("library-visits", first.number, 120)
    publication = world.publication()
    assert (publication.owner, publication.project, publication.audience) == ("ada", "places", ("project:places",))
    world.access.record(a_project(id="others"), "operator")
    with pytest.raises(UsageError, match="was published for places"):
        world.publisher.publish(ADA, asked(project="others"))


def test_a_check_that_breaks_refuses_the_version_and_says_so(world: World) -> None:
    world.checker.error = RuntimeError("a secret of the machine")
    version = world.publish(ADA)
    assert version.state == "refused"
    assert "The check itself failed" in version.findings[-1].sentence
    assert "secret" not in version.findings[-1].sentence
    world.checker.error = UsageError("The register does not answer.")
    assert "The register does not answer." in world.publish(ADA).findings[-1].sentence


def test_a_hub_that_stopped_in_the_middle_refuses_when_it_starts_again(world: World) -> None:
    world.publish(ADA, "fine", audience=("hub",))
    world.checker.go.clear()
    world.publisher.publish(ADA, asked())
    assert world.checker.at_work.wait(60)
    world.put(an_entry("libraries", **(world.store.entry("libraries").to_dict() | {"title": "All libraries"})))  # type: ignore[union-attr]
    again = Publisher(world.store, world.register, world.publisher.snapshots, world.checker)
    again.start()
    version = world.store.version("library-visits", 1)
    assert version is not None
    assert (version.state, version.findings[-1].sentence) == ("refused", RESTARTED)
    assert not again.snapshots.place("library-visits", 1).exists()
    assert "All libraries" in world.entry("fine").attribution, "entries follow when a hub starts"
    again.close()
    world.checker.go.set()
    world.publisher.wait("library-visits", 1, 120)
    assert world.publication().current == 0, "what the old process finds afterwards counts no more"


def test_whoever_sees_it_as_ready_finds_it_in_the_register(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    there: list[int | None] = []
    accept = world.store.accept

    def accepting(version: Version, by: str, **more: Any) -> Version:
        there.append(world.entry().version)
        return accept(version, by, **more)

    monkeypatch.setattr(world.store, "accept", accepting)
    world.publish(ADA, audience=("hub",))
    world.publish(ADA)
    assert there == [1, 2]


def test_an_entry_whose_version_was_not_accepted_after_all_is_taken_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Version:
        raise RuntimeError("the database is gone")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "accept", fails)
        assert world.publish(ADA).state == "refused"
    assert world.store.entry("library-visits") is None
    world.publish(ADA, audience=("hub",))
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "accept", fails)
        world.publish(ADA, record=RECORD | {"title": "Another"})
    assert (world.entry().title, world.entry().version) == (RECORD["title"], 2)


def test_thresholds_only_get_stricter(world: World) -> None:
    world.publish(ADA)
    assert world.publisher.tighten(ADA, "library-visits", Thresholds(minimum=20)).thresholds.minimum == 20
    with pytest.raises(UsageError, match="only be tightened"):
        world.publisher.tighten(ADA, "library-visits", Thresholds())


def ship(folder: Path, slug: str = "shown", title: str = "Shown", **more: Any) -> None:
    (folder / slug).mkdir(parents=True, exist_ok=True)
    (folder / slug / "app.ipynb").write_bytes(a_notebook(f"'{title}'"))
    insight = RECORD | {"title": title, "publisher": "londata", "owner": "The maintainers", "uses": ["libraries"]}
    record = {"title": title, "insight": insight, **more}
    (folder / slug / "app.yaml").write_text(json.dumps(record))


def test_shipped_apps_are_published_when_they_changed_and_belong_to_nobody(world: World, tmp_path: Path) -> None:
    ship(tmp_path / "apps")
    (tmp_path / "apps" / "broken").mkdir()
    (tmp_path / "apps" / "broken" / "app.yaml").write_text("title: [")
    (tmp_path / "apps" / "shown" / "secret.csv").symlink_to("/etc/passwd")

    def again() -> list[int]:
        begun = world.publisher.publish_shipped(tmp_path / "apps")
        for version in begun:
            world.publisher.wait(version.publication, version.number, 120)
        return [version.number for version in begun]

    assert again() == [1]
    entry = world.entry("shown")
    assert (entry.owner, entry.publisher.id, entry.listing, entry.uses) == (
        "The maintainers",
        "londata",
        "public",
        ("libraries",),
    )
    assert world.publication("shown").shipped
    assert "secret.csv" not in world.store.version("shown", 1).files  # type: ignore[union-attr]
    assert again() == []
    ship(tmp_path / "apps", audience=["public"])
    assert again() == []
    assert (world.publication("shown").audience, world.entry("shown").open_to_all) == (("public",), True)
    ship(tmp_path / "apps", title="Shown better", audience=["public"])
    assert again() == [2]
    assert world.entry("shown").title == "Shown better"
    for act in (
        lambda: world.publisher.withdraw(ADA, "shown", "No."),
        lambda: world.publisher.publish(Subject("The londata maintainers"), asked("shown")),
    ):
        with pytest.raises(AccessDeniedError):
            act()
    assert world.publisher.pause(CHEN, "shown", "Look at it first.").state == "paused"
    assert EMIL.name not in str(world.entry("shown"))
