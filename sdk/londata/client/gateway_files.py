"""``londata://<entry>[/<distribution>]`` as a file system, so that every library that knows fsspec reads it as it is.

>>> import pandas as pd
>>> pd.read_parquet("londata://school-rolls-by-pupil", columns=["borough"])     # doctest: +SKIP

It reads, and does nothing else: no file is written, and no option, pickle or ``repr`` of it holds a token.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from typing import Any, NoReturn

import fsspec  # type: ignore[import-untyped]
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem  # type: ignore[import-untyped]

from londata import readlog, session, settings
from londata.client.gateway import GatewayClient, HeldReading, gateway_at, warn_once
from londata.errors import EntryNotFoundError, UsageError

PROTOCOL = "londata"
PARQUET = "application/vnd.apache.parquet"
#: Seconds for which a reading that has begun also serves those who open the same path again: a library opens a file
#: several times to read it once. Whoever opens it later is decided on anew, and gets the newest bytes.
HOLD_S = 60.0
#: Bytes that are fetched at once where somebody reads in small steps, and the length from which a step is not small.
BLOCK, LARGE = 1024 * 1024, 4 * 1024 * 1024
#: Ways of fsspec to cache that keep bytes in memory; the others write them to disk.
IN_MEMORY = ("none", "bytes", "first", "readahead", "blockcache", "background", "all", "parts")


class GatewayFile(AbstractBufferedFile):  # type: ignore[misc]
    """One distribution, open for reading.

    Of a Parquet file exactly those bytes are fetched that are asked for, because its readers know what they want; of
    any other file whole blocks are, which are kept until it is closed.
    """

    DEFAULT_BLOCK_SIZE = BLOCK

    def __init__(self, fs: GatewayFileSystem, path: str, mode: str = "rb", **keywords: Any) -> None:
        self._held = fs.held(path)
        exact = self._held.opening.media_type == PARQUET
        keywords["cache_type"] = keywords.get("cache_type") or ("none" if exact else "blockcache")
        _check_in_memory(keywords["cache_type"])
        super().__init__(fs, path, mode, **{**keywords, "size": self._held.size})

    @property
    def cache(self) -> Any:
        """What keeps the bytes that were fetched; another one may be put in its place, as ``blockcache::`` does."""
        return self._cache

    @cache.setter
    def cache(self, cache: Any) -> None:
        if cache is not None:
            _check_in_memory(cache.name)
        self._cache = cache

    def read(self, length: int | None = -1) -> bytes:
        """Read some bytes; all that are left when no number is given."""
        left = max(0, self.size - self.loc)
        wanted = left if length is None or length < 0 else min(length, left)
        if wanted < LARGE or self.closed:
            found: bytes = super().read(wanted)
            return found
        found = self._held.read(self.loc, self.loc + wanted)
        self.loc += len(found)
        return found

    def _fetch_range(self, start: int, end: int) -> bytes:
        return self._held.read(start, end)


class GatewayFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Shared and closed data as files that can be read, each for one decision at a time.

    A library that opens files by itself does not know ``londata://``, and is given an open file or a table instead:

    * geopandas: ``catalog.wards.read()``, else ``with fsspec.open("londata://wards") as f: geopandas.read_file(f)``;
      ``geopandas.read_file("londata://…")`` asks GDAL, which opens only addresses of its own
    * DuckDB: ``duckdb.register_filesystem(fsspec.filesystem("londata"))`` once, then
      ``read_parquet('londata://…')``; or ``frame = catalog.<entry>.read()`` and ``SELECT … FROM frame``

    Parameters
    ----------
    address
        Where the gateway is; the setting ``GATEWAY`` when not given.
    project
        The project for which is read; the one of this kernel when not given.
    **options
        As any fsspec file system takes them. There is none for a token: it comes from the hub alone.
    """

    protocol = PROTOCOL

    def __init__(self, address: str = "", project: str | None = None, **options: Any) -> None:
        if "token" in options:
            raise UsageError("A token is no option of londata://, because options are kept and passed on.")
        super().__init__(**options)
        self._address = address
        self._project = project
        self._held: dict[str, tuple[HeldReading, float]] = {}
        #: By process, since another thread may have held one when this process was forked off; and by path.
        self._turns: dict[tuple[int, str], threading.RLock] = {}

    def held(self, path: str, *, fresh: bool = False) -> HeldReading:
        """Begin a reading of a path, or go on with the one that has just begun.

        Parameters
        ----------
        path
            ``<entry>`` or ``<entry>/<distribution>``.
        fresh
            Begin another one in any case, and leave it to the caller to note what was read.

        Raises
        ------
        AccessDeniedError
            It may not be read; the message says why.
        EntryNotFoundError, UsageError, FetchError
            There is no such thing, no gateway, or no answer.
        """
        path = self._strip_protocol(path)
        with self._turns.setdefault((os.getpid(), path), threading.RLock()):
            held, since = self._held.get(path, (None, 0.0))
            if held is not None and not fresh and time.monotonic() - since <= HOLD_S:
                return held
            held = self._begin(path)
            self._held[path] = held, time.monotonic()
        if not fresh:
            readlog.record(_reading(held))
        warn_once(held.opening)
        return held

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Say how large a file is, and what is known of it."""
        opening = self.held(path).opening
        return {
            "name": self._strip_protocol(path),
            "size": opening.size_bytes,
            "type": "file",
            "media_type": opening.media_type,
            "sha256": opening.sha256,
            "version": opening.version,
        }

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """List a path, which is always one file: what there is to read is found in the catalog."""
        info = self.info(path)
        return [info if detail else info["name"]]

    def exists(self, path: str, **_: Any) -> bool:
        """Tell whether there is such a path.

        Raises
        ------
        AccessDeniedError
            It is there and may not be read: to say no would send its reader looking for a misspelling.
        UsageError, FetchError
            Whether it is there cannot be told: there is no gateway, or no answer.
        """
        try:
            self.info(path)
        except EntryNotFoundError:
            return False
        return True

    def isfile(self, path: str) -> bool:
        """Tell whether a path is a file, which it is if there is one."""
        return self.exists(path)

    def isdir(self, path: str) -> bool:
        """Tell whether a path is a folder, which none is."""
        return False

    def created(self, path: str) -> dt.datetime:
        """Tell since when this reading knows the bytes; their holder's time is not told."""
        return self.modified(path)

    def modified(self, path: str) -> dt.datetime:
        """Tell since when this reading knows the bytes; their holder's time is not told."""
        held = self.held(path)
        return held.begun_at

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        """Read a range of a file into memory.

        Parameters
        ----------
        path
            The file.
        start, end
            The range, as for a slice: negative numbers count from the end of the file.
        """
        held = self.held(path)
        first, last, _step = slice(start, end).indices(held.size)
        return held.read(first, last)

    def invalidate_cache(self, path: str | None = None) -> None:
        """Forget the readings that have begun."""
        if path is None:
            self._held.clear()
        else:
            self._held.pop(self._strip_protocol(path), None)

    def _begin(self, path: str) -> HeldReading:
        entry, _, distribution = path.partition("/")
        if not entry:
            raise UsageError("londata:// needs the name of an entry.", hint='Write "londata://school-rolls-by-pupil".')
        client, project = self._client(), self._project or session.project()
        return client.hold(client.begin(entry, distribution or None, project), project)

    def _client(self) -> GatewayClient:
        address = self._address or settings.get("GATEWAY")
        if not address:
            raise UsageError(
                "londata:// is opened by the hub's gateway, and there is none here.",
                hint="Run this in the hub; to try out code anywhere use read_dummy() of the entry.",
            )
        return gateway_at(address)

    def _open(self, path: str, mode: str = "rb", block_size: Any = None, **keywords: Any) -> GatewayFile:
        if mode != "rb":
            self._read_only()
        keywords.pop("size", None)
        return GatewayFile(self, path, mode, block_size=block_size or "default", **keywords)

    def _read_only(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: what is read through the gateway is changed by its holder alone."""
        raise UsageError("londata:// can be read and not changed.", hint="Ask the holder of the data for a change.")

    def _not_kept(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: shared and closed data is read, not copied to files."""
        raise UsageError(
            "Shared and closed data is not copied to disk.",
            hint='Read it where it is: pd.read_parquet("londata://…"), or catalog.<entry>.read().',
        )

    get = get_file = download = _not_kept
    mkdir = makedirs = rmdir = rm = rm_file = _rm = mv = move = rename = copy = cp = cp_file = _read_only
    touch = pipe = pipe_file = put = put_file = upload = write_bytes = write_text = _read_only


def _check_in_memory(cache_type: str) -> None:
    if cache_type not in IN_MEMORY:
        raise UsageError(
            f"The cache type {cache_type!r} would write to disk what may only be read.",
            hint=f"Take one of {', '.join(IN_MEMORY)}.",
        )


def _reading(held: HeldReading) -> readlog.Reading:
    """Describe a reading of which only the gateway's side is known: which rows and columns, the library decides."""
    opening = held.opening
    return readlog.Reading(
        entry=opening.entry,
        title=opening.title,
        distribution=opening.distribution,
        sha256=opening.sha256 or "",
        size_bytes=opening.size_bytes,
        version=opening.version or "",
        rows=None,
        columns=(),
        **opening.terms(),
    )


fsspec.register_implementation(PROTOCOL, GatewayFileSystem, clobber=True)
