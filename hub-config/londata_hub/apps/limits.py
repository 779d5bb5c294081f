"""What an app may take of the machine, and the watch that ends one which takes more.

Each kernel sets its own limits before a cell runs (``londata.kernels.limits``), and the system sees to them. What all
processes of an app take together is watched from outside its sandbox, where no code of the app can get at the watch.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from londata.kernels import Limits, processes

#: Seconds between two looks at an app, and between two exact weighings.
LOOK_S, WEIGH_S = 1.0, 10.0
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class AppLimits:
    """What one app may take.

    Parameters
    ----------
    memory_mb
        Memory of all its processes together; what they share counts once.
    processes, threads
        How many processes and threads it may have in all.
    busy_s
        For how long all of it may compute without a pause, on average more than one processor.
    kernel_memory_mb, kernel_cpu_s
        How much more memory one viewer's kernel may take than it was born with, and how long it may compute in all.
    kernel_s
        Seconds after which a viewer's kernel ends whatever it does.
    """

    memory_mb: float = 6000
    processes: int = 200
    threads: int = 1500
    busy_s: float = 1800
    kernel_memory_mb: float = 1500
    kernel_cpu_s: int = 900
    kernel_s: float = 12 * 3600

    def of_a_kernel(self) -> str:
        """Write what a kernel is started with."""
        return Limits(growth_mb=self.kernel_memory_mb, cpu_seconds=self.kernel_cpu_s, output_mb=200).to_text()


class Watch:
    """Looks at the processes of one app.

    Parameters
    ----------
    pid
        The first of them, seen from outside.
    limits
        What they may take.
    """

    def __init__(self, pid: int, limits: AppLimits) -> None:
        self._pid, self._limits = pid, limits
        self._weighed, self._weight, self._computed = float("-inf"), 0.0, 0.0
        self._began = time.monotonic()
        self._resident = 0.0

    async def until_too_much(self) -> str:
        """Look again and again; returns a sentence once it takes too much, nothing when it has ended."""
        looks = {asyncio.create_task(self._repeat(look)) for look in (self.too_many, self.too_heavy)}
        try:
            done, _ = await asyncio.wait(looks, return_when=asyncio.FIRST_COMPLETED)
            return next(filter(None, (each.result() for each in done)), "")
        finally:
            for each in looks:
                each.cancel()

    async def _repeat(self, look: Callable[[list[int]], str]) -> str:
        while Path(f"/proc/{self._pid}").exists():
            if said := await asyncio.to_thread(lambda: look(list(processes.tree(self._pid)))):
                return said
            await asyncio.sleep(LOOK_S)
        return ""

    def too_many(self, pids: list[int]) -> str:
        """Tell whether its processes or threads are too many, or compute for too long; empty if not.

        Parameters
        ----------
        pids
            Its processes.
        """
        limits = self._limits
        if len(pids) > limits.processes:
            return f"it has {len(pids)} processes; {limits.processes} are allowed"
        threads, computed = 0, 0.0
        for pid in pids:
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            computed += (int(fields[11]) + int(fields[12])) / _TICK
            threads += int(fields[17])
        if threads > limits.threads:
            return f"it has {threads} threads; {limits.threads} are allowed"
        return self._busy(computed)

    def too_heavy(self, pids: list[int]) -> str:
        """Tell whether they take too much memory; empty if not.

        The system lets nobody weigh a process that is just forking, so in a crowd this may have to wait for long.

        Parameters
        ----------
        pids
            Its processes.
        """
        most, resident = self._limits.memory_mb, processes.resident_mb(pids)
        if resident > most and self._weigh(pids, resident) > most:
            return f"it takes {self._weight:,.0f} MB of memory; {most:,.0f} are allowed"
        return ""

    def _weigh(self, pids: list[int], resident: float) -> float:
        """Weigh exactly, which is slow: only now and then, or when much has come since."""
        now = time.monotonic()
        if now - self._weighed > WEIGH_S or resident > 1.2 * self._resident:
            self._weight, self._weighed, self._resident = processes.memory_mb(pids), now, resident
        return self._weight

    def _busy(self, computed: float) -> str:
        """Tell whether it has computed without a pause for too long."""
        now = time.monotonic()
        if computed - self._computed < 0.9 * (now - self._began):
            self._computed, self._began = computed, now
        elif now - self._began > self._limits.busy_s:
            return f"it has computed for {self._limits.busy_s:g} seconds without a pause"
        return ""
