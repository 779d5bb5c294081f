"""Run a report: check, start its process, show progress, say how it ended.

The run itself is in :mod:`londata.reports.child`; this side stays light and can be called from a notebook.
"""

from __future__ import annotations

import html
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from londata.errors import MissingExtraError, ReportError
from londata.reports import asked, receipts, templates
from londata.reports import job as jobs
from londata.reports.job import Job
from londata.reports.parameters import Value, ValuesFrom, check_all
from londata.reports.receipts import Receipt
from londata.reports.reuse import Reuse
from londata.reports.running import Ended, shared
from londata.reports.templates import Template
from londata.reports.versions import Versions

_NEEDED = ("ipykernel", "matplotlib", "nbconvert", "papermill")


@dataclass(frozen=True)
class Report:
    """A report that was made: its folder with what is in it, and the sentence that says what it rests on.

    ``reused`` says that it was there already, and would have come out the same.
    """

    title: str
    parameters: Mapping[str, Value]
    folder: Path
    sentence: str
    reused: bool = False

    @classmethod
    def at(cls, folder: Path, *, reused: bool = False) -> Report:
        """Take up a finished report by its folder; raises ``ReceiptError`` where there is none."""
        return cls.of(receipts.load(folder), reused=reused)

    @classmethod
    def of(cls, receipt: Receipt, *, reused: bool = False) -> Report:
        """Take up the finished report that a receipt vouches for."""
        return cls(receipt.title, receipt.parameters, receipt.folder, receipt.sentence, reused)

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

    @property
    def pdf(self) -> Path | None:
        """The page as PDF, where that was asked for."""
        path = self.folder / jobs.PDF
        return path if path.is_file() else None

    @property
    def data(self) -> tuple[Path, ...]:
        """The numbers of its figures, as files."""
        return tuple(sorted(each for each in (self.folder / jobs.DATA).glob("*") if each.is_file()))

    def reads(self) -> tuple[dict[str, Any], ...]:
        """List what the report read, oldest first, as its receipt has it."""
        return receipts.load(self.folder).reads

    @property
    def _files(self) -> tuple[tuple[str, Path], ...]:
        found = [("Report", self.html), ("Notebook", self.notebook), ("Receipt", self.receipt)]
        found += [("PDF", self.pdf)] if self.pdf else []
        found += [("Data", self.folder / jobs.DATA)] if self.data else []
        return tuple(found)

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{what}: {link(jobs.short(path))}</li>" for what, path in self._files)
        again = f"<p>{_AGAIN}</p>" if self.reused else ""
        return f"<b>{html.escape(self.title)}</b><ul>{items}</ul><p>{html.escape(self.sentence)}</p>{again}"

    def __str__(self) -> str:
        files = "".join(f"{what:9} {jobs.short(path)}\n" for what, path in self._files)
        return f"{files}\n{self.sentence}" + (f"\n{_AGAIN}" if self.reused else "")


_AGAIN = "Nothing that it rests on has changed since, so it was not made again."


def run(
    template: str | Path,
    /,
    *,
    out: str | Path = "reports",
    progress: bool = True,
    parameters: Mapping[str, Any] | None = None,
    formats: Sequence[str] = ("csv",),
    force: bool = False,
    **values: Any,
) -> Report:
    """Run a report in a process of its own, or find the finished one where nothing that it rests on has changed.

    Parameters
    ----------
    template
        The name of a template, or the path of its folder.
    out
        The folder for the results; made if it is not there. A report of the same name from the same day is replaced.
    progress
        Show a progress bar.
    formats
        What it is to be had as beside page, notebook and the numbers of its figures as CSV: ``pdf``, ``parquet``.
    force
        Make it, also where a finished one has the same inputs.
    parameters, **values
        The report's parameters, as a mapping, by name, or both.

    Returns
    -------
    Report
        The report's folder: the HTML page without code, the executed notebook, the numbers of its figures, and the
        receipt.

    Raises
    ------
    UsageError, TemplateError
        There is no such template, or its files break the rules; or no such format.
    ParameterError
        A parameter is not allowed; nothing has run.
    ReportError
        A cell failed, or the results cannot be written. The notebook is kept as evidence.
    """
    asked.check(template=template, out=out, formats=formats, parameters=parameters)
    found, versions = templates.load(template), Versions()
    given = check_all(found.name, found.parameters, {**(parameters or {}), **values}, versions.choices)
    if not force and (earlier := Reuse(found, versions, formats).find(given, out)):
        return Report.of(earlier, reused=True)
    need_libraries()
    job = jobs.prepare(found, given, out, formats=formats)
    try:
        folder = _run(job, found, progress)
    finally:
        jobs.clear(job)
    return Report.at(folder)


def choices(source: ValuesFrom) -> tuple[str, ...]:
    """Look up the choices that the register holds, in alphabetical order."""
    return Versions().choices(source)


def link(path: Path) -> str:
    """Link a file that JupyterLab can open; name any other."""
    shown = f"<code>{html.escape(str(path))}</code>"
    return shown if path.is_absolute() else f'<a href="{quote(path.as_posix())}">{shown}</a>'


def need_libraries() -> None:
    """Check that what reports need is installed; raises ``MissingExtraError`` with the line that installs it."""
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        raise MissingExtraError(
            f"Reports need {' and '.join(missing)}, which are not installed.",
            hint='Install them with: pip install "londata[reports]"',
        )


def _run(job: Job, template: Template, progress: bool) -> Path:
    """Run it under a progress bar, and return the folder of the finished report."""
    from londata.reports import progress as shown

    runner = shared()
    with shown.bar(progress, desc=job.heading, unit=" cells", bar_format=_BAR) as bar:

        def show(event: dict[str, Any]) -> None:
            bar.total = event["of"]
            bar.update(event["cell"] - bar.n)

        try:
            ended = runner.run(job, template, show)
        except KeyboardInterrupt:
            if (left := job.final("stopped") / jobs.NOTEBOOK).exists():
                raise KeyboardInterrupt(f"The report was stopped. What ran is kept in {jobs.short(left)}.") from None
            raise
    if ended.status != "completed" or ended.folder is None:
        raise refusal(ended, template)
    return ended.folder


_BAR = "{desc}: {percentage:3.0f}% |{bar}| cell {n_fmt} of {total_fmt} [{elapsed}]"


def refusal(ended: Ended, template: Template) -> ReportError:
    """Say in one sentence how a run ended that did not end well."""
    if ended.folder is None and ended.hint:  # it could not be written at all; that is a sentence of its own
        return ReportError(ended.problem, hint=ended.hint)
    where = f" in {ended.where}" if ended.where else ""
    return ReportError(
        f"The report {template.name} {ended.status}{where}: {ended.problem.rstrip('.')}.", hint=ended.hint
    )
