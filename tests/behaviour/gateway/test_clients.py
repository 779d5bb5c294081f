"""What may be read is read with any client, as it is."""

import datetime as dt
import os
import subprocess
import sys
import threading

import duckdb
import fsspec
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
import xarray as xr
from fsspec.implementations.http import HTTPFileSystem

from gateway_service import an_agreement, an_entry
from londata_hub.store import Holding, RegisterStore


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
