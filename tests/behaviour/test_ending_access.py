"""A steward ends the access that a request was given, in Python and in a terminal, over the real service."""

from __future__ import annotations

import pytest

import londata
from asking_world import LAST_DAY, agreement, asking_world
from londata import cli
from londata.cli.typing_it import typed
from londata.errors import EntryNotFoundError, UsageError
from londata.sharing.service import service
from londata.widgets.asking import request_form
from londata.widgets.deciding import Desk


@pytest.fixture
def world(tmp_path, shared_catalog, monkeypatch):
    monkeypatch.setenv("LONDATA_PROJECT", "")
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))
    with asking_world(tmp_path, shared_catalog) as world:
        monkeypatch.setenv("LONDATA_REGISTER", world.address)
        yield world


@pytest.fixture
def be(monkeypatch):
    return lambda name: monkeypatch.setenv("LONDATA_TOKEN", name)


def test_a_steward_ends_what_was_given_and_both_see_that_it_is_over(world, be, capsys):
    be("ada")
    catalog = londata.open_catalog()
    mine = catalog["school-rolls"].request_access("To plan")
    with pytest.raises(UsageError, match="it is open"):
        mine.end("Enough.")
    be("chen")
    given = londata.requests().find(mine.id).approve(LAST_DAY)
    assert f'londata.requests().find("{mine.id}").end(reason="…")' in repr(given)
    with pytest.raises(UsageError, match="reason is missing"):
        given.end(" ")
    be("ada")
    [own] = londata.requests()
    assert ".end(" not in repr(own)
    with pytest.raises(EntryNotFoundError):
        own.end("I do not need it.")

    be("chen")
    ended = given.end("The team has changed.")
    over = "over by now: the grant, which chen took back (“The team has changed.”), ended on "
    assert over in ended.outcome
    with pytest.raises(UsageError, match="It is over already: the grant, which chen took back"):
        ended.end("Twice.")
    for name in ("chen", "ada"):
        be(name)
        [each] = londata.requests()
        assert over in repr(each)
        assert over in londata.requests()._repr_html_()
        assert "Next:          londata.requests()\n" in f"{each!r}\n"

    be("ada")
    again = catalog["school-rolls"].request_access("Still needed.")
    be("chen")
    assert cli.main(["requests", "approve", again.id, "--until", LAST_DAY.isoformat()]) == 0
    assert cli.main(["requests", "end", again.id, "--reason", " "]) == UsageError.exit_code
    capsys.readouterr()
    assert cli.main(["requests", "end", again.id, "--reason", "Done."]) == 0
    assert "over by now: the grant, which chen took back (“Done.”)" in capsys.readouterr().out


def test_a_steward_is_not_told_to_approve_what_no_agreement_covers(world, be):
    world.access.record(agreement(covers=[{"entry": "exclusions"}]), "tests")
    be("ada")
    londata.open_catalog()["school-rolls"].request_access("To plan")
    be("chen")
    [waiting] = londata.requests().to_decide
    assert '.refuse(reason="…")' in repr(waiting)
    assert ".approve(" not in repr(waiting)


def test_a_button_that_is_pressed_twice_acts_once_and_its_answer_stays(world, be):
    be("ada")
    *_, why, send, answer = request_form(londata.open_catalog()["school-rolls"]).children
    why.children[0].value = "To plan"
    for _ in range(2):
        send.click()
    assert "Your request was sent." in answer.value
    assert "already" not in answer.value
    be("dora")
    for project in ("school-places", "commuting"):
        londata.open_catalog()["exclusions"].request_access("To plan", project=project)

    be("chen")
    desk = Desk(service())
    chosen = {label: name for label, name in desk.request.control.options if "commuting" not in label}
    desk.request.control.value, other = chosen.values()
    desk.until.control.value = LAST_DAY
    for _ in range(2):
        desk.approve.click()
    assert "approved until" in desk.answer.value
    desk.request.control.value = other
    desk.reason.control.value = "Not needed."
    for _ in range(2):
        desk.refuse.click()
    assert "refused by chen" in desk.answer.value
    assert "is missing" not in desk.reason.box.children[-1].value
    desk.refuse.click()  # on purpose, for the next request
    assert "is missing" in "".join(each.value for each in desk.reason.box.children)


def test_what_an_error_says_to_do_can_be_typed_in_a_terminal(world, be, capsys, monkeypatch):
    def told(*words):
        assert cli.main(list(words)) != 0
        return capsys.readouterr().err

    be("dora")
    assert told("ask", "school-rolls", "--why", "To plan").endswith("\nWrite --project commuting.\n")
    missing = told("ask", "school_rolls", "--why", " ", "--project", "school-places")
    assert missing.endswith('Write londata ask school_rolls --why "…".\n')
    assert told("ask", "term-dates", "--why", "To plan").endswith("\nlondata read term_dates\n")
    steps = {
        'Choose it: londata.use_project("school-places").': "Choose it: export LONDATA_PROJECT=school-places.",
        'Ask with catalog.school_rolls.request_access(why="…"): ISA-014': (
            'Ask with londata ask school_rolls --why "…": ISA-014'
        ),
        'catalog.rolls.read(distribution="csv")  # a table': "londata read rolls --distribution csv  # a table",
        "See londata.requests().": "See londata requests.",
        "Ask whoever leads the project.": "Ask whoever leads the project.",
    }
    assert {python: typed(python) for python in steps} == steps

    name, _, project = typed('londata.use_project("school-places")').removeprefix("export ").partition("=")
    monkeypatch.setenv(name, project)
    assert cli.main(["ask", "school_rolls", "--why", "To plan"]) == 0
    assert londata.requests()[0].record.project == "school-places"
