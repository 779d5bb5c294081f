"""Where the summary of a batch is written: a folder that belongs to one batch at a time."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import os
import re
from pathlib import Path

from londata.reports.job import writing_to
from londata.reports.summary.account import Account
from londata.reports.summary.page import DATA

_NAME = re.compile(r".+\.batch(-[0-9]+)?")


def is_summary(folder: Path) -> bool:
    """Tell by its name whether a folder is the summary of a batch, and no report."""
    return _NAME.fullmatch(folder.name) is not None


class Place:
    """The folder of a summary, kept from every other batch until :meth:`release`, or until the process ends.

    It is that of the same batch from the same day, or one of its own where that belongs to other choices, or to a batch
    that is under way at this moment.

    Parameters
    ----------
    account, out, day
        What was asked for, into which folder, and when.
    """

    def __init__(self, account: Account, out: Path, day: dt.date) -> None:
        stem = f"{account.template}-{day.isoformat()}.batch"
        self._held = -1
        for name in itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2))):
            self.folder = out / name
            with writing_to(out):
                if self._take(account):
                    return

    def release(self) -> None:
        """Let others have it; what nothing was written to goes."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _take(self, account: Account) -> bool:
        with contextlib.suppress(FileExistsError):
            self.folder.mkdir()
        if not self.folder.is_dir() or (held := _hold(self.folder)) is None:
            return False
        if _is_free_for(account, self.folder):
            self._held = held
            return True
        if held >= 0:
            os.close(held)
        return False


def _hold(folder: Path) -> int | None:
    """Hold a folder; ``None`` while another batch does, -1 where the system cannot tell."""
    try:
        import fcntl
    except ImportError:
        return -1
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    except OSError:  # a file system without locks
        pass
    return held


def _is_free_for(account: Account, folder: Path) -> bool:
    """Whether there is no summary yet, or one of the same template, parameters and choices: it is written anew."""
    try:
        there = json.loads((folder / DATA).read_text(encoding="utf-8"))
        asked = (there["template"], there["each"], there["parameters"], {line["value"] for line in there["reports"]})
    except FileNotFoundError:
        return True
    except (OSError, ValueError, KeyError, TypeError):  # not ours, or broken: left as it is
        return False
    return asked == (account.template, account.each, dict(account.parameters), set(account.values))
