"""The receipt of a version: an RO-Crate written by the hub, over what its own doors saw.

The kernel's log adds what only it knows (columns, rows, joins). A read that the doors did not see is left out of it,
and one that the log does not have stands there all the same.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

import londata
from londata.readlog import credit
from londata.records.publications import Publication, RestsOn, Version
from londata.reports.job import Job, now
from londata.reports.receipts import environment, noted, sources
from londata.reports.receipts.crate import Told, crate
from londata.reports.receipts.record import opened as plainly_opened
from londata.reports.templates import Template

__all__ = ["Run", "now", "plainly_opened", "write"]


@dataclass(frozen=True)
class Run:
    """A run that is over: when it began, what went wrong, on which files, its log, and what the doors saw."""

    begun: str
    problem: str
    snapshot: Path
    log: Path
    rests_on: tuple[RestsOn, ...]


class _Snapshot(Template):
    """A snapshot, in the place of the template of a report."""

    files: dict[str, str] = Field(default_factory=dict)

    def sha256(self) -> dict[str, str]:
        """SHA-256 of each of its files, by name."""
        return dict(self.files)


def write(publication: Publication, version: Version, run: Run) -> tuple[dict[str, Any], str]:
    """Write the receipt of a version.

    Parameters
    ----------
    publication, version
        What ran.
    run
        How.

    Returns
    -------
    tuple
        The crate, and the hash of the environment in which it ran.
    """
    title = str(version.record.get("title") or version.publication)
    job = Job(
        id=uuid.uuid4().urn,
        template="",
        stem="",
        out="",
        work=str(run.snapshot / ".no-files-of-a-report"),
        private="",
        heading=f"version {version.number}",
        parameters={},
        agent=f"app/{version.publication}",
        project=publication.project or "",
        formats=(),
        started=run.begun,
    )
    snapshot = _Snapshot(
        name=version.publication,
        folder=run.snapshot,
        title=title,
        purpose=str(version.record.get("public_benefit") or title),
        owner=publication.owner,
        files=version.files,
    )
    reads, surroundings = _reads(run), environment()
    told = Told(
        job=job,
        template=snapshot,
        status="failed" if run.problem else "completed",
        problem=run.problem,
        sentence=_sentence(title, publication, version, run, reads),
        ended=now(),
        series=version.publication,
        environment=surroundings,
        reads=reads,
        joins=noted.joins(run.log),
        around=noted.around(run.log),
        asked=noted.asked(run.log),
    )
    hashed = hashlib.sha256(json.dumps(surroundings, sort_keys=True).encode()).hexdigest()
    return crate(told), hashed


def _reads(run: Run) -> list[dict[str, Any]]:
    """Put together what the doors saw with what the kernel noted of it; where they differ, the doors are right."""
    seen = {each.entry: each for each in run.rests_on}
    reads = [_as_seen(each, run.rests_on) for each in noted.readings(run.log) if each["entry"] in seen]
    noted_too = {each["entry"] for each in reads}
    return reads + [_unnoted(each) for each in run.rests_on if each.entry not in noted_too]


def _as_seen(reading: dict[str, Any], rests_on: Sequence[RestsOn]) -> dict[str, Any]:
    of_entry = [each for each in rests_on if each.entry == reading["entry"]]
    seen = next((each for each in of_entry if each.sha256 == reading["sha256"]), of_entry[0])
    said = {"access": seen.access, "version": seen.version or reading["version"]}
    said |= {"sha256": seen.sha256} if seen.sha256 else {}
    return reading | said | {"agreement": seen.agreement or None}


def _unnoted(seen: RestsOn) -> dict[str, Any]:
    return {
        "entry": seen.entry,
        "title": seen.entry,
        "distribution": "not stated",
        "sha256": seen.sha256,
        "version": seen.version,
        "access": seen.access,
        "agreement": seen.agreement or None,
    }


def _sentence(title: str, publication: Publication, version: Version, run: Run, reads: Sequence[dict[str, Any]]) -> str:
    """Say in one sentence what ran and what it rests on; made to be quoted."""
    day = dt.datetime.fromisoformat(run.begun).astimezone().date()
    rests = [_source(each) for each in sources(reads)]
    what = f"“{title}”, version {version.number}, by {publication.owner}"
    what += f" for the project {publication.project}" if publication.project else ""
    how = "; it failed" if run.problem else ""
    on = f"; it read {_joined(rests)}" if rests else "; it read no data"
    return f"{what} ran on {day.day} {day:%B %Y} with londata {londata.__version__}{how}{on}."


def _source(read: dict[str, Any]) -> str:
    under = f"; read under the agreement {read['agreement']}" if read.get("agreement") else ""
    return f"{read['title']} ({credit(read.get('publisher', ''), read.get('creators', ()))}{under})"


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
