"""A service acts for its owner, and a session works for one project."""

import shutil
import subprocess
import sys

import pytest

from gateway_service import Kernel, World, served_gateway
from londata.records import ServiceAccount
from londata_hub.gateway.sessions import Peer, Projects, Session

# -- services


def test_a_service_acts_for_its_owner_and_one_project(own):
    refused = own.ask(who="service/report")
    assert "no named person owns" in refused.json()["error"]["message"]
    own.store.record(ServiceAccount(name="report", owner="ada", project="places"), "operator")
    said = own.begin(who="service/report")
    assert own.get(said).status_code == 200
    line = own.log("reading.begun")[-1]
    assert (line["actor"], line["subject"]) == ("service/report", "ada")
    other = own.ask(who="service/report", project="routes")
    assert "acts for the project places" in other.json()["error"]["message"]
    own.store.end_grant("ada-rolls-places", "chen", "")
    assert own.get(said).json()["error"]["code"] == "access_ended"


def test_a_service_whose_owner_has_left_gets_nothing(own):
    own.store.record(ServiceAccount(name="report", owner="ada", project="places"), "operator")
    said = own.begin(who="service/report")
    del own.people.groups["ada"]
    assert own.get(said).json()["error"]["code"] == "access_ended"
    assert own.ask(who="service/report").status_code == 403


# -- sessions


@pytest.fixture
def on_socket(tmp_path):
    with served_gateway(World(tmp_path, rows=2_000).make(), on_socket=True) as running:
        yield running


def test_a_session_works_for_one_project_and_another_session_for_another(on_socket):
    with Kernel(on_socket) as one, Kernel(on_socket) as other:
        assert one.begin("places")["status"] == 201
        refused = one.begin("routes")
        assert (refused["status"], refused["error"]["code"]) == (403, "access_denied")
        assert "works for the project places" in refused["error"]["message"]
        assert "Start a new kernel" in refused["error"]["hint"]
        assert other.begin("routes")["status"] == 201
        assert one.begin("places")["status"] == 201
    assert on_socket.log("decision.denied")[-1]["project"] == "routes"


def test_a_refused_project_does_not_bind_a_session(on_socket):
    with Kernel(on_socket) as kernel:
        assert kernel.begin("cooking")["status"] == 403
        assert kernel.begin("places")["status"] == 201


def test_the_note_outlives_the_gateway(on_socket):
    with Kernel(on_socket) as kernel:
        assert kernel.begin("places")["status"] == 201
        kept = Projects(on_socket.world.folder / "sessions")
        leader = kernel.process.pid
        (noted,) = [session for session, _ in kept._notes.values() if session.id == leader]
        assert kept.other(Peer((noted,)), "routes") == "places"
    kept.forget_ended()
    assert kept.other(Peer((noted,)), "routes") is None
    assert str(leader) not in (on_socket.world.folder / "sessions").read_text()


def test_a_number_that_was_given_to_another_process_is_another_session():
    projects = Projects()
    projects.claim(Peer((Session(77, 1000),)), "places")
    assert projects.other(Peer((Session(77, 0),)), "routes") == "places"  # its leader has ended, others are left
    assert projects.other(Peer((Session(77, 2000),)), "routes") is None
    assert projects.other(Peer((Session(78, 5), Session(77, 1000))), "routes") == "places"  # started from it


@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
def test_where_the_first_process_of_a_session_is_out_of_sight_it_still_is_a_session():
    """In a container that did not start a session, every process's leader lives outside and has the number 0."""
    ask = (
        "import socket; from londata_hub.gateway.sessions import peer_of; own, _ = socket.socketpair();"
        "print(peer_of(own).own)"
    )
    walls = ["bwrap", "--dev-bind", "/", "/", "--proc", "/proc", "--unshare-user", "--unshare-pid"]
    done = subprocess.run([*walls, sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0.0"
