"""Insights follow what happens beneath them: stale where data changed, paused where access ended, open again after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from londata import cache
from londata.access import Subject
from londata.errors import EntryNotFoundError, RegisterUnavailableError
from londata.records import Entry
from londata_hub.publishing.honesty import Honesty, impact
from published import RECORD, a_release, a_step
from publishing_world import LIBRARIES, World, a_world
from sharing_records import ADA, BOLA, CHEN, an_entry

CSV = {"id": "csv", "url": "https://example.org/x.csv", "media_type": "text/csv", "sha256": "1" * 64}
#: A description that says what it is.
LONG = "Each library of London with its address, opening hours and visits in the year, as the boroughs report them."


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path, now=dt.datetime.now(dt.UTC)) as made:
        yield made


@pytest.fixture
def groups() -> dict[str, frozenset[str]]:
    return {"ada": ADA.groups, "bola": BOLA.groups}


@pytest.fixture
def honesty(world: World, groups: dict[str, frozenset[str]]) -> Honesty:
    return Honesty(world.publisher, groups.get)


def libraries(**more: Any) -> Entry:
    return an_entry("libraries", **(LIBRARIES | more))


def rolls(**more: Any) -> Entry:
    return an_entry(**more)


def told(world: World, who: Subject = ADA) -> list[str]:
    return [each.text for each in world.access.notices(who) if each.kind == "insight"]


def test_while_nothing_changes_nothing_is_written(world: World, honesty: Honesty) -> None:
    world.publish(ADA, audience=("hub",))
    assert honesty.round() == []
    before = world.register.state
    assert honesty.round() == []
    assert world.register.state == before
    assert told(world) == []


@pytest.mark.parametrize(
    "change",
    [
        {"distributions": [CSV | {"sha256": "2" * 64}]},
        {"distributions": []},
        {"distributions": [CSV], "updated": "2096-01-01"},
        {"distributions": [CSV], "columns": [{"name": "ward"}]},
        {"distributions": [CSV], "period": {"start": "2020-01-01"}},
    ],
)
def test_changed_data_makes_it_stale_until_it_is_as_it_was(
    world: World, honesty: Honesty, change: dict[str, Any]
) -> None:
    world.put(libraries(distributions=[CSV]), rolls())
    world.publish(ADA, audience=("hub",))
    world.put(libraries(**change), rolls())
    assert honesty.round() == ["library-visits"]
    stale = world.publication().stale
    assert stale.startswith("“Libraries” has changed since this was made")
    assert world.entry().stale == stale
    assert world.publication().state == "live", "it stays open, and says so"
    assert told(world) == [f"Your insight library-visits: {stale}"]
    assert told(world, BOLA) == []
    assert honesty.round() == []
    world.put(libraries(distributions=[CSV]), rolls())
    assert honesty.round() == ["library-visits"]
    assert (world.publication().stale, world.entry().stale, told(world)) == ("", "", [])


def test_other_bytes_under_the_same_record_make_it_stale_once_somebody_has_read_them(
    world: World, honesty: Honesty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))
    world.put(libraries(distributions=[{**CSV, "sha256": ""}]), rolls())
    world.checker.sha256 = cache.store([b"a,b\n1,2\n"], key=CSV["url"]).sha256
    world.publish(ADA, audience=("hub",))
    world.clock.pass_by(minutes=20)
    assert honesty.round() == []
    cache.store([b"a,b\n1,3\n"], key=CSV["url"])  # as every fetch of the hub does
    world.clock.pass_by(minutes=20)
    assert honesty.round() == ["library-visits"]
    assert world.publication().stale == "“Libraries” has changed since this was made."
    cache.store([b"a,b\n1,2\n"], key=CSV["url"])
    world.clock.pass_by(minutes=20)
    assert honesty.round() == ["library-visits"]
    assert world.publication().stale == ""


def test_each_way_in_which_data_changes_shows_in_its_state_its_notices_and_its_impact(
    world: World, honesty: Honesty
) -> None:
    today = world.clock.time.date().isoformat()
    late = {"description": LONG, "updated": today, "update_frequency": "weekly"}
    there = {name: {"title": name.title()} for name in ("changing", "gone", "late")}
    there["late"] |= late

    def put(**more: dict[str, Any]) -> None:
        entries = {name: LIBRARIES | about | more.get(name, {}) for name, about in there.items()}
        world.put(rolls(), *(an_entry(name, **about) for name, about in entries.items()), complete=True)

    put()
    for name in (*there, "rolls"):
        world.checker.reads = (name,)
        world.publish(ADA, f"on-{name}", audience=("person:ada",), project="places" if name == "rolls" else "")
    assert honesty.round() == []
    world.access.end_grant("g-0", "chen", "The work is done.")
    del there["gone"]
    world.clock.pass_by(days=30)
    put(changing={"updated": "2096-01-01"})
    assert sorted(honesty.round()) == ["on-changing", "on-gone", "on-late", "on-rolls"]
    expected = {
        "changing": ("live", "“Changing” has changed since this was made (updated 1 January 2096)."),
        "late": ("live", "The record of “Late” fails checks of quality that it passed: is updated in time."),
        "gone": ("paused", "Data that it rests on is not in the register any more."),
        "rolls": ("paused", "Access to “School rolls by pupil” has ended for whoever published it."),
    }
    for name, (state, why) in expected.items():
        publication = world.publication(f"on-{name}")
        assert (publication.state, publication.reason or publication.stale) == (state, why)
        assert [each for each in told(world) if f"on-{name}" in each and why in each], name
        (found,) = impact(world.publisher, ADA, name)
        assert (found.slug, found.state, found.stale) == (f"on-{name}", state, publication.stale)


def test_other_words_about_the_same_data_change_nothing(world: World, honesty: Honesty) -> None:
    world.publish(ADA, audience=("hub",))
    world.put(libraries(title="Libraries of London", topics=["people"]), rolls())
    assert honesty.round() == []
    assert world.publication().stale == ""
    assert "Libraries of London" in world.entry().attribution, "the entry follows"


def test_a_new_version_is_not_stale(world: World, honesty: Honesty) -> None:
    world.publish(ADA, audience=("hub",))
    world.put(libraries(updated="2096-01-01"), rolls())
    honesty.round()
    world.clock.time = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    world.publish(ADA)
    assert honesty.round() == []
    assert world.publication().stale == ""


def test_a_record_that_fails_checks_that_it_passed_makes_it_stale(world: World, honesty: Honesty) -> None:
    today = world.clock.time.date().isoformat()
    fine = {"description": LONG, "updated": today, "update_frequency": "weekly"}
    world.put(libraries(**fine), rolls())
    world.publish(ADA, audience=("hub",))
    world.clock.pass_by(days=30)
    assert honesty.round() == ["library-visits"], "time alone does it"
    assert world.publication().stale == (
        "The record of “Libraries” fails checks of quality that it passed: is updated in time."
    )
    world.put(libraries(updated=today, update_frequency="irregular"), rolls())
    assert honesty.round() == ["library-visits"]
    assert world.publication().stale.endswith("that it passed: says what it is.")


def test_what_is_gone_from_the_register_shuts_it_and_what_is_back_opens_it(world: World, honesty: Honesty) -> None:
    world.publish(ADA, audience=("public",))
    world.put(rolls(), complete=True)
    assert honesty.round() == ["library-visits"]
    publication = world.publication()
    assert (publication.state, publication.changed_by) == ("paused", "londata")
    assert publication.reason == "Data that it rests on is not in the register any more."
    assert world.entry().open_to_all is False
    assert told(world) == [f"Your insight library-visits: It is paused: {publication.reason}"]
    world.put(libraries(), rolls())
    assert honesty.round() == ["library-visits"]
    assert (world.publication().state, world.entry().open_to_all, told(world)) == ("live", True, [])


def end_a_grant(world: World, groups: dict[str, frozenset[str]]) -> None:
    world.access.end_grant("g-0", "chen", "The work is done.")


def suspend(world: World, groups: dict[str, frozenset[str]]) -> None:
    agreement = world.store.arrangements().agreements["ISA-014"]
    world.access.record(agreement.model_copy(update={"status": "suspended"}), "operator")


def let_time_pass(world: World, groups: dict[str, frozenset[str]]) -> None:
    world.clock.pass_by(days=61)


def leave_the_body(world: World, groups: dict[str, frozenset[str]]) -> None:
    groups["ada"] = frozenset({"analysts"})


def leave(world: World, groups: dict[str, frozenset[str]]) -> None:
    del groups["ada"]


@pytest.mark.parametrize("ending", [end_a_grant, suspend, let_time_pass, leave_the_body, leave])
def test_access_that_ends_shuts_it_in_the_next_round(
    world: World, honesty: Honesty, groups: dict[str, frozenset[str]], ending: Any
) -> None:
    world.checker.reads = ("rolls",)
    world.publish(ADA, project="places")
    assert honesty.round() == []
    assert honesty.round() == []
    ending(world, groups)
    assert honesty.round() == ["library-visits"]
    publication = world.publication()
    assert (publication.state, publication.changed_by) == ("paused", "londata")
    assert ("Access to “School rolls by pupil” has ended" in publication.reason) == (ending is not leave)
    assert world.entry().stale.startswith("It is paused: ")
    assert honesty.round() == []


def test_it_opens_again_by_itself_and_only_what_the_hub_shut(
    world: World, honesty: Honesty, groups: dict[str, frozenset[str]]
) -> None:
    world.checker.reads = ("rolls",)
    for slug in ("library-visits", "another"):
        world.publish(ADA, slug, project="places")
    world.publisher.pause(ADA, "another", "I found a mistake.")
    suspend(world, groups)
    honesty.round()
    agreement = world.store.arrangements().agreements["ISA-014"]
    world.access.record(agreement.model_copy(update={"status": "signed"}), "operator")
    assert honesty.round() == ["library-visits"]
    assert world.publication().state == "live"
    assert world.publication("another").reason == "I found a mistake."


def test_data_that_is_not_open_any_more_shuts_what_was_open_to_many(world: World, honesty: Honesty) -> None:
    world.publish(ADA, audience=("public",))
    world.put(libraries(access="closed", listing="members"), rolls())
    assert honesty.round() == ["library-visits"]
    publication, entry = world.publication(), world.entry()
    assert publication.state == "paused"
    assert (entry.access, entry.open_to_all, entry.audience) == ("closed", False, ("person:ada",))
    assert "Libraries" not in publication.reason + publication.stale, "it is not listed for everybody any more"


def test_a_release_needs_no_access_any_more(world: World, honesty: Honesty, groups: dict[str, frozenset[str]]) -> None:
    world.checker.reads = ("rolls",)
    world.publish(ADA, project="places")
    world.store.move(a_release(audience=("public",)), a_step("released", "chen"))
    honesty.round()
    assert world.entry().open_to_all
    end_a_grant(world, groups)
    assert honesty.round() == []
    assert (world.publication().state, world.entry().access, world.entry().open_to_all) == ("live", "open", True)
    world.put(libraries(), complete=True)
    honesty.round()
    assert world.publication().state == "live"
    assert world.publication().stale == "Data that it was made of is not in the register any more."


def test_a_hub_that_does_not_say_who_somebody_is_shuts_nothing(world: World) -> None:
    world.checker.reads = ("rolls",)
    world.publish(ADA, project="places")
    silent = [True]

    def groups(person: str) -> frozenset[str]:
        if silent[0]:
            raise RegisterUnavailableError("The hub does not say.")
        return frozenset()

    honesty = Honesty(world.publisher, groups)
    assert honesty.round() == []
    silent[0] = False
    assert honesty.round() == ["library-visits"]


def test_what_rests_on_an_insight_follows_it_and_impact_names_all(
    world: World, honesty: Honesty, groups: dict[str, frozenset[str]]
) -> None:
    world.publish(ADA, "first", audience=("hub",), record=RECORD | {"title": "First"})
    world.checker.reads = ("first",)
    world.publish(BOLA, "second", audience=("hub",), record=RECORD | {"title": "Second"})
    world.checker.reads = ("second",)
    world.publish(ADA, "third", record=RECORD | {"title": "Third"})  # for ada alone
    assert [(each.slug, each.through) for each in impact(world.publisher, ADA, "libraries")] == [
        ("first", ""),
        ("second", "first"),
        ("third", "second"),
    ]
    assert [each.slug for each in impact(world.publisher, CHEN, "libraries")] == ["first", "second"]
    assert impact(world.publisher, ADA, "third") == []
    world.put(libraries(updated="2096-01-01"), rolls())
    for _ in range(3):
        honesty.round()
    assert "“First”, on which it rests, is not up to date itself." in world.publication("second").stale
    assert world.publication("third").stale
    assert honesty.round() == []
    assert [bool(each.stale) for each in impact(world.publisher, ADA, "libraries")] == [True] * 3


def test_impact_tells_nobody_of_what_they_may_not_see(world: World) -> None:
    world.put(rolls(), libraries(), an_entry("secret-rolls", listing="hidden"))
    for entry in ("never-was", "secret-rolls"):
        with pytest.raises(EntryNotFoundError):
            impact(world.publisher, BOLA, entry)
    world.publish(ADA, audience=("hub",))
    world.put(rolls(), complete=True)
    assert [each.slug for each in impact(world.publisher, ADA, "libraries")] == ["library-visits"], "though it is gone"
