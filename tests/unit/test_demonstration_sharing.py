"""What the demonstration arranges: agreements, projects and grants, and what they let people read."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from demonstrated_entries import ENTRIES, HELD, ROOT
from londata.access import Arrangements, Subject, decide, midnight
from londata.catalog_files import load_catalog
from londata.errors import SettingsError
from londata.records import AccessRequest
from londata_hub.demonstration import dates, preparing, sharing
from londata_hub.wiring import folders

TODAY = dt.date(2026, 11, 22)
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
SHARING = sharing.read(preparing.FILES, TODAY)


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
