"""The gateway's client and its file system, against a real gateway over real files."""

import pickle
import subprocess
import sys
import threading
import time

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from gateway_service import World, served_gateway
from londata import readlog
from londata.client import GatewayClient
from londata.client.gateway_files import HOLD_S, GatewayFileSystem
from londata.errors import (
    AccessDeniedError,
    AccessEndedError,
    EntryNotFoundError,
    NotAuthenticatedError,
    OfflineError,
    SettingsError,
    UsageError,
)

TOKEN = "token-of-ada"
PROJECT = "places"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Rolls large enough that what a reader needs of them is more than a footer."""
    made = World(tmp_path_factory.mktemp("world"), rows=100).make()
    random = np.random.default_rng(1)
    rows = 400_000
    large = pa.table(
        {
            "pupil": [f"P{number:07}" for number in range(rows)],
            "borough": pa.array(["Barnet", "Camden", "Hackney"]).take(pa.array(np.sort(random.integers(0, 3, rows)))),
            "score": random.random(rows),
            "note": random.integers(0, 1 << 60, rows),
        }
    )
    pq.write_table(large, made.rolls, row_group_size=20_000)
    return made


@pytest.fixture(scope="module")
def gateway(world):
    with served_gateway(world, on_socket=True) as running:
        yield running


@pytest.fixture
def client(gateway):
    client = GatewayClient(gateway.address, TOKEN)
    yield client
    client.close()


@pytest.fixture
def files(gateway, monkeypatch):
    """The file system as a kernel of the hub has it."""
    monkeypatch.setenv("LONDATA_GATEWAY", gateway.address)
    monkeypatch.setenv("LONDATA_TOKEN", TOKEN)
    monkeypatch.setenv("LONDATA_PROJECT", PROJECT)
    GatewayFileSystem.clear_instance_cache()
    return fsspec.filesystem("londata")


def sent(gateway):
    """Count the bytes that left the gateway, by its own count, once it has noticed that they have."""
    deadline = time.monotonic() + 30
    while any(reading.streams for reading in gateway.gateway.readings):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return sum(reading.sent for reading in gateway.gateway.readings)


def needed(path, columns, borough):
    """Count the bytes of the column chunks of every row group that may hold a borough."""
    found = 0
    metadata = pq.ParquetFile(path).metadata
    for number in range(metadata.num_row_groups):
        chunks = [metadata.row_group(number).column(index) for index in range(metadata.num_columns)]
        by_name = {chunk.path_in_schema: chunk for chunk in chunks}
        bounds = by_name["borough"].statistics
        if bounds.min <= borough <= bounds.max:
            found += sum(by_name[name].total_compressed_size for name in columns)
    return found


def test_a_reading_begins_with_the_terms_on_which_it_is_read(client, world):
    opening = client.begin("rolls", "parquet", PROJECT)
    assert (opening.entry, opening.distribution, opening.project) == ("rolls", "parquet", PROJECT)
    assert (opening.agreement, opening.outputs, opening.grant) == ("ISA-1", "aggregate-only", "ada-rolls-places")
    assert opening.size_bytes == world.rolls.stat().st_size
    assert opening.columns is None
    assert opening.decision > 0
    assert opening.token not in repr(opening)


def test_any_range_of_the_bytes_can_be_read(client, world):
    held = client.hold(client.begin("rolls", "parquet", PROJECT))
    content = world.rolls.read_bytes()
    size = len(content)
    for start, stop in ((0, 4), (10, 10), (size - 8, size), (size - 100, size - 50), (size - 200, size), (5, size + 9)):
        assert held.read(start, stop) == content[start:stop]
    assert b"".join(held.pieces()) == content


def test_the_end_of_a_file_is_fetched_once(client, gateway):
    held = client.hold(client.begin("rolls", "parquet", PROJECT))
    held.read(held.size - 1000, held.size)
    before = sent(gateway)
    assert len(held.read(held.size - 8, held.size)) == 8
    assert sent(gateway) == before
    held.read(held.size - 1500, held.size)
    assert sent(gateway) == before + 500


def test_a_reading_whose_token_ran_out_is_begun_again_unseen(client, gateway, world):
    held = client.hold(client.begin("rolls", "parquet", PROJECT))
    held.read(0, 10)
    first = held.opening
    for reading in gateway.gateway.readings:
        gateway.run(gateway.gateway.readings.forget(reading, "the test says so"))
    assert held.read(10, 20) == world.rolls.read_bytes()[10:20]
    assert held.opening.decision > first.decision


def test_many_threads_begin_an_old_reading_again_once(client, gateway):
    held = client.hold(client.begin("rolls", "parquet", PROJECT))
    for reading in gateway.gateway.readings:
        gateway.run(gateway.gateway.readings.forget(reading, "the test says so"))
    before = len(gateway.log("decision.allowed"))
    threads = [threading.Thread(target=held.read, args=(number, number + 50)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(gateway.log("decision.allowed")) == before + 1


def test_a_gateway_that_was_restarted_is_asked_again_unseen(tmp_path):
    world = World(tmp_path, rows=50).make()
    with served_gateway(world, on_socket=True) as running:
        client = GatewayClient(running.address, TOKEN)
        held = client.hold(client.begin("rolls", "parquet", PROJECT))
        held.read(0, 10)
    with served_gateway(world, on_socket=True):
        assert held.read(0, 30) == world.rolls.read_bytes()[:30]
    client.close()
    with pytest.raises(OfflineError, match="gateway"):
        held.read(0, 40)
    client.close()


def test_data_that_changes_while_it_is_read_is_not_pieced_together(tmp_path):
    world = World(tmp_path, rows=50).make()
    with served_gateway(world, on_socket=True) as running:
        client = GatewayClient(running.address, TOKEN)
        held = client.hold(client.begin("rolls", "parquet", PROJECT))
        held.read(0, 10)
        content = world.rolls.read_bytes()
        world.rolls.unlink()
        world.rolls.write_bytes(content[:-1] + b"!")
        with pytest.raises(Exception, match="changed while it was read"):
            held.read(10, 20)
        client.close()


def test_a_grant_that_is_ended_ends_a_reading_at_once(tmp_path):
    world = World(tmp_path, rows=50).make()
    with served_gateway(world, on_socket=True) as running:
        client = GatewayClient(running.address, TOKEN)
        held = client.hold(client.begin("rolls", "parquet", PROJECT))
        held.read(0, 10)
        running.store.end_grant("ada-rolls-places", "chen", "the work is done")
        with pytest.raises(AccessEndedError, match="chen took back"):
            held.read(10, 20)
        with pytest.raises(AccessEndedError, match="chen took back"):
            client.begin("rolls", "parquet", PROJECT)
        client.close()


def test_what_the_gateway_refuses_goes_to_the_caller_as_londatas_own_error(client, gateway):
    with pytest.raises(AccessDeniedError, match="never works for two"):
        client.begin("rolls", "parquet", "routes")
    bola = GatewayClient(gateway.address, "token-of-bola")
    with pytest.raises(AccessDeniedError, match="no grant"):
        bola.begin("ages", "parquet", PROJECT)
    bola.close()
    with pytest.raises(EntryNotFoundError):
        client.begin("nothing-there", None, PROJECT)
    with pytest.raises(UsageError, match="nothing called"):
        client.begin("../secrets", None, PROJECT)
    with pytest.raises(SettingsError, match="gateway's address"):
        GatewayClient("ftp://somewhere")
    stranger = GatewayClient(gateway.address, "token-of-nobody")
    with pytest.raises(NotAuthenticatedError):
        stranger.begin("rolls", "parquet", PROJECT)
    stranger.close()


def test_two_columns_of_one_borough_move_little_more_than_their_bytes(files, gateway, world):
    """Whichever library asks; what is over is the file's footer."""
    import duckdb

    wanted, columns = [("borough", "==", "Camden")], ["borough", "score"]
    need = needed(world.rolls, columns, "Camden")
    where = pads.field("borough") == "Camden"
    database = duckdb.connect()
    database.register_filesystem(files)
    path = "londata://rolls/parquet"
    asked = {
        "pandas": lambda: pd.read_parquet(path, columns=columns, filters=wanted),
        "pyarrow": lambda: pads.dataset("rolls/parquet", filesystem=files).to_table(columns=columns, filter=where),
        "file": lambda: pq.read_table(files.open(path), columns=columns, filters=wanted),
        "duckdb": lambda: database.sql(
            f"SELECT borough, score FROM read_parquet('{path}') WHERE borough = 'Camden'"  # noqa: S608
        ).df(),
    }
    for name, ask in asked.items():
        files.invalidate_cache()
        before = sent(gateway)
        rows = len(ask())
        moved = sent(gateway) - before
        assert rows == pq.read_table(world.rolls, filters=wanted).num_rows
        assert moved <= 1.1 * need, f"{name} moved {moved:,} bytes for {need:,}"
    database.close()


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_dask_reads_the_path_in_parts(files, world):
    import dask.dataframe as dd

    frame = dd.read_parquet("londata://rolls/parquet", columns=["borough"], split_row_groups=True)
    assert frame.npartitions == 20
    assert len(frame) == 400_000


def test_a_csv_can_be_read_line_by_line_and_whole(files, world):
    text = (world.holders / "rolls.csv").read_text()
    with fsspec.open("londata://rolls/csv", "rt", newline="") as file:
        assert file.readline() == text[: text.index("\n") + 1]
        assert file.read() == text[text.index("\n") + 1 :]
    assert pd.read_csv("londata://rolls/csv").shape == (100, 4)
    assert files.cat_file("rolls/csv", -5, None) == text.encode()[-5:]
    ranges = files.cat_ranges(["rolls/csv"] * 2, [0, 10], [5, 20])
    assert ranges == [text.encode()[:5], text.encode()[10:20]]


def test_a_path_is_one_file_and_no_folder(files):
    assert files.exists("londata://rolls/parquet")
    assert files.isfile("rolls/parquet")
    assert not files.isdir("rolls/parquet")
    assert not files.exists("nothing-there")
    assert files.ls("rolls/parquet", detail=False) == ["rolls/parquet"]
    assert files.info("rolls/parquet")["media_type"] == "application/vnd.apache.parquet"
    with pytest.raises(UsageError, match="name of an entry"):
        files.info("londata://")


def test_a_library_that_opens_a_path_again_and_again_makes_one_reading_that_is_noted(files, gateway):
    files.invalidate_cache()
    before, noted = len(gateway.log("decision.allowed")), len(readlog.reads())
    for _ in range(3):
        with files.open("rolls/parquet") as file:
            file.read(4)
    assert len(gateway.log("decision.allowed")) == before + 1
    (reading,) = readlog.reads()[noted:]
    assert (reading.entry, reading.project, reading.agreement) == ("rolls", PROJECT, "ISA-1")
    assert HOLD_S <= 60


def test_the_file_system_reads_and_does_nothing_else(files, tmp_path):
    for change in (
        lambda: files.open("rolls/parquet", "wb"),
        lambda: files.rm("rolls/parquet"),
        lambda: files.mkdir("rolls"),
        lambda: files.pipe_file("rolls/parquet", b"x"),
        lambda: files.put(str(tmp_path), "rolls"),
        lambda: files.mv("rolls/parquet", "rolls/other"),
    ):
        with pytest.raises(UsageError, match="not changed"):
            change()


def test_without_a_gateway_an_address_says_where_it_can_be_opened(monkeypatch):
    monkeypatch.delenv("LONDATA_GATEWAY", raising=False)
    with pytest.raises(UsageError, match=r"none here.*read_dummy"):
        GatewayFileSystem(skip_instance_cache=True).open("rolls")


def test_a_pickle_of_a_file_opens_it_again_with_the_token_of_whoever_loads_it(files, world):
    with files.open("rolls/parquet") as file:
        file.seek(4)
        packed = pickle.dumps(file)
    assert TOKEN.encode() not in packed
    with pickle.loads(packed) as again:  # noqa: S301
        assert again.read(4) == world.rolls.read_bytes()[4:8]


def test_fsspec_knows_the_protocol_without_londata_being_imported():
    code = "import sys, fsspec; kind = fsspec.get_filesystem_class('londata'); print(kind.__module__)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "londata.client.gateway_files"
