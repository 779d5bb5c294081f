"""Receipts of runs that did not have to run: a job, what its kernel noted, and the files that came out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from londata.reports import job as jobs
from londata.reports import receipts, templates

READ: dict[str, Any] = {
    "entry": "school-rolls",
    "title": "School rolls",
    "distribution": "parquet",
    "sha256": "a" * 64,
    "size_bytes": 1200,
    "version": "2026-10-01",
    "rows": 40,
    "columns": ["school", "pupils", "b", "a"],
    "dimensions": {},
    "publisher": "Camden",
    "creators": [],
    "licence": "Open Government Licence v3.0",
    "access": "open",
    "register": "http+unix://%2Frun%2Fregister.sock",
    "described": "d" * 64,
    "policy_version": "2026-11",
    "agreement": None,
    "project": None,
    "purpose": None,
    "decision": None,
    "grant": None,
    "until": None,
    "outputs": None,
    "read_at": "2026-11-22T10:00:01.000+00:00",
}
SHARED = READ | {
    "entry": "rough-sleepers",
    "title": "Contacts “with” people\nwho sleep rough",
    "licence": "",
    "access": "shared",
    "creators": ["St Mungo's", "Thames Reach"],
    "agreement": "ISA-021",
    "project": "warm-beds",
    "purpose": "homelessness-prevention",
    "decision": 417,
    "grant": "grant-7",
    "until": "2026-12-31T00:00:00+00:00",
    "outputs": "aggregates",
}
GRID = READ | {
    "entry": "air",
    "title": "Air",
    "rows": None,
    "dimensions": {"time": 744, "site": 12},
    "columns": ["no2"],
}
JOIN = {
    "kind": "join",
    "name": "rolls to wards",
    "how": "left",
    "keys": ["ward", "year"],
    "left_rows": 33,
    "right_rows": 40,
    "matched": 31,
    "unmatched_left": 2,
    "unmatched_right": 9,
    "rows": 33,
    "at": "2026-11-22T10:00:02.000+00:00",
}
AROUND = {"kind": "around", "what": "~/side.csv", "how": "a file was opened", "at": "2026-11-22T10:00:03.000+00:00"}


def report(
    out: Path, *lines: Any, status: jobs.Status = "completed", problem: str = "", files: tuple[str, ...] = ()
) -> Path:
    """Leave the folder of a report, with a receipt over what its kernel noted; text lines are written as they are."""
    template = templates.load("borough-profile")
    job = jobs.prepare(template, {"borough": "Camden"}, out)
    try:
        noted = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        job.read_log.write_text("".join(f"{line}\n" for line in noted), encoding="utf-8")
        for name in (jobs.PAGE, jobs.NOTEBOOK, *files):
            (job.report / name).parent.mkdir(exist_ok=True)
            (job.report / name).write_text(f"this is {name}", encoding="utf-8")
        receipts.write(job, template, status, problem)
        return jobs.publish(job, status)
    finally:
        jobs.clear(job)
