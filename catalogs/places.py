"""Invented neighbourhoods the size of wards, and invented parks, libraries and museums in them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from boundaries import write_features
from ingredients import boroughs, points_in, randomness

#: A ward of London has about so many residents.
_RESIDENTS, _FEWEST = 13_000, 3
_PARKS, _LIBRARIES, _MUSEUMS = 1_100, 330, 160
#: Where places of culture crowd: metres in the British National Grid.
_CENTRE = (530_000.0, 180_500.0)


@cache
def _metres() -> gpd.GeoDataFrame:
    return boroughs().to_crs(27700)


def _cells(area: shapely.Geometry, count: int, rng: np.random.Generator) -> list[shapely.Geometry]:
    """Cut an area into so many parts of about the same size: everywhere belongs to the nearest of some centres."""
    west, south, east, north = area.bounds
    points = rng.uniform(
        (west, south), (east, north), (int(400 * count * shapely.box(*area.bounds).area / area.area), 2)
    )
    points = points[shapely.contains_xy(area, *points.T)]
    centres = points[:count]
    for _ in range(12):  # each centre moves to the middle of what is nearest to it
        nearest = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.array([points[nearest == each].mean(axis=0) for each in range(count)])
    around = shapely.voronoi_polygons(shapely.MultiPoint(centres), extend_to=area.buffer(5_000).envelope, ordered=True)
    return [area.intersection(cell) for cell in around.geoms]


def neighbourhoods(folder: Path) -> Path:
    """Cut each authority into parts the size of wards and share its residents out among them."""
    rng = randomness("neighbourhoods")
    rows, shapes = [], []
    for each in _metres().itertuples():
        count = max(_FEWEST, round(each.residents_2021 / _RESIDENTS))
        cells = sorted(_cells(each.geometry, count, rng), key=lambda cell: (-cell.centroid.y, cell.centroid.x))
        weight = rng.lognormal(0, 0.25, count)
        # Whole people that add up to the authority's: everybody before the end of a part, less those before its start.
        upto = (weight.cumsum() / weight.sum() * each.residents_2021).round().astype(int)
        for number, (cell, people) in enumerate(zip(cells, np.diff(upto, prepend=0), strict=True), start=1):
            name = f"{each.name} {number:02}"
            rows.append((f"GEN-{each.code[-2:]}-{number:02}", name, each.code, each.name, int(people)))
            shapes.append(cell)
    columns = ["neighbourhood_id", "neighbourhood", "authority_code", "authority", "residents"]
    geometry = gpd.GeoSeries(shapes, crs=27700).to_crs(4326).set_precision(1e-5)
    path = folder / "neighbourhoods.geojson"
    write_features(gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry=geometry), path)
    return path


def _placed(weight: np.ndarray, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Put places into authorities, each at least once, the rest by weight; in order of code, with a position."""
    chosen = np.sort(np.concatenate([np.arange(33), rng.choice(33, size=count - 33, p=weight / weight.sum())]))
    table = boroughs()[["code", "name"]].loc[chosen].reset_index(drop=True)
    points = points_in(table.code, rng)
    return pd.DataFrame(
        {"authority_code": table.code, "authority": table.name, "longitude": points.x, "latitude": points.y}
    )


def public_parks(folder: Path) -> Path:
    """Invented parks: more where there is more land, most of them small."""
    rng = randomness("public-parks")
    table = _placed(_metres().area.to_numpy() ** 0.85, _PARKS, rng)
    table.insert(0, "park_id", [f"GEN-G{number:04}" for number in range(1, _PARKS + 1)])
    table.insert(1, "park", [f"Example green {number}" for number in range(1, _PARKS + 1)])
    table.insert(4, "area_hectares", rng.lognormal(0.7, 1.25, _PARKS).clip(0.1, 250).round(1))
    return _csv(table, folder / "public-parks.csv")


def libraries_and_museums(folder: Path) -> Path:
    """Invented libraries where people live, and invented museums most of which crowd in the middle."""
    rng = randomness("libraries-and-museums")
    people = _metres().residents_2021.to_numpy(dtype=float)
    middle = _metres().distance(shapely.Point(_CENTRE)).to_numpy()
    libraries = _placed(people, _LIBRARIES, rng).assign(kind="library")
    museums = _placed(np.exp(-middle / 3_500) + 0.03, _MUSEUMS, rng).assign(kind="museum")
    table = pd.concat([libraries, museums], ignore_index=True)
    number = table.groupby("kind").cumcount() + 1
    table.insert(0, "place_id", [f"GEN-P{row:03}" for row in range(1, len(table) + 1)])
    table.insert(1, "place", [f"Example {kind} {each}" for kind, each in zip(table.kind, number, strict=True)])
    table.insert(2, "kind", table.pop("kind"))
    return _csv(table, folder / "libraries-and-museums.csv")


def _csv(table: pd.DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False, lineterminator="\n")
    return path
