"""What is kept of a run that did not end well, and how its failure is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from londata.reports import job as jobs
from londata.reports import receipts
from londata.reports.job import Job, Status
from londata.reports.templates import Template

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LONGEST = 500


class CellFailure(Exception):  # noqa: N818 - never leaves the child process: it becomes an event
    """A cell failed: what it said, and which one it was."""

    def __init__(self, message: str, where: str) -> None:
        super().__init__(message)
        self.message, self.where = message, where


def describe(error: Any, notebook: Path) -> CellFailure:
    """Say which cell failed, by its number and the heading above it, and what it said.

    Parameters
    ----------
    error
        papermill's ``PapermillExecutionError``.
    notebook
        The notebook as it was saved.
    """
    said = _ANSI.sub("", error.evalue).strip()
    if len(said) > _LONGEST:
        said = f"{said[:_LONGEST]}… ({len(said):,} characters in all)"
    # The name of one of our own errors adds nothing to its sentence.
    message = said if _is_ours(error.ename) and said else f"{error.ename}: {said}".rstrip(": ")
    heading = _heading_above(notebook, error.exec_count)
    return CellFailure(message, f"cell [{error.exec_count}]" + (f" (“{heading}”)" if heading else ""))


def keep(job: Job, template: Template, status: Status, problem: str) -> Path | None:
    """Keep the notebook of a run that ended early, with a receipt that says so.

    Parameters
    ----------
    job, template
        The run; its working folder is removed.
    status
        How it ended, also part of the kept folder's name: ``failed`` or ``stopped``.
    problem
        The sentence that says why.

    Returns
    -------
    Path or None
        Where the notebook is; ``None`` if the run ended before there was one.
    """
    kept = None
    with jobs.writing_to(Path(job.out)):
        if job.notebook.exists():
            receipts.write(job, template, status, problem)
            kept = jobs.publish(job, status) / jobs.NOTEBOOK
    jobs.clear(job)
    return kept


def _is_ours(name: str) -> bool:
    from londata import errors

    return isinstance(getattr(errors, name, None), type)


def _heading_above(notebook: Path, exec_count: int) -> str:
    heading = ""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and cell.get("execution_count") == exec_count:
            return heading
        if cell["cell_type"] == "markdown" and (found := re.findall(r"^#+\s+(.+)$", text, re.MULTILINE)):
            heading = found[-1].strip()
    return ""
