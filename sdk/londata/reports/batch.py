"""A batch: one report for each value of a parameter, on one set of data versions, with a summary.

A report whose inputs have not changed is used again, so a batch that was stopped goes on where it was. A report that
fails stops no other. The versions of the data are noted when the batch begins: all of its reports rest on the same.
"""

from __future__ import annotations

import datetime as dt
import html
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from londata.errors import BatchError, LondataError, ParameterError
from londata.intake_catalog.pins import pin_of
from londata.reports import asked, receipts, summary, templates
from londata.reports import job as jobs
from londata.reports.engine import Report, link, need_libraries
from londata.reports.executors import Executor, ExecutorGoneError, Task, executor_for
from londata.reports.job import Job
from londata.reports.parameters import Parameter, check_all
from londata.reports.progress import BatchBar
from londata.reports.receipts import Receipt
from londata.reports.reuse import Reuse, Series
from londata.reports.running import Ended
from londata.reports.summary import Account, Outcome
from londata.reports.templates import Template
from londata.reports.versions import Pins, Versions

#: The summary is written anew while the batch runs, but not more often than this.
_WRITE_EVERY_S = 1.0
#: So many failed reports are named in an error.
_NAMED = 3


@dataclass(frozen=True)
class Batch:
    """What became of a batch; ``folder`` has the summary."""

    account: Account
    folder: Path

    @property
    def summary(self) -> Path:
        """The summary, as a page."""
        return self.folder / summary.PAGE

    @property
    def json(self) -> Path:
        """The summary, as data."""
        return self.folder / summary.DATA

    @cached_property
    def reports(self) -> dict[str, Report]:
        """The finished reports, made or used again, by the value that each is for."""
        found = self.account.among("completed", "reused")
        return {each.value: Report.at(each.folder, reused=each.how == "reused") for each in found if each.folder}

    @property
    def failed(self) -> dict[str, str]:
        """What went wrong, by the value of each report that failed."""
        return {each.value: each.sentence for each in self.account.among("failed")}

    @property
    def missing(self) -> tuple[str, ...]:
        """The values whose reports were stopped or not begun."""
        return tuple(each.value for each in self.account.among("stopped", "missing"))

    def require(self) -> Batch:
        """Give the batch itself, or raise ``BatchError`` where a report of it failed."""
        if failed := self.failed:
            more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
            named = ", ".join(list(failed)[:_NAMED]) + more
            others = " The others are there." if len(failed) < len(self.account.values) else ""
            raise BatchError(
                f"{len(failed)} of {len(self.account.values)} reports failed: {named}.{others}",
                hint=f"The summary says why: {jobs.short(self.summary)}. The same command tries them again.",
            )
        return self

    def _repr_html_(self) -> str:
        bad = "".join(
            f"<li><b>{html.escape(each.value)}</b> {html.escape(each.how)}: {html.escape(each.sentence)}</li>"
            for each in self.account.among("failed", "stopped")
        )
        listed = f"<ul>{bad}</ul>" if bad else ""
        about = f"<b>{html.escape(self.account.title)}</b><p>{html.escape(self.account.sentence)}</p>"
        return f"{about}{listed}<p>Summary: {link(jobs.short(self.summary))}</p>"

    def __str__(self) -> str:
        bad = (f"{each.how.capitalize():9} {each.value}: {each.sentence}" for each in self.account.among("failed"))
        return "\n".join([self.account.sentence, *bad, f"Summary   {jobs.short(self.summary)}"])


def run_each(
    template: str | Path,
    /,
    *,
    each: str,
    out: str | Path = "reports",
    workers: int | None = None,
    executor: str = "",
    force: bool = False,
    formats: Sequence[str] = ("csv",),
    progress: bool = True,
    parameters: Mapping[str, Any] | None = None,
    choices: Sequence[str] | None = None,
    **values: Any,
) -> Batch:
    """Run a report for each choice of a parameter.

    Parameters
    ----------
    template
        The name of a template, or the path of its folder.
    each
        The parameter; it must be a choice.
    out
        The folder for the results; made if it is not there.
    workers
        How many reports run at once; as many as there are cores where not given.
    executor
        ``dask://host:port`` runs them on a Dask cluster; they come back to ``out``.
    force
        Make every report, also where a finished one has the same inputs.
    formats
        What each report is to be had as beside page, notebook and the numbers of its figures as CSV: ``pdf``,
        ``parquet``.
    progress
        Show a progress bar.
    parameters, **values
        The other parameters, the same for all.
    choices
        Only these choices of the parameter; all where not given.

    Returns
    -------
    Batch
        The reports, what failed, and the summary. A report that fails raises nothing.

    Raises
    ------
    UsageError, TemplateError, ParameterError
        It cannot be run as asked; nothing has run.
    ReportError
        The folder cannot be written to.
    BatchError
        The cluster that made the reports is gone. What was finished stays; the same call goes on with what is missing.
    KeyboardInterrupt
        Somebody pressed Ctrl-C. What was finished stays; the same call goes on with what is missing.
    """
    asked.check(template=template, out=out, formats=formats, parameters=parameters, workers=workers, executor=executor)
    if choices is not None:
        asked.need_names("choices", choices)
    found = templates.load(template)
    versions = Versions()
    tasks = _tasks(found, each, {**(parameters or {}), **values}, choices, versions)
    chosen = executor_for(executor, workers)
    need_libraries()
    folder = _folder_for(out)
    versions.note(found.datasets)
    account = _account(found, each, tasks, formats, chosen.words)
    reuse = None if force else Reuse(found, versions, formats)
    return _Running(found, folder, versions, account).run(tasks, reuse, chosen, progress)


def _tasks(
    template: Template, each: str, given: Mapping[str, Any], only: Sequence[str] | None, versions: Versions
) -> list[Task]:
    """Check everything that was asked for, and list the reports that it comes to."""
    parameter = _parameter(template, each, given)
    listed = tuple(only) if only is not None else _choices(parameter, versions)
    if not listed:
        why = "none was given" if only is not None else f"{each} has no choices at the moment"
        raise ParameterError(f"There is nothing to make a report for: {why}.", hint=f"{each} is {parameter.allowed}.")
    checked = [
        check_all(template.name, template.parameters, {**given, each: value}, versions.choices) for value in listed
    ]
    return list({str(one[each]): Task(str(one[each]), one) for one in checked}.values())


def _parameter(template: Template, each: str, given: Mapping[str, Any]) -> Parameter:
    declared = {parameter.name: parameter for parameter in template.parameters}
    able = [name for name, parameter in declared.items() if parameter.type == "choice"]
    hint = f"Its choices: {', '.join(able)}." if able else "It has no parameter with choices."
    if not isinstance(each, str) or each not in declared:
        raise ParameterError(f"The template {template.name} has no parameter {each!r}.", hint=hint)
    if each not in able:
        raise ParameterError(
            f"{each} is no choice but {declared[each].allowed}, so there is no “each” of it.", hint=hint
        )
    if each in given:
        raise ParameterError(
            f"{each} is given as {given[each]!r}, and a report for each {each} was asked for.",
            hint="Leave one of them out; to choose some of them, use choices=[…], or --only on the command line.",
        )
    return declared[each]


def _choices(parameter: Parameter, versions: Versions) -> tuple[str, ...]:
    return versions.choices(parameter.values_from) if parameter.values_from else parameter.values


def _folder_for(out: str | Path) -> Path:
    """Make the folder for reports, and see that it can be written to."""
    folder = Path(out).expanduser().absolute()
    with jobs.writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    return folder


def _account(template: Template, each: str, tasks: Sequence[Task], formats: Sequence[str], where: str) -> Account:
    label = next(parameter.label for parameter in template.parameters if parameter.name == each)
    return Account(
        template=template.name,
        title=template.title,
        each=each,
        label=label,
        values=tuple(task.value for task in tasks),
        parameters={name: value for name, value in tasks[0].parameters.items() if name != each},
        formats=tuple(dict.fromkeys(formats)),
        where=where,
        started=jobs.now(),
    )


class _Running:
    """A batch that runs: it notes what became of each report, and keeps them to one set of versions."""

    def __init__(self, template: Template, out: Path, versions: Versions, account: Account) -> None:
        self._template, self._out, self._account, self._versions = template, out, account, versions
        self._pins: Pins = {}
        self._before: dict[str, Receipt | None] = {}
        self._place = summary.Place(account, out, dt.date.today())
        self._folder = self._place.folder
        self._written = 0.0

    def run(self, tasks: Sequence[Task], reuse: Reuse | None, executor: Executor, progress: bool) -> Batch:
        """Use again what can be used again, make the rest, and write the summary, however it ends."""
        try:
            return self._run(tasks, reuse, executor, progress)
        finally:
            self._place.release()

    def _run(self, tasks: Sequence[Task], reuse: Reuse | None, executor: Executor, progress: bool) -> Batch:
        left = [task for task in tasks if not self._used_again(task, reuse)]
        self._pins = self._versions.pins()  # also of what a report that is used again read, declared or not
        series = Series(self._template, self._out)
        self._before = {task.value: series.latest(task.parameters) for task in left}
        try:
            with BatchBar(self._account.title, len(tasks), progress) as bar:
                bar.done(len(tasks) - len(left))
                if left:
                    self._make(left, executor, bar)
        except KeyboardInterrupt:
            self._end("stopped")
            raise KeyboardInterrupt(f"The batch was stopped: {self._there()}. {self._onwards()}") from None
        except ExecutorGoneError as error:
            self._end("stopped")
            raise BatchError(f"{error}: {self._there()}.", hint=self._onwards()) from error
        self._end("complete")
        return Batch(self._account, self._folder)

    def _there(self) -> str:
        there, of = len(self._account.among("completed", "reused")), len(self._account.values)
        return f"{there} of {of} reports are there"

    def _onwards(self) -> str:
        where = jobs.short(self._folder / summary.PAGE)
        return f"The same command goes on with the others. The summary is {where}."

    def _used_again(self, task: Task, reuse: Reuse | None) -> bool:
        receipt = reuse.find(task.parameters, self._out) if reuse else None
        if receipt is None:
            return False
        self._account.done[task.value] = Outcome(task.value, "reused", receipt.folder, made=receipt.ended)
        return True

    def _make(self, tasks: Sequence[Task], executor: Executor, bar: BatchBar) -> None:
        with executor:
            self._write()
            executor.start(tasks, self._template, self._prepare, bar.at_cell)
            try:
                self._collect(executor, bar)
            except KeyboardInterrupt:
                executor.stop()
                self._collect(executor, bar)
                raise

    def _prepare(self, task: Task) -> Job:
        return jobs.prepare(
            self._template,
            task.parameters,
            self._out,
            formats=self._account.formats,
            pins=dict(self._pins),
            batch=(self._account.id, self._account.name),
        )

    def _collect(self, executor: Executor, bar: BatchBar) -> None:
        for task, ended in executor.results():
            if ended.status != "stopped" or ended.folder:  # else its turn had not come
                self._account.done[task.value] = self._outcome(task, ended)
            bar.done(1, task.value)
            if time.monotonic() - self._written > _WRITE_EVERY_S:
                self._write()

    def _outcome(self, task: Task, ended: Ended) -> Outcome:
        if ended.status == "completed" and ended.folder:
            try:
                return self._finished(task, receipts.load(ended.folder), ended)
            except LondataError as error:
                ended = replace(ended, status="failed", problem=error.message, hint=error.hint)
        return Outcome(task.value, ended.status, ended.folder, ended.seconds, ended.problem, ended.where, ended.hint)

    def _finished(self, task: Task, receipt: Receipt, ended: Ended) -> Outcome:
        """Note a finished report, unless it read something in another version than the batch did before.

        The versions of what the template declares are checked as they are read. What only turned out to be read is
        pinned by whichever report finished first; two that ran at once can then differ, and the later one is set aside.
        A report of its name from earlier that day is then gone: it was replaced before that could be seen.
        """
        for read in receipt.reads:
            pin = pin_of(read["sha256"], read["version"])
            before = self._pins.get(read["entry"], {}).get(read["distribution"], pin)
            if pin != before:
                return Outcome(
                    task.value,
                    "failed",
                    _set_aside(receipt.folder),
                    ended.seconds,
                    f"“{read['title']}” changed while the batch ran, and an earlier report of it read another version",
                    hint="All reports of a batch rest on the same data; run the batch again.",
                )
            if pin:
                self._pins = self._pins | {
                    read["entry"]: self._pins.get(read["entry"], {}) | {read["distribution"]: pin}
                }
        earlier = self._before.get(task.value)
        changes = summary.compare(earlier, receipt) if earlier else None
        return Outcome(task.value, "completed", receipt.folder, ended.seconds, changes=changes, made=receipt.ended)

    def _end(self, state: summary.State) -> None:
        self._account.state, self._account.ended = state, jobs.now()
        self._write()

    def _write(self) -> None:
        self._account.pins = self._pins
        summary.write(self._account, self._folder)
        self._written = time.monotonic()


def _set_aside(folder: Path) -> Path:
    """Take a report out of the finished ones; it keeps its receipt."""
    aside = folder.with_name(f"{folder.name}.failed")
    shutil.rmtree(aside, ignore_errors=True)
    return folder.rename(aside)
