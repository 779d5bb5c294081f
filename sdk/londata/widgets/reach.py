"""Who lives within a walk of a park, a library or a museum: the numbers, by neighbourhood or ward, and by borough.

Pure: what :mod:`londata.widgets.ground` laid out in, numbers out. A walk is a straight line, so that a real one is
longer. A place is walked to from its edge. Residents are taken to be spread evenly over a neighbourhood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

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
        One row each: ``id``, ``name``, ``label`` (its number in its borough), ``code`` of the authority, ``residents``,
        ``geometry``.
    places
        One row per park, library or museum: ``name``, ``kind``, ``code`` of the authority, ``radius``, ``geometry``.
    called
        What the neighbourhoods are called, one of them and several: wards, for instance.
    """

    boroughs: gpd.GeoDataFrame
    neighbourhoods: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    called: tuple[str, str] = ("neighbourhood", "neighbourhoods")

    @property
    def names(self) -> dict[str, str]:
        """Code → name of each authority."""
        return dict(zip(self.boroughs["code"], self.boroughs["name"], strict=True))

    @property
    def kinds(self) -> list[str]:
        """The kinds of places that there are."""
        there = set(self.places["kind"])
        return [kind for kind in KINDS if kind in there]

    @property
    def peopled(self) -> bool:
        """Whether it is known of every neighbourhood how many people live in it."""
        return bool(self.neighbourhoods["residents"].notna().all())

    @property
    def measures(self) -> dict[str, str]:
        """What can be compared: the word for it, and whose share it is."""
        people = {"residents": "residents"} if self.peopled else {}
        return people | {"area": "land", "neighbourhoods": self.called[1]}


@dataclass(frozen=True)
class Reach:
    """What lies within one walk of one kind of place.

    Parameters
    ----------
    city
        Where.
    kind, metres
        To what, and how far.
    neighbourhoods
        One row each, as in the city: ``id``, ``name``, ``label``, ``code``, ``residents``, ``share`` of its area
        within reach, ``beyond``: residents who live farther away.
    boroughs
        Code → ``residents``, ``residents_within``, ``residents_share``, ``area_share``, ``neighbourhoods``,
        ``neighbourhoods_within``, ``neighbourhoods_share``, ``places``; shares in per cent.
    london
        The same for London as a whole.
    """

    city: City
    kind: str
    metres: int
    neighbourhoods: pd.DataFrame
    boroughs: pd.DataFrame
    london: pd.Series[Any]


def around(city: City, kind: str, metres: int) -> Any:
    """Draw a circle round each place of a kind: what is within so many metres of its edge.

    Parameters
    ----------
    city
        Where.
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
        Where.
    kind, metres
        To what, and how far.
    """
    areas = city.neighbourhoods
    table = areas[["id", "name", "label", "code", "residents"]].assign(
        share=_covered(areas, around(city, kind, metres))
    )
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
    return Reach(city, kind, metres, table, _with_shares(sums), _with_shares(sums.sum().to_frame().T).iloc[0])


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
