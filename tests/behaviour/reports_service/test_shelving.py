"""From a finished run to the shelf: what becomes an insight, and for whom."""

from __future__ import annotations

import datetime as dt

import pytest

import reports_world as rw
from log_of_sharing import lines
from londata.access import Subject
from londata_hub.audit import Event
from londata_hub.store import RunStore


def put(there, name, reads=(("open-figures", "open"),), places=("Camden",), around=False, run=None, **more):
    schedule = rw.schedule(id=f"borough-profile-{name}", **more)
    ran = rw.run(schedule, **(run or {}))
    for place in places:
        rw.finish(there.run_folder(schedule, ran) / "reports", reads, around, borough=place)
    return there.shelve(schedule, ran), there.log_of(schedule, ran)


def test_each_report_becomes_an_insight_of_its_template_s_series(there):
    entries, log = put(there, "series", places=("Camden", "Hackney", "City of London"))
    assert [each.id for each in entries] == [
        "borough-profile-series-camden", "borough-profile-series-city-of-london", "borough-profile-series-hackney",
    ]  # fmt: skip
    entry = there.register.find("borough-profile-series-hackney")
    assert entry == entries[2]
    assert (entry.title, entry.form, entry.series) == ("Borough profile: Hackney", "report", "borough-profile")
    assert (entry.access, entry.listing, entry.audience) == ("open", "public", ())
    assert (entry.uses, entry.owner, entry.method) == (("open-figures",), "City", "Counted.")
    assert entry.address == "/services/reports/shelf/borough-profile-series-hackney/"
    assert log == ""


def test_the_newest_run_is_on_the_shelf_and_the_register_keeps_what_was(there):
    first = {"scheduled_for": dt.datetime(2026, 11, 2, 7, tzinfo=dt.UTC), "id": "run-1"}
    second = {"scheduled_for": dt.datetime(2026, 12, 7, 7, tzinfo=dt.UTC), "id": "run-2"}
    put(there, "newest", run=second)
    entries, log = put(there, "newest", run=first)
    assert (entries, "a newer one is on the shelf" in log) == ([], True)
    third = {"scheduled_for": dt.datetime(2027, 1, 4, 7, tzinfo=dt.UTC), "id": "run-3"}
    put(there, "newest", run=third, reads=(("open-journeys", "open"),))
    desk = there.state / "shelf" / "borough-profile-newest-camden"
    assert len([each for each in desk.iterdir() if each.is_dir()]) == 1
    changes = there.register.history("borough-profile-newest-camden")
    assert [change.what for change in changes] == ["added", "changed"]
    assert changes[1].fields["uses"] == (["open-figures"], ["open-journeys"])


def test_what_rests_on_closed_data_is_for_its_owner_and_project_unless_more_is_declared(there):
    entries, _ = put(there, "closed", reads=(("open-figures", "open"), ("pupils", "closed")), project="school-places")
    assert (entries[0].access, entries[0].listing) == ("closed", "members")
    assert entries[0].audience == ("person:ada", "project:school-places")


def test_a_borough_s_people_get_theirs_and_nobody_another_s(there):
    entries, log = put(
        there, "each", reads=(("pupils", "closed"),), places=("Camden", "Hackney", "Atlantis"), audience=("org-{each}",)
    )
    by_place = {each.geography.original: each.audience for each in entries}
    assert by_place["Camden"] == ("person:ada", "group:org-camden")
    assert by_place["Hackney"] == by_place["Atlantis"] == ("person:ada",)
    assert "the body of “Atlantis” is not known" in log
    pat, eve = rw.PEOPLE["pat"], rw.PEOPLE["eve"]
    for entry in entries:
        mine = entry.geography.original == "Camden"
        assert there.store.decide(pat, "read", entry).allowed is mine
        assert not there.store.decide(eve, "read", entry).allowed


@pytest.mark.parametrize("audience", ["analysts", "stewards", "person:eve", "project:other", "org-tfl", "org-hackney"])
def test_no_group_but_a_party_to_the_agreement_sees_what_rests_on_it(there, audience):
    entries, log = put(there, f"wide-{audience.replace(':', '-')}", reads=(("pupils", "closed"),), audience=(audience,))
    assert entries[0].audience == ("person:ada",)
    assert f"{audience} is left out of the audience" in log


def test_a_report_of_open_data_is_for_its_declared_audience(there):
    entries, _ = put(there, "declared", audience=("analysts", "person:eve", "project:school-places"))
    expected = ("person:ada", "group:analysts", "person:eve", "project:school-places")
    assert (entries[0].access, entries[0].audience) == ("open", expected)


def test_what_the_register_does_not_know_counts_as_closed(there):
    entries, _ = put(there, "unknown", reads=(("nobody-knows-it", "open"),), audience=("org-camden",))
    assert (entries[0].access, entries[0].audience) == ("closed", ("person:ada",))
    entries, _ = put(there, "nothing", reads=())
    assert entries[0].access == "shared"


def test_a_receipt_that_calls_closed_data_open_is_not_believed(there):
    entries, _ = put(there, "lie", reads=(("pupils", "open"),))
    assert entries[0].access == "closed"


def test_what_the_hub_s_own_log_knows_counts_though_the_receipt_leaves_it_out(there):
    began = there.store.now()
    details = {"decision": 1, "distribution": "csv", "version": "1", "columns": None, "rows": 1, "purpose": "x"}
    there.store.log(
        Event(
            "reading.begun", "ada", subject="ada", entry="pupils", project="school-places", agreement="ISA-1",
            details=details,
        )
    )  # fmt: skip
    times = {"started_at": began, "ended_at": there.store.now()}
    entries, _ = put(there, "logged", project="school-places", run=times, audience=("org-camden", "org-tfl"))
    assert (entries[0].access, set(entries[0].uses)) == ("closed", {"open-figures", "pupils"})
    assert entries[0].audience == ("person:ada", "project:school-places", "group:org-camden")


def test_what_an_earlier_attempt_read_counts_too(there):
    made = there.store.add(rw.schedule(id="borough-profile-again", project="school-places"))
    first = there.store.run_now(made.id, "ada")
    store = RunStore(there.database, there.state / "anchors")
    store.begin(first.id, "w")
    there.store.log(Event("reading.begun", "ada", subject="ada", entry="pupils", project="school-places"))
    store.finish(first.id, "w", "failed", problem="of nothing")
    store.close()
    second = first.model_copy(update={"id": "second", "attempt": 2, "started_at": there.store.now()})
    rw.finish(there.run_folder(made, second) / "reports")
    assert there.shelve(made, second)[0].access == "closed"


def test_what_was_read_around_the_register_is_never_for_others(there):
    entries, log = put(there, "around", around=True, audience=("org-camden",))
    assert (entries[0].access, entries[0].audience) == ("shared", ("person:ada",))
    assert "the register knows nothing of" in log


def test_a_name_that_is_another_source_s_is_refused_and_nothing_is_shown(there):
    foreign = rw.SERIES.model_copy(update={"id": "borough-profile-taken-camden"})
    there.register.upsert([foreign], source="somebody-else")
    entries, log = put(there, "taken")
    assert (entries, "belongs to an entry from somebody-else" in log) == ([], True)
    assert not (there.state / "shelf" / "borough-profile-taken-camden").exists()


def test_each_report_that_is_shelved_is_in_the_log_with_its_audience_and_receipt(there):
    entries, _ = put(there, "told", reads=(("pupils", "closed"),), audience=("org-camden",))
    line = next(each for each in reversed(lines(there.database)) if each["what"] == "report.shelved")
    assert line["details"]["audience"] == list(entries[0].audience) == ["person:ada", "group:org-camden"]
    assert (line["entry"], len(line["details"]["receipt"])) == (entries[0].id, 64)


def test_a_service_that_acts_for_the_owner_may_look_and_the_owner_s_namesake_group_may_not(there):
    entries, _ = put(there, "namesake", reads=(("pupils", "closed"),))
    assert not there.store.decide(Subject("eve", frozenset({"ada"})), "read", entries[0]).allowed
    assert there.store.decide(Subject("service/nightly", owner="ada"), "read", entries[0]).allowed


def test_below_many_reports_the_schedules_are_one_click_away(there):
    there.store.add(rw.schedule(id="borough-profile-many"))
    put(there, "many", places=("Barnet", "Bexley", "Brent", "Camden", "Ealing", "Enfield", "Hackney"))
    with there.browser("ada") as ada:
        page = ada.get(rw.PREFIX).raise_for_status().text
    assert 'href="#schedules"' in page
    assert 'id="schedules"' in page
