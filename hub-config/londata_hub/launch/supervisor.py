"""Runs one program and makes sure that nothing of it is left at the end."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO

from londata_hub.spawner.processes import children

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
#: What people and machines stop a program with.
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: Seconds that the program gets to stop, and then that what it left behind gets.
STOP_WITHIN, LEAVE_WITHIN = 40, 3


class Supervisor:
    """Runs a program as long as the ``with`` block lasts.

    The program gets a session of its own, so that Ctrl-C reaches this process only, which passes it on once. It is
    told to stop when this process dies. This process adopts what the program leaves behind, and kills it.

    Parameters
    ----------
    command, environ, cwd
        What to run.
    output
        File for what it says.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], output: IO[bytes], *, cwd: Path) -> None:
        self.command, self.environ, self.output, self.cwd = command, environ, output, cwd
        self.told_to_stop = False

    def __enter__(self) -> Supervisor:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._before = {number: signal.signal(number, self._stop) for number in STOPPING}
        self.process = subprocess.Popen(
            self.command,
            env=dict(self.environ),
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGTERM),
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self._wait_at_most(STOP_WITHIN)
        clear_away_children()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is ready; give up when the program ends or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None and not self.told_to_stop:
            if ready():
                return True
            time.sleep(0.1)
        return False

    def wait(self, on_stop: Callable[[], None]) -> int:
        """Wait until the program ends, by itself or because this process is told to stop; return its exit code.

        ``on_stop`` is called once when it is told to stop: that may take as long as the program's own children need.
        """
        while self.process.poll() is None and not self.told_to_stop:
            self._bury_adopted()
            time.sleep(0.5)
        if self.told_to_stop:
            on_stop()
        self._wait_at_most(STOP_WITHIN)
        return self.process.returncode

    def _bury_adopted(self) -> None:
        """Wait for adopted children that have ended, so that they do not stay as zombies."""
        for child in children(os.getpid()):
            if child != self.process.pid:
                with suppress(ChildProcessError):
                    os.waitpid(child, os.WNOHANG)

    def _wait_at_most(self, seconds: float) -> None:
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Pass the first signal on; a second one means: now."""
        if self.process.poll() is None:
            (self.process.kill if self.told_to_stop else self.process.terminate)()
        self.told_to_stop = True


def clear_away_children() -> None:
    """End every child of this process, and the children that it inherits while doing so."""
    deadline = time.monotonic() + LEAVE_WITHIN
    while left := children(os.getpid()):
        force = signal.SIGKILL if time.monotonic() > deadline else signal.SIGTERM
        for child in left:
            with suppress(ProcessLookupError):
                os.kill(child, force)
            with suppress(ChildProcessError):
                os.waitpid(child, os.WNOHANG)
        time.sleep(0.05)
