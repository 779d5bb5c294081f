"""Bring what a holder keeps elsewhere: by the rules of the one fetch layer, straight into a sealed copy."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from londata import settings
from londata.errors import AddressRefusedError, FetchError, OfflineError, TooLargeError
from londata.fetch import Streamed, stream
from londata.records import Distribution, Entry
from londata_hub.gateway.holdings import bound_to, check_safe, credential_of
from londata_hub.gateway.keys import HoldersKey, Pair
from londata_hub.gateway.s3 import signed_address
from londata_hub.gateway.sealed import SealedWriter
from londata_hub.gateway.shelf import Kept, NoRoomError, Shelf
from londata_hub.store import Holding

#: Seconds for which a holder is not asked again whether its file is still the same.
FRESH_S = 60
_LOG = logging.getLogger("londata_hub.gateway")
_QUERY = re.compile(r"\?[^\s'\"]*")


class Sources:
    """Keeps sealed copies of what holders have elsewhere.

    Parameters
    ----------
    shelf
        Where the copies are kept.
    key
        Decrypts the credentials, each only while it is used.
    """

    def __init__(self, shelf: Shelf, key: HoldersKey) -> None:
        self._shelf = shelf
        self._key = key
        self._asked: dict[tuple[Pair, str], tuple[int, float]] = {}

    def fresh(self, pair: Pair, holding: Holding) -> Kept | None:
        """Find a copy that the holder confirmed within the last minute."""
        about = _about(holding)
        kept = self._shelf.find(pair, about)
        asked = self._asked.get((pair, about))
        if kept and asked and asked[0] == kept.sealed.inode and time.monotonic() - asked[1] < FRESH_S:
            return kept
        return None

    def bring(self, pair: Pair, entry: Entry, distribution: Distribution, holding: Holding) -> Kept:
        """Bring the file, or hear from the holder that the copy is still good.

        Parameters
        ----------
        pair
            Entry and project that the copy is kept for.
        entry, distribution
            What it is of.
        holding
            Where it is.

        Raises
        ------
        FetchError
            It cannot be had. The message does not say where it was looked for; the gateway's log does.
        """
        about = _about(holding)
        kept = self._shelf.find(pair, about)
        with _explaining(entry, distribution):
            etag = str(kept.sealed.facts["etag"]) if kept else ""
            with self._answer(holding, etag) as answer:
                _check(answer.status, entry)
                if not (kept and etag and answer.status == 304):
                    kept = self._shelf.make(pair, about, lambda out: _copied(answer, out))
        self._asked[pair, about] = kept.sealed.inode, time.monotonic()
        return kept

    @contextmanager
    def _answer(self, holding: Holding, etag: str) -> Iterator[Streamed]:
        check_safe(holding, settings.get("FETCH_ALLOW"))
        credential = credential_of(holding, self._key)
        headers = {"if-none-match": etag} if etag else {}
        if holding.kind == "s3":
            address = signed_address(holding, credential)
        else:
            address = holding.location
            headers |= {"authorization": credential.text} if credential else {}
        with stream(address, headers=headers) as answer:
            yield answer


def _about(holding: Holding) -> str:
    return "copy " + json.dumps(bound_to(holding))


def _copied(answer: Streamed, out: SealedWriter) -> dict[str, Any]:
    for piece in answer.pieces:
        out.write(piece)
    return {"etag": answer.etag, "last_modified": answer.last_modified}


def _check(status: int, entry: Entry) -> None:
    """Say what the holder's status means, for people who need not know where it was asked."""
    if status in (401, 403):
        raise _SaidError(
            f"The holder of “{entry.title}” does not accept the credential that the hub has ({status}).",
            hint="Tell whoever runs the hub: `londata-hub holdings add` records another one.",
        )
    if status in (404, 410):
        raise _SaidError(
            f"The holder of “{entry.title}” does not have the file any more ({status}).",
            hint="Tell whoever runs the hub.",
        )
    if status not in (200, 304):
        raise _SaidError(f"The holder of “{entry.title}” cannot answer just now ({status}).", hint="Try again later.")


class _SaidError(FetchError):
    """Has been put into words already."""


@contextmanager
def _explaining(entry: Entry, distribution: Distribution) -> Iterator[None]:
    """Say what failed without the address, and note it with the address where the operator looks."""
    try:
        yield
    except NoRoomError:
        raise
    except _SaidError as error:
        _note(entry, distribution, error)
        raise FetchError(error.message, hint=error.hint) from None
    except (AddressRefusedError, OfflineError, TooLargeError) as error:
        _note(entry, distribution, error)
        raise type(error)(_SAID[type(error)].format(entry.title), hint="Tell whoever runs the hub.") from None
    except FetchError as error:
        _note(entry, distribution, error)
        raise FetchError(
            f"The holder of “{entry.title}” did not give the whole file; nothing was kept.", hint="Try again later."
        ) from None


_SAID: dict[type[FetchError], str] = {
    AddressRefusedError: "The address that is recorded for the holder of “{}” is one that londata does not go to.",
    OfflineError: "Nobody answers at the holder of “{}”.",
    TooLargeError: "The holder's file of “{}” is larger than the hub takes.",
}


def _note(entry: Entry, distribution: Distribution, error: FetchError) -> None:
    """Write what happened to the log; what follows a ``?`` in an address may be a signature."""
    _LOG.warning("holding of %s/%s: %s", entry.id, distribution.id, _QUERY.sub("?…", error.message))
