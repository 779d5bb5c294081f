"""Open the bytes behind one decision: the holder's own file, a copy of it, or a view of what may be read of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from londata.access import Decision
from londata.errors import AccessDeniedError, FetchError
from londata.records import Distribution, Entry
from londata_hub.gateway.holdings import holding_of
from londata_hub.gateway.keys import HoldersKey, Pair
from londata_hub.gateway.once import Once
from londata_hub.gateway.plain_files import Hashes, PlainFile, changed, inside
from londata_hub.gateway.sealed import SealedWriter
from londata_hub.gateway.shelf import LIMIT, Kept, Shelf, Write
from londata_hub.gateway.views import Make, Source, Terms, maker

if TYPE_CHECKING:
    from londata_hub.store import AccessStore, Holding

#: What is read and handed on at a time.
PART = 1024 * 1024
#: Long pieces of work at a time: hashing, fetching, making views.
THREADS = 2


@dataclass(frozen=True)
class Opened:
    """Bytes that are ready to be sent, and what is known of them.

    ``sha256`` is that of these very bytes. ``path`` is a plain file that may be sent as it is; without one, the bytes
    come in :meth:`pieces`. ``rows`` is ``None`` where it is not known, ``columns`` where all are given.
    """

    size_bytes: int
    sha256: str
    media_type: str
    version: str
    rows: int | None
    columns: tuple[str, ...] | None
    path: Path | None
    _kept: Kept | None = field(default=None, repr=False)

    async def pieces(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Give the bytes from ``start`` to before ``stop``, at most 1 MiB at a time.

        Parameters
        ----------
        start, stop
            Positions in the bytes; what lies behind their end is not there.

        Yields
        ------
        bytes
            A piece.

        Raises
        ------
        AccessEndedError
            The copy was purged, maybe in the middle.
        FetchError
            The copy was changed on the disk, or the file is not what it was.
        """
        stop = min(stop, self.size_bytes)
        if self._kept is None:
            for at in range(start, stop, PART):
                yield await asyncio.to_thread(_part_of, self.path, at, min(at + PART, stop))
            return
        with self._kept.in_use():
            for at in range(start, stop, PART):
                yield await asyncio.to_thread(self._kept.read, at, min(at + PART, stop))


class Opener:
    """Opens what the operator recorded as held, for decisions that rest on an agreement.

    Parameters
    ----------
    store
        Knows the holdings.
    folder
        Where copies and keys are kept (``gateway`` in the hub's state). It belongs to one process at a time.
    key
        The key file of the holders' credentials.
    holders
        The folder of files that lie on this machine; ``holders`` beside ``folder`` when not given.
    limit
        How many bytes of copies may be kept in all.
    """

    def __init__(
        self, store: AccessStore, folder: Path, key: Path, *, holders: Path | None = None, limit: int = LIMIT
    ) -> None:
        self._store = store
        self._shelf = Shelf(folder, limit)
        self._key = HoldersKey(key)
        self._holders = holders or folder.parent / "holders"
        self._hashes = Hashes()
        self._once = Once(THREADS)

    async def open(self, entry: Entry, distribution: Distribution, decision: Decision) -> Opened:
        """Open one distribution of an entry.

        Parameters
        ----------
        entry
            The entry.
        distribution
            One of its distributions.
        decision
            That the caller may read this entry, for a project under an agreement.

        Returns
        -------
        Opened
            Exactly what the decision lets through.

        Raises
        ------
        AccessDeniedError
            The decision does not allow it, rests on no agreement, or covers a part that cannot be given.
        FetchError
            Nothing is held, or the bytes cannot be had.
        ReadError
            The file is not what its media type says, so that no view can be made of it.
        """
        decision.require_for("read", entry, distribution)
        pair = _pair(decision)
        holding = await asyncio.to_thread(holding_of, self._store, entry, distribution)
        terms = Terms.of(entry, distribution, decision)
        make = None if terms.whole else maker(terms)
        file = await self._plain(holding)
        _check_hash(entry, distribution, file.sha256)
        version = entry.updated.isoformat() if entry.updated else ""
        if make is None:
            rows = distribution.rows
            return Opened(file.size_bytes, file.sha256, distribution.media_type, version, rows, None, file.path)
        kept = await self._view(pair, terms, file.sha256, partial(_from_plain, file, make, terms))
        return _opened(kept, distribution, version)

    def purge(self, entry: str, project: str) -> bool:
        """Delete the key of what is kept of an entry for a project; who is reading it gets no further piece.

        Returns
        -------
        bool
            Whether there was anything.
        """
        return self._shelf.purge((entry, project))

    def keep_only(self, pairs: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
        """Purge what is kept for every other pair of entry and project, and tell which these were."""
        return [pair for pair in list(self._shelf.keys.pairs()) if pair not in pairs and self._shelf.purge(pair)]

    def close(self) -> None:
        """Begin no further work."""
        self._once.close()

    async def _plain(self, holding: Holding) -> PlainFile:
        path = await asyncio.to_thread(inside, self._holders, holding.location)
        known = await asyncio.to_thread(self._hashes.known, path)
        if known is None:
            known = await self._once.do(("hash", path), partial(self._hashes.describe, path))
        return known

    async def _view(self, pair: Pair, terms: Terms, source_sha256: str, write: Write) -> Kept:
        about = terms.about(source_sha256)
        found = await asyncio.to_thread(self._shelf.find, pair, about)
        if found is None:
            found = await self._once.do((pair, about), partial(self._make, pair, about, write))
        return found

    def _make(self, pair: Pair, about: str, write: Write) -> Kept:
        return self._shelf.find(pair, about) or self._shelf.make(pair, about, write)


def _pair(decision: Decision) -> Pair:
    """Tell for which entry and project something is kept; only what an agreement lets through comes from here."""
    if not decision.project or not decision.agreement:
        raise AccessDeniedError(
            "The gateway opens only what an agreement lets a project read, and this decision rests on none.",
            hint="Open data is read from the register.",
        )
    return decision.entry_id, decision.project


def _from_plain(file: PlainFile, make: Make, terms: Terms, out: SealedWriter) -> dict[str, Any]:
    facts = make(Source(file.path), terms, out)
    if not file.unchanged():
        raise changed()
    return facts


def _check_hash(entry: Entry, distribution: Distribution, sha256: str) -> None:
    if distribution.sha256 and distribution.sha256 != sha256:
        raise FetchError(
            f"The file of “{entry.title}” is not the one that the register describes: its SHA-256 differs.",
            hint="Tell the steward of the data: the file or the register has to be mended.",
        )


def _opened(kept: Kept, distribution: Distribution, version: str) -> Opened:
    facts = kept.sealed.facts
    columns = tuple(facts["columns"])
    return Opened(
        facts["size_bytes"], facts["sha256"], distribution.media_type, version, facts["rows"], columns, None, kept
    )


def _part_of(path: Path | None, start: int, stop: int) -> bytes:
    if path is None:
        raise FetchError("There is nothing to read.")
    with path.open("rb") as file:
        file.seek(start)
        return file.read(stop - start)
