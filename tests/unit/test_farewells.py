"""What a page is told when its channel is closed: the true reason, in little room, to nobody too much."""

import pytest

from londata.access import Decision
from londata.access.viewing import NOT_THERE, View
from londata_hub.apps import farewells
from londata_hub.apps.sight import Look


def look(reason, state="live", decisions=(), *, is_there=True, is_listed=False):
    return Look(View(False, is_there, reason, decisions), 1, is_listed, state=state)


def refused(agreement, *, ended):
    return Decision(False, "read", "ada", "rolls", ("No.",), agreement=agreement, ended=ended)


SAID = {
    "nothing": (Look(View(True, True, "")), ""),
    "paused": (
        look("This insight is paused: figures are revised.", "paused"),
        "This insight is paused: figures are revised. Come back later.",
    ),
    "paused, at length": (
        look(f"This insight is paused: {'é' * 50}.", "paused"),
        "This insight is paused. Load it again to see why.",
    ),
    "withdrawn": (
        look("This insight was withdrawn.", "withdrawn"),
        "This insight was withdrawn. Look for another among the insights.",
    ),
    "withdrawn, at length": (
        look(f"This insight was withdrawn: {'x' * 1000}.", "withdrawn"),
        "This insight was withdrawn. Load it again to see why.",
    ),
    "an agreement that ended": (
        look("It shows data that you may not read.", decisions=(refused("ISA-014", ended=True),)),
        "Your access under the agreement ISA-014 has ended. Load this page again to see what to do.",
    ),
    "an agreement with a long name": (
        look("It shows data that you may not read.", decisions=(refused("I" * 90, ended=True),)),
        "You may no longer read all the data that is shown here. Load this page again to see why.",
    ),
    "data that was taken away": (
        look("Data that this insight rests on is not in the register any more."),
        "You may no longer read all the data that is shown here. Load this page again to see why.",
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_the_reason_is_said_with_what_to_do_next(case):
    told, words = SAID[case]
    assert farewells.of(told, is_known=True) == words


def test_whoever_may_not_know_of_it_is_told_nothing_of_it():
    """The same words whether it is for others now, paused behind their back, or gone altogether."""
    words = "This insight is not here for you any more. Ask whoever told you of it."
    gone = Look(NOT_THERE)
    for_others = Look(NOT_THERE, 3, False, "Rolls were published anew.", "places")
    paused_for_others = Look(NOT_THERE, 3, state="paused")
    assert {
        farewells.of(each, is_known=known) for each in (gone, for_others, paused_for_others) for known in (0, 1)
    } == {words}
    listed = Look(NOT_THERE, 3, is_listed=True)
    assert farewells.of(listed, is_known=True) == words
    assert "logged in" in farewells.of(listed, is_known=False)


def test_all_words_fit_into_the_frame_that_closes_a_channel():
    words = [each for name, each in vars(farewells).items() if name.isupper() and isinstance(each, str)]
    words += [said for _, said in SAID.values()]
    assert len(words) > 15
    assert max(len(each.encode()) for each in words) <= farewells.ROOM == 123
    assert all(each.endswith(".") for each in words if each)
