"""``londata-hub up``: prepare, start JupyterHub, say where it is, and stop every process at the end.

The hub runs as a child of this process, which adopts whatever the hub leaves behind: nothing outlives it, not the
proxy, not a service, not a Lab or its kernels.
"""

from __future__ import annotations

import argparse
import fcntl
import http.client
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from londata.errors import HubError
from londata.kernels import crowds
from londata_hub import demonstration, sandbox
from londata_hub.launch.supervisor import Supervisor
from londata_hub.settings import PREFIX, REPOSITORY, HubSettings, load
from londata_hub.wiring import SERVICES, folders, notice, people

#: Seconds that the hub gets to answer after it was started.
START_WITHIN = 90
CONFIGURATION = REPOSITORY / "hub-config" / "jupyterhub_config.py"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--port", help="Port on 127.0.0.1 (otherwise: LONDATA_HUB_PORT, or 8000)")


def run(arguments: argparse.Namespace) -> int:
    """Run the hub until it is told to stop; return 0 when it stopped as told."""
    environ = dict(os.environ)
    if arguments.port:
        environ[f"{PREFIX}PORT"] = arguments.port
    hub = load(environ)
    _check_proxy()
    folders.prepare(hub)
    with _only_hub_on(hub):
        _check_port(hub)
        _prepare_register(hub)
        environ |= {f"{PREFIX}PROXY_PORT": environ.get(f"{PREFIX}PROXY_PORT") or str(_free_port())}
        not_isolated = sandbox.why_not()
        log = hub.logs / "hub.log"
        command = [sys.executable, "-m", "londata_hub.launch.jupyterhub", "-f", str(CONFIGURATION)]
        with log.open("wb") as output, Supervisor(command, environ, output, cwd=hub.state) as child:
            _say(f"Starting JupyterHub on {hub.address} …")
            if child.wait_until(lambda: _answers(hub), START_WITHIN):
                _say(welcome(hub, not_isolated))
            elif not child.told_to_stop:
                raise HubError(f"The hub did not start.\n{_last_lines(log)}", hint=f"The whole story is in {log}.")
            code = child.wait(lambda: _say("Stopping … (Ctrl-C again: at once)"))
        folders.clear(hub)
    if code and not child.told_to_stop:
        raise HubError(f"The hub stopped by itself.\n{_last_lines(log)}", hint=f"The whole story is in {log}.")
    _say("Stopped.")
    return 0


def welcome(hub: HubSettings, not_isolated: str) -> str:
    """Write what the terminal shows once the hub answers."""
    passwords = folders.demo_passwords(hub)
    rows = []
    for person in people.read(hub.users).values():
        password = passwords.get(person.name, "")
        said = folders.TRY.get(person.name, "") if demonstration.wanted(hub.state) else ""
        said = said or ", ".join(person.groups)
        rows.append((person.name, password if person.has(password) else "(as you set it)", said))
    wide = [max(len(row[i]) for row in rows) for i in range(2)] if rows else [0, 0]
    users = "\n".join(f"    {name:<{wide[0]}}  {password:<{wide[1]}}  {said}" for name, password, said in rows)
    warning = f"\n  !! {notice(not_isolated)}\n" if not_isolated else ""
    if not_isolated and os.getuid() == 0:
        warning += "  !! The hub runs as root, and so does whoever logs in.\n"
    elif not not_isolated and (unbounded := crowds.why_not()):
        warning = f"\n  !! {unbounded}\n"
    return f"""
  londata is running at   {hub.address}
{warning}
  Log in as
{users}

  Everything is kept in   {hub.state}
  To stop it              Ctrl-C
"""


def _say(text: str) -> None:
    print(text, flush=True)


def _check_proxy() -> None:
    if not CONFIGURATION.is_file():
        raise HubError(
            "The hub starts from a clone of londata's repository, and this is an installed package.",
            hint="Clone the repository and run `make up` in it.",
        )
    if not (REPOSITORY / "node_modules" / "configurable-http-proxy").is_dir():
        raise HubError("The hub's proxy is not installed.", hint="Run `make up`, which installs it, or `npm ci`.")


@contextmanager
def _only_hub_on(hub: HubSettings) -> Iterator[None]:
    """Hold the state folder: two hubs on one state would spoil it."""
    with (hub.state / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HubError(
                f"Another hub is already running on {hub.state}.",
                hint=f"Stop that one, or set {PREFIX}STATE to another folder and {PREFIX}PORT to another port.",
            ) from None
        yield


def _check_port(hub: HubSettings) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", hub.port))
        except OSError as error:
            raise HubError(
                f"Port {hub.port} cannot be used: {(error.strerror or str(error)).lower()}.",
                hint=f"Stop what uses it, or choose another: `make up PORT={hub.port + 80}`.",
            ) from error


def _free_port() -> int:
    """Find a free port below those that the system gives to others of itself: the proxy takes it seconds later."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 1_000):
        with socket.socket() as trial, suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port
    raise HubError("No port is free for the hub's proxy.", hint=f"Name one: {PREFIX}PROXY_PORT.")


def _answers(hub: HubSettings) -> bool:
    """Tell whether the hub answers people, and each service its socket."""
    asking = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=5)
    try:
        asking.request("GET", "/hub/health")
        healthy = asking.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()
    return healthy and all(_listens(hub.doors / f"{service.name}.sock") for service in SERVICES)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trial:
        try:
            trial.connect(str(path))
        except OSError:
            return False
    return True


def _last_lines(log: Path) -> str:
    return "\n".join("  " + line for line in log.read_text(errors="replace").splitlines()[-12:])


def _prepare_register(hub: HubSettings) -> None:
    """Make or update the register, in a process of its own: what it imports is not needed afterwards."""
    command = [sys.executable, "-m", "londata_hub", "register", "prepare"]
    environ = os.environ | {f"{PREFIX}STATE": str(hub.state), f"{PREFIX}DATABASE": hub.database}
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise HubError(f"The register could not be prepared.\n{done.stdout.strip()}")
