"""What a kernel may do: write only where it was told, and not take the whole machine.

The rules are set in the kernel's own process before any code of a notebook runs; they hold for all that it starts, and
cannot be taken back. Writing is confined by Landlock, which needs Linux 5.13 and no rights; elsewhere a kernel
says so and goes on.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import struct
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from londata.kernels import crowds

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
_NO_NEW_PRIVILEGES = 38
# Rights of Landlock, by their bit; reading and executing are not among them, so they stay free.
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_REMOVE_DIR, _REMOVE_FILE, _REFER = 1 << 4, 1 << 5, 1 << 13
_MAKE = sum(1 << bit for bit in range(6, 13))
_SCOPE_SIGNALS = 1 << 1
#: Threads count as processes do: so many for each processor of the machine, and as many again as there are processes.
_THREADS = 32
#: The type of the one message by which a kernel says that output was dropped.
TOO_MUCH = "londata_too_much_output"
NO_LANDLOCK = "Notebooks are not kept from writing outside their folder: this system has no Landlock."
#: Devices that take what is written to them and keep nothing.
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/shm", "/dev/pts")  # noqa: S108 - allowed, not used


@dataclass(frozen=True)
class Limits:
    """What one kernel may do; nothing is limited where a field is empty.

    ``writable`` are the folders and files that it may write to. ``memory_mb`` and ``output_mb`` say how much
    memory it may take and how much its cells may put out, ``processes`` how many it may start. ``growth_mb`` is how
    much more memory each of its processes may take than it has when it is born, and ``cpu_seconds`` how long each may
    compute; the system itself sees to both.
    """

    writable: tuple[str, ...] = ()
    memory_mb: float = 0
    output_mb: float = 0
    processes: int = 0
    growth_mb: float = 0
    cpu_seconds: int = 0

    def to_text(self) -> str:
        """Write them as one line, with no brace but the two outer ones: jupyter_client fills in what is in braces."""
        text = json.dumps(asdict(self))
        return text[0] + text[1:].replace("{", "\\u007b")

    @classmethod
    def from_text(cls, text: str) -> Limits:
        """Read them back."""
        values = json.loads(text)
        return cls(**values | {"writable": tuple(values["writable"])})

    def apply(self) -> str:
        """Set them for this process; returns sentences about those that cannot be had here."""
        if self.memory_mb:
            _limit_memory(self.memory_mb)
        if self.growth_mb:
            _limit_growth(self.growth_mb)
        if self.cpu_seconds:
            _limit_cpu(self.cpu_seconds)
        said = [_limit_processes(self.processes) if self.processes else ""]
        said += [confine(self.writable) if self.writable else ""]  # the last: nothing leaves its group after that
        return " ".join(filter(None, said))


def confine(writable: Iterable[str]) -> str:
    """Let this process, and all that it starts, write nowhere but below these folders and to these files.

    Must be called before there are threads.

    Parameters
    ----------
    writable
        Folders and files; one that is not there is left out.

    Returns
    -------
    str
        Empty if it holds now, else a sentence that says why it does not.
    """
    version = landlock_version()
    if not version:
        return NO_LANDLOCK
    in_file = _WRITE_FILE | (_TRUNCATE if version >= 3 else 0)
    everything = in_file | _REMOVE_DIR | _REMOVE_FILE | _MAKE | (_REFER if version >= 2 else 0)
    scoped = _SCOPE_SIGNALS if version >= 6 else 0
    ruleset = _call(_CREATE_RULESET, struct.pack("QQQ", everything, 0, scoped)[: 24 if version >= 6 else 8], 0)
    try:
        for path in map(Path, dict.fromkeys([*writable, *_DEVICES])):
            if path.exists():
                _allow(ruleset, path, everything if path.is_dir() else in_file)
        if ctypes.CDLL(None, use_errno=True).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no_new_privs")
        _syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return ""


def landlock_version() -> int:
    """Tell which Landlock this system has: 0 for none."""
    if sys.platform != "linux":
        return 0
    try:
        return _syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):  # too old, not switched on, or forbidden here
            return 0
        raise


def _allow(ruleset: int, path: Path, rights: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, handle), 0)
    finally:
        os.close(handle)


def _call(number: int, attributes: bytes, flags: int) -> int:
    return _syscall(number, attributes, ctypes.c_size_t(len(attributes)), flags)


def _syscall(number: int, *arguments: object) -> int:
    result = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def _limit_processes(most: int) -> str:
    """Let the user have so many processes and threads more than there are now; all of a user's count together."""
    import resource

    user, now = os.getuid(), 0
    room = 2 * most + _THREADS * (os.cpu_count() or 1)
    if not user:
        return crowds.enter(room)
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == user:
                now += sum(1 for _ in (entry / "task").iterdir())
        except OSError:  # it has ended
            continue
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    wanted = now + room
    wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (wanted, wanted))
    return ""


def _limit_memory(most_mb: float) -> None:
    """Refuse a single piece of memory that is far too large at once; the sum is watched from outside."""
    import resource

    # What libraries set aside and do not use counts here, so the bound is wide of the limit.
    spare = 4_000_000_000
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = int(most_mb * 1_000_000) + spare
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)))


def _limit_growth(most_mb: float) -> None:
    """Refuse memory beyond what there is now and so much more."""
    import resource

    now = 0
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            now = int(line.split()[1]) * 1024
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = now + int(most_mb * 1_000_000)
    wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, wanted))


def _limit_cpu(seconds: int) -> None:
    """End this process when it has computed for so long; a forked one begins at nothing."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = seconds if hard == resource.RLIM_INFINITY else min(seconds, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (wanted, wanted))
