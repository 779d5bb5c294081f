"""Running the reports of a batch on a Dask cluster that is there already.

The template travels with each task and the finished report comes back as bytes, so the workers need londata and the
data's address, and no folder in common. Whatever a worker reads, it reads with its own rights: no token is sent.
"""

from __future__ import annotations

import io
import logging
import threading
import time
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from londata import __version__
from londata.errors import LondataError, MissingExtraError, ReportError, SettingsError
from londata.reports import job as jobs
from londata.reports import on_worker
from londata.reports.executors import ExecutorGoneError, Prepare, Task, Tell
from londata.reports.job import Job
from londata.reports.running import Ended
from londata.reports.templates import DEFINITION, NOTEBOOK, Template

#: Seconds to wait for a scheduler, for an answer of its workers, and for a worker to come (back) while there is none.
CONNECT_S, ANSWER_S, NO_WORKER_S = 10.0, 60.0, 30.0
_LOOK_S = 1.0


class Cluster:
    """Runs reports on the workers of a Dask scheduler.

    Parameters
    ----------
    address
        ``host:port`` of the scheduler.
    most
        How many reports run at once; as many as the cluster has threads where not given.

    Raises
    ------
    MissingExtraError
        Dask is not installed.
    """

    def __init__(self, address: str, most: int | None = None) -> None:
        _distributed()
        self._address, self._most = address, most
        self._batch = uuid.uuid4().hex
        self._client: Any = None
        self._connection = ExitStack()
        self._waiting: list[Task] = []
        self._under_way: dict[Any, tuple[Task, Job]] = {}
        self._handed_out: list[tuple[Task, Ended]] = []
        self._landed = threading.Event()
        self._since_worker = time.monotonic()

    @property
    def words(self) -> str:
        """Where it runs, in words."""
        return f"the Dask cluster at {self._address}"

    def __enter__(self) -> Self:
        with ExitStack() as connection:
            self._client = connection.enter_context(connected(self._address))
            self._check_workers()
            self._connection = connection.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(Exception):  # without a scheduler there is nothing to end
            self._check_scheduler()
            self._on_workers(on_worker.end, self._batch)
        for _, job in self._under_way.values():
            jobs.clear(job)
        self._connection.close()

    def start(self, tasks: Sequence[Task], template: Template, prepare: Prepare, tell: Tell) -> None:
        """Begin with these tasks; see :class:`~londata.reports.executors.Executor`.

        Parameters
        ----------
        tasks, template
            What to run.
        prepare
            Makes the job of a task when its turn comes.
        tell
            Takes what happens to each.
        """
        files = {name: (template.folder / name).read_bytes() for name in (NOTEBOOK, DEFINITION)}
        self._template, self._files, self._prepare = template, files, prepare
        self._waiting = list(tasks)

        def heard(event: tuple[float, dict[str, Any]]) -> None:
            tell(event[1]["value"], event[1]["cell"], event[1]["of"])

        self._client.subscribe_topic(self._batch, heard)

    def results(self) -> Iterator[tuple[Task, Ended]]:
        """Give how tasks ended; see :class:`~londata.reports.executors.Executor`."""
        while True:
            self._check_scheduler()
            self._submit()
            if self._handed_out:
                yield self._handed_out.pop(0)
                continue
            if not self._under_way:
                return
            for future in [each for each in list(self._under_way) if each.done()]:
                self._handed_out.append(self._take(future))
            if not self._handed_out:
                self._wait()

    def stop(self) -> None:
        """Let go of what runs and begin nothing more."""
        self._waiting.clear()
        with suppress(Exception):  # without a scheduler nothing comes back, which is noticed
            self._check_scheduler()
            self._on_workers(on_worker.stop, self._batch)

    def _submit(self) -> None:
        """Hand out as much as can run at once; the rest waits here, so that it learns which versions were read."""
        while self._waiting and len(self._under_way) < self._room():
            task = self._waiting.pop(0)
            try:
                job = self._prepare(task)
            except LondataError as error:
                self._handed_out.append((task, Ended("failed", None, error.message, "", error.hint)))
                continue
            future = self._client.submit(
                on_worker.make, self._batch, task.value, job.to_line(), self._files, self._template.name, pure=False
            )
            self._under_way[future] = task, job
            future.add_done_callback(lambda _: self._landed.set())

    def _room(self) -> int:
        threads = sum(each["nthreads"] for each in self._workers().values())
        return min(self._most or threads, threads) or 1

    def _workers(self) -> dict[str, Any]:
        try:
            return dict(self._client.scheduler_info(n_workers=-1)["workers"])
        except (OSError, RuntimeError) as error:  # the connection broke, or was closed because it had
            raise self._gone() from error

    def _check_scheduler(self) -> None:
        """See that the scheduler is there: once the connection to it broke, nothing that it had comes back."""
        if self._client.status != "running":
            raise self._gone()

    def _gone(self) -> ExecutorGoneError:
        return ExecutorGoneError(f"The scheduler of the Dask cluster at {self._address} is gone")

    def _wait(self) -> None:
        """Wait a moment for a result; where no worker is left, say so rather than wait for ever."""
        self._landed.wait(_LOOK_S)
        self._landed.clear()
        self._check_scheduler()
        if self._workers():
            self._since_worker = time.monotonic()
        elif time.monotonic() - self._since_worker > NO_WORKER_S:
            for future in list(self._under_way):
                task, job = self._under_way.pop(future)
                jobs.clear(job)
                self._handed_out.append((task, Ended("failed", None, "the Dask cluster lost all of its workers")))

    def _take(self, future: Any) -> tuple[Task, Ended]:
        """Bring a report back and put it in its place."""
        task, job = self._under_way.pop(future)
        try:
            said, content = future.result()
            return task, _placed(job, said, content)
        except LondataError as error:
            return task, Ended("failed", None, error.message, "", error.hint)
        except _distributed().KilledWorker as error:
            return task, Ended("failed", None, f"its worker died, and so did those that it was given to then: {error}")
        except CancelledError as error:  # nobody cancels one here: all are, when the connection breaks
            raise self._gone() from error
        except Exception as error:  # noqa: BLE001 - whatever a cluster does to one report must not stop the others
            return task, Ended("failed", None, f"the Dask cluster lost it ({type(error).__name__}: {error})")
        finally:
            jobs.clear(job)
            future.release()

    def _on_workers(self, call: Any, *arguments: Any) -> dict[str, Any]:
        return dict(self._client.run(call, *arguments))

    def _check_workers(self) -> None:
        """See that every worker runs the same code on the same register, before anything begins."""
        if not self._workers():
            raise ReportError(
                f"The Dask cluster at {self._address} has no workers.",
                hint=f"Start some: dask worker tcp://{self._address}",
            )
        try:
            there = self._on_workers(on_worker.about)
        except Exception as error:  # what cannot be imported or unpickled there comes back as whatever it is
            raise ReportError(
                f"The workers of the cluster at {self._address} cannot run reports: {type(error).__name__}: {error}.",
                hint=f"Install londata {__version__} with its reports in the environment of the workers.",
            ) from error
        here = on_worker.about()
        for worker, known in there.items():
            if different := [name for name in here if known.get(name) != here[name]]:
                name = different[0]
                raise ReportError(
                    f"The Dask worker {worker} has {name} {known.get(name) or 'not set'}; here it is "
                    f"{here[name] or 'not set'}. Its reports would not be the same.",
                    hint="Make both the same, then run the batch again.",
                )


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to the scheduler at ``host:port``, and to no other: nothing else in this process uses it by itself.

    Raises
    ------
    SettingsError
        Nobody answers there.
    """
    try:
        client = _distributed().Client(f"tcp://{address}", timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:  # a timeout is an OSError, too
        raise SettingsError(
            f"No Dask scheduler answers at {address}.",
            hint="Look whether it runs, and whether this machine can reach that host and port.",
        ) from error
    with _silent():
        try:
            yield client
        finally:
            client.close()


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the client's own log quiet meanwhile: it shows tracebacks of what is told here in a sentence."""
    log = logging.getLogger("distributed.client")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise MissingExtraError(
            "A Dask cluster needs distributed, which is not installed.",
            hint='Install it with: pip install "londata[dask]"',
        ) from error
    return distributed


def _placed(job: Job, said: dict[str, Any], content: bytes) -> Ended:
    """Unpack what came back of a run, and publish it here."""
    if not content:
        return Ended(said["status"], None, said["problem"], said["where"], said["hint"], said["seconds"])
    with jobs.writing_to(Path(job.out)), zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(job.report)  # names that lead out of the folder are turned inwards
    placed = jobs.publish(job, said["status"])
    hint = "" if said["status"] == "completed" else f"What ran is kept in {jobs.short(placed / jobs.NOTEBOOK)}."
    return Ended(said["status"], placed, said["problem"], said["where"], hint, said["seconds"])
