"""A register in which much has happened, and what verifying its log finds."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from londata.access import Subject, midnight
from londata.records import ServiceAccount
from londata_hub import audit
from londata_hub.store import AccessStore, Holding, RegisterStore
from londata_hub.store.database import Database
from londata_hub.store.schedule_store import ScheduleStore
from postgres_server import postgres_address, postgres_cluster  # noqa: F401
from scheduled import a_schedule
from sharing_records import ADA, CHEN, Clock, a_grant, an_entry, arranged


def eventful(address: str, folder: Path, clock: Callable[[], dt.datetime] | None = None) -> AccessStore:
    """Open a register in which each table has something, and whose log has a line of most kinds."""
    store = arranged(address, folder, clock=clock or Clock())
    with RegisterStore(address, folder / "index") as register:
        register.upsert([an_entry(title="Second"), an_entry("gone")], source="the borough")
        register.upsert([an_entry(title="Third")], source="the borough", complete=True)
        register.note(themes={"schools": "Schools"})
    store.record(ServiceAccount(name="nightly", owner="ada", project="places"), "operator")
    store.grant(a_grant("g-1"), "operator")
    store.grant(a_grant("g-2", "bola"), "operator")
    store.end_grant("g-2", "chen", "left")
    request = store.ask(ADA, an_entry(), "places", "x")
    store.approve(CHEN, request.id, midnight(dt.date(2096, 12, 1)))
    store.ask(Subject("bola", ADA.groups), an_entry(), "places", "y")
    store.hold(Holding("rolls", "csv", "file", "rolls.csv"), "operator")
    with ScheduleStore(address, folder / "audit-anchors", clock=clock or Clock()) as schedules:
        schedules.add(a_schedule())
        schedules.pause("boroughs-daily", "ada", "a holiday")
        schedules.resume("boroughs-daily", "ada")
    for _ in range(5):
        store.decide_and_log(ADA, "read", an_entry(), "places")
    return store


def found(connection: Connection, folder: Path) -> list[str]:
    """Verify; what is wrong."""
    name = json.loads(connection.execute(text("SELECT value FROM facts WHERE name = 'identity'")).scalar_one())
    anchors = audit.Anchors(folder / "audit-anchors", name).read()
    return [each.text for each in audit.verify(connection, anchors) if not each.note]


def verified(address: str, folder: Path) -> list[str]:
    database = Database(address)
    with database.reading() as connection:
        wrong = found(connection, folder)
    database.close()
    return wrong


def line(connection: Connection, seq: int) -> Any:
    """Give a line of the log as the database has it."""
    return connection.execute(text("SELECT * FROM audit WHERE seq = :seq"), {"seq": seq}).one()
