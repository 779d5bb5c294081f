"""Contacts with people who sleep rough, as three bodies would hold them: the same people in part, and nothing alike.

Each body has its own ids and its own words. What joins them are two keys that stand for a name: all three make them in
the same way, so a name that somebody misheard gives another key. About one person in three is known to more than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import compute, csv

from londata_hub.demonstration.ingredients import (
    CODES,
    NAMES,
    Flags,
    Numbers,
    Texts,
    area_codes,
    areas,
    days,
    identifiers,
    letters,
    numbered,
    place,
    randomness,
    with_gaps,
    write_parquet,
)

PEOPLE, SURNAMES = 4_200, 1_500
FIRST_DAY, DAYS = "2025-01-01", 365
NATIONALITIES = ("UK", "Central and Eastern Europe", "Other Europe", "Africa", "Asia", "Americas")


@dataclass(frozen=True)
class _People:
    """Who they are in truth, which no body knows whole. ``met`` has a column per body: GLA, Camden, NHS."""

    key: Texts
    surname: Texts
    age: Numbers
    woman: Flags
    authority: Numbers
    nationality: Numbers
    needs: Flags
    met: Flags


@dataclass(frozen=True)
class _Seen:
    """The contacts of one body: whom, on which day, where; under the ids and keys that it recorded."""

    person: Numbers
    day: Numbers
    authority: Numbers
    area: Texts
    contact: Texts
    client: Texts
    key: Texts
    surname: Texts


@cache
def _people() -> _People:
    rng = randomness("rough-sleeping-people")
    surnames = np.char.add(letters(rng, SURNAMES, 3), numbered("", rng.integers(0, 10**5, SURNAMES), 5))
    common = 1 / (np.arange(SURNAMES) + 20)
    middle = np.array([place(name) for name in ("Westminster", "Camden", "Tower Hamlets", "Lambeth", "Southwark")])
    authority = np.where(rng.random(PEOPLE) < 0.55, rng.choice(middle, PEOPLE), rng.integers(0, len(CODES), PEOPLE))
    camden = authority == place("Camden")
    likely = np.column_stack([np.full(PEOPLE, 0.72), np.where(camden, 0.75, 0.09), np.where(camden, 0.5, 0.22)])
    return _People(
        _keys(rng, PEOPLE),
        rng.choice(surnames, PEOPLE, p=common / common.sum()),
        rng.normal(42, 12, PEOPLE).clip(18, 88).astype(np.int64),
        rng.random(PEOPLE) < 0.18,
        authority,
        rng.choice(len(NATIONALITIES), PEOPLE, p=[0.47, 0.24, 0.09, 0.1, 0.07, 0.03]),
        rng.random((PEOPLE, 3)) < (0.33, 0.36, 0.5),  # alcohol, drugs, mental health
        rng.random((PEOPLE, 3)) < likely,
    )


def _keys(rng: np.random.Generator, count: int) -> Texts:
    """Make keys such as ``QWER12345678TZUI``: what a name and a date of birth become, one way only."""
    middle = numbered("", rng.integers(0, 10**8, count), 8)
    return np.char.add(np.char.add(letters(rng, count, 4), middle), letters(rng, count, 4))


def _seen(rng: np.random.Generator, body: int, prefixes: tuple[str, str], misheard: float, often: float) -> _Seen:
    """Draw the contacts of one body, in order of time; ``misheard`` is the share of people recorded with other keys."""
    people = _people()
    known = np.flatnonzero(people.met[:, body])
    times = rng.geometric(1 / often, len(known)).clip(1, 40)
    count = int(times.sum())
    first = rng.integers(0, DAYS, len(known))
    day = (np.repeat(first, times) + rng.exponential(25, count).astype(np.int64) * (rng.random(count) < 0.8)) % DAYS
    order = np.argsort(day, kind="stable")
    whom = np.repeat(np.arange(len(known)), times)[order]
    wrong, other = rng.random(len(known)) < misheard, rng.random(len(known)) < misheard / 3
    key = np.where(wrong, _keys(rng, len(known)), people.key[known])
    surname = np.where(other, rng.permutation(people.surname[known]), people.surname[known])
    authority = np.where(rng.random(count) < 0.85, people.authority[known][whom], rng.integers(0, len(CODES), count))
    return _Seen(
        known[whom],
        day[order],
        authority,
        area_codes(areas(rng, authority)),
        identifiers(rng, prefixes[0], count),
        identifiers(rng, prefixes[1], len(known))[whom],
        key[whom],
        surname[whom],
    )


def rough_sleeping_contacts_gla(path: Path) -> None:
    """Write what outreach teams saw at night, as Parquet."""
    rng, people = randomness("rough-sleeping-contacts-gla"), _people()
    seen = _seen(rng, 0, ("OUT", "CL"), 0.08, 3.0)
    count, who = len(seen.person), seen.person
    outcomes = ["street", "hostel", "assessment hub", "reconnection", "not known"]
    write_parquet(
        {
            "contact_id": seen.contact,
            "client_id": seen.client,
            "person_key": seen.key,
            "surname_key": seen.surname,
            "contact_date": days(FIRST_DAY, seen.day),
            "borough_code": CODES[seen.authority],
            "lsoa_code": with_gaps(seen.area, rng.random(count) < 0.15),
            "age": people.age[who],
            "gender": np.where(people.woman[who], "woman", "man"),
            "nationality_group": with_gaps(
                np.array(NATIONALITIES)[people.nationality[who]], (rng.random(len(people.key)) < 0.12)[who]
            ),
            "alcohol_need": people.needs[who, 0],
            "drug_need": people.needs[who, 1],
            "mental_health_need": people.needs[who, 2] & (rng.random(count) < 0.9),
            "bedded_down": rng.random(count) < 0.7,
            "outcome": rng.choice(outcomes, count, p=[0.58, 0.14, 0.13, 0.05, 0.1]),
        },
        path,
    )


def rough_sleeping_contacts_camden(path: Path) -> None:
    """Write what a council's housing options team noted, as it would export it: semicolons, days first, NK, £."""
    rng, people = randomness("rough-sleeping-contacts-camden"), _people()
    seen = _seen(rng, 1, ("CON", "HO"), 0.15, 2.2)
    count, who = len(seen.person), seen.person
    bands = np.array(["16-24", "25-34", "35-44", "45-54", "55-64", "65+"])
    needs = np.array(["N", "A", "D", "AD", "M", "AM", "DM", "ADM"])[people.needs[who] @ np.array([1, 2, 4])]
    notes = np.array(
        ["Came with a worker", "Deposit of £500 asked for", "Waits for benefits", "Wants to stay near work"]
    )
    sex = np.where(people.woman[who], "F", "M")
    plain = {
        "CONTACT REF": seen.contact,
        "CASE REF": seen.client,
        "PERSON KEY": seen.key,
        "SURNAME KEY": seen.surname,
        "DATE": days(FIRST_DAY, seen.day).astype("datetime64[s]"),
        "AGE BAND": bands[np.digitize(people.age[who], [25, 35, 45, 55, 65])],
        "SEX": _or_not_known(sex, rng.random(count) < 0.04),
        "AREA CODE": _or_not_known(seen.area, rng.random(count) < 0.3),
        "LAST SETTLED": _or_not_known(NAMES[people.authority[who]], rng.random(count) < 0.2),
        "SUPPORT NEEDS": needs,
        "LOCAL CONNECTION": np.where(people.authority[who] == place("Camden"), "Y", "N"),
        "RENT GBP": rng.integers(90, 420, count) + rng.choice([0.0, 0.5], count),
        "OUTCOME": rng.choice(["TA", "ADV", "REF", "NFA"], count, p=[0.22, 0.4, 0.23, 0.15]),
        "WORKER NOTE": _or_not_known(rng.choice(notes, count), rng.random(count) < 0.5),
    }
    table = pa.table(plain)
    day = compute.strftime(table["DATE"], format="%d/%m/%Y")
    table = table.set_column(table.column_names.index("DATE"), "DATE", day)
    path.write_bytes(_as_exported(table))


def _or_not_known(values: Texts, unknown: Flags) -> Texts:
    return np.where(unknown, "NK", values)


def _as_exported(table: pa.Table) -> bytes:
    """Write as the council's system does: separated by semicolons, in the encoding of Windows, lines of CR LF."""
    sink = pa.BufferOutputStream()
    csv.write_csv(table, sink, csv.WriteOptions(delimiter=";", quoting_style="none", quoting_header="none"))
    text: str = sink.getvalue().to_pybytes().decode("utf-8")
    return text.replace("\n", "\r\n").encode("cp1252")


def rough_sleeping_contacts_nhs(path: Path) -> None:
    """Write what nurses of an outreach clinic noted, as Parquet."""
    rng, people = randomness("rough-sleeping-contacts-nhs"), _people()
    seen = _seen(rng, 2, ("VIS", "PT"), 0.05, 1.8)
    count, who = len(seen.person), seen.person
    minutes = rng.integers(9 * 60, 18 * 60, count).astype("timedelta64[m]")
    stays = rng.integers(1, 30, count)
    admitted = rng.random(count) < 0.12
    write_parquet(
        {
            "attendance_id": seen.contact,
            "patient_ref": seen.client,
            "name_dob_key": seen.key,
            "name_key": seen.surname,
            "seen_at": days(FIRST_DAY, seen.day) + minutes,
            "borough": NAMES[seen.authority],
            "lsoa_of_clinic": with_gaps(seen.area, rng.random(count) < 0.08),
            "age_at_contact": people.age[who] + (rng.random(count) < 0.04),
            "sex": with_gaps(np.where(people.woman[who], "2", "1"), rng.random(count) < 0.01),
            "reason": rng.choice(["wound", "chest", "mental health", "substance use", "dental", "other"], count),
            "mental_health": people.needs[who, 2],
            "substance_use": people.needs[who, 0] | people.needs[who, 1],
            "registered_with_gp": rng.random(count) < 0.46,
            "hospital_until": with_gaps(days(FIRST_DAY, seen.day + stays), ~admitted),
            "systolic_mmhg": with_gaps(rng.normal(131, 18, count).clip(80, 220).round(0), rng.random(count) < 0.4),
            "referred_to": with_gaps(
                rng.choice(["hospital", "GP", "drug and alcohol", "housing"], count), rng.random(count) < 0.35
            ),
        },
        path,
    )
