"""The check of a version: looked at, run once in the sandbox of an app, and told in findings.

What a version rests on is what the relay passed on while it ran. What its own kernel noted only adds detail to the
receipt, and a kernel that notes what it never asked for is not believed.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import threading
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import londata
from londata.client import unix_address
from londata.insights import LOOK, drafting, looking
from londata.records.publications import Finding, Publication, RestsOn, Version
from londata.reports.receipts import noted
from londata_hub import sandbox
from londata_hub.apps.passing import Acting
from londata_hub.apps.relay import Relay
from londata_hub.jobs import sandboxed
from londata_hub.publishing import receipt, releasing
from londata_hub.publishing.checked import Checked, Say
from londata_hub.publishing.snapshots import RECEIPT
from londata_hub.settings import REPOSITORY

CHECK = REPOSITORY / "hub-config" / "voila" / "check.py"
#: Of the installation, what a check may see beside the snapshot, as an app does.
PACKAGE = Path(londata.__file__).resolve().parent
USER = "app"
#: Seconds that a check lasts longer than the notebook may, and the most that is read of what it says at its end.
GRACE_S = 60
_MOST_SAID = 1_000_000
STOPPED = "The hub stopped while it was checked; publish it again."


@dataclass(frozen=True)
class Bounds:
    """What the notebook of an insight may take when it is checked."""

    seconds: float = 180
    memory_mb: float = 2_000
    output_mb: float = 20


@dataclass
class SandboxChecker:
    """Checks versions, one sandbox each; it is a :class:`londata_hub.publishing.checked.Checker`.

    Parameters
    ----------
    relay
        The way of a check to the hub's services.
    loop
        The event loop of the relay.
    isolated
        Whether this machine can make sandboxes.
    bounds
        What a notebook may take.
    """

    relay: Relay
    loop: asyncio.AbstractEventLoop
    isolated: bool
    bounds: Bounds = field(default_factory=Bounds)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def check(self, publication: Publication, version: Version, folder: Path, say: Say) -> Checked:
        """Check one version; in a thread of its own.

        Parameters
        ----------
        publication, version
            What is checked; the version knows its record and its files.
        folder
            Its snapshot; nothing is written to it.
        say
            Takes a sentence at every step.

        Returns
        -------
        Checked
            What was found. That a version fails its check is no error: it is a finding.
        """
        say("Looking at the notebook and its files.")
        looked = _look(version, folder)
        begun = receipt.now()
        name = version.publication, version.number
        self.relay.forget(*name)
        with tempfile.TemporaryDirectory(prefix="londata-check-") as place:
            room = _Room(Path(place), Path(tempfile.mkdtemp(prefix="londata-")), folder, self.isolated)
            try:
                self._wait_for(self.relay.listen(room.doors, Acting(*name)))
                said = self._perform(publication, room, say)
            finally:
                self._wait_for(self.relay.leave(room.doors))
                shutil.rmtree(room.doors, ignore_errors=True)
            say("Writing the receipt.")
            ran = _Ran(begun, room.home / "check", folder, looked, said, self.relay.seen(*name))
            return _put_together(publication, version, ran)

    def stop(self) -> None:
        """End what is being checked; a version that was not checked to its end stays as it is."""
        self._stopping.set()

    def _wait_for(self, asked: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(asked, self.loop).result(30)

    def _perform(self, publication: Publication, room: _Room, say: Say) -> dict[str, Any]:
        room.make()
        progress = _Progress(room.log, say)

        def why_not() -> str:
            progress.look()
            return STOPPED if self._stopping.is_set() else ""

        memory = int(self.bounds.memory_mb * 4e6) + 4 * 10**9  # of one process; together they are weighed inside
        limits = sandboxed.Limits(self.bounds.seconds + GRACE_S, memory)
        command = [sys.executable, "-P", str(CHECK), str(room.snapshot), str(room.inside / "check")]
        say("Running the notebook from top to bottom.")
        left = sandboxed.perform(room, command, room.surroundings(publication, self.bounds), limits, why_not)
        said = _said(room.home / "check" / "said.json") or {
            "problem": left.stopped or "It was ended before it could say how it went, perhaps for want of memory."
        }
        return said | ({"cell": said.get("cell") or progress.cell} if said["problem"] else {})


@dataclass(frozen=True)
class _Room(sandboxed.Place):
    """The room of one check: as an app's, with its own doors."""

    snapshot: Path = Path()

    def __init__(self, folder: Path, doors: Path, snapshot: Path, isolated: bool) -> None:
        super().__init__(folder=folder, user=USER, doors=doors, isolated=isolated)
        object.__setattr__(self, "snapshot", snapshot)

    @property
    def inside(self) -> Path:
        """The home as the check knows it."""
        return sandbox.HOMES / USER if self.isolated else self.home

    def command_line(self, command: Any) -> list[str]:
        """Put a command into the sandbox of an app: no code of the hub is in it but the entrance."""
        if not self.isolated:
            return list(command)
        shown = sandbox.outside_usr((CHECK.parent, PACKAGE, self.snapshot))
        accounts = sandbox.write_accounts(self.folder / "accounts", self.user)
        read_only = (*sandbox.interpreter(), *shown)
        return sandbox.Sandbox(self.user, self.home, self.doors, accounts, read_only).command_line(command)

    def surroundings(self, publication: Publication, bounds: Bounds) -> dict[str, str]:
        """Build the whole environment. No token of the hub is in it: the doors need none."""
        doors = sandbox.DOORS if self.isolated else self.doors
        private = Path("/tmp/check") if self.isolated else self.doors / "tmp"  # noqa: S108 - the sandbox's own
        work = self.inside / "check"
        taken = {
            "max_run_s": bounds.seconds,
            "max_memory_mb": bounds.memory_mb,
            "max_output_mb": bounds.output_mb,
        }
        return {
            "HOME": str(self.inside),
            "USER": USER,
            "LANG": "C.UTF-8",
            "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "JUPYTER_PATH": str(LOOK),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "JUPYTER_RUNTIME_DIR": str(private),
            "IPYTHONDIR": str(private / "ipython"),
            "MPLCONFIGDIR": str(private / "matplotlib"),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "TMPDIR": str(private),
            "LONDATA_CHECK": json.dumps(taken),
            "LONDATA_READ_LOG": str(work / "reads.jsonl"),
            "LONDATA_OUTPUT_TABLES": str(work / "figures"),
            "LONDATA_REGISTER": unix_address(doors / "register.sock", "/services/register"),
            "LONDATA_GATEWAY": unix_address(doors / "gateway.sock", "/services/gateway"),
            "LONDATA_INSIGHTS": unix_address(doors / "insights.sock", "/services/insights"),
            "LONDATA_PROJECT": publication.project or "",
            "LONDATA_TOKEN": "none-needed-at-this-door",
        }


@dataclass(frozen=True)
class _Ran:
    """A run that is over, with all that is known of it."""

    begun: str
    work: Path
    snapshot: Path
    looked: tuple[Finding, ...]
    said: dict[str, Any]
    rests_on: tuple[RestsOn, ...]


class _Progress:
    """Reads which cell a check has come to; its cells may write there, too, so only numbers count."""

    def __init__(self, log: Path, say: Say) -> None:
        self._log, self._say, self._read = log, say, 0
        self.cell: int | None = None

    def look(self) -> None:
        """Tell of a new cell."""
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._read)
            some = log.read(65_536)
        whole = some.rpartition(b"\n")[0]
        self._read += len(whole) + 1 if whole else 0
        for line in reversed(whole.split(b"\n")):
            cell, _, of = line.partition(b" ")
            if cell.isdigit() and of.isdigit() and len(line) < 12:
                if int(cell) != self.cell:
                    self.cell = int(cell)
                    self._say(f"Running cell {int(cell)} of {int(of)}.")
                return


def _look(version: Version, snapshot: Path) -> tuple[Finding, ...]:
    """Look at the snapshot as it lies there."""
    notebook = json.loads((snapshot / "app.ipynb").read_bytes())
    files = {name: (snapshot / name).read_bytes() for name in version.files if name not in ("app.ipynb", "app.yaml")}
    return (*looking.look(notebook, files), *looking.missing(version.record))


def _said(path: Path) -> dict[str, Any]:
    """Read how a run says that it ended; what does not look like that is not believed."""
    try:
        with receipt.plainly_opened(path) as file:
            content = file.read(_MOST_SAID + 1)
        said = json.loads(content) if len(content) <= _MOST_SAID else None
        if not isinstance(said, dict) or not isinstance(said["problem"], str):
            return {}
        found = tuple(Finding.model_validate(each) for each in said.get("shown") or ())
        cell = said.get("cell")
        return said | {"shown": found, "cell": cell if isinstance(cell, int) and cell > 0 else None}
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ValidationError):
        return {}


def _put_together(publication: Publication, version: Version, ran: _Ran) -> Checked:
    """Say what a run showed."""
    log = ran.work / "reads.jsonl"
    around, asked = noted.around(log), noted.asked(log)
    problem = str(ran.said["problem"])[:900]
    shown: tuple[Finding, ...] = ran.said.get("shown", ())
    looked = [each for each in ran.looked if each.weight != "fine" or each.check not in {one.check for one in shown}]
    findings = [_how_it_ran(ran.said, problem), *looked, *shown]
    if not problem:
        findings += [*_around(around, version), *_rests(ran.rests_on, asked)]
    made, hashed = receipt.write(publication, version, receipt.Run(ran.begun, problem, ran.snapshot, log, ran.rests_on))
    left = releasing.gather(ran.work / "figures", publication.thresholds, _strictest(ran.rests_on))
    files = {RECEIPT: json.dumps(made, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace"), **left.files}
    return Checked((*findings, *left.findings), ran.rests_on, left.tables, files, hashed)


def _strictest(rests_on: tuple[RestsOn, ...]) -> str:
    found = {each.access for each in rests_on}
    return next((each for each in ("closed", "shared") if each in found), "open")


def _how_it_ran(said: Mapping[str, Any], problem: str) -> Finding:
    if problem:
        return Finding(check="runs", weight="must", sentence=problem, cell=said.get("cell"))
    seconds = said.get("seconds")
    took = f", in {seconds:g} seconds" if isinstance(seconds, (int, float)) else ""
    return Finding(check="runs", weight="fine", sentence=f"It runs from top to bottom{took}.")


def _around(around: list[dict[str, Any]], version: Version) -> Iterator[Finding]:
    """Tell of what was read around the register: files of its own may be, if they are said."""
    for each in around[:20]:
        what, how = str(each["what"])[:300], str(each["how"])[:100]
        own = next((name for name in version.files if what.endswith(f"/{name}")), "")
        if own:
            said = f"It reads its own file {own}, which the register does not know: say in “limits” where that is from."
            yield Finding(check="register", weight="should", sentence=said)
        else:
            said = f"It reads around the register: {what} ({how}). Read it with catalog.<dataset>.read()."
            yield Finding(check="register", weight="should" if "program" in how else "must", sentence=said)
    if len(around) > 20:
        said = f"It reads around the register {len(around) - 20} more times."
        yield Finding(check="register", weight="should", sentence=said)


def _rests(rests_on: tuple[RestsOn, ...], asked: bool) -> Iterator[Finding]:
    names = list(dict.fromkeys(each.entry for each in rests_on))
    if names:
        yield Finding(check="register", weight="fine", sentence=f"It rests on {', '.join(names)[:900]}.")
    else:
        yield Finding(check="register", weight="must", sentence=drafting.rests_on_nothing(asked))
