"""What a batch that failed says of itself at the hub: each reason once, and no path of the machine that made it."""

from __future__ import annotations

import json
import os

import pytest

import reports_world as rw
from londata.reports import running
from londata_hub.jobs import outcome
from londata_hub.jobs.sandboxed import Left
from londata_hub.services import reports_pages

LAST_WORDS = """londata: 8 of 8 reports failed: Barnet, Camden and 6 more.
The summary says why: reports/profile.batch/batch.html. The same command tries them again.
"""


def left(folder, summary):
    reports, log = folder / "reports", folder / "log.txt"
    for place in ("barnet.failed", "profile.batch"):
        (reports / place).mkdir(parents=True)
    (reports / "profile.batch" / "batch.json").write_text(summary)
    log.write_text(LAST_WORDS)
    return outcome.read(reports, Left(1), log)


def test_each_reason_is_said_once_with_the_places_that_it_hit(tmp_path):
    names = ["Barnet", "Bexley", "Brent", "Bromley", "Camden", "Croydon", "Ealing"]
    told = [{"value": name, "status": "failed", "problem": "Rolls is not open."} for name in names]
    told += [{"value": "Enfield", "status": "failed", "problem": "word " * 200}]
    found = left(tmp_path, json.dumps({"reports": told}))
    one, other = found.problem.splitlines()
    assert one == "Rolls is not open. (Barnet, Bexley, Brent, Bromley, Camden and 2 more)"
    assert other.endswith("word … (Enfield)")
    assert len(other) < 350


@pytest.mark.parametrize("summary", ["", "[]", '{"reports": 7}', '{"reports": [7]}', "[" * 100_000])
def test_a_summary_that_is_none_leaves_the_last_words(tmp_path, summary):
    assert left(tmp_path, summary).problem.startswith("8 of 8 reports failed")


def test_attempts_that_failed_alike_say_it_once_and_long_words_are_folded():
    schedule = rw.schedule()
    problem = "Rolls is not open." + " Not open." * 20
    runs = [rw.run(schedule, id=f"run-{n}", attempt=n, state="failed", problem=problem, failed=33) for n in (3, 2, 1)]
    page = reports_pages.schedule("/", {"next_runs": []}, schedule, runs, "")
    assert page.count(problem) == 1
    assert "for the same reason as attempt 3" in page
    assert page.count("0 made, 33 failed") == 3
    assert '<details class="more">' in page


def test_every_summary_of_the_day_is_known_for_one_and_the_newest_is_read(tmp_path):
    told = {"reports": [{"value": "Barnet", "status": "failed", "problem": "Rolls is not open."}]}
    second = tmp_path / "reports" / "profile.batch-2"
    second.mkdir(parents=True)
    (second / "batch.json").write_text(json.dumps(told))
    (second / outcome.RECEIPT).write_text("{}")
    found = left(tmp_path, "{}")
    assert (found.made, found.failed) == (0, 1)
    newer = (tmp_path / "reports" / "profile.batch" / "batch.json").stat().st_mtime + 5
    os.utime(second / "batch.json", (newer, newer))
    log = tmp_path / "log.txt"
    assert outcome.read(tmp_path / "reports", Left(1), log).problem == "Rolls is not open. (Barnet)"


def test_a_report_that_failed_says_why_and_points_at_no_file_that_its_reader_cannot_open(tmp_path):
    (tmp_path / "reports" / "profile-camden.failed").mkdir(parents=True)
    notebook = tmp_path / "reports" / "profile-camden.failed" / "report.ipynb"
    why = "The report profile failed in cell [3]: KeyError: 'camden'."
    (tmp_path / "log.txt").write_text(f"londata: {why}\n{running._kept(notebook)}\n")
    assert outcome.read(tmp_path / "reports", Left(1), tmp_path / "log.txt").problem == why


def test_another_attempt_is_given_what_was_finished_and_nothing_half_made(tmp_path):
    for name in ("camden", "barnet.failed", "brent.stopped", "bexley.running-x1y2"):
        (tmp_path / "before" / name).mkdir(parents=True)
    outcome.begin_with(tmp_path / "home", tmp_path / "before")
    assert [each.name for each in (tmp_path / "home" / "reports").iterdir()] == ["camden"]


def test_how_far_it_got_is_not_taken_for_its_last_words(tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "log.txt").write_text("Killed by nobody\n… Profile: 3 of 33 reports\n")
    assert outcome.read(tmp_path / "reports", Left(1), tmp_path / "log.txt").problem == "Killed by nobody"
