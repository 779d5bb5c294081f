"""Reading shared and closed data: the gateway decides and opens it, and nothing of it touches a disk.

Of a Parquet file only the ranges are fetched that a read needs; a file of any other format is held in memory while it
is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from londata import session, settings
from londata.client.gateway import HeldReading, OpenReading
from londata.errors import AccessDeniedError, FetchError, TooLargeError
from londata.fetch.progress import bar
from londata.intake_catalog import pins
from londata.readers import READERS
from londata.readers.in_memory import in_memory
from londata.readers.wanted import Source, listed
from londata.records import Distribution, Entry, ReadingOptions


@contextmanager
def opened(
    record: Entry, distribution: Distribution, columns: Sequence[str] | None
) -> Iterator[tuple[Source, OpenReading]]:
    """Open one distribution through the gateway, for the project of this kernel.

    Parameters
    ----------
    record
        The entry.
    distribution
        Which of its distributions.
    columns
        The columns that are wanted; ``None`` for all.

    Yields
    ------
    tuple of Source and OpenReading
        An open file for a reader that reads ranges, else a file in memory; and the terms on which it is read.

    Raises
    ------
    AccessDeniedError
        It may not be read, or a column may not; nothing was fetched.
    TooLargeError
        It would have to be held in memory, and is larger than the setting ``MAX_DOWNLOAD``.
    FetchError
        The bytes cannot be had, or are not those that the gateway states.
    ChangedDataError
        This run is pinned to another version.
    """
    from londata.client.gateway_files import GatewayFileSystem

    files = GatewayFileSystem(settings.get("GATEWAY"), session.project())
    path = f"{record.id}/{distribution.id}"
    held = files.held(path, fresh=True)
    _check_columns(record, held.opening, columns)
    pins.require(record, distribution, pins.pin_of(held.opening.sha256, held.opening.version))
    reader = READERS.get(held.opening.media_type)
    ranges = reader is not None and reader.ranges
    try:
        with bar(record.title, None if ranges else held.size, wanted=True) as held.advance:
            if ranges:
                with files.open(path) as file:
                    yield file, held.opening
            else:
                with in_memory(_whole(held)) as copy:
                    yield copy, held.opening
    finally:
        held.advance = lambda _: None


def options(distribution: Distribution, opening: OpenReading) -> ReadingOptions:
    """Take the recorded options for reading, as far as they are about columns that may be read."""
    if opening.media_type != distribution.media_type:
        return ReadingOptions()
    recorded = distribution.options
    if opening.columns is None:
        return recorded
    left = {name: tuple(each for each in getattr(recorded, name) if each in opening.columns) for name in _BY_COLUMN}
    return recorded.model_copy(update=left)


#: Options that name columns, all of which must be there.
_BY_COLUMN = ("dates", "text")


def facts(opening: OpenReading) -> dict[str, Any]:
    """Say what is noted of a reading: which bytes, and on which terms."""
    stated = {"sha256": opening.sha256 or "", "size_bytes": opening.size_bytes, "version": opening.version or ""}
    return stated | opening.terms()


def _whole(held: HeldReading) -> Iterator[bytes]:
    """Bring all bytes, and stop where they are not those that the gateway states."""
    title = held.opening.title
    if held.size > (limit := settings.get("MAX_DOWNLOAD")):
        raise TooLargeError(
            f"“{title}” has {held.size:,} bytes, and the limit for what is held in memory is {limit:,} bytes.",
            hint="Raise LONDATA_MAX_DOWNLOAD, or ask its holder for a Parquet file, which is read in parts.",
        )
    digest = hashlib.sha256()
    for piece in held.pieces():
        digest.update(piece)
        yield piece
    if held.opening.sha256 and digest.hexdigest() != held.opening.sha256:
        raise FetchError(f"“{title}” did not arrive as it was sent; nothing of it can be used.", hint="Read it again.")


def _check_columns(record: Entry, opening: OpenReading, columns: Sequence[str] | None) -> None:
    """Say so where a column is there and the agreement leaves it out: it is no misspelling."""
    if opening.columns is None or isinstance(columns, str):
        return
    there = {column.name for column in record.columns}
    if barred := [name for name in columns or () if name in there and name not in opening.columns]:
        raise AccessDeniedError(
            f"“{record.title}” has {listed([repr(name) for name in barred])}, which you may not read: the agreement "
            f"{opening.agreement} leaves it out.",
            hint=f"It covers the columns {listed(opening.columns)}.",
        )
