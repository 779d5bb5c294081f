"""The sandbox: one command line for ``bwrap``, and the trial that tells whether it works here.

What is not named here does not exist inside: no other user's home, no socket but the doors, no process but one's
own, no network at all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from londata.kernels import crowds

#: Where things are inside every sandbox.
HOMES = Path("/home")
DOORS = Path("/run/londata")
RUNTIME = Path("/run/lab")

#: The few files of /etc that programs need: libraries, fonts, time, certificates.
ETC = (
    "alternatives",
    "chromium.d",
    "fonts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "ssl/certs",
    "timezone",
)
#: Number of the user and group inside; outside it is whoever runs the hub.
INSIDE = 1000
NAMESPACES = (
    "--unshare-user",
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-net",
    "--unshare-cgroup-try",
    "--disable-userns",
)


@dataclass(frozen=True)
class Sandbox:
    """What one user's sandbox holds.

    Parameters
    ----------
    user
        Name of the home folder inside; plain letters, digits and hyphens.
    home
        The user's home folder outside, the one thing that can be written.
    doors
        The folder of sockets outside that may be knocked at.
    accounts
        Folder with the ``passwd`` and ``group`` to show inside.
    read_only
        Folders that are seen inside at the same place as outside.
    tasks
        How many processes and threads it can have.
    """

    user: str
    home: Path
    doors: Path
    accounts: Path
    read_only: tuple[Path, ...]
    tasks: int = crowds.MOST_TASKS

    def command_line(self, command: Sequence[str]) -> list[str]:
        """Wrap a command: what bounds the number of processes, ``bwrap`` with every argument, then the command."""
        home = str(HOMES / self.user)
        walls = [
            *_walls(),
            *_system(),
            *("--tmpfs", "/run"),
            *("--dir", str(RUNTIME)),
            *(word for path in self.read_only for word in ("--ro-bind", str(path), str(path))),
            *(
                word
                for name in ("passwd", "group")
                for word in ("--ro-bind", str(self.accounts / name), f"/etc/{name}")
            ),
            *("--ro-bind", str(self.doors), str(DOORS)),
            *("--bind", str(self.home), home),
            *("--remount-ro", "/"),
            *("--chdir", home),
            "--",
        ]
        return crowds.bounded([*walls, *command], self.tasks)


def _walls() -> list[str]:
    return [
        shutil.which("bwrap") or "bwrap",
        *NAMESPACES,
        *("--uid", str(INSIDE), "--gid", str(INSIDE)),
        *("--hostname", "londata"),
        "--die-with-parent",
        "--new-session",
        *("--cap-drop", "ALL"),
    ]


def _system() -> list[str]:
    """The read-only system: programs, libraries, a little of /etc; own /proc, /dev and /tmp."""
    words = ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108
    for folder in ("bin", "sbin", "lib", "lib32", "lib64"):
        outside = Path("/", folder)
        if outside.is_symlink():
            words += ["--symlink", str(outside.readlink()), str(outside)]
        elif outside.is_dir():
            words += ["--ro-bind", str(outside), str(outside)]
    words += [word for path in _levers() for word in ("--ro-bind", str(path), str(path))]
    return words + [word for name in ETC for word in ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")]


def _levers() -> list[Path]:
    """List what in /proc steers the whole machine, to be made read-only.

    The kernel lets root's own files be written by root's number, whatever powers were dropped: from the sandbox of a
    hub that runs as root, ``core_pattern`` could be set to a program that runs outside.
    """
    if os.getuid() != 0:
        return []
    here = [path for path in Path("/proc").iterdir() if not path.name.isdigit() and not path.is_symlink()]
    return sorted(path for path in here if path.is_dir() or path.stat().st_mode & 0o222)


def write_accounts(folder: Path, user: str) -> Path:
    """Write the two files that give a user a name inside, into a folder that exists; give that folder back."""
    (folder / "passwd").write_text(f"{user}:x:{INSIDE}:{INSIDE}::{HOMES / user}:/bin/bash\n")
    (folder / "group").write_text(f"{user}:x:{INSIDE}:\n")
    return folder


def interpreter() -> tuple[Path, ...]:
    """Find the folders that the running Python consists of, apart from those in /usr."""
    return outside_usr({Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent.parent})


def outside_usr(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Sort folders, leaving out those that the sandbox has anyway."""
    return tuple(sorted(path for path in paths if path.is_dir() and not path.is_relative_to("/usr")))


def why_not() -> str:
    """Try an empty sandbox and tell why this machine cannot make one.

    Returns
    -------
    str
        One clause; empty when sandboxes work.
    """
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed (apt-get install bubblewrap)"
    try:
        trial = subprocess.run([*_walls(), *_system(), "--", "/bin/true"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start ({error})"
    if trial.returncode == 0:
        return ""
    said = trial.stderr.strip().splitlines()
    return f"this machine does not let bubblewrap make a sandbox ({said[-1] if said else trial.returncode})"
