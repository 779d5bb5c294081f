"""Reads that go around the register, noticed in the kernel of a report.

Nobody is stopped from opening a file of their own: analysts must be able to. But what a figure rests on must be told,
so a data file opened, an address fetched or a program started by anything other than the register's own reading is
noted in the read log, and the receipt says so. It is a help for honest code and no lock: what it cannot see is in
``docs/receipts.md``.
"""

from __future__ import annotations

import sys

from londata import settings
from londata.around.openers import wrap_openers
from londata.around.watching import Watch

_watches: list[Watch] = []


def start() -> bool:
    """Watch this process from now to its end, if it has a read log. Doing so twice is once.

    Returns
    -------
    bool
        Whether this process is watched.
    """
    if not _watches:
        log = settings.get("READ_LOG")
        if not log:
            return False
        watch = Watch(log)
        _watches.append(watch)
        sys.addaudithook(watch.heard)
        wrap_openers(watch)
    return True
