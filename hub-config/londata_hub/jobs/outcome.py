"""What a run left: its reports brought to their place, counted, and one sentence about them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from londata_hub.jobs.sandboxed import Left

#: The file by which a folder is known to be a report.
RECEIPT = "ro-crate-metadata.json"
#: What is read of the log's end to find the last words.
TAIL = 20_000


@dataclass(frozen=True)
class Outcome:
    """What a run made: how many reports are finished, how many are not, and why."""

    made: int = 0
    failed: int = 0
    problem: str = ""

    @property
    def summary(self) -> str:
        """One sentence."""
        made = "1 report was made" if self.made == 1 else f"{self.made} reports were made"
        if not self.failed:
            return f"{made}."
        return f"{made}, {self.failed} {'was' if self.failed == 1 else 'were'} not."


def begin_with(home: Path, before: Path | None) -> None:
    """Give another attempt what the one before it finished, so that only the rest is made again."""
    target = home / "reports"
    if before is not None and before.is_dir() and not target.exists():
        shutil.copytree(before, target, symlinks=True, ignore=shutil.ignore_patterns("*.failed", "*.stopped"))


def bring(home: Path, folder: Path) -> Path:
    """Bring what a run made to its place, as plain files, and remove its home.

    The run could put anything there: what is neither a folder nor a plain file is not kept, and no link is followed.

    Returns
    -------
    Path
        The folder of reports, which may be empty.
    """
    made, place = home / "reports", folder / "reports"
    if made.is_dir() and not made.is_symlink():
        _only_plain(made)
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
    place.mkdir(exist_ok=True)
    for rest in (home, folder / "accounts"):
        shutil.rmtree(rest, ignore_errors=True)
    return place


def _only_plain(folder: Path) -> None:
    for where, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(where, name)
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                path.unlink()


def read(reports: Path, left: Left, log: Path) -> Outcome:
    """Count what was made, and find out what went wrong.

    Parameters
    ----------
    reports
        The folder of reports.
    left
        How the run left.
    log
        What it said.
    """
    finished = [path.parent for path in reports.glob(f"*/{RECEIPT}")]
    failed = [path for path in reports.iterdir() if path.name.endswith((".failed", ".stopped"))]
    made = len([path for path in finished if path not in failed and not path.name.endswith(".batch")])
    problem = left.stopped
    if not problem and left.code:
        problem = _last_words(log) or f"It ended with exit code {left.code} and said nothing."
    elif not problem and not made:
        problem = "It ended well, but made no report."
    return Outcome(made, len(failed), problem)


def _last_words(log: Path) -> str:
    """Find the last paragraph that begins as londata's errors do, else the last line."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    said = [number for number, line in enumerate(lines) if line.startswith(("londata: ", "Error: "))]
    return " ".join(lines[said[-1] :])[:1000] if said else lines[-1][:500] if lines else ""
