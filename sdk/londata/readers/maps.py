"""GeoJSON, GeoPackage and zipped Shapefile.

GDAL would open whatever the bytes look like, and some of its formats (VRT) name other files to open. So each
reader here names the one format it wants, or has looked at the bytes first.
"""

from __future__ import annotations

import struct
import warnings
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas as gpd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from londata.errors import ReadError
from londata.readers import archives
from londata.readers.columns import with_dates
from londata.readers.in_memory import is_in_memory
from londata.readers.wanted import Wanted, listed, positions

_BROKEN = (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError, ValueError, RuntimeError)
_SHAPEFILE = 9994


class NoCoordinateSystemWarning(UserWarning):
    """A file of geometry does not say in which coordinates it is written."""


def read_geojson(path: Path, wanted: Wanted) -> Any:
    """Read GeoJSON."""
    return _read(f"GeoJSON:{path}", None, wanted)


def read_geopackage(path: Path, wanted: Wanted) -> Any:
    """Read one layer of a GeoPackage."""
    # SQLite would look up the name of a file that has none, so GDAL's own files stand between.
    source = f"GPKG:/vsisubfile/0,{path}" if is_in_memory(path) else f"GPKG:{path}"
    try:
        layers = [str(layer) for layer in pyogrio.list_layers(source)[:, 0]]
    except _BROKEN as error:
        raise _broken(error) from error
    layer = wanted.options.layer
    if layer and layer not in layers:
        raise ReadError(f"The GeoPackage has no layer {layer!r}.", hint=f"Layers are {listed(layers)}.")
    if not layer and len(layers) != 1:
        raise ReadError(
            f"The GeoPackage has {len(layers)} layers, and the record does not say which one is meant.",
            hint=f"Say layer=; layers are {listed(layers)}.",
        )
    return _read(source, layer or layers[0], wanted)


def read_shapefile(path: Path, wanted: Wanted) -> Any:
    """Read one Shapefile out of a zip file."""
    names = [name for name in archives.members(path) if name.lower().endswith(".shp") and "__MACOSX" not in name]
    layer = wanted.options.layer
    chosen = [name for name in names if not layer or PurePosixPath(name).stem == layer]
    stems = listed([PurePosixPath(name).stem for name in names]) or "none"
    if len(chosen) != 1:
        what = f"no Shapefile {layer!r}" if layer and not chosen else f"{len(chosen)} Shapefiles"
        raise ReadError(f"The zip file holds {what}.", hint=f"Say layer=; there are: {stems}.")
    with zipfile.ZipFile(path) as archive, archive.open(chosen[0]) as file:
        head = file.read(4)
    if len(head) < 4 or struct.unpack(">i", head)[0] != _SHAPEFILE:
        raise ReadError(f"{chosen[0]} in the zip file is not a Shapefile.", hint="Tell the publisher.")
    return _read(f"/vsizip/{{{path}}}/{chosen[0]}", None, wanted)


def _read(source: str, layer: str | None, wanted: Wanted) -> Any:
    arguments = {"layer": layer, "encoding": wanted.options.encoding or None}
    try:
        fields = [str(name) for name in pyogrio.read_info(source, **arguments)["fields"]]
        columns = None if wanted.columns is None else [name for name in wanted.columns if name != "geometry"]
        positions(columns or [], fields)
        frame = pyogrio.read_dataframe(
            source,
            columns=columns,
            max_features=wanted.rows,
            bbox=wanted.more.get("bbox"),
            read_geometry=wanted.kind == "geopandas",
            **arguments,
        )
    except _BROKEN as error:
        raise _broken(error) from error
    if columns is not None:
        frame = frame[[*columns, *(["geometry"] if wanted.kind == "geopandas" else [])]]
    if isinstance(frame, gpd.GeoDataFrame) and frame.crs is None:
        frame.attrs["londata"] = {"crs": "not stated"}
        warnings.warn(
            "The file does not state a coordinate reference system; look at the numbers before you map it "
            "(British National Grid is EPSG:27700) and say frame.set_crs(…).",
            NoCoordinateSystemWarning,
            stacklevel=4,
        )
    return with_dates(frame, wanted.options.dates)


def _broken(error: Exception) -> ReadError:
    reason = str(error).splitlines()[0][-200:] if str(error) else "no reason given"
    return ReadError(
        f"The map file is broken or cut short: {reason}.",
        hint="Fetch it again; if that does not help, tell the publisher.",
    )
