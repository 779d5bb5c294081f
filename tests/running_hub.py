"""The hub of the tests: one real JupyterHub for the whole session, started as people start it.

Tests ask for the fixture ``hub`` and use ``hub.address``, ``hub.passwords``, ``hub.visitor(name)`` (a browser that is
logged in), ``hub.token(name)`` and ``hub.lab(name).run(code)``. Whoever stops or changes a hub asks for
``operators_hub`` (see ``operators_hub.py``).
"""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from londata_hub import settings
from londata_hub.spawner.processes import children

ROOT = Path(__file__).resolve().parents[1]
#: How long clients and browsers wait where a test does not say it.
PATIENCE_S = 60


def wait_for(condition, seconds=60, what="what was waited for"):
    """Poll until a condition holds and return what it returned; fail when the time is over.

    A folder that is looked through may go away meanwhile: then it is looked again.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            if found := condition():
                return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {seconds} s")


def free_port():
    """Find a port that is free, and that the system gives to nobody else before it is used: it gives higher ones."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with socket.socket() as trial, contextlib.suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port
    raise AssertionError("there is no free port")


def family(process):
    """Every process below one, as (number, moment it was started): numbers are used again, moments are not."""
    found, waiting = set(), [process]
    while waiting:
        for child in children(waiting.pop()):
            waiting.append(child)
            if moment := started(child):
                found.add((child, moment))
    return found


def started(process):
    try:
        fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def still_alive(processes):
    return {number for number, moment in processes if started(number) == moment}


@dataclass
class RunningHub:
    """A hub in a folder of its own.

    ``address`` is where people reach it, ``state`` its folder, ``passwords`` its demo users (ada: analysts; bola:
    analysts, publishers; chen and dee: stewards; each of them works for a body, see ``londata_hub.wiring.folders``).
    """

    state: Path
    port: int = field(default_factory=free_port)
    environ: dict = field(default_factory=dict)
    clients: list = field(default_factory=list)
    process: subprocess.Popen | None = None
    #: The generated files of the first hub of this process: they are the same for every hub, and take seconds to make.
    generated: ClassVar[Path | None] = None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def passwords(self):
        return json.loads((self.state / "demo-passwords.json").read_text())

    @property
    def output(self):
        return (self.state.parent / f"{self.state.name}.out").read_text()

    def command(self, **more):
        settings = {"LONDATA_HUB_STATE": str(self.state), "LONDATA_HUB_PORT": str(self.port)}
        return {
            "args": [sys.executable, "-m", "londata_hub", "up"],
            "env": {**os.environ, **settings, **self.environ, **more},
            "stdin": subprocess.DEVNULL,
        }

    def start(self, seconds=90):
        if not self.state.exists() and RunningHub.generated:
            self.state.mkdir(mode=0o700, parents=True)
            shutil.copytree(RunningHub.generated, self.state / "holders")
        with (self.state.parent / f"{self.state.name}.out").open("w") as out:
            self.process = subprocess.Popen(**self.command(), stdout=out, stderr=subprocess.STDOUT)
        wait_for(lambda: "Ctrl-C" in self.output or self.process.poll() is not None, seconds, "the hub")
        assert self.process.poll() is None, self.output
        RunningHub.generated = RunningHub.generated or self.state / "holders"
        return self

    def end(self):
        """Stop as Ctrl-C does, and see that nothing that ran below it is left, nor its folder of sockets."""
        everybody, sockets = family(self.process.pid), settings.load(self.command()["env"]).sockets
        assert sockets.is_dir()
        assert len(everybody) > 6
        assert self.stop(seconds=120) == 0, self.output
        assert re.search(r"Stopping.*\nStopped\.", self.output)
        assert not still_alive(everybody)
        assert not sockets.exists()

    def hang_up(self):
        while self.clients:
            self.clients.pop().close()

    def stop(self, number=signal.SIGINT, seconds=60):
        self.hang_up()
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)

    def operate(self, *words):
        """Run ``londata-hub`` as the operator of this hub; returns its exit code, what it said and its complaints."""
        args = [sys.executable, "-m", "londata_hub", *words]
        done = subprocess.run(**self.command() | {"args": args}, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def client(self, **settings):
        """An HTTP client that is closed with the hub."""
        self.clients.append(httpx.Client(timeout=60, **settings))
        return self.clients[-1]

    def visitor(self, name, password=None):
        """Log in as a browser does; returns the client."""
        return Visitor(self, name).log_in(password or self.passwords[name])

    def lab(self, name):
        """Start a user's Lab, or find it running; returns a handle with ``run(code)``."""
        return self.visitor(name).lab()

    def token(self, name):
        """Make a token for a user, as they could on the hub's page."""
        return self.visitor(name).new_token()


class Visitor:
    """Somebody at a browser."""

    def __init__(self, hub, name):
        self.hub, self.name = hub, name
        self.client = hub.client(base_url=hub.address, follow_redirects=True)

    def log_in(self, password):
        self.client.get("/hub/login")
        form = {"username": self.name, "password": password, "_xsrf": self.xsrf()}
        self.answer = self.client.post("/hub/login", params={"next": "/hub/home"}, data=form)
        return self

    def xsrf(self, path="/hub/"):
        return self.client.cookies.get("_xsrf", path=path)

    def api(self, method, path, **more):
        headers = {"X-XSRFToken": self.xsrf(), "Referer": f"{self.hub.address}/hub/home"}
        return self.client.request(method, f"/hub/api{path}", headers=headers, **more)

    def new_token(self, **more):
        answer = self.api("POST", f"/users/{self.name}/tokens", json=more)
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]

    def lab(self):
        started = self.api("POST", f"/users/{self.name}/server")
        assert started.status_code in (201, 202, 400), started.text

        def ready():
            return self.api("GET", f"/users/{self.name}").json()["servers"].get("", {}).get("ready")

        wait_for(ready, 120, f"the Lab of {self.name}")
        return Lab(self.hub, self.name, self.new_token())


class Lab:
    """A user's running Lab, with one kernel."""

    def __init__(self, hub, name, token):
        self.hub, self.name, self.token = hub, name, token
        self.base = f"{hub.address}/user/{name}"
        self.client = hub.client(base_url=self.base, headers={"Authorization": f"token {token}"})
        self.kernel = self.client.post("/api/kernels", json={"name": "python3"}).raise_for_status().json()["id"]

    def run(self, code, seconds=60):
        """Run code in the kernel; returns what it printed, raises what it raised."""
        from websockets.sync.client import connect

        said, asked, due = [], uuid.uuid4().hex, {"the answer", "the end"}
        header = {"msg_id": asked, "msg_type": "execute_request", "session": asked, "username": "", "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": True}
        request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        address = f"{self.base.replace('http', 'ws', 1)}/api/kernels/{self.kernel}/channels"
        credentials = {"Authorization": f"token {self.token}"}
        with connect(address, additional_headers=credentials, max_size=None, proxy=None) as channel:
            channel.send(json.dumps(request))
            deadline = time.monotonic() + seconds
            while due:  # the two come on channels of their own, so in any order
                message = json.loads(channel.recv(timeout=max(0.1, deadline - time.monotonic())))
                if message["parent_header"].get("msg_id") != asked:
                    continue
                if message["msg_type"] == "stream":
                    said.append(message["content"]["text"])
                if message["msg_type"] == "execute_reply":
                    reply = message["content"]
                    due.discard("the answer")
                if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                    due.discard("the end")
        assert reply["status"] == "ok", "\n".join(reply.get("traceback", [])) + "".join(said)
        return "".join(said)


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    """One hub for all tests that only use it; whoever stops or changes it starts one of their own.

    Of what ships it publishes one app, and to people who are logged in only: the same before and after its check.
    tests/hub/test_shipped_apps.py has a hub that publishes all as they ship.
    """
    folder = tmp_path_factory.mktemp("hub")
    app = Path(shutil.copytree(ROOT / "voila-apps" / "borough-explorer", folder / "apps" / "borough-explorer"))
    section = (app / "app.yaml").read_text(encoding="utf-8")
    assert "audience: [public]" in section
    (app / "app.yaml").write_text(section.replace("audience: [public]", "audience: [hub]"), encoding="utf-8")
    running = RunningHub(folder / "state", environ={"LONDATA_VOILA_APPS": str(folder / "apps")})
    try:
        yield running.start()
        running.end()  # with all Labs, kernels and apps that the tests have left running
    finally:
        running.process.kill()
