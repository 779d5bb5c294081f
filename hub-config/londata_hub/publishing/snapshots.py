"""Snapshots: what was published, as files that nobody changes afterwards.

``<insights>/<slug>/<number>/`` holds what an author sent (``app.ipynb``, ``app.yaml``, declared files) and what the hub
adds when it checks it (the receipt, tables and their workings, a picture). An author may send anything, so nothing
about a name is believed: it has plain parts and a known ending, and leads to nothing but what was written here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from londata.errors import EntryNotFoundError, TooLargeError, UsageError
from londata.records.identifiers import MAX_SLUG, SLUG
from londata_hub.jobs.shelf import open_beneath

NOTEBOOK, RECORD = "app.ipynb", "app.yaml"
RECEIPT = "receipt/ro-crate-metadata.json"
PICTURE = "thumbnail.png"
#: Folders and files that are the hub's to write.
OURS = ("receipt", "tables", "workings", PICTURE)
#: What an author's files can be. Programs other than Python's, and what a server reads as settings, are not among them.
ENDINGS = frozenset(
    ".ipynb .yaml .yml .json .geojson .csv .tsv .parquet .arrow .feather .txt .md .py .toml .xlsx .gpkg .css .png "
    ".jpg .jpeg .gif .svg .webp".split()
)
#: Most files of one version, folders one within another, and bytes in all.
MOST_FILES, DEEPEST, MOST_BYTES = 200, 4, 50_000_000
#: What the hub adds may be as large again: it is made by a check, which has limits of its own.
MOST_ADDED = 100_000_000
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._-]{0,99}\Z")
#: Names from which Voila, Jupyter or Python itself would take orders.
_TAKES_ORDERS = re.compile(r"(voila|jupyter\w*|ipython\w*)([_-].*)?\.(json|py)\Z|(site|user)customize\.py\Z", re.I)
_ADDED = re.compile(r"(tables/[a-z0-9-]{1,120}\.(parquet|csv)|workings/[a-z0-9-]{1,120}\.json)\Z")


class Snapshots:
    """The folder of all snapshots.

    Parameters
    ----------
    folder
        Where they are; it is made when the first one comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, slug: str, number: int) -> Path:
        """Tell where a version is, whether or not it is there."""
        if not SLUG.match(slug) or len(slug) > MAX_SLUG or number < 1:
            raise UsageError(f"There is no version {number} of {slug[:80]!r}.")
        return self.folder / slug / str(number)

    def put(self, slug: str, number: int, files: Mapping[str, bytes]) -> dict[str, str]:
        """Write the files of a new version: all of them, or none.

        Parameters
        ----------
        slug, number
            Of which version.
        files
            Name → content. A name may lead through folders: ``data/wards.csv``.

        Returns
        -------
        dict of str to str
            Name → SHA-256.

        Raises
        ------
        UsageError
            A name is not allowed, a file is missing, or there is such a version already.
        TooLargeError
            It is too much.
        """
        examine(files)
        place = self.place(slug, number)
        draft = place.with_name(f".{number}-{secrets.token_hex(6)}")
        draft.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        try:
            draft.mkdir(mode=0o700)
            for name, content in files.items():
                _write(draft, name, content)
            _rename_anew(draft, place)
        except BaseException:
            _remove(draft)
            raise
        return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}

    def add(self, slug: str, number: int, files: Mapping[str, bytes]) -> dict[str, str]:
        """Write what the hub adds to a version, and let nothing be changed from then on.

        Parameters
        ----------
        slug, number
            Of which version.
        files
            Name → content, of the hub's own folders.

        Returns
        -------
        dict of str to str
            Name → SHA-256.

        Raises
        ------
        UsageError
            A name is none of the hub's, or nothing can be added any more.
        TooLargeError
            It is too much.
        """
        for name in files:
            if name not in (RECEIPT, PICTURE) and not _ADDED.match(name):
                raise UsageError(f"{name[:80]!r} is nothing that the hub adds to what is published.")
        if sum(map(len, files.values())) > MOST_ADDED:
            raise TooLargeError(f"The results of the check are more than {MOST_ADDED // 10**6} MB.")
        place = self.place(slug, number)
        if not _can_be_added_to(place):
            raise UsageError(f"Version {number} of {slug!r} cannot be added to any more.")
        for name, content in files.items():
            _write(place, name, content)
        seal(place)
        return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}

    def put_picture(self, slug: str, number: int, picture: bytes) -> None:
        """Put the picture of a version beside it, which can be taken only when it runs; there is one at most.

        Parameters
        ----------
        slug, number
            Of which version.
        picture
            A PNG.
        """
        place = self.place(slug, number)
        sealed = place.stat().st_mode
        draft = place.parent / f".{number}-{secrets.token_hex(6)}.png"
        draft.write_bytes(picture)
        draft.chmod(0o400)
        place.chmod(0o700)
        try:
            os.link(draft, place / PICTURE)
        except FileExistsError:
            pass
        finally:
            place.chmod(stat.S_IMODE(sealed))
            draft.unlink()

    def drop_picture(self, slug: str, number: int) -> None:
        """Take the picture of a version away, if there is one: it shows what is not to be seen any more.

        Parameters
        ----------
        slug, number
            Of which version.
        """
        place = self.place(slug, number)
        if not (place / PICTURE).exists():
            return
        sealed = place.stat().st_mode
        place.chmod(0o700)
        try:
            (place / PICTURE).unlink(missing_ok=True)
        finally:
            place.chmod(stat.S_IMODE(sealed))

    def open(self, slug: str, number: int, name: str) -> IO[bytes]:
        """Open one file of a version; no link leads anywhere.

        Parameters
        ----------
        slug, number
            Of which version.
        name
            Which file.

        Raises
        ------
        EntryNotFoundError
            There is no such file.
        """
        try:
            if not all(map(_PART.match, name.split("/"))):
                raise FileNotFoundError(name)
            return os.fdopen(open_beneath(self.place(slug, number), name), "rb")
        except (OSError, UsageError) as error:
            raise EntryNotFoundError(f"Version {number} of {slug[:80]!r} has no file {name[:80]!r}.") from error

    def read(self, slug: str, number: int, name: str) -> bytes:
        """Read one file of a version; raises as :meth:`open` does.

        Parameters
        ----------
        slug, number
            Of which version.
        name
            Which file.
        """
        with self.open(slug, number, name) as file:
            return file.read()

    def names(self, slug: str, number: int) -> list[str]:
        """List the files of a version."""
        place = self.place(slug, number)
        return sorted(str(each.relative_to(place)) for each in place.rglob("*") if not each.is_dir())

    def has(self, slug: str, number: int) -> bool:
        """Tell whether the files of a version are kept."""
        return (self.place(slug, number) / NOTEBOOK).is_file()

    def numbers(self, slug: str) -> list[int]:
        """List the versions of an insight whose files are kept, the oldest first."""
        places = self.place(slug, 1).parent.glob("[0-9]*")
        return sorted(int(each.name) for each in places if each.name.isdecimal())

    def size(self, slug: str, number: int | None = None) -> int:
        """Add up the bytes of a version, or of all versions of an insight that are kept."""
        places = [self.place(slug, each) for each in (self.numbers(slug) if number is None else [number])]
        return sum(each.lstat().st_size for place in places for each in place.rglob("*") if not each.is_dir())

    def drop(self, slug: str, number: int) -> None:
        """Remove the files of a version: one that did not pass its check may give something away."""
        _remove(self.place(slug, number))

    def tidy(self) -> None:
        """Remove drafts that a hub which stopped has left."""
        for each in self.folder.glob("*/.[0-9]*"):
            if each.is_dir():
                _remove(each)
            else:
                each.unlink(missing_ok=True)


def examine(files: Mapping[str, bytes]) -> None:
    """See that files can be published together: their names, their number, their size.

    Raises
    ------
    UsageError
        One of them cannot, or the notebook is missing.
    TooLargeError
        They are too many or too large.
    """
    if NOTEBOOK not in files:
        raise UsageError(f"There is no notebook {NOTEBOOK} among the files.", hint="Send it under that name.")
    if len(files) > MOST_FILES:
        raise TooLargeError(f"An insight has {MOST_FILES} files at most.", hint="Read data from the catalog instead.")
    if sum(map(len, files.values())) > MOST_BYTES:
        most = f"{MOST_BYTES // 10**6} MB"
        raise TooLargeError(
            f"An insight has {most} of files at most.", hint="Read data from the catalog instead of bringing it along."
        )
    for name in files:
        if why := why_not_name(name):
            raise UsageError(f"The file {name[:80]!r} cannot be published: {why}.", hint="Give it another name.")
    _see_that_none_is_a_folder(files)


def why_not_name(name: str) -> str:
    """Say why a file of an author's cannot have a name; empty where it can."""
    parts = name.split("/")
    if not all(map(_PART.match, parts)) or any(part.endswith((".", " ")) for part in parts):
        return "a name has letters, digits, spaces, dots, hyphens and underscores, and does not begin with a dot"
    if len(parts) > DEEPEST:
        return f"it lies deeper than {DEEPEST - 1} folders"
    if parts[0].lower() in OURS:
        return "the hub writes that itself"
    if not any(parts[-1].lower().endswith(ending) for ending in ENDINGS):
        return f"only these endings can be: {' '.join(sorted(ENDINGS))}"
    if _TAKES_ORDERS.match(parts[-1]):
        return "servers take orders from files of that name"
    return ""


def _see_that_none_is_a_folder(names: Iterable[str]) -> None:
    known = set(names)
    folders = {str(parent) for name in known for parent in Path(name).parents}
    if both := sorted(known & folders):
        raise UsageError(f"{both[0]!r} is a file and a folder at once.", hint="Give one of them another name.")


def seal(place: Path) -> None:
    """Take the right to write from a folder and all in it."""
    for folder, _, names in os.walk(place):
        for path in (Path(folder) / name for name in names):
            if not path.is_symlink():
                path.chmod(0o400)
        Path(folder).chmod(0o500)


def _can_be_added_to(place: Path) -> bool:
    try:
        return bool(place.lstat().st_mode & stat.S_IWUSR)
    except FileNotFoundError:
        return False


def _write(place: Path, name: str, content: bytes) -> None:
    target = place / name
    target.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    with target.open("xb") as file:
        file.write(content)
    target.chmod(0o400)


def _rename_anew(draft: Path, place: Path) -> None:
    """Put a folder in its place; one that is there with files in it is never replaced."""
    try:
        draft.rename(place)
    except OSError as error:
        raise UsageError(f"There is a version {place.name} of {place.parent.name!r} already.") from error


def _remove(place: Path) -> None:
    """Remove a folder, also one that was sealed."""
    for folder, _, _ in os.walk(place):
        Path(folder).chmod(0o700)
    shutil.rmtree(place, ignore_errors=True)
    with contextlib.suppress(OSError):
        place.parent.rmdir()  # only when nothing else is there
