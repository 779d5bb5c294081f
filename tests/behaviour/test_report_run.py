"""Running a report for real: papermill, a kernel, a page and a receipt; and the ways in which it may not end well."""

import itertools
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from londata import reports
from londata.errors import ParameterError, ReportError
from londata.reports import receipts
from trial_reports import LONDATA, london, make_template, sha256

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "\"; open('stolen', 'w'); '{x}' <script>alert(1)</script> £ 💷 \\"
READS = """
from londata import catalog
table = catalog.london_authorities.read()
print(len(table), "rows")
"""
AWAY = """
from IPython.display import HTML
HTML("<script>alert(1)</script><meta http-equiv='refresh' content='0;url=https://example.org'><iframe></iframe>here")
"""
PICTURE = """
import matplotlib.pyplot as plt
plt.plot([1, 2]);
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One good run, which many tests look at: hostile text, a dataset, a picture, an awkward folder name."""
    folder = tmp_path_factory.mktemp("good")
    template = make_template(
        folder / "trial",
        "# A first heading",
        READS,
        PICTURE,
        AWAY,
        "print(word); 6 * 7",
        parameters="{word: {type: text, label: Word, default: hello}}",
        values='word = "hello"',
        heading="'About {word}'",
    )
    return reports.run(template, out=folder / "out {x} é", word=HOSTILE, progress=False)


def test_a_run_leaves_a_notebook_a_page_and_a_receipt_and_nothing_else(made):
    assert made.folder.name.startswith("trial-")
    assert list(made.folder.parent.iterdir()) == [made.folder]
    names = {path.name for path in made.folder.iterdir()}
    assert names == {"report.html", "report.ipynb", "ro-crate-metadata.json"}
    assert {made.html.name, made.notebook.name, made.receipt.name} == names


def test_a_hostile_parameter_stays_text_in_the_notebook_and_on_the_page(made):
    notebook = json.loads(made.notebook.read_text(encoding="utf-8"))
    printed = notebook["cells"][-1]["outputs"][0]
    assert "".join(printed["text"]) == HOSTILE + "\n"
    page = BeautifulSoup(made.html.read_text(encoding="utf-8"), "html.parser")
    assert page.h1.string == f"About {HOSTILE}"
    assert not page.find_all("script")
    assert not list(made.folder.parent.parent.rglob("stolen"))


def test_the_page_shows_outputs_without_code_and_can_fetch_or_run_nothing(made):
    text = made.html.read_text(encoding="utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert "33 rows" in page.main.get_text()
    assert "42" in page.main.get_text()
    assert "import" not in page.main.get_text()
    assert "here" in page.main.get_text()
    assert not page.main.find_all(["meta", "form", "base"])
    assert "default-src 'none'" in page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    outside = list(page.find_all(["script", "link", "iframe", "object"]))
    outside += [tag for tag in page.find_all(src=True) if not tag["src"].startswith("data:")]
    assert outside == []


def test_the_page_can_be_read_without_seeing_it(made):
    page = BeautifulSoup(made.html.read_text(encoding="utf-8"), "html.parser")
    assert page.html["lang"] == "en-GB"
    assert page.title.string.strip()
    assert page.find("a", class_="skip")["href"] == f"#{page.main['id']}"
    assert [tag.name for tag in page.find_all(["h1", "h2", "h3"])] == ["h1", "h2", "h2"]
    assert page.img["alt"] == "Figure; its author gave no description"
    assert page.footer.table.caption.get_text(strip=True)


def test_a_picture_comes_from_a_forked_kernel_as_from_a_plain_one(tmp_path):
    how = "import sys\nprint('forked' if 'londata.reports.child' in sys.modules else 'plain')"
    template = make_template(tmp_path / "trial", "# A", how, PICTURE, "%matplotlib inline\n" + PICTURE)
    kernels = []
    for number in range(2):
        report = reports.run(template, out=tmp_path / str(number), progress=False, force=True)
        outputs = [
            each["outputs"] for each in json.loads(report.notebook.read_text("utf-8"))["cells"] if "outputs" in each
        ]
        kernels.append("".join(outputs[0][0]["text"]).strip())
        assert [sorted(shown["data"]) for cell in outputs[1:] for shown in cell] == [["image/png", "text/plain"]] * 2
    assert kernels[-1] == "forked"


def test_the_receipt_names_what_was_read_and_what_came_out_with_true_hashes(made):
    receipt = receipts.load(made.folder)
    (read,) = receipt.reads
    assert (read["entry"], read["rows"], read["access"]) == ("london-authorities", 33, "open")
    assert read["sha256"] == sha256(ROOT / "catalogs" / "data" / "london-authorities.csv")
    assert {each["name"]: each["sha256"] for each in receipt.outputs} == {
        path.name: sha256(path) for path in (made.notebook, made.html)
    }
    assert receipt.parameters == {"word": HOSTILE}
    assert receipt.status == "completed"
    assert receipt.started < read["read_at"] < receipt.ended
    assert receipt.sentence == made.sentence
    assert read["title"] in made.sentence
    assert read["sha256"][:12] in made.html.read_text(encoding="utf-8")


def test_the_report_shows_itself_in_a_notebook_with_everything_escaped(made):
    shown = made._repr_html_()
    assert made.html.name in shown
    assert "<script>" not in shown


def test_a_bad_parameter_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(ParameterError, match=r"borough cannot be 'Camdn'; did you mean Camden\?") as refused:
        reports.run("borough-profile", borough="Camdn", out=tmp_path / "out")
    assert "Barking and Dagenham" in refused.value.hint
    assert not (tmp_path / "out").exists()


def test_a_failing_cell_is_told_in_a_sentence_and_the_notebook_is_kept(tmp_path):
    template = make_template(tmp_path / "trial", "## Counting\n\nText.", "1 + 1", "{}['camden']", "print('never')")
    out = tmp_path / "out"
    ended = london("report", "run", template, "--out", out)
    assert ended.returncode == 9
    said, hint = ended.stderr.splitlines()
    assert said == "londata: The report trial failed in cell [2] (“Counting”): KeyError: 'camden'."
    assert "Traceback" not in ended.stderr
    (kept,) = out.iterdir()
    assert kept.name.endswith(".failed")
    assert str(kept / "report.ipynb") in hint
    assert "KeyError" in (kept / "report.ipynb").read_text(encoding="utf-8")
    assert receipts.load(kept).status == "failed"
    assert len(list(kept.iterdir())) == 2


@pytest.mark.parametrize("notebook", [True, False])
def test_progress_leaves_no_red_box_in_a_notebook(tmp_path, monkeypatch, capsys, notebook):
    monkeypatch.setattr("londata.reports.progress.in_notebook", lambda: notebook)
    reports.run(make_template(tmp_path / "trial", "print('good')"), out=tmp_path / "out")
    said = capsys.readouterr()
    shown, empty = (said.out, said.err) if notebook else (said.err, said.out)
    assert "cell" in shown
    assert empty == ""


def test_a_run_that_fails_leaves_the_last_good_report_as_it_was(tmp_path):
    template = make_template(tmp_path / "trial", "print('good')")
    good = reports.run(template, out=tmp_path / "out", progress=False)
    before = {path: sha256(path) for path in (good.html, good.notebook, good.receipt)}
    shutil.rmtree(template)
    make_template(template, "raise ValueError('bad')")
    with pytest.raises(ReportError, match="ValueError: bad"):
        reports.run(template, out=tmp_path / "out", progress=False)
    assert {path: sha256(path) for path in before} == before


def test_two_runs_of_one_report_at_once_leave_one_whole_report(tmp_path):
    template = make_template(tmp_path / "trial", "import time; print(time.time_ns())")
    runs = [
        threading.Thread(target=reports.run, args=[template], kwargs={"out": tmp_path / "out", "progress": False})
        for _ in range(2)
    ]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    (report,) = (tmp_path / "out").iterdir()
    assert receipts.load(report).status == "completed"
    written = {each["name"]: each["sha256"] for each in receipts.load(report).outputs}
    assert written == {name: sha256(report / name) for name in ("report.html", "report.ipynb")}


def sandbox(*more):
    """Run in a sandbox that sees everything read-only, and has a small disk, no network and an empty home."""
    bwrap = shutil.which("bwrap")
    assert bwrap, "apt-get install bubblewrap"
    kernels = Path(sys.prefix) / "share" / "jupyter" / "kernels"
    base = [bwrap, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-net", "--unshare-pid"]
    return [*base, "--die-with-parent", "--tmpfs", kernels, *more]


def test_a_report_needs_no_network_and_no_installed_kernel(tmp_path):
    template = make_template(tmp_path / "trial", READS)
    (tmp_path / "home").mkdir()
    inside = sandbox(
        "--bind", tmp_path, tmp_path, "--setenv", "HOME", tmp_path / "home", "--setenv", "TMPDIR", tmp_path
    )
    command = [*inside, LONDATA, "report", "run", template, "--out", tmp_path / "out"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    (page,) = (tmp_path / "out").glob("*/report.html")
    assert "33 rows" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("mount", "reason"),
    [(["--size", "65536", "--tmpfs"], "the disk is full"), (["--ro-bind", "/var/empty"], "the folder is read-only")],
    ids=["full", "read-only"],
)
def test_a_disk_that_takes_nothing_is_told_in_a_sentence(tmp_path, mount, reason):
    template = make_template(tmp_path / "trial", "print('x' * 100_000)")
    out = tmp_path / "out"
    out.mkdir()
    mount = [tmp_path / "trial" if each == "/var/empty" else each for each in mount]
    command = [*sandbox("--tmpfs", "/dev/shm", *mount, out), "--setenv", "TMPDIR", "/dev/shm"]
    ended = subprocess.run(
        [*command, LONDATA, "report", "run", template, "--out", out], capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 9
    assert f"The report cannot be written to {out}: {reason}." in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_borough_profile_of_the_city_of_london_says_what_is_not_published(tmp_path):
    made = reports.run("borough-profile", borough="City of London", out=tmp_path, progress=False)
    assert made.folder.name.startswith("borough-profile-city-of-london-")
    page = BeautifulSoup(made.html.read_text(encoding="utf-8"), "html.parser")
    assert page.h1.string == "City of London"
    assert "8,584" in page.find("dl", class_="facts").get_text()
    assert "Life expectancy at birth, female: not published for the City of London" in page.main.get_text()
    assert {read["entry"] for read in made.reads()} == {
        "london-authorities",
        "borough-boundaries",
        "borough-indicators",
    }
    images, tables = page.find_all("img"), page.find_all("table")
    assert (len(images), len(tables)) == (2, 3)
    assert all(len(image["alt"]) > 60 for image in images)
    assert all(table.caption.get_text(strip=True) for table in tables)
    assert all(figure.find(class_="source").get_text().startswith("Source: ") for figure in page.find_all("figure"))
    levels = [int(tag.name[1]) for tag in page.find_all(["h1", "h2", "h3", "h4"])]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_borough_profile_is_an_insight_in_the_register():
    from londata import catalog

    insight = catalog.borough_profile.record
    assert (insight.kind, insight.form) == ("insight", "report")
    assert set(insight.uses) == set(reports.templates.load("borough-profile").datasets)
