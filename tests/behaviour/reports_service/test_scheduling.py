"""Schedules from Python and from a terminal, over the real service and its store."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

import reports_world as rw
from londata import cli, reports
from londata.access import Subject
from londata.errors import (
    AccessDeniedError,
    EntryNotFoundError,
    ParameterError,
    ScheduleError,
    SettingsError,
    TemplateError,
    UsageError,
)
from londata.reports import scheduling
from londata_hub.store import RunStore


def test_a_report_is_scheduled_for_every_borough_and_comes_round_by_london_s_clock(as_ada):
    made = reports.schedule("borough-profile", "first Monday 07:00", each="borough", audience=["org-{each}"])
    kept = as_ada.store.find(made.id)
    assert made.record == kept
    assert (kept.owner, kept.project, kept.template, kept.each, kept.notebook) == (
        "ada", None, "borough-profile", "borough", "",
    )  # fmt: skip
    assert (kept.title, kept.timezone, kept.audience) == ("Borough profile", "Europe/London", ("org-{each}",))
    moments = made.next_runs(14)
    assert all((each.weekday(), each.hour, each.minute, each.day <= 7) == (0, 7, 0, True) for each in moments)
    assert {each.utcoffset() for each in moments} == {dt.timedelta(0), dt.timedelta(hours=1)}
    assert [each.astimezone(dt.UTC) for each in moments[:5]] == as_ada.store.next_runs(made.id, 5)
    assert moments[0].tzinfo == ZoneInfo("Europe/London")


def test_it_works_for_the_project_of_the_kernel_unless_another_is_named(as_ada, monkeypatch):
    monkeypatch.setenv("LONDATA_PROJECT", "school-places")
    assert reports.schedule("borough-profile", "daily 06:00", borough="Camden").record.project == "school-places"
    assert reports.schedule("borough-profile", "daily 06:00", project="", borough="Camden").record.project is None


def test_a_run_under_way_is_watched_and_stopped_and_its_schedule_goes_on(as_ada, capsys):
    made = reports.schedule("borough-profile", "daily 06:00", borough="Camden")
    with pytest.raises(UsageError, match="not run yet"):
        made.stop()
    under_way = made.run_now().last
    assert cli.main(["schedule", "log", made.id]) == 0
    assert capsys.readouterr() == ("", "Nothing was said so far.\n")
    with RunStore(as_ada.database, as_ada.state / "anchors") as store:
        assert store.begin(under_way.id, "one")
    (as_ada.run_folder(made.record, under_way) / "log.txt").write_text("… cell 3 of 15\n")
    assert made.log() == "… cell 3 of 15\n"
    with as_ada.browser("ada") as browser:
        page = browser.get(f"/services/reports/runs/{under_way.id}").text
    assert "<h2>Log so far</h2>" in page
    assert "… cell 3 of 15" in page
    assert cli.main(["schedule", "stop", made.id]) == 0
    assert capsys.readouterr().out.endswith("was stopped: Stopped by ada.\n")
    assert (made.refresh().state, made.runs(1)[0].state) == ("active", "stopped")
    with pytest.raises(ScheduleError, match="under way"):
        made.stop(under_way)


def test_it_is_paused_resumed_run_and_ended_and_says_so(as_ada):
    made = reports.schedule("borough-profile", "daily 06:00", borough="Camden", title="Mine", formats=["pdf"])
    paused = made.pause("the figures are being revised")
    assert (paused.state, paused.next_runs(), paused.standing) == (
        "paused",
        [],
        "paused: the figures are being revised",
    )
    assert made.refresh().state == "paused"
    assert paused.resume().state == "active"
    again = made.run_now()
    assert (again.last.by_hand, again.last.state) == (True, "waiting")
    assert [each.id for each in made.runs()] == [again.last.id]
    with pytest.raises(ScheduleError, match="waiting already"):
        made.run_now()
    folder = as_ada.run_folder(made.record, again.last)
    (folder / "log.txt").write_text("begun\nended\n")
    assert made.log() == made.log(again.last) == made.log(again.last.id) == "begun\nended\n"
    ended = made.end("no longer needed")
    assert (ended.state, ended.mine) == ("ended", True)
    assert reports.schedules()[made.id].state == "ended"
    with pytest.raises(ScheduleError, match="was ended"):
        made.resume()


@pytest.mark.parametrize(
    ("arguments", "values", "error", "says"),
    [
        (("borough-profil", "daily 06:00"), {}, UsageError, "did you mean borough-profile"),
        (("borough-profile", "whenever"), {}, ScheduleError, "whenever"),
        (("borough-profile", "daily 06:00"), {"notify": ["http://hub.example/x"]}, UsageError, "nobody can be told"),
        (("borough-profile", "daily 06:00"), {"notify": ["mailto:a@b.example?bcc=c@d"]}, UsageError, "one plain addr"),
        (("borough-profile", "daily 06:00"), {"notify": ["mailto:a@b.example,c@d.example"]}, UsageError, "one plain"),
        (("borough-profile", "daily 06:00"), {"borough": "Atlantis"}, ParameterError, "Atlantis"),
        (("borough-profile", "daily 06:00"), {"ward": "x"}, ParameterError, "no parameter 'ward'"),
        (("borough-profile", "daily 06:00"), {"each": "ward"}, ParameterError, "no choice 'ward'"),
        (("borough-profile", "daily 06:00"), {"each": "borough", "borough": "Camden"}, ParameterError, "as well"),
        (("borough-profile", "daily 06:00"), {"audience": None}, UsageError, "audience is a list of groups"),
        (("borough-profile", "daily 06:00"), {"audience": "everybody"}, UsageError, "neither a body's group nor"),
        (("borough-profile", "daily 06:00"), {"notify": 7}, UsageError, "notify is a list of mailto:… or https:"),
        (("borough-profile", "daily 06:00"), {"retries": "a"}, UsageError, "a whole number from 0 to 10"),
        (("borough-profile", "daily 06:00"), {"title": "x" * 201}, UsageError, "title has 201 characters"),
        (("borough-profile", "daily 06:00"), {"notify_when": "never"}, UsageError, "notify_when cannot be 'never'"),
        (("borough-profile", 7), {}, UsageError, "when is a text, not 7"),
        (("borough-profile", "daily 06:00"), {"project": "nobody-s"}, AccessDeniedError, "not a member"),
        (("borough-profile", "daily 06:00"), {"audience": ["org-{each}"]}, UsageError, "stands for nothing"),
        (("borough-profile", "daily 06:00"), {"notify": ["ftp://x"]}, UsageError, "notify"),
        (("borough-profile", "daily 06:00"), {"formats": ["docx"]}, UsageError, "formats"),
        (("borough-profile", "daily 06:00"), {"retries": 99}, UsageError, "retries"),
        (("borough-profile", "daily 06:00"), {"missed": "often"}, UsageError, "missed"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_nothing_is_made(as_ada, arguments, values, error, says):
    before = len(as_ada.store.of("ada"))
    with pytest.raises(error, match=says):
        reports.schedule(*arguments, **values)
    assert len(as_ada.store.of("ada")) == before


def test_one_text_is_a_list_of_one_and_the_handle_never_shows_what_is_past(as_ada):
    made = reports.schedule(
        "borough-profile", "daily 06:00", notify="mailto:ada@hub.example", audience="org-camden", formats="pdf",
        borough="Camden",
    )  # fmt: skip
    kept = as_ada.store.find(made.id)
    assert (kept.notify, kept.audience, kept.formats) == (("mailto:ada@hub.example",), ("org-camden",), ("pdf",))
    made.pause("for now")
    assert "paused: for now" in repr(made)
    made.resume()
    assert len(made.next_runs(1_000)) == 1_000
    for count in (10**6, -1, "5", True):
        with pytest.raises(UsageError, match="next runs cannot be told"):
            made.next_runs(count)
    made.end()
    assert "ended" in repr(made)


def test_one_s_own_template_goes_to_the_hub_as_it_is_now(as_ada, tmp_path):
    place = rw.own_template(tmp_path)
    made = reports.schedule(place, "daily 06:00", each="borough")
    kept = as_ada.state / "templates" / made.record.notebook / "my-own"
    assert {each.name: each.read_text() for each in kept.iterdir()} == {
        "template.ipynb": rw.files_of(place)["notebook"],
        "template.yaml": rw.files_of(place)["definition"],
    }
    assert reports.templates.load(kept).title == made.record.title == "My own"
    (place / "template.ipynb").write_text("{}")
    assert reports.templates.load(kept)
    with pytest.raises(TemplateError):
        reports.schedule(place, "daily 06:00", each="borough")
    assert len(list((as_ada.state / "templates").iterdir())) == 1  # nothing is left of what was refused


def test_who_is_no_analyst_is_told_so_at_once_and_not_by_a_run(as_ada, monkeypatch):
    made = reports.schedule("borough-profile", "daily 06:00", borough="Camden")
    with monkeypatch.context() as here:
        here.setitem(rw.PEOPLE, "ada", Subject("ada", frozenset({"stewards", "org-camden"})))
        for ask in (
            lambda: reports.schedule("borough-profile", "daily 06:00", borough="Camden"),
            made.run_now,
            made.pause("for now").resume,
        ):
            with pytest.raises(AccessDeniedError, match="for people in the group analysts, and you are not in it"):
                ask()
        assert made.end("moved to another post").state == "ended"
    assert as_ada.store.runs(made.id) == []


def test_what_the_hub_paused_says_what_can_be_done_on_every_door(as_ada):
    made = reports.schedule("borough-profile", "daily 06:00", borough="Camden")
    assert "What now" not in repr(made.pause("for now"))
    made.resume()
    as_ada.store.pause(made.id, "londata", "Access to Rolls is not there: The grant was ended on 1 November.")
    with as_ada.browser("ada") as browser:
        page = browser.get(f"{rw.PREFIX}schedules/{made.id}").text
    for said in (page, repr(made.refresh()), made.refresh()._repr_html_()):
        assert "The grant was ended on 1 November." in said
        assert "Have that put right (ask for access again, say), then resume it" in said


def test_what_the_hub_paused_stays_paused_while_the_reason_is_there(as_ada, tmp_path):
    needs = "title: My own\npurpose: To try.\nowner: Ada\ndatasets: [not-there]\n"
    needs += (
        "parameters:\n  borough:\n    type: choice\n    label: Borough\n    values: [Camden]\n    default: Camden\n"
    )
    made = reports.schedule(rw.own_template(tmp_path, definition=needs), "daily 06:00")
    as_ada.store.pause(made.id, "londata", "There is no entry not-there in the register for ada.")
    with pytest.raises(ScheduleError, match="It stays paused: There is no entry not-there"):
        made.resume()
    assert made.refresh().state == "paused"


def test_without_a_hub_there_are_no_schedules(monkeypatch):
    monkeypatch.delenv("LONDATA_REPORTS", raising=False)
    for ask in (reports.schedules, lambda: reports.schedule("borough-profile", "daily 06:00")):
        with pytest.raises(SettingsError, match="kept and run by the hub"):
            ask()


def test_a_list_of_schedules_shows_itself_with_strangers_text_made_safe(as_ada):
    made = reports.schedule("borough-profile", "daily 06:00", title=rw.HOSTILE, borough="Camden").pause(rw.HOSTILE)
    for shown in (reports.schedules(), made):
        assert "&lt;script&gt;" in shown._repr_html_()
        assert "<script" not in shown._repr_html_()
        assert made.id in repr(shown)
    assert "at 06:00 every day" in repr(made)
    assert "Borough" not in reports.schedules()[made.id].record.each


def test_the_command_line_does_the_same(as_ada, capsys):
    def say(*words):
        code = cli.main(["schedule", *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = say("add", "borough-profile", "first Monday 07:00", "-p", "borough=Camden", "--title", "From here")
    assert (code, "From here" in said) == (0, True)
    name = next(each.id for each in reports.schedules() if each.record.title == "From here")
    assert name in say("list")[1]
    assert "paused: not now" in say("pause", name, "--reason", "not now")[1]
    assert "active" in say("resume", name)[1]
    assert "waits for its turn" in say("run", name)[1]
    assert "1 run" in say("show", name)[1]
    assert say("log", name) == (0, "Nothing was said so far.\n")
    assert "ended" in say("end", name)[1]
    code, said = say("show", "no-such-schedule")
    assert (code, "There is no schedule" in said) == (EntryNotFoundError.exit_code, True)
    assert say("add", "borough-profile", "now and then")[0] == ScheduleError.exit_code


def test_members_of_the_project_look_at_a_schedule_and_change_nothing(as_ada, monkeypatch):
    made = reports.schedule("borough-profile", "daily 06:00", project="school-places", borough="Camden")
    run = made.run_now().last
    monkeypatch.setenv("LONDATA_TOKEN", "mo")
    found = scheduling.find(made.id)
    assert (found.mine, [each.id for each in found.runs()]) == (False, [run.id])
    for change in (found.pause, found.resume, found.run_now, found.end, lambda: found.log(run)):
        with pytest.raises(EntryNotFoundError):
            change()
    assert made.id not in [each.id for each in reports.schedules()]
