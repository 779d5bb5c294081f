"""The notebook on data that is not open, run from top to bottom in the Lab of a real hub, as ada does.

It cannot run without a hub, so ``tests/notebooks`` leaves it to this module, which runs every cell of it.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from running_hub import Lab

NAME = "04-shared-data.ipynb"
CELLS = json.loads((Path(__file__).resolve().parents[2] / "notebooks" / NAME).read_text(encoding="utf-8"))["cells"]
CODE = [("".join(cell["source"]), cell["metadata"].get("tags", [])) for cell in CELLS if cell["cell_type"] == "code"]
TEXT = "\n".join("".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "markdown")

pytestmark = [
    pytest.mark.hub,
    pytest.mark.skipif(not shutil.which("bwrap"), reason="without bubblewrap a hub serves open data only"),
]


class Told:
    """What each cell printed, or the words of the error that it may raise."""

    def __init__(self, lab):
        self.by_cell = {source: told_of(lab, source, may_fail="raises-exception" in tags) for source, tags in CODE}

    def __getitem__(self, part):
        (found,) = [said for source, said in self.by_cell.items() if part in source]
        return found


def told_of(lab, source, *, may_fail=True):
    try:
        return lab.run(source, seconds=120)
    except AssertionError as refused:
        if not may_fail:
            raise
        return str(refused)


@pytest.fixture(scope="module")
def lab(hub):
    return hub.lab("ada")


@pytest.fixture(scope="module")
def first(lab):
    """The first run, before anybody has decided anything."""
    return Told(lab)


def test_no_project_no_reading_and_the_refusal_names_the_project(first):
    refusal = next(iter(said for source, said in first.by_cell.items() if source.endswith("pupil.read()")))
    assert refusal.startswith("AccessDeniedError: You can see “School rolls by pupil (generated)” but not read it")
    assert 'londata.use_project("school-places")' in refusal


def test_what_is_read_is_what_was_agreed(first):
    rows, without = first["rolls.borough_code.unique()"].splitlines()
    count = int(re.fullmatch(r"([\d,]+) rows, boroughs: E09000007", rows)[1].replace(",", ""))
    assert 15_000 < count < 25_000
    assert {"birth_month", "address_group", "first_language"} <= set(re.findall(r"\w+", without))


def test_ada_is_refused_asks_and_reads_once_the_steward_agreed_and_until_it_is_taken_back(hub, lab, first):
    refusal = next(said for source, said in first.by_cell.items() if source.endswith(" catalog.tfl_movements.read()"))
    assert refusal.startswith("AccessEndedError: ")
    assert "the agreement ISA-014 ended on 3 March 2026" in refusal
    assert "request_access" in refusal
    assert "ISA-021" in first["request_access"]
    assert first["Not yet."].startswith("Not yet.")
    hub.lab("chen").run(re.search(r"```python\n(.*?)```", TEXT, re.S)[1])
    told = lab.run("import londata\nfor each in londata.notices(): print(each)").lower()
    assert "approved" in told or "granted" in told, told
    ada = Lab(hub, "ada", lab.token)
    again = Told(ada)  # in a new kernel, from top to bottom
    assert again["Not yet."].startswith("Most journeys to Camden at eight in the morning begin in E09")
    assert again["rolls.borough_code.unique()"] == first["rolls.borough_code.unique()"]
    assert "already, for this project" in again["request_access"]  # there is nothing left to ask for
    the_operator_ends_it(hub)
    refusal = told_of(ada, "catalog.tfl_movements.read()")
    assert refusal.startswith("AccessEndedError: ")
    assert "The project has what it needs" in refusal


def the_operator_ends_it(hub):
    code, out, err = hub.operate("grants", "list", "--person", "ada", "--entry", "tfl-movements")
    assert code == 0, err
    number = next(word for line in out.splitlines() if "DEMO-2" not in line for word in line.split()[:1])
    code, out, err = hub.operate("grants", "end", number, "--reason", "The project has what it needs")
    assert code == 0, err
