"""What a check of a version is asked and answers: between the publisher and whatever runs the notebook.

:class:`londata_hub.publishing.checking.SandboxChecker` is what runs it in the hub.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from londata.records.publications import Finding, OutputTable, Publication, RestsOn, Version

#: Takes one sentence of progress.
Say = Callable[[str], None]


@dataclass(frozen=True)
class Checked:
    """What a check found of a version.

    ``rests_on`` is what the relay saw. ``files`` are what the hub adds to the snapshot, by name: the receipt, tables
    and their workings, the picture.
    """

    findings: tuple[Finding, ...] = ()
    rests_on: tuple[RestsOn, ...] = ()
    tables: tuple[OutputTable, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    environment: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing was found that must be mended."""
        return all(each.weight != "must" for each in self.findings)


class Checker(Protocol):
    """Runs the snapshot of a version in the sandbox of an app, as the app, and looks at what it does."""

    def check(self, publication: Publication, version: Version, folder: Path, say: Say) -> Checked:
        """Check a version; called in a thread of its own, and it may take minutes.

        Parameters
        ----------
        publication
            What it is a version of; its project is the one for which it reads.
        version
            As it stands, ``checking``.
        folder
            Its snapshot, which cannot be written to.
        say
            Takes sentences that tell its author how far it is.
        """
        ...
