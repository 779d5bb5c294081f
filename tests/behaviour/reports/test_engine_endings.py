"""How a report may not end well: stopped, killed, out of time; what is kept then, and that nothing goes on."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from londata import reports
from londata.errors import ReportError
from londata.reports import receipts
from trial_reports import LONDATA, is_alive, make_template, pid_in, wait_until

WAITS = """
import os, pathlib, time
pathlib.Path("kernel.pid").write_text(str(os.getpid()))
while True:
    time.sleep(0.1)
"""


@pytest.fixture
def waiting(tmp_path):
    """A report whose third cell never ends, started from the command line in a process group of its own."""
    template = make_template(tmp_path / "trial", "# Wait", "print('before')", WAITS)
    arguments = [LONDATA, "report", "run", template, "--out", tmp_path / "out"]
    started = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        kernel = pid_in(tmp_path / "out", "kernel.pid")
        yield started, kernel, tmp_path / "out"
    finally:
        for process in (started.pid, locals().get("kernel", 0)):
            with contextlib.suppress(ProcessLookupError):
                if process:
                    os.kill(process, signal.SIGKILL)
        started.wait()
        started.stderr.close()


def assert_stopped(kernel, out):
    """The kernel is gone, the part that ran is there, and nothing else is."""
    (kept,) = wait_until(lambda: list(out.glob("*.stopped")), "no evidence was left")
    wait_until(lambda: not is_alive(kernel), "the kernel lives on")
    assert "before" in (kept / "report.ipynb").read_text(encoding="utf-8")
    assert receipts.load(kept).status == "stopped"
    wait_until(lambda: list(out.iterdir()) == [kept], f"there is more: {list(out.iterdir())}")


def test_ctrl_c_stops_the_kernel_and_keeps_what_ran(waiting):
    started, kernel, out = waiting
    os.killpg(started.pid, signal.SIGINT)
    assert started.wait(60) == 130
    said = started.stderr.read()
    assert ".stopped/report.ipynb" in said
    assert "Traceback" not in said
    assert_stopped(kernel, out)


def test_a_killed_caller_leaves_no_kernel_and_keeps_what_ran(waiting):
    started, kernel, out = waiting
    started.kill()
    assert_stopped(kernel, out)


def test_a_killed_run_is_told_in_a_sentence_and_leaves_no_kernel(waiting):
    started, kernel, out = waiting
    child = int(Path(f"/proc/{kernel}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(child, signal.SIGKILL)
    assert started.wait(60) == 9
    said = started.stderr.read()
    assert "its process ended unexpectedly. It was killed by SIGKILL." in said
    assert "Traceback" not in said
    (kept,) = out.iterdir()
    assert kept.name.endswith(".failed")
    assert "before" in (kept / "report.ipynb").read_text(encoding="utf-8")
    assert receipts.load(kept).status == "failed"
    wait_until(lambda: not is_alive(kernel), "the kernel lives on")


def test_a_report_that_outlasts_its_time_is_stopped_even_if_it_takes_no_notice(tmp_path):
    deaf = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)" + WAITS
    template = make_template(tmp_path / "trial", "# Deaf", deaf, max_run_s=1)
    with pytest.raises(ReportError, match=r"failed in cell \[1\] \(“Deaf”\): it took longer than 1 seconds"):
        reports.run(template, out=tmp_path / "out", progress=False)
