"""A small table, map and grid, written in each format that can be read."""

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import xarray as xr
from shapely.geometry import Point

from zipped import zipped

TABLE = pd.DataFrame(
    {
        "code": ["E09000007", "E09000001", "E09000012"],
        "borough": ["Camden", "City of London", "Hackney"],
        "residents": [210136, 8583, 259146],
        "density": [96.6, 29.6, 136.0],
    }
)
PLACES = gpd.GeoDataFrame(
    {"name": ["Town hall", "Library"], "opened": ["2020-01-31", "2021-12-01"]},
    geometry=[Point(529000, 183000), Point(530000, 184000)],
    crs="EPSG:27700",
)
GRID = xr.Dataset(
    {"no2": (("time", "y", "x"), np.arange(24.0).reshape(2, 3, 4), {"units": "µg/m³"})},
    coords={"time": pd.date_range("2026-01-01", periods=2), "y": [1.0, 2.0, 3.0], "x": [1.0, 2.0, 3.0, 4.0]},
    attrs={"title": "Generated grid"},
)


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def rows_of(frame):
    return [tuple(frame.columns), *frame.itertuples(index=False, name=None)]


def write(format_, path, tmp_path):
    """Write the sample of one format to a path without an ending, as the cache does."""
    if format_ in ("csv", "tsv"):
        TABLE.to_csv(path, index=False, sep="," if format_ == "csv" else "\t")
    elif format_ == "parquet":
        TABLE.to_parquet(path)
    elif format_ in ("xlsx", "xls", "ods"):
        workbook(tmp_path / "book.xlsx", Data=rows_of(TABLE)).rename(path)
    elif format_ == "json":
        TABLE.to_json(path, orient="records")
    elif format_ == "geojson":
        path.write_text(PLACES.to_crs(4326).to_json())
    elif format_ == "gpkg":
        PLACES.to_file(tmp_path / "places.gpkg", layer="places", driver="GPKG")
        (tmp_path / "places.gpkg").rename(path)
    elif format_ == "shapefile":
        (tmp_path / "shape").mkdir()
        PLACES.to_file(tmp_path / "shape" / "places.shp")
        zipped(tmp_path / "shape", path, "a folder/")
    elif format_ == "netcdf":
        GRID.to_netcdf(path, engine="h5netcdf")
    elif format_ == "zarr":
        GRID.to_zarr(tmp_path / "grid.zarr", consolidated=False)
        zipped(tmp_path / "grid.zarr", path)
    return path
