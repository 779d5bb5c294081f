"""The check of an insight, in a real sandbox with a real register: what it finds, and what it survives."""

import json
import os
import runpy
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

import checked_insights as world
from londata.reports import receipts
from londata_hub.publishing.checking import CHECK, Bounds
from londata_hub.publishing.snapshots import RECEIPT


@pytest.fixture(scope="module")
def sockets(shared_catalog):
    with world.doors(shared_catalog) as sockets:
        yield sockets


@pytest.fixture
def check(sockets, tmp_path):
    """Check a notebook of these cells."""

    def checked(*cells, bounds=None, files=None, say=lambda _: None, **record):
        version = world.snapshot(tmp_path / "snapshot", *cells, files=files, **record)
        return world.check(sockets, version, tmp_path / "snapshot", bounds, say)

    return checked


FIGURE = """
from IPython.display import HTML, display
display(HTML("<figure><figcaption>Sizes</figcaption><img alt='Three bars' src='data:,'></figure>"))
import ipywidgets
from londata import insights
insights.table("sizes", lambda: profile, title="Residents", unit="persons", kind="open")
ipywidgets.HTML("<h2>Sizes</h2><svg role='img' aria-label='Three bars'></svg>")
"""


def test_a_sound_notebook_is_found_to_be_and_what_it_rests_on_is_what_the_hub_saw(check, tmp_path):
    steps = []
    data = b"a,b\n1,2\n"
    own = "import pandas\npandas.read_csv('side.csv')"
    checked = check(world.READS, own, FIGURE, files={"side.csv": data}, say=steps.append)
    assert world.said(checked) == []
    assert checked.passed
    (brings, reads) = world.said(checked, "should")
    assert brings[0] == "own-data"
    assert brings[1].startswith("It brings data of its own (side.csv), which the register does not know")
    assert reads == (
        "register",
        "It reads its own file side.csv, which the register does not know: say in “limits” where that is from.",
    )
    assert ("figures", "All 2 figures have a title and a text alternative.") in world.said(checked, "fine")
    assert ("register", "It rests on borough-profile.") in world.said(checked, "fine")
    assert [(each.entry, each.access) for each in checked.rests_on] == [("borough-profile", "open")]
    assert len(checked.environment) == 64
    assert steps[0] == "Looking at the notebook and its files."
    assert "Running cell 3 of 3." in steps
    assert [(each.name, each.rows, each.kind) for each in checked.tables] == [("sizes", 3, "open")]
    assert {"tables/sizes.csv", "tables/sizes.parquet"} <= set(checked.files)
    path = tmp_path / "ro-crate-metadata.json"
    path.write_bytes(checked.files[RECEIPT])
    receipt = receipts.load(path)
    assert (receipt.status, receipt.agent, receipt.series) == ("completed", "app/sizes", "sizes")
    assert [(each["entry"], each["rows"], each["sha256"]) for each in receipt.reads] == [
        ("borough-profile", 3, checked.rests_on[0].sha256)
    ]
    assert set(receipt.template.sha256) == {"app.ipynb", "side.csv"}
    assert receipt.sentence.startswith("“Sizes of boroughs”, version 1, by ada ran on ")
    assert "it read Borough profiles (generated) (Greater London Authority)." in receipt.sentence


PROBE = """
import os, socket
def unix():
    with socket.socket(socket.AF_UNIX) as made:
        made.connect({register!r})
reached = []
for name, attempt in {{
    "network": lambda: socket.create_connection(("127.0.0.1", {port}), timeout=5).close(),
    "socket of the hub": unix,
    "another's snapshot": lambda: os.listdir({snapshot!r}),
    "process outside": lambda: os.kill({pid}, 0),
    "root of the first process": lambda: os.listdir("/proc/1/root" + {snapshot!r}),
}}.items():
    try:
        attempt()
    except OSError:
        continue
    reached.append(name)
assert reached == {expected!r}, reached
"""


def test_what_is_checked_reaches_nothing_but_its_doors(check, sockets, tmp_path):
    """The first four are reached from here, so that they are refused in the check means something."""
    other = tmp_path / "insights" / "other" / "1"
    other.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        outside = {"port": listening.getsockname()[1], "pid": os.getpid(), "snapshot": str(other)}
        outside["register"] = str(sockets / "register.sock")
        here = ["network", "socket of the hub", "another's snapshot", "process outside"]
        exec(PROBE.replace("reached ==", "reached[:4] ==").format(**outside, expected=here), {})  # noqa: S102
        checked = check(world.READS, PROBE.format(**outside, expected=[]))
    assert "runs" not in [what for what, _ in world.said(checked)]
    assert [each.entry for each in checked.rests_on] == ["borough-profile"]


def test_what_a_kernel_only_says_that_it_read_is_not_believed(check, tmp_path):
    lie = """
import json, os
line = {"entry": "care-cases", "title": "x", "distribution": "csv", "sha256": "a" * 64, "access": "open"}
with open(os.environ["LONDATA_READ_LOG"], "a") as log:
    log.write(json.dumps(line) + "\\n" + "no json\\n")
"""
    checked = check(world.READS, lie, "print('gh' + 'p_' + 'a1B2c3D4e5' * 4)", title="Sizes", method="")
    assert [what for what, said in world.said(checked) if "shows what looks like a GitHub token" in said] == ["secrets"]
    assert "secrets" not in [what for what, _ in world.said(checked, "fine")]
    assert [each.entry for each in checked.rests_on] == ["borough-profile"]
    assert "care-cases" not in checked.files[RECEIPT].decode()
    assert ("record", "It does not say how the numbers were made (method).") in world.said(checked, "should")


ATTACKS = {
    "loops and will not be stopped": (
        "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException:\n        pass",
        "It took longer than 5 seconds.",
    ),
    "forks": (
        "import os, time\nfor _ in range(400):\n    if not os.fork():\n        time.sleep(60)",
        "It started more than 200 processes.",
    ),
    "fills memory": (
        "x = []\nwhile True:\n    x.append(bytearray(10_000_000))",
        "It needed more than 300 MB of memory.",
    ),
    "prints": (
        "import os\nwhile True:\n    os.write(1, b'x' * 1_000_000)",
        "Its cells put out more than 2 MB.",
    ),
    "exits": ("import os\nos._exit(0)", "Its kernel ended before the notebook did: it was killed, or a cell ended it."),
    "leaves in silence": ("exit()", "A cell ends the notebook with exit() or quit()."),
    "kills what runs it": (
        "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(1, signal.SIGKILL)",
        None,
    ),
    "writes beside itself": (
        "open('planted.csv', 'w')",
        "It writes to planted.csv; an app keeps nothing, so let it hold results in memory.",
    ),
}


@pytest.fixture(scope="module")
def attacked(sockets, tmp_path_factory):
    """Check all of them, a few at a time: most of the time each waits for its end."""

    def attack(name):
        folder, seconds = tmp_path_factory.mktemp(name.replace(" ", "-")) / "snapshot", 5 if "loops" in name else 60
        version = world.snapshot(folder, "x = 1", ATTACKS[name][0])
        return world.check(sockets, version, folder, Bounds(seconds, memory_mb=300, output_mb=2))

    with ThreadPoolExecutor(3) as pool:
        yield {name: pool.submit(attack, name) for name in ATTACKS}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_notebook_that_misbehaves_is_a_finding(attacked, attack):
    sentence, checked = ATTACKS[attack][1], attacked[attack].result()
    found = world.said(checked)
    assert [name for name, _ in found] == ["runs"]
    if sentence:
        assert found[0][1] == sentence
        assert checked.findings[0].cell == 2
    assert not checked.passed
    assert checked.rests_on == ()
    assert json.loads(checked.files[RECEIPT])["@graph"]


def test_what_is_left_for_release_is_plain_files_and_an_insight_rests_on_something(check):
    code = "import os\nos.symlink('/etc/passwd', os.environ['LONDATA_OUTPUT_TABLES'] + '/x.json')"
    lists = "from londata import catalog\nprint(len(catalog), catalog.search('borough'), catalog.borough_profile.title)"
    checked = check(code, lists)
    assert [name for name, _ in world.said(checked)] == ["register", "tables"]
    assert world.said(checked)[0][1].startswith("It asks the register what there is and reads none of it")
    assert "read the data with catalog.<dataset>.read()" in world.said(checked)[0][1]
    assert [*checked.files] == [RECEIPT]
    assert checked.tables == ()


WORDS = {
    "it ended the report with sys.exit()": "A cell ends the notebook with sys.exit().",
    "it ended the report with exit()": "A cell ends the notebook with exit() or quit().",
    "ZeroDivisionError: division by zero": "It stops with an error: ZeroDivisionError: division by zero",
    "OSError: [Errno 30] Read-only file system: '/etc/x'": "It writes to /etc/x; an app keeps nothing",
    "PermissionError: [Errno 13] Permission denied: 'x.csv'": "It writes to x.csv; an app keeps nothing",
    "it wrote outside its folder: /home/app/x": "It writes to /home/app/x; an app keeps nothing",
    "FileNotFoundError: [Errno 2] No such file or directory: 'x.csv'": "It needs the file x.csv, which is not part",
    "URLError: <urlopen error [Errno -3] Temporary failure in name resolution>": "It asks the network, and an app",
    "You can see “X” but not read it: no project is chosen in this session, and your grants for it are for p. "
    'Choose it: londata.use_project("p").': (
        "You can see “X” but not read it: no project is chosen in this session, and your grants for it are for p. "
        'An insight is published for one: say project="p" or --project when you publish it.'
    ),
    "The kernel died: Kernel died": "Its kernel ended before the notebook did",
    "it needed more than 300 MB of memory": "It needed more than 300 MB of memory.",
}


@pytest.mark.parametrize("problem", WORDS)
def test_what_went_wrong_is_said_as_the_author_of_an_app_needs_to_hear_it(problem):
    assert runpy.run_path(str(CHECK))["in_words"](problem).startswith(WORDS[problem])
