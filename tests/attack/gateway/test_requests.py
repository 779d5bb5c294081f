"""Somebody sends the gateway what no client sends, and stops it at any moment: no byte leaves without its line."""

import contextlib
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

from gateway_service import BASE, World, log_lines, served_gateway
from londata_hub.gateway import serving

ME = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


# -- addresses and what is sent


def raw(gateway, text, *, shut=False):
    """Send bytes as they are and return everything that comes back until the gateway hangs up."""
    url = httpx.URL(gateway.address)
    with socket.create_connection((url.host, url.port), timeout=30) as connection:
        with contextlib.suppress(OSError):  # it may answer and hang up before all has come
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
    answer = raw(own, head + b"Content-Length: 100\r\n\r\n{")  # a head may take longer there
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
    with contextlib.closing(sqlite3.connect(own.world.folder / "register.sqlite", timeout=60)) as database:
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
