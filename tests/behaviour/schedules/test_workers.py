"""Workers as processes: on SQLite one, on one PostgreSQL two, killed at any moment, and nothing done twice or lost."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from londata_hub import audit
from londata_hub.store import RunStore, tables
from postgres_server import _as_user, _programs
from running_hub import wait_for
from scheduled import a_schedule, in_half_a_year

SCRIPT = Path(__file__).with_name("worker_process.py")
Starts = Callable[..., subprocess.Popen]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starts]:
    """Start a worker; all are killed at the end, by their numbers."""
    started = []

    def one(address: str, name: str, seconds: float = 0.2, lease: float = 5) -> subprocess.Popen:
        words = [sys.executable, SCRIPT, address, tmp_path, name, "4", str(seconds), str(lease)]
        with (tmp_path / f"{name}.log").open("ab") as log:
            started.append(subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        return started[-1]

    yield one
    for process in started:
        process.kill()
        process.wait()


def now_store(address: str, tmp_path: Path) -> RunStore:
    return RunStore(address, tmp_path / "anchors")


def come_round(store: RunStore, count: int, minutes_ago: int = 0, **fields: object) -> None:
    """Record schedules that come round at this very moment, or came some minutes ago."""
    created = dt.datetime.now(dt.UTC)
    for number in range(count):
        store.add(a_schedule(in_half_a_year(), id=f"s-{number}", created_at=created, backoff_s=1, **fields))
    with store._database.writing() as connection:
        moment = created.replace(second=0, microsecond=0) - dt.timedelta(minutes=minutes_ago)
        connection.execute(update(tables.schedules).values(next_run=audit.written(moment)))


def states(store: RunStore) -> list[str]:
    return sorted(run.state for each in store.all() for run in store.runs(each.id))


def lines(folder: Path, what: str) -> list[str]:
    path = folder / "done.txt"
    written = path.read_text().splitlines() if path.exists() else []
    return [words[0] for words in map(str.split, written) if words[1] == what]


class Server:
    """A PostgreSQL that keeps what it was told, also when it is killed."""

    def __init__(self) -> None:
        programs = _programs()
        if programs is None:
            pytest.skip("PostgreSQL is not installed")
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._data = self._folder / "data"
        self._data.mkdir()
        if self._user:
            for path in (self._folder, self._data):
                os.chown(path, pwd.getpwnam(self._user).pw_uid, -1)
        self._programs = programs
        self._do("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.address = f"postgresql://postgres@/postgres?host={self._folder}"

    def start(self) -> None:
        """Start it; what a killed one has left must have ended first, which takes as long as it takes."""
        options = f"-c listen_addresses= -k {self._folder}"

        def started() -> bool:
            with contextlib.suppress(subprocess.CalledProcessError):
                self._do("pg_ctl", "-w", "-l", self._folder / "log", "-o", options, "start")
                return True
            return False

        wait_for(started, 60, "the server")

    def kill(self) -> None:
        """Kill the server and all that it started, at once."""
        pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)  # its children notice that it is gone, and end
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), 60, "the end of the server")

    def gone(self) -> None:
        with contextlib.suppress(OSError, AssertionError):
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _do(self, program: str, *words: object) -> None:
        command = [*_as_user(self._user), self._programs / program, "-D", self._data, *words]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command, check=True, cwd="/", stdin=subprocess.DEVNULL, **quiet)


def test_every_occurrence_is_done_once_whoever_takes_it(address: str, tmp_path: Path, start: Starts) -> None:
    workers = ("one", "two") if address.startswith("postgres") else ("one",)
    with now_store(address, tmp_path) as store:
        come_round(store, 12)
        for name in workers:
            start(address, name, seconds=600, lease=60)  # nobody dies, however late a beat is
        full = 4 * len(workers)
        wait_for(lambda: states(store).count("running") == full, 90, "workers that have all they have room for")
        took = {run.worker for each in store.all() for run in store.runs(each.id) if run.state == "running"}
        assert took == set(workers), "each took a part of the work"
        (tmp_path / "go-on").touch()
        wait_for(lambda: states(store) == ["completed"] * 12, 90, "the end of all runs")
        time.sleep(1)
        assert sorted(lines(tmp_path, "begun")) == sorted(set(lines(tmp_path, "done")))
        assert len(lines(tmp_path, "done")) == 12


def test_what_a_killed_worker_had_in_hand_is_done_by_another(address: str, tmp_path: Path, start: Starts) -> None:
    with now_store(address, tmp_path) as store:
        come_round(store, 3, retries=0)
        first = start(address, "one", seconds=60)
        wait_for(lambda: states(store).count("running") == 3, 60, "three runs under way")
        os.kill(first.pid, signal.SIGKILL)
        # the same name takes over at once; another one when the lease is over
        start(address, "one" if address.startswith("sqlite") else "two")
        wait_for(lambda: states(store) == ["completed"] * 3 + ["lost"] * 3, 60, "the end of the second attempts")
        assert len(lines(tmp_path, "done")) == 3


def test_workers_that_die_with_work_that_they_only_took_hold_nobody_up(
    address: str, tmp_path: Path, start: Starts
) -> None:
    """Each has another name: nobody comes back for what the one before had in hand. The second gets past its round."""
    with now_store(address, tmp_path) as store:
        come_round(store, 2, minutes_ago=2)
        for name, where in (("one", "in-a-round"), ("two", "before-a-run")):
            (tmp_path / f"{name}-hangs-{where}").touch()
            dying = start(address, name)
            wait_for((tmp_path / f"{name}-is-there").exists, 60, f"a worker {where}")
            os.kill(dying.pid, signal.SIGKILL)
        start(address, "three")
        wait_for(lambda: states(store) == ["completed"] * 2, 60, "the end of all runs")
        assert len(lines(tmp_path, "done")) == 2


@pytest.mark.postgres
def test_a_database_that_is_killed_loses_nothing(tmp_path: Path, start: Starts) -> None:
    server = Server()
    server.start()
    try:
        with now_store(server.address, tmp_path) as store:
            come_round(store, 4)
            start(server.address, "one", seconds=3)
            wait_for(lambda: states(store).count("running") >= 2, 60, "runs under way")
        server.kill()
        time.sleep(2)
        server.start()
        with now_store(server.address, tmp_path) as store:
            wait_for(lambda: states(store).count("completed") == 4, 120, "the end of all runs")
            done = [run for each in store.all() for run in store.runs(each.id) if run.state == "completed"]
            assert len({run.schedule for run in done}) == 4
            assert set(states(store)) <= {"completed", "lost"}
    finally:
        server.gone()
