"""From a purpose to a grant, as an analyst and a steward do it in Python and in a terminal, over the real service."""

from __future__ import annotations

import datetime as dt
import pickle
from dataclasses import replace

import pytest

import londata
from asking_world import HOSTILE, LAST_DAY, TODAY, agreement, asking_world, project
from londata import cli, session
from londata.access import day, in_words, midnight
from londata.errors import AccessDeniedError, LondataError, RegisterUnavailableError, SettingsError, UsageError
from londata.records import Grant
from londata.sharing.service import SharingService, service
from londata.widgets.asking import request_form
from londata.widgets.deciding import Desk


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory, shared_catalog):
    with asking_world(tmp_path_factory.mktemp("world"), shared_catalog) as world:
        yield world


@pytest.fixture
def world(tmp_path, shared_catalog):
    """One of the test's own, for those that change it."""
    with asking_world(tmp_path, shared_catalog) as world:
        yield world


@pytest.fixture(autouse=True)
def a_new_kernel(monkeypatch, tmp_path):
    """No project is chosen, and nothing was told."""
    monkeypatch.setenv("LONDATA_PROJECT", "")
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def be(monkeypatch):
    """Become somebody: ``be(world, "ada")``."""

    def become(world, name):
        monkeypatch.setenv("LONDATA_REGISTER", world.address)
        monkeypatch.setenv("LONDATA_TOKEN", name)
        return londata.open_catalog()

    return become


def rolls_granted(world, person="ada", **more):
    values = {
        "id": f"grant-{person}",
        "subject": person,
        "entry": "school-rolls",
        "project": "school-places",
        "agreement": "ISA-014",
        "until": midnight(TODAY + dt.timedelta(days=31)),
        "granted_by": "chen",
        "granted_at": midnight(TODAY),
    }
    world.access.grant(Grant.model_validate(values | more), "tests")


def said(line, day):
    return f"{line} {day.day} {day:%B %Y}"


def test_a_project_is_chosen_once_and_its_kernel_says_what_that_means(world, be, capsys):
    rolls_granted(world)
    be(world, "ada")
    assert londata.current_project() is None
    assert londata.use_project("school-places") is None
    told = capsys.readouterr()
    assert told.out == ""  # beside the results of a program, not among them
    assert "This session works for School places (school-places): Plan school places." in told.err
    assert said("School rolls by pupil (catalog.school_rolls, until", TODAY + dt.timedelta(days=30)) in told.err
    assert "Ends soon: Your access to" in told.err
    assert londata.current_project().id == session.project() == "school-places"
    londata.use_project("school_places")  # the same, as it is called in Python


def test_a_second_project_needs_a_new_kernel(shared_world, be):
    be(shared_world, "dora")
    londata.use_project("commuting")
    with pytest.raises(UsageError, match="one session never works for two") as refused:
        londata.use_project("school-places")
    assert "Start a new session" in refused.value.hint
    assert session.project() == "commuting"


@pytest.mark.parametrize("name", ["no-such-project", "commuting", "../school-places", HOSTILE])
def test_an_unknown_project_and_a_strangers_are_refused_alike_and_ones_own_are_listed(shared_world, be, name):
    be(shared_world, "ada")
    with pytest.raises(UsageError, match="You are not a member of a project") as refused:
        londata.use_project(name)
    assert refused.value.hint == "Yours: school-places (“School places”)."
    assert session.project() is None


def test_what_is_no_name_is_told_so(shared_world, be):
    be(shared_world, "ada")
    with pytest.raises(UsageError, match="chosen by its name, not 42"):
        londata.use_project(42)


def test_what_is_listed_can_be_taken_by_its_name_and_a_project_of_the_list_be_chosen(world, be):
    made = be(world, "ada")["school-rolls"].request_access("To plan", project="school_places")
    assert londata.requests()[made.id].id == londata.requests()[0].id == made.id
    mine = londata.projects()
    with pytest.raises(UsageError, match="There is no 'commuting' in this list"):
        mine["commuting"]
    londata.use_project(mine["school-places"])
    assert session.project() == "school-places"


def test_without_a_name_ones_projects_are_shown(shared_world, be):
    be(shared_world, "dora")
    shown = londata.use_project()
    assert [each.id for each in shown] == [each.id for each in londata.projects()]
    assert "You are a member of 2 projects" in repr(shown)
    assert 'londata.use_project("school-places")' in repr(shown)
    be(shared_world, "bola")
    assert "You are a member of no project" in repr(londata.projects())


def test_a_membership_that_ended_in_mid_session_is_said(world, be):
    be(world, "ada")
    londata.use_project("school-places")
    world.access.record(project(members=["dora"]), "tests")
    with pytest.raises(UsageError, match="not a member"):
        londata.current_project()


def test_from_a_question_to_a_grant(world, be, capsys):
    entry = be(world, "ada")["school-rolls"]
    assert 'catalog.school_rolls.request_access(why="…")' in repr(entry)
    asked = entry.request_access("To see how many places Camden needs in 2027")
    assert (asked.record.project, asked.record.purpose) == ("school-places", "school-place-planning")
    for expected in ("the stewards of Schools and Learning", "ISA-014", "ada (camden)", "londata.requests()"):
        assert expected in repr(asked), expected
        assert expected in asked._repr_html_(), expected

    be(world, "chen")
    assert "1 for you to decide" in repr(londata.requests())
    assert "Waits for you" in repr(londata.notices())
    (open_one,) = londata.requests().to_decide
    assert open_one.latest_until == LAST_DAY
    granted = open_one.approve(until=LAST_DAY)
    assert said("approved until", LAST_DAY) in repr(granted)

    entry = be(world, "ada")["school-rolls"]
    capsys.readouterr()
    londata.use_project("school-places")
    told = capsys.readouterr().err
    assert "Approved: Your request for" in told
    assert said("School rolls by pupil (catalog.school_rolls, until", LAST_DAY) in told
    card = repr(entry)
    assert said("under the agreement ISA-014, for the project school-places, until", LAST_DAY) in card
    assert "Your columns:  borough, year" in card
    assert "Your rows:     borough is Camden" in card
    assert "catalog.school_rolls.read()" in card
    assert "request_access" not in card


def test_whoever_reads_next_is_told_once_what_was_decided(world, be, capsys):
    entry = be(world, "ada")["school-rolls"]
    entry.request_access("To plan")
    be(world, "chen")
    londata.requests()[0].refuse("Ask for the open summary instead.")
    entry = be(world, "ada")["school-rolls"]
    capsys.readouterr()
    for expected in (1, 0):
        with pytest.raises(LondataError):
            entry.read()
        assert capsys.readouterr().err.count("Refused: Your request for") == expected
    assert "Ask for the open summary instead." in repr(londata.requests())


def test_for_which_project_is_never_guessed(shared_world, be):
    entry = be(shared_world, "dora")["school-rolls"]
    with pytest.raises(UsageError, match=r"2 projects .*; say for which") as refused:
        entry.request_access("To plan")
    assert "project=" in refused.value.hint
    with pytest.raises(UsageError, match="not a member of a project 'none'"):
        entry.request_access("To plan", project="none")
    with pytest.raises(UsageError, match="The purpose of the project school-places is “Plan school places”"):
        entry.request_access("To plan", project="school-places", purpose="research")
    entry = be(shared_world, "bola")["school-rolls"]
    with pytest.raises(UsageError, match="you are a member of none"):
        entry.request_access("To plan")


def test_a_request_says_why_and_open_data_needs_none(shared_world, be):
    catalog = be(shared_world, "ada")
    with pytest.raises(UsageError, match="The reason why you need it is missing"):
        catalog["school-rolls"].request_access("  ")
    with pytest.raises(UsageError, match="The reason why you need it is missing"):
        catalog["school-rolls"].request_access()
    with pytest.raises(UsageError, match="by its name, not 7"):
        catalog["school-rolls"].request_access("To plan", project=7)
    with pytest.raises(UsageError, match="not '7'"):
        catalog["school-rolls"].request_access("To plan", purpose=7)
    with pytest.raises(UsageError, match="3,000 characters"):
        catalog["school-rolls"].request_access("a" * 3000)
    with pytest.raises(UsageError, match="is open: nobody has to be asked"):
        catalog["term-dates"].request_access("To plan")


def test_what_is_asked_twice_or_decided_twice_is_refused_with_a_sentence(world, be):
    entry = be(world, "ada")["exclusions"]
    made = entry.request_access("To plan", purpose="Plan school places")
    with pytest.raises(UsageError):
        entry.request_access("To plan")
    with pytest.raises((AccessDeniedError, UsageError)):
        made.approve(until=LAST_DAY)
    assert made.withdraw().state == "withdrawn"
    with pytest.raises(UsageError):
        made.withdraw()


def test_an_approval_reaches_no_further_than_the_agreement(world, be):
    be(world, "ada")["school-rolls"].request_access("To plan")
    be(world, "chen")
    (waiting,) = londata.requests().to_decide
    with pytest.raises(UsageError):
        waiting.approve(until=LAST_DAY + dt.timedelta(days=2))
    with pytest.raises(UsageError, match="is not a day"):
        waiting.approve(until="next spring")
    with pytest.raises(UsageError, match="The reason is missing"):
        waiting.refuse("")
    assert waiting.approve(until=LAST_DAY.isoformat()).state == "approved"


def test_a_card_offers_the_project_that_is_still_to_be_chosen_before_it_offers_to_ask(world, be):
    rolls_granted(world)
    card = repr(be(world, "ada")["school-rolls"])
    assert '\n  londata.use_project("school-places")\n' in card
    assert "request_access" not in card


def test_a_card_of_what_was_asked_for_already_says_so(world, be):
    entry = be(world, "ada")["school-rolls"]
    made = entry.request_access("To plan")
    today = day(made.record.made_at)
    for card in (repr(entry), entry._repr_html_()):
        assert f"You asked for it on {today}, for the project school-places: request {made.id} is open." in card
        assert "londata.requests()" in card
        assert "request_access" not in card
    assert 'request_access(why="…")' in repr(be(world, "dora")["school-rolls"])
    be(world, "ada")
    made.withdraw()
    assert 'request_access(why="…")' in repr(entry)


def test_a_card_says_what_is_denied_and_what_to_do(shared_world, be):
    catalog = be(shared_world, "bola")
    card = repr(catalog["school-rolls"])
    for expected in ("Personal data: personal", "Listed:        for everybody", "but not read it"):
        assert expected in card, expected
    assert "request_access" not in card  # nobody could say yes: no agreement is between her body and the holder
    assert "Ask Schools and Learning" in card
    assert "catalog.school_rolls.read_dummy()" in card
    assert "catalog.school_rolls.read()\n" not in f"{card}\n"
    assert "Personal data" not in repr(catalog["term-dates"])


def test_a_card_is_shown_also_when_the_hub_falls_silent(tmp_path, shared_catalog, be):
    with asking_world(tmp_path, shared_catalog) as world:
        entry = be(world, "ada")["school-rolls"]
    assert "Whether you may read it could not be asked" in repr(entry)
    with pytest.raises(RegisterUnavailableError):
        londata.projects()


def test_hostile_words_stay_words(world, be):
    catalog = be(world, "ada")
    made = catalog["exclusions"].request_access(f"{HOSTILE}\x1b[31m", project="school-places")
    be(world, "dora")
    pages = [londata.projects()._repr_html_(), made._repr_html_()]
    be(world, "chen")
    pages += [londata.requests()._repr_html_(), londata.notices()._repr_html_()]
    for page in pages:
        assert "&lt;img" in page
        assert "<img" not in page
    assert "\x1b" not in repr(londata.requests()) + repr(londata.notices()) + repr(made)


def test_the_same_in_a_terminal(world, be, capsys):
    be(world, "ada")
    assert cli.main(["projects"]) == 0
    assert "School places (school-places)" in capsys.readouterr().out
    assert cli.main(["ask", "school-rolls", "--project", "school-places", "--why", "To plan"]) == 0
    name = capsys.readouterr().out.partition(":")[0].removeprefix("Request ")
    assert cli.main(["ask", "school-rolls", "--project", "no-such", "--why", "To plan"]) == UsageError.exit_code
    assert "Yours: school-places." in capsys.readouterr().err
    assert cli.main(["requests", "approve", name, "--until", "tomorrow"]) == UsageError.exit_code
    assert "is not a day" in capsys.readouterr().err

    be(world, "chen")
    assert cli.main(["requests", "list", "--open"]) == 0
    assert name in capsys.readouterr().out
    assert cli.main(["requests", "approve", name, "--until", LAST_DAY.isoformat()]) == 0
    assert said("approved until", LAST_DAY) in capsys.readouterr().out
    assert cli.main(["requests", "refuse", name, "--reason", "no"]) == UsageError.exit_code
    assert cli.main(["requests", "list", "--open"]) == 0
    assert name not in capsys.readouterr().out

    be(world, "ada")
    assert cli.main(["requests", "withdraw", "no-such-request"]) != 0
    assert cli.main(["read", "term-dates", "--project", "elsewhere"]) == UsageError.exit_code
    assert cli.main(["read", "term-dates", "--project", "school-places"]) == 0
    told = capsys.readouterr()
    assert "E09000001" in told.out
    assert "This session works for School places" in told.err


def test_where_no_agreement_covers_it_the_request_says_so(world, be):
    world.access.record(agreement(covers=[{"entry": "exclusions"}]), "tests")
    made = be(world, "ada")["school-rolls"].request_access("To plan")
    assert "No agreement covers it for this project, so nobody can approve it" in repr(made)


def test_a_form_guesses_no_project_and_says_so_beside_the_field(shared_world, be):
    form = request_form(be(shared_world, "dora")["school-rolls"])
    _, _, project_box, why_box, send, answer = form.children
    (choice, help_, error), why = project_box.children, why_box.children[0]
    assert (choice.description, choice.value) == ("Project", "")
    why.value = "To plan"
    send.click()
    assert "No project is chosen." in error.value
    assert answer.value == ""
    choice.value = "commuting"
    assert error.value == ""
    assert "&lt;img" in help_.value
    assert "<img" not in help_.value


def test_a_form_for_what_was_asked_already_shows_the_request(world, be):
    entry = be(world, "ada")["school-rolls"]
    made = entry.request_access("To plan")
    assert made.id in request_form(entry).children[1].value
    assert "is open: nobody has to be asked" in request_form(be(world, "ada")["term-dates"]).children[1].value


def test_a_desk_without_requests_says_so_and_finds_new_ones(world, be):
    be(world, "chen")
    desk = Desk(service())
    assert "No request waits for your decision" in desk.table.value
    assert desk.decide.layout.display == "none"
    be(world, "ada")["school-rolls"].request_access("To plan")
    desk.look()
    assert "1 request waits for your decision" in desk.table.value
    assert desk.until.control.value is None
    desk.approve.click()
    assert f", not after {in_words(LAST_DAY)}" in desk.until.error.value
    desk.until.control.value = LAST_DAY
    be(world, "ada")
    londata.requests()[0].withdraw()
    desk.approve.click()
    assert 'role="alert"' in desk.until.error.value
    desk.look()
    assert "withdrawn" in desk.table.value


def test_on_a_laptop_one_sentence_says_that_there_is_no_hub(monkeypatch, shared_catalog):
    monkeypatch.setenv("LONDATA_REGISTER", "")
    entry = londata.open_catalog(str(shared_catalog))["care-cases"]
    for ask in (
        londata.projects,
        londata.requests,
        londata.notices,
        lambda: londata.use_project("school-places"),
        lambda: entry.request_access("To plan"),
    ):
        with pytest.raises(SettingsError, match="kept by the hub, and no register service is set here"):
            ask()
    assert "request_access" not in repr(entry).replace('request_access(why="…").', "")
    assert "kept by the hub" in request_form(entry).children[1].value


def test_neither_a_request_nor_the_service_carries_the_token(world, be):
    made = be(world, "ada")["school-rolls"].request_access("To plan")
    there = SharingService(world.address, "a-token-of-ada")
    for thing in (there, replace(made, service=there)):
        assert b"a-token-of-ada" not in pickle.dumps(thing)
        assert "a-token-of-ada" not in repr(thing) + repr(vars(thing))
    loaded = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert loaded.withdraw().state == "withdrawn"  # with the token of whoever loads it
    there.close()


def test_an_answer_that_is_not_understood_is_one_sentence(shared_world):
    there = SharingService(shared_world.address, "ada")
    with pytest.raises(RegisterUnavailableError, match="does not know"):
        there._read(lambda: {}["projects"])
    there.close()
