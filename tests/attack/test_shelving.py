"""What somebody might try with a template of their own, to learn of data or to put more on the shelf than is theirs."""

from __future__ import annotations

import asyncio
import threading

import pytest

import reports_world as rw
import sharing_world as world
from londata.reports import templates
from londata_hub.audit import Event
from londata_hub.jobs import shelving, standing
from londata_hub.services import reports_pages as pages
from londata_hub.services.reports_desk import Desk
from londata_hub.store import AccessStore, RunStore


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with rw.reports_world(tmp_path_factory.mktemp("world")) as world:
        yield world


def why_not(there, tmp_path, person, dataset, project=None):
    place = rw.own_template(tmp_path)
    said = (place / templates.DEFINITION).read_text()
    (place / templates.DEFINITION).write_text(f"{said}datasets: [{dataset}]\n")
    schedule = rw.schedule(owner=person, template="my-own", notebook="0" * 64, project=project)
    with RunStore(there.database, there.state / "anchors") as store:
        return standing.why_not(store, schedule, rw.PEOPLE[person].groups | {"analysts"}, templates.load(place))


def test_a_schedule_tells_nothing_of_data_that_its_owner_may_not_see(there, tmp_path):
    hidden = why_not(there, tmp_path / "hidden", "eve", "pupils-hidden")
    nothing = why_not(there, tmp_path / "nothing", "eve", "pupils-no-such")
    assert hidden.replace("pupils-hidden", "x") == nothing.replace("pupils-no-such", "x")
    assert "quixotic" not in hidden


@pytest.mark.parametrize("project", ["", "another"])
def test_closed_data_that_a_run_read_for_another_project_counts_too(there, project):
    name = f"switched-{project or 'none'}"
    own = {"template": "my-own", "notebook": "0" * 64}
    kept = there.state / "templates" / own["notebook"]
    if not kept.exists():
        rw.own_template(kept)
    schedule = rw.schedule(id=f"my-own-{name}", project="school-places", audience=("org-tfl",), **own)
    began = there.store.now()
    there.store.log(Event("reading.begun", "ada", subject="ada", entry="pupils", project=project, agreement="ISA-1"))
    run = rw.run(schedule, started_at=began, ended_at=there.store.now())
    rw.finish(there.run_folder(schedule, run) / "reports")
    (entry,) = there.shelve(schedule, run)
    assert (entry.access, "group:org-tfl" in entry.audience) == ("closed", False)


def test_data_that_the_log_does_not_know_is_for_no_body_but_the_parties_to_all_that_covers_it(there):
    with AccessStore(there.database, there.state / "anchors") as access:
        covers = [{"entry": "unlogged"}]
        parties = [{"organisation": "gla", "role": "controller"}, {"organisation": "tfl", "role": "recipient"}]
        access.record(world.agreement(id="ISA-2", covers=covers, parties=parties), "tests")
    there.register.upsert([world.entry("unlogged", "Journeys of pupils")], source="tests-2")
    schedule = rw.schedule(id="borough-profile-both", audience=("org-camden", "org-gla"))
    began = there.store.now()
    there.store.log(Event("reading.begun", "ada", subject="ada", entry="pupils", agreement="ISA-1"))
    run = rw.run(schedule, started_at=began, ended_at=there.store.now())
    rw.finish(there.run_folder(schedule, run) / "reports", (("unlogged", "closed"),))
    (entry,) = there.shelve(schedule, run)
    assert entry.audience == ("person:ada", "group:org-gla")


def test_a_run_cannot_flood_the_shelf_and_the_register(there, monkeypatch):
    monkeypatch.setattr(shelving, "MOST_REPORTS", 2)
    schedule = rw.schedule(id="borough-profile-flood")
    run = rw.run(schedule)
    for place in ("Barnet", "Camden", "Hackney"):
        rw.finish(there.run_folder(schedule, run) / "reports", borough=place)
    assert [each.geography.original for each in there.shelve(schedule, run)] == ["Barnet", "Camden"]
    assert "more than 2 reports" in there.log_of(schedule, run)


def test_a_receipt_that_nests_for_ever_keeps_no_other_report_from_the_shelf(there):
    schedule = rw.schedule(id="borough-profile-deep")
    run = rw.run(schedule)
    reports = there.run_folder(schedule, run) / "reports"
    rw.finish(reports, borough="Camden")
    deep = reports / "borough-profile-a-deep-one"
    deep.mkdir()
    (deep / "ro-crate-metadata.json").write_text("[" * 200_000)
    assert [each.geography.original for each in there.shelve(schedule, run)] == ["Camden"]
    assert "a-deep-one is not put on the shelf" in there.log_of(schedule, run)


def test_others_of_the_project_are_not_told_what_a_failed_run_said_nor_who_is_told(there):
    hook = "https://hooks.example/secret-path"
    made = there.store.add(rw.schedule(id="borough-profile-shared", project="school-places", notify=(hook,)))
    run = there.store.run_now(made.id, "ada").id
    with RunStore(there.database, there.state / "anchors") as store:
        store.begin(run, "w")
        store.finish(run, "w", "failed", again=False, problem="KeyError: 'Jane Pupil'")
        store.pause(made.id, "londata", "Access to Jane's data is not there")
    desk, ada, mo = Desk(there.store, there.state), rw.PEOPLE["ada"], rw.PEOPLE["mo"]

    def seen(who):
        schedule = desk.schedule(who, made.id)
        page = pages.schedule(rw.PREFIX, desk.told(schedule, who), schedule, desk.runs_of(who, schedule, 5), "")
        return f"{desk.told(schedule, who)} {desk.runs(who, made.id, 5)} {desk.run(who, run)} {page}"

    assert ("Jane" in seen(ada), "secret-path" in seen(ada)) == (True, True)
    assert ("Jane" in seen(mo), "secret-path" in seen(mo)) == (False, False)
    assert "Its owner can read why." in seen(mo)


def test_templates_that_take_long_to_check_hold_up_nobody_s_questions(there):
    over, desk = threading.Event(), Desk(there.store, there.state)

    async def ask_meanwhile():
        checks = [asyncio.create_task(desk.asked(over.wait, checks=True)) for _ in range(8)]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(desk.asked(lambda: "answered"), 60)
        finally:
            over.set()
            await asyncio.gather(*checks)

    assert asyncio.run(ask_meanwhile()) == "answered"
