"""One worker as a process of its own, for tests: ``python worker_process.py DATABASE STATE NAME ROOM SECONDS [LEASE]``.

The real store, the real queue; instead of a report each run takes some seconds, and leaves a line that it was done.
A file ``NAME-hangs-in-a-round`` or ``NAME-hangs-before-a-run`` in STATE lets it get there and no further; with a
file ``go-on`` no run takes longer.
"""

from __future__ import annotations

import datetime as dt
import sys
import threading
import time
from pathlib import Path

from londata_hub.jobs.heart import Heart
from londata_hub.jobs.queue import Queue, address
from londata_hub.store import RunStore

#: Short, so that a test need not wait for a minute.
BEAT_S, LEASE_S, EVERY = 0.5, "5", "* * * * * *"


def main(database: str, state: str, name: str, room: str, seconds: str, lease: str = LEASE_S) -> None:
    lease_s = float(lease)
    done = Path(state) / "done.txt"
    with RunStore(database, Path(state) / "anchors") as store:
        store.lose(dt.timedelta(0), worker=name)

        def hang(where: str) -> None:
            if (Path(state) / f"{name}-hangs-{where}").exists():
                (Path(state) / f"{name}-is-there").touch()
                threading.Event().wait()

        def due():
            hang("in-a-round")
            store.lose(dt.timedelta(seconds=lease_s))
            store.release()
            return store.waiting()

        def perform(run: str) -> None:
            hang("before-a-run")
            if store.begin(run, name) is None:
                return
            with done.open("a") as lines:
                lines.write(f"{run} begun {name} {time.time()}\n")
            with Heart(store, run, name, beat_s=BEAT_S, lease_s=lease_s) as heart:
                deadline = time.monotonic() + float(seconds)
                while time.monotonic() < deadline and not heart.why_not and not (Path(state) / "go-on").exists():
                    time.sleep(0.05)
                if heart.why_not:
                    return
                if store.finish(run, name, "completed", made=1):
                    with done.open("a") as lines:
                        lines.write(f"{run} done {name} {time.time()}\n")

        queue = Queue(address(database, Path(state)), name, int(room), due, perform, EVERY)
        queue.start()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
