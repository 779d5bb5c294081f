"""What was published, as the store keeps it: the same on both databases, each change with its line in the log."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import select

from londata.errors import EntryNotFoundError, UsageError
from londata.records.publications import Finding, Thresholds
from londata_hub import audit
from londata_hub.audit.tables import audit as log
from londata_hub.store import tables
from londata_hub.store.publication_store import PublicationStore
from published import a_publication, a_release, a_step, a_version, resting_on
from scheduled import Clock


def logged(store: PublicationStore) -> list[tuple[str, str, dict[str, Any]]]:
    with store._database.reading() as connection:
        found = connection.execute(select(log.c.what, log.c.actor, log.c.line).order_by(log.c.seq)).all()
    return [(row.what, row.actor, json.loads(row.line)) for row in found]


def published(store: PublicationStore, slug: str = "library-visits", **fields: Any) -> None:
    """Publish one version."""
    if store.find(slug) is None:
        store.add(a_publication(slug))
    store.accept(store.add_version(a_version(slug)).model_copy(update=fields), "ada")


def test_a_version_is_checked_and_becomes_the_current_one(store: PublicationStore) -> None:
    made = store.add(a_publication(project="school-places"))
    assert store.find("library-visits") == made == store.of("ada")[0] == store.all()[0]
    assert store.of("bola") == []
    assert store.find("another") is None
    checking = store.add_version(a_version(number=7))
    assert (checking.number, checking.state) == (1, "checking"), "the store numbers them"
    assert store.checking() == [checking]
    assert store.find("library-visits") == made, "nothing is shown of what is being checked"
    finding = Finding(check="figures", weight="should", sentence="A figure has no title.", cell=3)
    done = checking.model_copy(update={"findings": (finding,), **resting_on("libraries", "boroughs")})
    ready = store.accept(done, "ada", audience=["public"])
    assert store.version("library-visits", 1) == ready == store.versions("library-visits")[0]
    assert (ready.state, ready.findings) == ("ready", (finding,))
    now = store.find("library-visits")
    assert now is not None
    assert (now.current, now.audience) == (1, ("public",))
    assert store.checking() == []
    ((what, actor, said),) = logged(store)
    assert (what, actor, said["subject"], said["project"]) == ("insight.published", "ada", "ada", "school-places")
    assert said["entry"] == "library-visits"
    assert (said["details"]["rests_on"], said["details"]["audience"]) == (["libraries", "boroughs"], ["public"])


def test_a_refused_version_leaves_what_was_current(store: PublicationStore) -> None:
    published(store)
    second = store.add_version(a_version())
    findings = (
        Finding(check="runs", weight="must", sentence="Cell 2 failed."),
        Finding(check="figures", weight="should", sentence="No title."),
    )
    refused = store.refuse(second.model_copy(update={"findings": findings}))
    assert [(each.number, each.state) for each in store.versions("library-visits")] == [(2, "refused"), (1, "ready")]
    assert store.version("library-visits", 2) == refused
    assert store.find("library-visits").current == 1  # type: ignore[union-attr]
    what, actor, said = logged(store)[-1]
    assert (what, actor, said["details"]["findings"]) == ("insight.refused", "londata", ["Cell 2 failed."])


def test_one_version_is_checked_at_a_time_and_a_check_ends_once(store: PublicationStore) -> None:
    store.add(a_publication())
    first = store.add_version(a_version())
    with pytest.raises(UsageError, match=r"Version 1 of 'library-visits' is being checked"):
        store.add_version(a_version())
    store.refuse(first)
    for act in (lambda: store.accept(first, "ada"), lambda: store.refuse(first)):
        with pytest.raises(UsageError, match="ended already"):
            act()
    assert store.add_version(a_version()).number == 2, "a number is never given twice"
    assert store.find("library-visits").current == 0  # type: ignore[union-attr]


def test_who_published_and_when_is_not_what_a_check_says(store: PublicationStore, clock: Clock) -> None:
    store.add(a_publication())
    checking = store.add_version(a_version())
    clock.pass_by(minutes=5)
    changed = {"published_by": "mallory", "published_at": clock.time, "released": True}
    ready = store.accept(checking.model_copy(update=changed), "ada")
    assert (ready.published_by, ready.published_at, ready.released) == ("ada", checking.published_at, False)


def test_a_name_is_taken_once_something_was_published_under_it(store: PublicationStore) -> None:
    store.add(a_publication())
    again = store.add(a_publication(audience=("person:ada",)))
    assert store.find("library-visits") == again, "while nothing has passed, its owner may say it anew"
    with pytest.raises(UsageError, match="already"):
        store.add(a_publication(owner="bola"))
    published(store)
    with pytest.raises(UsageError, match="already"):
        store.add(a_publication())


def test_it_goes_back_to_a_version_that_passed_and_to_no_other(store: PublicationStore) -> None:
    published(store)
    published(store)
    store.refuse(store.add_version(a_version()))
    store.mark_stale("library-visits", "Libraries has changed.")
    now = store.roll_back("library-visits", 1, "ada")
    assert (now.current, now.stale) == (1, "")
    assert store.find("library-visits") == now
    assert logged(store)[-1][2]["details"]["before"] == 2
    for number, why in ((1, "current one already"), (3, "did not pass")):
        with pytest.raises(UsageError, match=why):
            store.roll_back("library-visits", number, "ada")
    with pytest.raises(EntryNotFoundError, match="no version 9"):
        store.roll_back("library-visits", 9, "ada")
    with pytest.raises(EntryNotFoundError):
        store.roll_back("another", 1, "ada")


def test_paused_and_resumed_and_whose_reason_stays(store: PublicationStore) -> None:
    published(store)
    by_hub = store.pause("library-visits", "londata", "Access has ended.")
    assert (by_hub.state, by_hub.reason, by_hub.changed_by) == ("paused", "Access has ended.", "londata")
    assert store.pause("library-visits", "londata", "Another reason.") == by_hub
    by_ada = store.pause("library-visits", "ada", "A mistake in it.")
    assert (by_ada.reason, by_ada.changed_by) == ("A mistake in it.", "ada"), "a person's reason comes before the hub's"
    assert store.pause("library-visits", "londata", "Access has ended.") == by_ada
    live = store.resume("library-visits", "ada")
    assert (live.state, live.reason) == ("live", "")
    assert store.resume("library-visits", "ada") == live
    kinds = ["insight.published", "insight.paused", "insight.paused", "insight.resumed"]
    assert [what for what, _, _ in logged(store)] == kinds


@pytest.mark.parametrize(("by", "state"), [("londata", "live"), ("ada", "paused")])
def test_a_new_version_opens_what_the_hub_paused_and_not_what_a_person_did(
    store: PublicationStore, by: str, state: str
) -> None:
    published(store)
    store.pause("library-visits", by, "Shut.")
    store.mark_stale("library-visits", "Libraries has changed.")
    published(store)
    now = store.find("library-visits")
    assert now is not None
    assert (now.state, now.stale, now.current) == (state, "", 2)


def test_withdrawn_it_is_over_for_good(store: PublicationStore) -> None:
    published(store, **resting_on("libraries"))
    first = store.add_version(a_version())
    gone = store.withdraw("library-visits", "ada", "It was wrong")
    assert (gone.state, gone.reason) == ("withdrawn", "It was wrong")
    assert store.using("libraries") == []
    acts = (
        lambda: store.resume("library-visits", "ada"),
        lambda: store.roll_back("library-visits", 1, "ada"),
        lambda: store.add_version(a_version()),
        lambda: store.accept(first, "ada"),
        lambda: store.set_audience("library-visits", ["public"], "ada"),
        lambda: store.withdraw("library-visits", "ada", "again"),
        lambda: store.mark_stale("library-visits", "x"),
    )
    for act in acts:
        with pytest.raises(UsageError, match="It was wrong"):
            act()
    store.refuse(first)  # what was under way when it happened comes to its end
    assert store.all() == [gone], "its name stays taken"


def test_the_audience_and_thresholds_are_changed_with_what_was_before(store: PublicationStore) -> None:
    published(store)
    now = store.set_audience("library-visits", ["person:ada", "group:org-camden"], "ada")
    assert now.audience == ("person:ada", "group:org-camden")
    assert store.set_audience("library-visits", now.audience, "ada") == now
    stricter = Thresholds(minimum=20, dominance_percent=80)
    assert store.tighten("library-visits", stricter, "ada").thresholds == stricter
    for looser in (
        Thresholds(minimum=15, dominance_percent=80),
        Thresholds(minimum=20, dominance_percent=85),
        Thresholds(),
    ):
        with pytest.raises(UsageError, match="only be tightened"):
            store.tighten("library-visits", looser, "ada")
    said = [(what, line["details"]) for what, _, line in logged(store)][1:]
    assert [what for what, _ in said] == ["insight.audience", "insight.thresholds"]
    assert (said[0][1]["before"], said[1][1]["before"]["minimum"]) == (["hub"], 10)


def test_what_rests_on_an_entry_is_found_by_its_current_version_alone(store: PublicationStore) -> None:
    published(store, **resting_on("libraries", "libraries"))
    published(store, "reading-clubs", **resting_on("libraries", "boroughs"))
    store.refuse(store.add_version(a_version("reading-clubs")).model_copy(update=resting_on("parks")))
    assert [each.slug for each in store.using("libraries")] == ["library-visits", "reading-clubs"]
    assert store.using("parks") == []
    published(store, **resting_on("parks"))
    assert [each.slug for each in store.using("libraries")] == ["reading-clubs"]
    store.roll_back("library-visits", 1, "ada")
    assert [each.slug for each in store.using("libraries")] == ["library-visits", "reading-clubs"]


def test_a_mark_is_logged_when_it_changes(store: PublicationStore) -> None:
    published(store)
    for _ in range(2):
        store.mark_stale("library-visits", "Libraries has changed.")
    assert store.find("library-visits").stale == "Libraries has changed."  # type: ignore[union-attr]
    store.mark_stale("library-visits", "")
    assert [line["details"]["why"] for what, _, line in logged(store) if what == "insight.stale"] == [
        "Libraries has changed.",
        "",
    ]


def test_a_release_keeps_its_steps_and_opens_the_version_at_its_end(store: PublicationStore, clock: Clock) -> None:
    published(store, **resting_on("pupils", access="closed", personal=True))
    assert store.release("library-visits", 1) is None
    release = a_release(audience=("public",))
    finding = Finding(check="disclosure", weight="fine", sentence="Every count is 10 or more.")
    for number, (to, by) in enumerate(
        [("submitted", "ada"), ("reviewed", "cleo"), ("approved", "dora"), ("released", "dora")], start=1
    ):
        assert not store.version("library-visits", 1).released  # type: ignore[union-attr]
        clock.pass_by(minutes=1)
        release = store.move(release, a_step(to, by), [finding] if to == "reviewed" else [])
        assert (release.state, len(release.steps), release.steps[-1].at) == (to, number, clock.time)
    assert store.release("library-visits", 1) == release == store.releases()[0]
    assert release.findings == (finding,)
    assert store.version("library-visits", 1).released  # type: ignore[union-attr]
    assert store.find("library-visits").audience == ("public",)  # type: ignore[union-attr]
    moved = [(line["details"]["before"], line["details"]["state"]) for what, _, line in logged(store) if "rel" in what]
    assert moved == [("", "submitted"), ("submitted", "reviewed"), ("reviewed", "approved"), ("approved", "released")]
    store.move(release, a_step("withdrawn", "ada", "A mistake."))
    assert not store.version("library-visits", 1).released  # type: ignore[union-attr]


def test_open_data_needs_no_release_and_is_read_as_it_is(store: PublicationStore) -> None:
    published(store, **resting_on("libraries"))
    store.move(a_release(), a_step("released", "londata"))
    assert not store.version("library-visits", 1).released  # type: ignore[union-attr]


def test_nobody_moves_a_release_that_somebody_else_has_moved(store: PublicationStore) -> None:
    published(store)
    submitted = store.move(a_release(), a_step("submitted", "ada"))
    store.move(submitted, a_step("reviewed", "cleo"))
    for late in (submitted, a_release(), a_release(author="cleo")):
        with pytest.raises(UsageError, match="meanwhile"):
            store.move(late, a_step("returned", "dora"))
    with pytest.raises(EntryNotFoundError):
        store.move(a_release(version=9), a_step("submitted", "ada"))


def test_openings_are_counted_by_the_day_of_london_without_a_line(store: PublicationStore, clock: Clock) -> None:
    published(store)
    before = logged(store)
    store.count_open("library-visits")
    store.count_open("library-visits")
    clock.time = dt.datetime(2096, 6, 3, 23, 30, tzinfo=dt.UTC)  # the next day already, in London's summer
    store.count_open("library-visits")
    assert store.usage("library-visits") == {"2096-06-03": 2, "2096-06-04": 1}
    assert store.usage("another") == {}
    assert logged(store) == before
    with pytest.raises(EntryNotFoundError):
        store.count_open("another")


def test_lines_prove_the_documents(store: PublicationStore) -> None:
    published(store)
    store.set_audience("library-visits", ["public"], "ada")
    with store._database.reading() as connection:
        row = connection.execute(select(tables.publications)).one()
        version = connection.execute(select(tables.publication_versions)).one()
    by_number = {line["seq"]: line["details"] for _, _, line in logged(store)}
    assert by_number[row.line]["publication"] == audit.digest(row.document)
    assert by_number[version.line]["digest"] == audit.digest(version.document)
