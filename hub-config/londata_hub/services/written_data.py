"""Data that the register writes itself: what it knows, as a table that anybody may read.

A distribution that comes ``through: register`` has no address. Its entry's name says what is written.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from londata.access import Decision
from londata.errors import FetchError
from londata.records import Distribution, Entry
from londata.register import LocalCopy
from londata_hub.services.content import require_open
from londata_hub.services.public_facts import PublicAgreement

Write = Callable[[], Awaitable[bytes]]
#: The entry that says who shares what, and the columns of its table: one row per agreement and party.
AGREEMENTS = "sharing-agreements"
COLUMNS = (
    "agreement",
    "title",
    "state",
    "standing",
    "party",
    "role",
    "purposes",
    "legal_power",
    "legal_bases",
    "data",
    "results",
    "projects",
    "start",
    "review_by",
    "end",
    "people",
    "readings",
)
#: Older states of a table that are kept for whoever is still being sent them.
_KEPT = 10
_BETWEEN = "; "


class WrittenData:
    """Writes tables when they are asked for.

    Parameters
    ----------
    makers
        Entry → what writes its table.
    """

    def __init__(self, makers: Mapping[str, Write]) -> None:
        self._makers = makers
        self._folder = tempfile.TemporaryDirectory(prefix="londata-written-")

    async def open(self, entry: Entry, distribution: Distribution, decision: Decision) -> LocalCopy:
        """Write the table of an entry as it is now.

        Parameters
        ----------
        entry, distribution
            What is asked for.
        decision
            That the caller may read this entry.

        Raises
        ------
        AccessDeniedError
            The decision does not allow it.
        FetchError
            The register writes nothing for this entry.
        """
        decision.require_for("read", entry, distribution)
        require_open(entry)
        if entry.id not in self._makers:
            raise FetchError(
                f"“{entry.title}” says that the register writes it, and this register does not.",
                hint="Tell whoever keeps its entry.",
            )
        content = await self._makers[entry.id]()
        return await run_in_threadpool(self._keep, entry.id, content)

    def _keep(self, name: str, content: bytes) -> LocalCopy:
        digest = hashlib.sha256(content).hexdigest()
        folder = Path(self._folder.name) / name
        folder.mkdir(exist_ok=True)
        path = folder / f"{digest}.csv"
        if not path.exists():
            beside = path.with_suffix(".new")
            beside.write_bytes(content)
            beside.replace(path)
            for old in sorted(folder.glob("*.csv"), key=lambda each: each.stat().st_mtime)[:-_KEPT]:
                old.unlink()
        return LocalCopy(path, digest, len(content))

    def close(self) -> None:
        """Remove what was written."""
        self._folder.cleanup()


def _several(texts: Iterable[str]) -> str:
    """Put several texts into one field; what puts them apart stands in none of them."""
    return _BETWEEN.join(text.replace(_BETWEEN, ", ") for text in texts)


def agreements(told: Callable[[], Awaitable[Sequence[PublicAgreement]]]) -> Write:
    """Make what writes the table of agreements, out of what tells what everybody may know of them."""

    async def write() -> bytes:
        return table_of_agreements(await told())

    return write


def table_of_agreements(agreements: Sequence[PublicAgreement]) -> bytes:
    """Write what everybody may know of agreements as CSV, one row per agreement and party."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in agreements:
        before = (each.id, each.title, each.state, each.said)
        after = (
            _several(each.purposes),
            each.legal_power,
            _several(each.legal_bases),
            _several(title for _, title in each.covers),
            each.outputs,
            _several(f"{project.title}: {project.public_benefit}" for project in each.projects),
            each.start.isoformat(),
            each.review_by.isoformat(),
            each.end.isoformat(),
            each.people,
            each.readings,
        )
        writer.writerows((*before, name, role, *after) for name, role in each.parties)
    return text.getvalue().encode()
