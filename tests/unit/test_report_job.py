"""A report takes the place of what is left of runs of its name, and always has the numbers of its figures."""

import pytest

from londata.reports import job as jobs
from londata.reports import templates
from receipt_world import report


def test_a_finished_report_takes_the_place_of_what_is_left_of_failed_and_stopped_runs(tmp_path):
    left = [report(tmp_path, status=status, problem="no") for status in ("failed", "stopped")]
    other = tmp_path / "borough-profile-barnet-2026-11-22.failed"
    other.mkdir()
    assert all(folder.is_dir() for folder in left)
    made = report(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([made, other])


def test_a_run_that_fails_leaves_the_finished_report_where_it_is(tmp_path):
    made = report(tmp_path)
    failed = report(tmp_path, status="failed", problem="no")
    assert (made / jobs.RECEIPT).is_file()
    assert (failed / jobs.RECEIPT).is_file()


@pytest.mark.parametrize("asked", [(), ("pdf",), ("parquet", "csv", "csv")])
def test_the_numbers_of_figures_are_made_as_csv_whatever_else_is_asked_for(tmp_path, asked):
    job = jobs.prepare(templates.load("borough-profile"), {"borough": "Camden"}, tmp_path, formats=asked)
    jobs.clear(job)
    assert sorted(job.formats) == sorted({"csv", *asked})
