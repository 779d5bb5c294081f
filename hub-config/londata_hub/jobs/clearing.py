"""What runs left behind: of each schedule the newest are kept, and the others' folders are cleared away.

A report on the shelf is a copy, so no reader loses anything. The folder of a run whose reports are there is kept all
the same: its log says how they came about.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from londata.records.schedules import ENDED
from londata_hub.jobs.shelf import Shelf
from londata_hub.store.schedule_store import ScheduleStore

log = logging.getLogger(__name__)

#: So many runs of each schedule keep their folder: reports, what is left of those that failed, and log.
KEPT = 20


def clear(store: ScheduleStore, state: Path, schedule: str, *, kept: int = KEPT) -> list[str]:
    """Remove the folders of old runs of a schedule.

    Parameters
    ----------
    store
        The runs.
    state
        The hub's folder, with ``reports/`` and ``shelf/``.
    schedule
        Its id.
    kept
        How many of the newest runs keep theirs.

    Returns
    -------
    list of str
        The runs whose folders are gone: never one that waits, runs or has a report on the shelf.
    """
    folders = _folders(state / "reports" / schedule)  # listed first: what comes after this is nobody's to clear
    if len(folders) <= kept:
        return []
    shelf = Shelf(state / "shelf")
    shelved = {found.run for slug in shelf.slugs() if (found := shelf.find(slug)) is not None}
    newest = {run.id for run in store.runs(schedule, kept)}
    gone = []
    for folder in folders:
        run = store.run(folder.name)
        if run is None or run.schedule != schedule or run.state not in ENDED or run.id in newest | shelved:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        gone.append(run.id)
    if gone:
        log.info("The folders of %d old runs of %s were cleared away.", len(gone), schedule)
    return gone


def _folders(place: Path) -> list[Path]:
    try:
        return [Path(each) for each in os.scandir(place) if each.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
