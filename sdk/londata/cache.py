"""Local copies of what was fetched, kept once by the SHA-256 of their bytes.

::

    <cache folder>/content/ab/abcd…     the bytes, read-only, named by their SHA-256
    <cache folder>/known/<hash>.json    what is known of one key (an address): which bytes, ETag, when, from where
    <cache folder>/partial/…            still being written; renamed into place when complete

Any number of processes may use the folder at once: nothing is ever written in place, so a reader sees a whole
file or none, and whoever is second replaces a file by the same bytes. A copy that was changed behind our back is
noticed by its size or modification time and hashed again; if it is not what it was, it is as good as not there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from londata import settings
from londata.errors import FetchError, SettingsError
from londata.register import LocalCopy

#: A copy used within this many seconds is never evicted: somebody may be about to open it.
IN_USE_S = 3600
#: A partial file older than this was left behind by a process that was killed.
ABANDONED_S = 86400
#: File systems may stamp two quick writes alike, so a stamp this fresh proves nothing (the trap that git calls racy).
RACY_NS = 2_000_000_000


@dataclass(frozen=True)
class Known:
    """What is known of one key: the local copy, and what its holder said about it when it was last asked.

    ``address`` is where the bytes came from in the end; ``fetched_at`` is when the holder last confirmed
    them (ISO 8601, UTC).
    """

    key: str
    copy: LocalCopy
    etag: str = ""
    last_modified: str = ""
    address: str = ""
    fetched_at: str = ""


def lookup(key: str) -> Known | None:
    """Find the local copy that belongs to a key, if it is there and whole."""
    record = _load(key)
    if record is None:
        return None
    path = _content(record["sha256"])
    if not _intact(path, record):
        return None
    copy = LocalCopy(path, record["sha256"], record["size_bytes"], record["version"])
    with suppress(OSError):
        os.utime(_known(key))  # used just now, so not the next to be evicted
    return Known(key, copy, record["etag"], record["last_modified"], record["address"], record["fetched_at"])


def by_hash(sha256: str) -> LocalCopy | None:
    """Find bytes by their SHA-256, also where their holder has newer ones by now; they are hashed again to be sure."""
    path = _content(sha256)
    try:
        return LocalCopy(path, sha256, path.stat().st_size) if _sha256_of(path) == sha256 else None
    except OSError:
        return None


def store(
    stream: Iterable[bytes],
    *,
    key: str,
    etag: str = "",
    version: str = "",
    last_modified: str = "",
    address: str = "",
) -> LocalCopy:
    """Keep the bytes of a stream as the copy that belongs to a key.

    If the stream raises, or the process is interrupted, nothing is kept and what was there before stays.

    Parameters
    ----------
    stream
        The bytes, in pieces.
    key
        What they are found again by, for instance an address.
    etag, last_modified
        What the holder said, for asking again later.
    version
        The version that the holder states; the ETag, else the time of modification, where not given.
    address
        Where the bytes came from in the end.

    Raises
    ------
    FetchError
        The disk is full or cannot be written.
    """
    _make_folders()
    with _writing():
        handle, name = tempfile.mkstemp(dir=_folder("partial"))
    partial = Path(name)
    try:
        sha256, size = _write(handle, stream)
        with _writing():
            path = _put_in_place(partial, sha256)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    copy = LocalCopy(path, sha256, size, version or etag or last_modified)
    with _writing():
        _save(Known(key, copy, etag, last_modified, address, _now()))
    evict()
    return copy


def confirm(known: Known) -> LocalCopy:
    """Note that the holder still has the same bytes; where that cannot be written down, the bytes are as good."""
    with suppress(OSError):
        _save(Known(known.key, known.copy, known.etag, known.last_modified, known.address, _now()))
    return known.copy


def forget(key: str) -> None:
    """Forget what belongs to a key; the bytes go when space is needed."""
    _known(key).unlink(missing_ok=True)


def local_copy(path: Path) -> LocalCopy:
    """Describe a file that is already on this machine, for instance beside a catalogue file.

    The SHA-256 is remembered, so a file that has not changed is not hashed twice.

    Raises
    ------
    FetchError
        There is no such file, or it cannot be read.
    """
    key = f"file:{path.resolve()}"
    try:
        before = path.stat()
        record = _load(key)
        if record and _same_stamp(before, record):
            return LocalCopy(path, record["sha256"], record["size_bytes"])
        copy = LocalCopy(path, _sha256_of(path), before.st_size)
    except OSError as error:
        raise FetchError(
            f"The file {path.name} cannot be read: {error.strerror or error}.",
            hint="It should stand beside the catalogue file that names it.",
        ) from error
    if time.time_ns() - before.st_mtime_ns > RACY_NS:
        _remember(key, copy)
    return copy


def evict(limit: int | None = None) -> int:
    """Remove what no key leads to any more, then the copies that were used longest ago, until the cache fits its limit.

    Returns
    -------
    int
        How many bytes were freed.
    """
    for partial in _folder("partial").glob("*"):
        if _age(partial) > ABANDONED_S:
            partial.unlink(missing_ok=True)
    limit = settings.get("CACHE_SIZE") if limit is None else limit
    sizes = {path.name: size for path in _folder("content").glob("??/*") if (size := _size_of(path)) is not None}
    excess, freed = sum(sizes.values()) - limit, 0
    if excess <= 0:
        return 0
    for known, sha256 in _leaving(sizes):
        if freed >= excess:
            break
        if known:
            known.unlink(missing_ok=True)
        if (size := sizes.pop(sha256, None)) is not None:
            _content(sha256).unlink(missing_ok=True)
            freed += size
    return freed


def _leaving(contents: Iterable[str]) -> list[tuple[Path | None, str]]:
    """List what may go, in this order: bytes that no key leads to (a holder has newer ones), then keys with theirs."""
    records = {path: record["sha256"] if (record := _read(path)) else "" for path in _folder("known").glob("*.json")}
    unknown = set(contents) - set(records.values())
    orphans = [sha256 for sha256 in sorted(unknown) if _unmoved(_content(sha256)) >= IN_USE_S]
    unused = [path for path in sorted(records, key=_age, reverse=True) if _age(path) >= IN_USE_S]
    return [(None, sha256) for sha256 in orphans] + [(path, records[path]) for path in unused]


def _folder(name: str) -> Path:
    return settings.cache_folder() / name


def _make_folders() -> None:
    try:
        settings.cache_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("content", "known", "partial"):
            _folder(name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The folder for local copies, {settings.cache_folder()}, cannot be made: {error.strerror or error}.",
            hint="Set LONDATA_CACHE to a folder that you can write.",
        ) from error


def _content(sha256: str) -> Path:
    return _folder("content") / sha256[:2] / sha256


def _known(key: str) -> Path:
    return _folder("known") / (hashlib.sha256(key.encode()).hexdigest() + ".json")


def _write(handle: int, stream: Iterable[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(handle, "wb") as file:
        for piece in stream:
            digest.update(piece)
            size += len(piece)
            with _writing():
                file.write(piece)
        with _writing():
            file.flush()
    return digest.hexdigest(), size


def _put_in_place(partial: Path, sha256: str) -> Path:
    path = _content(sha256)
    partial.chmod(0o400)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileNotFoundError):  # the same bytes again: other keys know them by their time
        stamp = path.stat().st_mtime_ns
        os.utime(partial, ns=(stamp, stamp))
    return partial.replace(path)


@contextmanager
def _writing() -> Iterator[None]:
    """Turn the system's refusal to write into a sentence."""
    try:
        yield
    except OSError as error:
        raise FetchError(
            f"The local copy could not be written in {settings.cache_folder()}: {error.strerror or error}.",
            hint="Free some space, or set LONDATA_CACHE to a folder on another disk.",
        ) from error


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _same_stamp(status: os.stat_result, record: dict[str, Any]) -> bool:
    return (status.st_size, status.st_mtime_ns) == (record["size_bytes"], record["mtime_ns"])


def _intact(path: Path, record: dict[str, Any]) -> bool:
    """Tell whether a copy is what it was; reads it only where size and time leave a doubt."""
    try:
        status = path.stat()
        if status.st_size != record["size_bytes"]:
            return False
        return _same_stamp(status, record) or _sha256_of(path) == record["sha256"]
    except OSError:
        return False


def _load(key: str) -> dict[str, Any] | None:
    record = _read(_known(key))
    return record if record and record["key"] == key else None


def _read(path: Path) -> dict[str, Any] | None:
    """Read one record; what is broken or from another version is as good as not there."""
    text = ("key", "sha256", "version", "etag", "last_modified", "address", "fetched_at")
    try:
        record = json.loads(path.read_bytes())
        if all(isinstance(record[name], str) for name in text) and len(bytes.fromhex(record["sha256"])) == 32:
            return {**record, "size_bytes": int(record["size_bytes"]), "mtime_ns": int(record["mtime_ns"])}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _save(known: Known) -> None:
    copy = known.copy
    record = {
        "key": known.key,
        "sha256": copy.sha256,
        "size_bytes": copy.size_bytes,
        "mtime_ns": copy.path.stat().st_mtime_ns,
        "version": copy.version,
        "etag": known.etag,
        "last_modified": known.last_modified,
        "address": known.address,
        "fetched_at": known.fetched_at,
    }
    handle, name = tempfile.mkstemp(dir=_folder("partial"))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(record, file)
        Path(name).replace(_known(known.key))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _remember(key: str, copy: LocalCopy) -> None:
    """Save where that is possible; a cache that cannot be written costs only time here."""
    with suppress(OSError, SettingsError):
        _make_folders()
        _save(Known(key, copy, fetched_at=_now()))


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _unmoved(path: Path) -> float:
    """Tell how many seconds ago a file was put where it is; its time of modification may be that of older bytes."""
    try:
        return time.time() - path.stat().st_ctime
    except OSError:
        return 0.0


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:  # another process removed it while we looked
        return None


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
