"""A new version of a released insight waits for its own release, and what was released before stays as it is."""

from __future__ import annotations

import pytest

import log_of_sharing
from londata.access import Subject
from londata.access.releasing import TIGHTENED
from londata.errors import AccessDeniedError, EntryNotFoundError, UsageError
from londata.records import Thresholds
from londata_hub.apps.shelf import Shelf
from londata_hub.publishing.honesty import Honesty
from londata_hub.services.insights_counter import Counter
from londata_hub.services.insights_facts import was_open
from releases_world import ADA, CHEN, DIA, SLUG, a_world_of_releases, move, release_it, steward


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Publish a first version, release it to everybody, and publish a second one."""
    with a_world_of_releases(tmp_path_factory.mktemp("waiting")) as made:
        made.publish_it()
        release_it(made)
        made.second = made.publish_it()
        yield made


def is_served(world):
    return Shelf(world.store, world.publisher.snapshots.folder)[SLUG].version


def has_tables(world, number):
    hall = Counter(world.register, world.store, world.folder)
    try:
        return hall.tables_version(Subject(f"app/{SLUG}", owner="ada"), SLUG, number).number
    except EntryNotFoundError:
        return 0


def test_it_waits_while_the_released_one_stays_open_to_all(world):
    version = world.second
    assert (version.state, version.waits) == ("ready", True), version.findings
    (said,) = [each.sentence for each in version.findings if each.check == "audience"]
    assert said.startswith("It waits for its release, and version 1 stays open until then: “public” is too wide")
    publication = world.publication()
    assert (publication.current, publication.is_public, publication.state) == (1, True, "live")
    assert (world.entry().version, world.entry().access, is_served(world)) == (1, "open", 1)
    assert world.publisher.steps(SLUG, 2)[-1] == "Version 2 waits for its release."
    assert world.releases.at_stake(publication) == 2
    assert [has_tables(world, number) for number in (0, 1, 2)] == [1, 1, 0]
    with pytest.raises(UsageError, match="“public” is too wide"):
        world.publisher.roll_back(ADA, SLUG, 2)


def test_its_release_makes_it_the_current_one_and_those_who_look_at_the_first_keep_its_tables(world):
    for subject, to in ((ADA, "submitted"), (CHEN, "reviewed"), (DIA, "approved")):
        move(world, subject, to, number=2, audience=("hub",))
        assert (world.publication().current, is_served(world)) == (1, 1)
    move(world, ADA, "released", number=2)
    publication = world.publication()
    assert (publication.current, publication.audience, is_served(world), world.entry().version) == (2, ("hub",), 2, 2)
    assert [has_tables(world, number) for number in (0, 1, 2)] == [2, 1, 2]
    assert world.store.using("rolls") == [publication]


def test_for_more_than_may_open_it_already_a_version_does_not_wait(world):
    version = world.publish_it(audience=("public",))
    assert (version.state, version.waits) == ("refused", False)


def open_ones(world):
    publication = world.publication()
    return [each.number for each in world.store.versions(SLUG) if was_open(each, publication)]


def test_what_was_released_waits_no_more_when_its_owner_goes_back(world):
    world.publisher.roll_back(ADA, SLUG, 1)
    assert open_ones(world) == [2, 1]
    assert world.releases.at_stake(world.publication()) == 1
    world.publisher.roll_back(ADA, SLUG, 2)


def test_a_version_whose_release_was_withdrawn_for_good_waits_no_more(world):
    waiting, current = world.publish_it().number, world.publication().current
    assert world.releases.at_stake(world.publication()) == waiting
    assert "waits" in world.publisher.why_kept(world.publication(), world.store.version(SLUG, waiting))
    move(world, ADA, "withdrawn", number=waiting)
    assert world.releases.at_stake(world.publication()) == current
    assert not world.publisher.why_kept(world.publication(), world.store.version(SLUG, waiting))
    assert waiting not in open_ones(world)


def test_a_later_version_for_fewer_passes_the_waiting_one_by(world):
    waiting = world.publish_it()
    assert waiting.waits
    narrow = world.publish_it(audience=("person:ada",))
    assert (narrow.waits, world.publication().current) == (False, narrow.number)
    assert waiting.number not in open_ones(world), "nobody but its owner has seen it, nor may know of it"
    with pytest.raises(AccessDeniedError, match=f"Version {narrow.number} is the current one"):
        move(world, ADA, "submitted", number=waiting.number)


def test_tables_that_show_more_than_tightened_thresholds_are_marked_and_those_concerned_are_told(world):
    world.publisher.roll_back(ADA, SLUG, 2)
    groups = {each.name: each.groups for each in (ADA, CHEN, DIA)}
    honesty = Honesty(world.publisher, groups.get)
    honesty.round()
    world.publisher.tighten(ADA, SLUG, Thresholds(minimum=50))
    honesty.round()
    assert (world.publication().stale, world.entry().stale) == ("", ""), "all that is shown is more than 50"
    world.publisher.tighten(ADA, SLUG, Thresholds(minimum=80))
    assert honesty.round() == [SLUG]
    assert world.publication().stale == world.entry().stale == TIGHTENED
    assert world.publication().state == "live", "what was released is known already"

    def told(who):
        return [each.text for each in world.access.notices(who) if each.kind == "insight"]

    assert told(ADA) == [f"Your insight {SLUG}: {TIGHTENED}"]
    assert told(CHEN) == told(DIA) == [f"The insight {SLUG}, whose release you checked: {TIGHTENED}"]
    assert told(steward("eve")) == []


def test_the_log_proves_all_of_it(world):
    whats = log_of_sharing.whats(world.address)
    assert (whats.count("insight.waits"), whats.count("insight.current")) == (3, 1)
    assert not [each for each in log_of_sharing.findings(world.address, world.folder) if "no note of where" not in each]
