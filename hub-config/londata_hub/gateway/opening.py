"""Open the bytes behind one decision: the holder's own file, a copy of it, or a view of what may be read of it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from londata.access import Decision
from londata.errors import AccessDeniedError, AccessEndedError, FetchError
from londata.records import Distribution, Entry
from londata_hub.gateway.holdings import credential_of, holding_of
from londata_hub.gateway.keys import HoldersKey, Pair
from londata_hub.gateway.once import Once
from londata_hub.gateway.plain_files import Hashes, PlainFile, changed, inside
from londata_hub.gateway.s3 import GOOD_FOR_S, signed_address
from londata_hub.gateway.sealed import SealedWriter
from londata_hub.gateway.shelf import LIMIT, Kept, Shelf, Write
from londata_hub.gateway.sources import Sources
from londata_hub.gateway.views import Make, Source, Terms, maker

if TYPE_CHECKING:
    from londata_hub.store import AccessStore, Holding

#: What is read and handed on at a time.
PART = 1024 * 1024
#: Long pieces of work at a time: hashing and making views keep a processor busy, bringing waits for a holder.
THREADS = 2
FETCHES = 8


@dataclass(frozen=True)
class Opened:
    """Bytes that are ready to be sent, and what is known of them.

    ``sha256`` is that of these very bytes. ``path`` is a plain file that may be sent as it is; without one, the bytes
    come in :meth:`pieces`. ``rows`` is ``None`` where it is not known, ``columns`` where all are given. ``direct`` is
    an address at the holder's own store, good until ``direct_until``; empty unless operator and agreement allow that.
    """

    size_bytes: int
    sha256: str
    media_type: str
    version: str
    rows: int | None
    columns: tuple[str, ...] | None
    path: Path | None
    direct: str = field(default="", repr=False)
    direct_until: dt.datetime | None = None
    _kept: Kept | None = field(default=None, repr=False)

    def direct_address(self, now: dt.datetime) -> str:
        """Give the address that may be handed to the caller.

        Raises
        ------
        AccessEndedError
            It is not good any more, or there never was one: ask for the data itself.
        """
        if not self.direct or self.direct_until is None or now >= self.direct_until:
            raise AccessEndedError(
                "There is no address of this data that could be handed out now.", hint="Read it through the gateway."
            )
        return self.direct

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
        self._sources = Sources(self._shelf, self._key)
        self._hashes = Hashes()
        self._once = Once(THREADS)
        self._bringing = Once(FETCHES)

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
        terms = Terms.of(entry, distribution, decision)
        make = None if terms.whole else maker(terms)
        holding = await asyncio.to_thread(holding_of, self._store, entry, distribution)
        if holding.kind == "file":
            return await self._open_plain(pair, entry, terms, make, holding)
        return await self._open_remote(pair, entry, terms, make, holding, decision)

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
        self._bringing.close()

    async def _open_plain(self, pair: Pair, entry: Entry, terms: Terms, make: Make | None, holding: Holding) -> Opened:
        path = await asyncio.to_thread(inside, self._holders, holding.location)
        file = await asyncio.to_thread(self._hashes.known, path)
        if file is None:
            file = await self._once.do(("hash", path), partial(self._hashes.describe, path))
        _check_hash(entry, terms.distribution, file.sha256)
        if make:
            kept = await self._view(pair, terms, file.sha256, partial(_from_plain, file, make, terms))
            return _opened(kept, entry, terms)
        media_type, rows = terms.distribution.media_type, terms.distribution.rows
        return Opened(file.size_bytes, file.sha256, media_type, version_of(entry), rows, None, file.path)

    async def _open_remote(
        self, pair: Pair, entry: Entry, terms: Terms, make: Make | None, holding: Holding, decision: Decision
    ) -> Opened:
        kept = await asyncio.to_thread(self._sources.fresh, pair, holding)
        if kept is None:
            bring = partial(self._sources.bring, pair, entry, terms.distribution, holding)
            kept = await self._bringing.do(("bring", pair, terms.distribution.id), bring)
        sha256 = kept.sealed.facts["sha256"]
        _check_hash(entry, terms.distribution, sha256)
        if make:
            kept = await self._view(pair, terms, sha256, partial(_from_kept, kept, make, terms))
            return _opened(kept, entry, terms)
        opened = _opened(kept, entry, terms)
        return await asyncio.to_thread(self._with_address, opened, holding, decision)

    def _with_address(self, opened: Opened, holding: Holding, decision: Decision) -> Opened:
        """Add an address that may be handed out, where the operator and the agreement both say that one may be."""
        if holding.kind != "s3" or holding.options.get("direct") != "yes" or not decision.agreement:
            return opened
        agreement = self._store.arrangements().agreements.get(decision.agreement)
        if agreement is None or "download" not in agreement.settings:
            return opened
        now = self._store.now()
        until = min(now + dt.timedelta(seconds=GOOD_FOR_S), decision.until or dt.datetime.max.replace(tzinfo=dt.UTC))
        seconds = int((until - now).total_seconds())
        if seconds < 1:
            return opened
        address = signed_address(holding, credential_of(holding, self._key), seconds)
        return replace(opened, direct=address, direct_until=until)

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
    try:
        return make(Source(file.path), terms, out)
    finally:
        if not file.unchanged():
            raise changed() from None


def _from_kept(kept: Kept, make: Make, terms: Terms, out: SealedWriter) -> dict[str, Any]:
    with kept.in_use(), kept.watched():
        return make(Source(kept.sealed), terms, out)


def _check_hash(entry: Entry, distribution: Distribution, sha256: str) -> None:
    if distribution.sha256 and distribution.sha256 != sha256:
        raise FetchError(
            f"The file of “{entry.title}” is not the one that the register describes: its SHA-256 differs.",
            hint="Tell the steward of the data: the file or the register has to be mended.",
        )


def version_of(entry: Entry) -> str:
    """Tell the version: the day on which the entry was updated. What the holder calls it may tell of other rows."""
    return entry.updated.isoformat() if entry.updated else ""


def _opened(kept: Kept, entry: Entry, terms: Terms) -> Opened:
    facts = kept.sealed.facts
    columns = tuple(facts["columns"]) if "columns" in facts else None
    return Opened(
        size_bytes=facts["size_bytes"],
        sha256=facts["sha256"],
        media_type=terms.distribution.media_type,
        version=version_of(entry),
        rows=facts.get("rows", terms.distribution.rows),
        columns=columns if terms.columns is not None else None,
        path=None,
        _kept=kept,
    )


def _part_of(path: Path | None, start: int, stop: int) -> bytes:
    if path is None:
        raise FetchError("There is nothing to read.")
    with path.open("rb") as file:
        file.seek(start)
        return file.read(stop - start)
