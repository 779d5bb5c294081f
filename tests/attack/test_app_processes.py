"""What an app's own code must not be able to reach, and who is shown out of an open page, told why. No hub."""

import asyncio
import contextlib
import dataclasses
import json
import os
import tempfile
import time
from pathlib import Path

import aiohttp
import nbformat
import pytest

from londata_hub import sandbox
from londata_hub.apps import farewells
from londata_hub.apps.ledger import Ledger
from londata_hub.apps.process import AppProcess, Places
from londata_hub.apps.relay import Relay
from londata_hub.apps.shelf import App
from londata_hub.apps.theatre import Theatre
from londata_hub.apps.usher import Usher


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

    def __init__(self, why=""):
        self.why, self.closed = why, None

    async def why_not(self):
        if isinstance(self.why, Exception):
            raise self.why
        return self.why

    def close(self, code=None, reason=None):
        self.closed = self.closed or (code, reason)


class Apps(dict):
    """The apps of a theatre; about one of them nothing can be found out any more."""

    lost = ""

    def get(self, slug, default=None):
        if slug == self.lost:
            raise RuntimeError("nobody foresaw this")
        return super().get(slug, default)


@pytest.fixture
def theatre(short_folder):
    """Two apps that need not run for what is decided about their viewers."""
    apps = Apps((slug, App(slug, slug, "", "", short_folder / "app.ipynb")) for slug in ("probe", "other"))
    relay, places = Relay(short_folder / "hub", "t"), Places(short_folder, short_folder, isolated=True)
    return Theatre(apps, "/services/apps/", places, relay, Ledger(per_viewer=2))


def seated(theatre, slug, viewer, why=""):
    """Open a page, and its channel."""
    seat, kernel = Seat(why), theatre.open(theatre.apps[slug], viewer)
    theatre.connected(kernel, seat)
    return seat, kernel


def after(theatre, *parts):
    """Do this in the theatre, and whatever it has put off."""

    async def story():
        for part in parts:
            done = part()
            if asyncio.iscoroutine(done):
                await done
        await asyncio.sleep(0.01)

    asyncio.run(story())


def test_an_open_page_goes_dead_when_its_viewer_may_not_be_there_and_in_every_doubt(theatre):
    """An error that nobody foresaw shuts the page that it concerns; the round goes on for the others."""
    asked = {"ada": "", "bola": RuntimeError("nobody foresaw this"), "chen": farewells.LOGGED_OUT}
    at = {name: seated(theatre, "probe", name, why) for name, why in asked.items()}
    after(theatre, theatre.tidy)
    assert {name: seat.closed for name, (seat, _) in at.items()} == {
        "ada": None,
        "bola": (1008, farewells.NOT_KNOWN),
        "chen": (1008, farewells.LOGGED_OUT),
    }
    left = {name: theatre.ledger.find("probe", kernel.id, name) for name, (_, kernel) in at.items()}
    assert left == {"ada": at["ada"][1], "bola": None, "chen": None}


def test_an_app_of_which_nothing_can_be_found_out_is_shut_and_no_other(theatre):
    (lost, kernel), (fine, _) = seated(theatre, "probe", "ada"), seated(theatre, "other", "ada")
    theatre.apps.lost = "probe"
    after(theatre, theatre.tidy)
    assert lost.closed == (1001, farewells.NOT_KNOWN)
    assert theatre.ledger.find("probe", kernel.id, "ada") is None
    assert fine.closed is None


def test_a_page_that_is_ended_is_told_why(theatre):
    """Each for a reason of its own: too many pages, too long, another form of the same version, the end of the hub."""
    (first, _), (second, _) = (seated(theatre, "probe", "ada") for _ in range(2))
    after(theatre, lambda: seated(theatre, "probe", "ada"))
    assert (first.closed, second.closed) == ((1001, farewells.MAKES_ROOM), None)
    long, kernel = seated(theatre, "other", "bola")
    theatre._plays[kernel.id] = theatre.apps["other"], time.monotonic() - 10**6
    after(theatre, theatre.tidy)
    assert long.closed == (1001, farewells.LONG_ENOUGH)
    held, _ = seated(theatre, "other", "bola")
    theatre.apps["other"] = dataclasses.replace(theatre.apps["other"], version=0, slug="others")
    after(theatre, theatre.tidy)
    assert held.closed == (1001, farewells.CHANGED)
    after(theatre, theatre.stop)
    assert second.closed == (1001, farewells.HUB_STOPS)


class Watched:
    """Somebody's open channel, as the usher sees it."""

    def __init__(self, slug, problem=None):
        self.slug, self.asked, self._problem = slug, 0, problem

    async def look_again(self):
        self.asked += 1
        if self._problem:
            raise self._problem


class Marks:
    """Says of each insight what it was told; nothing when it cannot."""

    def __init__(self):
        self.said = {"one": 1, "two": 1}

    async def marks(self, slugs):
        if self.said is None:
            raise RuntimeError("nobody foresaw this")
        return {slug: self.said[slug] for slug in slugs}


def test_what_changes_is_asked_about_again_and_where_that_cannot_be_told_everybody(caplog):
    marks, one, two = Marks(), Watched("one", RuntimeError("nobody foresaw this")), Watched("two")
    usher, asked = Usher(marks), []
    usher.seat(one)
    usher.seat(two)

    async def story():
        for said in ({"one": 1, "two": 1}, {"one": 1, "two": 1}, {"one": 2, "two": 1}, None, {"one": 2, "two": 1}):
            marks.said = said
            await usher.look()
            asked.append((one.asked, two.asked))

    asyncio.run(story())
    assert asked == [(1, 1), (1, 1), (2, 1), (3, 2), (4, 3)]
    assert "could not be shown out" in caplog.text
