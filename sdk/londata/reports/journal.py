"""The journal of a run: what each finished cell put out, line by line, so that nothing is lost whoever is killed.

To save the whole notebook after every cell costs more the longer it gets. Here it is saved at the start; then each
cell that has ended is one line. :func:`recover` puts the two together when a run did not come to its own end.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

from londata.reports import job as jobs
from londata.reports.job import Job

_NAME = "cells.jsonl"


class Journal:
    """Keeps the notebook of one run.

    Parameters
    ----------
    job
        Whose notebook and whose working folder.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._file: IO[str] | None = None
        self.notebook: Any = None

    def start(self, notebook: Any) -> None:
        """Keep the whole notebook, before its first cell."""
        self.notebook = notebook
        self._write(json.dumps(notebook, ensure_ascii=False))  # nobody reads it like this: close() or recover() come
        with jobs.writing_to(Path(self._job.out)):
            self._file = _path(self._job).open("a", encoding="utf-8", buffering=1)

    def note(self, index: int, cell: Any) -> None:
        """Keep what one finished cell put out."""
        if self._file is not None:
            with jobs.writing_to(Path(self._job.out)):
                self._file.write(json.dumps([index, cell], ensure_ascii=False) + "\n")

    def save(self) -> None:
        """Write the notebook as it is now, in one step."""
        from nbformat import v4

        self._write(v4.writes(self.notebook))

    def _write(self, text: str) -> None:
        with jobs.writing_to(Path(self._job.out)):
            part = self._job.notebook.with_suffix(".part")
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(self._job.notebook)

    def close(self) -> None:
        """Save the notebook with all that there is; the lines are not needed any more."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self.notebook is not None:
            self.save()
            _path(self._job).unlink(missing_ok=True)


def recover(job: Job) -> None:
    """Put the cells of the journal into the notebook of a run that was killed; without a journal nothing is done."""
    from nbformat import from_dict, v4

    path = _path(job)
    if not path.exists() or not job.notebook.exists():
        return
    notebook = v4.reads(job.notebook.read_text(encoding="utf-8"))
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            index, cell = json.loads(line)
        except ValueError:  # the last line, cut as the process was killed
            break
        notebook.cells[index] = from_dict(cell)
    job.notebook.write_text(v4.writes(notebook) + "\n", encoding="utf-8")
    path.unlink()


def _path(job: Job) -> Path:
    return Path(job.work) / _NAME
