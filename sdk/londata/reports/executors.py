"""Where the reports of a batch run: in threads here, each waiting for a process of its own; or on a Dask cluster.

Both take tasks when they are started, give back how each ended in the order in which they end, and let go of all of
them when they are stopped. What goes wrong with one task is its own outcome and touches no other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from londata.errors import LondataError, UsageError
from londata.reports import job as jobs
from londata.reports.job import Job
from londata.reports.parameters import Value
from londata.reports.running import Ended, Runner
from londata.reports.templates import Template

DASK = "dask://"


@dataclass(frozen=True)
class Task:
    """One report to be made: the value that it is for, and all of its parameters."""

    value: str
    parameters: dict[str, Value]


Prepare = Callable[[Task], Job]
#: Told of each cell that a report reaches: the value that it is for, the number of the cell, and of how many.
Tell = Callable[[str, int, int], object]


class ExecutorGoneError(Exception):
    """What ran the reports is gone, and nothing that was under way comes back; says in words what it was."""


class Executor(Protocol):
    """What runs the reports of a batch; used as a context manager."""

    @property
    def words(self) -> str:
        """Where it runs, in words."""

    def start(self, tasks: Sequence[Task], template: Template, prepare: Prepare, tell: Tell) -> None:
        """Begin with these tasks.

        Parameters
        ----------
        tasks
            What is to be made, in order.
        template
            What is run.
        prepare
            Names the run of a task and makes its working folder, when its turn comes.
        tell
            Told of each cell.
        """

    def results(self) -> Iterator[tuple[Task, Ended]]:
        """Give how tasks ended, each once, until none is left; goes on where it was interrupted.

        Raises
        ------
        ExecutorGoneError
            Whatever ran them is gone.
        """

    def stop(self) -> None:
        """Let go of what runs and begin nothing more; :meth:`results` then gives what was under way."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


def executor_for(address: str, workers: int | None) -> Executor:
    """Choose where to run.

    Parameters
    ----------
    address
        ``dask://host:port`` of a Dask scheduler; empty for this machine.
    workers
        How many reports run at once; here as many as there are cores, on a cluster as many as it has threads.

    Raises
    ------
    UsageError
        There is no such executor, or no report could ever run.
    MissingExtraError
        Dask is not installed.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"With {workers} workers nothing would run.", hint="Say at least 1, or leave it out.")
    if not address:
        return Threads(workers or _cores())
    if not address.startswith(DASK) or ":" not in address.removeprefix(DASK):
        raise UsageError(
            f"There is no executor {address!r}.",
            hint="Write dask://host:port, the address of a Dask scheduler, or leave it out to run here.",
        )
    from londata.reports.cluster import Cluster

    return Cluster(address.removeprefix(DASK), workers)


class Threads:
    """Runs reports on this machine, several at once; a thread only waits for the process of its report."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._runner = Runner()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="report")
        self._pending: dict[Future[Ended], Task] = {}

    @property
    def words(self) -> str:
        """Where it runs, in words."""
        return "1 worker on this machine" if self._workers == 1 else f"{self._workers} workers on this machine"

    def start(self, tasks: Sequence[Task], template: Template, prepare: Prepare, tell: Tell) -> None:
        """Begin with these tasks; see :class:`Executor`.

        Parameters
        ----------
        tasks, template
            What to run.
        prepare
            Makes the job of a task when its turn comes.
        tell
            Takes what happens to each.
        """

        def make(task: Task) -> Ended:
            job = prepare(task)
            try:
                return self._runner.run(job, template, lambda event: tell(task.value, event["cell"], event["of"]))
            finally:
                jobs.clear(job)

        if len(tasks) == 1:  # it would wait for much to be loaded that only further reports gain by
            self._runner = Runner(warm=False)
        self._pending |= {self._pool.submit(make, task): task for task in tasks}

    def results(self) -> Iterator[tuple[Task, Ended]]:
        """Give how tasks ended; see :class:`Executor`."""
        for future in as_completed(self._pending):
            yield self._pending.pop(future), _ended(future.result)

    def stop(self) -> None:
        """Let go of what runs and begin nothing more."""
        self._pending = {future: task for future, task in self._pending.items() if not future.cancel()}
        self._pool.shutdown(wait=False)
        self._runner.stop()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self.stop()
        self._pool.shutdown()
        self._runner.__exit__(kind, error, at)


def _ended(result: Callable[[], Ended]) -> Ended:
    """Turn whatever went wrong with one report into how it ended."""
    try:
        return result()
    except LondataError as error:
        return Ended("failed", None, error.message, "", error.hint)
    except Exception as error:  # noqa: BLE001 - a report that cannot be made must not stop the others
        return Ended("failed", None, f"{type(error).__name__}: {error}")


def _cores() -> int:
    """Count the cores that this process may use."""
    able: Any = getattr(os, "sched_getaffinity", None)
    return len(able(0)) if able else os.cpu_count() or 1
