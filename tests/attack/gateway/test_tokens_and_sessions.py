"""Somebody with a token, a clock or a process tries to read what it was not given for."""

import contextlib
import datetime as dt
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway_service import Kernel, World, served_gateway
from londata.errors import AccessDeniedError
from londata_hub.gateway.sessions import peer_of


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
    environ = {
        name: value for name, value in os.environ.items() if name != "LONDATA_PROJECT"
    }  # the SDK's own state, reset
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
