"""Templates: two files that must agree, and what is said when they do not."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from londata import settings
from londata.errors import TemplateError, UsageError
from londata.reports import templates

SHIPPED = templates.names()
GOOD = """\
title: A trial
purpose: Try it.
owner: Tests
heading: "About {word}, {unknown}"
parameters:
  word: {type: text, label: Word, default: hello}
  times: {type: integer, label: Times, default: 2}
"""
CELL = 'word = "hello"\ntimes: int = 2'


@pytest.fixture
def write(tmp_path):
    """Write a template of these texts; returns its folder."""

    def write(definition=GOOD, *cells):
        folder = tmp_path / "trial"
        folder.mkdir(exist_ok=True)
        (folder / "template.yaml").write_text(definition, encoding="utf-8")
        notebook = nbformat.v4.new_notebook()
        for source in cells or (CELL,):
            notebook.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]}))
        nbformat.write(notebook, folder / "template.ipynb")
        return folder

    return write


@pytest.mark.parametrize("name", SHIPPED)
def test_each_shipped_template_agrees_with_its_notebook(name):
    template = templates.load(name)
    assert template.name == name
    assert template.insight["uses"] == list(template.datasets)


@pytest.mark.parametrize("name", SHIPPED)
def test_each_shipped_notebook_is_valid_and_has_no_outputs(name):
    notebook = nbformat.read(templates.load(name).notebook, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@pytest.mark.parametrize("name", SHIPPED)
def test_each_shipped_template_rests_on_entries_of_the_register(name):
    from londata import catalog

    assert [slug for slug in templates.load(name).datasets if slug not in catalog] == []


def test_a_template_is_loaded_by_the_path_of_its_folder(write):
    template = templates.load(write())
    assert template.defaults == {"word": "hello", "times": 2}
    assert template.heading_for({"word": "{times}", "times": 3}) == "About {times}, {unknown}"


def test_the_folder_of_templates_is_a_setting(write, monkeypatch):
    monkeypatch.setenv("LONDATA_TEMPLATES", str(write().parent))
    assert templates.names() == ("trial",)
    assert [template.title for template in templates.list()] == ["A trial"]


def test_a_template_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"There is no template 'borogh-profile'; did you mean borough-profile\?"):
        templates.load("borogh-profile")


@pytest.mark.parametrize("name", ["", ".", "..", "../borough-profile", "no/such", "borough-profile/template.yaml"])
def test_a_name_that_is_no_template_is_refused(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="There is no template"):
        templates.load(name)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ('word = "hello"', "times is declared in template.yaml and missing in the parameters cell of template.ipynb"),
        (CELL + "\nmore = 1", "more is in the parameters cell of template.ipynb and not declared in template.yaml"),
        ('word = "bye"\ntimes = 2', "the default of word is 'hello' in template.yaml and 'bye' in template.ipynb"),
        ('word = "hello"\ntimes = 2.0', "the default of times is 2 in template.yaml and 2.0 in template.ipynb"),
        ('import os\nword = "hello"\ntimes = 2', "may only hold lines like name = value (line 1 is something else)"),
        ("word = times = 2", "may only hold lines like name = value"),
        ("word = len('hello')\ntimes = 2", "may only hold lines like name = value"),
        ("word = (", "may only hold lines like name = value"),
    ],
)
def test_a_notebook_that_disagrees_is_refused_naming_both_files(write, cell, says):
    with pytest.raises(TemplateError) as refused:
        templates.load(write(GOOD, cell))
    assert says in str(refused.value)
    assert "The template trial cannot be used" in str(refused.value)


def test_a_notebook_needs_exactly_one_parameters_cell(write):
    with pytest.raises(TemplateError, match="has 2 cells tagged 'parameters'; it needs one"):
        templates.load(write(GOOD, CELL, CELL))


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ("- a list", "template.yaml: is not a mapping of fields"),
        ("title: [", ": is not YAML"),
        ("title: x\ntitle: y", "template.yaml: line 2: the key 'title' is there twice"),
        ("title: !!python/object/apply:os.system [ls]", "template.yaml: line 1: the tag"),
        (GOOD.replace("owner: Tests", ""), "template.yaml: owner: is missing"),
        (GOOD + "colour: red", "template.yaml: colour: no such field"),
        (GOOD + "  bad name: {type: text, label: x}", "is not a plain Python name"),
        (GOOD.replace("default: 2", "default: 2, min: 3"), "parameters.times.default: times cannot be 2."),
        (GOOD.replace("{type: text, label: Word, default: hello}", "hello"), "parameters is not a mapping"),
    ],
)
def test_a_definition_that_breaks_the_rules_is_refused_with_its_field(write, definition, says):
    with pytest.raises(TemplateError) as refused:
        templates.load(write(definition))
    assert says in str(refused.value)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": 3}', '{"cells": [1]}', "\x00"])
def test_a_notebook_that_is_none_is_refused(write, text):
    folder = write()
    (folder / "template.ipynb").write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError, match=r"template\.ipynb: is not a notebook"):
        templates.load(folder)


def test_the_hash_is_of_both_files(write, tmp_path):
    folder = write()
    before = templates.load(folder).sha256()
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert templates.load(copy).sha256() == before
    (copy / "template.yaml").write_text(GOOD.replace("Try it", "Try"), encoding="utf-8")
    after = templates.load(copy).sha256()
    assert [name for name in after if after[name] != before[name]] == ["template.yaml"]


def test_the_borough_profile_says_in_its_parameters_cell_what_it_declares():
    folder = Path(settings.shipped("templates")) / "borough-profile"
    cells = json.loads((folder / "template.ipynb").read_text(encoding="utf-8"))["cells"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    assert ["".join(cell["source"]) for cell in tagged] == ['borough = "Camden"']
