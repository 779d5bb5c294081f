"""Runs the notebook of an insight once, in the sandbox of an app, and says how that went.

Use: ``python check.py SNAPSHOT WORK``, with what it may take in ``LONDATA_CHECK`` (JSON). It runs as a report runs: its
kernel writes only where it was told to, and is ended where it takes too much. Progress goes to standard output, how it
ended to the file ``said.json`` in the folder ``WORK``, beside the log of what was read.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from londata.errors import LondataError
from londata.insights.figures import figures
from londata.insights.looking import shown_secrets
from londata.kernels import processes
from londata.reports import child
from londata.reports.evidence import CellFailure
from londata.reports.job import Job
from londata.reports.journal import Journal
from londata.reports.lifeline import MOST_PROCESSES, Lifeline
from londata.reports.templates import Template

_LOOK_S = 0.05
_OUTSIDE = re.compile(r"(?:Read-only file system|Permission denied): '([^'\n]{1,200})'|wrote outside its folder: (.+)")
_MISSING = re.compile(r"No such file or directory: '([^'\n]{1,200})'")
_NETWORK = re.compile(r"name resolution|Name or service not known|Network is unreachable|NameResolutionError")
_NO_PROJECT = re.compile(r"(?s)(.* no project is chosen in this session.*) Choose it: londata\.use_project\((.+)\)\.")
_WORDS = {
    "it ended the report with sys.exit()": "A cell ends the notebook with sys.exit().",
    "it ended the report with exit()": "A cell ends the notebook with exit() or quit().",
}


class Insight(Template):
    """The snapshot of an insight, as something that a report's process can run."""

    @property
    def notebook(self) -> Path:
        """The notebook that runs."""
        return self.folder / "app.ipynb"


class Run(Job):
    """A run in the snapshot's own folder, as the app itself has it; the folder cannot be written to."""

    @property
    def scratch(self) -> Path:
        """The folder in which the notebook runs."""
        return Path(self.template)


def main(snapshot: Path, work: Path) -> int:
    """Run it; returns 0 whenever ``said.json`` says how it went."""
    processes.adopt_orphans()
    bounds = json.loads(os.environ.pop("LONDATA_CHECK"))
    private = Path(os.environ["TMPDIR"])
    insight = Insight(name="insight", folder=snapshot, title="-", purpose="-", owner="-", **bounds)
    for folder in (private, work / "report", work / "figures"):
        folder.mkdir(parents=True, exist_ok=True)
    run = Run(uuid.uuid4().urn, str(snapshot), "", str(work), str(work), str(private), "", {}, "")
    watch_processes(work)
    held, _ = os.pipe()  # nobody lets go of it: the run ends by itself, or with the sandbox
    lifeline, journal = Lifeline(os.fdopen(held), insight), Journal(run)
    said: dict[str, Any] = {"problem": "", "cell": None, "shown": []}
    begun = time.monotonic()

    def tell(event: dict[str, Any]) -> None:
        if "cell" in event:
            said["cell"] = event["cell"]
            sys.stdout.write(f"{event['cell']} {event['of']}\n")
            sys.stdout.flush()

    try:
        child.execute(run, insight, journal, lifeline, tell)
        shown = (*figures(journal.notebook), *shown_secrets(journal.notebook))
        said["shown"] = [each.to_dict() for each in shown]
        journal.close()
        said["cell"] = None
    except CellFailure as failure:
        said["problem"] = in_words(lifeline.reason or failure.message)
    except LondataError as error:
        said["problem"] = str(error)
    said["seconds"] = round(time.monotonic() - begun, 1)
    (work / "said.json").write_text(json.dumps(said), encoding="utf-8")
    for pid in processes.children(os.getpid()):
        processes.kill_tree(pid)
    return 0


def watch_processes(work: Path) -> None:
    """Have the whole sandbox end at once when it fills with processes: they fork faster than one can kill them.

    The sandbox ends with the process that runs the notebook. Outside of one nobody is counted.
    """
    if not Path("/proc/1/comm").read_text(encoding="utf-8").startswith("bwrap"):
        return
    runs = os.getpid()
    if os.fork():
        return
    try:
        while sum(name.isdigit() for name in os.listdir("/proc")) < MOST_PROCESSES:  # noqa: PTH208 - quick
            time.sleep(_LOOK_S)
        said = {"problem": f"It started more than {MOST_PROCESSES} processes.", "cell": None, "shown": []}
        (work / "said.json").write_text(json.dumps(said), encoding="utf-8")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(runs, signal.SIGKILL)
        os._exit(0)


def in_words(problem: str) -> str:
    """Say what went wrong as the author of an app needs to hear it."""
    if problem in _WORDS:
        return _WORDS[problem]
    if found := _OUTSIDE.search(problem):
        return f"It writes to {found[1] or found[2]}; an app keeps nothing, so let it hold results in memory."
    if found := _MISSING.search(problem):
        return f"It needs the file {found[1]}, which is not part of it: name it in files=[…], or read from the catalog."
    if _NETWORK.search(problem):
        return "It asks the network, and an app reaches nothing but the register: read with catalog.<dataset>.read()."
    if found := _NO_PROJECT.fullmatch(problem):
        return f"{found[1]} An insight is published for one: say project={found[2]} or --project when you publish it."
    if problem.startswith("The kernel died"):
        return "Its kernel ended before the notebook did: it was killed, or a cell ended it."
    return (
        f"It stops with an error: {problem}"
        if re.match(r"\w+(Error|Exception|Interrupt)\b", problem)
        else (problem[:1].upper() + problem[1:].rstrip(".") + ".")
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
