"""What this process has read, as a list that shows itself."""

from __future__ import annotations

from collections.abc import Sequence

from londata import readlog
from londata.intake_catalog.display.words import plain, safe
from londata.readlog import Reading
from londata.sharing.display.listing import Listing

MAX_COLUMNS = 8


def reads() -> Readings:
    """List what this process has read so far, oldest first.

    Returns
    -------
    Readings
        A sequence of :class:`~londata.readlog.Reading`.
    """
    return Readings(readlog.reads())


class Readings(Listing[Reading]):
    """Readings, oldest first."""

    headers = ("Data", "Rows", "Columns", "Version", "Terms", "At")

    def headline(self) -> str:
        """Say how many there are, and how many of them are of data that is not open."""
        if not self:
            return "Nothing was read yet."
        count = "1 reading" if len(self) == 1 else f"{len(self)} readings"
        gated = sum(each.access != "open" for each in self)
        return f"{count}; {gated} of data that is not open" if gated else count

    def line(self, item: Reading) -> str:
        """Write one reading for a terminal."""
        title, version = plain(item.title or item.entry, 80), plain(item.version, 40) or "not stated"
        facts = f"{_size(item)}; columns: {plain(_columns(item), 400)}; version {version}"
        return f"  {title} ({item.entry}/{item.distribution}): {facts}; {plain(_terms(item), 300)}; {_moment(item)}"

    def cells(self, item: Reading) -> Sequence[str]:
        """Write one reading for the table."""
        return (
            f"{safe(item.title or item.entry, 120)}<br>{safe(f'{item.entry}/{item.distribution}', 160)}",
            safe(_size(item)),
            safe(_columns(item), 400),
            safe(item.version, 60) or "not stated",
            safe(_terms(item), 300),
            safe(_moment(item)),
        )


def _size(item: Reading) -> str:
    if item.dimensions:
        return " × ".join(f"{size:,} {name}" for name, size in item.dimensions.items())
    return "not counted" if item.rows is None else f"{item.rows:,} rows"


def _columns(item: Reading) -> str:
    """Name the columns that were read. Of a file that was opened the library that opened it knows them, nobody else."""
    if not item.columns:
        return "as the library that opened it chose"
    more = [f"and {len(item.columns) - MAX_COLUMNS} more"] if len(item.columns) > MAX_COLUMNS else []
    return ", ".join([*item.columns[:MAX_COLUMNS], *more])


def _terms(item: Reading) -> str:
    if item.agreement is None and item.project is None:
        return item.licence or item.access or "terms not stated"
    under = f"under {item.agreement}" if item.agreement else "under no agreement that is known"
    project = f", for the project {item.project}" if item.project else ""
    return f"{under}{project}{f', line {item.decision} of the log' if item.decision is not None else ''}"


def _moment(item: Reading) -> str:
    return item.read_at[:19].replace("T", " ") + " UTC"
