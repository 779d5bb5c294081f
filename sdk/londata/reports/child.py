"""The process in which a report runs: forked from a zygote, or ``python -m londata.reports.child``.

papermill changes the working folder and installs signal handlers, so it never runs in the caller's process. The
caller writes the job as one line to standard input and holds that pipe open: when it closes, because somebody
pressed Ctrl-C or the caller is gone, the run is stopped. Events go back as JSON lines on standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from londata import settings
from londata.errors import LondataError
from londata.kernels import Limits, SameInterpreter, processes
from londata.kernels.lean import without_grammars
from londata.kernels.limits import NO_LANDLOCK, landlock_version
from londata.kernels.replies import ends_its_kernel
from londata.reports import figure_data, receipts
from londata.reports import job as jobs
from londata.reports.evidence import CellFailure, describe, keep, place_of
from londata.reports.job import Job
from londata.reports.journal import Journal
from londata.reports.lifeline import MOST_PROCESSES, Lifeline
from londata.reports.templates import Template, load

_START_S = 120


def main() -> int:
    """Run the job that stands on standard input; returns 0 when the caller was told how it ended."""
    tell = _events()
    processes.adopt_orphans()
    job = Job.from_line(sys.stdin.readline())
    template = load(job.template)
    lifeline = Lifeline(sys.stdin, template)
    journal = Journal(job)
    try:
        with jobs.writing_to(Path(job.out)):
            execute(job, template, journal, lifeline, tell)
            folder = finish(job, template, journal)
    except LondataError as error:
        tell({"failed": error.message, "hint": error.hint})
        jobs.clear(job)
    except CellFailure as failure:
        status, problem = lifeline.status, lifeline.reason or failure.message
        kept = _kept(job, template, journal, status, problem, tell)
        if kept is not None:
            tell({status: problem, "where": failure.where, "notebook": str(kept)})
    else:
        tell({"done": str(folder)})
    finally:
        for pid in processes.children(os.getpid()):
            processes.kill_tree(pid)
    return 0


def execute(job: Job, template: Template, journal: Journal, lifeline: Lifeline, tell: Any) -> None:
    """Run the notebook cell by cell.

    Parameters
    ----------
    job
        The run.
    template
        Whose notebook is run.
    journal
        Keeps what there is after each cell.
    lifeline
        Told of the kernel, so that it can stop it.
    tell
        Takes an event (a mapping) at every cell.

    Raises
    ------
    CellFailure
        A cell failed, the kernel died, or the run was stopped.
    ReportError
        The notebook cannot be written.
    """
    with without_grammars():
        from papermill import PapermillExecutionError

        from londata.reports.papermill_run import run

    class Kernel(SameInterpreter):
        limits = _limits(job, template)

        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **keywords)
            lifeline.kernel = self

    reached = 0

    def progress(cell: Any, cell_index: int) -> None:
        nonlocal reached
        for note in _notes(lifeline.kernel) if not cell_index else ():
            tell({"note": note})
        reached = cell_index
        lifeline.reach_cell()
        tell({"cell": cell_index + 1, "of": len(journal.notebook.cells)})

    def see_end(cell: Any, cell_index: int, execute_reply: Any) -> None:
        if ends_its_kernel(execute_reply):
            raise CellFailure("it ended the report with exit()", place_of(journal.notebook.cells, cell_index))

    try:
        run(
            template.notebook,
            job.parameters,
            job.scratch,
            paths=(f"{template.name}/{template.notebook.name}", jobs.NOTEBOOK),
            start_timeout=_START_S,
            kernel_manager_class=Kernel,
            on_cell_start=progress,
            on_cell_executed=see_end,
            on_output=lifeline.see,
            keeper=journal,
        )
    except PapermillExecutionError as error:
        raise describe(error, journal.notebook.cells, _limits(job, template)) from error
    except RuntimeError as error:  # nbclient's word for a kernel that died, or never came up
        where = place_of(journal.notebook.cells, reached) if journal.notebook else ""
        raise CellFailure(_death(error), where) from error
    finally:
        lifeline.kernel = None
    if journal.notebook.metadata.papermill.exception:
        # papermill takes sys.exit() for a good end; but what comes after it did not run.
        raise CellFailure("it ended the report with sys.exit()", place_of(journal.notebook.cells, reached))


def _death(error: RuntimeError) -> str:
    """Say once that a kernel died: nbclient often says no more than that."""
    return "The kernel died" if str(error) == "Kernel died" else f"The kernel died: {error}"


def finish(job: Job, template: Template, journal: Journal) -> Path:
    """Write the page, the data of its figures and the receipt, and put the report in its place.

    Parameters
    ----------
    job, template
        What was run.
    journal
        Has the notebook as it ran.

    Returns
    -------
    Path
        The folder of the finished report.
    """
    from londata.reports.export import write_page

    journal.close()
    write_page(job, template, journal.notebook, receipts.readings(job.read_log), job.report / jobs.PAGE)
    figure_data.place(job)
    if "pdf" in job.formats:
        from londata.reports.pdf import write_pdf

        write_pdf(job.report / jobs.PAGE, job.report / jobs.PDF)
    receipts.write(job, template, "completed")
    placed = jobs.publish(job, "completed")
    jobs.clear(job)
    return placed


def _kept(
    job: Job, template: Template, journal: Journal, status: jobs.Status, problem: str, tell: Any
) -> Path | str | None:
    """Keep the notebook; ``None`` if the caller was told that this cannot be done."""
    try:
        journal.close()
        return keep(job, template, status, problem) or ""
    except LondataError as error:
        tell({"failed": error.message, "hint": error.hint})
        jobs.clear(job)
        return None


def _notes(kernel: SameInterpreter) -> list[str]:
    """Say what is not as it should be, although the report can be run."""
    plain = f"{kernel.problem} A plain kernel was started instead, which takes longer." if kernel.problem else ""
    return [note for note in (plain, "" if landlock_version() else NO_LANDLOCK) if note]


def _limits(job: Job, template: Template) -> Limits:
    """Say what the kernel of a run may do: it writes to its own folders, and what londata fetches to the cache."""
    cache = settings.cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    job.read_log.touch()
    places = (job.scratch, job.figure_data, job.read_log, Path(job.private), cache)
    return Limits(
        writable=tuple(map(str, places)),
        memory_mb=template.max_memory_mb,
        output_mb=template.max_output_mb,
        processes=MOST_PROCESSES,
    )


def _events() -> Any:
    """Keep standard output for events; whatever else is printed goes to standard error."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def tell(event: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the caller is gone; the run ends all the same
            channel.write(json.dumps(event) + "\n")

    return tell


if __name__ == "__main__":
    sys.exit(main())
