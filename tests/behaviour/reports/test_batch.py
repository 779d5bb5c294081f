"""A batch of real reports: what it leaves, what it says of each, and that one that fails stops no other."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from londata import reports
from londata.errors import BatchError, MissingExtraError, ParameterError, ReceiptError, ReportError, UsageError
from londata.reports import job as jobs
from londata.reports import receipts
from small_catalog import write_small_catalog
from trial_templates import write_template

LONDATA = Path(sys.executable).with_name("londata")
HOSTILE = "Broken <script>alert('1')</script>"
READS = """
import sys
from londata import catalog
table = catalog["borough-profile"].read()
print("a forked kernel" if "londata.reports.child" in sys.modules else "a plain kernel")
"""
FAILS = f"""
if place == {HOSTILE!r}:
    raise ValueError("no such <b>place</b>")
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A catalogue of its own, as the setting ``CATALOGS`` names it."""
    folder = tmp_path_factory.mktemp("batch")
    catalogs = write_small_catalog(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LONDATA_CATALOGS", str(catalogs))
        yield folder


@pytest.fixture(scope="module")
def template(world):
    places = ("Camden", HOSTILE, "Hackney")
    return write_template(
        world / "trial", "# One", READS, FAILS, "print(place)", places=places, datasets="[borough-profile]"
    )


@pytest.fixture(scope="module")
def first(world, template):
    """A batch of three, of which one fails."""
    return reports.run_each(template, each="place", out=world / "out", workers=2, progress=False)


def printed(report):
    cells = json.loads(report.notebook.read_text(encoding="utf-8"))["cells"]
    return "".join(line for cell in cells for output in cell.get("outputs", ()) for line in output["text"])


def lines_of(batch):
    return {line["value"]: line for line in json.loads(batch.json.read_text(encoding="utf-8"))["reports"]}


def test_each_report_is_a_folder_of_its_own_and_one_that_fails_stops_no_other(first, world):
    assert list(first.reports) == ["Camden", "Hackney"]
    for report in first.reports.values():
        assert {jobs.PAGE, jobs.NOTEBOOK, jobs.RECEIPT} <= {path.name for path in report.folder.iterdir()}
        assert "a forked kernel" in printed(report)
    assert first.failed == {HOSTILE: "In cell [4] (“One”): ValueError: no such <b>place</b>."}
    assert first.missing == ()
    assert str(first).splitlines()[0] == "3 reports, one for each place: 2 made, 1 failed."
    assert not list((world / "out").glob("*.running-*"))
    with pytest.raises(BatchError, match="1 of 3 reports failed: Broken") as failed:
        first.require()
    assert "batch.html" in failed.value.hint
    assert failed.value.exit_code == 9


def test_the_summary_says_of_each_what_became_of_it(first):
    lines = lines_of(first)
    assert {value: line["status"] for value, line in lines.items()} == {
        "Camden": "completed",
        HOSTILE: "failed",
        "Hackney": "completed",
    }
    assert all(line["seconds"] > 0 for line in lines.values())
    for line in lines.values():
        assert (first.folder / line["link"]).resolve().is_file() or "%" in line["link"]
    said = json.loads(first.json.read_text(encoding="utf-8"))
    assert (said["state"], said["counts"]) == ("complete", {"completed": 2, "failed": 1})
    pin = said["versions"]["borough-profile"]["csv"]
    assert {read["sha256"] for report in first.reports.values() for read in report.reads()} == {pin}


def test_each_report_says_of_which_batch_it_is_and_its_events_say_it_too(first, world):
    batch = json.loads(first.json.read_text(encoding="utf-8"))["id"]
    (failed,) = (world / "out").glob("*.failed")
    for folder in (failed, *(report.folder for report in first.reports.values())):
        receipt = receipts.load(folder)
        assert receipt.batch == (batch, "trial for each place")
        document = json.loads((folder / jobs.RECEIPT).read_text(encoding="utf-8"))
        assert {"batch", "batch_name"} <= document["@context"][1].keys()
        for line in receipts.lineage_lines(receipt):
            parent = json.loads(line)["run"]["facets"]["parent"]
            assert parent["run"]["runId"] == batch.removeprefix("urn:uuid:")
            assert (parent["job"]["namespace"], parent["job"]["name"]) == ("londata", "trial for each place")
    with pytest.raises(ReceiptError, match="cannot be told as events"):
        receipts.lineage(replace(receipt, batch=("no id", "trial")))


def test_the_page_of_the_summary_can_run_nothing_and_be_read_without_seeing_it(first):
    text = first.summary.read_text(encoding="utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert page.html["lang"] == "en-GB"
    assert not page.find_all(["script", "b", "iframe"])
    assert HOSTILE in page.table.get_text()
    assert "no such <b>place</b>" in page.dl.get_text()
    assert "default-src 'none'" in page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert [tag.name for tag in page.find_all(["h1", "h2", "h3"])] == ["h1", "h2", "h2", "h2"]
    for table in page.find_all("table"):
        assert table.caption.get_text(strip=True)
        assert all(row.th["scope"] == "row" for row in table.tbody.find_all("tr"))
        assert table.parent["tabindex"] == "0"
    links = [tag["href"] for tag in page.find_all("a", href=True)]
    assert links
    assert not [link for link in links if link.startswith(("/", "http", "file:"))]


def test_the_batch_shows_itself_with_everything_escaped(first):
    shown = first._repr_html_()
    assert "<script>" not in shown
    assert "batch.html" in shown


def test_the_same_again_uses_what_is_there_and_tries_what_failed(first, world, template, monkeypatch):
    before = {report.receipt: report.receipt.read_bytes() for report in first.reports.values()}
    monkeypatch.chdir(world)
    ended = subprocess.run(
        [LONDATA, "report", "run", template, "--each", "place", "--out", "out"], capture_output=True, text=True
    )
    assert ended.returncode == BatchError.exit_code
    said = ended.stdout.splitlines()
    assert said[0] == "3 reports, one for each place: 2 used again, 1 failed."
    assert said[1].startswith(f"Failed    {HOSTILE}: In cell [4]")
    assert "Traceback" not in ended.stderr
    assert ended.stderr.startswith("londata: 1 of 3 reports failed: Broken")
    assert {path: path.read_bytes() for path in before} == before
    page = BeautifulSoup((world / said[2].split()[-1]).read_text(encoding="utf-8"), "html.parser")
    assert "Nothing changed since it was made on" in page.main.get_text()


def test_only_some_are_made_and_made_anew_with_force_and_the_page_says_what_changed(first, world, template):
    whole, old = lines_of(first), first.reports["Camden"].receipt.read_bytes()
    again = reports.run_each(
        template, each="place", choices=["camden"], out=world / "out", force=True, progress=False, formats=["csv"]
    )
    assert list(again.reports) == ["Camden"]
    assert "a plain kernel" in printed(again.reports["Camden"]), "one alone does not wait for a warm process"
    assert again.reports["Camden"].receipt.read_bytes() != old
    (line,) = lines_of(again).values()
    assert line["changes"]["data"] == []
    assert line["changes"]["since"] == first.reports["Camden"].folder.name
    assert "No figure has numbers to compare." in again.summary.read_text(encoding="utf-8")
    assert again.folder.name == f"{first.folder.name}-2"  # the summary of all three is still there
    assert lines_of(first).keys() == whole.keys()


REFUSED = [
    ({"each": "plaec"}, ParameterError, "has no parameter 'plaec'"),
    ({"each": "note"}, ParameterError, "note is no choice but text"),
    ({"each": "place", "place": "Camden"}, ParameterError, "place is given as 'Camden', and a report for each"),
    ({"each": "place", "choices": ["Camdn"]}, ParameterError, "did you mean Camden"),
    ({"each": "place", "choices": []}, ParameterError, "There is nothing to make a report for: none was given"),
    ({"each": "place", "nothing": 1}, ParameterError, "no parameter 'nothing'"),
    ({"each": "place", "workers": 0}, UsageError, "With 0 workers nothing would run"),
    ({"each": "place", "formats": ["word"]}, UsageError, "cannot be had as 'word'"),
    ({"each": "place", "formats": "pdf"}, UsageError, "formats takes a list"),
    ({"each": "place", "formats": 7}, UsageError, "formats cannot be 7"),
    ({"each": "place", "choices": "Camden"}, UsageError, "choices takes a list of names"),
    ({"each": "place", "workers": "x"}, UsageError, "workers cannot be 'x'"),
    ({"each": "place", "workers": 1.5}, UsageError, r"workers cannot be 1\.5"),
    ({"each": "place", "workers": True}, UsageError, "workers cannot be True"),
    ({"each": "place", "parameters": [1]}, UsageError, r"parameters cannot be \[1\]"),
    ({"each": ["place"]}, ParameterError, "has no parameter \\['place'\\]"),
    ({"each": "place", "executor": 9}, UsageError, "executor cannot be 9"),
    ({"each": "place", "executor": "spark://there:1"}, UsageError, "There is no executor 'spark://there:1'"),
    ({"each": "place", "executor": "dask://there"}, UsageError, "There is no executor"),
]


@pytest.mark.parametrize(("asked", "error", "said"), REFUSED, ids=[said for _, _, said in REFUSED])
def test_what_cannot_be_is_named_before_anything_is_made(tmp_path, asked, error, said):
    note = "  note: {type: text, label: Note, default: x}\n"
    template = write_template(tmp_path / "trial", "1", more=note)
    notebook = template / "template.ipynb"
    notebook.write_text(notebook.read_text().replace("place = 'Camden'", "place = 'Camden'\\nnote = 'x'"))
    with pytest.raises(error, match=said) as refused:
        reports.run_each(template, out=tmp_path / "out", progress=False, **asked)
    assert refused.value.hint
    assert not (tmp_path / "out").exists()


def test_an_unknown_template_and_a_folder_that_cannot_be_written_are_named(tmp_path, template):
    with pytest.raises(UsageError, match="did you mean borough-profile"):
        reports.run_each("borough-profil", each="borough", out=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="there is a file of that name"):
        reports.run_each(template, each="place", out=tmp_path / "file", progress=False)


def test_what_is_no_path_is_named_before_anything_is_made():
    for call in (
        lambda: reports.run(7),
        lambda: reports.run("borough-profile", out=7),
        lambda: reports.run_each("borough-profile", each="borough", out=7),
        lambda: reports.receipts.verify(7),
    ):
        with pytest.raises(UsageError, match="cannot be 7") as refused:
            call()
        assert refused.value.hint


def test_without_dask_a_cluster_is_refused_with_the_line_that_installs_it(tmp_path, template, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError) as refused:
        reports.run_each(template, each="place", out=tmp_path / "out", executor="dask://127.0.0.1:1")
    assert "londata[dask]" in refused.value.hint


WAITS = """
import pathlib, time
from londata import catalog
table = catalog["borough-profile"].read()
while place == "Hackney" and not pathlib.Path(GO).exists():
    time.sleep(0.05)
"""


def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(tmp_path, world):
    go, out = tmp_path / "go", tmp_path / "out"
    places = ("Camden", "Hackney", "Barnet")
    template = write_template(tmp_path / "trial", WAITS.replace("GO", repr(str(go))), places=places)
    command = [LONDATA, "report", "run", template, "--each", "place", "--out", out, "--workers", "1"]
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not list(out.glob("trial-hackney-*.running-*/report/*.ipynb")):
        assert started.poll() is None, started.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=120)
    assert started.returncode == 130
    assert "The batch was stopped: 1 of 3 reports are there. The same command goes on with the others." in said
    assert "Traceback" not in said
    (data,) = out.glob("*.batch/batch.json")
    summed = json.loads(data.read_text(encoding="utf-8"))
    assert summed["state"] == "stopped"
    assert {line["value"]: line["status"] for line in summed["reports"]} == {
        "Camden": "completed",
        "Hackney": "stopped",
        "Barnet": "missing",
    }
    assert "goes on with what is missing: Barnet" in data.with_name("batch.html").read_text(encoding="utf-8")
    (finished,) = (path for path in out.glob("trial-camden-*") if not path.suffix)
    kept = (finished / jobs.RECEIPT).read_bytes()
    go.write_text("")
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("3 reports, one for each place: 2 made, 1 used again.")
    assert (finished / jobs.RECEIPT).read_bytes() == kept
