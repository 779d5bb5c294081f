"""The algorithmic transparency record: its fields, what is filled in from a receipt, what is missing."""

import pytest

from londata.insights.looking import missing
from londata.records.transparency import Transparency, known_of, transparency_of
from receipt_world import READ, SHARED

RECORD = {"title": "Rolls ahead", "summary": "How many pupils there will be.", "method": "A regression."}


def test_the_tiers_of_the_standard_are_there_in_order():
    tiers = Transparency.tiers()
    assert tiers[1] == {"Overview": ("name", "description", "website", "contact")}
    assert list(tiers[2]) == [
        "Owner and responsibility",
        "Description and rationale",
        "Decision-making process",
        "Tool specification",
        "Model specification",
        "Data specification",
        "Risks, mitigations and impact assessments",
    ]
    assert Transparency.title_of("senior_responsible_owner") == "Senior responsible owner"


def test_what_the_receipt_knows_is_filled_in_and_what_the_author_wrote_stays():
    known = known_of(RECORD, owner="ada", reads=[READ, SHARED], environment={"londata": "0.1.0", "python": "3.11.2"})
    record = transparency_of({"name": "Rolls", "models": ["ridge regression 1.2", "median"]}).filled(known)
    assert record.name == "Rolls"
    assert record.models == "ridge regression 1.2, median"
    assert record.description == "How many pupils there will be."
    assert record.datasets.startswith("School rolls (Camden, 2026-10-01, Open Government Licence v3.0); Contacts")
    assert record.sharing_agreements == "ISA-021"
    assert record.data_access == "school-rolls: open, rough-sleepers: shared"
    assert "londata 0.1.0, python 3.11.2" in record.system_architecture
    assert "risks" in record.missing
    assert "datasets" not in record.missing
    only_open = known_of(RECORD, owner="ada", reads=[READ], environment={})
    assert only_open["sharing_agreements"] == "None: all of it is open."
    assert "system_architecture" not in only_open


@pytest.mark.parametrize(
    ("said", "problem"),
    [("ridge", "no mapping"), ({"modell": "x"}, "modell: no such field; there are name"), ({"models": 7}, "models")],
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
    assert "Datasets" not in gaps.sentence  # the receipt fills it in
    (wrong,) = missing(whole | {"transparency": {"modell": "x"}})
    assert wrong.weight == "must"
    every = dict.fromkeys(Transparency.model_fields, "x")
    assert [each.weight for each in missing(whole | {"transparency": every})] == ["fine"]
