"""A notebook that is run once to be forked: what it puts out, and what keeps it from being shared."""

import json
import subprocess
import sys

import pytest

RUN = """
import json, os, sys
from dataclasses import asdict
from londata.kernels import inherited, limits, rehearsal
before = os.dup(2)
outcome = asdict(rehearsal.rehearse([{"cell_type": "code", "source": each} for each in json.loads(sys.argv[1])]))
pid = os.fork()
if not pid:
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    inherited.read_for_itself()
    from IPython import get_ipython
    exec(sys.argv[2] or "told = ''", namespace := get_ipython().user_ns)
    print(json.dumps(outcome | {"told": namespace["told"]}), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
"""


def rehearsed(*cells, afterwards=""):
    """Run cells in a process that is then forked; what is done in the fork leaves a word in ``told``."""
    command = [sys.executable, "-c", RUN, json.dumps(cells), afterwards]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_outputs_are_what_a_kernel_would_put_out():
    outcome = rehearsed(
        "from IPython.display import display, HTML, clear_output\nimport sys",
        "print('one'); print('two'); print('aside', file=sys.stderr)\n42",
        "shown = display(HTML('<b>old</b>'), display_id=True)",
        "shown.update(HTML('<b>new</b>')); print('gone'); clear_output(wait=True); print('here')",
        "import asyncio\nawait asyncio.sleep(0)\ndisplay('awaited')",
    )
    assert (outcome["failed"], outcome["alone"]) == ("", "")
    first, second, third, fourth, fifth = outcome["cells"]
    assert first == []
    assert [each.get("text") or each["data"]["text/plain"] for each in second] == ["one\ntwo\n", "aside\n", "42"]
    assert [each["data"]["text/html"] for each in third] == ["<b>new</b>"]
    assert [each["text"] for each in fourth] == ["here\n"]
    assert fifth[0]["data"]["text/plain"] == "'awaited'"


def test_an_output_widget_holds_what_was_put_out_within_it():
    cells = (
        "import ipywidgets\nouter, inner = ipywidgets.Output(), ipywidgets.Output()",
        "with outer:\n    print('outer')\n    with inner:\n        print('inner')\n    print('again')\nprint('cell')",
    )
    outcome = rehearsed(*cells, afterwards="told = [outer.outputs, inner.outputs]")
    assert [[each["text"] for each in widget] for widget in outcome["told"]] == [["outer\nagain\n"], ["inner\n"]]
    assert [each["text"] for each in outcome["cells"][1]] == ["cell\n"]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()", "threads"),
        ("import subprocess\nchild = subprocess.Popen(['sleep', '2'])", "processes"),
        ("import asyncio\ntask = asyncio.ensure_future(asyncio.sleep(9))\nawait asyncio.sleep(0)", "tasks"),
        ("import tempfile\nfile = tempfile.TemporaryFile()", "leaves open"),
        ("import mmap\nboard = mmap.mmap(-1, 4096)", "memory"),
    ],
    ids=["threads", "processes", "tasks", "files", "memory"],
)
def test_what_would_not_be_there_for_each_viewer_is_found(cell, why):
    assert why in rehearsed(cell)["alone"]


def test_what_was_put_out_is_held_nowhere_else():
    cells = ("print('x' * 100)", "from IPython.display import display\ndisplay('shown')\n42")
    outcome = rehearsed(*cells, afterwards="told = len(get_ipython().history_manager.outputs)")
    assert (outcome["failed"], outcome["told"]) == ("", 0)


def test_bars_of_progress_keep_no_run_from_being_shared_and_ours_shows_nothing_where_nobody_looks():
    outcome = rehearsed(
        "from londata.fetch import progress\nwith progress.bar('data', 9, wanted=True) as advance:\n    advance(9)",
        "from tqdm import tqdm\nfor _ in tqdm(range(3), leave=False): pass",
    )
    assert (outcome["failed"], outcome["alone"], outcome["cells"][0]) == ("", "", [])


def test_a_cell_that_fails_is_named_and_what_follows_is_not_run():
    outcome = rehearsed("print('one')", "1 / 0", "print('three')")
    assert outcome["failed"] == "cell 2 does not run (ZeroDivisionError)"
    assert len(outcome["cells"]) == 2


def test_forks_neither_speak_on_one_connection_nor_share_a_place_in_a_file(tmp_path):
    file = tmp_path / "lines.txt"
    file.write_text("one\ntwo\nthree\n")
    cells = (
        "import os, socket\nours, theirs = socket.socketpair()\nplace = ours.fileno()",
        f"number = os.open({str(file)!r}, os.O_RDONLY)\nos.read(number, 4)",
    )
    afterwards = """
heard = ours.recv(10).decode()
if (other := os.fork()) == 0:
    inherited = __import__('londata.kernels.inherited', fromlist=['x'])
    inherited.read_for_itself()
    os.read(number, 100)
    os._exit(0)
os.waitpid(other, 0)
told = [heard, os.read(number, 4).decode()]
"""
    outcome = rehearsed(*cells, afterwards=afterwards)
    assert outcome["alone"] == ""
    assert outcome["told"] == ["", "two\n"]


def test_a_process_is_refused_more_memory_than_it_may_grow_by():
    code = (
        "from londata.kernels import Limits\nLimits(growth_mb=200).apply()\n"
        "held = bytearray(50_000_000)\ntry:\n    bytearray(400_000_000)\nexcept MemoryError:\n    print('refused')"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "refused\n"


def test_a_process_that_computes_for_too_long_is_ended():
    code = "from londata.kernels import Limits\nLimits(cpu_seconds=1).apply()\nwhile True: pass"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode < 0
