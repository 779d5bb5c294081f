"""One app, one Voila process: started when somebody opens it, stopped when nobody looks, started anew if it dies."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import resource
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

import londata
from londata.client import unix_address
from londata.insights import LOOK
from londata.kernels import processes
from londata_hub import sandbox
from londata_hub.apps.limits import Watch
from londata_hub.apps.shelf import App
from londata_hub.settings import REPOSITORY

log = logging.getLogger(__name__)

ENTER = REPOSITORY / "hub-config" / "voila" / "enter.py"
#: Of the installation, what an app may see beside its own folder. The hub's code is not among it.
PACKAGE = Path(londata.__file__).resolve().parent
#: Seconds until a process that was started must answer.
START_TIMEOUT = 60.0
#: Most memory of one process of an app, in bytes.
MEMORY = 4 * 10**9
#: Of a snapshot, what is for the hub and those who check a release, not for the app: it would show what is hidden.
NOT_SHOWN = frozenset({"receipt", "tables", "workings", "thumbnail.png"})
#: Name inside of the user that an app runs as; its home is scratch.
USER = "app"


class AppUnavailableError(Exception):
    """The app does not start or does not answer; the log says why."""


@dataclass(frozen=True)
class Places:
    """Where app processes find and leave things.

    Parameters
    ----------
    sockets
        A short private folder: one folder for each app is made in it, with the app's socket, doors and scratch home.
    logs
        Folder of the logs; one for each app.
    isolated
        Whether to put each app into a sandbox.
    """

    sockets: Path
    logs: Path
    isolated: bool

    def folder(self, app: App) -> Path:
        """Find the folder of an app; its name is short, because it becomes part of a socket's path."""
        return self.sockets / hashlib.sha256(app.key.encode()).hexdigest()[:10]

    def doors(self, app: App) -> Path:
        """Find the folder of sockets that the app may knock at: its ways to the hub's services, and nothing else."""
        return self.folder(app) / "doors"


@dataclass
class AppProcess:
    """The Voila process of one version of an app.

    Parameters
    ----------
    app, base_url, places
        What to serve, below which address, from where.
    on_end
        Called with the app when its process has ended, however it ended.
    """

    app: App
    base_url: str
    places: Places
    on_end: Callable[[App], None]
    _process: asyncio.subprocess.Process | None = None
    _session: aiohttp.ClientSession | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def runs(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.returncode is None

    async def session(self) -> aiohttp.ClientSession:
        """Give a connection to the app, starting it first where it does not run.

        Raises
        ------
        AppUnavailableError
            It does not start.
        """
        async with self._starting:
            if not self.runs or self._session is None:
                await self.stop()
                await self._start()
        assert self._session is not None  # noqa: S101
        return self._session

    async def stop(self) -> None:
        """End the process and all that it started."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            # Apps keep nothing, so nothing is waited for. The sandbox takes everything inside with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def _start(self) -> None:
        folder = self.places.folder(self.app)
        home, doors = folder / "home", self.places.doors(self.app)
        shutil.rmtree(home, ignore_errors=True)
        for path in (home, doors):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "app.sock"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(str(path))
            listening.listen(128)
            self._process = await self._launch(listening.fileno(), folder)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(path), limit=0),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        watch = asyncio.create_task(self._watch(self._process))
        watch.add_done_callback(lambda _: self.on_end(self.app))
        await self._answers(self._session)
        log.info("app %s runs", self.app.key)

    async def _launch(self, listening: int, folder: Path) -> asyncio.subprocess.Process:
        notebook, start = str(self.app.notebook), self.app.start
        command = [sys.executable, str(ENTER), notebook, self.base_url, start, self.app.limits.of_a_kernel()]
        if self.places.isolated:
            seen = (ENTER.parent, PACKAGE, self.app.folder)
            command = sandbox.Sandbox(
                user=USER,
                home=folder / "home",
                doors=folder / "doors",
                accounts=sandbox.write_accounts(folder, USER),
                read_only=(*sandbox.interpreter(), *sandbox.outside_usr(seen)),
            ).command_line(command)
            at = command.index("--remount-ro")
            command[at:at] = self._covers()
        with (self.places.logs / f"app-{self.app.key}.log").open("wb") as output:
            return await asyncio.create_subprocess_exec(
                *command,
                env=self._environment(listening, folder),
                cwd=folder / "home",
                pass_fds=(listening,),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_limit,
            )

    def _covers(self) -> list[str]:
        """Cover what of the snapshot the app is not to see with nothing."""
        words: list[str] = []
        for path in sorted(self.app.folder.iterdir()):
            if path.name in NOT_SHOWN and path.is_dir():
                words += ["--tmpfs", str(path), "--remount-ro", str(path)]
            elif path.name in NOT_SHOWN:
                words += ["--ro-bind", "/dev/null", str(path)]
        return words

    def _environment(self, listening: int, folder: Path) -> dict[str, str]:
        """Build the app's whole environment. No token of the hub is in it: the register's door needs none."""
        home, doors = (
            (sandbox.HOMES / USER, sandbox.DOORS) if self.places.isolated else (folder / "home", folder / "doors")
        )
        return {
            "HOME": str(home),
            "USER": USER,
            "LANG": "C.UTF-8",
            "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "JUPYTER_PATH": str(LOOK),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "LONDATA_APP_SOCKET": str(listening),
            "LONDATA_APP_TRANSPORT": "ipc" if self.places.isolated else "tcp",
            "LONDATA_REGISTER": unix_address(doors / "register.sock", "/services/register"),
            "LONDATA_GATEWAY": unix_address(doors / "gateway.sock", "/services/gateway"),
            "LONDATA_INSIGHTS": unix_address(doors / "insights.sock", "/services/insights"),
            "LONDATA_PROJECT": self.app.project,
            "LONDATA_TOKEN": "none-needed-at-this-door",
            # A released version reads its released tables: londata.insights.table goes by this name.
            **({"LONDATA_INSIGHT": self.app.slug} if self.app.acting and self.app.acting.released else {}),
        }

    async def _answers(self, session: aiohttp.ClientSession) -> None:
        """Wait until the process serves a file of its own."""
        address = f"http://app{self.base_url}voila/templates/londata/static/page.css"
        try:
            async with session.get(address, timeout=aiohttp.ClientTimeout(total=START_TIMEOUT)) as response:
                if response.status == 200:
                    return
                log.error("app %s answers %s to its first request", self.app.key, response.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.error("app %s does not start: %s", self.app.key, error)
        await self.stop()
        raise AppUnavailableError(self.app.key)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Wait for the end of the process, and bring it about if it takes too much."""
        watching = asyncio.create_task(Watch(process.pid, self.app.limits).until_too_much())
        ended = asyncio.create_task(process.wait())
        await asyncio.wait([watching, ended], return_when=asyncio.FIRST_COMPLETED)
        if not ended.done() and (why := watching.result()):
            log.error("app %s is ended: %s", self.app.key, why)
            await asyncio.to_thread(processes.kill_tree, process.pid)
        code = await ended
        watching.cancel()
        log.info("app %s ended with %s", self.app.key, code)


def _limit() -> None:
    """Set limits in the new process: no core dumps, a ceiling of memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
