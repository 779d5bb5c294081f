"""Reports whose cells do harm: each is stopped and named, nothing of it goes on, and the next is not disturbed."""

import contextlib
import json
import os
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from londata.errors import LondataWarning
from londata.kernels.limits import landlock_version
from londata.reports import job as jobs
from londata.reports import receipts, templates
from londata.reports.running import Runner
from trial_reports import is_alive, make_template, wait_until

FORKS = """
import os, pathlib, subprocess, sys, time
away = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
pid = os.fork()
if pid == 0:
    os.setsid()
    time.sleep(1000)
pathlib.Path(os.environ["LONDATA_FIGURE_DATA"], "pids").write_text(f"{away.pid} {pid}")
print(open(os.environ["LONDATA_FIGURE_DATA"] + "/pids").read())
"""
#: A bounded number of processes, as children of the kernel and as orphans in sessions of their own.
STARTS = {
    "children": """
import os
for _ in range(230):
    os.posix_spawnp("sleep", ["sleep", "{seconds}"], os.environ)
""",
    "orphans": """
import subprocess
subprocess.run("for i in $(seq 230); do (setsid sleep {seconds} >/dev/null 2>&1 &) ; done", shell=True)
""",
}
#: One without end, which takes no notice of being refused.
BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
FILLS = """
held = []
while True:
    held.append(b"x" * 20_000_000)
"""


@pytest.fixture(scope="module")
def kept():
    """The warm runner of this file, which takes seconds to begin; the test that stops it leaves none."""
    there = []
    yield there
    for each in there:
        each.close()


@pytest.fixture
def runner(kept):
    if not kept:
        kept.append(Runner())
    return kept[0]


@pytest.fixture
def plain():
    """A runner whose processes start from nothing, because there is nobody to fork them."""
    with Runner() as cold:
        cold._zygote = SimpleNamespace(path="/nowhere", close=lambda: None)
        yield cold


def run(runner, folder, *cells, **fields):
    """Run a template of these cells to its end."""
    template = templates.load(make_template(folder / "trial", "# A heading", "print('before')", *cells, **fields))
    return runner.run(jobs.prepare(template, {}, folder / "out"), template)


def assert_kept(ended, folder):
    """Nothing is there but the evidence: the cells that had ended, and a receipt that says how it ended."""
    assert [path.name for path in (folder / "out").iterdir()] == [ended.folder.name]
    assert ended.folder.name.endswith(f".{ended.status}")
    assert {path.name for path in ended.folder.iterdir()} == {"report.ipynb", "ro-crate-metadata.json"}
    assert "before" in (ended.folder / "report.ipynb").read_text(encoding="utf-8")
    assert receipts.load(ended.folder).status == ended.status
    assert str(ended.folder) in ended.hint or "report.ipynb" in ended.hint


def assert_next_is_good(runner, folder):
    assert run(runner, folder / "next", "1 + 1").status == "completed"


@pytest.mark.skipif(not landlock_version(), reason="this system has no Landlock")
def test_a_cell_that_writes_outside_its_folder_is_refused_and_named(runner, tmp_path):
    target = tmp_path / "stolen.txt"
    ended = run(runner, tmp_path, "open('mine.txt', 'w').write('x')", f"open({str(target)!r}, 'w').write('x')")
    assert (ended.status, ended.problem) == ("failed", f"it wrote outside its folder: {target}")
    assert ended.where == "cell [3] (“A heading”)"
    assert not target.exists()
    assert_kept(ended, tmp_path)


@pytest.mark.skipif(not landlock_version(), reason="this system has no Landlock")
def test_a_cell_cannot_change_other_reports_templates_or_the_run_itself(runner, tmp_path):
    good = run(runner, tmp_path / "good", "print('good')")
    tries = f"""
import glob, os, pathlib, signal, subprocess
good = pathlib.Path({str(good.folder)!r})
done = []
def attempt(name, what):
    try:
        what()
    except OSError:
        return
    done.append(name)
attempt("change", lambda: (good / "report.html").write_text("x"))
attempt("cut", lambda: os.truncate(good / "report.html", 0))
attempt("remove", lambda: (good / "report.html").unlink())
attempt("rename", lambda: good.rename(good.with_name("other")))
attempt("own report", lambda: pathlib.Path("../report/report.html").write_text("x"))
attempt("own notebook", lambda: pathlib.Path("../report/report.ipynb").write_text("x"))
attempt("template", lambda: pathlib.Path({str(tmp_path / "trial" / "template.yaml")!r}).write_text("x"))
attempt("profile", lambda: (pathlib.Path.home() / ".profile-of-a-test").write_text("x"))
attempt("another process", lambda: os.kill({os.getpid()}, signal.SIGUSR1))
attempt("zygote", lambda: os.kill(os.getppid(), signal.SIGUSR1))
attempt("memory", lambda: open(f"/proc/{{os.getppid()}}/mem", "rb"))
assert subprocess.run(["touch", str(good / "new")], stderr=subprocess.DEVNULL).returncode
print("done:", done)
"""
    ended = run(runner, tmp_path, tries)
    assert ended.status == "completed", ended
    assert "done: []" in (ended.folder / "report.html").read_text(encoding="utf-8")
    assert not (good.folder / "new").exists()


def test_a_cell_cannot_have_itself_another_kernel_that_may_write(runner, tmp_path):
    path = runner._zygote.path
    ask = f"""
from londata.kernels.forking import fork
try:
    fork({path!r}, "os:getpid", files=(0, 1, 2), environ={{}}, folder="/")
except Exception as problem:
    print("refused:", problem)
"""
    ended = run(runner, tmp_path, ask)
    assert "somebody else" in (ended.folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import os; os._exit(0)", "The kernel died"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "The kernel died"),
        ("import ctypes; ctypes.string_at(0)", "The kernel died"),
        ("import sys; sys.exit()", "it ended the report with sys.exit()"),
        ("import sys; sys.exit('enough')", "SystemExit: enough"),
        ("import os; raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
    ids=["_exit", "kill -9", "segfault", "exit", "exit with words", "interrupt"],
)
def test_a_cell_that_ends_its_kernel_is_named(runner, tmp_path, code, problem):
    ended = run(runner, tmp_path, code, "print('never')")
    assert ended.status == "failed"
    assert ended.problem.startswith(problem)
    assert ended.problem.lower().count("kernel died") == problem.count("kernel died")
    assert ended.where == "cell [2] (“A heading”)"
    assert_kept(ended, tmp_path)
    assert_next_is_good(runner, tmp_path)


def test_what_a_cell_forks_does_not_outlive_the_report(runner, tmp_path):
    ended = run(runner, tmp_path, FORKS)
    assert ended.status in {"completed", "failed"}, ended  # numbers of figures that are none may be refused
    assert_forked_are_gone(ended)


def assert_forked_are_gone(ended):
    """What the cell forked, whose numbers it printed, has ended."""
    text = (ended.folder / "report.ipynb").read_text(encoding="utf-8")
    printed = next(
        "".join(output["text"]).split()
        for cell in json.loads(text)["cells"]
        for output in cell.get("outputs", ())
        if output.get("name") == "stdout" and "before" not in "".join(output["text"])
    )
    for pid in map(int, printed):
        wait_until(lambda pid=pid: not is_alive(pid), f"{pid} lives on")


def test_a_cell_that_fills_the_memory_is_stopped_and_the_limit_is_named(runner, tmp_path):
    ended = run(runner, tmp_path, FILLS, max_memory_mb=700)
    assert (ended.status, ended.problem) == ("failed", "it needed more than 700 MB of memory")
    assert_kept(ended, tmp_path)


def test_a_cell_that_asks_for_all_memory_at_once_is_told_the_same(runner, tmp_path):
    ended = run(runner, tmp_path, "held = bytearray(10**11)", max_memory_mb=700)
    assert (ended.status, ended.problem) == ("failed", "it needed more than 700 MB of memory")


@pytest.mark.parametrize(
    "code",
    [
        "for _ in range(1000): print('x' * 1_000_000)",
        "print('x' * 200_000_000)",
        "from IPython.display import HTML; HTML('x' * 60_000_000)",
        "import subprocess; subprocess.run('yes a line of text | head -c 1000000000', shell=True)",
    ],
    ids=["many", "one", "display", "from a process"],
)
def test_a_cell_that_puts_out_too_much_is_stopped_while_the_run_stays_small(runner, tmp_path, monkeypatch, code):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # with which ipykernel does not look at what processes put out
    with most_memory_of_runs(runner) as growth_mb:
        ended = run(runner, tmp_path, code, "import time; time.sleep(60)", max_output_mb=20)
    assert (ended.status, ended.problem) == ("failed", "its cells put out more than 20 MB")
    assert growth_mb, "the process of the run was never seen"
    assert max(growth_mb) < 250
    assert_kept(ended, tmp_path)
    assert (ended.folder / "report.ipynb").stat().st_size < 45_000_000


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_cell_that_starts_too_many_processes_is_stopped_and_none_is_left(runner, tmp_path, start):
    starts_too_many(runner, tmp_path, start)


def test_a_cell_that_forks_without_end_is_stopped_before_it_takes_the_machine(runner, tmp_path):
    ended = run(runner, tmp_path, BOMB)
    assert (ended.status, ended.problem) == ("failed", "it started more than 200 processes")
    assert_kept(ended, tmp_path)
    assert_next_is_good(runner, tmp_path)


@pytest.mark.skipif(not landlock_version(), reason="this system has no Landlock")
def test_without_a_warm_process_a_run_goes_on_says_so_once_and_may_do_no_more(plain, tmp_path):
    """One plain kernel writes elsewhere, forks, and starts too many; another fills the memory."""
    target = tmp_path / "stolen.txt"
    writes = f"""
try:
    open({str(target)!r}, "w").write("x")
except PermissionError:
    print("before: refused")
"""
    with pytest.warns(LondataWarning, match="started from nothing") as told:
        ended = starts_too_many(plain, tmp_path / "many", STARTS["orphans"], writes, FORKS)
    assert len(told) == 1
    assert not target.exists()
    assert "before: refused" in (ended.folder / "report.ipynb").read_text(encoding="utf-8")
    assert_forked_are_gone(ended)
    ended = run(plain, tmp_path / "full", FILLS, max_memory_mb=700)  # a second warning would be an error here
    assert (ended.status, ended.problem) == ("failed", "it needed more than 700 MB of memory")
    assert_kept(ended, tmp_path / "full")


def starts_too_many(runner, tmp_path, start, *first):
    """Have a report start too many processes, and see it fail and none of them left."""
    seconds = f"{1000 + time.monotonic():.3f}"  # by which this test knows its own
    ended = run(runner, tmp_path, *first, start.format(seconds=seconds), "import time; time.sleep(60)")
    assert (ended.status, ended.problem) == ("failed", "it started more than 200 processes")
    assert_kept(ended, tmp_path)
    wait_until(lambda: not sleeping(seconds), "some of them live on")
    return ended


def sleeping(seconds):
    """The processes that sleep so long."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [path] * (path.read_bytes().split(b"\0")[:2] == [b"sleep", seconds.encode()])
    return found


@contextlib.contextmanager
def most_memory_of_runs(runner):
    """Gather by how much the memory of the process of a run has grown since it was first seen, again and again."""
    growth, ended = [], threading.Event()

    def look():
        first = None
        while not ended.wait(0.02):
            for process in tuple(runner._under_way):
                with contextlib.suppress(OSError, IndexError, ValueError):
                    status = Path(f"/proc/{process._process.pid}/status").read_text()
                    peak = int(status.split("VmHWM:")[1].split()[0]) / 1000
                    first = first or peak
                    growth.append(peak - first)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield growth
    finally:
        ended.set()
        looking.join()


def test_a_loop_without_end_is_stopped_when_its_time_is_over(runner, tmp_path):
    ended = run(runner, tmp_path, "while True: pass", max_run_s=3)
    assert (ended.status, ended.problem) == ("failed", "it took longer than 3 seconds")
    assert ended.where == "cell [2] (“A heading”)"
    assert_kept(ended, tmp_path)


def test_a_zygote_that_is_killed_disturbs_no_run_and_is_started_again(runner, tmp_path):
    ended = []
    wait = "import time, pathlib; pathlib.Path('here').touch(); time.sleep(3); print('after')"
    running = threading.Thread(target=lambda: ended.append(run(runner, tmp_path, wait)))
    running.start()
    wait_until(lambda: list(tmp_path.glob("out/*.running-*/scratch/here")), "it did not begin")
    os.kill(runner._zygote.pid, signal.SIGKILL)
    running.join()
    assert ended[0].status == "completed", ended
    assert "after" in (ended[0].folder / "report.html").read_text(encoding="utf-8")
    assert_next_is_good(runner, tmp_path)


def test_runs_that_are_let_go_of_together_all_keep_their_evidence(runner, kept, tmp_path):
    ended = []
    with runner:
        kept.clear()  # a runner that is stopped runs nothing more
        wait = "import time, pathlib; pathlib.Path('here').touch(); time.sleep(1000)"
        places = [tmp_path / str(number) for number in range(2)]
        threads = [threading.Thread(target=lambda at=at: ended.append((at, run(runner, at, wait)))) for at in places]
        for each in threads:
            each.start()
        wait_until(lambda: len(list(tmp_path.glob("*/out/*.running-*/scratch/here"))) == 2, "they did not begin")
        runner.stop()
        for each in threads:
            each.join()
    for place, how in ended:
        assert (how.status, how.problem) == ("stopped", "it was stopped")
        assert_kept(how, place)
