"""What is taken when an insight is published, who may open it, and how what the hub says is shown."""

import json
import os
from types import SimpleNamespace

import nbformat
import pytest

import londata
from londata import cli, insights
from londata.errors import SettingsError, UsageError
from londata.insights import audiences, managing, snapshot
from londata.insights.behind import Workings
from londata.insights.shown import Impact, OneRelease, Published, PublishedInsight, Releases, Versions
from londata.records.publications import Finding, Thresholds
from londata_hub.publishing import asking, entries


def write(path, *cells, output="left over"):
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell, execution_count=7) for cell in cells])
    state = {"version_major": 2, "version_minor": 0, "state": {"x": {"state": {"value": "of Ada's session"}}}}
    content.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    content.cells[0].metadata["londata"] = "/home/ada"
    content.cells[0].outputs = [nbformat.v4.new_output("stream", text=output)]
    nbformat.write(content, path)
    return path


@pytest.fixture
def desk(tmp_path):
    desk = tmp_path / "desk"
    (desk / "data" / ".hidden").mkdir(parents=True)
    (desk / "data" / "wards.csv").write_text("a,b\n")
    (desk / "data" / ".hidden" / "x.csv").write_text("a,b\n")
    (desk / "diary.txt").write_text("private")
    (tmp_path / "outside.csv").write_text("a,b\n")
    return desk


def test_only_the_notebook_and_what_is_named_goes_along(desk):
    notebook = write(desk / "analysis.ipynb", "1 + 1")
    before = notebook.read_bytes()
    taken = snapshot.take(notebook, "Sizes", ["data"])
    assert sorted(taken.files) == ["app.ipynb", "data/wards.csv"]
    sent = taken.files["app.ipynb"].decode()
    assert "left over" not in sent
    assert "Ada" not in sent
    assert "/home/ada" not in sent
    assert json.loads(sent)["metadata"]["title"] == "Sizes"
    assert json.loads(sent)["cells"][0]["execution_count"] is None
    assert notebook.read_bytes() == before
    assert set(taken.sha256) == set(taken.files)
    assert [each.check for each in taken.findings if each.weight == "should"] == ["outputs", "outputs", "own-data"]
    assert taken.in_the_way == []


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (["../outside.csv"], "lies outside"),
        (["data/../../outside.csv"], "lies outside"),
        (["/etc/passwd"], "lies outside"),
        (["link.csv"], "is a link"),
        (["linked/wards.csv"], "is a link"),
        (["pipe"], "is no file"),
        (["missing.csv"], "no file missing.csv"),
        ("data", "takes a list"),
        (["app.ipynb"], "cannot be called app.ipynb"),
    ],
)
def test_nothing_from_elsewhere_goes_along(desk, files, problem):
    (desk / "link.csv").symlink_to(desk.parent / "outside.csv")
    (desk / "linked").symlink_to(desk / "data")
    (desk / "app.ipynb").write_text("{}")
    os.mkfifo(desk / "pipe")
    with pytest.raises(UsageError, match=problem):
        snapshot.take(write(desk / "analysis.ipynb", "1"), "Sizes", files)


def test_a_folder_with_a_link_in_it_is_refused_and_too_much_is_said(desk, monkeypatch):
    (desk / "data" / "more.csv").symlink_to(desk.parent / "outside.csv")
    notebook = write(desk / "analysis.ipynb", "1")
    with pytest.raises(UsageError, match=r"data/more\.csv is a link"):
        snapshot.take(notebook, "Sizes", ["data"])
    monkeypatch.setattr(snapshot, "MOST_BYTES", 10_000)
    (desk / "large.csv").write_bytes(b"x" * 20_000)
    monkeypatch.setattr(snapshot.looking, "look", lambda *_: pytest.fail("what is too much was looked at"))
    with pytest.raises(UsageError, match="at most 200 files"):
        snapshot.take(notebook, "Sizes", ["large.csv"])


def test_a_secret_does_not_leave_this_machine(desk, monkeypatch, capsys):
    monkeypatch.setenv("LONDATA_INSIGHTS", "http://127.0.0.1:9/services/insights")
    notebook = write(desk / "analysis.ipynb", 'password = "hunter2secret"', output="x" * 3_100_000)
    with pytest.raises(UsageError, match=r"analysis.ipynb was not published") as refused:
        londata.publish(notebook, title="Sizes", audience="hub")
    assert "Cell 1: Line 1 holds what looks like a password" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert capsys.readouterr().err == "Looking at the notebook (3 MB) …\n"


def test_without_a_hub_a_sentence_says_where_to_go(desk, monkeypatch):
    monkeypatch.delenv("LONDATA_INSIGHTS", raising=False)
    with pytest.raises(SettingsError, match="there is no hub here"):
        londata.publish(write(desk / "analysis.ipynb", "1"), title="Sizes", audience="hub")
    with pytest.raises(UsageError, match="form cannot be 'film'"):
        londata.publish(desk / "analysis.ipynb", title="Sizes", audience="hub", form="film")
    with pytest.raises(UsageError, match="tags takes a list"):
        londata.publish(desk / "analysis.ipynb", title="Sizes", audience="hub", tags="schools")
    for model in ("ridge", {"modell": "ridge"}):
        with pytest.raises(UsageError, match="transparency record cannot be read"):
            londata.publish(desk / "analysis.ipynb", title="Sizes", audience="hub", model=model)


def test_an_audience_is_written_as_people_say_it():
    assert audiences.audience_of("public") == ["public"]
    assert audiences.audience_of(["org-camden", "person:ada", "org-camden"]) == ["group:org-camden", "person:ada"]
    assert audiences.audience_of([]) == audiences.audience_of("") == []
    for wrong in ("everybody", "person:", "group:a b", 7):
        with pytest.raises(UsageError, match="audience cannot be"):
            audiences.audience_of([wrong])
    with pytest.raises(UsageError, match="audience cannot be 7"):
        audiences.audience_of(7)
    assert audiences.in_words(["group:org-camden", "project:beds", "person:ada"]) == (
        "people of camden, members of the project beds, person:ada".replace("person:", "")
    )
    assert audiences.in_words([]) == "its owner alone"


BAD = "<script>alert(1)</script>"


def published(state, *findings, before=()):
    about = {"slug": "sizes", "title": BAD, "audience": ["hub"], "address": "/services/apps/sizes/", "current": 2}
    said = {"publication": "sizes", "number": 2, "state": state, "findings": [each.to_dict() for each in findings]}
    said["rests_on"] = [{"entry": "borough-profile"}, {"entry": "borough-profile"}]
    return Published(said, PublishedInsight(about, None), before)


def test_what_was_published_says_what_was_found_and_where_it_opens():
    fine = Finding(check="outputs", weight="fine", sentence="Nothing is stored.")
    left = Finding(check="outputs", weight="should", sentence="Results were stored in cell 1.", cell=1)
    ready = published("ready", Finding(check="runs", weight="fine", sentence="It runs."), fine, before=(left,))
    assert ready.require() is ready
    assert ready.rests_on == ("borough-profile",)
    assert str(ready).splitlines()[1:] == [
        "Should be mended:",
        "  - Cell 1: Results were stored in cell 1.",
        "In order:",
        "  - It runs.",
        "Open it: /services/apps/sizes/",
        "For: everybody at the hub",
    ]
    shown = ready._repr_html_()
    assert BAD not in shown
    assert 'href="/services/apps/sizes/"' in shown
    refused = published("refused", Finding(check="runs", weight="must", sentence=BAD, cell=3))
    assert not refused.ok
    assert refused.address == ""
    assert BAD not in refused._repr_html_()
    with pytest.raises(UsageError, match="did not pass its check") as said:
        refused.require()
    assert said.value.hint == "Mend that and publish again."
    with pytest.raises(UsageError, match="is being checked") as said:
        published("checking").require()
    assert 'Ask later how it went: insights.versions("sizes"), or londata insight versions sizes.' in str(said.value)
    assert "goes on at the hub" in published("checking")._repr_html_()
    assert refused.later == ready.later == ""


def test_lists_show_themselves_and_escape():
    said = {"slug": "sizes", "title": BAD, "owner": "ada", "state": "live", "stale": "x has a new version"}
    assert repr(Impact([said])).splitlines()[0] == "1 insight."
    assert "stale: x has a new version" in repr(Impact([said]))
    assert "paused: It is mended." in repr(Impact([said | {"state": "paused", "reason": "It is mended."}]))
    assert BAD not in Impact([said])._repr_html_()
    assert repr(Versions([])) == "No versions."
    stopped = [Finding(check="runs", weight=weight, sentence=f"It {weight}.").to_dict() for weight in ("must", "fine")]
    lines = repr(Versions([{"number": 2, "state": "refused", "findings": stopped}])).splitlines()
    assert lines[-1].strip() == "- It must."
    assert "It fine." not in "".join(lines)
    release = {"publication": "sizes", "version": 1, "state": "submitted", "author": "ada", "moves": ["reviewed"]}
    assert repr(Releases([release])).endswith("(you may say --to reviewed)")
    assert repr(Releases([release | {"moves": []}])).splitlines()[-1].rstrip().endswith("whoever may open it")
    assert "everybody without a log-in" in repr(Releases([release | {"audience": ["public"]}]))
    assert repr(Releases([], 11)).startswith("Nobody has anything to do about a release. 11 are over: ")
    assert "londata insight release --all" in repr(Releases([release], 1))
    assert repr(published("ready")) == str(published("ready"))
    assert BAD not in published("ready").about._repr_html_()
    assert "everybody at the hub" in str(published("ready").about)


def test_an_insight_is_named_as_people_name_it():
    from londata.insights.managing import slug_of

    assert slug_of("borough_explorer") == slug_of("borough-explorer") == "borough-explorer"
    for wrong in (None, 7, ""):
        with pytest.raises(UsageError, match="no insight"):
            slug_of(wrong)
    with pytest.raises(UsageError, match="number of a version"):
        insights.roll_back("sizes", 0)
    with pytest.raises(UsageError, match="That is no dataset") as said:
        insights.impact(7)
    assert "borough-profile" in said.value.hint


@pytest.mark.parametrize(
    ("thresholds", "problem"),
    [
        ({}, "nothing to tighten"),
        ({"rounding": 10}, "no threshold 'rounding'"),
        ({"minimum": "20"}, "minimum cannot be '20'"),
        ({"p_percent": float("nan")}, "p_percent cannot be nan"),
        ({"minimum": 2_000_000}, "minimum cannot be 2000000: it is 1,000,000 at most. Usually it is 10, "),
        ({"p_percent": 120}, "p_percent cannot be 120: it is 100 at most"),
    ],
)
def test_what_cannot_be_tightened_is_said_before_the_hub_is_asked(thresholds, problem):
    with pytest.raises(UsageError, match=problem):
        insights.tighten("sizes", **thresholds)


def test_what_asks_people_or_undoes_their_work_has_a_reason(capsys):
    with pytest.raises(UsageError, match="not submitted without a reason"):
        insights.submit_release("sizes", why=" ")
    for to in ("submitted", "returned", "withdrawn"):
        with pytest.raises(UsageError, match=f"not {to} without a reason"):
            insights.move_release("sizes", 1, to)
        assert cli.main(["insight", "release", "sizes", "--version", "1", "--to", to]) != 0
        assert f"not {to} without a reason" in capsys.readouterr().err
    assert cli.main(["insight", "release", "sizes"]) != 0
    assert "not submitted without a reason" in capsys.readouterr().err


def test_workings_say_from_when_on_numbers_are_hidden_and_which_are():
    cells = [
        {"place": f"{BAD}Camden", "value": 1250, "contributors": 40, "largest": "", "why": ""},
        {"place": "Barnet", "value": 3, "contributors": 3, "largest": "", "why": "few"},
    ]
    thresholds = {"minimum": 20, "base": 5, "dominance_n": 2, "dominance_percent": 90.0, "p_percent": 10.0}
    said = {"title": "Pupils", "unit": "pupils", "thresholds": thresholds, "cells": cells}
    lines = str(Workings({"by-ward": said, "plain": {"kind": "open"}})).splitlines()
    assert lines[0] == "Pupils (by-ward), pupils"
    assert lines[1].startswith(
        "It hides counts of fewer than 20, and rounds the others to 5; sums of which 2 give more"
    )
    assert lines[2].split() == ["Of", "Number", "People", "Hidden,", "because"]
    assert lines[4].split(maxsplit=3) == ["Barnet", "3", "3", "too few stand behind it"]
    assert "1,250" in lines[3]
    assert "no workings" in lines[-1]
    shown = Workings({"by-ward": said | {"cells": cells * 150}})._repr_html_()
    assert BAD not in shown
    assert "The other 100 rows" in shown  # nothing is cut off in silence


def test_an_insight_hides_numbers_only_where_it_has_some():
    usual = Thresholds().model_dump()
    about, strict = {"slug": "sizes", "thresholds": usual}, usual | {"minimum": 20}
    for tables in ([], [{"name": "plain", "kind": "open"}]):
        assert "Hides" not in str(PublishedInsight(about | {"tables": tables}, None))
        stricter = str(PublishedInsight(about | {"tables": tables, "thresholds": strict}, None))
        assert "nothing, as it has no tables of counts or sums; in one to come, counts of fewer than 20" in stricter
    shown = str(PublishedInsight(about | {"tables": [{"name": "by-ward", "kind": "counts"}]}, None))
    assert "Hides:     counts of fewer than 10" in shown


def test_the_version_that_is_shown_is_named_also_after_a_roll_back():
    listed = [{"number": number, "state": "ready"} for number in (2, 1)]
    for state, words in (("live", "shown now"), ("paused", "the current one, but paused")):
        found = Versions(listed, PublishedInsight({"slug": "sizes", "current": 1, "state": state}, None))
        assert [words in line for line in repr(found).splitlines()] == [False, False, True]
        assert found._repr_html_().count(words) == 1


def test_a_release_that_was_asked_for_says_for_whom():
    said = OneRelease({"publication": "sizes", "version": 2, "state": "submitted", "audience": ["public"]})
    assert str(said) == "The release of sizes, version 2, is submitted, for everybody without a log-in."
    assert "for everybody at the hub." in str(OneRelease(said | {"audience": ["hub"]}))
    assert BAD not in OneRelease(said | {"publication": BAD})._repr_html_()


def test_releases_that_are_over_are_listed_when_they_are_asked_for(monkeypatch, capsys):
    states = {"sizes": "submitted", "homes": "released", "walks": "withdrawn"}
    told = [{"publication": slug, "version": 1, "state": state} for slug, state in states.items()]
    monkeypatch.setattr(managing, "insights_client", lambda: SimpleNamespace(releases=lambda: told))
    for words, slugs in (
        ([], ["sizes"]),
        (["--all"], [*states]),
        (["homes", "--all"], ["homes"]),
    ):
        assert cli.main(["insight", "release", *words]) == 0
        headline, *lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines] == slugs
        assert ("2 are over" in headline) == (not words)
    assert [each["publication"] for each in insights.releases("homes")] == ["homes"]
    assert cli.main(["insight", "release", "homes", "--all", "--why", "It is right."]) != 0
    assert "Leave out --all, or --why." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: londata.publish("x.ipynb", title="Sizes"), r"londata\.publish is not told its audience"),
        (lambda: londata.publish("x.ipynb"), "is not told its title and audience"),
        (lambda: insights.pause("sizes"), r"insights\.pause is not told its reason"),
        (lambda: insights.pause("sizes", because="It is old."), r"insights\.pause cannot be called like this"),
        (lambda: insights.withdraw("sizes", None), "reason cannot be None"),
        (lambda: insights.pause("sizes", "x" * 2_001), "reason has 2,001 letters"),
        (lambda: insights.submit_release("sizes"), "is not told its why"),
        (lambda: insights.submit_release("sizes", why=None), "why cannot be None"),
        (lambda: insights.move_release("sizes", 1, ["reviewed"]), "to cannot be"),
        (lambda: insights.tighten(), "is not told its insight"),
        (lambda: insights.tighten("sizes", minimum=5), "minimum cannot be 5: it should be greater than or equal to 10"),
        (lambda: insights.tighten("sizes", base=7), "base cannot be 7: counts are rounded to 5 or a multiple"),
        (lambda: insights.table("by-ward", dict), "is not told its title and unit"),
        (lambda: insights.table("by-ward", dict, title=None, unit=7), "unit cannot be 7"),
    ],
)
def test_a_call_that_lacks_something_gets_a_sentence(call, problem):
    with pytest.raises(UsageError, match=problem) as said:
        call()
    assert said.value.hint
    assert "openapi" not in said.value.hint


@pytest.mark.parametrize(
    ("about", "problem", "hint"),
    [
        ({"title": None}, "title cannot be None", "title="),
        ({"title": " "}, "title cannot be ' '", "--title"),
        ({"title": "x" * 500}, "title has 500 letters, and 300 at most", "summary="),
        ({"title": "🦊🦊🦊"}, "No name can be made of the title '🦊🦊🦊'", "slug="),
        ({"slug": "Sizes!"}, "'Sizes!' cannot be the name", "library-visits"),
        ({"slug": 7}, "slug cannot be 7", "slug="),
        ({"start": "warm"}, "start cannot be 'warm'", '"shared" or "fresh"'),
        ({"tags": 7}, "tags takes a list", "tags="),
        ({"tags": [7]}, "tags cannot have 7", "tags="),
        ({"method": 7}, "method cannot be 7", "method="),
        ({"files": None}, "files takes a list", "files="),
        ({"files": [7]}, "files cannot have 7", "files="),
        ({"period": {1}}, "period cannot be", "period="),
        ({"notebook": 7}, "7 is no notebook", "path"),
    ],
)
def test_what_cannot_be_published_is_said_before_it_leaves(desk, monkeypatch, about, problem, hint):
    monkeypatch.setenv("LONDATA_INSIGHTS", "http://127.0.0.1:9/services/insights")
    given = {"notebook": write(desk / "analysis.ipynb", "1"), "title": "Sizes", "audience": "hub"} | about
    with pytest.raises(UsageError, match=problem) as said:
        londata.publish(**given)
    assert hint in said.value.hint


def test_the_hub_takes_no_title_that_the_sdk_would_not():
    with pytest.raises(UsageError, match="No name can be made of the title") as said:
        asking.slug_of(asking.Asked(files={}, record={"title": "🦊🦊🦊"}))
    assert "slug" in said.value.hint
    assert asking.slug_of(asking.Asked(files={}, record={"title": "🦊🦊🦊"}, slug="foxes")) == "foxes"
    record = {"public_benefit": "Everybody knows.", "form": "app", "licence": "not stated"}
    entries.check_record(record | {"title": "x" * 300}, "sizes")
    with pytest.raises(UsageError, match="title: has more than 300 letters"):
        entries.check_record(record | {"title": "x" * 301}, "sizes")
