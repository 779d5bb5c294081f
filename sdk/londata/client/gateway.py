"""The gateway's client: it begins readings of shared and closed data, and brings ranges of their bytes.

A reading's token is short-lived and kept in memory only: no ``repr``, pickle, error or file has it. Nothing is
written to disk here.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from londata.client import shown_outputs
from londata.client.connection import GATEWAY, beginning, tokenless
from londata.client.service_client import ServiceClient
from londata.errors import FetchError, NotAuthenticatedError, UsageError, warn
from londata.records.identifiers import MAX_SLUG, SLUG

if TYPE_CHECKING:
    import httpx

#: Seconds to wait for a reading to begin: the first may have to wait until the agreed columns and rows are cut out.
BEGIN_TIMEOUT_S = 900.0
#: Seconds to wait for the next bytes, which the gateway may first have to get from a holder.
BYTES_TIMEOUT_S = 120.0
PIECE = 1024 * 1024
#: The most that the gateway's answer may hold when a reading begins, and the most that is kept of a file's end.
MOST_OF_AN_ANSWER = 1024 * 1024
MOST_OF_A_TAIL = 4 * 1024 * 1024
#: What was warned of in this process: entry and day.
_warned: set[tuple[str, dt.date]] = set()


@dataclass(frozen=True)
class OpenReading:
    """What the gateway says when a reading begins: what is read, for what, and until when.

    ``columns`` are those that may be read (``None``: all), ``row_filter`` says which rows; ``decision`` is the number
    of its line in the log. ``warning`` says that the access ends soon.
    """

    token: str = field(repr=False, compare=False)
    expires_at: str
    decision: int
    path: str
    entry: str
    title: str
    distribution: str
    media_type: str
    size_bytes: int
    sha256: str | None = None
    version: str | None = None
    rows: int | None = None
    columns: tuple[str, ...] | None = None
    row_filter: str | None = None
    agreement: str | None = None
    project: str | None = None
    purpose: str | None = None
    grant: str | None = None
    until: str | None = None
    outputs: str | None = None
    warning: str | None = None
    policy_version: str = ""

    def same_bytes_as(self, other: OpenReading) -> bool:
        """Tell whether another reading is of the very same bytes."""
        return (self.size_bytes, self.sha256, self.version) == (other.size_bytes, other.sha256, other.version)

    def terms(self) -> dict[str, Any]:
        """Say on which terms it is read: the fields that a note of a reading has of the same name."""
        names = ("agreement", "project", "purpose", "decision", "grant", "until", "outputs", "policy_version")
        return {name: getattr(self, name) for name in names}

    def __getstate__(self) -> dict[str, Any]:
        """Leave the token out of a pickle: whoever loads it asks for one of their own."""
        return {**self.__dict__, "token": ""}


class _Unseen(str):
    """A text that does not show itself where somebody looks at the variables of a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


_OPEN_READING: TypeAdapter[OpenReading] = TypeAdapter(OpenReading)


class GatewayClient(ServiceClient):
    """Asks the gateway for readings.

    Raises
    ------
    SettingsError
        The address or the token cannot be used.
    """

    service = GATEWAY

    def begin(self, entry: str, distribution: str | None = None, project: str | None = None) -> OpenReading:
        """Begin a reading: the gateway decides, writes it down, and says what may be read until when.

        Parameters
        ----------
        entry
            Its slug.
        distribution
            Which of its distributions; may be left out where there is one.
        project
            The project for which it is read.

        Raises
        ------
        AccessDeniedError
            It may not be read; the message says why. ``AccessEndedError`` where it could be before.
        NotAuthenticatedError
            The hub's token is not accepted.
        EntryNotFoundError, UsageError
            There is no such entry or distribution, or it does not go through the gateway.
        OfflineError, FetchError
            Nobody answers, or not as a gateway does.
        """
        _check_slugs(entry, distribution)
        asked = {"entry": entry, "distribution": distribution, "project": project}
        body = {name: value for name, value in asked.items() if value is not None}
        response = self._connection.send("/readings", body=body, stream=True, patience=BEGIN_TIMEOUT_S)
        text = beginning(response, MOST_OF_AN_ANSWER)
        try:
            opening = _OPEN_READING.validate_json(text[: MOST_OF_AN_ANSWER + 1])
        except ValidationError:  # which would show what it could not read, and with it the token
            raise self._connection.strange() from None
        same = opening.entry == entry and distribution in (None, opening.distribution) and opening.size_bytes >= 0
        if not same or opening.path != f"/data/{entry}/{opening.distribution}" or not opening.token.isprintable():
            raise self._connection.strange()
        shown_outputs.mark(opening.agreement)
        return opening

    def hold(self, opening: OpenReading, project: str | None = None) -> HeldReading:
        """Hold a reading open, to read from it as often as is needed."""
        return HeldReading(self, opening, project or opening.project)

    def bytes_of(self, opening: OpenReading, start: int, stop: int) -> httpx.Response:
        """Ask for one range; the caller reads the answer piece by piece and closes it.

        Parameters
        ----------
        opening
            The reading.
        start, stop
            The range; ``stop`` is not part of it.

        Raises
        ------
        FetchError
            The answer is not that range.
        """
        headers = {
            "Authorization": _Unseen(f"Bearer {opening.token}"),
            "Range": f"bytes={start}-{stop - 1}",
            "Accept-Encoding": "identity",
        }
        response = self._connection.send(opening.path, headers=headers, stream=True, patience=BYTES_TIMEOUT_S)
        said, length = response.headers, response.headers.get("content-length")
        if (
            response.status_code != 206
            or said.get("content-range") != f"bytes {start}-{stop - 1}/{opening.size_bytes}"
            or (length is not None and length != str(stop - start))
            or said.get("content-encoding", "identity") != "identity"
            or not said.get("etag")
        ):
            response.close()
            raise self._connection.strange(": it sends another range than was asked for")
        return response


class HeldReading:
    """Bytes of one distribution, range by range, under one reading or several.

    When the token ran out or the gateway started anew, it asks again by itself, once for each range.
    """

    def __init__(self, client: GatewayClient, opening: OpenReading, project: str | None) -> None:
        self.opening = opening
        self.begun_at = dt.datetime.now(dt.UTC)
        #: Called with each number of bytes that arrives.
        self.advance: Callable[[int], Any] = lambda _: None
        self._client = client
        self._project = project
        #: By process: another thread may have held it when this one was forked off.
        self._locks: dict[int, threading.Lock] = {}
        self._etag = ""
        # A Parquet file is understood from its end, which several readers then ask for one after the other.
        self._tail = b""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self.opening.size_bytes

    def read(self, start: int, stop: int) -> bytes:
        """Read one range, as far as the bytes go.

        Parameters
        ----------
        start, stop
            The range; ``stop`` is not part of it.

        Raises
        ------
        AccessDeniedError
            It may not be read any more.
        FetchError
            The bytes cannot be had, or changed since the first of them was read.
        """
        start, stop = max(0, start), min(stop, self.size)
        if start >= stop:
            return b""
        tail = self._tail
        kept_from = self.size - len(tail)
        if start >= kept_from:
            return tail[start - kept_from : stop - kept_from]
        if stop > kept_from:
            return self._keep_tail(start, b"".join(self.pieces(start, kept_from)) + tail)[: stop - start]
        found = b"".join(self.pieces(start, stop))
        return self._keep_tail(start, found) if stop == self.size else found

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Read one range in pieces, going on where the connection broke; the whole when no range is given.

        Parameters
        ----------
        start, stop
            The range; ``stop`` is not part of it.

        Raises
        ------
        AccessDeniedError
            It may not be read any more.
        FetchError
            The bytes cannot be had, or changed since the first of them was read.
        """
        import httpx

        stop = self.size if stop is None else stop
        at, broken_at = start, -1
        while at < stop:
            try:
                with closing(self._answer(at, stop)) as response:
                    for piece in response.iter_raw(PIECE):
                        at += len(piece)
                        if at > stop:
                            self._changed("sent more bytes than were asked for")
                        self.advance(len(piece))
                        yield piece
                if at < stop:
                    raise httpx.RemoteProtocolError("it sent less than it promised")
            except httpx.HTTPError as error:
                if broken_at == at:
                    raise FetchError(
                        f"The gateway broke off while sending “{self.opening.title}”: {error or type(error).__name__}.",
                        hint="Try again; if that does not help, tell whoever runs the hub.",
                    ) from tokenless(error)
                broken_at = at

    def _keep_tail(self, start: int, found: bytes) -> bytes:
        if self.size - start <= MOST_OF_A_TAIL:
            self._tail = found
        return found

    def _answer(self, start: int, stop: int) -> httpx.Response:
        opening = self.opening
        try:
            response = self._client.bytes_of(opening, start, stop)
        except NotAuthenticatedError:
            response = self._client.bytes_of(self._begun_again(opening), start, stop)
        etag = response.headers["etag"]
        self._etag = self._etag or etag
        if etag != self._etag:
            response.close()
            self._changed("changed while it was read")
        return response

    def _begun_again(self, stale: OpenReading) -> OpenReading:
        """Begin the reading again, unless another thread just did."""
        with self._locks.setdefault(os.getpid(), threading.Lock()):
            if self.opening is stale:
                opening = self._client.begin(stale.entry, stale.distribution, self._project)
                if not opening.same_bytes_as(stale):
                    self._changed("changed while it was read")
                self.opening = opening
            return self.opening

    def _changed(self, what: str) -> NoReturn:
        raise FetchError(f"“{self.opening.title}” {what}; nothing of it can be used.", hint="Read it again.")

    def __repr__(self) -> str:
        return f"HeldReading({self.opening!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return HeldReading, (self._client, self.opening, self._project)


def warn_once(opening: OpenReading) -> None:
    """Pass on what the gateway warns of, once for each entry and day."""
    seen = opening.entry, dt.datetime.now(dt.UTC).date()
    if opening.warning and seen not in _warned:
        _warned.add(seen)
        warn(opening.warning)


def gateway_at(address: str) -> GatewayClient:
    """Open the gateway at an address, once per process and token."""
    return GatewayClient.at(address)


def _check_slugs(*slugs: str | None) -> None:
    for slug in slugs:
        if slug is not None and not (len(slug) <= MAX_SLUG and SLUG.match(slug)):
            raise UsageError(
                f"There is nothing called {slug[:80]!r}.",
                hint="In an address a name has hyphens: londata://school-rolls-by-pupil.",
            )
