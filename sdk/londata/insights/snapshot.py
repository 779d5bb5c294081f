"""What is taken when an insight is published: a copy of the notebook without its outputs, and the files that it names.

Nothing else of the author's folder goes along, and nothing that lies outside it: no link is followed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from londata.errors import UsageError
from londata.insights import looking, notebooks
from londata.insights.calling import list_of
from londata.records.publications import Finding

NOTEBOOK = "app.ipynb"
#: The most that goes along, in files and in bytes of all together.
MOST_FILES, MOST_BYTES = 200, 40_000_000
_HINT = "Name files in the folder of the notebook, or below it."


@dataclass(frozen=True)
class Snapshot:
    """A snapshot: its files with their content, and what was found when they were looked at.

    Parameters
    ----------
    files
        Name → content.
    findings
        What was looked at.
    """

    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]

    @property
    def sha256(self) -> dict[str, str]:
        """Name → SHA-256."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()}

    @property
    def in_the_way(self) -> list[Finding]:
        """What must be mended before it leaves this machine."""
        return [each for each in self.findings if each.weight == "must"]


def take(notebook: str | Path, title: str, files: Iterable[str | Path] = ()) -> Snapshot:
    """Take a snapshot.

    Parameters
    ----------
    notebook
        The notebook; it is not changed.
    title
        What its page is called.
    files
        Files and folders that go along, by their paths from the notebook's folder.

    Returns
    -------
    Snapshot
        The files as they are now.

    Raises
    ------
    UsageError
        There is no such notebook or file, a file is not the folder's own, or it is too much.
    """
    path = Path(notebook)
    content = notebooks.read(path)
    along = _declared(path.resolve().parent, files)
    written: str = notebooks.library("nbformat").writes(notebooks.stripped(content, title))
    taken = {NOTEBOOK: written.encode(), **along}
    if len(taken) > MOST_FILES or sum(map(len, taken.values())) > MOST_BYTES:
        raise UsageError(
            f"An insight has at most {MOST_FILES} files and {MOST_BYTES // 10**6} MB; this one has {len(taken)} and "
            f"{sum(map(len, taken.values())) / 1e6:,.0f}.",
            hint="Read data from the catalog instead of bringing it along.",
        )
    return Snapshot(taken, tuple(looking.look(content, along)))


def _declared(folder: Path, files: Iterable[str | Path]) -> dict[str, bytes]:
    """Read the files that go along, by name from the folder; whole folders by what is in them."""
    if isinstance(files, (str, Path)):
        raise UsageError(f"files takes a list, not {str(files)!r}.", hint=f'Write files=["{files}"].')
    found: dict[str, bytes] = {}
    for each in list_of("files", files, (str, os.PathLike), '["wards.csv"]'):
        path = Path(each)
        here = path if path.is_absolute() else folder / path
        if not here.is_relative_to(folder) or ".." in here.parts:
            raise UsageError(f"{each} lies outside the folder of the notebook.", hint=_HINT)
        for file in _below(here):
            name = file.relative_to(folder).as_posix()
            found[name] = _content(folder, file, name)
            if len(found) > MOST_FILES or sum(map(len, found.values())) > MOST_BYTES:
                break  # the caller says that it is too much
    if NOTEBOOK in found:
        raise UsageError(f"A file cannot be called {NOTEBOOK}: the notebook itself is.", hint="Give it another name.")
    return found


def _below(path: Path) -> list[Path]:
    if not path.is_dir() or path.is_symlink():
        return [path]
    inside = []
    for folder, folders, names in os.walk(path, followlinks=False):
        folders[:] = sorted(each for each in folders if not each.startswith((".", "__")))
        inside += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
    return inside


def _content(folder: Path, file: Path, name: str) -> bytes:
    """Read one file; no part of the way to it may be a link."""
    way = [file, *(each for each in file.parents if each.is_relative_to(folder) and each != folder)]
    if any(each.is_symlink() for each in way):
        raise UsageError(f"{name} is a link, or lies behind one.", hint="Copy the file to where the link is.")
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise UsageError(f"There is no file {name} that can be read.", hint=_HINT) from error
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UsageError(f"{name} is no file.", hint=_HINT)
        return opened.read(MOST_BYTES + 1)
