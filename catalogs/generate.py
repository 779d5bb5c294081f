"""Make the generated sets in ``catalogs/data``, the same on every run.

    .venv/bin/python catalogs/generate.py                     # all of them
    .venv/bin/python catalogs/generate.py school-rolls        # one

Generated sets are made up. They look like London's data, so that examples, lessons and tests have something to work
on; no figure in them was measured. Each has its own stream of random numbers, so that changing one leaves the others
alone. The published tables and the boundaries are only read here (see README.md).
"""

from __future__ import annotations

import argparse
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from boundaries import DATA, write_features
from city_tools import city_tools
from ingredients import (
    SEED,
    boroughs,
    points_in,
    random_days,
    randomness,
    rush_hours,
    slow_noise,
    spread_over_boroughs,
)
from offences import recorded_offences_monthly
from places import libraries_and_museums, neighbourhoods, public_parks
from programme import growth_milestones, growth_partners, growth_payments
from schools import school_places_by_school


def air_quality_hourly(folder: Path) -> Path:
    """Hourly NO2 and PM2.5 at twelve invented sites: time × site, with gaps as real sensors have them."""
    rng = randomness("air-quality-hourly")
    times = pd.date_range("2025-01-01", "2025-03-31 23:00", freq="h")
    codes = boroughs().code[[0, 1, 4, 6, 7, 10, 11, 18, 21, 24, 29, 32]].reset_index(drop=True)
    places = points_in(codes, rng)
    roadside = np.arange(12) % 2 == 0
    weather = np.exp(0.35 * slow_noise(rng, len(times), 0.97))
    own = np.exp(0.15 * slow_noise(rng, len(times), 0.7, 12))
    busy = rush_hours(times)[:, None]
    no2 = weather * own * (np.where(roadside, 26, 15) + np.where(roadside, 30, 12) * busy)
    pm25 = weather**1.4 * own * (8 + np.where(roadside, 3, 1.5) * busy)
    for values in (no2, pm25):
        values[rng.random(values.shape) < 0.01] = np.nan
        values[300:372, 3] = np.nan  # three days out of order
    units = {"units": "ug m-3"}
    data = xr.Dataset(
        {
            "no2": (("time", "site"), no2.round(1).astype("float32"), units | {"long_name": "Nitrogen dioxide"}),
            "pm2_5": (
                ("time", "site"),
                pm25.round(1).astype("float32"),
                units | {"long_name": "Particulate matter PM2.5"},
            ),
        },
        coords={
            "time": ("time", times, {"standard_name": "time", "long_name": "Start of the hour, UTC"}),
            "site": ("site", [f"GEN{number:02}" for number in range(1, 13)], {"long_name": "Site (invented)"}),
            "latitude": ("site", places.y.to_numpy(), {"standard_name": "latitude", "units": "degrees_north"}),
            "longitude": ("site", places.x.to_numpy(), {"standard_name": "longitude", "units": "degrees_east"}),
            "borough_code": ("site", codes.tolist(), {"long_name": "GSS code of the authority, 2021"}),
            "site_type": ("site", np.where(roadside, "roadside", "background").tolist(), {"long_name": "Type of site"}),
        },
        attrs=_grid_attributes("Hourly air-quality readings (generated)"),
    )
    data.no2.attrs["standard_name"] = "mass_concentration_of_nitrogen_dioxide_in_air"
    data.pm2_5.attrs["standard_name"] = "mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air"
    packed = {"zlib": True, "complevel": 9, "shuffle": True}
    path = folder / "air-quality-hourly.nc"
    data.to_netcdf(path, engine="h5netcdf", encoding={"no2": packed, "pm2_5": packed})
    return path


def air_quality_forecast(folder: Path) -> Path:
    """A forecast on a 0.1 degree grid over London: 72 hours × 6 × 11, as zipped Zarr v3."""
    rng = randomness("air-quality-forecast")
    times = pd.date_range("2025-04-01", periods=72, freq="h")
    latitude, longitude = np.linspace(51.75, 51.25, 6).round(2), np.linspace(-0.55, 0.45, 11).round(2)
    near_centre = np.exp(-(((latitude[:, None] - 51.51) / 0.18) ** 2) - ((longitude[None, :] + 0.12) / 0.3) ** 2)
    weather = np.exp(0.3 * slow_noise(rng, 72, 0.95))[:, :, None]
    busy = rush_hours(times)[:, None, None]
    dims = ("time", "latitude", "longitude")
    no2 = weather * (8 + 22 * near_centre * (0.6 + busy))
    pm25 = weather * (7 + 5 * near_centre * (0.8 + 0.4 * busy))
    data = xr.Dataset(
        {
            "no2": (dims, no2.round(2).astype("float32"), {"units": "ug m-3", "long_name": "Nitrogen dioxide"}),
            "pm2_5": (
                dims,
                pm25.round(2).astype("float32"),
                {"units": "ug m-3", "long_name": "Particulate matter PM2.5"},
            ),
        },
        coords={
            "time": ("time", times, {"standard_name": "time", "long_name": "Hour that is forecast, UTC"}),
            "latitude": ("latitude", latitude, {"standard_name": "latitude", "units": "degrees_north"}),
            "longitude": ("longitude", longitude, {"standard_name": "longitude", "units": "degrees_east"}),
        },
        attrs=_grid_attributes("Air-quality forecast on a grid (generated)"),
    )
    path = folder / "air-quality-forecast.zarr.zip"
    with tempfile.TemporaryDirectory() as scratch:
        chunks = {name: {"chunks": (24, 6, 11)} for name in ("no2", "pm2_5")}
        data.to_zarr(scratch, mode="w", zarr_format=3, consolidated=False, encoding=chunks)
        files = [each for each in Path(scratch).rglob("*") if each.is_file()]
        members = {each.relative_to(scratch).as_posix(): each.read_bytes() for each in files}
        _pack(members, path, zipfile.ZIP_STORED)
    return path


def _grid_attributes(title: str) -> dict[str, str]:
    return {
        "Conventions": "CF-1.11",
        "title": title,
        "comment": f"Generated with seed {SEED}; nothing here was measured or modelled.",
        "institution": "londata",
    }


def _pack(members: Mapping[str, bytes], path: Path, compression: int) -> None:
    """Write a zip file; names in order and one fixed date, so that the same members give the same bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name), members[name], compression)


def cycle_hires_daily(folder: Path) -> Path:
    """Two years of daily hires: more in summer, on weekdays and in dry weather, fewer at Christmas."""
    rng = randomness("cycle-hires-daily")
    days = pd.date_range("2024-01-01", "2025-12-31")
    season = 1 - 0.35 * np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 15) / 365.25)
    weekday = np.where(days.day_of_week < 5, 1.0, 0.86)
    christmas = np.where((days.month == 12) & (days.day >= 24), 0.45, 1.0)
    weather = np.exp(0.18 * slow_noise(rng, len(days), 0.6)[:, 0])
    hires = 24_000 * season * weekday * christmas * weather
    minutes = 18 + 3.5 * (season - 1) + np.where(days.day_of_week < 5, 0, 5) + rng.normal(0, 0.6, len(days))
    table = pd.DataFrame({"date": days, "hires": hires.round().astype(int), "mean_minutes": minutes.round(1)})
    return _csv(table, folder / "cycle-hires-daily.csv")


def growth_projects(folder: Path) -> Path:
    """120 projects of an invented regeneration programme."""
    rng = randomness("growth-projects")
    place = spread_over_boroughs(rng, 120)
    themes = np.array(["High street", "Workspace", "Public realm", "Culture", "Skills", "Community asset"])
    theme = rng.choice(themes, 120)
    start = random_days(rng, "2022-04-01", "2025-09-30", 120)
    months = rng.integers(9, 40, 120)
    award = rng.lognormal(12.9, 0.9, 120).clip(20_000, 4_000_000).round(-3).astype(int)
    status = np.where(
        start + pd.to_timedelta(months * 30, unit="D") < pd.Timestamp("2025-10-01"), "complete", "on site"
    )
    table = pd.DataFrame(
        {
            "project_id": [f"GEN-{number:03}" for number in range(1, 121)],
            "project": [f"{kind} project {number}" for number, kind in enumerate(theme, start=1)],
            "authority_code": place.code,
            "authority": place.name,
            "round": rng.integers(1, 4, 120),
            "theme": theme,
            "award_gbp": award,
            "match_funding_gbp": (award * rng.uniform(0.3, 1.6, 120)).round(-3).astype(int),
            "start_date": start,
            "planned_months": months,
            "status": np.where(rng.random(120) < 0.05, "withdrawn", status),
        }
    )
    table.loc[rng.choice(120, 6, replace=False), "match_funding_gbp"] = np.nan
    table["match_funding_gbp"] = table.match_funding_gbp.astype("Int64")
    return _csv(table, folder / "growth-projects.csv")


def traffic_counts(folder: Path) -> Path:
    """Counts at 60 invented points, in the Latin-1 encoding and with the £ sign that many council exports have."""
    rng = randomness("traffic-counts")
    place = spread_over_boroughs(rng, 60)
    points = pd.DataFrame({"count_point": range(9001, 9061), "authority_code": place.code, "authority": place.name})
    busy = pd.Series(rng.lognormal(6.2, 0.5, 60), index=points.count_point)
    table = points.merge(pd.DataFrame({"hour": range(7, 19)}), how="cross")
    table.insert(3, "date", random_days(rng, "2025-03-03", "2025-06-27", 60).repeat(12))
    level = busy.loc[table.count_point].to_numpy() * (
        0.7 + 0.5 * rush_hours(pd.DatetimeIndex(table.date + pd.to_timedelta(table.hour, unit="h")))
    )
    for column, share in {"pedal_cycles": 0.08, "cars": 1.0, "vans": 0.22, "lorries": 0.05, "buses": 0.04}.items():
        table[column] = rng.poisson(level * share)
    table["survey_cost_£"] = rng.integers(90, 260, 60).repeat(12) / 12
    return _csv(table.round({"survey_cost_£": 2}), folder / "traffic-counts.csv", encoding="latin-1")


def _csv(table: pd.DataFrame, path: Path, encoding: str = "utf-8") -> Path:
    table.to_csv(path, index=False, encoding=encoding, lineterminator="\n", date_format="%Y-%m-%d")
    return path


def _parquet(table: pd.DataFrame, path: Path) -> Path:
    table.to_parquet(path, index=False)
    return path


def school_rolls(folder: Path) -> Path:
    """Pupils on roll at 240 invented schools over five years; primary rolls fall, as London's do."""
    rng = randomness("school-rolls")
    place = spread_over_boroughs(rng, 240)
    phase = np.where(rng.random(240) < 0.78, "primary", "secondary")
    capacity = np.where(phase == "primary", rng.choice([210, 315, 420, 630], 240), rng.choice([900, 1200, 1500], 240))
    school = pd.DataFrame(
        {
            "school_id": [f"GEN{number:04}" for number in range(1, 241)],
            "school": [f"Example {kind} school {number}" for number, kind in enumerate(phase, start=1)],
            "authority_code": place.code,
            "authority": place.name,
            "phase": phase,
            "capacity": capacity.astype("int32"),
        }
    )
    full = rng.normal(0.93, 0.05, 240)
    years = []
    for number, year in enumerate(["2020/21", "2021/22", "2022/23", "2023/24", "2024/25"]):
        drift = np.where(phase == "primary", -0.016, 0.006) * number + rng.normal(0, 0.008, 240)
        pupils = (capacity * (full + drift).clip(0.5, 1.05)).round().astype("int32")
        meals = (rng.beta(5, 14, 240) * 100).round(1)
        years.append(school.assign(academic_year=year, pupils=pupils, free_school_meals_percent=meals))
    table = pd.concat(years).sort_values(["school_id", "academic_year"], ignore_index=True)
    return _parquet(table, folder / "school-rolls.parquet")


def building_energy(folder: Path) -> Path:
    """Electricity and gas of 900 invented public buildings in three years."""
    rng = randomness("building-energy")
    place = spread_over_boroughs(rng, 900)
    use = {"school": 0.55, "office": 1.0, "library": 0.8, "leisure centre": 2.4, "depot": 0.7}
    kind = rng.choice(list(use), 900, p=[0.45, 0.2, 0.15, 0.1, 0.1])
    floor = rng.lognormal(7.6, 0.7, 900).clip(150, 30_000).round()
    building = pd.DataFrame(
        {
            "building_id": [f"GEN-B{number:04}" for number in range(1, 901)],
            "authority_code": place.code,
            "authority": place.name,
            "building_type": kind,
            "floor_area_m2": floor,
        }
    )
    intensity = np.array([use[each] for each in kind]) * rng.lognormal(0, 0.25, 900)
    years = []
    for year, winter in {2022: 1.0, 2023: 0.94, 2024: 0.97}.items():
        power = (floor * intensity * 80 * rng.normal(1, 0.04, 900)).round()
        gas = (floor * intensity * 150 * winter * rng.normal(1, 0.05, 900)).round()
        gas[rng.random(900) < 0.03] = np.nan  # the meter was not read
        years.append(building.assign(year=np.int32(year), electricity_kwh=power, gas_kwh=gas))
    table = pd.concat(years).sort_values(["building_id", "year"], ignore_index=True)
    return _parquet(table, folder / "building-energy.parquet")


def park_condition(folder: Path) -> Path:
    """A condition survey of 160 invented parks: points as GeoJSON, and the same rows as CSV."""
    rng = randomness("park-condition")
    place = spread_over_boroughs(rng, 160)
    table = gpd.GeoDataFrame(
        {
            "park_id": [f"GEN-P{number:03}" for number in range(1, 161)],
            "park": [f"Example park {number}" for number in range(1, 161)],
            "authority_code": place.code,
            "authority": place.name,
            "area_hectares": rng.lognormal(0.9, 1.0, 160).clip(0.1, 120).round(1),
            "condition_score": rng.normal(68, 11, 160).clip(15, 98).round().astype(int),
            "surveyed": random_days(rng, "2025-05-01", "2025-08-31", 160).strftime("%Y-%m-%d"),
        },
        geometry=points_in(place.code, rng),
    )
    path = folder / "park-condition.geojson"
    write_features(table, path)
    _csv(table.drop(columns="geometry"), folder / "park-condition.csv")
    return path


def council_registers(folder: Path) -> Path:
    """Contracts and systems of councils, as a workbook with notes above each table."""
    rng = randomness("council-registers")
    place = spread_over_boroughs(rng, 150)
    functions = np.array(
        ["Housing repairs", "Social care", "Revenues and benefits", "Planning", "Parking", "Waste", "Libraries"]
    )
    function = rng.choice(functions, 150)
    start = random_days(rng, "2019-04-01", "2025-04-01", 150)
    contracts = pd.DataFrame(
        {
            "contract_id": [f"GEN-C{number:03}" for number in range(1, 151)],
            "authority_code": place.code,
            "authority": place.name,
            "function": function,
            "supplier": [f"Example supplier {number}" for number in rng.integers(1, 41, 150)],
            "annual_value_gbp": rng.lognormal(11.8, 1.0, 150).round(-2),
            "start_date": start,
            "end_date": start + pd.to_timedelta(rng.integers(2, 8, 150) * 365, unit="D"),
            "extension_months": rng.choice([0, 12, 24], 150),
        }
    )
    with_system = contracts.iloc[np.sort(rng.choice(150, 99, replace=False))].reset_index(drop=True)
    systems = with_system[["authority_code", "authority", "function", "contract_id"]].copy()
    systems.insert(0, "system_id", [f"GEN-S{number:03}" for number in range(1, 100)])
    systems["hosting"] = rng.choice(["supplier cloud", "public cloud", "own data centre"], 99, p=[0.5, 0.3, 0.2])
    systems["has_api"] = rng.random(99) < 0.45
    systems["in_use_since"] = with_system.start_date.dt.year - rng.integers(0, 9, 99)
    path = folder / "council-registers.xlsx"
    notes = [
        "{} (generated)",
        f"Made up with seed {SEED}: no authority, supplier or amount here is real.",
        "",
        "Amounts in £ a year.",
        "",
    ]
    with pd.ExcelWriter(path, engine="openpyxl", date_format="YYYY-MM-DD", datetime_format="YYYY-MM-DD") as workbook:
        for sheet, table in {"Contracts": contracts, "Systems": systems}.items():
            pd.DataFrame([note.format(sheet) for note in notes]).to_excel(
                workbook, sheet_name=sheet, index=False, header=False
            )
            table.to_excel(workbook, sheet_name=sheet, index=False, startrow=len(notes))
    _without_time(path)
    return path


def _without_time(workbook: Path) -> None:
    """Take out of a workbook when it was written."""
    with zipfile.ZipFile(workbook) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    core = members["docProps/core.xml"]
    members["docProps/core.xml"] = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2026-01-01T00:00:00Z", core)
    _pack(members, workbook, zipfile.ZIP_DEFLATED)


GENERATED: dict[str, Callable[[Path], Path]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        air_quality_hourly,
        air_quality_forecast,
        cycle_hires_daily,
        growth_projects,
        traffic_counts,
        school_rolls,
        building_energy,
        park_condition,
        council_registers,
        recorded_offences_monthly,
        school_places_by_school,
        growth_milestones,
        growth_payments,
        growth_partners,
        city_tools,
        neighbourhoods,
        public_parks,
        libraries_and_museums,
    )
}


def main() -> None:
    """Make the sets that are asked for, or all."""
    parser = argparse.ArgumentParser(description="Make the generated sets in catalogs/data.")
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"{', '.join(GENERATED)}; all by default")
    parser.add_argument("--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    if unknown := set(arguments.sets) - set(GENERATED):
        parser.error(f"there is no set {', '.join(sorted(unknown))}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.sets or GENERATED:
        path = GENERATED[name](arguments.out)
        print(f"{name:22} {path.stat().st_size:>9,} bytes  {path.name}")


if __name__ == "__main__":
    main()
