"""Schedules and the shelf through a real hub: logged in as people are, from a browser and from a Lab."""

from __future__ import annotations

import re

import httpx
import pytest

import reports_world as rw
from londata.records import Publisher
from londata.records.schedules import Run
from londata_hub import settings
from londata_hub.jobs.shelving import shelve
from londata_hub.store import RegisterStore
from londata_hub.store.schedule_store import ScheduleStore
from running_hub import wait_for

pytestmark = pytest.mark.hub
PAGE = "/services/reports/"


@pytest.fixture(scope="module")
def report(hub):
    """A report for Camden that rests on closed data, as a run of bola's left it."""
    known = settings.load(hub.command()["env"])
    with (
        RegisterStore(known.database, known.index) as register,
        ScheduleStore(known.database, known.anchors) as store,
    ):
        shut = next(each for each in ("school-rolls-by-pupil",) if register.find(each))
        parties = {
            each for found in store.arrangements().covering(shut) for each in store.arrangements().parties(found.id)
        }
        schedule = rw.schedule(owner="bola", audience=("org-{each}",))
        run: Run = rw.run(schedule)
        folder = known.state / "reports" / schedule.id / run.id
        folder.mkdir(parents=True)
        rw.finish(folder / "reports", ((shut, "closed"),), borough="Camden")
        entry = shelve(store, schedule, run, folder, register=register)[0]
        assert isinstance(entry.publisher, Publisher)
        return entry, "camden" in parties


def test_a_browser_is_sent_to_the_log_in_and_comes_back_to_what_it_wanted(hub, report):
    entry, is_party = report
    assert is_party
    page = hub.visitor("ada").client.get(f"{PAGE}shelf/{entry.id}/")
    assert (page.status_code, page.url.path) == (200, f"{PAGE}shelf/{entry.id}/")
    assert "sandbox" in page.headers["content-security-policy"]
    stranger = httpx.get(f"{hub.address}{PAGE}shelf/{entry.id}/")
    assert (stranger.status_code, "/hub/api/oauth2/authorize" in stranger.headers["location"]) == (302, True)
    assert httpx.get(f"{hub.address}{PAGE}api/v1/schedules").status_code == 401


def test_each_body_s_people_find_their_report_on_every_door_and_others_on_none(hub, report):
    entry, _ = report
    for name, there in (("ada", True), ("dee", True), ("bola", True), ("chen", False)):
        visitor = hub.visitor(name)
        assert (entry.id in visitor.client.get(PAGE).text) is there, name
        assert (visitor.client.get(f"{PAGE}shelf/{entry.id}/").status_code == 200) is there
        assert (visitor.client.get(f"{PAGE}shelf/{entry.id}/data/residents.csv").status_code == 200) is there
        asked = f"{hub.address}/services/register/api/v1/entries/{entry.id}"
        found = httpx.get(asked, headers={"Authorization": f"token {visitor.new_token()}"})
        assert (found.status_code == 200) is there


def test_the_hub_s_home_leads_to_reports_and_a_schedule_is_made_in_a_lab_and_managed_in_a_browser(hub):
    lab = hub.lab("ada")
    made = lab.run(
        "from londata import reports\n"
        "made = reports.schedule('borough-profile', 'first Monday 07:00', borough='Camden', title='From my Lab')\n"
        "moments = len(made.next_runs(5))\n"
        "made.pause('from the Lab')\n"
        "print(made.id, moments, reports.schedules()[made.id].state)",
        120,
    )
    name, moments, state = made.split()[-3:]
    assert (moments, state) == ("5", "paused")
    ada = hub.visitor("ada")
    assert f'href="{PAGE}"' in ada.client.get("/hub/home").text
    page = ada.client.get(f"{PAGE}schedules/{name}")
    assert "paused</span>: from the Lab" in page.text
    secret = re.search(r'name="secret" value="(\w+)"', page.text)[1]
    done = ada.client.post(f"{PAGE}schedules/{name}/end", data={"secret": secret, "reason": "tried out"})
    assert (done.status_code, "ended</span>: tried out" in done.text) == (200, True)
    other = hub.visitor("bola").client
    assert other.get(f"{PAGE}schedules/{name}").status_code == 404
    assert other.post(f"{PAGE}schedules/{name}/resume", data={"secret": secret}).status_code == 403


def test_what_is_scheduled_in_a_lab_is_run_by_the_hub_and_stands_on_the_shelf_and_in_the_register(hub):
    lab = hub.lab("ada")
    name = lab.run(
        "from londata import reports\n"
        "made = reports.schedule('borough-profile', 'first Monday 07:00', borough='Camden', title='Run now')\n"
        "print(made.run_now().id)",
        120,
    ).split()[-1]
    token = {"Authorization": f"token {hub.token('ada')}"}
    asked = f"{hub.address}{PAGE}api/v1/schedules/{name}"

    def ended():
        last = httpx.get(asked, headers=token, timeout=30).json()["last"]
        return last["state"] not in ("waiting", "running") and last

    last = wait_for(ended, 150, "the end of the run")
    log = httpx.get(f"{hub.address}{PAGE}api/v1/runs/{last['id']}/log", headers=token).json()["log"]
    assert (last["state"], last["made"]) == ("completed", 1), (last, log)
    page = hub.visitor("bola").client.get(f"{PAGE}shelf/{name}/")  # open data: for everybody at the hub
    assert (page.status_code, "Camden" in page.text) == (200, True), log
    about = hub.visitor("bola").client.get(f"{PAGE}shelf/{name}/data/csv-metadata.json")
    assert (about.status_code, "http://www.w3.org/ns/csvw" in about.text) == (200, True), log
    said = lab.run(f"import londata\nprint(londata.catalog['{name.replace('-', '_')}'].record.series)")
    assert said.strip() == "borough-profile"
