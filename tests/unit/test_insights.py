"""Checking and drafting insights: what is found out, what is refused, what is written."""

import json
import sys

import nbformat
import pytest

from londata import insights
from londata.catalog_files import load_catalog
from londata.catalog_files.plain_yaml import read_yaml
from londata.errors import CatalogFileError, UsageError
from londata.insights import drafting
from londata.intake_catalog import open_catalog

READS = "from londata import catalog\ncatalog.borough_profile.read()"
SAID = {
    "title": "Sizes",
    "owner": "Ada",
    "publisher": "gla",
    "public_benefit": "Everybody knows.",
    "licence": "ogl-3",
}


def write(path, *cells):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=kernel)
    content.cells[0].outputs = [nbformat.v4.new_output("stream", text="left over")]
    nbformat.write(content, path)
    return path


@pytest.fixture
def desk(tmp_path, small_catalog, monkeypatch):
    """A folder to work in, over the small catalogue."""
    monkeypatch.setenv("LONDATA_CATALOGS", str(small_catalog))
    (tmp_path / "desk").mkdir()
    return tmp_path / "desk"


@pytest.fixture(scope="module")
def checked(tmp_path_factory, shared_catalog):
    """What the check of a sound notebook found, on a machine whose ``python3`` is not this interpreter."""
    folder = tmp_path_factory.mktemp("checked")
    spec = folder / "jupyter" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["/bin/false"], "display_name": "Another", "language": "python"}))
    same = f"import sys\nassert sys.executable == {sys.executable!r}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LONDATA_CATALOGS", str(shared_catalog))
        patch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
        return insights.check(write(folder / "analysis.ipynb", same, READS))


def test_a_draft_says_what_the_notebook_read_and_the_register_takes_it(desk, small_catalog):
    notebook = write(desk / "analysis.ipynb", READS)
    before = notebook.read_bytes()
    draft = insights.draft(notebook, slug="sizes", folder=small_catalog.parent / "voila-apps", **SAID)
    assert draft.record.uses == ("borough-profile",)
    assert notebook.read_bytes() == before
    assert nbformat.read(draft.folder / "app.ipynb", 4).cells[0].outputs == []
    assert read_yaml(draft.folder / "app.yaml")["insight"]["uses"] == ["borough-profile"]
    entry = {entry.id: entry for entry in load_catalog(small_catalog).entries}["sizes"]
    assert (entry.kind, entry.form, entry.address) == ("insight", "app", "/services/apps/sizes/")
    with pytest.raises(UsageError, match="already"):
        insights.draft(notebook, slug="sizes", folder=small_catalog.parent / "voila-apps", **SAID)


def test_what_was_checked_is_run_again_only_if_it_has_changed(desk, checked, monkeypatch):
    runs = []
    monkeypatch.setattr(drafting, "_run", lambda *given: runs.append(given) or "It stops.")
    assert insights.draft(checked, slug="sizes", folder=desk, **SAID).record.uses == ("borough-profile",)
    assert not runs
    before = checked.notebook.read_bytes()
    write(checked.notebook, READS, "1")
    try:
        with pytest.raises(UsageError, match="It stops"):
            insights.draft(checked, slug="again", folder=desk, **SAID)
    finally:
        checked.notebook.write_bytes(before)
    assert len(runs) == 1


def test_a_record_that_breaks_a_rule_is_refused_before_anything_is_run(desk, monkeypatch):
    notebook = write(desk / "analysis.ipynb", READS)
    monkeypatch.setattr(drafting, "_run", lambda *_: pytest.fail("it was run"))
    with pytest.raises(CatalogFileError, match="publisher: 'glla' is not in the file of publishers; did you mean gla"):
        insights.draft(notebook, slug="sizes", folder=desk, **SAID | {"publisher": "glla"})
    assert sorted(path.name for path in desk.iterdir()) == ["analysis.ipynb"]


@pytest.mark.parametrize("name", ["uses", "access", "form", "address"])
def test_what_is_found_out_cannot_be_typed(desk, name):
    with pytest.raises(UsageError, match=f"{name} cannot be said"):
        insights.draft(desk / "any.ipynb", slug="sizes", **SAID, **{name: "x"})


def test_a_check_says_everything_that_stands_in_the_way(desk):
    found = insights.check(write(desk / "bad.ipynb", "path = '/home/ada/figures.csv'", "!ls", "1 / 0"))
    assert not found.ok
    assert [problem.split(":")[0] for problem in found.problems] == [
        "It stops with an error",
        "It names a folder of one person's machine; read from the catalog instead.",
        "It runs commands (! or %pip); an app cannot.",
    ]
    assert "ZeroDivisionError" in repr(found)


def test_a_check_looks_at_what_is_shown_and_says_what_is_not_open(desk):
    noted = "from londata.readlog import Reading, record\nreading = ('care-cases', 'Cases', 'csv', '', 1, '', 1, ())\n"
    noted += "record(Reading(*reading, access='closed'))"
    shown = "from IPython.display import HTML, display\ndisplay(HTML('<svg></svg>'))\nprint('gh' + 'p_' + 'a1B2c3' * 7)"
    found = insights.check(write(desk / "bad.ipynb", "password = 'open-sesame-42'", noted, shown))
    assert [problem[:28] for problem in found.problems] == [
        "Line 1 holds what looks like",
        "A figure has no text alterna",
        "A result shows what looks li",
    ]
    assert found.not_open == ("care-cases",)
    with pytest.raises(UsageError, match="rests on open data, and this one reads care-cases"):
        insights.draft(write(desk / "closed.ipynb", noted), slug="cases", folder=desk, **SAID)


def test_a_check_runs_in_this_interpreter_whatever_python3_is_on_the_machine(checked):
    assert checked.ok, checked.problems


def test_a_notebook_that_reads_nothing_cannot_become_an_insight(desk):
    notebook = write(desk / "idle.ipynb", "1 + 1")
    with pytest.raises(UsageError, match="reads nothing from the register"):
        insights.draft(notebook, slug="idle", folder=desk, **SAID)


def test_a_notebook_that_only_asks_what_there_is_is_told_what_to_read(desk):
    notebook = write(desk / "lists.ipynb", "from londata import catalog\nlen(catalog.search('borough'))")
    (problem,) = insights.check(notebook).problems
    assert problem.startswith("It asks the register what there is and reads none of it, so nobody could tell")
    assert "read the data with catalog.<dataset>.read()" in problem
    assert "catalog.sharing_agreements.read()" in problem


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 1}', "\x00"])
def test_what_is_no_notebook_gets_a_sentence(tmp_path, content):
    (tmp_path / "x.ipynb").write_text(content)
    with pytest.raises(UsageError, match="not a notebook"):
        insights.check(tmp_path / "x.ipynb")
    with pytest.raises(UsageError, match="no notebook"):
        insights.check(tmp_path / "missing.ipynb")


def test_every_name_of_the_page_can_be_had():
    assert {"table", "publish", "impact"} <= {*insights.__all__} <= {*dir(insights)}
    assert all(hasattr(insights, name) for name in insights.__all__)


def test_insights_are_listed_and_shown(small_catalog):
    catalog = open_catalog(str(small_catalog))
    assert [*insights.list(catalog)] == ["borough_explorer"]
    assert insights.show("borough-explorer", catalog).record.form == "app"
    with pytest.raises(UsageError, match="not an insight"):
        insights.show("borough-profile", catalog)


def test_a_preview_is_an_address_in_the_hub_and_a_command_elsewhere(tmp_path, monkeypatch):
    draft = insights.Draft(tmp_path / "drafts" / "sizes", None)
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
    assert draft.preview.endswith(f"voila --template=londata {tmp_path}/drafts/sizes/app.ipynb")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert draft.preview == "/user/ada/voila/render/drafts/sizes/app.ipynb"
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    assert draft.preview == "draft it into a folder of your home, which the hub can show"


def test_a_licence_is_never_assumed(desk, checked):
    said = {name: value for name, value in SAID.items() if name != "licence"}
    with pytest.raises(UsageError, match=r"insights\.draft is not told its licence"):
        insights.draft(checked, slug="sizes", folder=desk, **said)
    draft = insights.draft(checked, slug="sizes", folder=desk, **said, licence="not stated")
    assert draft.record.licence is None
