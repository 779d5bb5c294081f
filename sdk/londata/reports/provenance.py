"""The receipt of a run: who ran what, with which parameters, on which data, and what came out.

It is plain JSON that is also JSON-LD: its terms map to the ``CreateAction`` of schema.org, on which the Process Run
Crate profile of RO-Crate builds.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
from pathlib import Path
from typing import Any

import londata
from londata.readlog import credit
from londata.records.legal import purpose_title
from londata.reports.job import RECEIPT, Job, Status, now
from londata.reports.templates import Template

SHORT_HASH = 12
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
}

#: Words of a receipt → terms of schema.org. A word that is not here means only what this page says.
CONTEXT: dict[str, Any] = {"schema": "https://schema.org/", "id": "@id", "type": "@type"} | {
    word: f"schema:{term}"
    for word, term in {
        "CreateAction": "CreateAction",
        "Dataset": "Dataset",
        "MediaObject": "MediaObject",
        "Person": "Person",
        "SoftwareSourceCode": "SoftwareSourceCode",
        "agent": "agent",
        "encodingFormat": "encodingFormat",
        "ended": "endTime",
        "error": "error",
        "name": "name",
        "outputs": "result",
        "reads": "object",
        "sentence": "description",
        "sha256": "sha256",
        "started": "startTime",
        "template": "instrument",
        "title": "headline",
    }.items()
}


def readings(read_log: Path) -> list[dict[str, Any]]:
    """List what a run read, oldest first. A line that was cut off when the run was killed is left out."""
    if not read_log.exists():
        return []
    found = []
    for line in read_log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def sources(reads: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """List what was read with each source once, in the order in which it was first read."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for reading in reads:
        found.setdefault((reading["entry"], reading["distribution"], reading["sha256"]), reading)
    return list(found.values())


def write(job: Job, template: Template, status: Status, error: str = "") -> Path:
    """Write the receipt of a run into its report's folder; it vouches for every other file there.

    Parameters
    ----------
    job, template
        What was run.
    status, error
        How it ended, and what went wrong.

    Returns
    -------
    Path
        The receipt.
    """
    reads = readings(job.read_log)
    written = [
        {
            "type": "MediaObject",
            "name": file.relative_to(job.report).as_posix(),
            "encodingFormat": _MEDIA_TYPES.get(file.suffix, "application/octet-stream"),
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "size_bytes": file.stat().st_size,
        }
        for file in sorted(job.report.rglob("*"))
        if file.is_file()
    ]
    receipt: dict[str, Any] = {
        "@context": CONTEXT,
        "id": job.id,
        "type": "CreateAction",
        "name": f"{template.title}: {job.heading}",
        "sentence": sentence(job, template, reads, status),
        "status": status,
        "agent": {"type": "Person", "name": job.agent},
        "template": {
            "type": "SoftwareSourceCode",
            "name": template.name,
            "title": template.title,
            "files": template.sha256(),
        },
        "parameters": job.parameters,
        "software": {"londata": londata.__version__, "python": platform.python_version()},
        "started": job.started,
        "ended": now(),
        "reads": [{"type": "Dataset", **reading} for reading in reads],
        "outputs": written,
    }
    path = job.report / RECEIPT
    text = json.dumps(receipt | ({"error": error} if error else {}), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def sentence(job: Job, template: Template, reads: list[dict[str, Any]], status: Status) -> str:
    """Say in one sentence what was run and what it rests on; made to be quoted.

    Parameters
    ----------
    job, template
        The run.
    reads
        What was read, as the read log has it.
    status
        How the run ended.

    Returns
    -------
    str
        One sentence of plain text, with the day as on this machine's clock.
    """
    day = dt.datetime.fromisoformat(job.started).astimezone().date()
    values = ", ".join(f"{name} {value}" for name, value in job.parameters.items())
    rests = [
        f"{source['title']} ({credit(source['publisher'], source.get('creators', ()))}{_terms(source)})"
        for source in sources(reads)
    ]
    what = f"{job.agent} ran the report template {template.name}" + (f" for {values}" if values else "")
    how = {"completed": "", "failed": "; it failed", "stopped": "; it was stopped before its end"}[status]
    on = f"; it read {_joined(rests)}" if rests else "; it read nothing from the register"
    return f"{what} on {day.day} {day:%B %Y} with londata {londata.__version__}{how}{on}."


#: Field of a reading → how the sentence says it.
_TERMS = {"agreement": "under the agreement", "project": "for the project"}


def _terms(reading: dict[str, Any]) -> str:
    """Say under which agreement, for which project and purpose something was read; open data is read under none."""
    said = [f"{words} {reading[name]}" for name, words in _TERMS.items() if reading.get(name)]
    if reading.get("purpose"):
        said.append(f"for the purpose “{purpose_title(reading['purpose'])}”")
    return f"; read {' '.join(said)}" if said else ""


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
