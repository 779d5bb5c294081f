"""Places at the invented schools of the demonstration's pupils, made to fit where those pupils live."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from boundaries import DATA
from ingredients import boroughs, randomness

BOROUGHS = ("Camden", "Hackney", "Haringey", "Islington", "Newham", "Tower Hamlets")
#: Phase → how many schools a borough has, the years that each teaches, the multiple in which a school admits, and by
#: which number the schools of an area are dealt out (as the hub's demonstration does it).
PHASES = {"primary": (24, 7, 15, 7), "secondary": (8, 5, 30, 5)}
#: Pupils of one year group and borough before rolls began to fall.
COHORT = 810


def school_places_by_school(folder: Path) -> Path:
    """Places a year at 192 invented schools in six boroughs, a little above what was needed once."""
    rng = randomness("school-places")
    areas = pd.read_csv(DATA / "lsoa-2001-by-authority.csv").set_index("authority")
    rows = []
    for place, (code, name) in enumerate(boroughs()[["code", "name"]].itertuples(index=False)):
        if name not in BOROUGHS:
            continue
        near = np.arange(*(int(areas.at[name, end][3:]) for end in ("first_lsoa", "last_lsoa")))
        first = 101 + 100 * place
        for phase, (count, years, step, dealt) in PHASES.items():
            share = np.bincount(near * dealt % count, minlength=count) / len(near)
            wanted = COHORT * (0.8 * share + 0.2 / count) * rng.uniform(1.0, 1.12, count)
            admits = (np.round(wanted / step) * step).clip(step).astype(int)
            for number, places in enumerate(admits, start=first):
                kind = f"Example {phase} school {number}"
                rows.append([f"GEN{number:04}", kind, code, name, phase, places, places * years])
            first += count
    columns = ["school_id", "school", "authority_code", "authority", "phase", "places_a_year", "places"]
    path = folder / "school-places-by-school.csv"
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path
