"""What is read around the register is noticed, whichever library reads it; what the register reads is not."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import londata
from londata import around
from londata.around.openers import files_in
from londata.around.watching import Watch

#: Each line of it reads one thing; the comment is what is to be noted.
READS = """
import os, pathlib, sqlite3, subprocess, sys
data = pathlib.Path(sys.argv[1])
from londata import around
assert around.start()
assert around.start()
import pandas as pd
pd.read_csv(data / "plain.csv")                                           # plain.csv
pd.read_csv(data / "plain.csv")                                           # nothing: it has been noted
pd.read_csv(data / "by_arrow.csv", engine="pyarrow")                      # by_arrow.csv
pd.read_parquet(data / "of_pandas.parquet")                               # of_pandas.parquet
pd.read_parquet(path=str(data / "folder"))                                # folder
import pyarrow.csv, pyarrow.dataset, pyarrow.parquet
pyarrow.parquet.read_table(str(data / "of_arrow.parquet"))                # of_arrow.parquet
pyarrow.parquet.ParquetFile(data / "of_file.parquet").read()              # of_file.parquet
pyarrow.dataset.dataset(source=data / "of_dataset.parquet").to_table()    # of_dataset.parquet
pyarrow.csv.read_csv(data / "of_csv.csv")                                 # of_csv.csv
import duckdb
duckdb.sql(f"select * from '{data}/of_duckdb.parquet'").fetchall()        # of_duckdb.parquet
duckdb.connect(":memory:").close()                                        # nothing
import geopandas
geopandas.read_file(data / "points.gpkg")                                 # points.gpkg
import xarray
xarray.open_dataset(data / "grid.nc", engine="h5netcdf").load()           # grid.nc
open(data / "opened.csv", "rb").read()                                    # opened.csv
os.read(os.open(data / "of_os.csv", os.O_RDONLY), 9)                      # of_os.csv
import numpy
numpy.genfromtxt(data / "of_numpy.csv", delimiter=",")                    # of_numpy.csv
sqlite3.connect(data / "base.db").execute("select * from a")              # base.db
subprocess.run([sys.executable, "-S", "-c", "'a secret'"], check=True)    # a program
os.system("true a-secret")                                                # a program
import socket, urllib.request
for address in ("http://localhost:9/?key=secret", "http://127.0.0.2:9/"): # two addresses
    try:
        urllib.request.urlopen(address)
    except OSError:
        pass
try:
    socket.socket().connect(("127.0.0.3", 9))                             # an address
except OSError:
    pass
"""
FINE = """
import os, pathlib, sqlite3, sys, tempfile
from londata import around
around.start()
from londata import catalog
catalog.borough_indicators.read()
catalog.borough_boundaries.read()
catalog.search("boroughs")
catalog.london_authorities.read(as_="dask").compute(scheduler="threads")
import pandas as pd
pd.DataFrame({"a": [1]}).to_csv("mine.csv")
pd.read_csv("mine.csv")
with tempfile.NamedTemporaryFile("w+", suffix=".csv") as other:
    other.write("a\\n1\\n")
    other.flush()
    pd.read_csv(other.name)
sqlite3.connect(":memory:")
sqlite3.connect("mine.db").execute("create table a (b)")
import zoneinfo, matplotlib
zoneinfo.ZoneInfo("Europe/London")
matplotlib.use("agg")
import matplotlib.pyplot as plt
plt.title("£ é"); plt.plot([1]); plt.savefig("figure.svg")
import json, platform, inspect
platform.platform(); inspect.getsource(json)
"""


def write_files(data):
    """Write a file for each way around."""
    import geopandas
    import pandas as pd
    import xarray

    table = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    for name in ("of_pandas", "of_arrow", "of_dataset", "of_duckdb", "of_file"):
        table.to_parquet(data / f"{name}.parquet")
    table.to_parquet(data / "folder", partition_cols=["b"])
    for name in ("plain", "by_arrow", "of_csv", "opened", "of_os", "of_numpy", "of_program"):
        table.to_csv(data / f"{name}.csv", index=False)
    points = geopandas.GeoDataFrame({"a": [1]}, geometry=geopandas.points_from_xy([0], [51], crs=4326))
    points.to_file(data / "points.gpkg")
    xarray.Dataset({"v": ("t", [1, 2])}).to_netcdf(data / "grid.nc", engine="h5netcdf")
    with contextlib.closing(sqlite3.connect(data / "base.db")) as base:
        base.execute("create table a (b)")


@pytest.fixture
def notes(tmp_path):
    """Run a program that is watched, as a report's kernel is; gives what it noted."""

    def run(program, *arguments):
        scratch = tmp_path / "work" / "scratch"
        scratch.mkdir(parents=True)
        log = tmp_path / "work" / "reads.jsonl"
        environ = os.environ | {"LONDATA_READ_LOG": str(log)}
        command = [sys.executable, "-W", "ignore", "-c", program, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=scratch, env=environ, capture_output=True, text=True, timeout=200, check=False
        )
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
        return [(line["what"], line["how"]) for line in lines if line.get("kind") == "around"]

    return run


def test_every_way_around_is_noted_once_by_its_name_alone(notes, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    write_files(data)
    found = notes(READS, data)
    files = [line.rpartition("# ")[2].strip() for line in READS.splitlines() if "data /" in line or "{data}" in line]
    expected = [str(data / name) for name in files if not name.startswith("nothing")]
    of_files = [what for what, how in found if how in ("a file was opened", "a database was opened")]
    assert of_files == expected
    assert (str(data / "base.db"), "a database was opened") in found
    others = [each for each in found if each[0] not in of_files]
    assert others == [
        (Path(sys.executable).name, "a program was started"),
        ("true", "a program was started"),
        ("localhost", "an address was asked"),
        ("127.0.0.2", "an address was asked"),
        ("127.0.0.3", "an address was asked"),
    ]
    assert "secret" not in str(found)


def test_what_the_register_reads_and_a_run_makes_itself_is_not_noted(notes):
    assert notes(FINE) == []


def test_so_many_things_are_noted_and_then_that_there_are_more(notes, tmp_path):
    for number in range(250):
        (tmp_path / f"{number}.txt").touch()
    program = "import sys, pathlib\nfrom londata import around\naround.start()\n"
    found = notes(program + "for each in sorted(pathlib.Path(sys.argv[1]).glob('*.txt')): each.read_text()", tmp_path)
    assert len(found) == 201
    assert found[-1] == ("others", "more than 200 things went around the register")


def test_without_a_read_log_nobody_is_watched(monkeypatch):
    monkeypatch.delenv("LONDATA_READ_LOG", raising=False)
    assert around.start() is False
    assert not around._watches


def test_a_watch_never_fails_whatever_it_hears(tmp_path):
    watch = Watch(str(tmp_path / "reads.jsonl"))
    for event in watch._hears:
        for arguments in (
            (),
            (None,),
            (object(), object(), object()),
            (b"\xff", None, 0),
            ("a\0b", "r", 0),
            (1, 2, 3, 4),
        ):
            watch.heard(event, arguments)
    watch.reads([object(), None, 3])
    watch.notes("", "")


def test_files_and_addresses_are_found_in_a_query():
    query = "select 'Camden' from 'a/b.parquet' join read_csv('s3://bucket/x') on name = 'x.y' where z = 'data.CSV'"
    assert files_in(query) == ["a/b.parquet", "s3://bucket/x", "data.CSV"]
    assert files_in(None) == []


def test_the_public_name_is_lazy():
    assert londata.merge.__module__ == "londata.joins"
