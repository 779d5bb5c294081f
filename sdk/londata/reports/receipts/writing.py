"""Writing the receipt of a run into its report's folder."""

from __future__ import annotations

import json
from pathlib import Path

from londata.reports.job import RECEIPT, Job, Status, now
from londata.reports.parameters import Value
from londata.reports.receipts import noted
from londata.reports.receipts.crate import Told, crate
from londata.reports.receipts.quoting import sentence
from londata.reports.receipts.surroundings import environment
from londata.reports.templates import Template

#: So many characters of a hash tell versions apart on a page; the receipt has all of them.
SHORT_HASH = 12
#: Types of parameters that say when: reports of one series differ in these.
_WHEN = {"date", "month", "period"}


def write(job: Job, template: Template, status: Status, problem: str = "") -> Path:
    """Write the receipt of a run; it vouches for every other file in the report's folder.

    Parameters
    ----------
    job, template
        What was run.
    status, problem
        How it ended, and what went wrong.

    Returns
    -------
    Path
        The receipt.
    """
    reads, joins, around = (find(job.read_log) for find in (noted.readings, noted.joins, noted.around))
    told = Told(
        job=job,
        template=template,
        status=status,
        problem=problem,
        sentence=sentence(job, template, reads, status, joins=joins, around=around),
        ended=now(),
        series=series(template, job.parameters),
        environment=environment(),
        reads=reads,
        joins=joins,
        around=around,
        asked=noted.asked(job.read_log),
    )
    path = job.report / RECEIPT
    text = json.dumps(crate(told), indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def series(template: Template, parameters: dict[str, Value]) -> str:
    """Name the series of a report: its template, and the parameters that do not say when.

    Parameters
    ----------
    template
        The template.
    parameters
        The values of its parameters.

    Returns
    -------
    str
        As ``borough-profile?borough=Camden``: the same for this month's report and last month's.
    """
    when = {parameter.name for parameter in template.parameters if parameter.type in _WHEN}
    kept = [f"{name}={value}" for name, value in parameters.items() if name not in when]
    return template.name + ("?" + "&".join(kept) if kept else "")
