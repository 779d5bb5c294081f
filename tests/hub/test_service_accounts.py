"""A service account on a real hub: a scheduled job with a token of its own, which acts for bola in one project."""

import json
import shutil

import httpx
import pytest
from sqlalchemy import select

from londata_hub import settings
from londata_hub.audit.tables import audit
from londata_hub.store import AccessStore
from operators_hub import TOKEN
from running_hub import wait_for

pytestmark = [
    pytest.mark.hub,
    pytest.mark.skipif(not shutil.which("bwrap"), reason="without bubblewrap a hub serves open data only"),
]


class Job:
    """The scheduled job; it speaks to the gateway as any program of the machine's operator can."""

    def __init__(self, hub):
        self.settings = settings.load(hub.command()["env"])
        transport = httpx.HTTPTransport(uds=str(self.settings.doors / "gateway.sock"))
        base = "http://localhost/services/gateway/api/v1"
        self.client = httpx.Client(transport=transport, base_url=base, timeout=60)
        hub.clients.append(self.client)

    def ask(self, body="gla", project="rough-sleeping-pathways"):
        asked = {"entry": f"rough-sleeping-contacts-{body}", "project": project}
        return self.client.post("/readings", json=asked, headers={"Authorization": f"Bearer {TOKEN}"})

    def read(self, said):
        headers = {"Authorization": f"Bearer {said['token']}", "Range": "bytes=0-3"}
        return self.client.get(said["path"], headers=headers)

    def store(self):
        return AccessStore(self.settings.database, self.settings.state / "audit-anchors")

    def last(self, what):
        """The newest line of a kind in the log."""
        with self.store() as store, store._database.reading() as connection:
            wanted = select(audit.c.line).where(audit.c.what == what).order_by(audit.c.seq.desc()).limit(1)
            return json.loads(connection.execute(wanted).scalar_one())


@pytest.fixture(scope="module")
def hub(operators_hub):
    operators_hub.up().visitor("bola")  # the hub knows nobody who never logged in
    return operators_hub


@pytest.fixture
def job(hub):
    return Job(hub)


@pytest.fixture
def people(hub):
    """The file of people; as it was afterwards."""
    path = hub.state / "users.json"
    before = path.read_text()
    yield path
    path.write_text(before)


def changed(path, change):
    people = json.loads(path.read_text())
    change(people)
    path.write_text(json.dumps(people))


def code(answer):
    return answer.json()["error"]["code"] if answer.status_code >= 400 else answer.status_code


def test_the_job_reads_as_itself_for_the_person_who_owns_it(job):
    said = job.ask().json()
    assert job.read(said).content == b"PAR1"
    line = job.last("reading.begun")
    assert (line["actor"], line["subject"]) == ("service/weekly-pathways", "bola")
    assert (line["entry"], line["project"]) == ("rough-sleeping-contacts-gla", "rough-sleeping-pathways")


def test_the_job_works_for_no_other_project(job):
    refused = job.ask(project="school-places")
    assert code(refused) == "access_denied"
    assert "acts for the project rough-sleeping-pathways" in refused.json()["error"]["message"]
    assert job.last("decision.denied")["actor"] == "service/weekly-pathways"


def test_the_job_stops_when_the_grant_of_its_owner_ends(job):
    said = job.ask("camden").json()
    assert job.read(said).status_code == 206
    with job.store() as store:
        store.end_grant("DEMO-4", "dee", "the clinic asked for it")
    assert code(job.read(said)) == code(job.ask("camden")) == "access_ended"


def test_the_job_stops_when_its_owner_leaves_the_body_that_may_read(job, people):
    """Bola need not ask for anything meanwhile: the hub tells of the file as it is."""
    said = job.ask().json()
    assert job.read(said).status_code == 206
    changed(people, lambda everybody: everybody["bola"]["groups"].remove("org-gla"))
    wait_for(lambda: job.read(said).status_code != 206, 30, "the end of the reading")
    assert code(job.ask()) == "access_denied"
