"""The algorithmic transparency record: its fields, what is filled in from a receipt, what is missing."""

import pytest

from londata.insights.looking import missing
from londata.records.transparency import Transparency, known_of, transparency_of
from receipt_world import READ, SHARED

RECORD = {"title": "Rolls ahead", "summary": "How many pupils there will be.", "method": "A regression."}


def test_the_parts_of_version_4_are_there_in_order():
    tiers = Transparency.tiers()
    assert tiers[0] == {"Metadata": ("title", "organisation_name", "phase", "region", "one_sentence")}
    assert tiers[1] == {"Summary": ("name", "description", "website", "contact")}
    # How many fields each section has, as records on GOV.UK number them through.
    assert {name: len(fields) for name, fields in tiers[2].items()} == {
        "Owner and responsibility": 9,
        "Description and rationale": 4,
        "Deployment context": 5,
        "Tool specification": 5,
        "Model specification": 8,
        "Development data": 9,
        "Operational data": 5,
        "Risks, mitigations and impact assessments": 2,
    }


@pytest.mark.parametrize(
    ("field", "number", "title"),
    [
        ("third_party_involvement", "2.1.4", "Third party involvement"),
        ("third_party", "2.1.4.1", "Third party"),
        ("companies_house_number", "2.1.4.2", "Companies House Number"),
        ("third_party_role", "2.1.4.3", "Third party role"),
        ("procurement", "2.1.4.4", "Procurement procedure type"),
        ("third_party_data_access", "2.1.4.5", "Third party data access terms"),
        ("human_review", "2.3.2", "Human review"),
        ("models", "2.4.1.5", "Models"),
        ("development_data", "2.4.3.1", "Development data description"),
        ("operational_sensitive_attributes", "2.4.4.2", "Sensitive attributes"),
        ("risks", "2.5.2", "Risks and mitigations"),
    ],
)
def test_fields_are_called_and_numbered_as_in_the_standard(field, number, title):
    assert (Transparency.number_of(field), Transparency.title_of(field)) == (number, title)


def test_numbers_follow_each_other():
    numbers = [tuple(map(int, Transparency.number_of(name).split("."))) for name in Transparency.model_fields]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers)


def test_a_tool_without_third_parties_is_not_asked_about_them():
    assert "third_party_role" in Transparency().missing
    alone = Transparency(third_party_involvement="No.")
    assert not [name for name in alone.missing if name.startswith("third_party")]
    assert "website" not in alone.missing


def test_what_the_receipt_knows_is_filled_in_and_what_the_author_wrote_stays():
    known = known_of(
        RECORD
        | {
            "public_benefit": "Places in time.",
            "limits": "New homes.",
            "contact": {"email": "a@example.org"},
            "landing_page": "https://a.example/",
        },
        owner="ada",
        reads=[READ, SHARED],
        environment={"londata": "0.1.0", "python": "3.11.2"},
    )
    record = transparency_of({"name": "Rolls", "models": ["ridge regression 1.2", "median"]}).filled(known)
    assert (record.name, record.title) == ("Rolls", "Rolls ahead")
    assert record.models == "ridge regression 1.2, median"
    assert record.description == record.one_sentence == "How many pupils there will be."
    assert record.detailed_description == "A regression.\n\nWhat it does not show: New homes."
    assert record.benefits == "Places in time."
    assert (record.contact, record.website) == ("a@example.org", "https://a.example/")
    assert record.system_input.startswith("School rolls, Contacts")
    assert record.data_sources.startswith("School rolls (Camden, 2026-10-01, Open Government Licence v3.0); Contacts")
    assert record.sharing_agreements == "ISA-021 for homelessness-prevention"
    assert record.data_access == "school-rolls: open, rough-sleepers: shared"
    assert "londata 0.1.0, python 3.11.2" in record.system_architecture
    # What it was developed with, how it was done before and who decides is not in a receipt.
    assert {"risks", "development_data", "previous_process", "organisation", "phase"} <= set(record.missing)
    assert "data_sources" not in record.missing
    only_open = known_of(RECORD, owner="ada", reads=[READ], environment={})
    assert only_open["sharing_agreements"] == "None: all of it is open."
    assert "system_architecture" not in only_open
    assert "sharing_agreements" not in known_of(
        RECORD, owner="ada", reads=[READ | {"access": "shared"}], environment={}
    )


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("ridge", "no mapping"),
        ({"modell": "x"}, "modell: no such field; like it: models"),
        ({"xyzzy": "x"}, "xyzzy: no such field; there are title, organisation_name"),
        ({"models": 7}, "models"),
    ],
)
def test_what_is_no_record_is_named(said, problem):
    with pytest.raises(ValueError, match=problem):
        transparency_of(said)


def test_what_is_missing_should_be_mended_and_what_is_wrong_must_be():
    whole = {"public_benefit": "x", "summary": "x", "friction": "x", "method": "x", "limits": "x", "licence": "ogl-3"}
    assert [each.weight for each in missing(whole)] == ["fine"]
    assert [each.check for each in missing(whole | {"form": "model"})] == ["transparency"]
    (gaps,) = missing(whole | {"form": "model", "transparency": {"name": "Rolls", "contact": "a@example.org"}})
    assert gaps.weight == "should"
    assert "Senior responsible owner" in gaps.sentence
    assert "Data sources" not in gaps.sentence  # the receipt fills it in
    assert "Benefits" not in gaps.sentence  # the record has said it
    assert gaps.sentence.endswith(" more, which stand on its page.")  # nothing is cut off in silence
    (wrong,) = missing(whole | {"transparency": {"modell": "x"}})
    assert wrong.weight == "must"
    every = dict.fromkeys(Transparency.model_fields, "x")
    assert [each.weight for each in missing(whole | {"transparency": every})] == ["fine"]
