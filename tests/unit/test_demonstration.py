"""The generated sets that are not open: what their records declare is true, and they behave like the real thing."""

from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from londata import readers
from londata.access import Arrangements, Subject, decide, midnight
from londata.catalog_files import load_catalog
from londata.dummy import dummy_rows
from londata.errors import SettingsError
from londata.records import AccessRequest, signs_of
from londata_hub.demonstration import dates, holders, ingredients, preparing, sharing
from londata_hub.wiring import folders

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = {entry.id: entry for entry in load_catalog(ROOT / "catalogs").entries}
HELD = {each.entry: each for each in holders.SETS}
TODAY = dt.date(2026, 11, 22)
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
SHARING = sharing.read(preparing.FILES, TODAY)
DTYPES = {"string": "str", "integer": "int64", "number": "float64", "boolean": "bool"}
DTYPES |= dict.fromkeys(("date", "datetime"), "datetime64[us]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("holders")
    assert len(list(holders.make(made))) == len(HELD)
    return made


@pytest.fixture(scope="module")
def tables(folder):
    """Every set, read as an analyst reads it who may read all of it."""
    return {name: read(folder / held.file, name) for name, held in HELD.items()}


def read(path, name):
    distribution = ENTRIES[name].distributions[0]
    return readers.read(path, distribution.media_type, distribution.options)


def written_as(pattern):
    """The regular expression of a column's pattern."""
    return "".join({"9": "[0-9]", "A": "[A-Z]"}.get(sign, re.escape(sign[-1])) for sign in signs_of(pattern))


# What is declared ----------------------------------------------------------------------------------------------------


def test_the_sets_are_the_entries_of_the_catalogue_that_come_through_the_gateway():
    gated = {entry.id for entry in ENTRIES.values() if any(each.through for each in entry.distributions)}
    assert gated == set(HELD)
    for name, held in HELD.items():
        assert [each.id for each in ENTRIES[name].distributions] == [held.distribution]


def test_no_file_of_them_is_in_the_folder_that_every_sandbox_sees():
    assert not [path for path in (ROOT / "catalogs").rglob("*") for name in HELD if path.name.startswith(name)]


@pytest.mark.parametrize("name", HELD)
def test_every_value_is_as_the_record_declares(tables, name):
    entry, table = ENTRIES[name], tables[name]
    assert list(table.columns) == [column.name for column in entry.columns]
    assert len(table) == entry.distributions[0].rows
    for column in entry.columns:
        values = table[column.name]
        assert str(values.dtype) == DTYPES[column.type], column.name
        assert values.isna().any() == column.missing, f"{column.name}: missing"
        known = values.dropna()
        assert known.is_unique == column.unique, f"{column.name}: unique"
        if column.codes:
            assert set(known) == set(column.codes), column.name
        if column.pattern:
            assert known.str.fullmatch(written_as(column.pattern)).all(), column.name
        if column.minimum is not None:
            assert known.min() >= bound(known, column.minimum), column.name
        if column.maximum is not None:
            assert known.max() <= bound(known, column.maximum), column.name


def bound(values, value):
    """A bound as a value that these can be compared with."""
    first = values.iloc[0]
    return type(first).fromisoformat(value) if isinstance(first, dt.date) else value


@pytest.mark.parametrize("name", HELD)
def test_every_column_says_enough_to_make_a_twin_of_it(name):
    for column in ENTRIES[name].columns:
        told = column.codes or column.pattern or column.minimum is not None or column.type == "boolean"
        assert told or column.name == "WORKER NOTE", column.name


@pytest.mark.parametrize("name", HELD)
def test_a_set_is_the_same_whenever_it_is_made(folder, tmp_path, name):
    HELD[name].make(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (folder / HELD[name].file).read_bytes()


# Dummy twins ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HELD)
def test_a_dummy_twin_has_the_shape_of_the_data(tables, name):
    twin, table = dummy_rows(ENTRIES[name], 300), tables[name]
    assert list(twin.columns) == list(table.columns)
    assert {each: str(kind) for each, kind in twin.dtypes.items()} == {
        each: str(kind) for each, kind in table.dtypes.items()
    }
    for column in table.columns:
        assert twin[column].isna().any() == table[column].isna().any(), column
        assert {type(value) for value in twin[column].dropna()} == {type(value) for value in table[column].dropna()}


@pytest.mark.parametrize("name", HELD)
def test_no_row_of_a_dummy_twin_is_real_and_no_id_of_it_is_anybodys(tables, name):
    twin, table = dummy_rows(ENTRIES[name], 300), tables[name]
    for column in ENTRIES[name].columns:
        if column.pattern and column.name.casefold() not in PLACES:
            assert not set(twin[column.name].dropna()) & set(table[column.name].dropna()), column.name
    names = [column.name for column in ENTRIES[name].columns if column.name != "mean_minutes"]
    assert not set(rows(twin[names])) & set(rows(table[names]))


#: Columns that say where, not who.
PLACES = {"lsoa_code", "lsoa_of_clinic", "area code", "school_id", "previous_school_id"}


def rows(table):
    return table.astype("object").where(table.notna(), None).itertuples(index=False, name=None)


# It behaves like the real thing --------------------------------------------------------------------------------------


def test_pupils_have_siblings_move_and_grow_older(tables):
    rolls = tables["school-rolls-by-pupil"]
    assert 55_000 < rolls.pupil_id.nunique() < 65_000
    first, second = (rolls[rolls.school_year == year].set_index("pupil_id") for year in ("2024/25", "2025/26"))
    assert first.index.is_unique
    assert second.index.is_unique
    both = first.join(second.add_suffix("_after"), how="inner")
    assert (both.year_group_after == both.year_group + 1).all()
    assert (both.birth_month == both.birth_month_after).all()
    assert 0.005 < (both.borough_code != both.borough_code_after).mean() < 0.03
    moved = both.school_id != both.school_id_after
    assert both.previous_school_id_after[moved].equals(both.school_id[moved])
    assert both.previous_school_id_after[~moved].isna().all()
    homes = first.groupby("address_group")
    assert homes.size().max() <= 4
    assert 0.3 < (homes.size() > 1).mean() < 0.6
    assert (homes.lsoa_code.nunique() == 1).all()


def test_ages_fit_year_groups_and_homes_that_are_withheld_are_withheld_whole(tables):
    rolls = tables["school-rolls-by-pupil"]
    begins = rolls.school_year.str[:4].astype(int)
    oldest = pd.to_datetime((begins - 5 - rolls.year_group).astype(str) + "-09-01")
    born, admitted = pd.to_datetime(rolls.birth_month), pd.to_datetime(rolls.admission_date)
    assert ((born >= oldest) & (born < oldest + pd.DateOffset(years=1))).all()
    assert (born.dt.day == 1).all()
    assert (admitted < pd.to_datetime((begins + 1).astype(str) + "-01-31")).all()
    withheld = rolls.address_group.isna()
    assert rolls.lsoa_code.isna().equals(withheld)
    assert rolls.home_to_school_km[withheld].isna().all()


def test_areas_lie_in_their_boroughs(tables):
    """As ONS numbered them in 2001: one run of codes after the other, in the order of the authorities' names."""
    rolls = tables["school-rolls-by-pupil"].dropna(subset="lsoa_code")
    stays = rolls[rolls.previous_school_id.isna()]
    camden = stays[stays.borough_code == "E09000007"].lsoa_code
    assert (camden.min(), camden.max()) == ("E01000842", "E01000974")
    assert sum(ingredients.AUTHORITIES.values()) == 4765


def test_three_bodies_know_the_same_people_in_part_and_under_other_ids(tables):
    keys = {
        "gla": tables["rough-sleeping-contacts-gla"].person_key,
        "camden": tables["rough-sleeping-contacts-camden"]["PERSON KEY"],
        "nhs": tables["rough-sleeping-contacts-nhs"].name_dob_key,
    }
    people = {name: set(values) for name, values in keys.items()}
    for one, other in pairwise(("camden", "gla", "nhs", "camden")):
        shared = len(people[one] & people[other])
        assert 0.1 < shared / min(len(people[one]), len(people[other])) < 0.9
    assert len(set.intersection(*people.values())) > 100
    ids = [tables["rough-sleeping-contacts-gla"].client_id, tables["rough-sleeping-contacts-nhs"].patient_ref]
    assert not set(ids[0]) & set(ids[1])


def test_joining_on_the_key_alone_misses_people_whose_name_was_misheard(tables):
    gla = tables["rough-sleeping-contacts-gla"].drop_duplicates("client_id")
    camden = tables["rough-sleeping-contacts-camden"].drop_duplicates("CASE REF")
    by_person = gla.merge(camden, left_on="person_key", right_on="PERSON KEY")
    by_surname = gla.merge(camden, left_on="surname_key", right_on="SURNAME KEY")
    assert 100 < len(by_person) < len(by_surname)


def test_the_council_exports_as_councils_do(folder):
    text = (folder / HELD["rough-sleeping-contacts-camden"].file).read_bytes()
    first, second = text.split(b"\r\n")[:2]
    assert first.startswith(b"CONTACT REF;CASE REF;")
    assert re.search(rb";[0-3][0-9]/[01][0-9]/2025;", second)
    assert b";NK;" in text
    assert b"\xa3500" in text  # £ in one byte


def test_each_authority_has_a_row_group_of_its_own(folder):
    for name, column, groups in (("tfl-movements", "origin_code", 33), ("school-rolls-by-pupil", "borough_code", 6)):
        with pq.ParquetFile(folder / HELD[name].file) as file:
            assert file.num_row_groups == groups
            index = file.schema_arrow.names.index(column)
            found = [file.metadata.row_group(group).column(index).statistics for group in range(groups)]
            assert all(each.min == each.max for each in found)
            assert len({each.min for each in found}) == groups


def test_people_stream_to_the_middle_in_the_morning_and_home_in_the_evening(tables):
    moves = tables["tfl-movements"]
    moves = moves[pd.to_datetime(moves.date).dt.day_of_week < 5]
    city = "E09000001"
    into = moves[(moves.destination_code == city) & (moves.origin_code != city)].groupby("hour").journeys.sum()
    out = moves[(moves.origin_code == city) & (moves.destination_code != city)].groupby("hour").journeys.sum()
    assert into.idxmax() == 8
    assert out.idxmax() == 18
    assert (moves.journeys % 5 == 0).all()
    assert np.array_equal(moves.journeys == 0, moves.mean_minutes.isna())


# Making the files ----------------------------------------------------------------------------------------------------


def test_files_are_made_once_and_again_when_their_generator_changed(tmp_path, monkeypatch):
    few = holders.SETS[1:2]
    monkeypatch.setattr(holders, "SETS", few)
    assert len(list(holders.make(tmp_path))) == 1
    assert list(holders.make(tmp_path)) == []
    newer = holders.HeldSet(few[0].entry, few[0].distribution, few[0].module, version=few[0].version + 1)
    monkeypatch.setattr(holders, "SETS", (newer,))
    assert [path.name for path in holders.make(tmp_path)] == [newer.file]
    assert [path.name for path in tmp_path.iterdir()] == [newer.file]
    assert (tmp_path / newer.file).stat().st_mode & 0o077 == 0


def test_a_file_that_could_not_be_finished_is_not_there(tmp_path, monkeypatch):
    def broken(path):
        path.write_text("half")
        raise RuntimeError("stopped")

    from londata_hub.demonstration import contacts

    monkeypatch.setattr(contacts, "rough_sleeping_contacts_gla", broken)
    monkeypatch.setattr(holders, "SETS", holders.SETS[1:2])
    with pytest.raises(RuntimeError):
        list(holders.make(tmp_path))
    assert list(tmp_path.iterdir()) == []


# What is arranged ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today", "2026-11-22"),
        ("in 24 days", "2026-12-16"),
        ("in 1 day", "2026-11-23"),
        ("30 days ago", "2026-10-23"),
        ("2026-03-03", "2026-03-03"),
    ],
)
def test_a_day_can_be_said_from_today(said, day):
    assert dates.day(said, TODAY).isoformat() == day


@pytest.mark.parametrize("said", ["tomorrow", "in 24 weeks", "in -1 days", "in 99999 days", "2026-02-30", "", "24", 24])
def test_a_day_that_is_none_is_refused(said):
    with pytest.raises(SettingsError, match="is no day"):
        dates.day(said, TODAY)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("agreements: [{id: A}]", "a.yaml: agreements, number 1: title: is missing"),
        ("agreements: {}", "agreements is not a list"),
        ("contracts: []", "there is no list 'contracts'"),
        ("projects: [{id: p, title: P, purpose: x, public_benefit: b, end: soon}]", "'soon' is no day"),
        ("requests: [{subject: ada}]", "a request has"),
        ("agreements: [", "cannot be read"),
        ("", "There is no demonstration"),
    ],
)
def test_a_file_that_breaks_its_rules_is_a_sentence(tmp_path, text, problem):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(SettingsError, match=re.escape(problem)):
        sharing.read(tmp_path, TODAY)


def test_one_agreement_is_live_one_expires_soon_and_one_has_ended():
    live, soon, ended = SHARING.agreements
    assert (live.id, soon.id, ended.id) == ("ISA-021", "ISA-019", "ISA-014")
    assert 300 < (min(live.end, live.review_by) - TODAY).days < 370
    assert 20 <= (min(soon.end, soon.review_by) - TODAY).days <= 25
    assert (ended.end, ended.status) == (dt.date(2026, 3, 3), "ended")
    for agreement in SHARING.agreements:
        assert "demonstration" in agreement.title
        assert agreement.description.startswith("Demonstration, not an agreement of these bodies.")
        assert agreement.contact.email.endswith(".example")
        assert agreement.breach_contact.email.endswith(".example")
        personal = any(ENTRIES[cover.entry].personal_data != "none" for cover in agreement.covers)
        assert agreement.legal_basis.power
        if personal:
            assert agreement.legal_basis.article_6
            assert agreement.legal_basis.article_9_10
            assert agreement.dpia.reference


def test_what_is_arranged_names_what_there_is():
    bodies = set(load_catalog(ROOT / "catalogs").publishers)
    for agreement in SHARING.agreements:
        assert {party.organisation for party in agreement.parties} <= bodies
        for cover in agreement.covers:
            columns = {column.name for column in ENTRIES[cover.entry].columns}
            assert columns.issuperset(cover.columns or ())
            assert columns.issuperset(cover.rows.columns)
    purposes = {agreement.id: agreement.purposes for agreement in SHARING.agreements}
    for project in SHARING.projects:
        assert set(project.members) <= set(folders.DEMO)
        assert all(project.purpose in purposes[name] for name in project.agreements)
        assert project.public_benefit
        assert project.friction
    for account in SHARING.accounts:
        assert account.owner in folders.DEMO
    for asked in SHARING.requests:
        assert asked.subject.groups == set(folders.DEMO[asked.subject.name])
    grants = [grant.id for grant in SHARING.grants]
    assert len(set(grants)) == len(grants)


def test_what_was_agreed_for_a_borough_is_less_than_all():
    cover = SHARING.agreements[0].cover_of("school-rolls-by-pupil")
    assert str(cover.rows) == "borough_code is E09000007"
    whole = {column.name for column in ENTRIES["school-rolls-by-pupil"].columns}
    assert {"birth_month", "address_group", "first_language"} <= whole - set(cover.columns)
    assert "WORKER NOTE" not in SHARING.agreements[1].cover_of("rough-sleeping-contacts-camden").columns


ARRANGED = Arrangements(SHARING.agreements, SHARING.projects, SHARING.grants, (), SHARING.accounts)


def may(name, entry, project, now=NOON):
    subject = Subject(name, frozenset(folders.DEMO[name]))
    return decide(subject, "read", ENTRIES[entry], project, now, ARRANGED)


def test_ada_may_read_the_pupils_of_camden_for_school_places():
    decision = may("ada", "school-rolls-by-pupil", "school-places").require()
    assert decision.agreement == "ISA-021"
    assert decision.until == midnight(TODAY + dt.timedelta(days=180))
    assert str(decision.rows) == "borough_code is E09000007"
    assert not may("bola", "school-rolls-by-pupil", "school-places").allowed


def test_ada_is_told_that_the_agreement_on_journeys_ended_and_that_another_one_covers_them():
    decision = may("ada", "tfl-movements", "school-places")
    assert decision.ended
    assert "not read it: the agreement ISA-014 ended on 3 March 2026" in decision.reasons[0]
    assert "ISA-021" in decision.reasons[-1]


@pytest.mark.parametrize("body", ["gla", "camden", "nhs"])
def test_bola_may_read_what_three_bodies_know_until_the_review(body):
    entry = f"rough-sleeping-contacts-{body}"
    decision = may("bola", entry, "rough-sleeping-pathways").require()
    assert (decision.until - NOON).days <= 25
    assert not may("bola", entry, "rough-sleeping-pathways", NOON + dt.timedelta(days=26)).allowed
    assert not may("ada", entry, "school-places").allowed


@pytest.mark.parametrize("entry", HELD)
def test_every_set_has_a_steward(entry):
    stewards = [name for name, groups in folders.DEMO.items() if "stewards" in groups]
    able = [
        name
        for name in stewards
        if decide(Subject(name, frozenset(folders.DEMO[name])), "steward", ENTRIES[entry], None, NOON, ARRANGED).allowed
    ]
    assert len(able) == 1


def test_the_people_that_are_told_what_to_try_are_those_who_are_there():
    assert set(folders.TRY) == set(folders.DEMO)
    assert all(len(text) <= 90 for text in folders.TRY.values())


def test_a_request_can_be_made_of_what_the_file_says():
    (asked,) = SHARING.requests
    AccessRequest(
        id="1",
        subject=asked.subject.name,
        entry=asked.entry,
        project=asked.project,
        purpose="school-place-planning",
        why=asked.why,
        made_at=NOON,
    )
