"""How a user's JupyterLab is started: in a sandbox, on a socket that it is handed and cannot choose.

The hub opens the listening socket and gives it to the Lab as an open file. A sandbox that made its own socket could
replace it by a link to any other socket of this machine, and the proxy would follow.
"""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen
from typing import Any

from jupyterhub.slugs import safe_slug
from jupyterhub.spawner import LocalProcessSpawner
from traitlets import Unicode

from londata.client import unix_address
from londata.kernels import crowds
from londata_hub import sandbox
from londata_hub.settings import REPOSITORY
from londata_hub.spawner.processes import children

LAB = REPOSITORY / "hub-config" / "lab"
#: What of the repository a user may see; the hub's own code is not among it.
SHOWN = ("catalogs", "hub-config/lab", "notebooks", "sdk", "templates", "voila-apps")
#: Seconds that a Lab gets to shut its kernels down before it is killed.
PATIENCE = 10


class LabSpawner(LocalProcessSpawner):  # type: ignore[misc]  # jupyterhub has no types
    """Starts a Lab as a process of this machine. What is shared by both ways: sandboxed and, where that fails, not."""

    homes = Unicode(help="Folder of the users' homes").tag(config=True)
    labs = Unicode(help="Folder of the sockets on which Labs listen").tag(config=True)
    doors = Unicode(help="Folder of the sockets of the hub and its services").tag(config=True)
    logs = Unicode(help="Folder of the Labs' logs").tag(config=True)

    @property
    def slug(self) -> str:
        """The user's name as a safe name of a folder; different names never meet."""
        return str(safe_slug(self.user.name, max_length=63))

    @property
    def home(self) -> Path:
        """The user's home folder as the hub sees it."""
        return Path(self.homes) / self.slug

    def seen(self) -> tuple[Path, Path, Path]:
        """Tell where the Lab sees its home, the doors and its runtime folder.

        The last has a short name: kernels put sockets into it whose own names are long.
        """
        runtime = Path(self.labs) / f"r-{hashlib.sha256(self.slug.encode()).hexdigest()[:6]}"
        return self.home, Path(self.doors), runtime

    def wrap(self, command: list[str]) -> list[str]:
        """Turn the Lab's command into the one that is really started."""
        return command

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        """Set limits in the new process; a core dump could hold another's data."""
        memory = self.mem_limit

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if memory:
                resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

        return limit

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Add what a login would set."""
        home, _, _ = self.seen()
        return env | {"USER": self.user.name, "HOME": str(home), "SHELL": "/bin/bash"}

    def get_env(self) -> dict[str, str]:
        """Build the Lab's whole environment; nothing of the hub's own leaks in."""
        _, doors, runtime = self.seen()
        self.hub_connect_url = unix_address(doors / "hub.sock")
        env: dict[str, str] = super().get_env()
        del env["JPY_API_TOKEN"]  # an old name of the same token
        return env | {
            # JupyterHub's extension must set neither port nor address: the socket is handed over
            "JUPYTERHUB_SERVICE_URL": "http+unix:",
            "JUPYTER_CONFIG_PATH": str(LAB),
            "JUPYTER_RUNTIME_DIR": str(runtime),
            "LONDATA_GATEWAY": unix_address(doors / "gateway.sock", "/services/gateway"),
            "LONDATA_REGISTER": unix_address(doors / "register.sock", "/services/register"),
            "LONDATA_REPORTS": unix_address(doors / "reports.sock", "/services/reports"),
            "LONDATA_INSIGHTS": unix_address(doors / "insights.sock", "/services/insights"),
            "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        }

    async def start(self) -> str:
        """Start the Lab.

        Returns
        -------
        str
            The address of its socket.
        """
        path = self._prepare_folders()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            path.unlink(missing_ok=True)
            listening.bind(str(path))
            listening.listen(128)
            env = self.get_env() | {"LONDATA_LAB_SOCKET": str(listening.fileno())}
            command = self.wrap([sys.executable, str(LAB / "enter.py"), *self.get_args()])
            self.log.info("Starting the Lab of %s", self.user.name)
            with (Path(self.logs) / f"lab-{self.slug}.log").open("wb") as log:
                self.proc = Popen(
                    command,
                    env=env,
                    cwd="/",
                    pass_fds=(listening.fileno(),),
                    stdin=DEVNULL,
                    stdout=log,
                    stderr=STDOUT,
                    start_new_session=True,
                    preexec_fn=self.make_preexec_fn(self.user.name),
                )
        self.pid = self.proc.pid
        return unix_address(path)

    def _prepare_folders(self) -> Path:
        folder = Path(self.labs) / self.slug
        for path in (self.home, folder):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / "lab.sock"

    def get_state(self) -> dict[str, Any]:
        """Remember no process number: no Lab outlives its hub, and the number may be another's by then."""
        state: dict[str, Any] = super().get_state()
        state.pop("pid", None)
        return state

    async def stop(self, now: bool = False) -> None:
        """Ask the Lab to shut its kernels down, then kill what is left."""
        if not now and await self.poll() is None:
            await self._ask_to_stop()
            await self.wait_for_death(PATIENCE)
        if await self.poll() is None:
            await self._signal(signal.SIGKILL)
            await self.wait_for_death(self.kill_timeout)

    async def _ask_to_stop(self) -> None:
        await self._signal(signal.SIGTERM)


class BubblewrapSpawner(LabSpawner):
    """Starts every Lab in its own sandbox."""

    def seen(self) -> tuple[Path, Path, Path]:
        """Tell where the Lab sees its home, the doors and its runtime folder."""
        return sandbox.HOMES / self.slug, sandbox.DOORS, sandbox.RUNTIME

    def wrap(self, command: list[str]) -> list[str]:
        """Put the command into the user's sandbox."""
        shown = sandbox.outside_usr(REPOSITORY / folder for folder in SHOWN)
        walls = sandbox.Sandbox(
            user=self.slug,
            home=self.home,
            doors=Path(self.doors),
            accounts=sandbox.write_accounts(Path(self.labs) / self.slug, self.slug),
            read_only=(*sandbox.interpreter(), *shown),
            tasks=crowds.TASKS_OF_A_LAB,
        )
        return walls.command_line(command)

    async def _ask_to_stop(self) -> None:
        """Tell the Lab itself, two processes down: killing ``bwrap`` would kill the kernels in mid-sentence."""
        lab = self.pid
        for _ in range(2):
            lab = next(iter(children(lab)), 0)
        if lab:
            with suppress(ProcessLookupError):
                os.kill(lab, signal.SIGTERM)
