"""The files of the demonstration: made where they are missing or were made by an older version of their generator.

They lie in the folder of the holders' files, which no sandbox sees and only the gateway reads. The name of a file has
the version of its generator, so that looking at names is all it takes to know what is there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from londata.errors import HubError

if TYPE_CHECKING:
    from londata_hub.store import AccessStore

#: Who is noted as having recorded what the demonstration brings.
BY = "demonstration"


@dataclass(frozen=True)
class HeldSet:
    """A generated set: where its generator is, and which version of it is meant.

    ``version`` goes up with every change of the generator that changes the file.
    """

    entry: str
    distribution: str
    module: str
    version: int = 1

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.entry}.{self.version}.{self.distribution}"

    def make(self, path: Path) -> None:
        """Write the file."""
        module = import_module(f"londata_hub.demonstration.{self.module}")
        generator: Callable[[Path], None] = getattr(module, self.entry.replace("-", "_"))
        generator(path)


SETS: tuple[HeldSet, ...] = (
    HeldSet("school-rolls-by-pupil", "parquet", "pupils"),
    HeldSet("rough-sleeping-contacts-gla", "parquet", "contacts"),
    HeldSet("rough-sleeping-contacts-camden", "csv", "contacts"),
    HeldSet("rough-sleeping-contacts-nhs", "parquet", "contacts"),
    HeldSet("tfl-movements", "parquet", "movements"),
)


def make(folder: Path) -> Iterator[Path]:
    """Make the files that are not there, and give each once it is whole.

    Raises
    ------
    HubError
        A file cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in SETS:
            path = folder / each.file
            if not path.exists():
                _write(each, path)
                yield path
    except OSError as error:
        raise HubError(
            f"The data of the demonstration cannot be kept in {folder}: {error.strerror or error}.",
            hint="Make room there, or set LONDATA_HUB_STATE to another folder.",
        ) from error


def _write(each: HeldSet, path: Path) -> None:
    """Write a file all or nothing, and take away what older versions left."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        each.make(partial)
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    for older in path.parent.glob(f"{each.entry}.*.{each.distribution}"):
        if older != path:
            older.unlink()


def hold(store: AccessStore) -> int:
    """Record where the files are, as far as that is not recorded yet; tell how many were new."""
    from londata_hub.store import Holding

    known = {(each.entry, each.distribution): each for each in store.holdings()}
    new = 0
    for each in SETS:
        holding = Holding(each.entry, each.distribution, "file", each.file)
        found = known.get((each.entry, each.distribution))
        if found is None or (found != holding and _ours(found.kind, found.location, each)):
            store.hold(holding, BY)
            new += 1
    return new


def _ours(kind: str, location: str, each: HeldSet) -> bool:
    """Tell whether a recorded place is one of ours: what an operator recorded instead stays."""
    return kind == "file" and location.startswith(f"{each.entry}.") and location.endswith(f".{each.distribution}")
