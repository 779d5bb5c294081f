"""A gateway that holds the demonstration's rolls of pupils, under one agreement for each thing it may say of results.

``served_rolls(folder)`` runs it. ada works for one project under each agreement: ``counted`` (numbers of groups),
``approved`` (after approval), ``nothing`` (no results at all).
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from demonstrated_entries import ENTRIES
from gateway_service import RunningGateway, World, an_agreement, served_gateway
from londata.records import Grant, Project
from londata_hub.demonstration.pupils import school_rolls_by_pupil
from londata_hub.store import Holding, RegisterStore

ENTRY = "school-rolls-by-pupil"
PROJECTS = {"counted": "aggregate-only", "approved": "with-approval", "nothing": "none"}
CAMDEN = {"conditions": [{"column": "borough_code", "values": ["E09000007"]}]}
COLUMNS = ["pupil_id", "school_year", "borough_code", "school_id", "phase", "year_group", "lsoa_code"]


@contextlib.contextmanager
def served_rolls(folder: Path) -> Iterator[RunningGateway]:
    """Make the rolls, arrange who may read them, and serve them."""
    world = World(folder / "world", rows=1_000).make()
    school_rolls_by_pupil(world.holders / "pupils.parquet")
    with RegisterStore(world.database, world.folder / "index") as register:
        register.upsert([ENTRIES[ENTRY]], source="tests of reports")
    with world.store() as store:
        now = store.now()
        until = now + dt.timedelta(days=100)
        store.hold(Holding(ENTRY, "parquet", "file", "pupils.parquet"), "operator")
        for project, outputs in PROJECTS.items():
            covers = [{"entry": ENTRY, "columns": COLUMNS, "rows": CAMDEN}]
            named = f"ISA-{project.upper()}"
            parties = [{"organisation": each, "role": "controller"} for each in ("gla", "camden")]
            agreement = an_agreement(named, covers, now.date(), outputs=outputs, parties=parties)
            store.record(agreement, "operator")
            about = {"title": project, "purpose": "school-place-planning", "public_benefit": "Good."}
            made = Project(id=project, members=("ada",), agreements=(named,), end=until.date(), **about)
            store.record(made, "operator")
            grant = {"subject": "ada", "entry": ENTRY, "project": project, "agreement": named, "until": until}
            store.grant(Grant(id=f"ada-{project}", granted_by="chen", granted_at=now, **grant), "operator")
    with served_gateway(world, on_socket=True) as running:
        yield running
