"""Processes and what they started: whom to kill, what they weigh, and how they end with those who started them.

Everything here reads ``/proc`` and asks the system directly; where that cannot be, a function does nothing, or says 0.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_SET_CHILD_SUBREAPER = 36
_ROUNDS = 100


def adopt_orphans() -> bool:
    """Let processes whose parent ends come to this one, when it started them; says whether the system can."""
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def children(pid: int) -> list[int]:
    """List the children of a process."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (thread / "children").read_text().split())
    return found


def tree(pid: int) -> Iterator[int]:
    """List a process and everything that it started and that has not run away, the process first."""
    seen, coming = set(), [pid]
    while coming:
        if (one := coming.pop()) not in seen:
            seen.add(one)
            yield one
            coming += children(one)


def kill_tree(pid: int) -> None:
    """Kill a process and everything that it started.

    All are stopped first, so that one that starts others all the time cannot run away from it.
    """
    stopped: set[int] = set()
    for _ in range(_ROUNDS):
        if not (fresh := set(tree(pid)) - stopped):
            break
        for one in fresh:
            _signal(one, signal.SIGSTOP)
        stopped |= fresh
    with contextlib.suppress(OSError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
    for one in stopped:
        _signal(one, signal.SIGKILL)


def show_as(command: Sequence[str]) -> None:
    """Show another command line for this process, as far as there is room: a forked one shows that of its zygote."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[45]), int(fields[46])
    except (OSError, IndexError, ValueError):
        return
    if 0 < start < end:
        text = b"\0".join(os.fsencode(word) for word in command)[: end - start - 1]
        ctypes.memmove(start, text.ljust(end - start, b"\0"), end - start)


def die_with(lifeline: int) -> None:
    """Have the system kill this process group when the other end of a pipe closes.

    No thread watches for it, so it works whatever the process does, and if whoever started it is killed.
    """
    import fcntl

    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    waiting = select.poll()
    waiting.register(lifeline, 0)
    if waiting.poll(0):  # it had closed before
        os.killpg(0, signal.SIGKILL)


def memory_mb(pids: list[int]) -> float:
    """Weigh processes: what they hold in memory, with what they share divided among those who share it."""
    return sum(_from_rollup(pid, "Pss:") for pid in pids) / 1000


def resident_mb(pids: list[int]) -> float:
    """Weigh processes quickly, counting what they share once for each: never less than :func:`memory_mb`."""
    pages = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _from_rollup(pid: int, field: str) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1.024
    return 0.0


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)
