"""What a forked process inherits, and what of it must not be shared: threads, processes, open files and connections."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import sys
import threading
from pathlib import Path

from londata.kernels import processes

#: File, and what it is.
Files = dict[int, str]
CONNECTION, READ_ONLY = "a connection", "a file that is read"


def open_files() -> Files:
    """List this process's open files: a connection, a file that is read, or the name of something else."""
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one with which the folder was read
            number = int(entry.name)
            mode, access = os.fstat(number).st_mode, fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE
            reads = stat.S_ISREG(mode) and access == os.O_RDONLY
            found[number] = CONNECTION if stat.S_ISSOCK(mode) else READ_ONLY if reads else str(entry.readlink())
    return found


def why_alone(before: Files) -> str:
    """Tell why this process, as it is now, cannot be forked for several viewers; empty if it can.

    A connection that was made since reads as closed from now on, so that whoever uses it makes a new one: two forks
    must not speak on the same.

    Parameters
    ----------
    before
        The open files that it had before, which do not count.
    """
    if len(threading.enumerate()) > 1 or _threads() > 1 + _of_arrow():
        return "it leaves threads running"
    if processes.children(os.getpid()):
        return "it leaves processes running"
    if _shares_memory():
        return "it leaves memory that all its forks would write to"
    since = {number: what for number, what in open_files().items() if number not in before}
    if others := sorted({what for what in since.values() if what not in (CONNECTION, READ_ONLY)}):
        return f"it leaves open: {', '.join(others)}"
    for number, what in since.items():
        if what == CONNECTION:
            _close_underneath(number)
    return ""


def read_for_itself() -> None:
    """After a fork: have a place of its own in each file that is read, where the place was shared until now."""
    for number, what in open_files().items():
        if what == READ_ONLY:
            with contextlib.suppress(OSError):
                place, own = os.lseek(number, 0, os.SEEK_CUR), os.open(f"/proc/self/fd/{number}", os.O_RDONLY)
                os.lseek(own, place, os.SEEK_SET)
                os.dup2(own, number, inheritable=False)
                os.close(own)


def _close_underneath(number: int) -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    os.dup2(theirs.fileno(), number, inheritable=False)
    theirs.close()


def _shares_memory() -> bool:
    """Tell whether there is memory that stays one after a fork: what one viewer writes there, another reads."""
    with Path("/proc/self/maps").open(encoding="utf-8", errors="replace") as mapped:
        rights = (line.split(maxsplit=2)[1] for line in mapped)
        return any(right.endswith("s") and "w" in right for right in rights)


def _threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _of_arrow() -> int:
    """How many threads pyarrow may have. It stops them before a fork and starts them again in both processes."""
    arrow = sys.modules.get("pyarrow")
    return int(arrow.cpu_count() + arrow.io_thread_count()) if arrow is not None else 0
