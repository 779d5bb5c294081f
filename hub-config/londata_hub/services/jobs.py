"""The worker that makes scheduled reports, as the hub starts it: ``python -m londata_hub.services.jobs``.

It has no address: nobody can ask it for anything. It reads what is to be done from the register's database.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from londata.errors import HubError
from londata.records import slugify
from londata_hub import sandbox, settings
from londata_hub.jobs.people import People
from londata_hub.jobs.queue import Queue, address
from londata_hub.jobs.sandboxed import Limits
from londata_hub.jobs.worker import Worker
from londata_hub.store import RunStore

log = logging.getLogger(__name__)

#: Seconds that runs which were told to end get to be written down as such.
PATIENCE_S = 20


def serve(environ: Mapping[str, str], *, name: str = "", room: int = 0, stopped: threading.Event | None = None) -> None:
    """Work until told to stop.

    Parameters
    ----------
    environ
        Has the hub's settings, ``JUPYTERHUB_API_URL`` and ``JUPYTERHUB_API_TOKEN``.
    name
        The worker's name; the machine's when not given.
    room
        Reports that are made at the same time; as the settings say when not given.
    stopped
        Set when it is to stop; signals of the process when not given.

    Raises
    ------
    HubError
        A worker of this name works already.
    """
    hub = settings.load(environ)
    name, why_not = slugify(name or socket.gethostname()), sandbox.why_not()
    if why_not:
        log.warning("Reports are NOT kept apart, because %s: they read open data only.", why_not)
    room = room or hub.reports_at_once or max(1, (os.cpu_count() or 2) // 2)
    limits = Limits(seconds=hub.longest_run, memory=_bytes(hub.lab_memory))
    people = People(environ["JUPYTERHUB_API_URL"], environ["JUPYTERHUB_API_TOKEN"])
    with _alone(hub, name), RunStore(hub.database, hub.anchors, isolated=not why_not) as store:
        worker = Worker(store, people, hub, name, isolated=not why_not, limits=limits)
        worker.take_over()
        queue = Queue(address(hub.database, hub.state), name, room, worker.due, worker.perform)
        queue.start()
        log.info("The worker %s makes up to %d reports at a time.", name, room)
        try:
            (stopped or _told()).wait()
        finally:
            worker.stopping.set()
            queue.stop(PATIENCE_S)
            people.close()


@contextmanager
def _alone(hub: settings.HubSettings, name: str) -> Iterator[None]:
    """Make sure that no other worker of this name works on this state."""
    hub.state.mkdir(parents=True, exist_ok=True)
    with (hub.state / f"worker-{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise HubError(
                f"A worker called {name} works on {hub.state} already.", hint="Give this one another name with --name."
            ) from error
        yield


def _told() -> threading.Event:
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    return told


def _bytes(text: str) -> int:
    """Read ``8G`` as JupyterHub does."""
    units = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    return int(float(number) * unit)


def main() -> None:
    """Run the service as the hub starts it."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    serve(os.environ)


if __name__ == "__main__":
    main()
