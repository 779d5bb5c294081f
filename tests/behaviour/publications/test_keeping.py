"""How much of what was published is kept: limits that say what to do, and old versions whose files are forgotten."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from londata.errors import AccessDeniedError, UsageError
from londata.records.publications import Release, Step
from londata_hub import settings
from londata_hub.audit.tables import audit as log
from londata_hub.publishing.acquaintance import people_of
from londata_hub.publishing.keeping import Quota
from londata_hub.wiring import people
from publishing_world import World, a_notebook, a_world, asked
from sharing_records import ADA, BOLA

SLUG = "library-visits"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def test_beyond_the_limits_nothing_is_kept_and_the_sentence_says_what_to_do(world: World) -> None:
    keeping, snapshots = world.publisher, world.publisher.snapshots
    for number in (1, 2):
        world.publish(ADA, audience=("hub",), files={"app.ipynb": a_notebook(f"{number} + 1")})
    taken = snapshots.size(SLUG)
    assert taken == snapshots.size(SLUG, 1) + snapshots.size(SLUG, 2) > 0
    keeping.quota = Quota(versions=2)
    with pytest.raises(
        UsageError, match=r"2 versions of 'library-visits'.*\n?.*londata insight forget library-visits 1"
    ):
        keeping.publish(ADA, asked())
    keeping.quota = Quota(size=taken + 10)
    with pytest.raises(
        UsageError, match=r"0\.0 MB of 0\.0 MB.*\n?.*londata insight forget NAME VERSION.*library-visits"
    ):
        keeping.publish(ADA, asked("another"))
    keeping.quota = Quota(insights=1)
    with pytest.raises(UsageError, match=r"published 1 insights.*\n?.*new version of one of them"):
        keeping.publish(ADA, asked("another"))
    assert world.store.find("another") is None
    assert [each.number for each in world.store.versions(SLUG)] == [2, 1]
    assert world.publish(BOLA, "of-bola").state == "ready"  # another person has room of their own
    assert world.publish(ADA).number == 3  # of the one insight that may be there
    keeping.quota = Quota(versions=3)
    keeping.forget(ADA, SLUG, 1)
    assert world.publish(ADA).number == 4


def test_who_asks_for_several_at_once_gets_no_more_than_one_after_the_other(world: World) -> None:
    world.publisher.quota = Quota(insights=1)
    together, said = threading.Barrier(4), list[str]()

    def ask(number: int) -> None:
        together.wait(60)
        try:
            said.append(world.publisher.publish(ADA, asked(f"library-{number}")).publication)
        except UsageError as error:
            said.append(error.message)

    askers = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for each in askers:
        each.start()
    for each in askers:
        each.join(60)
    assert sorted(each.startswith("You have published 1 insights") for each in said) == [False, True, True, True]


def test_files_of_an_old_version_are_forgotten_and_what_is_recorded_of_it_stays(world: World) -> None:
    keeping, snapshots = world.publisher, world.publisher.snapshots
    for _ in range(3):
        world.publish(ADA, audience=("hub",))
    before = world.store.version(SLUG, 1)
    with pytest.raises(AccessDeniedError):
        keeping.forget(BOLA, SLUG, 1)
    keeping.forget(ADA, SLUG, 1)
    assert snapshots.numbers(SLUG) == [2, 3]
    assert world.store.version(SLUG, 1) == before
    with world.store._database.reading() as connection:
        said = connection.execute(select(log.c.line).where(log.c.what == "insight.forgotten")).scalars().all()
    (line,) = map(json.loads, said)
    assert (line["actor"], line["details"]["version"], line["details"]["bytes"] > 0) == ("ada", 1, True)
    for number, why in ((1, "none of them is left"), (3, "it is the version that is shown")):
        with pytest.raises(UsageError, match=why):
            keeping.forget(ADA, SLUG, number)
    with pytest.raises(UsageError, match="were forgotten, so it cannot be shown"):
        keeping.roll_back(ADA, SLUG, 1)
    assert keeping.roll_back(ADA, SLUG, 2).current == 2
    keeping.withdraw(ADA, SLUG, "A better one is there.")
    keeping.forget(ADA, SLUG, 2)
    assert snapshots.numbers(SLUG) == [3]


@pytest.mark.parametrize(("steps", "why"), [(("submitted",), "under way"), (("submitted", "released"), "compared")])
def test_what_a_release_needs_is_kept(world: World, steps: tuple[str, ...], why: str) -> None:
    world.checker.reads = ("rolls",)
    for _ in range(2):
        world.publish(ADA, project="places")
    release = Release(publication=SLUG, version=1, author="ada")
    for to in steps:
        release = world.store.move(release, Step.model_validate({"to": to, "by": "ada", "at": world.store.now()}))
    with pytest.raises(UsageError, match=why):
        world.publisher.forget(ADA, SLUG, 1)
    assert world.publisher.snapshots.numbers(SLUG) == [1, 2]


def test_whoever_runs_the_hub_says_how_much(tmp_path: Path) -> None:
    given = {"STATE": str(tmp_path), "INSIGHTS_OF_ONE": "3", "INSIGHT_VERSIONS": "4", "INSIGHT_MEGABYTES": "5"}
    known = settings.load({f"LONDATA_HUB_{name}": value for name, value in given.items()})
    assert (known.insights_of_one, known.insight_versions, known.insight_megabytes) == (3, 4, 5)


def test_whom_nobody_here_has_heard_of_is_named_and_stops_nothing(world: World, tmp_path: Path) -> None:
    people.create(tmp_path / "users.json", {"bola": ("org-hackney", "analysts")})
    world.publisher._people = lambda: people_of(tmp_path / "users.json")
    odd = ("person:bolla", "person:zz", "group:org-hackny", "group:analyst", "project:nope")
    version = world.publish(ADA, audience=(*odd, "person:bola", "person:ada", "group:org-hackney", "public"))
    assert (version.state, [each.sentence for each in version.findings if each.check == "audience"]) == ("ready", [
        "Nobody here is called bolla; did you mean bola?", "Nobody here is called zz.",
        "There is no body hackny here; did you mean org-hackney?",
        "There is no group analyst here; did you mean analysts?", "There is no project nope here.",
    ])  # fmt: skip
    (tmp_path / "users.json").write_text("{")
    assert world.publisher.strangers(odd, "ada") == (), "who is here cannot be told, so nothing is said"
