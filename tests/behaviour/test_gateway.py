"""The gateway: what may be read is read with any client, one decision at a time, and the log says what left."""

import datetime as dt
import io
import itertools
import os
import subprocess
import sys
import threading

import duckdb
import fsspec
import geopandas as gpd
import httpx
import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
import xarray as xr
from fsspec.implementations.http import HTTPFileSystem

from gateway_service import Kernel, World, an_agreement, an_entry, served_gateway
from londata.records import ServiceAccount
from londata_hub.gateway import readings as readings_module
from londata_hub.gateway.ranges import OutsideError, wanted
from londata_hub.gateway.sessions import Peer, Projects, Session
from londata_hub.store import Holding, RegisterStore
from running_hub import wait_for


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("gateway")).make()


@pytest.fixture(scope="module")
def gateway(world):
    with served_gateway(world) as running:
        yield running


@pytest.fixture
def own(tmp_path):
    """A gateway of the test's own, whose arrangements it may change."""
    with served_gateway(World(tmp_path, rows=20_000).make()) as running:
        yield running


@pytest.fixture
def rolls(world):
    return world.rolls.read_bytes()


# -- what is said when a reading begins


def test_a_reading_says_what_may_be_read_for_what_and_until_when(gateway, rolls):
    said = gateway.begin()
    assert said["path"] == "/data/rolls/parquet"
    assert (said["entry"], said["distribution"], said["size_bytes"]) == ("rolls", "parquet", len(rolls))
    assert (said["agreement"], said["project"], said["grant"]) == ("ISA-1", "places", "ada-rolls-places")
    assert (said["purpose"], said["outputs"]) == ("school-place-planning", "aggregate-only")
    assert (said["columns"], said["row_filter"], said["warning"]) == (None, "all rows", None)
    allowed = gateway.log("decision.allowed")[-1]
    assert (allowed["seq"], allowed["entry"], allowed["subject"]) == (said["decision"], "rolls", "ada")


def test_only_the_agreed_columns_of_the_agreed_rows_leave(gateway):
    said = gateway.begin("ages")
    assert (said["columns"], said["row_filter"]) == (["borough", "age"], "borough is Camden")
    found = pq.read_table(io.BytesIO(gateway.get(said).content))
    assert found.column_names == ["borough", "age"]
    assert found.column("borough").unique().to_pylist() == ["Camden"]
    assert found.num_rows == said["rows"]
    assert len(gateway.get(said).content) == said["size_bytes"]


@pytest.mark.parametrize(
    ("asked", "status", "code", "says"),
    [
        ({"entry": "nowhere"}, 404, "not_found", "no entry"),
        ({"entry": "rolls", "distribution": "xlsx"}, 404, "not_found", "It has: parquet, csv."),
        ({"entry": "rolls", "distribution": None}, 400, "ambiguous_distribution", "parquet, csv"),
        ({"entry": "rolls", "project": "cooking"}, 403, "access_denied", "no grant for it in the project cooking"),
        ({"entry": "rolls", "project": None}, 403, "access_denied", "no project is chosen"),
        ({"entry": "plain"}, 403, "access_denied", "Open data is read from the register"),
        ({"entry": "rolls", "columns": ["age"]}, 400, "query", "no parameter 'columns'"),
        ({"entry": ["rolls"]}, 400, "query", "entry is not a name"),
        ({"entry": "Rolls'; DROP TABLE audit --"}, 400, "query", "entry is not a name"),
        ({"entry": None}, 400, "query", "entry is not a name"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(gateway, asked, status, code, says):
    answer = gateway.ask(**asked)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert says in f"{error['message']} {error['hint']}"


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff", b'{"entry": "rolls"}' + b" " * 20_000, b"[" * 9_000])
def test_a_body_that_is_no_small_object_is_refused(gateway, body):
    with gateway.client("token-of-ada") as client:
        answer = client.post("/readings", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "query")


def test_a_hidden_entry_is_not_there_for_those_who_may_not_know_of_it(gateway):
    assert gateway.begin("secret")["entry"] == "secret"
    hidden, nowhere = gateway.ask("secret", "bola"), gateway.ask("nowhere", "bola")
    assert hidden.status_code == nowhere.status_code == 404
    assert hidden.json()["error"]["message"].replace("secret", "nowhere") == nowhere.json()["error"]["message"]
    assert [line["entry"] for line in gateway.log("decision.denied")[-2:]] == ["secret", "nowhere"]


def test_a_warning_says_that_the_access_ends_soon(own):
    today = own.store.now().date()
    end = today + dt.timedelta(days=20)
    own.store.record(an_agreement("ISA-1", [{"entry": "rolls"}], today, review_by=end), "operator")
    assert "19 days are left" in own.begin()["warning"] or "20 days are left" in own.begin()["warning"]


# -- ranges


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=990-", (990, 1000)),
        ("bytes=-10", (990, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=0-99999999999999999999999999", (0, 1000)),
        ("BYTES=1-2", (1, 3)),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", None),
        ("bytes=" + ",".join(["0-"] * 30), None),
        ("bytes=0-" + "9" * 5_000, None),
        ("bytes=--5", None),
        ("bytes=-5-10", None),
        ("bytes=0x1-0x2", None),
        ("bytes=١-٢", None),
        ("bytes= 1-2", None),
        ("bytes", None),
        ("lines=1-2", None),
        ("", None),
    ],
)
def test_a_range_is_one_range_or_everything(header, found):
    assert wanted([header] if header is not None else [], 1000) == found
    assert wanted(["bytes=0-1", "bytes=2-3"], 1000) is None


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=" + "9" * 40 + "-"])
def test_a_range_behind_the_end_cannot_be_had(header):
    with pytest.raises(OutsideError):
        wanted([header], 1000)
    with pytest.raises(OutsideError):
        wanted(["bytes=0-"], 0)


def test_ranges_come_as_the_standard_says(gateway, rolls):
    said = gateway.begin()
    whole = gateway.get(said)
    assert (whole.status_code, whole.content, whole.headers["accept-ranges"]) == (200, rolls, "bytes")
    part = gateway.get(said, range="bytes=100-199")
    assert (part.status_code, part.content) == (206, rolls[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(rolls)}"
    assert part.headers["etag"] == whole.headers["etag"] == f'"{said["sha256"]}"'
    behind = gateway.get(said, range=f"bytes={len(rolls)}-")
    assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{len(rolls)}")
    assert behind.json()["error"]["code"] == "http"
    head = gateway.get(said, "HEAD", range="bytes=0-9")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(rolls)))


def test_a_range_of_another_version_is_answered_with_everything(gateway, rolls):
    said = gateway.begin()
    same, other = f'"{said["sha256"]}"', '"0"'
    assert gateway.get(said, range="bytes=0-9", if_range=same).content == rolls[:10]
    for stale in (other, f"W/{same}", "Sun, 22 Nov 2026 04:29:55 GMT"):
        assert gateway.get(said, range="bytes=0-9", if_range=stale).content == rolls


@pytest.mark.parametrize("entry", ["rolls", "ages"])
def test_files_and_views_give_the_same_bytes_in_parts(gateway, entry):
    said = gateway.begin(entry)
    whole = gateway.get(said).content
    at = [0, 1, 4_000, len(whole) // 2, len(whole) - 1, len(whole)]
    with gateway.client(said["token"]) as client:
        parts = [
            client.get(said["path"], headers={"Range": f"bytes={start}-{stop - 1}"}).content
            for start, stop in itertools.pairwise(at)
        ]
    assert b"".join(parts) == whole


def test_every_answer_has_the_headers_of_the_house(gateway):
    for answer in (gateway.get(gateway.begin()), gateway.ask("nowhere"), gateway.ask()):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert "content-encoding" not in answer.headers
        assert "aiohttp" not in answer.headers["server"]


def test_the_gateway_says_that_it_runs(gateway):
    with gateway.client() as client:
        assert client.get("/health").json() == {"ok": True}


# -- clients as they are


@pytest.fixture
def remote(gateway):
    """The address and the header that any client needs."""
    said = gateway.begin()
    return gateway.url(said), {"Authorization": f"Bearer {said['token']}"}


@pytest.fixture
def http(remote):
    return fsspec.filesystem("http", client_kwargs={"headers": remote[1]}, skip_instance_cache=True)


def test_pyarrow_reads(remote, http, world):
    files = pafs.PyFileSystem(pafs.FSSpecHandler(http))
    found = ds.dataset(remote[0], filesystem=files).to_table(columns=["age"], filter=ds.field("borough") == "Camden")
    expected = pq.read_table(world.rolls, columns=["age"], filters=[("borough", "==", "Camden")])
    assert found.equals(expected)


class WithTimes(HTTPFileSystem):
    """DuckDB asks a file system when a file was changed, and that of HTTP does not say."""

    def modified(self, path):
        return dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def test_duckdb_reads(remote, world):
    files = WithTimes(client_kwargs={"headers": remote[1]}, skip_instance_cache=True)
    with duckdb.connect() as database:
        database.register_filesystem(files)
        (found,) = database.read_parquet(remote[0]).aggregate("count(*), sum(age)").fetchall()
    ages = pq.read_table(world.rolls, columns=["age"]).column("age").to_numpy()
    assert found == (len(ages), ages.sum())


def test_fsspec_reads(remote, http, rolls):
    with http.open(remote[0], block_size=50_000) as file:
        file.seek(-100, os.SEEK_END)
        assert file.read() == rolls[-100:]
    assert http.cat_file(remote[0], 10, 20) == rolls[10:20]


def test_pandas_reads(remote, gateway, world):
    found = pd.read_parquet(remote[0], storage_options=remote[1], columns=["age"])
    pd.testing.assert_frame_equal(found, pd.read_parquet(world.rolls, columns=["age"]))
    said = gateway.begin(distribution="csv")
    table = pd.read_csv(gateway.url(said), storage_options={"Authorization": f"Bearer {said['token']}"})
    pd.testing.assert_frame_equal(table, pd.read_csv(world.holders / "rolls.csv"))


@pytest.fixture(scope="module")
def maps(world, gateway):
    """Add a map and a grid to what there is."""
    points = gpd.GeoDataFrame(
        {"n": range(50)}, geometry=gpd.points_from_xy(np.arange(50.0), np.arange(50.0)), crs=27700
    )
    points.to_parquet(world.holders / "points.parquet")
    points.to_file(world.holders / "points.gpkg", layer="points")
    grid = xr.Dataset({"heat": (("y", "x"), np.arange(12.0).reshape(3, 4))})
    grid.to_netcdf(world.holders / "grid.nc", engine="h5netcdf")
    kinds = {"geoparquet": "application/vnd.apache.parquet", "gpkg": "application/geopackage+sqlite3"}
    entry = an_entry("maps", kinds | {"nc": "application/netcdf"})
    with RegisterStore(world.database, world.folder / "index") as register:
        register.upsert([entry], source="more tests")
    today = gateway.store.now().date()
    covers = [{"entry": name} for name in ("rolls", "secret", "maps")]
    gateway.store.record(an_agreement("ISA-1", covers, today), "operator")
    known = gateway.store.arrangements().terms("ada", "rolls")[0].grant
    gateway.store.grant(known.model_copy(update={"id": "ada-maps", "entry": "maps"}), "operator")
    for name, file in (("geoparquet", "points.parquet"), ("gpkg", "points.gpkg"), ("nc", "grid.nc")):
        gateway.store.hold(Holding("maps", name, "file", file), "operator")
    return points, grid


def test_geopandas_reads(gateway, maps):
    said = gateway.begin("maps", distribution="geoparquet")
    opening = {"client_kwargs": {"headers": {"Authorization": f"Bearer {said['token']}"}}}
    with fsspec.open(gateway.url(said), **opening) as file:
        assert gpd.read_parquet(file).equals(maps[0])


def test_gdal_reads(gateway, maps):
    """In a process of its own: GDAL waits without letting other Python threads work, among them this gateway."""
    said = gateway.begin("maps", distribution="gpkg")
    code = "import sys, geopandas; print(geopandas.read_file(sys.argv[1], layer='points').n.sum())"
    headers = {"GDAL_HTTP_HEADERS": f"Authorization: Bearer {said['token']}"}
    command = [sys.executable, "-c", code, f"/vsicurl/{gateway.url(said)}"]
    done = subprocess.run(command, env=os.environ | headers, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.strip() == str(sum(range(50))), done.stderr


def test_xarray_reads(gateway, maps):
    said = gateway.begin("maps", distribution="nc")
    opening = {"client_kwargs": {"headers": {"Authorization": f"Bearer {said['token']}"}}}
    with (
        fsspec.open(gateway.url(said), **opening) as file,
        xr.open_dataset(file, engine="h5netcdf") as found,
    ):
        xr.testing.assert_equal(found.load(), maps[1])


def test_eight_read_at_once(gateway, rolls):
    said, found = gateway.begin(), []

    def read():
        with gateway.client(said["token"]) as client:
            for _ in range(3):
                found.append(client.get(said["path"]).content == rolls)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 24


# -- the log


def test_the_log_says_what_left(own):
    said = own.begin()
    own.get(said, "HEAD")
    size = len(own.get(said).content)
    own.get(said, range="bytes=0-99")
    (begun,) = own.log("reading.begun")
    about = begun["details"]
    assert (begun["subject"], begun["entry"], begun["project"], begun["agreement"]) == (
        "ada",
        "rolls",
        "places",
        "ISA-1",
    )
    assert (about["decision"], about["sha256"], about["size"]) == (said["decision"], said["sha256"], size)
    assert (about["distribution"], about["columns"], about["row_filter"]) == ("parquet", None, "all rows")
    assert own.log("reading.ended") == []
    own.run(own.gateway.stop())
    (ended,) = own.log("reading.ended")
    assert (ended["details"]["reading"], ended["details"]["bytes"]) == (begun["seq"], size + 100)
    assert (ended["details"]["ranges"], ended["details"]["reason"]) == (2, "the gateway was stopped")


def test_a_decision_and_the_line_that_bytes_may_leave_are_written_together(own):
    said = own.begin()
    decided, begun = own.log()[-2:]
    assert (decided["what"], begun["what"]) == ("decision.allowed", "reading.begun")
    assert (decided["seq"], decided["at"]) == (said["decision"], begun["at"])
    assert begun["details"]["decision"] == decided["seq"]


def test_a_decision_whose_bytes_cannot_be_had_says_so_and_begins_nothing(own):
    own.world.rolls.unlink()
    assert own.ask().status_code == 502
    line = own.log()[-1]
    assert (line["what"], line["subject"]) == ("decision.allowed", "ada")
    assert line["details"]["failed"] == own.ask().json()["error"]["message"]
    assert own.log("reading.begun") == []


def test_what_is_opened_while_its_terms_change_is_opened_anew(own, monkeypatch):
    opened, opener = [], own.gateway._doors._beginning._opener

    async def slowly(entry, distribution, decision):
        opened.append(decision.columns)
        if len(opened) == 1:
            covers = [{"entry": "rolls", "columns": ["borough"]}]
            own.store.record(an_agreement("ISA-1", covers, own.store.now().date()), "operator")
        return await type(opener).open(opener, entry, distribution, decision)

    monkeypatch.setattr(opener, "open", slowly)
    assert own.begin()["columns"] == ["borough"]
    assert opened == [None, ("borough",)]
    (begun,) = own.log("reading.begun")
    assert begun["details"]["columns"] == ["borough"]


def test_what_is_revoked_while_it_is_opened_is_denied(own, monkeypatch):
    opener = own.gateway._doors._beginning._opener

    async def slowly(*asked):
        found = await type(opener).open(opener, *asked)
        own.store.end_grant("ada-rolls-places", "chen", "")
        return found

    monkeypatch.setattr(opener, "open", slowly)
    assert own.ask().json()["error"]["code"] == "access_ended"
    assert own.log()[-1]["what"] == "decision.denied"
    assert own.log("reading.begun") == []


def test_a_reading_that_rests_is_closed_and_goes_on_under_a_new_line(own, monkeypatch):
    said = own.begin()
    own.get(said, range="bytes=0-99")
    monkeypatch.setattr(readings_module, "IDLE_S", 0)
    wait_for(lambda: own.log("reading.ended"), 10)
    monkeypatch.setattr(readings_module, "IDLE_S", 60)
    own.get(said, range="bytes=0-49")
    assert len(own.log("reading.begun")) == 2
    assert [line["details"]["bytes"] for line in own.log("reading.ended")] == [100]


def test_whoever_has_very_many_readings_loses_the_oldest(own, monkeypatch):
    monkeypatch.setattr(readings_module, "MOST_OF_ONE", 3)
    first, *others = [own.begin() for _ in range(4)]
    assert own.get(first, range="bytes=0-9").status_code == 401
    assert [own.get(each, range="bytes=0-9").status_code for each in others] == [206] * 3


# -- what ends


def test_a_grant_that_ends_acts_on_the_next_request(own):
    said = own.begin()
    assert own.get(said, range="bytes=0-9").status_code == 206
    own.store.end_grant("ada-rolls-places", "chen", "no longer needed")
    for _ in range(2):
        refused = own.get(said, range="bytes=10-19")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "access_ended")
        assert "chen took back (“no longer needed”)" in refused.json()["error"]["message"]
    assert own.ask().json()["error"]["code"] == "access_ended"
    about_data = [line for line in own.log("decision.denied") if "decision" in line["details"]]
    assert len(about_data) == 1
    assert own.log("reading.ended")[-1]["details"]["bytes"] == 10


@pytest.mark.parametrize(
    "change",
    [
        {"status": "suspended"},
        {"review_by": "2026-01-01", "start": "2025-01-01"},
        {"covers": []},
        {"parties": [{"organisation": "barnet", "role": "controller"}]},
        {"purposes": ["research"]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_agreement_that_no_longer_allows_ends_a_reading(own, change):
    said = own.begin()
    rest = dict(change)
    covers = rest.pop("covers", [{"entry": "rolls"}])
    own.store.record(an_agreement("ISA-1", covers, own.store.now().date(), **rest), "operator")
    assert own.get(said).json()["error"]["code"] == "access_ended"


def test_an_agreement_that_allows_less_makes_a_reading_begin_again(own):
    said = own.begin()
    covers = [{"entry": "rolls", "columns": ["age"]}]
    own.store.record(an_agreement("ISA-1", covers, own.store.now().date()), "operator")
    refused = own.get(said)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "not_authenticated")
    again = own.begin()
    assert again["columns"] == ["age"]
    assert pq.read_table(io.BytesIO(own.get(again).content)).column_names == ["age"]


def test_leaving_a_group_ends_a_reading(own):
    said = own.begin()
    own.people.groups["ada"] = frozenset({"analysts"})
    assert own.get(said).json()["error"]["code"] == "access_ended"
    assert own.get(own.begin(who="bola")).status_code == 200


def test_a_token_of_the_hub_that_is_revoked_ends_a_reading(own):
    said = own.begin()
    own.people.groups["ada"] = None
    assert own.get(said).json()["error"]["code"] == "access_ended"
    assert own.ask().status_code == 401


def test_data_that_changes_while_it_is_read_is_not_mixed(own):
    said = own.begin()
    own.world.rolls.write_bytes(own.world.rolls.read_bytes()[:-1] + b"x")
    refused = own.get(said, range="bytes=0-9")
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "fetch")
    assert own.begin()["sha256"] != said["sha256"]


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
    (cut,) = wait_for(lambda: large.log("reading.cut"), 5)
    assert reader.read_until_cut()
    assert reader.got <= cut["details"]["bytes"] < 200_000_000
    assert cut["details"]["reading"] == large.log("reading.begun")[-1]["seq"]
    assert large.log("reading.ended") == []


def test_an_open_stream_is_cut_when_the_token_is_over(large, slow, monkeypatch):
    monkeypatch.setattr(readings_module, "LONGEST", dt.timedelta(seconds=1))
    reader = slow(large.begin())
    wait_for(lambda: large.log("reading.cut"), 5)
    assert reader.read_until_cut()


def test_a_reader_who_hangs_up_costs_nothing_and_is_written_down(large, slow):
    reader = slow(large.begin())
    (reading,) = large.gateway.readings
    reader.close()
    wait_for(lambda: not reading.streams, 5)
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


def test_keys_of_what_nobody_may_read_are_deleted(own):
    said = own.begin("ages")
    assert own.get(said).status_code == 200
    own.run(own.gateway.watch.tidy())
    assert own.log("key.purged") == []
    own.store.end_grant("ada-ages-places", "chen", "")
    own.run(own.gateway.watch.tidy())
    (purged,) = own.log("key.purged")
    assert (purged["entry"], purged["project"]) == ("ages", "places")
    assert own.get(said).json()["error"]["code"] == "access_ended"


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
