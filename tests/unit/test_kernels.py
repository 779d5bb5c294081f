"""The zygote and what is forked from it: each fresh, each alone, none that outlives its owner."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from londata.kernels import Limits, WarmProcess, processes
from londata.kernels.forking import NoZygote, fork, receive, send
from londata.kernels.limits import confine, landlock_version
from trial_reports import is_alive, wait_until


@pytest.fixture(scope="module")
def warm():
    """A zygote with little in it, whose tasks are those of ``tests/forked_tasks.py``."""
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    process = WarmProcess(["numpy", "forked_tasks"], [], environ)
    yield process
    process.close()


def ask(warm, task, *arguments, mark="", folder="/"):
    """Have a task forked; returns it and the file that it writes to."""
    from_it, its_out = os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    environ = {"MARK": mark, "PATH": os.environ["PATH"]}
    files = (nothing, its_out, 2)
    try:
        forked = fork(warm.path, f"forked_tasks:{task}", arguments, files=files, environ=environ, folder=folder)
    finally:
        os.close(nothing)
        os.close(its_out)
    return forked, os.fdopen(from_it)


def test_each_task_is_fresh_and_has_its_own_surroundings(warm, tmp_path):
    said = []
    for mark, folder in (("one", "/"), ("two", str(tmp_path))):
        forked, out = ask(warm, "say", 1, mark=mark, folder=folder)
        with out:
            said.append(json.loads(out.read()))
        assert forked.wait(60) == 0
    assert [each[:3] for each in said] == [[1, "one", "/"], [1, "two", str(tmp_path)]]
    assert not set(said[0][3]) & set(said[1][3]), "two tasks drew the same random numbers"
    assert [each[4] for each in said] == [1, 1], "a task began with threads"


def test_the_zygote_has_one_thread_whatever_it_has_loaded():
    full = WarmProcess(warm=["londata.reports.warming:warm"])
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        forked = fork(full.path, "time:sleep", [0], files=(nothing, nothing, 2), environ={}, folder="/")
        os.close(nothing)
        assert forked.wait(60) == 0
        assert len(list(Path(f"/proc/{full.pid}/task").iterdir())) == 1
    finally:
        full.close()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_task_that_crashes_is_told_and_the_next_one_runs(warm, number):
    forked, out = ask(warm, "crash", int(number))
    out.close()
    assert forked.wait(60) == -number
    again, out = ask(warm, "say", 2)
    with out:
        assert out.read()
    assert again.wait(60) == 0


def test_a_task_ends_when_its_caller_is_gone_with_all_that_it_started(warm):
    forked, out = ask(warm, "wait_for_ever")
    with out:
        assert out.readline() == "here\n"
    (child,) = processes.children(forked.pid)
    forked.close()
    wait_until(lambda: not is_alive(forked.pid) and not is_alive(child), "something lives on")


def test_a_process_that_left_its_session_ends_with_its_task(warm):
    forked, out = ask(warm, "wait_for_ever")
    with out:
        assert out.readline() == "here\n"
    (child,) = processes.children(forked.pid)
    assert os.getsid(child) != forked.pid
    forked.send_signal(signal.SIGKILL)
    assert forked.wait(60) == -signal.SIGKILL
    wait_until(lambda: not is_alive(child), "what it started lives on")


def test_a_zygote_that_is_killed_is_started_again_and_its_tasks_go_on(warm):
    forked, out = ask(warm, "wait_for_ever")
    assert out.readline() == "here\n"
    os.kill(warm.pid, signal.SIGKILL)
    wait_until(lambda: warm.pid is None, "it lives on")
    assert is_alive(forked.pid)
    assert forked.poll() is None
    again, more = ask(warm, "say", 3)
    with more, out:
        assert more.read()
    assert again.wait(60) == 0
    processes.kill_tree(forked.pid)
    assert forked.wait(60) is not None


def test_a_zygote_answers_its_owner_and_nobody_else(warm):
    assert Path(warm.path).parent.stat().st_mode & 0o777 == 0o700
    stranger = (
        "import sys; from londata.kernels.forking import fork\n"
        "fork(sys.argv[1], 'os:getpid', files=(0, 1, 2), environ={}, folder='/')"
    )
    ended = subprocess.run([sys.executable, "-c", stranger, warm.path], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "somebody else's" in ended.stderr


class _AnsweredAtOnce(socket.socket):
    """A connection whose other side has read, answered and closed before the sender comes to itself."""

    other: socket.socket

    def sendmsg(self, *told):
        sent = super().sendmsg(*told)
        receive(self.other)
        send(self.other, {"problem": "no"})
        self.other.close()
        return sent


def test_an_answer_that_comes_before_one_has_done_sending_is_heard():
    mine, other = socket.socketpair()
    with _AnsweredAtOnce(fileno=mine.detach()) as asking:
        asking.other = other
        send(asking, {"task": "os:getpid"})
        assert receive(asking)[0] == {"problem": "no"}


def test_nonsense_on_the_socket_does_no_harm(warm):
    for nonsense in (b"", b"\0\0", b"\xff\xff\xff\xff", b"\0\0\0\2{}", b"\0\0\0\7not one"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(warm.path)
            with contextlib.suppress(OSError):
                connection.sendall(nonsense)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)
    forked, out = ask(warm, "say", 4)
    out.close()
    assert forked.wait(60) is not None


def test_without_a_zygote_there_is_a_sentence():
    with pytest.raises(NoZygote, match="No process could be forked from /nowhere"):
        fork("/nowhere", "os:getpid", files=(0, 1, 2), environ={}, folder="/")


def test_a_zygote_ends_with_its_owner():
    script = (
        "from londata.kernels import WarmProcess; w = WarmProcess([]); print(w.path and w.pid, flush=True); input()"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with owner:
        pid = int(owner.stdout.readline())
        owner.kill()
    wait_until(lambda: not is_alive(pid), "the zygote lives on")


def in_a_child(code):
    """Run code in an interpreter of its own; return what it printed."""
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=True
    )
    return ended.stdout.split()


@pytest.mark.skipif(not landlock_version(), reason="this system has no Landlock")
def test_memory_is_gathered_into_large_pages_and_stays_what_it_was():
    code = """
        import sys
        from pathlib import Path
        from londata.kernels.pages import gather
        held = bytearray(b"x") * 2**24
        pages = gather()
        (line,) = [each for each in Path("/proc/self/smaps_rollup").read_text().splitlines() if "AnonHuge" in each]
        assert held == b"x" * 2**24
        print(pages, int(line.split()[1]) // 2048)
    """
    pages, seen = map(int, in_a_child(code))
    # How many depends on how much of the machine's memory lies in one piece; before Linux 6.1 there are none.
    assert bool(seen) or not pages


def test_a_confined_process_writes_where_it_may_and_nowhere_else(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "mine").write_text("mine")
    said = in_a_child(f"""
        import os, pathlib, shutil, subprocess
        from londata.kernels.limits import confine
        base = pathlib.Path({str(tmp_path)!r})
        assert confine([str(base / "in"), str(base / "file"), "/not/there"]) == ""
        def tried(what):
            try:
                what()
            except OSError:
                return "no"
            return "yes"
        print(tried(lambda: (base / "in" / "a").write_text("x")))
        print(tried(lambda: (base / "in" / "a").rename(base / "in" / "b")))
        print(tried(lambda: (base / "file").open("a").write("x")))
        print(tried(lambda: open("/dev/null", "w").write("x")))
        print(tried(lambda: (base / "mine").read_text()))
        print(tried(lambda: (base / "mine").write_text("stolen")))
        print(tried(lambda: os.truncate(base / "mine", 0)))
        print(tried(lambda: (base / "mine").unlink()))
        print(tried(lambda: (base / "new").mkdir()))
        print(tried(lambda: (base / "in" / "b").rename(base / "b")))
        print(tried(lambda: os.link(base / "mine", base / "in" / "c")))
        print(tried(lambda: os.symlink("x", base / "link")))
        print("no" if subprocess.run(["touch", base / "touched"], stderr=subprocess.DEVNULL).returncode else "yes")
        """)
    assert said == ["yes"] * 5 + ["no"] * 8
    assert (tmp_path / "mine").read_text() == "mine"


def test_limits_travel_as_text_whatever_a_folder_is_called():
    limits = Limits(("/a {connection_file} é/\"'", "/b"), 10, 5)
    text = limits.to_text()
    assert Limits.from_text(text) == limits
    assert text.count("{") == 1


def test_where_there_is_no_landlock_a_sentence_says_so(monkeypatch):
    monkeypatch.setattr("londata.kernels.limits.landlock_version", lambda: 0)
    assert "not kept from writing outside" in confine(["/tmp"])
