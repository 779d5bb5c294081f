"""Milestones, payments and partners of the invented growth programme, made to fit its list of projects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from boundaries import DATA
from ingredients import randomness

#: The day on which all of it was, so it is said, reported.
REPORTED = pd.Timestamp("2025-09-30")
#: Milestone → where it lies between a project's start and its planned end.
MILESTONES = {"Agreement signed": 0.0, "Design approved": 0.25, "Work begins": 0.4, "Work complete": 0.9, "Closed": 1.0}
KINDS = ("business", "charity", "community group", "university or college", "public body")


def _projects() -> pd.DataFrame:
    projects = pd.read_csv(DATA / "growth-projects.csv", parse_dates=["start_date"])
    days = pd.to_timedelta(projects.planned_months * 30, unit="D")
    return projects.assign(planned_end=projects.start_date + days)


def _slippage(rng: np.random.Generator, projects: pd.DataFrame) -> np.ndarray:
    """Days by which each project ends late: none for most, much for a few; complete ones ended before the report."""
    late = rng.lognormal(4.3, 0.9, len(projects)).round().clip(10, 540)
    slip = np.where(rng.random(len(projects)) < 0.5, late, rng.integers(-10, 11, len(projects)))
    room = (REPORTED - projects.planned_end).dt.days.to_numpy()
    return np.where(projects.status == "complete", np.minimum(slip, room), slip)


def growth_milestones(folder: Path) -> Path:
    """Five milestones for each project: the date first planned, the date now forecast, and the day it was reached."""
    rng, projects = randomness("growth-milestones"), _projects()
    slip = _slippage(rng, projects)
    span = (projects.planned_end - projects.start_date).dt.days.to_numpy()
    tables = []
    for order, (milestone, share) in enumerate(MILESTONES.items(), start=1):
        planned = projects.start_date + pd.to_timedelta((span * share).round(), unit="D")
        expected = planned + pd.to_timedelta((slip * share).round(), unit="D")
        forgotten = expected.between(REPORTED - pd.Timedelta(days=150), REPORTED) & (rng.random(len(projects)) < 0.35)
        reached = (expected <= REPORTED) & ~(forgotten & (projects.status == "on site"))
        reached &= ~((projects.status == "withdrawn") & (share > 0.25))
        tables.append(
            pd.DataFrame(
                {
                    "project_id": projects.project_id,
                    "number": order,
                    "milestone": milestone,
                    "planned_date": planned,
                    "forecast_date": expected.where((projects.status != "withdrawn") | reached),
                    "reached_date": expected.where(reached),
                }
            )
        )
    return _csv(pd.concat(tables).sort_values(["project_id", "number"]), folder / "growth-milestones.csv")


def growth_payments(folder: Path) -> Path:
    """Planned and paid grant for each project and quarter; what was paid after the report is not known."""
    rng, projects = randomness("growth-payments"), _projects()
    rows = []
    for project in projects.itertuples():
        quarters = pd.period_range(project.start_date, project.planned_end, freq="Q")
        bell = np.sin(np.pi * (np.arange(len(quarters)) + 0.7) / (len(quarters) + 0.4)) + 0.15
        planned = _whole(project.award_gbp * bell / bell.sum(), project.award_gbp)
        lag = rng.beta(2, 5) * (0.4 if project.status == "complete" else 1.0)
        paid, owed = [], 0.0
        for amount in planned:
            owed += amount
            now = round(owed * (1 - lag * rng.uniform(0.5, 1.5)), -2)
            paid.append(max(now, 0.0))
            owed -= paid[-1]
        if project.status == "complete":
            paid[-1] += owed
        for quarter, plan, pay in zip(quarters, planned, paid, strict=True):
            end = quarter.end_time.normalize()
            known = end <= REPORTED and project.status != "withdrawn"
            rows.append((project.project_id, end, int(plan), int(pay) if known else None))
    table = pd.DataFrame(rows, columns=["project_id", "quarter_end", "planned_gbp", "paid_gbp"])
    return _csv(table.astype({"paid_gbp": "Int64"}), folder / "growth-payments.csv")


def _whole(amounts: np.ndarray, total: int) -> np.ndarray:
    """Round to hundreds of pounds so that the sum stays what it was; the last amount takes what is left."""
    rounded = amounts.round(-2)
    rounded[-1] += total - rounded.sum()
    return rounded


def growth_partners(folder: Path) -> Path:
    """Who delivers each project beside its authority: up to four of 45 invented partners, a few of them in many."""
    rng, projects = randomness("growth-partners"), _projects()
    weight = rng.lognormal(0, 1.0, 45)
    kind = rng.choice(KINDS, 45, p=[0.3, 0.3, 0.2, 0.1, 0.1])
    rows = []
    for project in projects.itertuples():
        chosen = rng.choice(45, rng.integers(1, 5), replace=False, p=weight / weight.sum())
        roles = ["delivery", *rng.choice(["delivery", "adviser", "funder"], len(chosen) - 1)]
        rows += [
            (project.project_id, f"Example partner {number + 1}", kind[number], role)
            for number, role in zip(chosen, roles, strict=True)
        ]
    table = pd.DataFrame(rows, columns=["project_id", "partner", "partner_kind", "role"])
    return _csv(table, folder / "growth-partners.csv")


def _csv(table: pd.DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False, lineterminator="\n", date_format="%Y-%m-%d")
    return path
