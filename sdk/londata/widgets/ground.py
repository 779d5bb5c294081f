"""The ground on which reach is measured: which entries have boroughs, areas and places, and what their columns mean.

Any entry with polygons will do for areas, and any with points or polygons for places; what is generated and what is
real is laid out in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.errors import UsageError
from londata.reports.wording import counted, listed
from londata.widgets.reach import City

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

METRES, DEGREES = "EPSG:27700", "EPSG:4326"
_HECTARE = 10_000
#: A place so many metres beyond the border of every area, as borders are drawn, still counts as of the nearest.
_BESIDE = 500
#: An entry, and which of its distributions; empty for the only one.
Source = tuple[str, str]


@dataclass(frozen=True)
class Areas:
    """Where the areas are from.

    Parameters
    ----------
    entry
        An entry with polygons.
    id, name, code
        The columns with its code, its name, and the GSS code of its authority.
    residents
        The column with the number of people who live there; empty where there is none.
    called
        What the areas are called, one of them and several.
    """

    entry: str
    id: str
    name: str
    code: str
    residents: str = ""
    called: tuple[str, str] = ("neighbourhood", "neighbourhoods")


@dataclass(frozen=True)
class Places:
    """Where the places of one kind are from.

    Parameters
    ----------
    kind
        One of the kinds of :data:`londata.widgets.reach.KINDS`.
    entry, distribution
        An entry with polygons, points, or columns ``longitude`` and ``latitude``, and which of its distributions.
    name
        The column with the name.
    only
        A column, and what must stand in it; empty for every row.
    hectares
        The column with the area, for a place of which only the middle is known; it is taken as a circle.
    """

    kind: str
    entry: str
    name: str
    distribution: str = ""
    only: tuple[str, str] | tuple[()] = ()
    hectares: str = ""


@dataclass(frozen=True)
class Ground:
    """Everything that the map rests on; ``boroughs`` is an entry with ``code``, ``name`` and polygons."""

    areas: Areas
    places: tuple[Places, ...]
    boroughs: str = "borough-boundaries"

    @property
    def sources(self) -> tuple[Source, ...]:
        """What has to be read, each once."""
        named = [(each.entry, each.distribution) for each in self.places]
        return tuple(dict.fromkeys([(self.boroughs, ""), (self.areas.entry, ""), *named]))

    @property
    def uses(self) -> tuple[str, ...]:
        """The entries, each once."""
        return tuple(dict.fromkeys(entry for entry, _ in self.sources))


#: What the app that ships rests on: invented places in invented neighbourhoods.
GENERATED = Ground(
    Areas("neighbourhoods", "neighbourhood_id", "neighbourhood", "authority_code", "residents"),
    (
        Places("park", "public-parks", "park", hectares="area_hectares"),
        Places("library", "libraries-and-museums", "place", only=("kind", "library")),
        Places("museum", "libraries-and-museums", "place", only=("kind", "museum")),
    ),
)
#: The wards of May 2025 with the libraries and museums of the Cultural Infrastructure Map, for hubs that can fetch
#: them. Its own ward codes are of 2018, most of which no longer exist: places are found in wards by where they are.
WARDS = Ground(
    Areas("wards-2025", "WD25CD", "WD25NM", "LAD25CD", called=("ward", "wards")),
    (
        Places("library", "cultural-infrastructure", "name", "libraries"),
        Places("museum", "cultural-infrastructure", "name", "museums"),
    ),
)


def gather(ground: Ground, tables: Mapping[Source, Any]) -> City:
    """Bring the tables of the register onto one ground.

    Parameters
    ----------
    ground
        What they are.
    tables
        What was read of each of its sources.

    Raises
    ------
    UsageError
        An entry is not what the ground says that it is.
    """
    import geopandas as gpd
    import pandas as pd

    from londata.geography import figures

    boroughs = figures.prepare(tables[ground.boroughs, ""]).sort_values("name", ignore_index=True)
    areas = _areas(ground.areas, tables[ground.areas.entry, ""])
    if apart := set(areas["code"]) ^ set(boroughs["code"]):
        raise UsageError(
            f"The areas of {ground.areas.entry} and the authorities of {ground.boroughs} do not fit: "
            f"{counted(len(apart), 'code')} in only one of them, for instance {min(map(str, apart))}.",
            hint="Each authority needs its areas, under its GSS code.",
        )
    found = [_places(each, tables[each.entry, each.distribution]) for each in ground.places]
    places = gpd.GeoDataFrame(pd.concat(found, ignore_index=True), geometry="geometry", crs=METRES)
    places["code"] = _codes(areas, places)
    return City(boroughs, areas, places, ground.areas.called)


def _areas(spec: Areas, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    import geopandas as gpd

    _need(spec.entry, table, [spec.id, spec.name, spec.code, *filter(None, [spec.residents])])
    shapes = _metres(spec.entry, table)
    columns = {"id": table[spec.id], "name": table[spec.name], "code": table[spec.code]}
    people = table[spec.residents] if spec.residents else math.nan
    areas = gpd.GeoDataFrame({**columns, "residents": people}, geometry=shapes, crs=METRES)
    areas = areas.sort_values(["code", "name"], ignore_index=True)
    areas.insert(2, "label", (areas.groupby("code").cumcount() + 1).map("{:02}".format))
    return areas


def _places(spec: Places, table: pd.DataFrame) -> gpd.GeoDataFrame:
    import geopandas as gpd

    _need(spec.entry, table, [spec.name, *spec.only[:1], *filter(None, [spec.hectares])])
    if spec.only:
        column, value = spec.only
        table = table[table[column] == value]
    if not isinstance(table, gpd.GeoDataFrame):
        _need(spec.entry, table, ["longitude", "latitude"])
        points = gpd.points_from_xy(table["longitude"], table["latitude"])
        table = gpd.GeoDataFrame(table, geometry=points, crs=DEGREES)
    radius = (table[spec.hectares] * _HECTARE / math.pi) ** 0.5 if spec.hectares else 0.0
    rows = {"name": table[spec.name], "kind": spec.kind, "radius": radius}
    return gpd.GeoDataFrame(rows, geometry=_metres(spec.entry, table), crs=METRES)


def _need(entry: str, table: pd.DataFrame, columns: list[str]) -> None:
    if missing := [name for name in columns if name not in table.columns]:
        raise UsageError(
            f"The map cannot stand on the entry {entry}: it has no column {listed(missing)}.",
            hint=f"Its columns are {listed([str(name) for name in table.columns])}; say in the Ground what they are.",
        )


def _metres(entry: str, table: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Take the shapes, in metres and without what would keep them from being measured."""
    import geopandas as gpd

    if not isinstance(table, gpd.GeoDataFrame) or table.crs is None:
        raise UsageError(
            f"The map cannot stand on the entry {entry}: it has no shapes, or does not say in which coordinates.",
            hint="Name an entry of GeoJSON, a GeoPackage or a Shapefile with its coordinate reference system.",
        )
    return table.geometry.to_crs(METRES).make_valid()


def _codes(areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> pd.Series[str]:
    """Find the authority of each place by where it is: codes in a table of places may be missing or old."""
    import pandas as pd
    import shapely

    points = places.geometry.representative_point().to_numpy()
    tree = shapely.STRtree(areas.geometry.to_numpy())
    place, area = tree.query_nearest(points, max_distance=_BESIDE, all_matches=False)
    return pd.Series(areas["code"].to_numpy()[area], index=places.index[place]).reindex(places.index)
