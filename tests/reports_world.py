"""The service of reports over a small world: real stores, real receipts, reports as runs leave them."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nbformat
from nbformat.v4 import new_code_cell, new_notebook

import sharing_world as world
from londata.access import Subject
from londata.errors import NotAuthenticatedError
from londata.records import Insight
from londata.records.schedules import Run, Schedule
from londata.reports import job as jobs
from londata.reports import receipts, templates
from londata_hub.jobs.shelving import shelve
from londata_hub.services.login import Login, Visit
from londata_hub.services.reports import create_app
from londata_hub.store import RegisterStore
from londata_hub.store.schedule_store import ScheduleStore
from register_service import served

PREFIX, COOKIE = "/services/reports/", "londata-reports"
#: Would run, if it were ever taken for more than text.
HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
PEOPLE = {
    **world.PEOPLE,
    "zed": Subject("zed", frozenset({"analysts", "org-tfl"})),
    "acting": Subject("service/nightly", frozenset({"analysts"}), owner="ada"),
}
SERIES = world.insight(
    "borough-profile", "Borough profile", ["open-figures"], form="report", publisher="gla", method="Counted."
)


async def by_name(token: str) -> Subject:
    """Let in everybody of this world: a person's token is their name."""
    if token not in PEOPLE:
        raise NotAuthenticatedError("The hub does not know this token.", hint="Get a new one.")
    return PEOPLE[token]


@dataclass
class World:
    """Where the service listens, what it keeps, and ways to ask it as somebody."""

    address: str
    state: Path
    database: str
    store: ScheduleStore
    register: RegisterStore
    login: Login

    def client(self, person: str, **more: Any) -> httpx.Client:
        """Ask with a token."""
        return httpx.Client(
            base_url=self.address, headers={"Authorization": f"Bearer {person}"}, trust_env=False, **more
        )

    def browser(self, person: str) -> httpx.Client:
        """Ask as a browser does that is logged in."""
        visit = Visit(f"visit-of-{person}", person, time.monotonic())
        self.login._visits[visit.name] = visit
        return httpx.Client(base_url=self.address, cookies={COOKIE: visit.name}, trust_env=False)

    def secret(self, person: str) -> str:
        """Give the secret in the forms of somebody's pages."""
        return self.login.secret_of(self.login._visits[f"visit-of-{person}"])

    def shelve(self, schedule: Schedule, run: Run) -> list[Any]:
        """Put what a run left on the shelf."""
        folder = self.run_folder(schedule, run)
        return shelve(self.store, schedule, run, folder, register=self.register)

    def run_folder(self, schedule: Schedule, run: Run) -> Path:
        """Tell where a run's files are."""
        folder = self.state / "reports" / schedule.id / run.id
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log_of(self, schedule: Schedule, run: Run) -> str:
        """Read a run's log."""
        log = self.run_folder(schedule, run) / "log.txt"
        return log.read_text() if log.exists() else ""


@contextmanager
def reports_world(folder: Path) -> Iterator[World]:
    """Serve it."""
    database = f"sqlite:///{folder / 'register.sqlite'}"
    with (
        world.stores(folder, (*world.ENTRIES, SERIES), database) as (register, _),
        ScheduleStore(database, folder / "anchors") as store,
    ):
        login = Login(PREFIX, "service-reports", "secret", "http://127.0.0.1:9/hub/api", "/hub/api/oauth2/authorize")
        app = create_app(store, by_name, folder, login)
        with served(app, base="") as address:
            yield World(address, folder, database, store, register, login)


def schedule(**more: Any) -> Schedule:
    """Make a schedule of ada's."""
    values: dict[str, Any] = {
        "id": "borough-profile-0a1b2c3d",
        "title": "Profiles",
        "owner": "ada",
        "template": "borough-profile",
        "each": "borough",
        "rule": "0 7 1 * *",
        "timezone": "Europe/London",
        "words": "on the first of every month at 07:00",
        "created_at": dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    }
    return Schedule.model_validate(values | more)


def run(of: Schedule, **more: Any) -> Run:
    """Make a run of it."""
    at = dt.datetime(2026, 11, 2, 7, tzinfo=dt.UTC)
    values = {"id": f"{of.id}-run", "schedule": of.id, "scheduled_for": at, "state": "completed", "started_at": at}
    values |= {"ended_at": at + dt.timedelta(minutes=1)}
    return Run.model_validate(values | more)


def finish(
    out: Path, reads: tuple[tuple[str, str], ...] = (("open-figures", "open"),), around: bool = False, **parameters: Any
) -> Path:
    """Leave a finished report as a run does, with a real receipt, without running a notebook.

    ``reads`` are entries and the access that the run claims for them.
    """
    template = templates.load("borough-profile")
    job = jobs.prepare(template, parameters or {"borough": "Camden"}, out)
    lines = [
        {
            "kind": "read", "entry": slug, "title": slug, "distribution": "csv", "sha256": "0" * 64, "size_bytes": 1,
            "version": "1", "rows": 1, "columns": ["a"], "dimensions": {}, "publisher": "GLA", "creators": [],
            "licence": "ogl-3", "access": access, "register": "here", "policy_version": "1",
            "read_at": "2026-11-02T07:00:01+00:00", "agreement": None, "project": None, "purpose": None,
            "decision": None, "grant": None, "until": None, "outputs": None,
        }
        for slug, access in reads
    ]  # fmt: skip
    if around:
        lines.append({"kind": "around", "what": "https://elsewhere.example/x.csv", "how": "pandas", "at": "now"})
    job.read_log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    title = f"<title>{job.heading}</title><h1>{job.heading}</h1>"
    page = f"<!DOCTYPE html>{title}{HOSTILE}<a href='data/residents.csv'>data</a>"
    (job.report / jobs.PAGE).write_text(page)
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), job.notebook)
    (job.report / jobs.DATA).mkdir(exist_ok=True)
    (job.report / jobs.DATA / "residents.csv").write_text("borough,residents\nCamden,1\n")
    (job.report / jobs.DATA / "csv-metadata.json").write_text("{}")
    receipts.write(job, template, "completed")
    try:
        return jobs.publish(job, "completed")
    finally:
        jobs.clear(job)


def shelved(there: World, name: str, place: str = "Camden", **more: Any) -> Insight:
    """Make a schedule, a run and one report, and put it on the shelf."""
    reads = more.pop("reads", (("open-figures", "open"),))
    made = schedule(id=f"borough-profile-{name}", **more)
    ran = run(made)
    finish(there.run_folder(made, ran) / "reports", reads, borough=place)
    return there.shelve(made, ran)[0]


def own_template(folder: Path, name: str = "my-own", cell: str = "borough = 'Camden'", **changes: str) -> Path:
    """Write a template of somebody's own; ``changes`` replace whole files."""
    place = folder / name
    place.mkdir(parents=True)
    cells = [new_code_cell(cell, metadata={"tags": ["parameters"]}), new_code_cell("print(borough)")]
    nbformat.write(new_notebook(cells=cells), place / templates.NOTEBOOK)
    (place / templates.DEFINITION).write_text(
        "title: My own\npurpose: To try.\nowner: Ada\nparameters:\n  borough:\n    type: choice\n    label: Borough\n"
        "    values: [Camden, Hackney]\n    default: Camden\n"
    )
    for file, text in changes.items():
        (place / {"notebook": templates.NOTEBOOK, "definition": templates.DEFINITION}[file]).write_text(text)
    return place


def files_of(place: Path) -> dict[str, str]:
    """Give the files of a template as the service takes them."""
    return {
        "notebook": (place / templates.NOTEBOOK).read_text(),
        "definition": (place / templates.DEFINITION).read_text(),
    }
