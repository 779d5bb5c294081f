"""What an app's own code must not be able to reach, and what happens when it dies. No hub is needed here."""

import asyncio
import contextlib
import json
import os
import signal
import tempfile
from pathlib import Path

import aiohttp
import nbformat
import pytest

from londata_hub import sandbox
from londata_hub.apps.process import AppProcess, Places
from londata_hub.apps.relay import Relay
from londata_hub.apps.shelf import App
from londata_hub.apps.theatre import Theatre


@pytest.fixture
def short_folder():
    with tempfile.TemporaryDirectory(prefix="ldt-", dir="/tmp") as folder:
        yield Path(folder)


PROBE = """
import json, os, pathlib, socket
found = {"environ": dict(os.environ), "processes": [p.name for p in pathlib.Path("/proc").glob("[0-9]*")]}
def attempt(name, do):
    try:
        found[name] = repr(do())
    except OSError as error:
        found[name] = "refused"
attempt("network", lambda: socket.create_connection(("127.0.0.1", %(port)d), timeout=5))
attempt("secret", lambda: pathlib.Path(%(secret)r).read_text())
attempt("hub code", lambda: os.listdir(%(hub)r))
attempt("own folder", lambda: pathlib.Path("app.ipynb").resolve().parent.joinpath("planted").write_text("x"))
attempt("package", lambda: pathlib.Path(__import__("londata").__file__).with_name("planted.py").write_text("x"))
attempt("hub socket", lambda: socket.socket(socket.AF_UNIX).connect(%(socket)r))
attempt("another snapshot", lambda: os.listdir(%(other)r))
attempt("database", lambda: open(%(database)r, "rb").read(16))
attempt("root of the first process", lambda: os.listdir("/proc/1/root%(other)s"))
attempt("what runs outside", lambda: os.kill(%(pid)d, 0))
attempt("another namespace", lambda: os.open("/proc/%(pid)d/ns/net", os.O_RDONLY))
attempt("the machine", lambda: pathlib.Path("/proc/sys/kernel/core_pattern").write_text("|/bin/true"))
attempt("doors", lambda: sorted(os.listdir("/run/londata")))
from IPython.display import HTML
HTML("<p>FOUND" + json.dumps(found).replace("<", "") + "DNUOF</p>")
"""


@contextlib.asynccontextmanager
async def outside(short_folder, tmp_path):
    """Things of the machine that an app must not reach, as the probe names them."""
    secret, database, other = tmp_path / "secret", tmp_path / "register.sqlite", tmp_path / "insights" / "other" / "1"
    other.mkdir(parents=True)
    for path in (secret, database):
        path.write_text("the-services-token")
    port = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    socket = await asyncio.start_unix_server(lambda reader, writer: None, str(short_folder / "hub.sock"))
    named = {"secret": secret, "database": database, "other": other, "hub": Path(sandbox.__file__).parent}
    named |= {"socket": short_folder / "hub.sock"}
    yield {name: str(path) for name, path in named.items()} | {
        "port": port.sockets[0].getsockname()[1],
        "pid": os.getpid(),
    }
    port.close()
    socket.close()


async def page_of(process, **headers):
    """The page that a process makes."""
    session, named = await process.session(), {name.replace("_", "-"): value for name, value in headers.items()}
    patience = aiohttp.ClientTimeout(90)
    async with session.get("http://app/services/apps/probe/", headers=named, timeout=patience) as answer:
        return answer.status, await answer.text()


def test_an_app_reaches_neither_network_nor_files_nor_tokens(short_folder, tmp_path, monkeypatch):
    why_not = sandbox.why_not()
    assert not why_not, f"this test needs a sandbox: {why_not}"
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "the-services-token")

    async def story():
        async with outside(short_folder, tmp_path) as things:
            cell = nbformat.v4.new_code_cell(PROBE % things)
            kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            (tmp_path / "app").mkdir()
            nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), tmp_path / "app" / "app.ipynb")
            app = App("probe", "Probe", "", "", tmp_path / "app" / "app.ipynb")
            process = AppProcess(app, "/services/apps/probe/", Places(short_folder, tmp_path, isolated=True), print)
            try:
                _, page = await page_of(process, X_Londata_Kernel="0e3e0731-5f81-479b-9242-ad3e1e2c6a11")
                return page, await page_of(process)
            finally:
                await process.stop()

    page, nameless = asyncio.run(story())
    output = json.loads('"' + page.partition("FOUND")[2].partition("DNUOF")[0] + '"')
    found = json.loads(output)
    assert "the-services-token" not in page
    assert not [name for name in found["environ"] if name.startswith("JUPYTERHUB_")]
    reached = {name: what for name, what in found.items() if name not in ("environ", "processes", "doors")}
    assert set(reached.values()) == {"refused"}, reached
    assert len(reached) == 12
    assert found["doors"] == "[]"
    assert str(os.getpid()) not in found["processes"]
    assert "attempt(" not in page, "the page shows the notebook's source"
    assert nameless[0] >= 500
    assert "Traceback" not in nameless[1]


class Seat:
    """Somebody's open channel, as the service sees it when it tidies up."""

    def __init__(self, allowed):
        self.allowed, self.closed = allowed, None

    async def still_allowed(self):
        return self.allowed

    def close(self, code=None, reason=None):
        self.closed = code


def theatre_of(short_folder, notebook):
    app = App("probe", "Probe", "", "", notebook)
    relay = Relay(short_folder / "hub", "t")
    return Theatre({"probe": app}, "/services/apps/", Places(short_folder, short_folder, isolated=True), relay), app


def test_an_open_page_goes_dead_when_its_viewer_may_no_longer_be_there(short_folder):
    async def story():
        theatre, app = theatre_of(short_folder, short_folder / "app.ipynb")
        seats = Seat(True), Seat(False)
        kernels = [theatre.open(app, name) for name in ("ada", "bola")]
        for kernel, seat in zip(kernels, seats, strict=True):
            theatre.connected(kernel, seat)
        await theatre.tidy()
        await asyncio.sleep(0)
        await theatre.stop()
        return [seat.closed for seat in seats], [theatre.ledger.find("probe", k.id, k.viewer) for k in kernels], kernels

    closed, left, kernels = asyncio.run(story())
    assert closed == [None, 1008]
    assert left == [kernels[0], None]


def test_an_app_that_dies_is_started_anew_and_its_kernels_are_forgotten(short_folder, tmp_path):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[], metadata=kernel), tmp_path / "app.ipynb")

    async def story():
        theatre, app = theatre_of(short_folder, tmp_path / "app.ipynb")
        statuses, style = [], "voila/templates/londata/static/page.css"
        try:
            for _ in range(2):
                async with await theatre.ask("GET", app, style, "", {}) as answer:
                    statuses.append(answer.status)
                    await answer.read()
                mine = theatre.open(app, "ada")
                process = theatre._processes["probe"]._process
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
                for _ in range(100):
                    if not theatre.ledger.of("probe"):
                        break
                    await asyncio.sleep(0.05)
                assert theatre.ledger.find("probe", mine.id, "ada") is None
        finally:
            await theatre.stop()
        return statuses

    assert asyncio.run(story()) == [200, 200]
