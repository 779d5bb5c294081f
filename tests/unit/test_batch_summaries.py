"""The folder of a batch's summary belongs to one batch at a time; progress reaches a log as lines."""

from __future__ import annotations

import datetime as dt
import io
import signal
import subprocess
import sys

import pytest

from londata.reports import summary
from londata.reports.progress import MARK, BatchBar
from londata.reports.summary import Account, Place, is_summary

DAY = dt.date(2026, 11, 22)
#: Holds the folder until it is killed, as a batch in another process does.
HOLDS = """
import datetime as dt, pathlib, sys, time
from londata.reports.summary import Account, Place
account = Account("trial", "Trial", "place", "Place", ("Camden",), {}, ("csv",), "here", "2026-11-22T10:00:00+00:00")
place = Place(account, pathlib.Path(sys.argv[1]), dt.date(2026, 11, 22))
print(place.folder.name, flush=True)
time.sleep(60)
"""


def account(*values: str) -> Account:
    return Account("trial", "Trial", "place", "Place", values or ("Camden",), {}, ("csv",), "here", "2026-11-22")


def test_two_batches_that_begin_at_once_have_a_summary_each_and_the_next_one_goes_on_with_the_first(tmp_path):
    one, other = Place(account(), tmp_path, DAY), Place(account(), tmp_path, DAY)
    assert [one.folder.name, other.folder.name] == ["trial-2026-11-22.batch", "trial-2026-11-22.batch-2"]
    summary.write(account(), one.folder)
    one.release()
    other.release()
    assert not other.folder.exists()  # nothing was written to it
    assert Place(account(), tmp_path, DAY).folder == one.folder
    assert Place(account("Barnet"), tmp_path, DAY).folder == other.folder


def test_a_batch_in_another_process_keeps_its_summary_until_it_is_gone(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDS, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        held = process.stdout.readline().strip()
        assert Place(account(), tmp_path, DAY).folder.name == f"{held}-2"
        process.send_signal(signal.SIGKILL)
    assert Place(account(), tmp_path, DAY).folder.name == held


def test_a_file_of_that_name_and_somebody_else_s_summary_stay_as_they_are(tmp_path):
    (tmp_path / "trial-2026-11-22.batch").write_text("mine")
    (tmp_path / "trial-2026-11-22.batch-2").mkdir()
    (tmp_path / "trial-2026-11-22.batch-2" / summary.DATA).write_text("[]")
    assert Place(account(), tmp_path, DAY).folder.name == "trial-2026-11-22.batch-3"
    assert (tmp_path / "trial-2026-11-22.batch").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("trial-2026-11-22.batch", True),
        ("trial-2026-11-22.batch-12", True),
        ("trial-batch-2", False),
        (".batch-x", False),
    ],
)
def test_a_summary_is_known_by_the_name_of_its_folder(tmp_path, name, expected):
    assert is_summary(tmp_path / name) is expected


def test_where_there_is_no_terminal_progress_is_written_in_lines(monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with BatchBar("Trial", 2, shown=True) as bar:
        bar.at_cell("Camden", 1, 3)
        bar.done(1, "Camden")
        bar.done(1, "Barnet")
    lines = log.getvalue().splitlines()
    assert all(line.startswith(f"{MARK}Trial: ") and "\r" not in line for line in lines)
    assert "Camden cell 1 of 3" in log.getvalue()
    assert [line for line in lines if "2 of 2 reports" in line]
