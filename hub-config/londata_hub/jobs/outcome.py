"""What a run left: its reports brought to their place, counted, and one sentence about them."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from dataclasses import dataclass
from pathlib import Path

from londata.reports import summary
from londata.reports.evidence import KEPT
from londata.reports.progress import MARK
from londata_hub.jobs.sandboxed import Left

#: The file by which a folder is known to be a report.
RECEIPT = "ro-crate-metadata.json"
#: What is read of the log's end to find the last words.
TAIL = 20_000
#: Longest summary of a batch that is read, longest reason, most reasons, and most places that are named for one.
MOST_OF_A_SUMMARY, LONGEST_REASON, MOST_REASONS, MOST_NAMED = 5_000_000, 300, 5, 5
#: Folders of a run that is no finished report: it failed, was stopped, or was killed before it could say so.
_UNFINISHED = ("*.failed", "*.stopped", "*.running-*")
#: How the command begins what went wrong.
_COMPLAINT = "londata: "
#: By these words a batch says that reports of it failed.
_BATCH_FAILED = " reports failed: "


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
        shutil.copytree(before, target, symlinks=True, ignore=shutil.ignore_patterns(*_UNFINISHED))


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
    made = len([path for path in finished if path not in failed and not summary.is_summary(path)])
    problem = left.stopped
    if not problem and left.code:
        problem = _last_words(log)
        if _BATCH_FAILED in problem:  # it points at a summary that no reader of the hub can open
            problem = _reasons(reports) or problem
        problem = problem or f"It ended with exit code {left.code} and said nothing."
    elif not problem and not made:
        problem = "It ended well, but made no report."
    return Outcome(made, len(failed), problem)


def _last_words(log: Path) -> str:
    """Find the last paragraph that begins as londata's errors do, else the last line.

    Where the notebook is kept is left out: nobody can open that folder who reads this.
    """
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL))
        words = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    lines = [line for line in words if line and not line.startswith((MARK, KEPT))]
    said = [number for number, line in enumerate(lines) if line.startswith((_COMPLAINT, "Error: "))]
    if said:
        return _cut(" ".join(lines[said[-1] :]).removeprefix(_COMPLAINT), 1000)
    return _cut(lines[-1], 500) if lines else ""


def _reasons(reports: Path) -> str:
    """Say each distinct reason once, a line each, with the places that it hit; empty where no summary tells them.

    The run wrote the summary as its owner: it is taken for words, and for nothing else.
    """
    by_reason: dict[str, list[str]] = {}
    try:
        summaries = [each for each in reports.glob(f"*/{summary.DATA}") if summary.is_summary(each.parent)]
        newest = max(summaries, key=lambda path: path.stat().st_mtime)
        if newest.stat().st_size > MOST_OF_A_SUMMARY:
            return ""
        for each in json.loads(newest.read_bytes())["reports"]:
            if each["status"] == "failed" and (why := _cut(str(each["problem"]), LONGEST_REASON)):
                by_reason.setdefault(why, []).append(_cut(str(each["value"]), 80))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    lines = [f"{why} ({_named(places)})" for why, places in list(by_reason.items())[:MOST_REASONS]]
    if (more := len(by_reason) - len(lines)) > 0:
        lines.append(f"The log has {more:,} more {'reason' if more == 1 else 'reasons'}.")
    return "\n".join(lines)


def _named(places: list[str]) -> str:
    more = len(places) - MOST_NAMED
    return ", ".join(places[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _cut(text: str, longest: int) -> str:
    """Write a text on one line, cut where a word ends."""
    return textwrap.shorten(text, longest, placeholder=" …")
