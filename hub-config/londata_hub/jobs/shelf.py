"""The shelf: finished reports as the hub keeps and serves them, apart from the folders in which they were made.

``<shelf>/<slug>/<version>/`` holds the files of one report, a label beside them, and ``<shelf>/<slug>/current`` names
the version that is shown. A run made the files as its owner, so nothing about them is believed: only regular files
with plain names and known endings are copied, links are not followed, and a name leads to nothing but what was copied.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from londata.errors import EntryNotFoundError, ReportError
from londata.records import Insight, entry_from_dict
from londata.records.identifiers import MAX_SLUG, SLUG
from londata.reports.job import DATA, NOTEBOOK, PAGE, PDF, RECEIPT

#: ending → media type: what a report may consist of.
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".ipynb": "application/x-ipynb+json",
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}
FILES = (PAGE, NOTEBOOK, PDF, RECEIPT)
#: What says of the tables in the folder of data what their columns mean.
ABOUT_DATA = "csv-metadata.json"
LABEL, CURRENT = "label", "current"
#: In the place of a report that was withdrawn: the moment that its run stood for.
WITHDRAWN = "withdrawn"
#: A plain name of a file of data, and what versions are called.
_DATA_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,180}(\.[A-Za-z0-9_-]{1,60})*\.(csv|parquet)\Z")
_VERSION = re.compile(r"[0-9a-f]{16}\Z")
#: Most files of one report, and bytes of one of them and of all.
MOST_FILES, LARGEST, MOST_BYTES = 500, 500_000_000, 2_000_000_000
_PIECE = 1 << 20


@dataclass(frozen=True)
class Shelved:
    """One report on the shelf: the entry as it was when it got there, and where it came from.

    ``made_at`` is the moment that its run stood for, ``place`` the choice of which it is (a borough), ``files`` name →
    SHA-256.
    """

    entry: Insight
    version: str
    run: str
    schedule: str
    made_at: str
    place: str
    files: dict[str, str]

    @property
    def slug(self) -> str:
        """The slug of its entry."""
        return self.entry.id

    def told(self) -> dict[str, object]:
        """Write it for those who may open it."""
        entry = self.entry
        return {
            "id": entry.id,
            "title": entry.title,
            "series": entry.series,
            "schedule": self.schedule,
            "run": self.run,
            "place": self.place,
            "made_at": self.made_at,
            "access": entry.access,
            "owner": entry.owner,
            "address": entry.address,
            "files": sorted(self.files),
        }


class Shelf:
    """The reports that the hub serves.

    Parameters
    ----------
    folder
        Where they are; no sandbox sees it. It is made when the first report comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def slugs(self) -> list[str]:
        """Name the reports that are there."""
        try:
            return sorted(each.name for each in os.scandir(self.folder) if _is_slug(each.name))
        except FileNotFoundError:
            return []

    def find(self, slug: str) -> Shelved | None:
        """Find the version of a report that is shown."""
        if not _is_slug(slug):
            return None
        try:
            version = (self.folder / slug / CURRENT).read_text(encoding="ascii").strip()
            if not _VERSION.match(version):
                return None
            label = json.loads((self.folder / slug / version / LABEL).read_text(encoding="utf-8"))
            entry = entry_from_dict(label.pop("entry"))
        except (FileNotFoundError, ValueError, KeyError):  # it is being replaced, or is none
            return None
        if not isinstance(entry, Insight) or entry.id != slug:
            return None
        return Shelved(entry=entry, version=version, **label)

    def open(self, report: Shelved, name: str) -> IO[bytes]:
        """Open a file of a report: one that its label names, below its folder, and no link to anything.

        Parameters
        ----------
        report
            As :meth:`find` gave it.
        name
            ``report.html``, ``data/residents.csv``.

        Raises
        ------
        EntryNotFoundError
            It has no such file.
        """
        if name not in report.files or not is_file_name(name):
            raise _no_file(name)
        place = self.folder / report.slug / report.version
        try:
            return os.fdopen(open_beneath(place, name), "rb")
        except OSError as error:
            raise _no_file(name) from error

    def put(self, entry: Insight, source: Path, **about: str) -> Shelved:
        """Copy a report to the shelf without showing it yet; :meth:`show` does.

        Parameters
        ----------
        entry
            Its entry, with who may open it.
        source
            The folder that the run left.
        about
            ``run``, ``schedule``, ``made_at`` and ``place``.

        Raises
        ------
        ReportError
            The folder holds something that no report consists of.
        """
        version = secrets.token_hex(8)
        place = self.folder / entry.id / version
        place.mkdir(parents=True, mode=0o700)
        try:
            files, total = {}, 0
            for name in _names(source):
                files[name], size = _copy(source, name, place)
                if (total := total + size) > MOST_BYTES:
                    raise ReportError(f"The report has more than {MOST_BYTES:,} bytes.", hint="Leave some data out.")
            label = {"entry": entry.to_dict(), "files": files, **about}
            (place / LABEL).write_text(json.dumps(label), encoding="utf-8")
        except BaseException:
            _remove(place)
            raise
        return Shelved(entry=entry, version=version, files=files, **about)

    def show(self, report: Shelved) -> None:
        """Show this version from now on, and remove the others."""
        folder = self.folder / report.slug
        draft = folder / f".{report.version}"
        draft.write_text(report.version, encoding="ascii")
        draft.replace(folder / CURRENT)
        (folder / WITHDRAWN).unlink(missing_ok=True)
        for each in folder.iterdir():
            if each.is_dir() and each.name != report.version:
                shutil.rmtree(each, ignore_errors=True)

    def withdraw(self, report: Shelved) -> None:
        """Show a report no more and remove its files; what stays is until which moment there is to be none of it."""
        folder = self.folder / report.slug
        (folder / WITHDRAWN).write_text(report.made_at, encoding="ascii")
        (folder / CURRENT).unlink(missing_ok=True)
        _remove(folder / report.version)

    def withdrawn_until(self, slug: str) -> str:
        """Tell the moment that a withdrawn report's run stood for; empty where none was withdrawn."""
        try:
            return (self.folder / slug / WITHDRAWN).read_text(encoding="ascii")
        except FileNotFoundError:
            return ""

    def drop(self, report: Shelved) -> None:
        """Remove a version that is not shown."""
        _remove(self.folder / report.slug / report.version)


def is_file_name(name: str) -> bool:
    """Tell whether a report may have a file of this name."""
    folder, _, last = name.rpartition("/")
    if not folder:
        return name in FILES
    return folder == DATA and (last == ABOUT_DATA or _DATA_NAME.match(last) is not None)


def media_type(name: str) -> str:
    """Tell what a file of a report is."""
    return KINDS["." + name.rpartition(".")[2]]


def _remove(version: Path) -> None:
    shutil.rmtree(version, ignore_errors=True)
    with contextlib.suppress(OSError):
        version.parent.rmdir()  # only when nothing else is there


def _is_slug(text: str) -> bool:
    return len(text) <= MAX_SLUG and SLUG.match(text) is not None


def _no_file(name: str) -> EntryNotFoundError:
    return EntryNotFoundError(f"The report has no file {name[:80]!r}.", hint="Open the report itself.")


def _names(source: Path) -> Iterator[str]:
    """List the files of a report, the page and the receipt among them."""
    top = {each.name for each in os.scandir(source)}
    if missing := [name for name in (PAGE, RECEIPT) if name not in top]:
        raise ReportError(f"The report has no {missing[0]}, so it is not put on the shelf.")
    if DATA in top and stat.S_ISLNK((source / DATA).lstat().st_mode):
        raise ReportError(f"The report's folder {DATA} is a link.")
    data = sorted(each.name for each in os.scandir(source / DATA)) if DATA in top else []
    names = [*(name for name in FILES if name in top), *(f"{DATA}/{name}" for name in data)]
    if len(names) > MOST_FILES:
        raise ReportError(f"The report has more than {MOST_FILES} files.", hint="Leave some data out.")
    for name in names:
        if not is_file_name(name):
            raise ReportError(f"The report has a file that no report has: {name[:80]!r}.")
        yield name


def _copy(source: Path, name: str, place: Path) -> tuple[str, int]:
    """Copy one regular file and hash what was copied."""
    target = place / name
    target.parent.mkdir(mode=0o700, exist_ok=True)
    total, size = hashlib.sha256(), 0
    try:
        handle = open_beneath(source, name)
    except OSError as error:
        raise ReportError(f"The report's file {name} cannot be read, or is a link.") from error
    with os.fdopen(handle, "rb") as taken, target.open("xb") as kept:
        while piece := taken.read(_PIECE):
            if (size := size + len(piece)) > LARGEST:
                raise ReportError(f"The report's file {name} has more than {LARGEST:,} bytes.")
            total.update(piece)
            kept.write(piece)
    return total.hexdigest(), size


def open_beneath(folder: Path, name: str) -> int:
    """Open a regular file below a folder; neither it nor what leads to it may be a link.

    Raises
    ------
    OSError
        It is not there, or no regular file.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    at = os.open(folder, flags | os.O_DIRECTORY)
    try:
        *folders, last = name.split("/")
        for each in folders:
            below = os.open(each, flags | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        handle = os.open(last, flags | os.O_NONBLOCK, dir_fd=at)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError("is no regular file")
    return handle
