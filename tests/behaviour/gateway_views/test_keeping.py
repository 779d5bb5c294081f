"""Views are made once, kept sealed, and gone when nobody may read them."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from held_data import PUPILS, Held, all_of, allowed
from londata.errors import AccessEndedError, FetchError, ReadError, TooLargeError
from londata_hub.gateway import sealed, shelf
from londata_hub.gateway.opening import PART


def test_eight_who_ask_at_once_get_one_view(own: Held) -> None:
    entry = own.hold(PUPILS)

    async def ask() -> list[Any]:
        decision = allowed(entry, ["age"])
        return await asyncio.gather(*(own.opener.open(entry, entry.distributions[0], decision) for _ in range(8)))

    opened = asyncio.run(ask())
    assert len({each._kept.sealed.inode for each in opened}) == 1
    assert len(own.kept()) == 1


def test_a_changed_source_gives_a_new_view_and_one_that_is_not_as_recorded_none(own: Held) -> None:
    before = own.open(own.hold(PUPILS), ["age"])
    entry = own.hold(PUPILS.slice(0, 10))
    after = own.open(entry, ["age"])
    assert (before.rows, after.rows) == (20, 10)
    assert before.sha256 != after.sha256
    recorded = own.hold(PUPILS, sha256="0" * 64)
    with pytest.raises(FetchError, match="not the one that the register describes"):
        own.open(recorded, ["age"])


def test_a_broken_file_is_an_error_that_leaves_nothing(own: Held) -> None:
    whole = own.hold(PUPILS)
    good = (own.holders / "rolls.parquet").read_bytes()
    for content in (good[: len(good) // 2], good[:100] + bytes(200) + good[300:], b"", b"PAR1PAR1"):
        own.hold(content)
        with pytest.raises(ReadError, match="broken"):
            own.open(whole, ["pupil", "borough", "age"])
    for content, format_ in ((b"a,b\n1,2,3\n", "csv"), (b"{", "geojson"), (b'{"features": [1]}', "geojson")):
        with pytest.raises(ReadError):
            own.open(own.hold(content, format_), ["a"])
    assert own.kept() == []
    assert list((own.state / "gateway" / "partial").iterdir()) == []


def test_what_a_killed_process_left_half_written_is_gone_at_the_next_start(own: Held) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from londata_hub.gateway.shelf import Shelf

def half(out):
    out.write(bytes(1_000_000))
    os.kill(os.getpid(), signal.SIGKILL)

Shelf(Path(sys.argv[1])).make(("rolls", "places"), "it", half)
"""
    folder = own.state / "gateway"
    killed = subprocess.run([sys.executable, "-c", code, str(folder)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list((folder / "partial").iterdir())) == 1
    assert shelf.Shelf(folder).find(("rolls", "places"), "it") is None
    assert list((folder / "partial").iterdir()) == own.kept() == []


def test_purging_ends_a_reading_that_is_under_way_and_deletes_key_and_copies(own: Held) -> None:
    entry = own.hold(pa.table({"n": range(800_000), "x": range(800_000)}))
    opened = own.open(entry, ["n"])

    async def read() -> None:
        pieces = opened.pieces(0, opened.size_bytes)
        assert len(await anext(pieces)) == PART < opened.size_bytes
        assert own.opener.purge("rolls", "places")
        with pytest.raises(AccessEndedError):
            await anext(pieces)

    asyncio.run(read())
    assert own.kept() == []
    assert list((own.state / "gateway" / "keys").iterdir()) == []
    assert not own.opener.purge("rolls", "places")


def test_every_pair_but_those_that_still_hold_is_purged(own: Held) -> None:
    entry = own.hold(PUPILS)
    for project in ("places", "meals", "travel"):
        own.open(entry, ["age"], project=project)
    assert sorted(own.opener.keep_only({("rolls", "meals")})) == [("rolls", "places"), ("rolls", "travel")]
    assert len(own.kept()) == 1


def test_copies_beyond_the_limit_go_and_the_longest_unused_first(tmp_path: Path) -> None:
    own = Held(tmp_path, limit=7_000)
    try:
        entry = own.hold(pa.table({"pupil": [f"{number * 7919:x}" for number in range(500)], "n": range(500)}))
        first = own.open(entry, ["pupil"], project="first")
        assert 2_000 < first.size_bytes < 3_000
        own.open(entry, ["pupil"], project="second")
        own.open(entry, ["pupil"], project="first")
        own.open(entry, ["pupil"], project="third")
        assert len(own.kept()) == 2
        assert all_of(first)
        with pytest.raises(TooLargeError):
            own.open(own.hold(pa.table({"n": range(5_000), "x": range(5_000)})), ["n"])
    finally:
        own.close()


@pytest.mark.parametrize("size", [0, 1, sealed.PIECE - 1, sealed.PIECE, sealed.PIECE + 1, 3 * sealed.PIECE + 5])
def test_any_range_of_a_sealed_file_is_what_was_written(tmp_path: Path, size: int) -> None:
    content = hashlib.shake_128(b"any").digest(size)
    path, key = tmp_path / "sealed", bytes(32)
    with path.open("wb") as file:
        writer = sealed.SealedWriter(file, key, "it")
        for start in range(0, size, 100_000):
            writer.write(content[start : start + 100_000])
        writer.finish(rows=3)
    found = sealed.SealedFile.open(path, key, "it")
    assert found.facts == {"rows": 3, "size_bytes": size, "sha256": hashlib.sha256(content).hexdigest()}
    edges = sorted({0, 1, size // 2, sealed.PIECE - 1, sealed.PIECE, sealed.PIECE + 1, size - 1, size, size + 9})
    for start in (edge for edge in edges if edge >= 0):
        for stop in edges:
            if stop >= start:
                assert found.read(start, stop) == content[start:stop]
    assert size < 40 or content[:40] not in path.read_bytes()
