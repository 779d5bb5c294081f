"""The one decision: default deny, and a denial that reads like help."""

import pytest

from londata.access import POLICY_VERSION, Subject, decide
from londata.errors import AccessDeniedError
from londata.records import Distribution, entry_from_dict

ADA = Subject("ada", frozenset({"analysts"}))


def entry(access):
    return entry_from_dict(
        {
            "kind": "dataset",
            "id": "rolls",
            "title": "School rolls by pupil",
            "publisher": {"id": "dfe", "name": "DfE"},
            "access": access,
        }
    )


@pytest.mark.parametrize(("access", "allowed"), [("open", True), ("shared", False), ("closed", False)])
def test_only_open_data_is_read(access, allowed):
    assert decide(ADA, "read", entry(access)).allowed is allowed


@pytest.mark.parametrize("access", ["open", "shared", "closed"])
def test_every_entry_is_listed(access):
    assert decide(ADA, "see", entry(access)).allowed


@pytest.mark.parametrize("action", ["write", "delete", "", "READ"])
def test_any_other_action_is_denied(action):
    assert not decide(ADA, action, entry("open")).allowed


@pytest.mark.parametrize("action", ["see", "read"])
def test_nobody_sees_or_reads_anything(action):
    decision = decide(Subject("", frozenset({"stewards"})), action, entry("open"))
    assert (decision.allowed, decision.reasons) == (False, ("Nobody is logged in.", "Log in first."))


def test_a_denial_says_what_and_why():
    decision = decide(ADA, "read", entry("closed"))
    assert (decision.subject, decision.entry_id, decision.policy_version) == ("ada", "rolls", POLICY_VERSION)
    with pytest.raises(AccessDeniedError, match=r"School rolls by pupil.*closed"):
        decision.require()


def test_a_denial_says_whom_to_ask():
    named = entry("shared").model_copy(update={"landing_page": "https://dfe.example/rolls"})
    for asked, hint in ((entry("shared"), "Ask DfE."), (named, "Ask DfE: https://dfe.example/rolls.")):
        with pytest.raises(AccessDeniedError) as raised:
            decide(ADA, "read", asked).require()
        assert raised.value.hint == hint


def test_an_allow_can_be_required():
    decision = decide(ADA, "read", entry("open"))
    assert decision.require() is decision


def test_an_allow_is_for_one_action_on_one_entry():
    decision, other = decide(ADA, "read", entry("open")), entry("open").model_copy(update={"id": "other"})
    assert decision.require_for("read", entry("open")) is decision
    with pytest.raises(AccessDeniedError, match="not about reading other"):
        decision.require_for("read", other)
    with pytest.raises(AccessDeniedError, match="not about reading rolls"):
        decide(ADA, "see", entry("open")).require_for("read", entry("open"))
    with pytest.raises(AccessDeniedError, match="closed"):
        decide(ADA, "read", entry("closed")).require_for("read", entry("closed"))


def test_an_allow_is_for_the_distributions_of_its_entry_as_they_are_listed():
    own = Distribution(id="csv", path="data/rolls.csv", media_type="text/csv")
    decision, listed = decide(ADA, "read", entry("open")), entry("open").model_copy(update={"distributions": (own,)})
    assert decision.require_for("read", listed, own.model_copy()) is decision
    for other in (own.model_copy(update={"path": "data/care.csv"}), own.model_copy(update={"id": "pdf"})):
        with pytest.raises(AccessDeniedError, match="is not one of its own"):
            decision.require_for("read", listed, other)
