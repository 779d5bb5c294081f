"""Which authority runs which system for what, under which contract: made up, and shaped as real registers are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from ingredients import boroughs, random_days, randomness

#: Service → how many invented systems there are for it, and what one costs a year for 100,000 residents, in pounds.
SERVICES = {
    "Adult social care": (4, 110_000),
    "Children's social care": (4, 95_000),
    "Customer contact": (7, 60_000),
    "Education and special needs": (4, 70_000),
    "Electoral registration": (3, 18_000),
    "Finance": (6, 120_000),
    "Highways and assets": (5, 40_000),
    "Housing management": (6, 90_000),
    "HR and payroll": (6, 75_000),
    "Libraries": (4, 22_000),
    "Planning and building control": (4, 45_000),
    "Revenues and benefits": (3, 130_000),
    "Waste and recycling": (5, 35_000),
    "Websites": (8, 20_000),
}
#: The day on which all of it was, so it is said, collected.
COLLECTED = "2025-09-30"
_SUPPLIERS = 24
_TERMS = ("open procurement", "framework", "direct award", "shared service")


def city_tools(folder: Path) -> Path:
    """One row for each of the 33 authorities and 14 services; what an authority did not answer is empty."""
    rng, places = randomness("city-tools"), boroughs()
    tables = []
    for number, (service, (systems, cost)) in enumerate(SERVICES.items(), start=1):
        share = rng.dirichlet(np.full(systems, 0.9))
        chosen = rng.choice(systems, len(places), p=share)
        ends = random_days(rng, "2025-10-31", "2030-03-31", len(places))
        # Contracts like to end with a month, most of all with the financial year.
        ends = ends.where(rng.random(len(places)) < 0.55, ends + pd.offsets.YearEnd(0) + pd.DateOffset(months=3))
        ends = ends + pd.offsets.MonthEnd(0)
        years = rng.choice([2, 3, 4, 5, 7], len(places), p=[0.1, 0.3, 0.3, 0.2, 0.1])
        yearly = cost * (places.residents_2021.to_numpy() / 100_000) ** 0.7 * rng.lognormal(0, 0.25, len(places))
        tables.append(
            pd.DataFrame(
                {
                    "authority_code": places.code,
                    "authority": places.name,
                    "service": service,
                    "system": [f"Example system {'ABCDEFGH'[each]}" for each in chosen],
                    "supplier": [f"Example supplier {(number * 5 + each * 7) % _SUPPLIERS + 1}" for each in chosen],
                    "hosting": rng.choice(["supplier's cloud", "own servers", "shared data centre"], len(places)),
                    "bought_through": rng.choice(_TERMS, len(places), p=[0.35, 0.4, 0.15, 0.1]),
                    "contract_start": [end - pd.DateOffset(years=int(n)) for end, n in zip(ends, years, strict=True)],
                    "contract_end": ends,
                    "may_extend_months": rng.choice([0, 12, 24], len(places), p=[0.4, 0.4, 0.2]),
                    "annual_cost_gbp": yearly.round(-3).astype(int),
                }
            )
        )
    table = pd.concat(tables).sort_values(["authority_code", "service"], ignore_index=True)
    silent = rng.random(len(table)) < 0.04
    unknown = ["system", "supplier", "hosting", "bought_through", "contract_start", "contract_end"]
    table.loc[silent, unknown] = None
    table["annual_cost_gbp"] = table.annual_cost_gbp.astype("Int64")
    table["may_extend_months"] = table.may_extend_months.astype("Int64")
    table.loc[silent, ["annual_cost_gbp", "may_extend_months"]] = pd.NA
    table.loc[~silent & (rng.random(len(table)) < 0.08), "annual_cost_gbp"] = pd.NA  # kept in confidence
    path = folder / "city-tools.csv"
    table.to_csv(path, index=False, lineterminator="\n", date_format="%Y-%m-%d")
    return path
