"""One run as a process of its own: in a sandbox as its owner, with limits, and with its words kept in a file.

It sees what a Lab of its owner would see, but for the owner's files: the interpreter, londata, the shipped catalogue
and templates, the template of this run, the doors, and an empty home. It has no network.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from londata.client import unix_address
from londata_hub import sandbox
from londata_hub.settings import REPOSITORY

#: What of the repository a run may see; the hub's own code is not among it.
SHOWN = ("catalogs", "sdk", "templates")
#: The most that is kept of what a run says.
MOST_LOG = 5_000_000
#: Seconds between two looks at whether the run is still wanted, and that it gets to end by itself when it is not.
LOOK_S, PATIENCE_S = 0.2, 5
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Limits:
    """What one run may take: seconds in all, and bytes of memory in each process (0: no limit)."""

    seconds: float = 4 * 3600
    memory: int = 8 * 2**30


@dataclass(frozen=True)
class Place:
    """Where a run lives.

    Parameters
    ----------
    folder
        The run's own folder outside. Inside, ``home`` in it is the owner's home.
    user
        Name of the home inside; plain letters, digits and hyphens.
    doors
        Folder of the sockets of the hub and its services.
    isolated
        Whether this machine can make sandboxes; where it cannot, open data is all that the gateway serves.
    shown
        Folders beside the shipped ones that the run must see.
    """

    folder: Path
    user: str
    doors: Path
    isolated: bool
    shown: tuple[Path, ...] = ()

    @property
    def home(self) -> Path:
        """The home, outside."""
        return self.folder / "home"

    @property
    def log(self) -> Path:
        """What the run said; the run itself cannot reach it."""
        return self.folder / "log.txt"

    def make(self) -> None:
        """Make the folders."""
        for path in (self.folder, self.home, self.folder / "accounts"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def command_line(self, command: Sequence[str]) -> list[str]:
        """Put a command into the sandbox."""
        if not self.isolated:
            return list(command)
        shown = sandbox.outside_usr([*(REPOSITORY / folder for folder in SHOWN), *self.shown])
        walls = sandbox.Sandbox(
            user=self.user,
            home=self.home,
            doors=self.doors,
            accounts=sandbox.write_accounts(self.folder / "accounts", self.user),
            read_only=(*sandbox.interpreter(), *shown),
        )
        return walls.command_line(command)

    def environment(self, person: str, token: str, project: str) -> dict[str, str]:
        """Build the run's whole environment, as the person's Lab would have it.

        Parameters
        ----------
        person
            As whom it runs.
        token
            The run's own, which is good for register and gateway.
        project
            For which it reads; empty for none.
        """
        home = sandbox.HOMES / self.user if self.isolated else self.home
        doors = sandbox.DOORS if self.isolated else self.doors
        hub = unix_address(doors / "hub.sock", "/hub/api")
        named = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
        return named | {
            "HOME": str(home),
            "USER": person,
            "SHELL": "/bin/bash",
            "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "JUPYTERHUB_API_TOKEN": token,
            "JUPYTERHUB_API_URL": hub,
            "JUPYTERHUB_USER": person,
            "LONDATA_GATEWAY": unix_address(doors / "gateway.sock", "/services/gateway"),
            "LONDATA_REGISTER": unix_address(doors / "register.sock", "/services/register"),
            **({"LONDATA_PROJECT": project} if project else {}),
        }


@dataclass(frozen=True)
class Left:
    """How a run left: its exit code, or why it was made to leave before its end."""

    code: int
    stopped: str = ""


def perform(
    place: Place, command: Sequence[str], environment: Mapping[str, str], limits: Limits, unwanted: Callable[[], str]
) -> Left:
    """Run a command to its end.

    Parameters
    ----------
    place
        Where; its folders are there.
    command
        What, as inside.
    environment
        All that it finds in its environment.
    limits
        What it may take.
    unwanted
        Asked all the while; says why the run is to end, nothing while it may go on.

    Returns
    -------
    Left
        How it left. Nothing of it runs any more.
    """
    with place.log.open("ab") as log:
        process = subprocess.Popen(
            place.command_line(command),
            env=dict(environment),
            cwd="/" if place.isolated else place.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_limiting(limits),
        )
        keeping = threading.Thread(target=_keep, args=(process.stdout, log), daemon=True)
        keeping.start()
        try:
            why = _watch(process, limits, unwanted)
        finally:
            _end(process)
            keeping.join(PATIENCE_S)
        if why:
            log.write(f"\nlondata ended this run: {why}\n".encode())
    return Left(process.returncode, why)


def _watch(process: subprocess.Popen[bytes], limits: Limits, unwanted: Callable[[], str]) -> str:
    deadline = time.monotonic() + limits.seconds
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_S)
            return ""
        if time.monotonic() > deadline:
            return f"It took longer than {limits.seconds:g} seconds."
        if why := unwanted():
            return why


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let it end by itself for a moment, then kill what is left; a sandbox goes with its first process."""
    for number, patience in ((signal.SIGTERM, PATIENCE_S), (signal.SIGKILL, None)):
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(patience)


def _keep(said: IO[bytes] | None, log: IO[bytes]) -> None:
    """Keep what is said up to a size, and read on: a run must not wait because nobody listens."""
    room = MOST_LOG
    with said or open(os.devnull, "rb") as words:  # noqa: PTH123
        while some := os.read(words.fileno(), 65_536):
            if room > 0:
                log.write(some[:room])
                log.flush()
                room -= len(some)
                if room <= 0:
                    log.write(f"\nlondata kept no more of this: it is longer than {MOST_LOG // 10**6} MB.\n".encode())


def _limiting(limits: Limits) -> Callable[[], None]:
    prctl = ctypes.CDLL(None).prctl

    def limit() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # it ends with the worker's thread that waits for it
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if limits.memory:
            resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))

    return limit
