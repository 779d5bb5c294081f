"""Who lives within a walk of a park, a library or a museum: the numbers, by neighbourhood and by borough.

Pure: tables in, numbers out. A walk is a straight line, so that a real one is longer. A park is taken as a circle of
its area round its middle, and walked to from its edge. Residents are taken to be spread evenly over a neighbourhood.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

METRES = "EPSG:27700"
#: What one can walk to, and how it is called in a sentence: one of them, several.
KINDS = {"park": ("a park", "parks"), "library": ("a library", "libraries"), "museum": ("a museum", "museums")}
#: Metres, and about how many minutes' walk they are.
WALKS = {400: 5, 800: 10, 1200: 15}
#: A neighbourhood counts as within reach where at least this share of its area is.
ENOUGH = 0.5
_HECTARE = 10_000


@dataclass(frozen=True)
class City:
    """The ground on which reach is measured, in metres of the British National Grid.

    Parameters
    ----------
    boroughs
        One row per authority, in order of name: ``code``, ``name``, ``geometry``, simplified for drawing.
    neighbourhoods
        One row each: ``id``, ``name``, ``code`` of the authority, ``residents``, ``geometry``.
    places
        One row per park, library or museum: ``name``, ``kind``, ``code`` of the authority, ``radius``, ``geometry``.
    """

    boroughs: gpd.GeoDataFrame
    neighbourhoods: gpd.GeoDataFrame
    places: gpd.GeoDataFrame

    @property
    def names(self) -> dict[str, str]:
        """Code → name of each authority."""
        return dict(zip(self.boroughs["code"], self.boroughs["name"], strict=True))


@dataclass(frozen=True)
class Reach:
    """What lies within one walk of one kind of place.

    Parameters
    ----------
    kind, metres
        To what, and how far.
    neighbourhoods
        One row each, as in the city: ``id``, ``name``, ``code``, ``residents``, ``share`` of its area within reach,
        ``beyond``: residents who live farther away.
    boroughs
        Code → ``residents``, ``residents_within``, ``residents_share``, ``area_share``, ``neighbourhoods``,
        ``neighbourhoods_within``, ``neighbourhoods_share``, ``places``; shares in per cent.
    london
        The same for London as a whole.
    """

    kind: str
    metres: int
    neighbourhoods: pd.DataFrame
    boroughs: pd.DataFrame
    london: pd.Series[Any]


def gather(
    boundaries: gpd.GeoDataFrame, neighbourhoods: gpd.GeoDataFrame, parks: pd.DataFrame, culture: pd.DataFrame
) -> City:
    """Bring the tables of the register onto one ground.

    Parameters
    ----------
    boundaries
        ``borough-boundaries``.
    neighbourhoods
        ``neighbourhoods``.
    parks
        ``public-parks``.
    culture
        ``libraries-and-museums``.
    """
    import geopandas as gpd
    import pandas as pd

    from londata.geography import figures

    boroughs = figures.prepare(boundaries).sort_values("name", ignore_index=True)
    areas = neighbourhoods.to_crs(METRES).rename(
        columns={"neighbourhood_id": "id", "neighbourhood": "name", "authority_code": "code"}
    )
    green = parks.rename(columns={"park": "name"}).assign(
        kind="park", radius=(parks["area_hectares"] * _HECTARE / math.pi) ** 0.5
    )
    built = culture.rename(columns={"place": "name"}).assign(radius=0.0)
    both = pd.concat([green, built], ignore_index=True).rename(columns={"authority_code": "code"})
    points = gpd.GeoSeries(gpd.points_from_xy(both["longitude"], both["latitude"]), crs="EPSG:4326").to_crs(METRES)
    places = gpd.GeoDataFrame(both[["name", "kind", "code", "radius"]], geometry=points)
    return City(boroughs, areas[["id", "name", "code", "residents", "geometry"]], places)


def around(city: City, kind: str, metres: int) -> Any:
    """Draw a circle round each place of a kind: what is within so many metres of its edge.

    Parameters
    ----------
    city
        What :func:`gather` gave.
    kind, metres
        Of what, and how far.

    Returns
    -------
    numpy.ndarray
        Polygons, one for each place of that kind, in the order of the city.
    """
    import shapely

    places = city.places[city.places["kind"] == kind]
    return shapely.buffer(places.geometry.to_numpy(), places["radius"].to_numpy() + metres, quad_segs=16)


def measure(city: City, kind: str, metres: int) -> Reach:
    """Measure what lies within one walk of one kind of place.

    Parameters
    ----------
    city
        What :func:`gather` gave.
    kind, metres
        To what, and how far.
    """
    areas = city.neighbourhoods
    table = areas[["id", "name", "code", "residents"]].assign(share=_covered(areas, around(city, kind, metres)))
    within = table["residents"] * table["share"]
    table["beyond"] = table["residents"] - within
    hectares = areas.geometry.area / _HECTARE
    counted = table.assign(
        residents_within=within,
        area=hectares,
        area_within=hectares * table["share"],
        neighbourhoods=1,
        neighbourhoods_within=(table["share"] >= ENOUGH).astype(int),
    )
    parts = ["residents", "residents_within", "area", "area_within", "neighbourhoods", "neighbourhoods_within"]
    sums = counted.groupby("code")[parts].sum()
    sums["places"] = city.places[city.places["kind"] == kind].groupby("code").size()
    sums["places"] = sums["places"].fillna(0).astype(int)
    return Reach(kind, metres, table, _with_shares(sums), _with_shares(sums.sum().to_frame().T).iloc[0])


def _covered(areas: gpd.GeoDataFrame, circles: Any) -> Any:
    """Tell which share of each area's ground lies in any of the circles."""
    import pandas as pd
    import shapely

    shapes = areas.geometry.to_numpy()
    area, circle = shapely.STRtree(circles).query(shapes, predicate="intersects")
    pieces = pd.Series(shapely.intersection(shapes[area], circles[circle]), dtype=object)
    # Circles lie across each other: together they cover no more than their union.
    inside = {owner: shapely.union_all(own.to_numpy()).area for owner, own in pieces.groupby(area)}
    covered = pd.Series(inside, dtype=float).reindex(range(len(shapes)), fill_value=0.0).to_numpy()
    return (covered / shapely.area(shapes)).clip(0.0, 1.0)


def _with_shares(sums: pd.DataFrame) -> pd.DataFrame:
    return sums.assign(
        residents_share=100 * sums["residents_within"] / sums["residents"],
        area_share=100 * sums["area_within"] / sums["area"],
        neighbourhoods_share=100 * sums["neighbourhoods_within"] / sums["neighbourhoods"],
    )
