"""What ends a run before its time: the caller lets go, or a limit of the template is reached."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import IO, Any

from londata.kernels import processes
from londata.kernels.limits import TOO_MUCH
from londata.reports.evidence import CellFailure
from londata.reports.job import Status
from londata.reports.templates import Template

_GRACE_S = 4.0
_LOOK_S = 0.2
#: More processes than any report starts; a cell that starts others without end is stopped here.
MOST_PROCESSES = 200


class Lifeline:
    """Stops the run when the caller lets go, or when one of the template's limits is reached.

    A stop interrupts the kernel, as Ctrl-C would; a kernel that takes no notice is killed, and at last this process.

    Parameters
    ----------
    pipe
        Reads as closed when the caller has let go.
    template
        Whose limits hold.
    """

    def __init__(self, pipe: IO[str], template: Template) -> None:
        self.reason = ""
        #: How a run ends that this has stopped: only a person stops one; a limit makes it fail.
        self.status: Status = "failed"
        self.kernel: Any = None
        self._pipe, self._template = pipe, template
        self._begun = float("inf")
        self._one = threading.Lock()
        self._family: list[int] = []
        for what in (self._watch_caller, self._watch_kernel, self._watch_memory):
            threading.Thread(target=what, daemon=True).start()

    def reach_cell(self) -> None:
        """Start the clock at the first cell; end a run that was stopped before its kernel could hear it."""
        if self.reason:
            raise CellFailure(self.reason, "")
        self._begun = min(self._begun, time.monotonic())

    def see(self, message: str) -> None:
        """Look at the type of a message of the kernel."""
        if message == TOO_MUCH and not self.reason:
            most = f"its cells put out more than {self._template.max_output_mb:,g} MB"
            threading.Thread(target=self.stop, args=[most], daemon=True).start()

    def stop(self, reason: str, *, at_once: bool = False, by_caller: bool = False) -> None:
        """Stop the run; the first reason counts.

        Parameters
        ----------
        reason
            Why, for people.
        at_once
            Do not ask the kernel first.
        by_caller
            Whether somebody wants it stopped; else it has failed.
        """
        with self._one:
            if self.reason:
                return
            self.reason = reason
            self.status = "stopped" if by_caller else "failed"
        if not at_once:
            self._interrupt()
            time.sleep(_GRACE_S)
        if pid := self._pid:
            processes.kill_tree(pid)
        time.sleep(2 * _GRACE_S)
        if self.kernel is not None:  # else the run has noticed, and keeps what there is
            os._exit(1)

    def _watch_caller(self) -> None:
        self._pipe.read()
        self.stop("it was stopped", by_caller=True)

    def _watch_kernel(self) -> None:
        """Count what the kernel started, and look at the clock."""
        most_s = self._template.max_run_s
        while not self.reason:
            time.sleep(_LOOK_S)
            if time.monotonic() - self._begun > most_s:
                self.stop(f"it took longer than {most_s:g} seconds")
            elif pid := self._pid:
                self._family = list({*processes.tree(pid), *processes.tree(os.getpid())} - {os.getpid()})
                if len(self._family) > MOST_PROCESSES:
                    self.stop(f"it started more than {MOST_PROCESSES} processes", at_once=True)

    def _watch_memory(self) -> None:
        """Weigh them. The system lets nobody weigh a process that is just forking: this may have to wait for long."""
        most_mb = self._template.max_memory_mb
        while not self.reason:
            time.sleep(_LOOK_S)
            pids = self._family
            if processes.resident_mb(pids) > most_mb and processes.memory_mb(pids) > most_mb:
                self.stop(f"it needed more than {most_mb:,g} MB of memory", at_once=True)

    @property
    def _pid(self) -> int | None:
        return getattr(self.kernel, "pid", None)

    def _interrupt(self) -> None:
        if pid := self._pid:
            with contextlib.suppress(OSError):  # it has ended
                getattr(os, "killpg", os.kill)(pid, signal.SIGINT)
