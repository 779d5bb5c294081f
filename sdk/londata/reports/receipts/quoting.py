"""The sentence that says what was run and what it rests on; made to be quoted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import londata
from londata.readlog import credit
from londata.records.legal import purpose_title
from londata.reports.job import Job, Status
from londata.reports.receipts.noted import sources
from londata.reports.templates import Template

#: Field of a reading → how the sentence says it.
_TERMS = {"agreement": "under the agreement", "project": "for the project"}
#: A template whose parameter of this name is true runs on made-up data.
_REHEARSAL = "rehearsal"
_HOW = {"completed": "", "failed": "; it failed", "stopped": "; it was stopped before its end"}


def sentence(
    job: Job,
    template: Template,
    reads: Sequence[dict[str, Any]],
    status: Status,
    *,
    joins: Sequence[dict[str, Any]] = (),
    around: Sequence[dict[str, Any]] = (),
) -> str:
    """Say in one sentence what was run and what it rests on.

    Parameters
    ----------
    job, template
        The run.
    reads, joins, around
        What was read, joined, and read around the register, as the read log has it.
    status
        How the run ended.

    Returns
    -------
    str
        One sentence of plain text, with the day as on this machine's clock.
    """
    day = dt.datetime.fromisoformat(job.started).astimezone().date()
    values = ", ".join(_values(job, template))
    invented = " as a rehearsal, so that numbers in it are invented" if _is_rehearsal(job) else ""
    rests = [
        f"{source['title']} ({credit(source.get('publisher', ''), source.get('creators', ()))}{_terms(source)})"
        for source in sources(reads)
    ]
    what = f"{job.agent} ran the report template {template.name}" + (f" for {values}" if values else "")
    if job.project and all(source.get("project") != job.project for source in reads):
        what += f" in the project {job.project}"
    on = f"; it read {_joined(rests)}" if rests else "; it read nothing from the register"
    more = _unmatched(joins) + _around(around)
    return f"{what} on {day.day} {day:%B %Y} with londata {londata.__version__}{invented}{_HOW[status]}{on}{more}."


def _values(job: Job, template: Template) -> list[str]:
    """Write each parameter with its label and unit, as in “borough Camden” or “surplus to keep 5%”."""
    declared = {each.name: each for each in template.parameters}
    said = []
    for name, value in job.parameters.items():
        if name not in declared:
            said.append(f"{name} {value}")
        elif name != _REHEARSAL or value is not True:
            each = declared[name]
            unit = each.unit if each.unit in ("", "%") else f" {each.unit}"
            label = each.label if each.label[1:2].isupper() else each.label[:1].lower() + each.label[1:]
            said.append(f"{label} {each.words(value)}{unit}")
    return said


def _is_rehearsal(job: Job) -> bool:
    return job.parameters.get(_REHEARSAL) is True


def _terms(reading: dict[str, Any]) -> str:
    """Say under which agreement, for which project and purpose something was read; open data is read under none."""
    said = [f"{words} {reading[name]}" for name, words in _TERMS.items() if reading.get(name)]
    if reading.get("purpose"):
        said.append(f"for the purpose “{purpose_title(reading['purpose'])}”")
    return f"; read {' '.join(said)}" if said else ""


def _unmatched(joins: Sequence[dict[str, Any]]) -> str:
    """Say of how many rows joins found nothing to join; nothing where all of them matched."""
    said = []
    for each in joins:
        missing, rows = each.get("unmatched_left") or 0, each.get("left_rows") or 0
        if missing:
            name = f" ({each['name']})" if each.get("name") else ""
            said.append(f"; a join{name} found no match for {missing:,} of {rows:,} rows")
    return "".join(said)


def _around(around: Sequence[dict[str, Any]]) -> str:
    if not around:
        return ""
    return f"; {'1 step' if len(around) == 1 else f'{len(around):,} steps'} went around the register"


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
