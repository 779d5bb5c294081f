"""The engine of the name ``londata`` against papermill's own: the same notebook goes in, the same one comes out."""

import datetime as dt
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from papermill import PapermillExecutionError, execute_notebook

from trial_reports import make_cell, write_notebook

PAPERMILL = Path(sys.executable).with_name("papermill")
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
GOOD = [
    make_cell("code", "word = 'default'\ncount = 1", "parameters"),
    make_cell("markdown", "# Text\n\nwith *words*"),
    make_cell("code", "print(word); import sys; print('aside', file=sys.stderr)"),
    make_cell("code", "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\ncount + 1"),
    make_cell("code", "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"),
    make_cell("code", "1 / 0", "raises-exception"),
    make_cell("code", "print('not run')", "skip-execution"),
    make_cell("code", "print('last')", "mine", "hide-input"),
]
FAILING = [make_cell("code", "x = 1"), make_cell("code", "{}['camden']"), make_cell("code", "print('never')")]
ENDING = [make_cell("code", "import sys; sys.exit(0)"), make_cell("code", "print('never')")]
#: What differs between any two runs.
VARIES = re.compile(r"^(start_time|end_time|duration|output_path|id|shell\.execute_reply|iopub.*)$")


def plain(value):
    """A notebook without what differs between any two runs."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if not VARIES.match(key)}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return re.sub(r"0x[0-9a-f]+|ipykernel_\d+/\d+|/tmp/\S+", "…", value) if isinstance(value, str) else value


def run(path, out, engine, **options):
    """Run a notebook with an engine; return it, and the error that there was."""
    try:
        execute_notebook(str(path), str(out), engine_name=engine, progress_bar=False, **options)
    except PapermillExecutionError as error:
        return nbformat.read(out, as_version=4), error
    return nbformat.read(out, as_version=4), None


@pytest.mark.parametrize("cells", [GOOD, ENDING], ids=["good", "ending"])
def test_both_engines_leave_the_same_notebook_and_say_the_same(tmp_path, cells):
    write_notebook(tmp_path / "in.ipynb", [dict(cell) for cell in cells], KERNEL)
    options = {"parameters": {"word": "hello"}} if cells is GOOD else {}
    theirs, their_error = run(tmp_path / "in.ipynb", tmp_path / "theirs.ipynb", None, **options)
    ours, our_error = run(tmp_path / "in.ipynb", tmp_path / "ours.ipynb", "londata", **options)
    assert_same(ours, theirs)
    said = [error and (error.ename, error.evalue, error.exec_count) for error in (our_error, their_error)]
    assert said[0] == said[1]
    assert (our_error is not None) == (cells is not ENDING)  # papermill tells of an exception that was expected, too


def assert_same(ours, theirs):
    """Two notebooks are the same, but for what differs between any two runs."""
    assert plain(ours) == plain(theirs)
    assert set(ours.metadata.papermill) == set(theirs.metadata.papermill)
    for one, other in zip(ours.cells, theirs.cells, strict=True):
        assert set(one.metadata.papermill) == set(other.metadata.papermill) if "papermill" in other.metadata else True
        if began := one.metadata.get("papermill", {}).get("start_time"):
            took = dt.datetime.fromisoformat(one.metadata.papermill.end_time) - dt.datetime.fromisoformat(began)
            assert one.metadata.papermill.duration == took.total_seconds()


def test_a_notebook_that_fails_ends_on_the_command_line_as_with_papermills_own_engine(tmp_path):
    write_notebook(tmp_path / "in.ipynb", [dict(cell) for cell in FAILING], KERNEL)
    ended = {}
    for engine in ("londata", "nbclient"):
        command = [
            PAPERMILL,
            tmp_path / "in.ipynb",
            tmp_path / f"{engine}.ipynb",
            "--engine",
            engine,
            "--no-progress-bar",
        ]
        ended[engine] = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended["londata"].returncode == ended["nbclient"].returncode == 1
    last = {name: one.stderr.strip().splitlines()[-1] for name, one in ended.items()}
    assert last["londata"] == last["nbclient"] == "KeyError: 'camden'"
    assert all('Exception encountered at "In [2]"' in one.stderr for one in ended.values())
    assert_same(*(nbformat.read(tmp_path / f"{name}.ipynb", as_version=4) for name in ended))


def test_a_kernel_of_another_name_is_papermills_business(tmp_path):
    other = {"kernelspec": {"name": "not-there", "display_name": "Other", "language": "python"}}
    write_notebook(tmp_path / "in.ipynb", [make_cell("code", "1")], other)
    said = []
    for engine in ("londata", None):
        with pytest.raises(Exception, match="not-there") as refused:
            run(tmp_path / "in.ipynb", tmp_path / "out.ipynb", engine)
        said.append(type(refused.value))
    assert said[0] is said[1]


#: What a kernel knows of itself, and how often each cell is taken apart before it runs.
ABOUT = [
    "import os\nprint('pandas' in __import__('sys').modules, os.getpid() == os.getsid(0))",
    "taken = []\nget_ipython().input_transformers_cleanup.append(lambda lines: taken.append(1) or lines)",
    "print(len(taken))",
    "print(len(taken))",
    "import wave\nknown = get_ipython()._sys_modules_keys\nprint('wave' in known, {'os', 'faulthandler'} <= known)",
]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What the cells of two runs of one process printed: the first in a plain kernel, the second in a forked one."""
    folder = tmp_path_factory.mktemp("two")
    write_notebook(folder / "in.ipynb", [make_cell("code", code) for code in ABOUT], KERNEL)
    script = (
        "import os, sys, londata.reports.papermill_engine, londata.reports.papermill_run\n"
        "from papermill import execute_notebook\n"
        "for name in sys.argv[2:]: execute_notebook(sys.argv[1], name, engine_name='londata', progress_bar=False)\n"
        "assert 'LONDATA_ZYGOTE' not in os.environ"  # what this process starts would ask it in vain
    )
    outs = [folder / f"{number}.ipynb" for number in range(2)]
    subprocess.run([sys.executable, "-c", script, folder / "in.ipynb", *outs], check=True, timeout=120)
    return [
        ["".join(each.text for each in cell.outputs) for cell in nbformat.read(out, as_version=4).cells] for out in outs
    ]


def test_a_second_notebook_of_one_process_is_forked_from_a_warm_one(two):
    assert [printed[0] for printed in two] == ["False True\n", "True True\n"]


def test_a_cell_is_taken_apart_once_each_time_that_it_runs(two):
    assert [printed[2:4] for printed in two] == [["1\n", "2\n"]] * 2


def test_a_kernel_knows_the_modules_that_were_there_before_its_first_cell(two):
    assert [printed[4] for printed in two] == ["False True\n"] * 2
