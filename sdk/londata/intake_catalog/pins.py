"""The versions that a run must read: a batch notes them when it begins, and no report of it reads others.

The setting ``PINS`` names a JSON file: entry → distribution → pin. A pin is the SHA-256 of the bytes, or the version
that their holder states where no hash is known.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from londata import cache, settings
from londata.errors import ChangedDataError, SettingsError
from londata.records import Distribution, Entry
from londata.register import LocalCopy


def pin_of(sha256: str | None, version: str | None) -> str:
    """Write down a version as a pin; empty where neither hash nor version is known, so that nothing can be pinned."""
    return sha256 or (f"version {version}" if version else "")


def require(record: Entry, distribution: Distribution, pin: str) -> None:
    """Stop where something else is there than this run is pinned to.

    Parameters
    ----------
    record, distribution
        What is read.
    pin
        What is there, as :func:`pin_of` writes it.

    Raises
    ------
    ChangedDataError
        The data changed since the batch began.
    """
    if pin != (pinned := _pinned(record, distribution) or pin):
        raise ChangedDataError(
            f"“{record.title}” changed while the batch ran: it was {_shown(pinned)} when the batch began, "
            f"and is {_shown(pin)} now.",
            hint="All reports of a batch rest on the same data; run the batch again.",
        )


def pinned_copy(record: Entry, distribution: Distribution, copy: LocalCopy) -> LocalCopy:
    """Give the bytes that this run is pinned to: those at hand, else a copy that is still in the cache.

    Parameters
    ----------
    record, distribution
        What is read.
    copy
        What the register has now.

    Raises
    ------
    ChangedDataError
        The data changed since the batch began, and the earlier bytes are gone.
    """
    pinned = _pinned(record, distribution)
    if pinned in ("", copy.sha256):
        return copy
    if earlier := cache.by_hash(pinned):
        return earlier
    require(record, distribution, copy.sha256)
    return copy


def _pinned(record: Entry, distribution: Distribution) -> str:
    path = settings.get("PINS")
    return str(_pins(path).get(record.id, {}).get(distribution.id, "")) if path else ""


@lru_cache(maxsize=4)
def _pins(path: str) -> dict[str, dict[str, Any]]:
    try:
        return dict(json.loads(Path(path).read_bytes()))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The versions that must be read cannot be read from {path}: {error}.",
            hint="LONDATA_PINS is set by batches of reports; leave it unset elsewhere.",
        ) from error


def _shown(pin: str) -> str:
    return pin if pin.startswith("version ") else f"{pin[:12]}…"
