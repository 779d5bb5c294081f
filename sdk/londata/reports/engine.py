"""Run a report: check, start its process, show progress, say how it ended.

The run itself is in :mod:`londata.reports.child`; this side stays light and can be called from a notebook.
"""

from __future__ import annotations

import contextlib
import html
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote

from londata.errors import MissingExtraError, ReportError
from londata.reports import job as jobs
from londata.reports import templates
from londata.reports.evidence import keep
from londata.reports.job import Job
from londata.reports.parameters import Value, ValuesFrom, check_all
from londata.reports.templates import Template

#: How long a stopped run may take to put its evidence in place.
_STOP_S = 20.0
_NEEDED = ("ipykernel", "matplotlib", "nbconvert", "papermill")


@dataclass(frozen=True)
class Report:
    """A report that was made: its folder with what is in it, and the sentence that says what it rests on."""

    title: str
    parameters: Mapping[str, Value]
    folder: Path
    sentence: str

    @property
    def html(self) -> Path:
        """The page, without code."""
        return self.folder / jobs.PAGE

    @property
    def notebook(self) -> Path:
        """The executed notebook."""
        return self.folder / jobs.NOTEBOOK

    @property
    def receipt(self) -> Path:
        """What went in and came out."""
        return self.folder / jobs.RECEIPT

    def reads(self) -> tuple[dict[str, Any], ...]:
        """List what the report read, oldest first, as its receipt has it."""
        return tuple(json.loads(self.receipt.read_text(encoding="utf-8"))["reads"])

    @property
    def _files(self) -> tuple[tuple[str, Path], ...]:
        return (("Report", self.html), ("Notebook", self.notebook), ("Receipt", self.receipt))

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{what}: {_link(jobs.short(path))}</li>" for what, path in self._files)
        return f"<b>{html.escape(self.title)}</b><ul>{items}</ul><p>{html.escape(self.sentence)}</p>"

    def __str__(self) -> str:
        return "".join(f"{what:9} {jobs.short(path)}\n" for what, path in self._files) + f"\n{self.sentence}"


def run(
    template: str | Path,
    /,
    *,
    out: str | Path = "reports",
    progress: bool = True,
    parameters: Mapping[str, Any] | None = None,
    **values: Any,
) -> Report:
    """Run a report in a process of its own.

    Parameters
    ----------
    template
        The name of a template, or the path of its folder.
    out
        The folder for the results; made if it is not there. A report of the same name from the same day is replaced.
    progress
        Show a progress bar.
    parameters, **values
        The report's parameters, as a mapping, by name, or both.

    Returns
    -------
    Report
        The report's folder: the HTML page without code, the executed notebook, and the receipt.

    Raises
    ------
    UsageError, TemplateError
        There is no such template, or its files break the rules.
    ParameterError
        A parameter is not allowed; nothing has run.
    ReportError
        A cell failed, or the results cannot be written. The notebook is kept as evidence.
    """
    found = templates.load(template)
    given = check_all(found.name, found.parameters, {**(parameters or {}), **values}, choices)
    _need_libraries()
    job = jobs.prepare(found, given, out)
    try:
        ended = _run_child(job, found, progress)
    finally:
        jobs.clear(job)
    folder = Path(ended["done"])
    receipt = json.loads((folder / jobs.RECEIPT).read_text(encoding="utf-8"))
    return Report(
        title=receipt["name"],
        parameters=given,
        folder=folder,
        sentence=receipt["sentence"],
    )


def _link(path: Path) -> str:
    """Link a file that JupyterLab can open; name any other."""
    shown = f"<code>{html.escape(str(path))}</code>"
    return shown if path.is_absolute() else f'<a href="{quote(path.as_posix())}">{shown}</a>'


def choices(source: ValuesFrom) -> tuple[str, ...]:
    """Look up the choices that the register holds: the distinct values of a column, in alphabetical order."""
    import londata

    column = londata.catalog[source.entry].read(columns=[source.column])[source.column]
    return tuple(sorted(column.dropna().astype(str).unique()))


def _need_libraries() -> None:
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        raise MissingExtraError(
            f"Reports need {' and '.join(missing)}, which are not installed.",
            hint='Install them with: pip install "londata[reports]"',
        )


def _run_child(job: Job, template: Template, progress: bool) -> dict[str, Any]:
    """Start the child, follow it, and return its last event if that says it is done."""
    with (Path(job.private) / "errors.txt").open("w+b") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "londata.reports.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(job),
            start_new_session=True,  # Ctrl-C reaches us alone; we tell the child by letting go of its pipe
            text=True,
            encoding="utf-8",
        )
        try:
            last = _follow(process, job, progress)
        except BaseException as stop:
            _let_go(process)
            keep(job, template, "stopped", "it was stopped")  # if the child could not do it
            if isinstance(stop, KeyboardInterrupt) and (left := job.final("stopped") / jobs.NOTEBOOK).exists():
                raise KeyboardInterrupt(f"The report was stopped. What ran is kept in {jobs.short(left)}.") from None
            raise
        _let_go(process)
        if not last:
            errors.seek(0)
            kept = keep(job, template, "failed", "its process ended unexpectedly")
            raise _unexpected(process.returncode, errors.read().decode(errors="replace"), template, kept)
    if "done" not in last:
        raise _refusal(last, template)
    return last


def _follow(process: subprocess.Popen[str], job: Job, progress: bool) -> dict[str, Any]:
    """Hand over the job and read events until the child closes; return the last that is not progress."""
    from tqdm import tqdm

    from londata.fetch.progress import in_notebook

    to_child, from_child = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
    last: dict[str, Any] = {}
    with contextlib.suppress(BrokenPipeError):  # it died at once; what it left says why
        to_child.write(job.to_line())
        to_child.flush()
    where = sys.stdout if in_notebook() else sys.stderr
    with tqdm(desc=job.heading, unit=" cells", disable=not progress, leave=False, bar_format=_BAR, file=where) as bar:
        for line in from_child:
            event = json.loads(line)
            if "cell" not in event:
                last = event
                continue
            bar.total = event["of"]
            bar.update(event["cell"] - bar.n)
    return last


_BAR = "{desc}: {percentage:3.0f}% |{bar}| cell {n_fmt} of {total_fmt} [{elapsed}]"


def _let_go(process: subprocess.Popen[str]) -> None:
    """Close the lifeline and wait; a child that does not end is killed, and its kernel ends with it."""
    with contextlib.suppress(OSError):
        cast(IO[str], process.stdin).close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        cast(IO[str], process.stdout).close()


def _environment(job: Job) -> dict[str, str]:
    return os.environ | {
        "LONDATA_READ_LOG": str(job.read_log),
        "LONDATA_FIGURE_DATA": str(job.figure_data),
        "JUPYTER_RUNTIME_DIR": job.private,
        "IPYTHONDIR": str(Path(job.private) / "ipython"),  # nobody's start-up files change a report
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _refusal(last: dict[str, Any], template: Template) -> ReportError:
    if "where" not in last:
        return ReportError(last["failed"], hint=last.get("hint", ""))
    how = "failed" if "failed" in last else "stopped"
    where = f" in {last['where']}" if last["where"] else ""
    kept = f"What ran is kept in {jobs.short(last['notebook'])}." if last["notebook"] else ""
    return ReportError(f"The report {template.name} {how}{where}: {last[how].rstrip('.')}.", hint=kept)


def _unexpected(code: int, errors: str, template: Template, kept: Path | None) -> ReportError:
    by = f" It was killed by {signal.Signals(-code).name}." if code < 0 else ""
    said = next((line for line in reversed(errors.splitlines()) if line.strip()), "")
    hint = f"What ran is kept in {jobs.short(kept)}." if kept else ""
    return ReportError(
        f"The process of the report {template.name} ended unexpectedly.{by}" + (f" It said: {said}" if said else ""),
        hint=hint,
    )
