"""What a scheduled run, or somebody who writes its template, might try on the worker and on others."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from londata_hub import sandbox
from londata_hub.jobs import outcome, sandboxed
from londata_hub.jobs.sandboxed import Left, Limits, Place
from londata_hub.services.jobs import _alone
from londata_hub.settings import load
from londata_hub.store import RunStore
from scheduled import a_schedule, in_half_a_year

isolated = pytest.mark.skipif(bool(sandbox.why_not()), reason="this machine cannot make sandboxes")
QUEUE_SCRIPT = Path(__file__).parents[1] / "behaviour" / "schedules" / "worker_process.py"


@pytest.fixture
def place(tmp_path):
    doors = tmp_path / "doors"
    doors.mkdir()
    made = Place(tmp_path / "reports" / "mine" / "run-1", "ada", doors, isolated=True)
    made.make()
    return made


def run(place, code, *, limits=None, unwanted=lambda: ""):
    environment = place.environment("ada", "the-token", "places")
    words = [sys.executable, "-P", "-c", code]
    return sandboxed.perform(place, words, environment, limits or Limits(seconds=60), unwanted)


@isolated
def test_a_run_sees_nothing_of_other_runs_the_hub_or_the_network(place, tmp_path):
    other = tmp_path / "reports" / "others" / "run-1" / "reports"
    other.mkdir(parents=True)
    (other / "secret.txt").write_text("closed")
    code = f"""
import os, pathlib, socket
print(pathlib.Path({str(other)!r}).exists(), pathlib.Path({str(place.log)!r}).exists())
print(sorted(name for name in os.environ if "HUB" in name))
print(len([each for each in pathlib.Path("/proc").iterdir() if each.name.isdigit()]) < 6)
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
except OSError as error:
    print(type(error).__name__)
try:
    import londata_hub
except ImportError:
    print("no hub")
"""
    assert run(place, code).code == 0
    said = place.log.read_text().splitlines()
    assert said[0] == "False False"
    assert said[1] == "['JUPYTERHUB_API_TOKEN', 'JUPYTERHUB_API_URL', 'JUPYTERHUB_USER']"
    assert said[2] == "True"
    assert said[3:] == ["OSError", "no hub"]


@isolated
def test_a_run_that_prints_for_ever_is_cut_in_the_log_and_not_held_up(place):
    assert run(place, "print('x' * 20_000_000)\nprint('the end')").code == 0
    kept = place.log.read_text()
    assert len(kept) < sandboxed.MOST_LOG + 200
    assert kept.rstrip().endswith("it is longer than 5 MB.")


@isolated
def test_a_run_that_never_ends_or_is_not_wanted_is_ended_with_all_it_started(place):
    code = "import os, time\nos.fork()\nos.setsid() if os.getpid() % 2 else None\ntime.sleep(4321.5)"
    left = run(place, code, limits=Limits(seconds=1))
    assert "longer than 1 seconds" in left.stopped
    assert "londata ended this run" in place.log.read_text()
    assert run(place, code, unwanted=lambda: "It was stopped.").stopped == "It was stopped."
    _wait_for(lambda: not _sleeping(b"time.sleep(4321.5)"))


@isolated
def test_a_sandbox_dies_with_the_thread_that_waits_for_it(tmp_path):
    script = tmp_path / "worker.py"
    script.write_text(f"""
import sys
from pathlib import Path
from londata_hub.jobs.sandboxed import Limits, Place, perform
place = Place(Path({str(tmp_path)!r}) / "run", "ada", Path({str(tmp_path)!r}), isolated=True)
place.make()
code = "import pathlib, time; pathlib.Path.home().joinpath('up').touch(); time.sleep(1234.5)"
perform(place, [sys.executable, "-P", "-c", code], {{"HOME": "/home/ada"}}, Limits(), lambda: "")
""")
    worker = subprocess.Popen([sys.executable, script])
    try:
        _wait_for(lambda: (tmp_path / "run" / "home" / "up").exists())
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        _wait_for(lambda: not _sleeping(b"time.sleep(1234.5)"))
    finally:
        worker.kill()


def _sleeping(words):
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [each] if words in each.read_bytes() else []
        except OSError:
            continue
    return found


def _wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_a_run_leaves_is_taken_as_plain_files(tmp_path):
    home, folder = tmp_path / "run" / "home", tmp_path / "run"
    report = home / "reports" / "profile-camden"
    report.mkdir(parents=True)
    (report / "report.html").write_text("fine")
    (report / "passwords").symlink_to("/etc/passwd")
    (home / "reports" / "everything").symlink_to("/")
    os.mkfifo(report / "pipe")
    reports = outcome.bring(home, folder)
    assert sorted(path.name for path in reports.rglob("*")) == ["profile-camden", "report.html"]
    assert not home.exists()


def test_a_folder_of_reports_that_is_a_link_is_not_followed(tmp_path):
    home, elsewhere = tmp_path / "run" / "home", tmp_path / "elsewhere"
    home.mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "kept.txt").write_text("mine")
    (home / "reports").symlink_to(elsewhere)
    reports = outcome.bring(home, tmp_path / "run")
    assert list(reports.iterdir()) == []
    assert (elsewhere / "kept.txt").read_text() == "mine"


def test_a_run_that_says_it_is_done_and_made_nothing_is_not_completed(tmp_path):
    reports, log = tmp_path / "reports", tmp_path / "log.txt"
    reports.mkdir()
    log.write_text("all fine\n")
    assert outcome.read(reports, Left(0), log).problem == "It ended well, but made no report."


def test_no_two_workers_share_a_name(tmp_path):
    hub = load({"LONDATA_HUB_STATE": str(tmp_path)})
    from londata.errors import HubError

    with _alone(hub, "one"):
        with _alone(hub, "two"):
            pass
        with pytest.raises(HubError, match="works on"), _alone(hub, "one"):
            pass


def test_the_worker_and_its_library_dial_nothing_but_the_database(tmp_path):
    watch = tmp_path / "sitecustomize.py"
    dialled = tmp_path / "dialled.txt"
    watch.write_text(f"""
import sys
def seen(event, words):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind"):
        with open({str(dialled)!r}, "a") as lines:
            lines.write(f"{{event}} {{words[1:]}}\\n")
sys.addaudithook(seen)
""")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    database, done = f"sqlite:///{tmp_path}/register.sqlite", tmp_path / "done.txt"
    with RunStore(database, tmp_path / "anchors") as store:
        store.add(a_schedule(in_half_a_year(), created_at=store.now()))
        store.run_now("boroughs-daily", "ada")
    words = [sys.executable, QUEUE_SCRIPT, database, tmp_path, "one", "2", "0.1"]
    with (tmp_path / "out.txt").open("wb") as out:
        worker = subprocess.Popen(words, env=environment, stdout=out, stderr=out)
    try:
        _wait_for(lambda: worker.poll() is not None or (done.exists() and " done " in done.read_text()), 60)
        assert worker.poll() is None, (tmp_path / "out.txt").read_text()
    finally:
        worker.kill()
        worker.wait()
    assert not dialled.exists(), dialled.read_text()
