"""Streams that are under way: they are cut, written down, and take no memory."""

import os

import httpx
import pytest

from gateway_service import World, served_gateway
from londata_hub.gateway.streams import SOCKET_BUFFER
from running_hub import wait_for


class SlowReader:
    """Somebody who has asked for everything and reads a little at a time."""

    def __init__(self, gateway, said):
        self.client = gateway.client(said["token"])
        self.answer = self.client.send(self.client.build_request("GET", said["path"]), stream=True)
        self.got = 0
        self.pieces = self.answer.iter_raw(10_000)

    def read(self, count):
        for piece, _ in zip(self.pieces, range(count), strict=False):
            self.got += len(piece)

    def read_until_cut(self):
        try:
            self.read(10**9)
        except httpx.HTTPError:
            return True
        return False

    def close(self):
        self.answer.close()
        self.client.close()


@pytest.fixture
def large(tmp_path):
    """A gateway whose file does not fit into the buffers on the way."""
    world = World(tmp_path, rows=1_000).make()
    with world.rolls.open("ab") as file:
        file.truncate(200_000_000)
    with served_gateway(world) as running:
        yield running


@pytest.fixture
def slow(large):
    readers = []

    def begin(said):
        readers.append(SlowReader(large, said))
        readers[-1].read(2)
        return readers[-1]

    yield begin
    for reader in readers:
        reader.close()


def test_an_open_stream_is_cut_within_seconds_when_the_grant_ends(large, slow):
    reader = slow(large.begin())
    large.store.end_grant("ada-rolls-places", "chen", "")
    (cut,) = wait_for(lambda: large.log("reading.cut"), 60)
    assert reader.read_until_cut()
    assert reader.got <= cut["details"]["bytes"] < 200_000_000
    assert cut["details"]["reading"] == large.log("reading.begun")[-1]["seq"]
    assert large.log("reading.ended") == []


def test_no_more_than_a_megabyte_arrives_after_a_cut(tmp_path):
    world = World(tmp_path, rows=1_000).make()
    with world.rolls.open("ab") as file:
        file.truncate(20_000_000)
    with served_gateway(world, on_socket=True) as running:
        reader = SlowReader(running, running.begin())
        reader.read(2)
        running.store.end_grant("ada-rolls-places", "chen", "")
        (cut,) = wait_for(lambda: running.log("reading.cut"), 60)
        before = reader.got
        assert reader.read_until_cut()
        assert before < reader.got <= cut["details"]["bytes"]
        assert reader.got - before <= 2 * SOCKET_BUFFER + 100_000 < 1_200_000  # some waited in the client already
        reader.close()


def test_an_open_stream_is_cut_when_the_token_is_over(large, slow):
    reader = slow(large.begin())
    (reading,) = large.gateway.readings
    reading.expires_at = large.store.now()
    wait_for(lambda: large.log("reading.cut"), 60)
    assert reader.read_until_cut()


def test_a_reader_who_hangs_up_costs_nothing_and_is_written_down(large, slow):
    reader = slow(large.begin())
    (reading,) = large.gateway.readings
    reader.close()
    wait_for(lambda: not reading.streams, 60)
    large.run(large.gateway.stop())
    (ended,) = large.log("reading.ended")
    assert reader.got <= ended["details"]["bytes"] < 200_000_000


def test_stopping_the_gateway_cuts_and_writes_down(large, slow):
    reader = slow(large.begin())
    large.run(large.gateway.stop())
    assert reader.read_until_cut()
    assert large.log("reading.cut")[-1]["details"]["reason"] == "the gateway was stopped"


def test_many_slow_readers_take_no_memory(large, slow):
    said = large.begin()
    before = _resident()
    readers = [slow(said) for _ in range(8)]
    for reader in readers:
        reader.read(200)
    assert _resident() - before < 60_000_000  # the readers live in this process, too; eight files would be 1.6 GB


def _resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
