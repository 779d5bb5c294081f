"""A bound on how many processes and threads there may be together, for whoever runs as root.

A user's own limit (``RLIMIT_NPROC``) is seen to by the system, but not where the user is root. There a control group
holds the number: what is in one is refused another process once it is full. A group is made where it is
needed, and taken away by whoever makes the next one after it has become empty.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

#: Where groups that count processes are made: in version 1 of control groups, and in version 2.
PLACES = (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))
#: Processes and threads that one sandbox can have: an app has some for each viewer, a Lab more on a larger machine.
MOST_TASKS = 2000
TASKS_OF_A_LAB = 500 + 64 * (os.cpu_count() or 1)
NO_GROUPS = "The number of processes is watched, not bounded: the user is root, and no control group can be made here."
_NAME = "londata-"
# From when its group is made until it has entered it, a process holds a lock that those who clear away respect. Another
# process holds it here, so that no file of the command's own is touched.
_MAKE = """mkdir "$1" && echo "$2" >"$1/pids.max" && echo "$3" >"$1/cgroup.procs\""""
_ENTER = f"""
group=$1-$$ most=$2
shift 2
PATH=/usr/bin:/bin /usr/bin/flock -s "${{group%/*}}" /bin/sh -c '{_MAKE}' sh "$group" "$most" $$ && exec "$@"
echo "londata: the number of processes could not be bounded, so nothing was started." >&2
exit 71
"""


def bounded(command: Sequence[str], most: int) -> list[str]:
    """Wrap a command, so that it and all that it starts are never more than so many processes and threads.

    Parameters
    ----------
    command
        The command line.
    most
        How many.

    Returns
    -------
    list of str
        The command line as it was where the user is not root, or where no group can be made: see :func:`why_not`.
    """
    place = _place()
    if place is None:
        return list(command)
    _clear(place)
    return ["/bin/sh", "-c", _ENTER, "sh", str(place / _new_name()), str(most), *command]


def enter(most: int) -> str:
    """Let this process, and all that it starts from now on, be never more than so many processes and threads.

    Parameters
    ----------
    most
        How many.

    Returns
    -------
    str
        Empty if it holds now, or where the user is not root; else a sentence that says that it does not, and why.
    """
    place = _place()
    if place is None:
        return why_not()
    _clear(place)
    group = place / _new_name()
    try:
        with _locked(place, fcntl.LOCK_SH):
            group.mkdir()
            (group / "pids.max").write_text(str(most))
            (group / "cgroup.procs").write_text(str(os.getpid()))
    except OSError as error:
        return f"The number of processes is watched, not bounded: no control group could be made ({error})."
    return ""


def why_not() -> str:
    """Say that processes cannot be bounded here; empty where they can, or where the user's own limit does it."""
    return NO_GROUPS if os.getuid() == 0 and _place() is None else ""


def _new_name() -> str:
    return f"{_NAME}{uuid.uuid4().hex[:12]}"


def _clear(place: Path) -> None:
    """Take away the groups that nobody is in any more; the system refuses for the others."""
    with contextlib.suppress(BlockingIOError), _locked(place, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for group in place.glob(f"{_NAME}*"):
            with contextlib.suppress(OSError):
                group.rmdir()


@contextlib.contextmanager
def _locked(place: Path, how: int) -> Iterator[None]:
    folder = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, how)
        yield
    finally:
        os.close(folder)


@cache
def _place() -> Path | None:
    """Find where groups can be made, by making one; ``None`` where the user is not root."""
    if os.getuid() != 0:
        return None
    for place in PLACES:
        group = place / _new_name()
        try:
            with _locked(place, fcntl.LOCK_SH):
                group.mkdir()
                counts = (group / "pids.max").exists()
                group.rmdir()
        except OSError:  # not there, or not to be written
            continue
        if counts:
            return place
    return None
