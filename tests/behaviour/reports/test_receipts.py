"""Receipts of real runs: valid crates, verified to the last byte, and told to other tools."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from openlineage.client import event_v2
from openlineage.client.serde import Serde

from crate_validation import issues, keep_context
from londata import reports
from londata.errors import ReceiptError, ReportError
from londata.reports import receipts
from receipt_world import AROUND, GRID, JOIN, READ, SHARED, report
from trial_templates import write_template

ROOT = Path(__file__).resolve().parents[3]
LONDATA = Path(sys.executable).with_name("londata")
READS = """
import subprocess, londata
import pandas as pd
from londata import catalog
boroughs = catalog.london_authorities.read()
figures = catalog.borough_indicators.read()
joined = londata.merge(boroughs[1:], figures, on="code", name="boroughs to figures")
boroughs.to_csv("mine.csv"); pd.read_csv("mine.csv").shape
"""
AROUND_IT = """
pd.read_csv({side!r}).shape, pd.read_parquet({other!r}).shape, subprocess.run(["true", "--secret"]).returncode
"""
#: What RO-Crate recommends and nobody here can know: addresses of people's employers and of bodies that hold data.
UNKNOWN = {
    "The Application SHOULD have a url",
    "The SoftwareApplication id SHOULD be an absolute URI",
    "The `publisher` property of a `Root Data Entity` SHOULD be an `Organization`",
    "The author SHOULD have a Contextual Entity which specifies the organizational `affiliation`.",
    "The author SHOULD have an organizational affiliation.",
    "The organization SHOULD have a URL.",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One real run that reads, joins, and goes around the register."""
    import pandas as pd

    folder = tmp_path_factory.mktemp("made")
    side, other = folder / "side.csv", folder / "other.parquet"
    side.write_text("a\n1\n")
    pd.DataFrame({"a": [1]}).to_parquet(other)
    template = write_template(folder / "trial", READS, AROUND_IT.format(side=str(side), other=str(other)))
    run = reports.run(template, out=folder / "out", place="Hackney", progress=False)
    return run, receipts.load(run.folder), template


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """A cache of the validator that has the context of RO-Crate."""
    cache = tmp_path_factory.mktemp("contexts") / "cache"
    keep_context(cache)
    return cache


def london(*arguments):
    return subprocess.run([LONDATA, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def test_a_run_says_what_it_read_joined_and_left(made):
    run, receipt, template = made
    assert [(read["entry"], read["rows"]) for read in receipt.reads] == [
        ("london-authorities", 33),
        ("borough-indicators", 442),
    ]
    (join,) = receipt.joins
    assert (join["name"], join["keys"], join["how"]) == ("boroughs to figures", ["code"], "inner")
    assert (join["left_rows"], join["right_rows"], join["matched"], join["unmatched_left"]) == (32, 442, 32, 0)
    assert join["unmatched_right"] > 0
    assert {each["name"] for each in receipt.outputs} >= {"report.html", "report.ipynb"}
    assert receipt.template.sha256 == reports.templates.load(template).sha256()
    assert receipt.parameters == {"place": "Hackney"}
    assert receipt.series == "trial?place=Hackney"
    assert receipt.sentence == run.sentence


def test_what_went_around_the_register_is_named_and_nothing_else(made):
    _, receipt, template = made
    folder = template.parent
    assert [(each["what"], each["how"]) for each in receipt.around] == [
        (str(folder / "side.csv"), "a file was opened"),
        (str(folder / "other.parquet"), "a file was opened"),
        ("true", "a program was started"),
    ]
    assert "3 steps went around the register" in receipt.sentence
    assert "--secret" not in receipt.path.read_text(encoding="utf-8")


def test_the_receipt_of_a_run_is_a_process_run_crate(made, context):
    assert issues(made[0].folder, context) == {"REQUIRED": set(), "RECOMMENDED": UNKNOWN}


def test_a_run_that_fails_and_one_on_shared_data_leave_crates_too(tmp_path, context):
    failed = report(tmp_path, READ, status="failed", problem="ValueError: no")
    assert issues(failed, context) == {"REQUIRED": set(), "RECOMMENDED": UNKNOWN}
    shared = report(tmp_path, READ, SHARED, GRID, JOIN, AROUND, files=("data/a b#1.csv",))
    assert issues(shared, context) == {"REQUIRED": set(), "RECOMMENDED": UNKNOWN}


def test_every_word_of_a_receipt_is_a_term(tmp_path):
    """What is not in a context is dropped by whoever reads JSON-LD."""
    from crate_validation import TABLE

    document = json.loads((report(tmp_path, SHARED, GRID, JOIN, AROUND) / "ro-crate-metadata.json").read_text())
    known = TABLE.keys() | document["@context"][1].keys() | {"@id", "@type"}
    used = {word for entity in document["@graph"] for word in entity}
    used |= {entity["@type"] for entity in document["@graph"]}
    assert used <= known
    ids = [entity["@id"] for entity in document["@graph"]]
    assert len(ids) == len(set(ids))


def test_a_failed_cell_leaves_a_receipt_that_says_so(tmp_path):
    template = write_template(tmp_path / "bad", "from londata import catalog; catalog.london_authorities.read(); 1 / 0")
    with pytest.raises(ReportError):
        reports.run(template, out=tmp_path / "out", progress=False)
    (folder,) = (tmp_path / "out").glob("*.failed")
    receipt = receipts.load(folder)
    assert receipt.status == "failed"
    assert "ZeroDivisionError" in receipt.problem
    assert [read["entry"] for read in receipt.reads] == ["london-authorities"]
    assert receipts.verify(folder).ok


def test_verify_makes_every_hash_again(made):
    run, _, template = made
    found = receipts.verify(run.folder, data=True, template=template).require()
    assert (found.ok, found.template_is_same) == (True, True)
    assert [source.same for source in found.data] == [True, True]
    done = london("receipt", "verify", run.folder, "--data", "--template", template)
    assert done.returncode == 0, done.stderr
    assert "files are as they were written." in done.stdout
    assert "London's 33 local authorities (london-authorities) is the same." in done.stdout


def test_verify_names_what_was_changed_removed_and_added(made, tmp_path):
    run, _, _template = made
    folder = shutil.copytree(run.folder, tmp_path / "report")
    (folder / "report.html").write_text("another page")
    (folder / "report.ipynb").unlink()
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "more.csv").write_text("a")
    found = receipts.verify(folder)
    assert (found.changed, found.missing, found.added) == (("report.html",), ("report.ipynb",), ("data/more.csv",))
    with pytest.raises(ReceiptError, match=r"changed: report\.html; missing: report\.ipynb; added: data/more\.csv"):
        found.require()
    done = london("receipt", "verify", folder)
    assert done.returncode == ReceiptError.exit_code
    assert "changed: report.html; missing: report.ipynb; added: data/more.csv" in done.stdout
    assert "The template trial is not at hand" in done.stdout


def test_verify_says_that_a_template_has_changed_since(made, tmp_path):
    run, _, template = made
    changed = shutil.copytree(template, tmp_path / "trial")
    with (changed / "template.yaml").open("a") as definition:
        definition.write("audience: Others\n")
    found = receipts.verify(run.folder, template=changed)
    assert (found.ok, found.template_is_same, found.template_changes) == (True, False, ("template.yaml",))
    assert "has changed since: template.yaml" in str(found)


def test_verify_says_which_data_have_changed_and_which_cannot_be_compared(tmp_path):
    known = READ | {"entry": "london-authorities", "distribution": "csv", "title": "Authorities"}
    found = receipts.verify(report(tmp_path, known, SHARED, READ | {"entry": "gone"}), data=True)
    assert [source.same for source in found.data] == [False, None, None]
    assert found.files_fit
    with pytest.raises(ReceiptError, match="Authorities"):
        found.require()
    assert "it is not open" in found.data[1].why
    assert "the register has it no more" in found.data[2].why


def test_show_prints_the_receipt_in_words(made):
    done = london("receipt", "show", made[0].folder)
    assert done.returncode == 0, done.stderr
    for said in ("boroughs to figures", "london-authorities/csv", "Mind: this went around", made[1].sentence):
        assert said in done.stdout
    nothing = london("receipt", "show", "nowhere")
    assert (nothing.returncode, "Traceback" in nothing.stderr) == (ReceiptError.exit_code, False)


def test_a_receipt_is_told_as_openlineage_events(made, tmp_path):
    run, receipt, _ = made
    start, end = receipts.lineage(receipt)
    assert (start.eventType.value, end.eventType.value) == ("START", "COMPLETE")
    assert (start.eventTime, end.eventTime) == (receipt.started, receipt.ended)
    done = london("receipt", "lineage", run.folder, "--to", tmp_path / "events.jsonl")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert events == [json.loads(Serde.to_json(each)) for each in (start, end)]
    facets = events[1]["inputs"][0]["facets"]
    assert facets["version"]["datasetVersion"] == f"sha256:{receipt.reads[0]['sha256']}"
    assert [field["name"] for field in facets["schema"]["fields"]] == receipt.reads[0]["columns"]
    outputs = {each["name"]: each["facets"]["version"]["datasetVersion"] for each in events[1]["outputs"]}
    assert outputs == {f"{run.folder.name}/{each['name']}": f"sha256:{each['sha256']}" for each in receipt.outputs}
    assert events[0]["outputs"] == []


@pytest.mark.parametrize(("status", "state"), [("failed", "FAIL"), ("stopped", "ABORT")])
def test_events_tell_a_bad_end_its_parent_and_the_terms(tmp_path, status, state):
    batch = "0f8fad5b-d9cb-469f-a165-70867728950e"
    receipt = receipts.load(report(tmp_path, SHARED, status=status, problem="it was so"))
    _, end = receipts.lineage(receipt, parent=(batch, "borough-profile for each borough"))
    assert end.eventType is event_v2.RunState(state)
    event = Serde.to_dict(end)
    assert event["run"]["facets"]["errorMessage"]["message"] == "it was so"
    assert event["run"]["facets"]["parent"]["run"]["runId"] == batch
    terms = event["inputs"][0]["facets"]["londata_reading"]
    assert (terms["agreement"], terms["decision"], terms["purpose"]) == ("ISA-021", 417, "homelessness-prevention")
    for facet in _facets(event):
        assert facet["_producer"].startswith("urn:londata:")
        assert facet["_schemaURL"].startswith("https://openlineage.io/spec/")


def _facets(event):
    holders = [event["run"], event["job"], *event["inputs"], *event["outputs"]]
    for holder in holders:
        for kind in ("facets", "inputFacets", "outputFacets"):
            yield from holder.get(kind, {}).values()
