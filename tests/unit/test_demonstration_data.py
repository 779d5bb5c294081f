"""The demonstration's data: as declared, like the real thing, and nobody's."""

from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from demonstrated_entries import ENTRIES, HELD, ROOT
from londata import readers
from londata.dummy import dummy_rows
from londata.records import signs_of
from londata_hub.demonstration import holders, ingredients

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
    gated = {entry.id for entry in ENTRIES.values() if any(each.through == "gateway" for each in entry.distributions)}
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
            assert set(known.unique()) == set(column.codes), column.name
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
        assert kinds(twin[column]) == kinds(table[column]), column


def kinds(values):
    """The types of a column's values. Only a column of objects can hold several."""
    known = values.dropna()
    return {type(value) for value in (known if values.dtype == "object" else known.iloc[:1])}


@pytest.mark.parametrize("name", HELD)
def test_no_row_of_a_dummy_twin_is_real_and_no_id_of_it_is_anybodys(tables, name):
    twin, table = dummy_rows(ENTRIES[name], 300), tables[name]
    for column in ENTRIES[name].columns:
        if column.pattern and column.name.casefold() not in PLACES:
            assert not table[column.name].isin(twin[column.name].dropna()).any(), column.name
    names = [column.name for column in ENTRIES[name].columns if column.name != "mean_minutes"]
    assert not len(twin[names].merge(table[names]))
    assert len(table[names][:1].merge(table[names])), "a row that is real is found"


#: Columns that say where, not who.
PLACES = {"lsoa_code", "lsoa_of_clinic", "area code", "school_id", "previous_school_id"}


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
    at_home = camden[camden.between("E01000842", "E01000974")]
    assert (at_home.min(), at_home.max()) == ("E01000842", "E01000974")
    assert 0.91 < len(at_home) / len(camden) < 0.97  # the others cross a border to school
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
