"""Offences of an invented London: what the generated table of recorded crime is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from ingredients import boroughs, randomness

#: Group of offences → offences a year for each 1,000 residents, how much more in its busiest month, and that month.
GROUPS: dict[str, tuple[float, float, int]] = {
    "Arson and criminal damage": (6.2, 0.08, 7),
    "Burglary": (5.8, 0.14, 12),
    "Drug offences": (4.9, 0.05, 8),
    "Miscellaneous crimes": (1.3, 0.03, 6),
    "Possession of weapons": (0.7, 0.06, 7),
    "Public order offences": (6.0, 0.12, 7),
    "Robbery": (3.7, 0.07, 11),
    "Sexual offences": (2.7, 0.08, 7),
    "Theft": (30.0, 0.09, 12),
    "Vehicle offences": (11.5, 0.06, 10),
    "Violence against the person": (26.0, 0.09, 7),
}
#: Authority → how many times the usual rate: places with far more visitors and workers than residents.
VISITED = {"City of London": 9.0, "Westminster": 3.0, "Camden": 1.5, "Kensington and Chelsea": 1.35, "Islington": 1.2}
CITY = "City of London"


def recorded_offences_monthly(folder: Path) -> Path:
    """Three financial years of monthly offences: 33 authorities × 11 groups, with seasons, drift and noise."""
    rng = randomness("recorded-offences-monthly")
    months = pd.period_range("2023-04", "2026-03", freq="M")
    areas, elapsed = boroughs(), np.arange(len(months)) / 12
    tables = []
    for group, (rate, swing, peak) in GROUPS.items():
        season = 1 + swing * np.cos(2 * np.pi * (months.month.to_numpy() - peak) / 12)
        london = 1 + rng.normal(-0.005, 0.03) * elapsed
        for area in areas.itertuples():
            visited = VISITED.get(area.name, 1.0) ** (1.2 if group in ("Theft", "Robbery", "Drug offences") else 0.8)
            place = visited * np.exp(rng.normal(0, 0.22))
            drift = np.exp(rng.normal(0, 0.05) * elapsed)
            jump = np.where(elapsed >= 2, np.exp(rng.normal(0, 0.25)), 1.0) if rng.random() < 0.06 else 1.0
            usual = area.residents_2021 * rate / 1000 / 12 * season * london * place * drift * jump
            clustered = rng.gamma(900, 1 / 900, len(months))  # offences come in series, so they scatter a little more
            tables.append(
                pd.DataFrame(
                    {
                        "month": months.to_timestamp().astype("datetime64[s]"),
                        "authority_code": area.code,
                        "authority": area.name,
                        "force": "City of London Police" if area.name == CITY else "Metropolitan Police Service",
                        "offence_group": group,
                        "offences": rng.poisson(usual * clustered).astype("int32"),
                    }
                )
            )
    table = pd.concat(tables).sort_values(["month", "authority_code", "offence_group"], ignore_index=True)
    path = folder / "recorded-offences-monthly.parquet"
    table.to_parquet(path, index=False)
    return path
