"""What the data says never decides which code runs, and never opens another file."""

import json
import os
import pickle
import sqlite3
import struct
import sys
import zipfile
from contextlib import suppress

import geopandas as gpd
import h5py
import pytest
from shapely.geometry import Point

from londata import readers
from londata.errors import LondataError, ReadError
from londata.records.vocabulary import FORMATS, MEDIA_TYPES


class Payload:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (os.mkdir, (str(self.mark),))


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text("password\nhunter2\n")
    return path


def vrt(secret):
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )


@pytest.mark.parametrize("format_", [FORMATS[media_type] for media_type in readers.READERS])
def test_a_pickle_is_never_opened_whatever_it_is_called(tmp_path, format_):
    mark, path = tmp_path / "mark", tmp_path / "copy"
    for protocol in (0, 2, 5):
        path.write_bytes(pickle.dumps(Payload(mark), protocol))
        with suppress(LondataError):  # a CSV of gibberish is still a CSV
            readers.read(path, MEDIA_TYPES[format_])
        assert not mark.exists()


def outcome(path, format_, **keywords):
    """Everything that a reader lets anybody see of a file."""
    try:
        return readers.read(path, MEDIA_TYPES[format_], **keywords).to_csv()
    except ReadError as error:
        return str(error)


@pytest.mark.parametrize("format_", ["geojson", "gpkg"])
def test_a_file_that_names_another_file_to_open_is_refused(tmp_path, secret, format_):
    """GDAL opens a VRT whatever it is called, and a VRT names other files and addresses."""
    path = tmp_path / "copy"
    path.write_text(vrt(secret))
    with pytest.raises(ReadError) as caught:
        readers.read(path, MEDIA_TYPES[format_])
    assert "hunter2" not in str(caught.value)


def test_a_shapefile_that_is_something_else_is_refused(tmp_path, secret):
    path = tmp_path / "copy"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.shp", vrt(secret))
    with pytest.raises(ReadError, match="is not a Shapefile"):
        readers.read(path, MEDIA_TYPES["shapefile"])


def test_a_map_that_points_to_another_map_is_not_followed(tmp_path, secret):
    for content in (
        {"type": "Link", "href": str(secret)},
        {"type": "FeatureCollection", "features": [], "links": [{"rel": "next", "href": f"file://{secret}"}]},
    ):
        path = tmp_path / "copy"
        path.write_text(json.dumps(content))
        assert "hunter2" not in outcome(path, "geojson")


def test_a_geopackage_runs_no_code_of_its_own(tmp_path, secret):
    """A view may call functions; the ones that read files or load libraries are not there."""
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"name": ["x"]}, geometry=[Point(0, 0)], crs=27700).to_file(path, layer="places", driver="GPKG")
    with sqlite3.connect(path) as database:
        database.execute("DROP TRIGGER IF EXISTS trigger_insert_feature_count_places")
        database.execute("ALTER TABLE places RENAME TO hidden")
        database.execute(
            f"CREATE VIEW places AS SELECT fid, geom, readfile('{secret}') || load_extension('x') AS name "  # noqa: S608
            "FROM hidden"
        )
    database.close()
    assert "hunter2" not in outcome(path, "gpkg", layer="places")


@pytest.mark.parametrize("name", ["../evil.shp", "/tmp/evil.shp", "a/../../evil.shp", "..\\evil.shp"])
def test_a_zip_that_leads_out_of_itself_is_refused(tmp_path, name):
    path = tmp_path / "copy"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, struct.pack(">i", 9994))
    for format_ in ("shapefile", "zarr", "xlsx"):
        with pytest.raises(ReadError, match="names a file outside itself"):
            readers.read(path, MEDIA_TYPES[format_])


def zarr_with(tmp_path, mark, filters=None, compressor=None, folder=""):
    """A version 2 store whose only chunk is a pickle."""
    path = tmp_path / "copy"
    array = {
        "zarr_format": 2,
        "shape": [1],
        "chunks": [1],
        "dtype": "|O",
        "compressor": compressor,
        "fill_value": None,
        "order": "C",
        "filters": filters,
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{folder}.zgroup", '{"zarr_format": 2}')
        archive.writestr(f"{folder}a/.zarray", json.dumps(array))
        archive.writestr(f"{folder}a/.zattrs", '{"_ARRAY_DIMENSIONS": ["x"]}')
        archive.writestr(f"{folder}a/0", pickle.dumps([1, (1,), Payload(mark)]))
    return path


@pytest.mark.parametrize("way", ["stored elsewhere", "link", "virtual"])
def test_a_grid_that_takes_its_data_from_another_file_is_refused(tmp_path, secret, way):
    path, other = tmp_path / "copy", tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["x"] = [1, 2, 3]
    with h5py.File(path, "w") as file:
        group = file.create_group("deep")
        if way == "stored elsewhere":
            group.create_dataset("x", (17,), "u1", external=[(str(secret), 0, 17)])
        elif way == "link":
            group["x"] = h5py.ExternalLink(str(other), "x")
        else:
            layout = h5py.VirtualLayout((3,), "i8")
            layout[:] = h5py.VirtualSource(str(other), "x", (3,))
            group.create_virtual_dataset("x", layout)
    with pytest.raises(ReadError, match="takes 'x' from another file"):
        readers.read(path, MEDIA_TYPES["netcdf"], group="deep")


@pytest.mark.parametrize("codec", ["pickle", "Pickle", "msgpack2", "json2", "mine"])
@pytest.mark.parametrize("place", ["filters", "compressor", "in a folder"])
def test_a_grid_packed_with_a_codec_that_runs_code_is_refused(tmp_path, codec, place):
    mark = tmp_path / "mark"
    packing = (
        {"compressor": {"id": codec}} if place == "compressor" else {"filters": [{"id": "vlen-utf8"}, {"id": codec}]}
    )
    path = zarr_with(tmp_path, mark, **packing, folder="deep/in/here/" if place == "in a folder" else "")
    with pytest.raises(ReadError, match=f"packed with {codec.lower()}, which londata does not unpack"):
        readers.read(path, MEDIA_TYPES["zarr"]).load()
    assert not mark.exists()


def test_the_codec_really_would_run_code_without_the_check(tmp_path, monkeypatch):
    """If this fails, the attack above has become toothless and proves nothing."""
    from londata.readers import grids

    mark = tmp_path / "mark"
    monkeypatch.setattr(grids, "CODECS", grids.CODECS | {"pickle"})
    # from 0.16.6 on numcodecs has a lock of its own, which earlier ones have not and an environment can open
    monkeypatch.setattr("numcodecs.pickles.ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)
    path = zarr_with(tmp_path, mark, filters=[{"id": "vlen-utf8"}, {"id": "pickle"}])
    with suppress(Exception):  # what happens after the mark does not matter
        readers.read(path, MEDIA_TYPES["zarr"]).load()
    assert mark.exists()


@pytest.mark.parametrize(
    "codecs",
    [
        [{"name": "numcodecs.pickle", "configuration": {}}],
        [{"name": "sharding_indexed", "configuration": {"codecs": [{"name": "os.system"}], "index_codecs": []}}],
        [{"name": "sharding_indexed", "configuration": {"codecs": [], "index_codecs": ["evil"]}}],
        ["evil:run"],
    ],
)
def test_codecs_of_version_3_are_checked_however_deep(tmp_path, codecs):
    path = tmp_path / "copy"
    metadata = {"zarr_format": 3, "node_type": "group", "attributes": {}}
    array = {"zarr_format": 3, "node_type": "array", "shape": [1], "data_type": "int8", "codecs": codecs}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("zarr.json", json.dumps(metadata))
        archive.writestr("a/zarr.json", json.dumps(array))
    with pytest.raises(ReadError, match="which londata does not unpack"):
        readers.read(path, MEDIA_TYPES["zarr"])


def test_two_files_of_one_name_in_a_zip_do_not_hide_a_codec(tmp_path):
    """Whoever looks at the first and opens the second has looked at nothing."""
    path = zarr_with(tmp_path, tmp_path / "mark", filters=[{"id": "vlen-utf8"}, {"id": "pickle"}])
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    harmless = json.loads(contents["a/.zarray"]) | {"filters": None, "dtype": "<i4"}
    for first, second in ((json.dumps(harmless), contents["a/.zarray"]), (contents["a/.zarray"], json.dumps(harmless))):
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, first if name == "a/.zarray" else content)
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr("a/.zarray", second)
        with pytest.raises(ReadError, match="names a file twice"):
            readers.read(path, MEDIA_TYPES["zarr"]).load()
    assert not (tmp_path / "mark").exists()


def test_every_reader_is_a_fixed_function_of_londata():
    for spec in readers.READERS.values():
        module, function = spec.target.split(":")
        assert module.startswith("londata.readers.")
        assert callable(getattr(__import__(module, fromlist=[function]), function))


def test_a_media_type_chooses_from_the_list_and_imports_nothing(tmp_path):
    before = set(sys.modules)
    for media_type in ("os:system", "../../evil", "text/csv; charset=evil", "", "TEXT/CSV"):
        with pytest.raises(LondataError, match="no reader for"):
            readers.read(tmp_path / "x", media_type)
    assert set(sys.modules) == before
