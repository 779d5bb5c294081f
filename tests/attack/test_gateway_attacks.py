"""Promise: no byte of shared or closed data leaves but to whom, for what and while it is allowed, and after its line.

The gateway runs as it is served in the hub; sessions are real processes on a real unix socket, and it is really killed.
"""

import contextlib
import datetime as dt
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from gateway_service import BASE, Kernel, World, log_lines, served_gateway
from londata.errors import AccessDeniedError
from londata_hub.gateway import serving
from londata_hub.gateway.sessions import peer_of

ME = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with served_gateway(World(tmp_path_factory.mktemp("gateway"), rows=2_000).make()) as running:
        yield running


@pytest.fixture
def own(tmp_path):
    with served_gateway(World(tmp_path, rows=2_000).make()) as running:
        yield running


@pytest.fixture
def on_socket(tmp_path):
    with served_gateway(World(tmp_path, rows=2_000).make(), on_socket=True) as running:
        yield running


def refused(answer, status, code="not_authenticated"):
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    return True


# -- tokens


@pytest.mark.parametrize(
    "token",
    ["forged", "a" * 43, "token-of-ada", "token-of-nobody", "' OR 1=1 --", "%00", "a b", "x" * 600, "é"],
)
def test_a_token_that_nobody_gave_reads_nothing(gateway, token):
    said = gateway.begin()
    with gateway.client() as client:
        answer = client.get(said["path"], headers={"Authorization": f"Bearer {token}".encode()})
    assert refused(answer, 401)


def test_a_token_is_looked_for_in_one_header_only(gateway):
    said = gateway.begin()
    with gateway.client() as client:
        assert refused(client.get(said["path"], headers={"X-Authorization": f"Bearer {said['token']}"}), 401)
        assert refused(client.get(said["path"], headers={"Cookie": f"token={said['token']}"}), 401)
        assert refused(client.get(said["path"], params={"token": said["token"]}), 404, "no_such_address")
        twice = [("Authorization", f"Bearer {said['token']}")] * 2
        assert refused(client.get(said["path"], headers=twice), 401)


def test_a_token_of_one_reading_reads_no_other(gateway):
    rolls, ages = gateway.begin("rolls"), gateway.begin("ages")
    assert refused(gateway.get({**ages, "token": rolls["token"]}), 403, "access_denied")
    assert refused(gateway.get({**rolls, "token": ages["token"]}), 403, "access_denied")
    assert refused(gateway.get({**rolls, "path": "/data/rolls/csv"}), 403, "access_denied")
    assert "other data" in gateway.log("decision.denied")[-1]["details"]["reasons"][0]


def test_a_token_of_a_reading_begins_none(gateway):
    said = gateway.begin()
    with gateway.client(said["token"]) as client:
        assert refused(client.post("/readings", json={"entry": "rolls", "project": "places"}), 401)


def test_a_token_does_not_outlive_the_gateway(tmp_path):
    world = World(tmp_path, rows=2_000).make()
    with served_gateway(world) as running:
        said = running.begin()
    with served_gateway(world) as running:
        assert refused(running.get(said), 401)


def test_a_token_is_kept_nowhere(own):
    said = own.begin()
    own.get(said)
    secret = said["token"].encode()
    kept = [path for path in own.world.folder.rglob("*") if path.is_file()]
    assert len(kept) > 5
    assert not [path for path in kept if secret in path.read_bytes()]


class Hands:
    """A clock that an attacker may set."""

    ahead = dt.timedelta()

    def __call__(self):
        return dt.datetime.now(dt.UTC) + self.ahead


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def set_by_hand(tmp_path, clock):
    with served_gateway(World(tmp_path, rows=2_000).make(), clock=clock) as running:
        yield running


def test_a_token_is_over_after_half_an_hour_and_stays_so_when_the_clock_is_set_back(set_by_hand, clock):
    said = set_by_hand.begin()
    clock.ahead = dt.timedelta(minutes=29, seconds=50)
    assert set_by_hand.get(said).status_code == 200
    clock.ahead = dt.timedelta(minutes=30, seconds=10)
    assert refused(set_by_hand.get(said), 401)
    clock.ahead = dt.timedelta(days=-1)
    assert refused(set_by_hand.get(said), 401)


def test_a_clock_set_back_brings_no_access_back(set_by_hand, clock):
    clock.ahead = dt.timedelta(days=250)
    assert refused(set_by_hand.ask(), 403, "access_ended")
    for days in (0, -250):
        clock.ahead = dt.timedelta(days=days)
        assert refused(set_by_hand.ask(), 403, "access_ended")


def test_a_token_ends_with_the_grant_even_when_that_is_sooner(set_by_hand, clock):
    until = dt.datetime.fromisoformat(set_by_hand.begin()["until"])
    clock.ahead = until - dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    said = set_by_hand.begin()
    assert said["expires_at"] == said["until"]
    clock.ahead += dt.timedelta(minutes=6)
    assert not set_by_hand.get(said).is_success


# -- sessions


def test_a_token_works_in_the_session_that_asked_and_in_no_other(on_socket):
    with Kernel(on_socket) as mine, Kernel(on_socket) as another, Kernel(on_socket, "bola") as thief:
        said = mine.begin()
        assert mine.get(said)["status"] == 206
        for kernel in (another, thief):
            answer = kernel.get(said)
            assert (answer["status"], answer["error"]["code"]) == (403, "access_denied")
            assert "another session" in answer["error"]["message"]
        assert refused(on_socket.get(said), 403, "access_denied")
        assert mine.get(said)["status"] == 206
    assert len(on_socket.log("decision.denied")) == 3


@pytest.mark.parametrize("apart", [[], ["setsid", "--wait"]], ids=["child", "child in a session of its own"])
def test_whatever_a_session_starts_works_for_its_project(on_socket, apart):
    path, script = str(on_socket.world.folder / "gateway.sock"), Path(__file__).with_name("two_purposes.py")
    command = [sys.executable, str(script), path, "places", *apart]
    environ = {name: value for name, value in ME.items() if name != "LONDATA_PROJECT"}  # the SDK's own state, reset
    done = subprocess.run(command, env=environ, capture_output=True, text=True, start_new_session=True, check=True)
    assert done.stdout.split() == ["201", "403", "201"]


HOSTILE_NAME = """
import socket, sys, time
open("/proc/self/comm", "w").write("x) S 1 1 1 1")
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
print("connected", flush=True)
sys.stdin.readline()
"""
GONE = """
import os, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
if os.fork():
    os._exit(0)
print("connected", flush=True)
sys.stdin.readline()
"""


@contextlib.contextmanager
def connected(folder, code):
    path = str(folder / "a.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        process = subprocess.Popen(
            [sys.executable, "-c", code, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        accepted, _ = listening.accept()
        assert process.stdout.readline() == "connected\n"
        with accepted:
            yield process, accepted
        process.communicate("\n")


def test_a_process_cannot_name_itself_into_another_session(tmp_path):
    with connected(tmp_path, HOSTILE_NAME) as (process, accepted):
        assert peer_of(accepted).own.id == process.pid


def test_a_connection_whose_maker_is_gone_belongs_to_no_session(tmp_path):
    with connected(tmp_path, GONE) as (process, accepted):
        process.wait()
        with pytest.raises(AccessDeniedError, match="has ended"):
            peer_of(accepted)


# -- addresses and what is sent


def raw(gateway, text, *, shut=False):
    """Send bytes as they are and return everything that comes back until the gateway hangs up."""
    url = httpx.URL(gateway.address)
    with socket.create_connection((url.host, url.port), timeout=30) as connection:
        connection.sendall(text)
        if shut:
            connection.shutdown(socket.SHUT_WR)
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                found += piece
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/data/rolls/parquet/",
        "/data//rolls/parquet",
        "/data/rolls/../rolls/parquet",
        "/data/rolls/./parquet",
        "/data/rolls/%70arquet",
        "/data/rolls%2fparquet",
        "/data/rolls/parquet%00",
        "/data/rolls/parquet%20",
        "/data/%2e%2e/%2e%2e/etc/passwd",
        "/data/..%252f..%252fetc/passwd",
        "/data/rolls\\parquet",
        "/data/Rolls/parquet",
        "/data/rolls/PARQUET",
        "/data/rolls/parquet;a=b",
        "/data/rolls/parquet?",
        "/data/rolls/parquet?x=1",
        "/data/rolls/parquet#x",
        "/data/rolls",
        "/data/",
        "/DATA/rolls/parquet",
        "/../api/v1/data/rolls/parquet",
        "/openapi.json",
        "/",
        "",
    ],
)
def test_there_is_one_way_to_write_an_address(gateway, path):
    said = gateway.begin()
    head = f"GET {BASE}/api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {said['token']}\r\n"
    answer = raw(gateway, f"{head}Connection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b'{"error":{"code":"no_such_address"' in answer


@pytest.mark.parametrize(
    "target",
    [b"http://x/services/gateway/api/v1/data/rolls/parquet", b"*", b"/data/rolls/parquet\0", b"x y", b"/\xff"],
)
def test_what_is_no_address_is_refused_in_the_one_shape(gateway, target):
    token = gateway.begin()["token"].encode()
    answer = raw(gateway, b"GET %b HTTP/1.1\r\nAuthorization: Bearer %b\r\nConnection: close\r\n\r\n" % (target, token))
    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b'{"error":{"code":' in answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "LOOK"])
def test_data_is_only_fetched(gateway, method):
    said = gateway.begin()
    with gateway.client(said["token"]) as client:
        assert client.request(method, said["path"]).status_code in (400, 404, 405)


def test_no_range_brings_more_than_the_file(gateway):
    said = gateway.begin()
    for header in ("bytes=" + ",".join(["0-"] * 500), "bytes=0-,0-,0-", "bytes=-1,-2", "bytes=0-" + "9" * 90):
        answer = gateway.get(said, range=header)
        assert answer.status_code in (200, 206)
        assert len(answer.content) <= said["size_bytes"]
    with gateway.client(said["token"]) as client:
        answer = client.get(said["path"], headers=[("Range", "bytes=0-9"), ("Range", "bytes=10-19")])
    assert (answer.status_code, len(answer.content)) == (200, said["size_bytes"])


def test_nothing_is_unpacked(gateway):
    import gzip

    body = gzip.compress(b'{"entry": "rolls"}' + b" " * 1_000_000)
    with gateway.client("token-of-ada") as client:
        assert client.post("/readings", content=body, headers={"Content-Encoding": "gzip"}).status_code == 400


def test_a_head_without_end_is_not_read(gateway):
    line = b"X-Long: " + b"x" * 3_000 + b"\r\n"
    for text in (b"GET /" + b"x" * 9_000, b"GET / HTTP/1.1\r\nX: " + b"x" * 9_000, b"GET / HTTP/1.1\r\n" + line * 100):
        answer = raw(gateway, text, shut=True)
        assert not answer or b" 400 " in answer.splitlines()[0]


def test_a_slow_head_or_body_is_hung_up_on(own, monkeypatch):
    monkeypatch.setitem(serving.BOUNDS, "keepalive_timeout", 0.3)
    monkeypatch.setattr(serving, "HEAD_TIMEOUT_S", 0.3)
    with served_gateway(own.world) as hasty:
        assert raw(hasty, b"GET / HTTP/1.1\r\nX-Slow:") == b""
        assert raw(hasty, b"") == b""
        head = b"POST %b/api/v1/readings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-of-ada\r\n" % BASE.encode()
        answer = raw(hasty, head + b"Content-Length: 100\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"does not come" in answer


@pytest.mark.parametrize(
    "smuggled",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(gateway, smuggled):
    token = gateway.begin()["token"].encode()
    inner = b"GET %b/api/v1/data/rolls/parquet HTTP/1.1\r\nHost: x\r\n\r\n" % BASE.encode()
    head = b"POST %b/api/v1/readings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n" % (BASE.encode(), token)
    answer = raw(gateway, head + smuggled + b"\r\n0\r\n\r\n" + inner, shut=True)
    assert b" 200 " not in answer


# -- the log comes first


def test_a_log_that_cannot_be_written_lets_no_byte_out(own):
    said = own.begin()
    (reading,) = own.gateway.readings
    own.run(own.gateway.readings.close(reading, "nobody read on"))  # what comes next needs a line of its own
    with contextlib.closing(sqlite3.connect(own.world.folder / "register.sqlite")) as database:
        database.execute("ALTER TABLE audit RENAME TO taken_away")
        database.commit()
        answer = own.get(said)
        again = own.ask()
        database.execute("ALTER TABLE taken_away RENAME TO audit")
        database.commit()
    assert (answer.status_code, again.status_code) == (503, 503)
    assert own.get(said).status_code == 200


def test_a_grant_that_ends_while_many_ask_gives_nothing_afterwards(own):
    said, stopped, after = own.begin(), threading.Event(), []

    def read():
        with own.client(said["token"]) as client:
            while not stopped.is_set():
                client.get(said["path"], headers={"Range": "bytes=0-99"})
                own.ask()

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    own.store.end_grant("ada-rolls-places", "chen", "")
    after = [own.get(said).status_code, own.ask().status_code]
    stopped.set()
    for thread in threads:
        thread.join()
    lines = own.log()
    ended = next(line["seq"] for line in lines if line["what"] == "grant.ended")
    assert after == [403, 403]
    assert not [line for line in lines if line["what"] == "decision.allowed" and line["seq"] > ended]
    assert [line for line in lines if line["what"] == "decision.denied" and line["seq"] > ended]


@pytest.mark.parametrize("moment", ["at the first byte", "while it is decided", "anywhere"])
def test_killed_at_any_moment_no_byte_has_left_without_its_line(tmp_path, moment):
    world = World(tmp_path, rows=2_000).make()
    with world.rolls.open("ab") as file:
        file.truncate(50_000_000)
    command = [sys.executable, "-m", "gateway_service", str(tmp_path)]
    with subprocess.Popen(command, env=ME, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        transport = httpx.HTTPTransport(uds=str(tmp_path / "gateway.sock"), verify=False)
        with httpx.Client(transport=transport, base_url=f"http://localhost{BASE}/api/v1") as client:
            body = {"entry": "rolls", "distribution": "parquet", "project": "places"}
            said = client.post("/readings", json=body, headers={"Authorization": "Bearer token-of-ada"}).json()
        got = _killed_while_reading(tmp_path, process, said, moment)
        process.wait()
    begun = log_lines(world, "reading.begun")
    assert got == 0 or len(begun) == 1
    assert got < 50_000_000
    if moment == "at the first byte":
        assert got > 0


def _killed_while_reading(folder, process, said, moment):
    """Ask for everything, kill the gateway, and count what came; headers do not count."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(folder / "gateway.sock"))
        head = f"GET {BASE}/api/v1{said['path']} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {said['token']}\r\n\r\n"
        connection.sendall(head.encode())
        found = b""
        if moment == "at the first byte":
            while b"\r\n\r\n" not in found or found.endswith(b"\r\n\r\n"):
                found += connection.recv(1000)
        elif moment == "anywhere":
            time.sleep(random.random() / 50)
        process.send_signal(signal.SIGKILL)
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                found += piece
    return len(found.partition(b"\r\n\r\n")[2])
