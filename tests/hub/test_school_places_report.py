"""The report on school places in Labs of a real hub: ada has a grant, bola works for the same project without one."""

from __future__ import annotations

import json
import shutil

import pytest

from running_hub import Lab

pytestmark = [
    pytest.mark.hub,
    pytest.mark.skipif(not shutil.which("bwrap"), reason="without bubblewrap a hub serves open data only"),
]
RUN = """
import json, londata
from londata import catalog, reports
from londata.errors import LondataError

londata.use_project("school-places")
try:
    made = reports.run("school-places", out="school-places", progress=False, formats=("csv", "parquet"){more})
    said = [str(made.folder), made.sentence]
except LondataError as error:
    made, said = None, [type(error).__name__, str(error)]
print(json.dumps(said))
"""
#: Looks into every file of the report, also those that are packed, for the number of any pupil that ada may read.
SEARCH = """
import pandas as pd
ids = set(catalog.school_rolls_by_pupil.read(columns=["pupil_id"]).pupil_id)
looked, found = [], []
for path in sorted(each for each in made.folder.rglob("*") if each.is_file()):
    text = path.read_bytes().decode("utf-8", errors="replace")
    if path.suffix == ".parquet":
        text += pd.read_parquet(path).to_csv()
    looked.append(path.suffix)
    found += [path.name for each in ids if each in text]
print(json.dumps([len(ids), sorted(set(looked)), found]))
"""


def last(said):
    return json.loads(said.splitlines()[-1])


@pytest.fixture(scope="module")
def ada(hub):
    lab = hub.lab("ada")
    kernel = Lab(hub, "ada", lab.token)
    kernel.made = last(kernel.run(RUN.format(more=""), seconds=240))
    return kernel


@pytest.fixture(scope="module")
def bola(hub):
    return Lab(hub, "bola", hub.lab("bola").token)


def test_it_runs_in_the_lab_for_the_project_of_the_kernel(ada):
    folder, sentence = ada.made
    assert "school-places-camden-2025-26" in folder
    assert sentence.startswith("ada ran the report template school-places for borough Camden")
    assert "read under the agreement ISA-021 for the project school-places" in sentence


def test_the_receipt_has_agreement_decision_and_grant(ada):
    reads = last(ada.run("print(json.dumps(made.reads()))"))
    (reading,) = [each for each in reads if each["entry"] == "school-rolls-by-pupil"]
    assert (reading["agreement"], reading["project"]) == ("ISA-021", "school-places")
    assert reading["grant"].startswith("DEMO-1")  # on a hub that is shared, another test may have given it anew
    assert reading["outputs"] == "aggregate-only"
    assert reading["decision"] > 0
    assert "pupil_id" not in reading["columns"]


def test_nothing_of_a_pupil_is_in_any_file_of_it(ada):
    count, looked, found = last(ada.run(SEARCH, seconds=120))
    assert count > 5_000
    assert {".html", ".ipynb", ".csv", ".parquet", ".json"} <= set(looked)
    assert found == []


def test_its_receipt_can_be_verified_in_the_lab(ada):
    said = ada.run("from londata.reports import receipts; print(receipts.verify(made.folder))", seconds=120)
    assert "changed" not in said.lower().replace("unchanged", "").replace("nothing has changed", ""), said


def test_somebody_without_a_grant_reads_which_condition_failed_and_gets_no_report(bola):
    kind, said = last(bola.run(RUN.format(more=""), seconds=240))
    assert kind == "ReportError"
    assert "but not read it: you have no grant for it in the project school-places" in said
    assert "Traceback" not in said


def test_a_rehearsal_needs_no_grant(bola):
    folder, sentence = last(bola.run(RUN.format(more=", rehearsal=True"), seconds=240))
    assert "school-places-camden" in folder
    assert "School rolls by pupil" not in sentence
