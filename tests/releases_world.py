"""Closed data, insights that leave tables of it, and those who check releases: the hub's own rules and stores.

Only the sandbox of the check is left out.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pandas as pd

from londata.access import Subject
from londata.insights.tables import table
from londata_hub.publishing.releasing import gather
from londata_hub.services.insights_releases import Releases
from publishing_world import Scripted, a_world

ROLLS = pd.DataFrame({"home": ["Camden"] * 64 + ["Brent"] * 106 + ["Barnet"] * 57 + ["Ealing"] * 3})
SLUG = "library-visits"
OURS = ("camden", "gla")
ADA = Subject("ada", frozenset({"analysts", "org-camden"}))


def steward(name, *bodies, **more):
    return Subject(name, frozenset({"stewards", "analysts", *(f"org-{body}" for body in bodies or OURS)}), **more)


CHEN, DIA = steward("chen", "gla"), steward("dia", "camden")


@dataclass
class LeavingTables(Scripted):
    """Leaves what a notebook would leave, or what an attacker does in its place."""

    folder: object = None
    frame: object = None
    tamper: object = None
    name: str = "pupils-by-home"

    def check(self, publication, version, folder, say):
        checked = super().check(publication, version, folder, say)
        left = self.folder / f"left-{version.publication}-{version.number}"
        leave(left, self.frame, self.name)
        if self.tamper:
            self.tamper(left)
        access = max((each.access for each in checked.rests_on), key=["open", "shared", "closed"].index)
        found = gather(left, publication.thresholds, access)
        return replace(
            checked,
            findings=checked.findings + found.findings,
            tables=found.tables,
            files={**checked.files, **found.files},
        )


def leave(folder, frame, name="pupils-by-home", **more):
    before = os.environ.get("LONDATA_OUTPUT_TABLES")
    os.environ["LONDATA_OUTPUT_TABLES"] = str(folder)
    try:
        values = {"title": "Pupils by home", "unit": "pupils", "by": "home"} | more
        table(name, lambda: frame, **values)
    finally:
        del os.environ["LONDATA_OUTPUT_TABLES"]
        if before is not None:
            os.environ["LONDATA_OUTPUT_TABLES"] = before


@contextmanager
def a_world_of_releases(folder):
    with a_world(folder) as made:
        parties = [{"organisation": "gla", "role": "controller"}, {"organisation": "camden", "role": "recipient"}]
        now = made.store.arrangements().agreements
        for agreement in list(now.values()):
            values = agreement.model_dump() | {"outputs": "aggregate-only", "parties": parties}
            made.access.record(type(agreement).model_validate(values), "operator")
        checker = LeavingTables(made.store, reads=("rolls",), folder=folder, frame=ROLLS)
        checker.go.set()
        made.checker = made.publisher._checker = checker
        made.releases = Releases(made.publisher)
        made.publish_it = lambda **more: made.publish(ADA, SLUG, project=made_project(made), **more)
        yield made


def made_project(world):
    return next(iter(world.store.arrangements().projects))


def move(world, subject, to, why="because", number=1, audience=("public",), slug=SLUG):
    return world.releases.move(subject, slug, number, to, why, audience if to == "submitted" else ())


def release_it(world, number=1, **more):
    for subject, to in ((ADA, "submitted"), (CHEN, "reviewed"), (DIA, "approved"), (ADA, "released")):
        move(world, subject, to, number=number, **more)


def state(world, number=1):
    release = world.store.release(SLUG, number)
    return release.state if release else None
