"""One run of a report as plain data, and where its files go.

A finished report is a folder. While it runs, that folder is made inside a working one beside its final place
(``….running-…``), so that it can be put there in one step. What is left of a run that did not end well keeps its
notebook in a folder whose name says so (``….failed``, ``….stopped``).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import getpass
import hashlib
import json
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from londata import settings
from londata.errors import ReportError, UsageError
from londata.records import slugify
from londata.reports.parameters import Value
from londata.reports.templates import Template

_LONGEST_STEM = 100
_DAY, _WORD = re.compile(r"\d{4}-\d{2}(-\d{2})?"), re.compile(r"[A-Z][a-z]+")
#: Words that are written small inside the name of a place.
_SMALL = frozenset({"and", "of", "the", "upon"})

#: The files of a report's folder. The receipt is the metadata file of an RO-Crate, and the last that is written.
NOTEBOOK, PAGE, PDF, DATA, RECEIPT = "report.ipynb", "report.html", "report.pdf", "data", "ro-crate-metadata.json"
#: What a report can be had as; page, notebook and the figures' numbers as CSV always are.
FORMATS = ("html", "ipynb", "pdf", "csv", "parquet")
Status = Literal["completed", "failed", "stopped"]


@dataclass(frozen=True)
class Job:
    """What the child process needs to know; all plain values, so that it travels as one line of JSON.

    ``work`` is the working folder, ``private`` one that only this user can enter, with a path short enough for sockets.
    ``formats`` are those of :data:`FORMATS` that are made beside page and notebook, ``pins`` the versions that must be
    read (entry → distribution → SHA-256; empty: whatever is there), ``project`` what the run works for, ``batch`` and
    ``batch_name`` the id and the name of the batch that it is a part of, if it is.
    """

    id: str
    template: str
    stem: str
    out: str
    work: str
    private: str
    heading: str
    parameters: dict[str, Value]
    agent: str
    project: str = ""
    formats: tuple[str, ...] = ("csv",)
    pins: dict[str, dict[str, str]] = field(default_factory=dict)
    batch: str = ""
    batch_name: str = ""
    started: str = field(default_factory=lambda: now())

    def to_line(self) -> str:
        """Write the job as one line."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Job:
        """Read it back."""
        values = json.loads(line)
        return cls(**values | {"formats": tuple(values["formats"])})

    @property
    def report(self) -> Path:
        """The folder of the report while it is made."""
        return Path(self.work) / "report"

    @property
    def notebook(self) -> Path:
        """The notebook as it runs."""
        return self.report / NOTEBOOK

    @property
    def figure_data(self) -> Path:
        """Where the kernel leaves the numbers of its figures."""
        return Path(self.work) / "figures"

    @property
    def read_log(self) -> Path:
        """Where the kernel notes what it reads."""
        return Path(self.work) / "reads.jsonl"

    @property
    def pins_file(self) -> Path:
        """Where the versions stand that must be read, if there are such."""
        return Path(self.work) / "pins.json"

    @property
    def scratch(self) -> Path:
        """The folder in which the notebook runs; it is removed afterwards."""
        return Path(self.work) / "scratch"

    def final(self, status: Status = "completed") -> Path:
        """Where the report's folder ends up; what is left of a run that did not end well has another name."""
        return Path(self.out) / (self.stem if status == "completed" else f"{self.stem}.{status}")


def short(path: str | Path) -> Path:
    """Write a path as people would: from the working folder, where it is below that."""
    with contextlib.suppress(ValueError, OSError):
        return Path(path).relative_to(Path.cwd())
    return Path(path)


def now() -> str:
    """Tell the time in UTC, to the millisecond."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


def prepare(
    template: Template,
    parameters: dict[str, Value],
    out: str | Path,
    *,
    formats: Sequence[str] = ("csv",),
    pins: dict[str, dict[str, str]] | None = None,
    batch: tuple[str, str] = ("", ""),
) -> Job:
    """Name a run and make its working folder.

    Parameters
    ----------
    template
        What is run.
    parameters
        Their values, already checked.
    out
        The folder for finished reports; made if it is not there.
    formats
        Those of :data:`FORMATS` that are wanted beside page, notebook and the figures' numbers as CSV.
    pins
        The versions that must be read; see :class:`Job`.
    batch
        Id and name of the batch that it is a part of.

    Returns
    -------
    Job
        The run, with a working folder of its own; :func:`clear` removes that.

    Raises
    ------
    UsageError
        There is no such format.
    ReportError
        The folder for reports cannot be made or written to.
    """
    if unknown := [each for each in formats if each not in FORMATS]:
        raise UsageError(f"A report cannot be had as {unknown[0]!r}.", hint=f"Formats are {', '.join(FORMATS)}.")
    folder = Path(out).expanduser().absolute()
    stem = file_stem(template.name, parameters, dt.date.today())
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f"{stem}.running-", dir=folder))
        for inside in ("report", "scratch", "figures"):
            (work / inside).mkdir()
    job = Job(
        id=uuid.uuid4().urn,
        template=str(template.folder),
        stem=stem,
        out=str(folder),
        work=str(work),
        private=tempfile.mkdtemp(prefix="londata-"),
        heading=template.heading_for(parameters),
        parameters=parameters,
        agent=_agent(),
        project=settings.get("PROJECT"),
        formats=tuple(dict.fromkeys(("csv", *formats))),
        pins=pins or {},
        batch=batch[0],
        batch_name=batch[1],
    )
    if job.pins:
        with writing_to(folder):
            job.pins_file.write_text(json.dumps(job.pins), encoding="utf-8")
    return job


def file_stem(template: str, parameters: dict[str, Value], day: dt.date) -> str:
    """Name the files of a run: ``borough-profile-camden-2026-11-22``.

    Different parameters of one template never get the same name: where one could not be read back, some of their hash
    is added.

    Parameters
    ----------
    template
        The name of the template.
    parameters
        Their values, in the order of the template.
    day
        The day of the run.

    Returns
    -------
    str
        The name without its ending; it is safe as the name of a file.
    """
    stem = "-".join([template, *(slugify(str(value)) for value in parameters.values())])
    if len(stem) > _LONGEST_STEM or not _reads_back(list(parameters.values())):
        digest = hashlib.sha256(json.dumps(parameters).encode()).hexdigest()[:8]
        stem = f"{stem[:_LONGEST_STEM].rstrip('-')}-{digest}"
    return f"{stem}-{day.isoformat()}"


def _reads_back(values: list[Value]) -> bool:
    """Tell whether a name has only one reading: names of places, days, months and whole numbers, one after the other.

    Beside another name, one of several words would not say where it ends.
    """
    names = [value for value in values if isinstance(value, str) and not _DAY.fullmatch(value)]
    others = [value for value in values if not isinstance(value, str)]
    return all(isinstance(value, int) and value >= 0 for value in others) and all(
        _is_title(name) and (len(names) == 1 or " " not in name) for name in names
    )


def _is_title(name: str) -> bool:
    """Tell whether a name is written as names of places are, so that its small letters can be made large again."""
    first, *others = name.split(" ")
    return bool(_WORD.fullmatch(first)) and all(
        word in _SMALL or (_WORD.fullmatch(word) and word.lower() not in _SMALL) for word in others
    )


def publish(job: Job, status: Status) -> Path:
    """Put the report's folder in its place, in one step; one of the same name is replaced.

    A report that was finished takes the place also of what is left of runs of its name that did not end well. A lock on
    the folder of reports keeps two runs of the same name from disturbing each other.

    Parameters
    ----------
    job
        Whose folder, with every file in it written.
    status
        How the run ended.

    Returns
    -------
    Path
        Where it is now.
    """
    place = job.final(status)
    with writing_to(Path(job.out)), _locked(Path(job.out)):
        for number, old in enumerate([place, *_left(job)] if status == "completed" else [place]):
            if old.exists() or old.is_symlink():
                old.replace(Path(job.work) / f"replaced-{number}")  # removed with the working folder
        return job.report.replace(place)


def _left(job: Job) -> tuple[Path, ...]:
    """Name what is left of runs of the same name that did not end well."""
    return job.final("failed"), job.final("stopped")


def clear(job: Job) -> None:
    """Remove the working folder and the private one."""
    for folder in (job.work, job.private):
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn the system's refusal to write into a sentence."""
    reasons = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "your disk quota is used up",
        errno.EROFS: "the folder is read-only",
        errno.EACCES: "you may not write there",
        errno.EPERM: "you may not write there",
        errno.ENOTDIR: "part of that path is a file",
        errno.EEXIST: "there is a file of that name",
        errno.ENAMETOOLONG: "the name is too long",
    }
    try:
        yield
    except OSError as error:
        reason = reasons.get(error.errno or 0, error.strerror or str(error))
        raise ReportError(
            f"The report cannot be written to {folder}: {reason}.", hint="Choose another folder with out=…, or --out …"
        ) from error


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # a system without POSIX locks: single files are still put in place in one step
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _agent() -> str:
    try:
        return os.environ.get("JUPYTERHUB_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return "unknown"
