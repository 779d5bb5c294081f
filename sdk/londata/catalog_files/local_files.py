"""The file of a ``path`` distribution: found below the folder of the catalogue, and held to its record."""

from __future__ import annotations

from pathlib import Path

from londata import cache
from londata.catalog_files.checks import file_problem
from londata.errors import FetchError
from londata.records import Distribution, Entry
from londata.register import LocalCopy


def local_file(folder: Path, entry: Entry, distribution: Distribution) -> LocalCopy:
    """Find the file of a ``path`` distribution; the version of it is the day on which the entry was updated.

    Parameters
    ----------
    folder
        The folder of the catalogue files; a path or link that leads out of it leads nowhere.
    entry, distribution
        What the register says.

    Raises
    ------
    FetchError
        The file is not there, is empty or is not the one that the record describes.
    """
    if problem := file_problem(folder, distribution):
        raise FetchError(
            f"The file of “{entry.title}” is not as the register says: {problem}.",
            hint="Tell whoever keeps the catalogue files; `londata check` lists every problem.",
        )
    copy = cache.local_copy((folder / distribution.path).resolve())
    if distribution.sha256 and distribution.sha256 != copy.sha256:
        raise FetchError(
            f"The file {distribution.path} is not the one that the register describes: its SHA-256 differs.",
            hint="Bring the file back as it was, or write the new SHA-256 into the catalogue file.",
        )
    return LocalCopy(copy.path, copy.sha256, copy.size_bytes, entry.updated.isoformat() if entry.updated else "")
