"""Where an index lives on disk: one folder per build, and a marker that names the current one."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import tantivy

from londata.search_index.schema import SCHEMA_VERSION, prepare

MARKER = "current.json"


@dataclass(frozen=True)
class Marker:
    """Which build is current, by which schema it was made, and the state that it shows."""

    name: str
    schema: int
    state: str


class IndexFolder:
    """The folder of an index. The marker is replaced in one step, so a reader sees a whole build or the one before."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def marker(self) -> Marker | None:
        """Read which build is current; ``None`` when there is none, or none that can be understood."""
        try:
            return Marker(**json.loads((self.path / MARKER).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def stamp(self) -> object:
        """Something that is different after every change of the marker."""
        try:
            status = (self.path / MARKER).stat()
        except OSError:
            return "none"
        return status.st_ino, status.st_mtime_ns

    def open(self) -> tuple[tantivy.Index, str] | None:
        """Open the current build; ``None`` when there is none of this schema version or it is damaged."""
        for _ in range(5):  # a rebuild may swap and clear between our reading the marker and our opening
            marker = self.marker()
            if marker is None or marker.schema != SCHEMA_VERSION:
                return None
            try:
                index = tantivy.Index.open(str(self.path / marker.name))
                prepare(index)  # it reads the files again
                return index, marker.state
            except (ValueError, OSError):
                if self.marker() == marker:
                    return None
        return None

    def point_to(self, marker: Marker) -> None:
        """Make a build the current one and clear away the others; those who still read them keep them."""
        aside = self.path / f"{MARKER}.new"
        with aside.open("w", encoding="utf-8") as file:
            json.dump(asdict(marker), file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path / MARKER)
        for other in self.path.glob("index-*"):
            if other.name != marker.name:
                shutil.rmtree(other, ignore_errors=True)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Let one process (and thread) write at a time."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
