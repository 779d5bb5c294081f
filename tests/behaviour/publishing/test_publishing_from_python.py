"""Publishing from Python and from a terminal, with the real service behind it: what is asked, and what comes back."""

import io

import nbformat
import pandas as pd
import pytest

import londata
from insights_world import PREFIX, insights_world
from londata import cli, insights, readlog
from londata.errors import AccessDeniedError, EntryNotFoundError, UsageError
from londata.intake_catalog.entry import EntryData, RegisterEntry

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
    as_("ada")
    assert insights.withdraw("sizes", "It was wrong.").state == "withdrawn"


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
        (["pause", "by-hand", "--reason", "Wait."], "paused"),
        (["resume", "by-hand"], "By hand"),
        (["release"], "elease"),
        (["withdraw", "by-hand", "--reason", "It was wrong."], "withdrawn"),
    ):
        assert cli.main(["insight", *words]) == 0, words
        assert said in capsys.readouterr().out, words
    assert cli.main(["insight", "roll-back", "sizes", "7"]) != 0
    assert "Traceback" not in capsys.readouterr().err


def entry_of(there, slug):
    data = EntryData("", slug, register=there.register, record=there.register.find(slug))
    return RegisterEntry(data)


def test_an_insight_of_the_catalog_opens_gives_its_tables_and_its_receipt(as_, there):
    frame = pd.DataFrame({"ward": ["A", "B"], "people": [10, 25]})
    written = io.BytesIO()
    frame.to_parquet(written)
    files = {"tables/people.parquet": written.getvalue()}
    there.published("visits", tables=("people",), files=files)
    entry = entry_of(there, "visits")
    assert entry.open() == "/services/apps/visits/"
    assert 'href="/services/apps/visits/"' in entry.open()._repr_html_()
    before = len(readlog.reads())
    read = entry.read()
    pd.testing.assert_frame_equal(read, frame)
    assert read.attrs["londata"]["title"] == "Table people"
    assert [(each.entry, each.distribution) for each in readlog.reads()[before:]] == [("visits", "people")]
    assert list(entry.read(["people"], table="people").columns) == ["people"]
    assert len(entry.discover()) == 2
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


def test_what_arrives_must_be_what_was_sent(as_, there):
    there.published("broken", tables=("people",))
    with pytest.raises(Exception, match="no Parquet file"):
        entry_of(there, "broken").read()


def test_a_person_who_may_not_open_it_gets_a_sentence(as_, there):
    there.published("mine", audience=("person:ada",), tables=("people",))
    as_("zed")
    with pytest.raises((AccessDeniedError, EntryNotFoundError)):
        entry_of(there, "mine").read()
