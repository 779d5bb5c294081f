"""Polygons on a map, drawn so that many cost no more than a few."""

from __future__ import annotations

from typing import Any


def fill(axes: Any, shapes: Any, inside: str, line: str, width: float) -> None:
    """Draw polygons as one shape.

    Parameters
    ----------
    axes
        The map; its limits stay as they are.
    shapes
        Polygons and multipolygons; empty ones leave no mark.
    inside, line
        Colours; ``"none"`` for none.
    width
        Of the line, in points.
    """
    import numpy as np
    import shapely
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    rings = shapely.get_rings(shapely.get_parts(np.asarray(shapes, dtype=object)))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    if not len(points):
        return
    codes = np.full(len(points), Path.LINETO)
    codes[np.diff(ring, prepend=-1) != 0] = Path.MOVETO
    codes[np.diff(ring, append=-1) != 0] = Path.CLOSEPOLY
    axes.add_artist(PathPatch(Path(points, codes), facecolor=inside, edgecolor=line, linewidth=width))
