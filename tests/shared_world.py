"""What the tests of reading read through a real gateway: the gateway's own world, and a set in each further format.

Everything is generated. ``shared_world(folder)`` writes it down; ``catalog_of(world)`` opens a catalog of the same
entries.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
import yaml
from shapely.geometry import Point

import londata
from gateway_service import World, an_agreement, an_entry
from londata.intake_catalog import RegisterCatalog
from londata.records import Grant, Project
from londata.records.vocabulary import MEDIA_TYPES
from londata_hub.store import Holding, RegisterStore
from zipped import zipped

#: entry → the formats in which it is held
FORMATS = {
    "rolls": ("parquet", "csv"),
    "ages": ("parquet",),
    "wards": ("geojson", "gpkg", "shapefile", "parquet"),
    "noise": ("netcdf", "zarr"),
    "staff": ("xlsx", "json", "tsv"),
}
COLUMNS = {
    "rolls": [{"name": "pupil", "type": "string", "pattern": "P9999999", "unique": True}],
    "ages": [{"name": name} for name in ("pupil", "borough", "age", "distance")],
}


def shared_world(folder: Path, *, rows: int = 60_000) -> World:
    """Write down everything that there is to read."""
    world = World(folder, rows=rows).make()
    held = _files(world.holders)
    entries = [an_entry(slug, {name: MEDIA_TYPES[name] for name in FORMATS[slug]}) for slug in held]
    with RegisterStore(world.database, world.folder / "index") as register:
        register.upsert(entries, source="more tests")
    with world.store() as store:
        now = store.now()
        today = now.date()
        store.record(an_agreement("ISA-3", [{"entry": slug} for slug in held], today), "operator")
        values = {"title": "places", "purpose": "school-place-planning", "public_benefit": "Good."}
        end = store.arrangements().projects["places"].end
        agreements = ("ISA-1", "ISA-2", "ISA-3")
        store.record(
            Project(id="places", members=("ada", "bola"), agreements=agreements, end=end, **values), "operator"
        )
        for slug, paths in held.items():
            until = store.arrangements().terms("ada", "rolls")[0].grant.until
            grant = {"subject": "ada", "entry": slug, "project": "places", "agreement": "ISA-3", "until": until}
            store.grant(Grant(id=f"ada-{slug}", granted_by="chen", granted_at=now, **grant), "operator")
            for name, path in paths.items():
                store.hold(Holding(slug, name, "file", path.name), "operator")
    return world


def catalog_of(world: World) -> RegisterCatalog:
    """Open a catalog of the entries, with nothing but their records in it."""
    folder = world.folder / "catalog"
    if not folder.exists():
        folder.mkdir()
        publishers = {"camden": {"name": "London Borough of Camden", "kind": "borough"}}
        (folder / "publishers.yaml").write_text(yaml.safe_dump(publishers))
        root = {"title": "Shared", "publishers": "publishers.yaml", "themes": ["shared.yaml"]}
        (folder / "london.yaml").write_text(yaml.safe_dump(root))
        theme = {"theme": "shared", "title": "Shared", "entries": {slug: _described(slug) for slug in FORMATS}}
        (folder / "shared.yaml").write_text(yaml.safe_dump(theme))
    return londata.open_catalog(str(folder))


def _described(slug: str) -> dict[str, object]:
    through = {name: {"through": "gateway", "media_type": MEDIA_TYPES[name]} for name in FORMATS[slug]}
    columns = {"columns": COLUMNS[slug]} if slug in COLUMNS else {}
    values = {"title": slug.title(), "publisher": "camden", "access": "closed", "licence": "not stated"}
    return values | {"distributions": through} | columns


def _files(folder: Path) -> dict[str, dict[str, Path]]:
    points = gpd.GeoDataFrame(
        {"ward": [f"W{number}" for number in range(30)]},
        geometry=[Point(530_000 + number, 180_000) for number in range(30)],
        crs="EPSG:27700",
    )
    wards = {name: folder / f"wards.{name}" for name in FORMATS["wards"]}
    points.to_crs(4326).to_file(wards["geojson"], driver="GeoJSON")
    points.to_file(folder / "wards-layers.gpkg", layer="wards")
    wards["gpkg"] = folder / "wards-layers.gpkg"
    (folder / "unpacked").mkdir()
    points.to_file(folder / "unpacked" / "wards.shp")
    zipped(folder / "unpacked", wards["shapefile"])
    points.to_parquet(wards["parquet"])
    grid = xr.Dataset({"noise": (("y", "x"), np.arange(600.0).reshape(20, 30))})
    noise = {name: folder / f"noise.{name}" for name in FORMATS["noise"]}
    grid.to_netcdf(noise["netcdf"], engine="h5netcdf")
    grid.to_zarr(folder / "unpacked.zarr", consolidated=False)
    zipped(folder / "unpacked.zarr", noise["zarr"])
    people = pd.DataFrame({"name": [f"Dr {number}" for number in range(40)], "hours": range(40)})
    staff = {name: folder / f"staff.{name}" for name in FORMATS["staff"]}
    book = io.BytesIO()
    people.to_excel(book, index=False)
    staff["xlsx"].write_bytes(book.getvalue())
    staff["json"].write_text(json.dumps(people.to_dict("records")))
    people.to_csv(staff["tsv"], sep="\t", index=False)
    return {"wards": wards, "noise": noise, "staff": staff}


__all__ = ["catalog_of", "shared_world"]
