"""Attacks on the service of reports: others' things by every address, forged fields, hostile files."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import reports_world as rw
from log_of_sharing import lines
from londata.errors import EntryNotFoundError
from londata_hub.jobs.shelf import LABEL, Shelf
from londata_hub.services.reports_desk import Desk
from londata_hub.store.schedule_store import ScheduleStore

API, COOKIE, STATE_COOKIE = f"{rw.PREFIX}api/v1", rw.COOKIE, f"{rw.COOKIE}-state"
WANTED = {"template": "borough-profile", "when": "0 6 * * *", "parameters": {"borough": "Camden"}}


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with rw.reports_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module")
def hers(there):
    """A schedule of ada's without a project, with a run and its log, and a report of closed data for Camden."""
    with there.client("ada") as ada:
        name = ada.post(f"{API}/schedules", json=WANTED | {"title": rw.HOSTILE}).raise_for_status().json()["id"]
        run = ada.post(f"{API}/schedules/{name}/run", json={}).raise_for_status().json()["run"]["id"]
    schedule = there.store.find(name)
    (there.run_folder(schedule, there.store.run(run)) / "log.txt").write_text(f"secret words {rw.HOSTILE}\n")
    report = rw.shelved(there, "hers", reads=(("pupils", "closed"),), audience=("org-camden",))
    return {"schedule": name, "run": run, "report": report.id}


def addresses(hers):
    """Every address at which something of hers could be had or changed: method, path."""
    schedule, run, report = hers["schedule"], hers["run"], hers["report"]
    looks = [f"{API}/schedules/{schedule}", f"{API}/schedules/{schedule}/runs", f"{API}/runs/{run}"]
    looks += [f"{API}/runs/{run}/log", f"{rw.PREFIX}schedules/{schedule}", f"{rw.PREFIX}runs/{run}"]
    files = ("", "report.html", "report.ipynb", "ro-crate-metadata.json", "data/residents.csv")
    looks += [f"{rw.PREFIX}shelf/{report}/{name}" for name in files]
    looks += [f"{rw.PREFIX}about/{report}"]
    changes = [f"{API}/reports/{report}/withdraw"]
    changes += [f"{API}/schedules/{schedule}/{what}" for what in ("pause", "resume", "run", "end")]
    return [*(("GET", path) for path in looks), *(("POST", path) for path in (*changes, f"{API}/runs/{run}/stop"))]


@pytest.mark.parametrize("person", ["eve", "zed", "mo", "sue", "robot"])
def test_what_is_another_s_is_not_there_by_any_address(there, hers, person):
    state = there.store.find(hers["schedule"])
    with there.client(person) as stranger:
        for method, path in addresses(hers):
            answer = stranger.request(method, path, **({"json": {}} if method == "POST" else {}))
            nothing = stranger.request(
                method,
                path.replace(hers["schedule"], "no-such")
                .replace(hers["run"], "no-such")
                .replace(hers["report"], "no-such"),
                **({"json": {}} if method == "POST" else {}),
            )
            assert answer.status_code == nothing.status_code in (404, 403), path
            assert "secret words" not in answer.text
            assert rw.HOSTILE not in answer.text
        listed = stranger.get(f"{API}/reports").json()["reports"]
        assert hers["report"] not in [each["id"] for each in listed]
        assert hers["report"] not in stranger.get(rw.PREFIX).text
    assert there.store.find(hers["schedule"]) == state


def test_nobody_gets_in(there, hers):
    forged = [{}, {"Authorization": "Bearer nonsense"}, {"Cookie": f"{COOKIE}=visit-of-nobody"}]
    for headers in forged:
        with httpx.Client(base_url=there.address, headers=headers, trust_env=False) as nobody:
            for method, path in [*addresses(hers), ("GET", f"{API}/schedules"), ("POST", f"{API}/schedules")]:
                answer = nobody.request(method, path)
                to_log_in = answer.status_code == 302 and answer.headers["location"].startswith("/hub/api/oauth2/")
                assert answer.status_code == 401 or (to_log_in and not path.startswith(API)), (path, headers)
    with httpx.Client(base_url=there.address, trust_env=False) as nobody:
        assert nobody.get(f"{API}/health").json() == {"ok": True}


def test_a_browser_whose_token_the_hub_does_not_know_any_more_is_forgotten(there):
    with there.browser("somebody-who-logged-out") as gone:
        answer = gone.get(rw.PREFIX)
        assert (answer.status_code, answer.headers["location"].startswith("/hub/api/oauth2/")) == (302, True)
    assert "visit-of-somebody-who-logged-out" not in there.login._visits


def test_a_cookie_opens_pages_and_never_the_api(there, hers):
    with there.browser("ada") as ada:
        assert ada.get(f"{rw.PREFIX}schedules/{hers['schedule']}").status_code == 200
        assert ada.get(f"{API}/schedules").status_code == 401
        assert ada.post(f"{API}/schedules/{hers['schedule']}/pause", json={}).status_code == 401


def test_a_form_of_another_site_changes_nothing(there, hers):
    path = f"{rw.PREFIX}schedules/{hers['schedule']}/pause"
    with there.browser("ada") as ada, there.browser("pat"):
        good = {"secret": there.secret("ada"), "reason": ""}
        attempts = [
            ({}, {}),
            ({"secret": ""}, {}),
            ({"secret": there.secret("pat")}, {}),
            (good, {"Sec-Fetch-Site": "cross-site"}),
            (good, {"Sec-Fetch-Site": "same-site"}),
            (good, {"Origin": "https://evil.example"}),
            (good, {"Origin": "null"}),
        ]
        for form, headers in attempts:
            assert ada.post(path, data=form, headers=headers).status_code == (403 if form else 400)
        assert ada.post(path, content="secret=x", headers={"Content-Type": "text/plain"}).status_code == 400
        assert there.store.find(hers["schedule"]).state == "active"
        assert ada.post(path, data=good, headers={"Origin": there.address}).status_code == 303
        assert there.store.find(hers["schedule"]).state == "paused"
        ada.post(path.replace("pause", "resume"), data=good)
    with there.client("ada") as token:  # a token is no page
        assert token.post(path, data=good).status_code == 403


def test_only_a_form_of_the_owner_s_own_page_withdraws_a_report(there):
    report = rw.shelved(there, "forms", audience=("person:pat",))
    there.store.add(rw.schedule(id="borough-profile-forms"))
    path = f"{rw.PREFIX}about/{report.id}/withdraw"
    with there.browser("ada") as ada, there.browser("pat") as pat:
        good = {"secret": there.secret("ada"), "reason": ""}
        hers = {"secret": there.secret("pat"), "reason": ""}
        elsewhere = {"Origin": "https://evil.example"}
        for form, headers in (({}, {}), ({"secret": ""}, {}), (hers, {}), (good, elsewhere)):
            assert ada.post(path, data=form, headers=headers).status_code == (403 if form else 400)
        assert pat.get(path.removesuffix("withdraw").rstrip("/")).status_code == 200
        answer, nothing = pat.post(path, data=hers), pat.post(path.replace("forms", "no-such"), data=hers)
        assert answer.status_code == nothing.status_code == 404
        words = [each.json()["error"]["message"] for each in (answer, nothing)]
        assert words[0].replace("forms", "no-such") == words[1]
        assert ada.get(path, headers={"Accept": "text/html"}).status_code in (404, 405)
        assert there.register.find(report.id)
        assert Shelf(there.state / "shelf").find(report.id)
        assert ada.post(path, data=good).status_code == 200
    assert there.register.find(report.id) is None


def test_a_log_in_is_finished_only_by_the_browser_that_began_it(there):
    with httpx.Client(base_url=there.address, trust_env=False) as victim:
        begun = victim.get(rw.PREFIX)
        state = begun.headers["location"].partition("state=")[2].partition("&")[0]
    callback = f"{rw.PREFIX}oauth_callback?code=of-the-attacker&state={state}"
    for cookies in ({}, {STATE_COOKIE: "another"}):
        with httpx.Client(base_url=there.address, cookies=cookies, trust_env=False) as attacker:
            answer = attacker.get(callback)
            assert (answer.status_code, COOKIE in answer.headers.get("set-cookie", "")) == (401, False)
    cookie = begun.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", f"Path={rw.PREFIX}"))


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fregister.sqlite", "%2e%2e/%2e%2e/register.sqlite", "../../register.sqlite", "data/..%2flabel",
        "data/../label", "label", "../current", "data", "data/", "data//residents.csv", "%2fetc%2fpasswd",
        "report.html%00.csv", "data/residents.csv/", "data%5c..%5clabel", "data/%2e%2e/label", "REPORT.HTML",
    ],
)  # fmt: skip
def test_nothing_but_a_report_s_own_files_comes_from_the_shelf(there, hers, name):
    host, _, port = there.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as wire:  # as it is written, without a client that tidies it
        path = f"{rw.PREFIX}shelf/{hers['report']}/{name}"
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada\r\nConnection: close\r\n\r\n"
        wire.sendall(head.encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    assert answer.split(b"\r\n")[0].split(b" ")[1] in (b"404", b"400"), answer[:200]


def test_a_link_or_a_foreign_file_on_the_shelf_is_not_followed(there, hers, tmp_path):
    shelf = Shelf(there.state / "shelf")
    report = shelf.find(hers["report"])
    place = shelf.folder / report.slug / report.version
    (place / "data" / "more.csv").symlink_to("/etc/passwd")
    label = json.loads((place / LABEL).read_text())
    with pytest.raises(EntryNotFoundError):
        shelf.open(report, "data/more.csv")
    (place / LABEL).write_text(json.dumps(label | {"files": label["files"] | {"data/more.csv": "0" * 64}}))
    with pytest.raises(EntryNotFoundError):
        shelf.open(shelf.find(hers["report"]), "data/more.csv")
    (place / LABEL).write_text(json.dumps(label))


@pytest.mark.parametrize("what", ["link", "folder-link", "pipe", "name", "missing", "changed"])
def test_a_run_that_leaves_links_pipes_or_other_files_is_not_shelved(there, tmp_path, what):
    schedule = rw.schedule(id=f"borough-profile-{what}")
    run = rw.run(schedule)
    folder = rw.finish(there.run_folder(schedule, run) / "reports")
    data = folder / "data" / "residents.csv"
    if what == "link":
        data.unlink()
        data.symlink_to(there.state / "register.sqlite")
    elif what == "folder-link":
        (folder / "data").rename(folder / "elsewhere")
        (folder / "data").symlink_to(there.state)
    elif what == "pipe":
        data.unlink()
        os.mkfifo(data)
    elif what == "name":
        data.rename(folder / "data" / "<script>.csv")
    elif what == "missing":
        (folder / "report.html").unlink()
    else:
        data.write_text("borough,residents\nCamden,2\n")
    assert there.shelve(schedule, run) == []
    assert "is not put on the shelf" in there.log_of(schedule, run)
    assert not (there.state / "shelf" / f"{schedule.id}-camden").exists()


def test_pages_and_files_of_a_report_run_nothing(there, hers):
    with there.client("pat") as pat:
        page = pat.get(f"{rw.PREFIX}shelf/{hers['report']}/")
        policy = page.headers["content-security-policy"]
        assert (page.status_code, rw.HOSTILE in page.text) == (200, True)  # as it was made: the policy is the lock
        assert "script-src" not in policy
        assert all(each in policy for each in ("default-src 'none'", "form-action 'none'", "sandbox allow-downloads"))
        assert "allow-scripts" not in policy
        assert "allow-same-origin" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        for name in ("report.ipynb", "data/residents.csv", "ro-crate-metadata.json"):
            answer = pat.get(f"{rw.PREFIX}shelf/{hers['report']}/{name}")
            assert answer.headers["content-disposition"].startswith("attachment")
            assert answer.headers["content-security-policy"] == policy
            assert answer.headers["cache-control"] == "no-store"
    opened = [each for each in lines(there.database) if each["what"] == "report.opened"]
    assert {(each["actor"], each["details"]["file"]) for each in opened} >= {
        ("pat", "report.html"),
        ("pat", "report.ipynb"),
    }


def test_titles_reasons_and_logs_are_text_on_our_own_pages(there, hers):
    with there.browser("ada") as ada:
        paths = [rw.PREFIX, f"{rw.PREFIX}schedules/{hers['schedule']}", f"{rw.PREFIX}runs/{hers['run']}"]
        for path in paths:
            page = ada.get(path, headers={"Accept": "text/html"})
            assert page.status_code == 200
            assert "&lt;script&gt;" in page.text
            assert "<script" not in page.text
            assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
        lost = ada.get(f"{rw.PREFIX}schedules/{'<script>'}", headers={"Accept": "text/html"})
        assert (lost.status_code, "<script" in lost.text) == (404, False)


@pytest.mark.parametrize(
    "forged",
    [
        {"owner": "chen"}, {"id": "borough-profile-mine"}, {"notebook": "0" * 64}, {"state": "paused"},
        {"created_at": "2020-01-01T00:00:00Z"}, {"rule": "* * * * *"}, {"timezone": "../../etc/passwd"},
        {"template": "../../../tmp/evil"}, {"template": "/tmp/evil"}, {"project": "transport"}, {"project": ["x"]},
        {"audience": ["*"]}, {"audience": ["person:"]}, {"audience": ["a b"]}, {"audience": ["x"] * 51},
        {"audience": "org-camden"}, {"parameters": {"borough": ["Camden"]}}, {"parameters": {"borough": "x" * 500}},
        {"parameters": {"__class__": "x"}}, {"parameters": {"borough": "Camden\nimport os"}}, {"retries": "5"},
        {"retries": -1}, {"when": "* * * * *"}, {"when": "x" * 300}, {"when": ""}, {"notify": ["file:///etc/passwd"]},
        {"notify": ["javascript:alert(1)"]}, {"formats": ["exe"]}, {"each": "borough"}, {"title": "x" * 201},
    ],
    ids=str,
)  # fmt: skip
def test_a_forged_schedule_is_refused(there, forged):
    with there.client("eve") as eve:
        answer = eve.post(f"{API}/schedules", json=WANTED | forged)
        assert answer.status_code in (400, 403), answer.text
        assert answer.json()["error"]["message"]
    assert there.store.of("eve") == []


def test_services_and_accounts_that_act_for_somebody_have_no_schedules(there):
    for person in ("robot", "acting"):
        with there.client(person) as service:
            assert service.post(f"{API}/schedules", json=WANTED).status_code == 403
            assert service.get(f"{API}/schedules").status_code == 403


def test_nobody_has_more_schedules_than_a_hundred(there):
    with there.client("zed") as zed:
        codes = [zed.post(f"{API}/schedules", json=WANTED).status_code for _ in range(102)]
        assert codes == [201] * 100 + [400] * 2
        first = zed.get(f"{API}/schedules").json()["schedules"][0]["id"]
        assert zed.post(f"{API}/schedules/{first}/end", json={"reason": ""}).status_code == 200
        assert zed.post(f"{API}/schedules", json=WANTED).status_code == 201


GOOD = (
    "title: T\npurpose: P\nowner: O\nparameters:\n"
    "  borough: {type: choice, label: B, values: [Camden], default: Camden}\n"
)
ENDLESS = "  borough: {type: text, label: B, pattern: '(a+)+$', default: " + "a" * 40 + "b}\n"
HOSTILE_FILES = {
    "a tag that makes an object": {"definition": "title: !!python/object/apply:os.system ['touch /tmp/taken']\n"},
    "an alias bomb": {"definition": "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\ntitle: *c\n"},
    "a deep nest": {"definition": "title: " + "[" * 100_000},
    "a notebook that is none": {"notebook": "[]"},
    "a deep notebook": {"notebook": "[" * 500_000},
    "code among the parameters": {"cell": "import os; os.system('touch /tmp/taken')"},
    "a call as a value": {"cell": "borough = __import__('os').getcwd()"},
    "a deep value": {"cell": "borough = " + "(" * 5_000 + ")" * 5_000},
    "a pattern without end": {
        "definition": GOOD.partition("  borough")[0] + ENDLESS,
        "cell": f"borough = '{'a' * 40}b'",
    },
    "a field that is not one": {"definition": GOOD + "folder: /etc\nnotebook: /etc/passwd\n"},
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE_FILES)
def test_a_hostile_template_is_data_and_is_refused(there, tmp_path, what):
    place = rw.own_template(tmp_path, **HOSTILE_FILES[what])
    wanted = WANTED | {"template": "my-own", "files": rw.files_of(place)}
    with there.client("eve") as eve:
        began = time.monotonic()
        answer = eve.post(f"{API}/schedules", json=wanted, timeout=60)
        assert answer.status_code in (400, 422), answer.text
        assert time.monotonic() - began < 60
        assert eve.get(f"{API}/health").status_code == 200
    assert not Path("/tmp/taken").exists()
    kept = there.state / "templates"
    assert not kept.exists() or not list(kept.glob("*/my-own")) + list(kept.glob(".new-*"))


def test_the_process_that_checks_a_template_loads_nothing_but_the_check():
    """Each template that somebody hands in costs one; what serves and what reads data stays out of it."""
    code = "import json, sys, londata_hub.services.reports_snapshots; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "londata.reports.templates" in loaded
    assert not loaded & {"fastapi", "httpx", "intake", "pandas", "sqlalchemy"}


@pytest.mark.parametrize("name", ["../x", "a/b", "A", "", ".", "borough-profile", "x" * 200, "a\x00b", "con..", "é"])
def test_a_template_cannot_choose_where_it_is_kept(there, tmp_path, name):
    wanted = WANTED | {"template": name, "files": rw.files_of(rw.own_template(tmp_path))}
    with there.client("eve") as eve:
        assert eve.post(f"{API}/schedules", json=wanted).status_code == 400
    kept = there.state / "templates"
    assert not kept.exists() or list(kept.iterdir()) == []


def test_bodies_and_files_have_limits(there):
    with there.client("eve") as eve:
        big = WANTED | {"template": "my-own", "files": {"notebook": "x" * 2_000_001, "definition": ""}}
        assert eve.post(f"{API}/schedules", json=big).status_code == 400
        assert eve.post(f"{API}/schedules", content=b"x" * 9_000_001).status_code == 400
        assert eve.post(f"{API}/schedules", content=b"{").status_code == 400
        assert eve.get(f"{API}/next", params={"when": "daily 06:00", "count": 5_000}).status_code == 400
        assert eve.get(f"{API}/next", params={"when": "30 2 30 2 *"}).status_code == 400


def test_a_report_that_is_withdrawn_from_the_register_is_gone_from_the_shelf(there):
    entry = rw.shelved(there, "gone", reads=(("pupils", "closed"),))
    with there.client("ada") as ada:
        assert ada.get(f"{rw.PREFIX}shelf/{entry.id}/").status_code == 200
        there.register.upsert([], source="report:borough-profile-gone", complete=True)
        assert ada.get(f"{rw.PREFIX}shelf/{entry.id}/").status_code == 404


def test_while_a_report_is_replaced_the_stricter_of_both_labels_holds(there):
    entry = rw.shelved(there, "swap", reads=(("pupils", "closed"),))
    everybody = entry.model_copy(update={"listing": "public", "audience": (), "access": "open"})
    there.register.upsert([everybody], source="report:borough-profile-swap")
    with there.client("eve") as eve, there.client("ada") as ada:
        assert eve.get(f"{rw.PREFIX}shelf/{entry.id}/").status_code == 404
        assert ada.get(f"{rw.PREFIX}shelf/{entry.id}/").status_code == 200


def test_where_people_are_not_kept_apart_no_report_of_closed_data_opens(there):
    entry, shown = rw.shelved(there, "apart", reads=(("pupils", "closed"),)), rw.shelved(there, "apart-open")
    with ScheduleStore(there.database, there.state / "anchors", isolated=False) as store:
        opened = {each.slug for each in Desk(store, there.state).reports(rw.PEOPLE["ada"])}
    assert entry.id in {each.slug for each in Desk(there.store, there.state).reports(rw.PEOPLE["ada"])}
    assert (entry.id in opened, shown.id in opened) == (False, True)
