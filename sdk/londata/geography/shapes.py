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
    import shapely
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    rings = [ring for each in shapes for part in shapely.get_parts(each) for ring in shapely.get_rings(part)]
    if rings:
        whole = Path.make_compound_path(*(Path(shapely.get_coordinates(ring), closed=True) for ring in rings))
        axes.add_artist(PathPatch(whole, facecolor=inside, edgecolor=line, linewidth=width))
