"""The process in which a report runs: ``python -m londata.reports.child``.

papermill changes the working folder and installs signal handlers, so it never runs in the caller's process. The
caller writes the job as one line to standard input and holds that pipe open: when it closes, because somebody
pressed Ctrl-C or the caller is gone, the run is stopped. Events go back as JSON lines on standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from londata.errors import LondataError
from londata.reports import job as jobs
from londata.reports import receipts
from londata.reports.evidence import CellFailure, describe, keep
from londata.reports.job import Job
from londata.reports.templates import Template, load

_GRACE_S = 4.0
_START_S = 120


class Lifeline:
    """Stops the run when the caller lets go, or when the template's time is over.

    A stop interrupts the kernel, as Ctrl-C would; a kernel that takes no notice is killed, and at last this process.
    """

    def __init__(self, pipe: IO[str], max_run_s: float) -> None:
        self.reason = ""
        self.kernel: Any = None
        self._pipe = pipe
        self._clock = threading.Timer(max_run_s, self.stop, [f"it took longer than {max_run_s:g} seconds"])
        self._clock.daemon = True
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        self._pipe.read()
        self.stop("it was stopped")

    def reach_cell(self) -> None:
        """Start the clock at the first cell; end a run that was stopped before its kernel could hear it."""
        if self.reason:
            raise CellFailure(self.reason, "")
        if not self._clock.is_alive():
            self._clock.start()

    def stop(self, reason: str) -> None:
        """Stop the run; the first reason counts."""
        if self.reason:
            return
        self.reason = reason
        self._signal(signal.SIGINT)
        time.sleep(_GRACE_S)
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        time.sleep(2 * _GRACE_S)
        os._exit(1)

    def _signal(self, number: int) -> None:
        if pid := getattr(self.kernel, "pid", None):
            with contextlib.suppress(OSError):  # it has ended
                getattr(os, "killpg", os.kill)(pid, number)


def main() -> int:
    """Run the job that stands on standard input; returns 0 when the caller was told how it ended."""
    tell = _events()
    job = Job.from_line(sys.stdin.readline())
    template = load(job.template)
    lifeline = Lifeline(sys.stdin, template.max_run_s)
    try:
        execute(job, template, lifeline, tell)
        folder = finish(job, template)
    except LondataError as error:
        tell({"failed": error.message, "hint": error.hint})
        jobs.clear(job)
    except CellFailure as failure:
        status: jobs.Status = "stopped" if lifeline.reason else "failed"
        problem = lifeline.reason or failure.message
        kept = keep(job, template, status, problem)
        tell({status: problem, "where": failure.where, "notebook": str(kept) if kept else ""})
    else:
        tell({"done": str(folder)})
    return 0


def execute(job: Job, template: Template, lifeline: Lifeline, tell: Any) -> None:
    """Run the notebook cell by cell; it is saved, in one step, before and after each.

    Parameters
    ----------
    job
        The run; its notebook is written to its working folder.
    template
        Whose notebook is run.
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
    import nbformat
    from papermill import PapermillExecutionError, execute_notebook
    from papermill.iorw import LocalHandler, papermill_io

    from londata.kernels import SameInterpreter

    class WholeFiles(LocalHandler):  # type: ignore[misc]
        def write(self, text: str, path: str) -> None:
            part = Path(f"{path}.part")
            with jobs.writing_to(Path(job.out)):
                part.write_text(text, encoding="utf-8")
                part.replace(path)

    class Kernel(SameInterpreter):
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **keywords)
            lifeline.kernel = self

    def progress(cell: Any, cell_index: int) -> None:
        lifeline.reach_cell()
        tell({"cell": cell_index + 1, "of": cells})

    papermill_io.register(os.sep, WholeFiles())
    notebook = nbformat.read(template.notebook, as_version=4)
    cells = len(notebook.cells) + bool(job.parameters)
    try:
        execute_notebook(
            notebook,
            str(job.notebook).replace("{", "{{").replace("}", "}}"),  # papermill fills in braces
            job.parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=str(job.scratch),
            start_timeout=_START_S,
            kernel_manager_class=Kernel,
            on_cell_start=progress,
        )
    except PapermillExecutionError as error:
        raise describe(error, job.notebook) from error
    except RuntimeError as error:  # nbclient's word for a kernel that died, or never came up
        raise CellFailure(f"The kernel died: {error}", "") from error
    finally:
        lifeline.kernel = None


def finish(job: Job, template: Template) -> Path:
    """Write the page and the receipt, and put the report in its place."""
    import nbformat

    from londata.reports.export import write_page

    with jobs.writing_to(Path(job.out)):
        notebook = nbformat.read(job.notebook, as_version=4)
        notebook.metadata.papermill.update(
            input_path=f"{template.name}/{template.notebook.name}", output_path=jobs.NOTEBOOK
        )
        nbformat.write(notebook, job.notebook)
        write_page(job, template, notebook, receipts.readings(job.read_log), job.report / jobs.PAGE)
        receipts.write(job, template, "completed")
    placed = jobs.publish(job, "completed")
    jobs.clear(job)
    return placed


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
