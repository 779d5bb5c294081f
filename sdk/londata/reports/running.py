"""Running reports: each in a process of its own, on a lifeline; how it ended comes back as a value.

The run itself is in :mod:`londata.reports.child`. This side stays light, raises nothing for a report that fails, and
can be called from several threads at once, as a batch does.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from londata import settings
from londata.errors import ReportError, warn
from londata.kernels.forking import Forked, NoZygote, fork
from londata.kernels.warm import FOR_KERNELS, WarmProcess
from londata.reports import job as jobs
from londata.reports.evidence import KEPT, keep
from londata.reports.job import Job, Status
from londata.reports.templates import Template
from londata.reports.warming import FOR_RUNS

#: How long a stopped run may take to put its evidence in place.
_STOP_S = 20.0
#: So much of what a process said is looked at when it ended unexpectedly.
_LAST_WORDS = 10_000
#: Last of all that a warm process does before the first run.
_GATHER = "londata.kernels.pages:gather"
Tell = Callable[[dict[str, Any]], object]


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    ``folder`` is the finished report, or what is kept of one that did not end well (``None`` if nothing ran).
    ``problem`` is the sentence that says what was wrong, ``where`` the cell, ``hint`` what to do next.
    """

    status: Status
    folder: Path | None
    problem: str = ""
    where: str = ""
    hint: str = ""
    seconds: float = 0.0


class Runner:
    """Runs reports, one process each.

    Parameters
    ----------
    warm
        Fork the processes from one that has everything loaded; without it each starts from nothing.
    """

    def __init__(self, warm: bool = True) -> None:
        self._zygote = (
            WarmProcess([*FOR_KERNELS, *FOR_RUNS], ["londata.reports.warming:warm", _GATHER]) if warm else None
        )
        self._lock = threading.Lock()
        self._under_way: set[_Process] = set()
        self._idle = threading.Condition(self._lock)
        self._stopped = False
        self._noted: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def run(self, job: Job, template: Template, tell: Tell | None = None) -> Ended:
        """Run a report to its end.

        Parameters
        ----------
        job
            The run, prepared; its working folder is removed at the end.
        template
            What is run.
        tell
            Called with ``{"run": …, "cell": n, "of": m}`` at every cell.

        Returns
        -------
        Ended
            Whether it is finished, failed or was stopped, and what there is of it.

        Raises
        ------
        KeyboardInterrupt
            Somebody pressed Ctrl-C; the run was stopped first, and its notebook kept.
        """
        started = time.monotonic()
        try:
            with (Path(job.private) / "errors.txt").open("w+b") as errors:
                ended = self._follow(job, template, tell, errors)
        except ReportError as error:  # not even the evidence can be written
            ended = Ended("failed", None, error.message, "", error.hint)
        finally:
            jobs.clear(job)
        return _timed(ended, time.monotonic() - started)

    def stop(self) -> None:
        """Let go of every run that is under way, and start no more; each keeps what it has as evidence."""
        with self._lock:
            self._stopped = True
            letting_go = tuple(self._under_way)
        for process in letting_go:
            process.let_go()

    def close(self) -> None:
        """Stop what is under way, wait until it has ended, and let the warm process go."""
        self.stop()
        with self._lock:
            self._idle.wait_for(lambda: not self._under_way, 2 * _STOP_S)
        if self._zygote is not None:
            self._zygote.close()

    def _follow(self, job: Job, template: Template, tell: Tell | None, errors: IO[bytes]) -> Ended:
        with self._lock:
            if self._stopped:
                return Ended("stopped", None, "it was stopped before it began")
            process = self._start(job, errors)
            self._under_way.add(process)
        try:
            last = process.follow(job, tell, self._note)
            code = process.end()
        except BaseException:
            process.end()
            keep(job, template, "stopped", "it was stopped")  # if the child could not do it
            raise
        finally:
            with self._lock:
                self._under_way.discard(process)
                self._idle.notify_all()
        if last:
            return _as_told(last)
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _LAST_WORDS))
        return self._unexpected(job, template, code, errors.read().decode(errors="replace"))

    def _start(self, job: Job, errors: IO[bytes]) -> _Process:
        """Start the process of a run: forked if there is a zygote, else plainly."""
        surroundings = environment(job)
        if self._zygote is not None and (path := self._zygote.path):
            try:
                return _fork(path, surroundings, errors)
            except NoZygote:
                self._note("The warm process could not be used. A report started from nothing, which takes longer.")
        return _begin(surroundings, errors)

    def _note(self, sentence: str) -> None:
        """Warn of what is not as it should be, once."""
        if sentence not in self._noted:
            self._noted.add(sentence)
            warn(sentence)

    def _unexpected(self, job: Job, template: Template, code: int, errors: str) -> Ended:
        if self._stopped:
            kept = keep(job, template, "stopped", "it was stopped")
            return Ended("stopped", kept and kept.parent, "it was stopped", "", _kept(kept))
        kept = keep(job, template, "failed", "its process ended unexpectedly")
        by = f" It was killed by {signal.Signals(-code).name}." if code < 0 else ""
        said = next((line for line in reversed(errors.splitlines()) if line.strip()), "")
        problem = f"its process ended unexpectedly.{by}" + (f" It said: {said}" if said else "")
        return Ended("failed", kept and kept.parent, problem, "", _kept(kept))


class _Iterating(Runner):
    """For one report after the other, by hand: the first starts plainly, which is quickest for one; then it is warm."""

    _count = 0

    def __init__(self) -> None:
        super().__init__()
        # The process may live for hours, so it loads nothing that may change in that time.
        self._later = WarmProcess([*FOR_KERNELS, *FOR_RUNS], ["londata.reports.warming:warm_for_hours", _GATHER])
        self._zygote = None

    def run(self, job: Job, template: Template, tell: Tell | None = None) -> Ended:
        """Run a report to its end; see :class:`Runner`."""
        self._count += 1
        if self._count > 1:
            self._zygote = self._later
        return super().run(job, template, tell)


@functools.cache
def shared() -> Runner:
    """Get the one runner of this process for single reports; it ends with the process, and is not to be closed."""
    runner = _Iterating()
    atexit.register(runner.close)
    return runner


class _Process:
    """The process of one run; our end of its standard input is its lifeline.

    Parameters
    ----------
    to_it, from_it
        Its standard input and output.
    process
        The process itself.
    """

    def __init__(self, to_it: IO[str], from_it: IO[str], process: subprocess.Popen[str] | Forked) -> None:
        self._to_it, self._from_it, self._process = to_it, from_it, process

    def follow(self, job: Job, tell: Tell | None, note: Callable[[str], None]) -> dict[str, Any]:
        """Hand over the job and read events until the process closes; return the last, which says how it ended."""
        last: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):  # it died at once, or was let go; what it left says why
            self._to_it.write(job.to_line())
            self._to_it.flush()
        for line in self._from_it:
            event = json.loads(line)
            if "note" in event:
                note(event["note"])
            elif "cell" not in event:
                last = event
            elif tell is not None:
                tell({"run": job.id} | event)
        return last

    def let_go(self) -> None:
        """Close the lifeline: the process stops its kernel, keeps what ran, and ends."""
        with contextlib.suppress(OSError):
            self._to_it.close()

    def end(self) -> int:
        """Let go and wait; a process that does not end is killed, and its kernel ends with it."""
        self.let_go()
        try:
            status = self._wait(_STOP_S)
            if status is None:
                self._process.kill()
                status = self._wait(None)
            return cast(int, status)
        finally:
            self._from_it.close()

    def _wait(self, seconds: float | None) -> int | None:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def _begin(surroundings: dict[str, str], errors: IO[bytes]) -> _Process:
    started = subprocess.Popen(
        [sys.executable, "-P", "-m", "londata.reports.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=surroundings,
        start_new_session=True,  # Ctrl-C reaches us alone; we tell the child by letting go of its pipe
        text=True,
        encoding="utf-8",
    )
    return _Process(cast(IO[str], started.stdin), cast(IO[str], started.stdout), started)


def _fork(path: str, surroundings: dict[str, str], errors: IO[bytes]) -> _Process:
    its_in, to_it = os.pipe2(os.O_CLOEXEC)
    from_it, its_out = os.pipe2(os.O_CLOEXEC)
    surroundings = surroundings | {settings.PREFIX + "ZYGOTE": path}
    try:
        forked = fork(
            path,
            "londata.reports.child:main",
            files=(its_in, its_out, errors.fileno()),
            environ=surroundings,
            folder=str(Path.cwd()),
            trusted=True,
        )
    except NoZygote:
        os.close(to_it)
        os.close(from_it)
        raise
    finally:
        os.close(its_in)
        os.close(its_out)
    return _Process(os.fdopen(to_it, "w", encoding="utf-8"), os.fdopen(from_it, encoding="utf-8", newline="\n"), forked)


def environment(job: Job) -> dict[str, str]:
    """Write down the environment in which a run and its kernel live."""
    return os.environ | {
        "LONDATA_READ_LOG": str(job.read_log),
        "LONDATA_FIGURE_DATA": str(job.figure_data),
        "LONDATA_PINS": str(job.pins_file) if job.pins else "",
        "TMPDIR": _own_tmp(job),
        "JUPYTER_RUNTIME_DIR": job.private,
        "IPYTHONDIR": str(Path(job.private) / "ipython"),  # nobody's start-up files change a report
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _own_tmp(job: Job) -> str:
    """Make a folder for temporary files, which goes with the run; a kernel may not write to that of everybody."""
    folder = Path(job.private) / "tmp"
    folder.mkdir(exist_ok=True)
    return str(folder)


def _as_told(last: dict[str, Any]) -> Ended:
    """Read the last word of a run."""
    if "done" in last:
        return Ended("completed", Path(last["done"]))
    status: Status = "stopped" if "stopped" in last else "failed"
    notebook = Path(last["notebook"]) if last.get("notebook") else None
    return Ended(
        status,
        notebook and notebook.parent,
        last[status],
        last.get("where", ""),
        last.get("hint", "") or _kept(notebook),
    )


def _kept(notebook: Path | None) -> str:
    return f"{KEPT} {jobs.short(notebook)}." if notebook else ""


def _timed(ended: Ended, seconds: float) -> Ended:
    return Ended(ended.status, ended.folder, ended.problem, ended.where, ended.hint, seconds)
