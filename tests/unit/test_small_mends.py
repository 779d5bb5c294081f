"""Mistakes that people made while they tried the product, and what they are told now."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from pydantic import ValidationError

import londata
from londata import session
from londata.errors import UsageError
from londata.intake_catalog.display.readings import Readings
from londata.readlog import Reading
from londata.records import AccessRequest, Project, problems_of
from londata.sharing.requests import Request
from londata.widgets.asking import request_form

WAITING = Request(
    AccessRequest.model_validate(
        {
            "id": "r-1",
            "subject": "ada",
            "entry": "school-rolls",
            "project": "school-places",
            "purpose": "school-place-planning",
            "why": "To plan",
            "made_at": dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
        }
    ),
    decidable=True,
    latest_until=dt.date(2027, 3, 31),
)


def test_deciding_without_a_day_or_a_reason_names_the_call_to_write():
    with pytest.raises(UsageError, match="31 March 2027 at the latest") as refused:
        WAITING.approve()
    assert '.approve(until="2027-03-31")' in str(refused.value)
    with pytest.raises(UsageError) as refused:
        WAITING.refuse()
    assert '.refuse(reason="…")' in str(refused.value)


def test_asking_without_a_reason_names_the_call_to_write(shared_catalog):
    entry = londata.open_catalog(str(shared_catalog))["care-cases"]
    with pytest.raises(UsageError) as refused:
        entry.request_access()
    assert 'catalog.care_cases.request_access(why="…")' in str(refused.value)


@pytest.mark.parametrize("name", ["care-cases", "care_cases"])
def test_the_form_takes_the_name_of_an_entry(shared_catalog, monkeypatch, name):
    monkeypatch.setenv("LONDATA_REGISTER", "")
    monkeypatch.setattr(londata, "catalog", londata.open_catalog(str(shared_catalog)), raising=False)
    assert "kept by the hub" in request_form(name).children[1].value
    with pytest.raises(UsageError, match="not int"):
        request_form(7)


def test_outside_a_kernel_one_is_told_of_a_session(monkeypatch):
    monkeypatch.setenv("LONDATA_PROJECT", "school-places")
    with pytest.raises(
        UsageError, match="This session works for the project school-places, and one session"
    ) as refused:
        session.fix_project("commuting")
    assert "Kernel" not in str(refused.value)


def test_a_name_that_is_no_slug_is_told_in_words():
    values = {"title": "A", "purpose": "school-place-planning", "public_benefit": "P", "end": "2027-07-01"}
    with pytest.raises(ValidationError) as refused:
        Project.model_validate(values | {"id": "School Places!"})
    (line,) = problems_of(refused.value)
    assert line == "id: 'School Places!': a name is lower-case letters and digits with single hyphens, as school-places"


def test_readings_show_themselves_with_their_terms():
    gated = Reading("rolls", "Rolls <b>", "parquet", "0", 5, "3", 1200, ("borough", "year"), access="closed")
    gated = replace(gated, agreement="ISA-014", project="school-places", decision=12)
    opened = Reading("boroughs", "Boroughs", "csv", "0", 5, "", None, (), access="open", licence="OGL")
    text, page = repr(Readings([gated, opened])), Readings([gated, opened])._repr_html_()
    assert text.startswith("2 readings; 1 of data that is not open\n")
    assert "1,200 rows; columns: borough, year; version 3; under ISA-014, for the project school-places" in text
    assert "not counted; columns: as the library that opened it chose; version not stated; OGL" in text
    assert "Rolls &lt;b&gt;" in page
    assert "<b>" not in page
    assert repr(Readings()) == "Nothing was read yet."


def test_a_search_in_a_terminal_marks_what_is_not_open(shared_catalog):
    catalog = londata.open_catalog(str(shared_catalog))
    lines = {line.split()[0]: line for line in repr(catalog).splitlines() if line.startswith("  ")}
    assert lines["care_cases"].endswith("(shared)")
    assert not any(line.endswith("(open)") for line in lines.values())


def test_tables_scroll_in_their_own_box_and_code_breaks_between_words(shared_catalog):
    page = londata.open_catalog(str(shared_catalog))["care-cases"]._repr_html_()
    assert '<div class="londata-scroll"><table' in page
    assert "word-break: normal; overflow-wrap: break-word" in page
