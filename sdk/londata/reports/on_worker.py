"""What a worker of a Dask cluster does for a batch: make one report at a time, as it would be made at home.

Each batch has a runner of its own here, which ends with the batch; where that can no longer say so, because whoever
ran it is gone, the runner ends by itself once nothing was asked of it for a while.
"""

from __future__ import annotations

import io
import json
import platform
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from londata import __version__, settings
from londata.reports import templates
from londata.reports.job import Job
from londata.reports.running import Runner

#: Seconds after which a runner that nobody used any more ends.
IDLE_S = 120.0
_runners: dict[str, _Kept] = {}
_lock = threading.Lock()


class _Kept:
    """A runner, how many reports it is making, and the clock that ends it."""

    def __init__(self) -> None:
        self.runner = Runner()
        self.runner.__enter__()
        self.busy = 0
        self.clock: threading.Timer | None = None


def about() -> dict[str, str]:
    """Say what must be the same on every worker, so that a report comes out the same wherever it is made."""
    return {
        "londata": __version__,
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "LONDATA_REGISTER": settings.get("REGISTER"),
        "LONDATA_CATALOGS": settings.get("CATALOGS"),
    }


def make(batch: str, value: str, line: str, files: dict[str, bytes], template: str) -> tuple[dict[str, Any], bytes]:
    """Make one report.

    Parameters
    ----------
    batch
        Which batch it belongs to.
    value
        What it is made for, to tell which cell it is at.
    line
        The job, as it was prepared at home.
    files
        The template's files.
    template
        The template's name.

    Returns
    -------
    tuple
        How it ended, as plain values, and its folder as a zip archive; empty where there is none.
    """
    place = Path(tempfile.mkdtemp(prefix="londata-report-", dir=_worker().local_directory))
    try:
        folder = place / template
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        job = _at_home_here(Job.from_line(line), place, folder)
        with _runner_of(batch) as runner:
            ended = runner.run(job, templates.load(folder), lambda event: _tell(batch, value, event))
        said = {name: getattr(ended, name) for name in ("status", "problem", "where", "hint", "seconds")}
        return said, _packed(ended.folder) if ended.folder else b""
    finally:
        shutil.rmtree(place, ignore_errors=True)


def stop(batch: str) -> None:
    """Let go of everything that runs for a batch, and begin nothing more of it."""
    with _lock:
        kept = _kept(batch)
    kept.runner.stop()


def end(batch: str) -> None:
    """End what is kept for a batch."""
    with _lock:
        kept = _runners.pop(batch, None)
        if kept and kept.clock:
            kept.clock.cancel()
    if kept:
        kept.runner.__exit__(None, None, None)


def _kept(batch: str) -> _Kept:
    """Find what is kept for a batch, or begin it; the lock is held."""
    if batch not in _runners:
        _runners[batch] = _Kept()
    return _runners[batch]


@contextmanager
def _runner_of(batch: str) -> Iterator[Runner]:
    with _lock:
        kept = _kept(batch)
        kept.busy += 1
        if kept.clock:
            kept.clock.cancel()
    try:
        yield kept.runner
    finally:
        with _lock:
            kept.busy -= 1
            if not kept.busy:
                kept.clock = threading.Timer(IDLE_S, end, [batch])
                kept.clock.daemon = True
                kept.clock.start()


def _at_home_here(job: Job, place: Path, template: Path) -> Job:
    """Give a job folders on this machine."""
    here = replace(
        job,
        template=str(template),
        out=str(place),
        work=str(place / "work"),
        private=tempfile.mkdtemp(prefix="londata-"),
    )
    for folder in (here.report, here.scratch, here.figure_data):
        folder.mkdir(parents=True)
    here.pins_file.write_text(json.dumps(here.pins), encoding="utf-8")
    return here


def _packed(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()):
            archive.write(path, path.relative_to(folder).as_posix())
    return packed.getvalue()


def _tell(batch: str, value: str, event: dict[str, Any]) -> None:
    with suppress(ValueError):  # the worker is being closed
        _worker().log_event(batch, {"value": value, "cell": event["cell"], "of": event["of"]})


def _worker() -> Any:
    from distributed import get_worker

    return get_worker()
