"""A batch on a Dask cluster that is there already: a real scheduler and two workers, each a process of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from londata import reports
from londata.errors import BatchError, ReportError, SettingsError
from londata.reports import cluster, receipts
from small_catalog import write_small_catalog
from trial_reports import wait_until
from trial_templates import write_template

DASK = Path(sys.executable).with_name("dask")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
READS = """
import pathlib, time
from londata import catalog
table = catalog["borough-profile"].read()
if place == "Nowhere":
    raise ValueError("no such place")
while place == "Waits" and not pathlib.Path(GO).exists():
    time.sleep(0.05)
"""


class Cluster:
    """A scheduler and its workers; each may be killed."""

    def __init__(self, folder):
        self.folder, self.file, self.workers = folder, folder / "scheduler.json", []
        self.without_workers = None
        self.scheduler = self.start("scheduler", "--port", "0", "--no-dashboard")
        wait_until(lambda: self.file.exists() and self.file.read_text().rstrip().endswith("}"), "no scheduler")
        self.address = json.loads(self.file.read_text())["address"].removeprefix("tcp://")

    def start(self, *arguments):
        number = len(self.workers)
        with (self.folder / f"{arguments[0]}-{number}.log").open("wb") as log:
            return subprocess.Popen(
                [DASK, *arguments, "--scheduler-file", self.file],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=os.environ | {"DASK_TEMPORARY_DIRECTORY": str(self.folder / "scratch")},
            )

    def add_worker(self):
        words = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--name", str(len(self.workers)))
        self.workers.append(self.start("worker", *words))

    def keep_one_worker(self):
        """Kill the others, and wait until the scheduler knows."""
        there = [each for each in self.workers if each.poll() is None]
        for each in there[1:]:
            each.kill()
            each.wait()
        with cluster.connected(self.address) as client:
            wait_until(lambda: len(client.scheduler_info()["workers"]) == 1, "another worker is there")

    def stop(self):
        for process in (*self.workers, self.scheduler):
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dask")
    catalogs = write_small_catalog(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LONDATA_CATALOGS", str(catalogs))
        yield folder


@pytest.fixture(scope="module")
def clusters(world):
    """The clusters of this file: one, which takes seconds to begin, and another only after the test that ends it."""
    begun = []
    yield begun
    for each in begun:
        each.stop()


@pytest.fixture
def dask(clusters, world):
    """A scheduler and two workers, or one if a test has killed the other."""
    if not clusters or clusters[-1].scheduler.poll() is not None:
        begun = Cluster(Path(tempfile.mkdtemp(dir=world)))
        clusters.append(begun)
        begun.without_workers = asked_without_workers(begun)
        begun.add_worker()
        begun.add_worker()
        with cluster.connected(begun.address) as client:
            client.wait_for_workers(2, timeout=60)
    return clusters[-1]


def asked_without_workers(there):
    """Ask a cluster that has no workers yet for a report; gives the error."""
    template = template_in(there.folder, "Camden")
    with pytest.raises(ReportError) as refused:
        reports.run_each(
            template, each="place", out=there.folder / "out", executor=f"dask://{there.address}", progress=False
        )
    return refused.value


def template_in(folder, *places):
    code = READS.replace("GO", repr(str(folder / "go")))
    return write_template(folder / "trial", code, places=places, datasets="[borough-profile]")


def test_reports_come_back_from_the_cluster_and_a_failing_one_is_named(tmp_path, dask):
    template = template_in(tmp_path, "Camden", "Nowhere", "Hackney")
    batch = reports.run_each(
        template, each="place", out=tmp_path / "out", executor=f"dask://{dask.address}", progress=False
    )
    assert list(batch.reports) == ["Camden", "Hackney"]
    assert batch.failed == {"Nowhere": "In cell [3]: ValueError: no such place."}
    for report in batch.reports.values():
        receipt = receipts.load(report.folder)
        assert receipt.folder.parent == tmp_path / "out"
        assert receipt.reads[0]["rows"] == 3
    said = json.loads(batch.json.read_text(encoding="utf-8"))
    assert said["where"] == f"the Dask cluster at {dask.address}"
    assert {line["status"] for line in said["reports"]} == {"completed", "failed"}
    assert sorted(path.name.partition(".")[2] for path in (tmp_path / "out").iterdir()) == ["", "", "batch", "failed"]
    again = reports.run_each(template, each="place", choices=["Camden"], out=tmp_path / "out", progress=False)
    assert again.reports["Camden"].reused
    assert not list((dask.folder / "scratch").rglob("londata-report-*"))


def test_a_worker_that_dies_loses_no_report(tmp_path, dask):
    template = template_in(tmp_path, "Waits")
    out = tmp_path / "out"
    command = [Path(sys.executable).with_name("londata"), "report", "run", template, "--each", "place", "--out", out]
    started = subprocess.Popen([*command, "--executor", f"dask://{dask.address}"], stdout=subprocess.PIPE, text=True)
    scratch = dask.folder / "scratch"
    (running,) = wait_until(lambda: list(scratch.rglob("londata-report-*/*/report/report.ipynb")), "nothing ran")
    folders = folders_of_workers(dask)
    (worker,) = (each for each in dask.workers if running.is_relative_to(folders[each.pid]))
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    (tmp_path / "go").write_text("")
    said, _ = started.communicate(timeout=120)
    assert started.returncode == 0
    assert said.startswith("1 report, one for each place: 1 made.")
    (made,) = (path for path in out.iterdir() if not path.suffix)
    assert receipts.load(made).status == "completed"


def folders_of_workers(dask):
    with cluster.connected(dask.address) as client:
        there = client.run(lambda dask_worker: (os.getpid(), dask_worker.local_directory))
    return dict(there.values())


def test_a_scheduler_that_does_not_answer_is_told_in_a_sentence(tmp_path, world, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_S", 1.0)
    template = template_in(tmp_path, "Camden")
    with pytest.raises(SettingsError, match=r"No Dask scheduler answers at 127\.0\.0\.1:1\."):
        reports.run_each(template, each="place", out=tmp_path / "out", executor="dask://127.0.0.1:1", progress=False)
    assert not list((tmp_path / "out").glob("*.running-*"))


def test_workers_that_read_another_register_are_refused_before_anything_runs(tmp_path, dask, monkeypatch):
    template = template_in(tmp_path, "Camden")
    monkeypatch.setenv("LONDATA_CATALOGS", str(write_small_catalog(tmp_path)))
    with pytest.raises(ReportError, match=r"has LONDATA_CATALOGS .*; here it is .*would not be the same"):
        reports.run_each(
            template, each="place", out=tmp_path / "out", executor=f"dask://{dask.address}", progress=False
        )


def test_a_cluster_without_workers_is_told_in_a_sentence(dask):
    assert "has no workers" in str(dask.without_workers)


def begun(template, out, cluster_, **how):
    """Begin a batch in a process of its own."""
    command = [Path(sys.executable).with_name("londata"), "report", "run", template, "--each", "place", "--out", out]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, "--executor", f"dask://{cluster_.address}"], **pipes, **how)


def finished(out):
    """Name the finished reports of a batch, as it goes; half of one has another ending."""
    return {path.name: path for path in out.glob("*") if not path.suffix and (path / "ro-crate-metadata.json").exists()}


def is_at_work(cluster_, out):
    """Tell whether one report is there, and another runs on a worker."""
    running = list((cluster_.folder / "scratch").rglob("londata-report-*/*/report/report.ipynb"))
    texts = [path.read_text() for path in running]
    return finished(out) and any('"Waits"' in text and str(out.parent) in text for text in texts)


def see_that_it_goes_on(template, out, *others):
    """Make others here, too: what was finished is whole, and is taken as it is."""
    (there,) = finished(out).values()
    assert receipts.verify(there).files_fit
    assert not [path for path in out.iterdir() if ".running" in path.name]
    (template.parent / "go").write_text("")
    batch = reports.run_each(template, each="place", choices=["Camden", *others], out=out, progress=False)
    assert {name: report.reused for name, report in batch.reports.items()} == {
        "Camden": True,
        **dict.fromkeys(others, False),
    }


def test_ctrl_c_leaves_what_is_finished_and_the_same_batch_goes_on(tmp_path, dask):
    template, out = template_in(tmp_path, "Camden", "Waits"), tmp_path / "out"
    started = begun(template, out, dask)
    wait_until(lambda: is_at_work(dask, out) or started.poll() is not None, "nothing ran")
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=120)
    assert started.returncode == 130, said
    assert "The batch was stopped: 1 of 2 reports are there. The same command goes on with the others." in said
    assert "Traceback" not in said
    see_that_it_goes_on(template, out)


def test_a_scheduler_that_dies_ends_the_batch_with_a_sentence_and_it_goes_on_elsewhere(tmp_path, dask):
    dask.keep_one_worker()
    template, out = template_in(tmp_path, "Camden", "Waits", "Hackney"), tmp_path / "out"
    try:
        started = begun(template, out, dask)
        wait_until(lambda: is_at_work(dask, out) or started.poll() is not None, "nothing ran")
        dask.scheduler.kill()
        _, said = started.communicate(timeout=120)
    finally:
        dask.stop()
    assert started.returncode == BatchError.exit_code, said
    assert f"The scheduler of the Dask cluster at {dask.address} is gone: 1 of 3 reports are there." in said
    assert "Traceback" not in said
    (account,) = out.glob("*.batch/batch.json")
    assert json.loads(account.read_text())["state"] == "stopped"
    see_that_it_goes_on(template, out, "Waits")
