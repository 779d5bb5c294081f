"""Bring the bytes behind an address to this machine: redirects, limits, cache."""

from __future__ import annotations

import datetime as dt
import ssl
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from londata import __version__, cache, settings
from londata.errors import AddressRefusedError, FetchError, OfflineError, TooLargeError, UsageError
from londata.fetch import addresses
from londata.fetch.progress import bar
from londata.fetch.transport import CONNECT_TIMEOUT_S, CheckedTransport, Patience
from londata.register import LocalCopy

MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_ENCODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
_UNREACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpcore.ConnectError, httpcore.ConnectTimeout)
_TIMED_OUT = (httpx.TimeoutException, httpcore.TimeoutException)
_BROKEN = (httpx.TransportError, httpx.DecodingError, httpcore.NetworkError, httpcore.ProtocolError)


class StaleCopyWarning(UserWarning):
    """The holder does not answer, so an earlier copy is used."""


@dataclass(frozen=True)
class _Errand:
    """One fetch: where it starts, what it may do."""

    start: httpx.URL
    limit: int
    headers: Mapping[str, str]
    transport: httpx.BaseTransport | None
    allowed: addresses.Allowance
    patience: Patience
    known: cache.Known | None
    progress: bool


def fetch(
    url: str,
    *,
    max_bytes: int | None = None,
    headers: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
    trusted: bool = False,
    progress: bool = True,
) -> LocalCopy:
    """Bring the bytes behind an address to this machine, or confirm that the copy here is still good.

    A copy that is here is kept if the holder says that it is unchanged (ETag, time of modification). If the holder
    does not answer at all, it is used too, with a :class:`StaleCopyWarning`.

    Parameters
    ----------
    url
        An http or https address. Unless trusted or allowed (setting ``FETCH_ALLOW``), it must lead to the public
        internet on a usual port; that is checked for every redirect, on the very connection that is used.
    max_bytes
        Largest size, packed and unpacked; the setting ``MAX_DOWNLOAD`` where not given.
    headers
        Credentials. They go to the origin (scheme, host and port) of ``url`` and never to another one.
    transport
        What reaches a trusted origin in some other way, for instance through a unix socket.
    trusted
        The origin was set by whoever runs londata, not harvested: it may be on this machine or a private network.
        A redirect to another origin is not trusted.
    progress
        Show a bar after a second, if somebody looks.

    Raises
    ------
    OfflineError
        No network, or nobody answers, and there is no earlier copy.
    AddressRefusedError
        The address, or one it redirects to, is one londata does not go to.
    TooLargeError
        There are more bytes than the limit.
    FetchError
        The holder answers, but not with the file. In every one of these cases nothing half-written is left.
    """
    if transport is not None and not trusted:
        raise UsageError("A transport of one's own is only for a trusted address.", hint="Say trusted=True.")
    start = addresses.parse(url)
    allowed: addresses.Allowance = settings.get("FETCH_ALLOW")
    if trusted:
        allowed = allowed | {(start.host, addresses.port_of(start))}
    errand = _Errand(
        start=start,
        limit=settings.get("MAX_DOWNLOAD") if max_bytes is None else max_bytes,
        headers=headers or {},
        transport=transport,
        allowed=allowed,
        patience=Patience(settings.get("TIMEOUT_S"), settings.get("DEADLINE_S")),
        known=cache.lookup(str(start)),
        progress=progress,
    )
    try:
        return _run(errand)
    except OfflineError as error:
        if errand.known is None:
            raise
        warnings.warn(
            f"{error.message} The copy that was fetched on {_day(errand.known)} is used.",
            StaleCopyWarning,
            stacklevel=2,
        )
        return errand.known.copy


@dataclass(frozen=True)
class Streamed:
    """The answer of a holder: its status, what it says of the version, and the bytes as they arrive.

    A status other than 200 (or 304, where that was asked for) shows as an error once the bytes are asked for.
    """

    status: int
    etag: str
    last_modified: str
    pieces: Iterator[bytes]


@contextmanager
def stream(url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int | None = None) -> Iterator[Streamed]:
    """Bring bytes by the same rules as :func:`fetch`, for a caller who may not leave them in the cache.

    Parameters
    ----------
    url
        An http or https address.
    headers
        Credentials and conditions. They go to the origin of ``url`` and never to another one.
    max_bytes
        Largest size, packed and unpacked; the setting ``MAX_DOWNLOAD`` where not given.

    Raises
    ------
    FetchError
        As :func:`fetch`; what is wrong with the bytes shows while they are read.
    """
    errand = _Errand(
        start=addresses.parse(url),
        limit=settings.get("MAX_DOWNLOAD") if max_bytes is None else max_bytes,
        headers=headers or {},
        transport=None,
        allowed=settings.get("FETCH_ALLOW"),
        patience=Patience(settings.get("TIMEOUT_S"), settings.get("DEADLINE_S")),
        known=None,
        progress=False,
    )
    with _answer(errand) as response:
        stated = response.headers.get
        pieces = _checked_pieces(response, errand)
        yield Streamed(response.status_code, stated("etag", ""), stated("last-modified", ""), pieces)


def _checked_pieces(response: httpx.Response, errand: _Errand) -> Iterator[bytes]:
    _check(response, errand)
    yield from _pieces(response, errand)


def _run(errand: _Errand) -> LocalCopy:
    with _answer(errand) as response:
        if response.status_code == httpx.codes.NOT_MODIFIED and errand.known:
            return cache.confirm(errand.known)
        _check(response, errand)
        return cache.store(
            _pieces(response, errand),
            key=str(errand.start),
            etag=response.headers.get("etag", ""),
            last_modified=response.headers.get("last-modified", ""),
            address=addresses.shown(response.url),
        )


@contextmanager
def _answer(errand: _Errand) -> Iterator[httpx.Response]:
    """Ask, follow redirects by hand, and give the first response that is not one."""
    url, home = errand.start, True
    for _ in range(MAX_REDIRECTS + 1):
        addresses.check_port(url, errand.allowed)
        home = home and _origin(url) == _origin(errand.start)  # who has left does not come back with a credential
        with _naming(url, errand), _asked(url, errand, home) as response:
            if response.status_code not in _REDIRECTS or "location" not in response.headers:
                yield response
                return
            url = _next(url, response.headers["location"])
    raise FetchError(
        f"{addresses.shown(errand.start)} redirects more than {MAX_REDIRECTS} times, so it leads nowhere.",
        hint="Look at the landing page of the entry; the address may have changed.",
    )


@contextmanager
def _asked(url: httpx.URL, errand: _Errand, home: bool) -> Iterator[httpx.Response]:
    """Send one request for one hop. There is no client around it, so nothing is carried from hop to hop."""
    timeout = httpx.Timeout(errand.patience.timeout, connect=min(errand.patience.timeout, CONNECT_TIMEOUT_S))
    request = httpx.Request("GET", url, headers=_headers(errand, home), extensions={"timeout": timeout.as_dict()})
    if home and errand.transport is not None:
        transport: Any = nullcontext(errand.transport)  # the caller's, who closes it
    else:
        transport = CheckedTransport(errand.allowed, errand.patience)
    with transport as way, closing(way.handle_request(request)) as response:
        response.request = request
        yield response


@contextmanager
def _naming(url: httpx.URL, errand: _Errand) -> Iterator[None]:
    """Turn what goes wrong on the way into one sentence."""
    try:
        yield
    except _UNREACHED as error:
        if _is_untrue(error):
            raise FetchError(
                f"{url.host} cannot prove that it is {url.host}: its certificate is not valid. Nothing was fetched.",
                hint="Tell the publisher; on your own network somebody may also stand between you and them.",
            ) from error
        raise OfflineError(
            f"Nobody answers at {url.host}: there is no network here, or the holder's server is down.",
            hint="Check the network and try again later.",
        ) from error
    except _TIMED_OUT as error:
        raise FetchError(
            f"{url.host} sent nothing for {errand.patience.timeout:g} seconds, so the fetch was given up.",
            hint="Try again later; a larger LONDATA_TIMEOUT_S waits longer.",
        ) from error
    except _BROKEN as error:
        raise FetchError(
            f"{url.host} broke off before the whole file had arrived; nothing was kept.",
            hint="Try again; if it happens each time, tell the publisher.",
        ) from error


def _is_untrue(error: BaseException | None) -> bool:
    """Tell whether a connection failed because of TLS; somebody answers then, but not with the truth."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def _headers(errand: _Errand, home: bool) -> dict[str, str]:
    headers = {"accept": "*/*", "accept-encoding": "gzip", "user-agent": f"londata/{__version__}"}
    if home:
        headers |= {name.lower(): value for name, value in errand.headers.items()}
    if errand.known and errand.known.etag:
        headers["if-none-match"] = errand.known.etag
    elif errand.known and errand.known.last_modified:
        headers["if-modified-since"] = errand.known.last_modified
    return headers


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, addresses.port_of(url)


def _next(url: httpx.URL, location: str) -> httpx.URL:
    try:
        target = addresses.parse(str(url.join(location)))
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefusedError(f"{url.host} redirects to {location[:100]!r}, which is no address.") from error
    if url.scheme == "https" and target.scheme == "http":
        raise AddressRefusedError(
            f"{url.host} redirects from https to http, where anybody on the way could change the data.",
            hint="Tell the publisher; if the http address is what you want, it must be in the register.",
        )
    return target


def _check(response: httpx.Response, errand: _Errand) -> None:
    """Stop before the body where the head already says that this is not the file, or too much of it."""
    status, host = response.status_code, response.url.host
    if status in (404, 410):
        raise FetchError(
            f"The holder has moved or removed the file: {addresses.shown(response.url)} answers {status}.",
            hint="Look at the landing page of the entry.",
        )
    if status in (401, 403):
        raise FetchError(
            f"{host} does not hand out the file without a login ({status}).",
            hint="Ask the publisher named in the entry.",
        )
    if status == 429 or status >= 500:
        raise FetchError(f"{host} is not able to answer just now ({status}).", hint="Try again later.")
    if status != 200:
        raise FetchError(f"{host} answers {status} instead of the file.", hint="Look at the landing page of the entry.")
    if (encoding := response.headers.get("content-encoding", "").strip().lower()) not in _ENCODINGS:
        raise FetchError(f"{host} sends the file packed as {encoding[:40]!r}, which londata did not ask for.")
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) > errand.limit:
        raise _too_large(errand, f"has {int(length):,} bytes")


def _pieces(response: httpx.Response, errand: _Errand) -> Iterator[bytes]:
    """Hand out the body, unpacked, as long as it keeps to the limit."""
    length = response.headers.get("content-length", "")
    size, packed = 0, 0
    with bar(errand.start.host, int(length) if length.isdigit() else None, wanted=errand.progress) as advance:
        for piece in response.iter_bytes():
            size += len(piece)
            if size > errand.limit:
                raise _too_large(errand, "sends more")
            advance(response.num_bytes_downloaded - packed)
            packed = response.num_bytes_downloaded
            yield piece
    if not size:
        raise FetchError(
            f"The file at {addresses.shown(errand.start)} is empty (0 bytes).",
            hint="Tell the publisher; try again later.",
        )


def _too_large(errand: _Errand, what: str) -> TooLargeError:
    return TooLargeError(
        f"{addresses.shown(errand.start)} {what}, and the limit is {errand.limit:,} bytes; nothing was kept.",
        hint="Raise LONDATA_MAX_DOWNLOAD if you want it all the same.",
    )


def _day(known: cache.Known) -> str:
    try:
        return dt.datetime.fromisoformat(known.fetched_at).date().isoformat()
    except ValueError:
        return "an earlier day"
