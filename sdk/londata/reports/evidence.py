"""What is kept of a run that did not end well, and how its failure is told."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from londata.kernels import Limits
from londata.reports import job as jobs
from londata.reports import receipts
from londata.reports.job import Job, Status
from londata.reports.journal import recover
from londata.reports.templates import Template

_HEADING = re.compile(r"^#+\s+(.+)$", re.MULTILINE)
_QUOTED = re.compile(r"'([^']+)'")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LONGEST = 500
#: How the hint begins that says where the notebook of a run is that ended early.
KEPT = "What ran is kept in"


class CellFailure(Exception):  # noqa: N818 - never leaves the child process: it becomes an event
    """A cell failed: what it said, and which one it was."""

    def __init__(self, message: str, where: str) -> None:
        super().__init__(message)
        self.message, self.where = message, where


def describe(error: Any, cells: Sequence[Any], limits: Limits) -> CellFailure:
    """Say which cell failed, by its number and the heading above it, and what it said.

    Parameters
    ----------
    error
        papermill's ``PapermillExecutionError``.
    cells
        The cells of the notebook as it ran.
    limits
        Within which its kernel ran: what they forbade is told as such.
    """
    said = _ANSI.sub("", error.evalue).strip()
    if len(said) > _LONGEST:
        said = f"{said[:_LONGEST]}… ({len(said):,} characters in all)"
    # The name of one of our own errors adds nothing to its sentence.
    message = said if _is_ours(error.ename) and said else f"{error.ename}: {said}".rstrip(": ")
    if error.ename == "MemoryError" and limits.memory_mb:
        message = f"it needed more than {limits.memory_mb:,g} MB of memory"
    if error.ename == "PermissionError" and (outside := _forbidden(said, limits)):
        message = f"it wrote outside its folder: {outside}"
    failed = [index for index, cell in enumerate(cells) if cell.get("execution_count") == error.exec_count]
    return CellFailure(message, place_of(cells, failed[0]) if failed else f"cell [{error.exec_count}]")


def place_of(cells: Sequence[Any], index: int) -> str:
    """Name a cell by its number among those with code, as notebooks show it, and by the heading above it."""
    heading = ""
    for cell in cells[:index]:
        if cell["cell_type"] == "markdown" and (found := _HEADING.findall("".join(cell["source"]))):
            heading = found[-1].strip()
    count = cells[index].get("execution_count") or sum(cell["cell_type"] == "code" for cell in cells[: index + 1])
    return f"cell [{count}]" + (f" (“{heading}”)" if heading else "")


def _forbidden(said: str, limits: Limits) -> str:
    """Name the file that the kernel was refused although its user may write there: nobody but the limits did that."""
    found = _QUOTED.findall(said)
    if not found or not limits.writable:
        return ""
    path = Path(found[-1])
    place = path if path.exists() else path.parent
    inside = any(path.is_relative_to(each) for each in limits.writable)
    return str(path) if path.is_absolute() and not inside and os.access(place, os.W_OK) else ""


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
        recover(job)
        if job.notebook.exists():
            receipts.write(job, template, status, problem)
            kept = jobs.publish(job, status) / jobs.NOTEBOOK
    jobs.clear(job)
    return kept


def _is_ours(name: str) -> bool:
    from londata import errors

    return isinstance(getattr(errors, name, None), type)
