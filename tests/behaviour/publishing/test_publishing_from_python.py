"""Publishing from Python and from a terminal, with the real service behind it: what is asked, and what comes back."""

import datetime as dt
import hashlib
import io
import threading
import time
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest

import londata
from insights_world import PREFIX, Passes, insights_world
from londata import cli, insights, readlog
from londata.errors import AccessDeniedError, EntryNotFoundError, ReadError, UsageError
from londata.insights import publishing
from londata.insights.shown import OneRelease, Published
from londata.intake_catalog import published
from londata.intake_catalog.entry import EntryData, RegisterEntry
from running_hub import wait_for

SAID = {"title": "Sizes of boroughs", "public_benefit": "Everybody knows.", "progress": False}


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with insights_world(tmp_path_factory.mktemp("insights")) as there:
        yield there


@pytest.fixture
def as_(there, monkeypatch):
    """Be somebody at the hub."""

    def be(person):
        monkeypatch.setenv("LONDATA_INSIGHTS", f"{there.address}{PREFIX.rstrip('/')}")
        monkeypatch.setenv("LONDATA_TOKEN", person)

    be("ada")
    return be


@pytest.fixture
def notebook(tmp_path):
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("from londata import catalog")])
    nbformat.write(content, tmp_path / "analysis.ipynb")
    (tmp_path / "side.csv").write_text("a,b\n1,2\n")
    return tmp_path / "analysis.ipynb"


def test_a_notebook_is_published_and_looked_after(as_, notebook, there, capsys):
    made = londata.publish(notebook, audience=["org-camden"], files=["side.csv"], slug="sizes", **SAID)
    assert made.ok
    assert (made.slug, made.number) == ("sizes", 1)
    assert made.address == "/services/apps/sizes/"
    assert made.rests_on == ("open-figures",)
    assert made.about.audience == ("group:org-camden",)
    assert set(there.store.version("sizes", 1).files) >= {"app.ipynb", "side.csv"}
    again = londata.publish(notebook, audience="hub", slug="sizes", **SAID | {"progress": True})
    assert again.number == 2
    assert "Running the notebook from top to bottom." in capsys.readouterr().err
    assert [each["number"] for each in insights.versions("sizes")] == [2, 1]
    assert insights.roll_back("sizes", 1).current == 1
    assert ["shown now" in line for line in str(insights.versions("sizes")).splitlines()[1:]] == [False, True]
    with pytest.raises(EntryNotFoundError, match="no tables that may be had") as said:
        entry_of(there, "sizes").read()
    assert "insights.table" in said.value.hint
    assert cli.main(["insight", "forget", "sizes", "2"]) == 0
    assert [each["kept"] for each in insights.versions("sizes")] == [False, True]
    assert insights.set_audience("sizes", ["person:chen", "org-camden"]).audience == ("person:chen", "group:org-camden")
    assert insights.pause("sizes", "It is being mended.").state == "paused"
    assert insights.resume("sizes").state == "live"
    assert insights.tighten("sizes", minimum=20).said["thresholds"]["minimum"] == 20
    with pytest.raises(UsageError):
        insights.tighten("sizes", minimum=12)
    assert "sizes" in [each["slug"] for each in insights.impact("open-figures")]
    assert "sizes" in [each["slug"] for each in insights.published()]
    as_("zed")
    with pytest.raises(EntryNotFoundError):
        insights.withdraw("sizes", "Not mine.")
    with pytest.raises(EntryNotFoundError) as said:
        insights.find("sizzes")
    assert "londata insight list" in said.value.hint
    as_("ada")
    assert insights.withdraw("sizes", "It was wrong.").state == "withdrawn"


def test_a_period_is_a_day_or_two_as_one_has_them_at_hand(as_, notebook, there):
    for period in (dt.date(2025, 3, 31), {"start": pd.Timestamp("2025-01-01"), "end": dt.date(2025, 3, 31)}):
        assert londata.publish(notebook, audience="hub", slug="quarter", period=period, **SAID).ok
    known = [there.store.version("quarter", number).record["period"] for number in (1, 2)]
    assert known[0] == {"start": "2025-03-31", "end": "2025-03-31"}
    found = there.register.find("quarter").period
    assert (found.start, found.end) == (dt.date(2025, 1, 1), dt.date(2025, 3, 31))


def test_for_oneself_alone_is_for_nobody_else_whoever_had_it_before(as_, notebook):
    about = SAID | {"title": "Narrow"}
    assert londata.publish(notebook, audience="hub", **about).about.audience == ("hub",)
    assert londata.publish(notebook, audience=None, **about).about.audience == ("hub",)
    assert londata.publish(notebook, audience=[], **about).about.audience == ("person:ada",)


def test_the_terminal_can_do_the_same(as_, notebook, capsys):
    words = ["insight", "publish", str(notebook), "--title", "By hand", "--audience", "hub", "--quiet"]
    assert cli.main([*words, "--public-benefit", "Everybody knows.", "--slug", "by-hand", "--tag", "sizes"]) == 0
    assert "Open it: /services/apps/by-hand/" in capsys.readouterr().out
    for words, said in (
        (["show", "by-hand"], "By hand"),
        (["versions", "by-hand"], "version 1"),
        (["list"], "by-hand"),
        (["impact", "open-figures"], "by-hand"),
        (["audience", "by-hand", "org-camden"], "people of camden"),
        (["tighten", "by-hand", "--minimum", "20", "--p-percent", "12.5"], "counts of fewer than 20"),
        (["pause", "by-hand", "--reason", "Wait."], "paused"),
        (["resume", "by-hand"], "By hand"),
        (["release"], "londata insight release --all"),
        (["release", "--all"], "by-hand"),
    ):
        assert cli.main(["insight", *words]) == 0, words
        assert said in capsys.readouterr().out, words
    for words, said in (
        (["roll-back", "by-hand", "7"], "7"),
        (["tighten", "by-hand"], "nothing to tighten"),
        (["tighten", "by-hand", "--minimum", "12"], "minimum"),
        (["impact", "borough-profle"], "There is no dataset 'borough-profle'; did you mean borough-profile"),
        (["workings", "by_hind"], "no release of 'by-hind'"),
        (["release", "by-hand"], "without a reason"),
        (["audience", "by-hand"], "nothing was changed"),
    ):
        assert cli.main(["insight", *words]) != 0, words
        told = capsys.readouterr().err
        assert said in told, words
        assert "Traceback" not in told
    assert cli.main(["insight", "withdraw", "by-hand", "--reason", "It was wrong."]) == 0
    assert "withdrawn" in capsys.readouterr().out
    assert cli.main(["insight", "resume", "by-hand"]) != 0
    assert "was withdrawn: It was wrong.\n" in capsys.readouterr().err


def test_a_check_goes_on_while_nobody_waits_for_it(as_, notebook, monkeypatch, capsys):
    may_end = threading.Event()
    monkeypatch.setattr(Passes, "check", _held(Passes.check, may_end))
    monkeypatch.setattr(publishing, "PATIENCE_S", 0.0)
    words = ["insight", "publish", str(notebook), "--title", "Long", "--quiet", "--public-benefit", "Known."]
    try:
        assert cli.main(words) != 0
        assert 'Ask later how it went: insights.versions("long"), or londata insight versions long.' in (
            capsys.readouterr().err
        )
        monkeypatch.setattr(publishing, "PATIENCE_S", 60.0)
        monkeypatch.setattr(publishing, "time", SimpleNamespace(monotonic=time.monotonic, sleep=_interrupted))
        assert cli.main([*words, "--slug", "longer"]) == 130
        assert "Nothing is lost. The check of version 1 goes on at the hub." in capsys.readouterr().err
    finally:
        may_end.set()
        monkeypatch.undo()
    as_("ada")
    for slug in ("long", "longer"):
        wait_for(lambda slug=slug: insights.find(slug).current == 1, 60, "the check that went on")


def _held(check, may_end):
    def held(*given):
        may_end.wait(60)
        return check(*given)

    return held


def _interrupted(_):
    raise KeyboardInterrupt


def test_those_who_check_a_release_read_its_workings_and_its_author_does_not(as_, there, capsys):
    there.published("places", ("pupils",), ("by-ward",), project="school-places", audience=("group:org-camden",))
    assert insights.submit_release("places", why="Parents should see it.")["state"] == "submitted"
    assert cli.main(["insight", "workings", "places"]) != 0
    assert "its author does not" in capsys.readouterr().err
    as_("gil")
    assert cli.main(["insight", "workings", "places"]) == 0
    told = capsys.readouterr().out
    assert "It hides counts of fewer than 10" in told
    assert "Castle" in told
    with there.client("gil") as gil:
        said = gil.get(f"{PREFIX}api/v1/insights/places/releases/1/workings").json()
    assert dict(insights.workings("places", 1)) == said["workings"]


def test_the_first_who_checks_reads_that_another_must_and_released_tables_are_for_programs_of_strangers(there):
    tables = f"{PREFIX}api/v1/insights/places/tables"
    with there.client() as stranger:
        for path in (tables, f"{tables}/by-ward", f"{tables.replace('places', 'no-such')}"):
            assert stranger.get(path).status_code == 401
    steps = (("gil", "reviewed"), ("dot", "approved"), ("ada", "released"))
    with there.client("ada") as ada:
        silent = ada.post(f"{PREFIX}api/v1/insights/places/releases/1/steps", json={"to": "withdrawn", "why": "  "})
    assert (silent.status_code, "A release is not withdrawn without a reason" in silent.text) == (400, True)
    for person, to in steps:
        with there.client(person) as asks, there.browser(person) as browser:
            step = {"to": to, "why": "In order."}
            asks.post(f"{PREFIX}api/v1/insights/places/releases/1/steps", json=step).raise_for_status()
            page = browser.get(f"{PREFIX}reviews/places/1/").text
            assert ("You have checked it; somebody else must approve it." in page) == (person == "gil")
    with there.client() as stranger:
        assert [each["name"] for each in stranger.get(tables).json()["tables"]] == ["by-ward"]
        content = stranger.get(f"{tables}/by-ward", params={"format": "csv"}).content
        assert content == stranger.get(f"{PREFIX}places/tables/by-ward.csv").content
        assert stranger.get(f"{tables}/by-hand").status_code == 404
        assert stranger.get(tables.replace("/places/", "/nowhere/")).status_code == 401
        assert stranger.get(tables.removesuffix("/tables")).status_code == 401
        assert stranger.post(tables).status_code == 401


def test_whom_nobody_knows_is_named_to_the_owner_when_they_choose_them(there):
    there.published("for-whom")
    with there.client("ada") as ada, there.browser("ada") as browser:
        chosen = {"audience": ["person:sid", "person:nobody-here", "group:org-nowhere"]}
        said = ada.post(f"{PREFIX}api/v1/insights/for-whom/audience", json=chosen).json()
        assert said["unknown"] == ["Nobody here is called nobody-here.", "There is no body nowhere here."]
        assert "Nobody here is called nobody-here." in browser.get(f"{PREFIX}for-whom/").text
        there.published("for-whom-else", ("pupils",), ("by-ward",), project="school-places", audience=["person:ada"])
        step = {"to": "submitted", "why": "They asked.", "audience": ["person:bolla", "public"]}
        said = ada.post(f"{PREFIX}api/v1/insights/for-whom-else/releases/1/steps", json=step).json()
        assert said["unknown"] == ["Nobody here is called bolla."]
        assert str(OneRelease(said)).endswith("for everybody without a log-in. Nobody here is called bolla.")
        assert "Nobody here is called bolla." in browser.get(f"{PREFIX}for-whom-else/").text
    with there.client("sid") as sid:
        assert "nobody-here" not in sid.get(f"{PREFIX}for-whom/", headers={"Accept": "text/html"}).text


def test_a_version_that_waits_is_the_one_that_a_release_is_of(as_, there, capsys):
    fields = {"project": "school-places", "audience": ("group:org-camden",)}
    for waits in (False, True):
        there.published("walks", ("pupils",), ("by-ward",), version={"waits": waits}, **fields)
    assert insights.version_to_release("walks") == 2
    assert "waits for it" in str(insights.versions("walks"))
    assert cli.main(["insight", "release", "walks", "--why", "Parents should see it."]) == 0
    assert "The release of walks, version 2, is submitted, for everybody without a log-in." in capsys.readouterr().out
    assert insights.find("walks").current == 1
    waiting = Published({"publication": "walks", "number": 2, "state": "ready", "waits": True}, insights.find("walks"))
    assert "version 2, passed its check and waits for its release; version 1 stays open." in str(waiting)
    with there.browser("ada") as ada:
        assert "This is for version 2," in ada.get(f"{PREFIX}walks/").text
        silent = {"secret": there.secret("ada"), "to": "withdrawn", "why": " "}
        answer = ada.post(f"{PREFIX}walks/release", data=silent, headers={"Origin": there.address})
        assert (answer.status_code, "A release is not withdrawn without a reason." in answer.text) == (400, True)
        insights.move_release("walks", 2, "withdrawn", "A number was wrong.")
        page = ada.get(f"{PREFIX}walks/").text
    assert "is never shown, because its release was withdrawn; version 1 stays open" in page
    assert "version 2," not in page
    assert insights.version_to_release("walks") == 1
    assert "waits for it" not in str(insights.versions("walks"))


def entry_of(there, slug):
    data = EntryData("", slug, register=there.register, record=there.register.find(slug))
    return RegisterEntry(data)


def test_an_insight_of_the_catalog_opens_gives_its_tables_and_its_receipt(as_, there):
    there.published("visits", tables=("people",))
    frame = pd.read_parquet(io.BytesIO(there.hall.snapshots.read("visits", 1, "tables/people.parquet")))
    entry = entry_of(there, "visits")
    assert entry.open() == "/services/apps/visits/"
    assert 'href="/services/apps/visits/"' in entry.open()._repr_html_()
    before = len(readlog.reads())
    read = entry.read()
    pd.testing.assert_frame_equal(read, frame)
    assert read.attrs["londata"]["unit"]
    assert [(each.entry, each.distribution) for each in readlog.reads()[before:]] == [("visits", "people-parquet")]
    assert [(each.id, each.media_type, each.through) for each in entry.distributions] == [
        ("people-parquet", "application/vnd.apache.parquet", "insights"),
        ("people-csv", "text/csv", "insights"),
    ]
    assert entry.distributions[0].sha256 == readlog.reads()[-1].sha256
    assert "catalog.visits.read()" in repr(entry)
    pd.testing.assert_frame_equal(entry.read(distribution="people-csv"), frame)
    first = frame.columns[0]
    assert list(entry.read([first], table="people").columns) == [first]
    assert 0 < len(entry.discover()) <= 10
    with pytest.raises(UsageError, match="no column 'x'"):
        entry.read(["x"])
    assert {"open", "receipt"} <= set(dir(entry))
    assert isinstance(entry.receipt(), dict)
    with pytest.raises(UsageError, match=r'no table .x.*\n +catalog\.visits\.read\(table="people"\)'):
        entry.read(table="x")
    with pytest.raises(UsageError, match="takes no as_"):
        entry.read(as_="dask")
    shown = entry._repr_html_()
    assert "Version" in shown
    assert "Last run" in shown
    data = entry_of(there, "open-figures")
    assert "catalog.visits" in data._repr_html_()
    with pytest.raises(UsageError, match="not an insight"):
        data.open()


def test_what_arrives_must_be_what_was_sent():
    said = {"name": "people"}
    with pytest.raises(ReadError, match="did not arrive as it was sent"):
        published._frame(b"PAR1", "0" * 64, said)
    with pytest.raises(ReadError, match="no Parquet file"):
        published._frame(b"PAR1", hashlib.sha256(b"PAR1").hexdigest(), said)


def test_a_person_who_may_not_open_it_gets_a_sentence(as_, there):
    there.published("mine", audience=("person:ada",), tables=("people",))
    as_("zed")
    with pytest.raises((AccessDeniedError, EntryNotFoundError)):
        entry_of(there, "mine").read()


def test_a_model_has_a_transparency_record_that_the_hub_fills_in(as_, notebook, there):
    about = {"models": "ridge regression", "risks": "A school opens."}
    made = londata.publish(notebook, audience="hub", slug="rolls-ahead", form="model", model=about, **SAID)
    assert there.store.version("rolls-ahead", made.number).record["transparency"] == about
    record = entry_of(there, "rolls-ahead").transparency
    assert (record.models, record.name, record.team) == ("ridge regression", "Sizes of boroughs", "ada")
    assert record.data_sources
    assert "human_review" in record.missing
    with there.browser("ada") as ada:
        page = ada.get(f"{PREFIX}rolls-ahead/").text
    assert "<dt>2.4.1.1 System architecture</dt><dd><p>A notebook that runs in a sandbox" in page  # by the hub
    assert '<dt>2.3.2 Human review</dt><dd><span class="quiet">not stated</span></dd>' in page
    with pytest.raises(UsageError):
        londata.publish(notebook, audience="hub", slug="x", model={"modell": "x"}, **SAID).require()


def test_the_card_of_an_insight_says_what_has_changed_under_it(as_, there):
    there.published("old", audience=("public",))
    there.store.mark_stale("old", "open-figures has a new version <b>since</b>.")
    there.shelve("old")
    entry = entry_of(there, "old")
    assert "Mind:          open-figures has a new version" in repr(entry)
    assert "everybody, without a log-in" in repr(entry)
    assert "<b>since" not in entry._repr_html_()
