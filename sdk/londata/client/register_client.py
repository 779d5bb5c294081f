"""A :class:`~londata.register.Register` over HTTP: the same questions, answered by the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from londata import cache, settings
from londata.access import Decision
from londata.client.connection import REGISTER, Params, tokenless
from londata.client.service_client import ServiceClient
from londata.errors import EntryNotFoundError, FetchError, RegisterUnavailableError, TooLargeError
from londata.query import Query, SearchResult
from londata.records import Distribution, Entry, entry_from_dict, slugify
from londata.records.identifiers import MAX_SLUG, SLUG
from londata.register import LocalCopy

if TYPE_CHECKING:
    import httpx

#: Rows of the first page, which is often all that is looked at, and of the next: the most that the service hands out.
FIRST_PAGE, PAGE = 100, 1000
#: Most suggestions that the service gives.
MOST_NEAR = 50
#: Seconds to wait for bytes that the hub may first have to fetch from a slow portal itself.
CONTENT_TIMEOUT_S = 900.0
PIECE = 1024 * 1024


class RegisterClient(ServiceClient):
    """A register behind a service; entries come on demand.

    Raises
    ------
    SettingsError
        The address or the token cannot be used.
    RegisterUnavailableError, NotAuthenticatedError
        From every method: nobody answers; the token is not accepted.
    """

    service = REGISTER

    def find(self, slug: str) -> Entry | None:
        """Find one entry by its slug."""
        if not _is_slug(slug):
            return None
        try:
            return _entry(self._connection.get(f"/entries/{slug}"))
        except EntryNotFoundError:
            return None

    def slugs(self, query: Query, *, prefix: str = "", limit: int | None = None) -> Iterator[str]:
        """Iterate over the slugs that fit, a page at a time and to the end.

        Raises
        ------
        RegisterUnavailableError
            The service counts more or fewer slugs than it sent; nothing is cut off in silence.
        """
        for page in self._pages("/slugs", [*query.to_params(), ("prefix", prefix)], "slugs", limit=limit):
            yield from page["slugs"]

    def count(self, query: Query) -> int:
        """Count the entries that fit."""
        return int(self._connection.get("/count", query.to_params())["total"])

    def search(self, query: Query, *, limit: int = 20, offset: int = 0, facets: Sequence[str] = ()) -> SearchResult:
        """Search; more than the service hands out at once is fetched page by page."""
        params = [*query.to_params(), *(("facets", name) for name in facets)]
        pages = list(self._pages("/search", params, "entries", limit=limit, offset=offset))
        entries = tuple(_entry(values) for page in pages for values in page["entries"])
        counts = {name: tuple((value, n) for value, n in pairs) for name, pairs in pages[0]["facets"].items()}
        return SearchResult(pages[0]["total"], entries, counts)

    def near(self, slug: str, limit: int = 3, *, without: frozenset[str] = frozenset()) -> list[str]:
        """Suggest the slugs that are written most like this one; the service leaves out what the caller may not see."""
        clean = slug if _is_slug(slug) else slugify(slug)
        asked = min(limit + len(without), MOST_NEAR) if without else limit
        found = self._connection.get(f"/entries/{clean}/near", [("limit", asked)])["slugs"]
        return [each for each in found if each not in without][:limit]

    def themes(self) -> dict[str, str]:
        """Name the themes by which the register is ordered, and their titles."""
        return dict(self._connection.get("/themes")["themes"])

    def fetch(self, entry: Entry, distribution: Distribution, decision: Decision) -> LocalCopy:
        """Bring the bytes of one distribution to this machine, or find that the copy here is still the same.

        Raises
        ------
        AccessDeniedError
            The decision does not allow it, or the service's own does not, or the distribution is not the entry's.
        FetchError
            The service cannot get the bytes, or what arrived is not what it promised.
        TooLargeError
            It has more bytes than the setting ``MAX_DOWNLOAD``; nothing is kept.
        """
        decision.require_for("read", entry, distribution)
        path = f"/entries/{entry.id}/distributions/{distribution.id}/content"
        key = self._address + path
        known = cache.lookup(key)
        response = self._connection.send(
            path, headers={"If-None-Match": known.etag} if known else {}, stream=True, patience=CONTENT_TIMEOUT_S
        )
        with closing(response):
            if known and response.status_code == 304:
                return cache.confirm(known)
            return _keep(response, key, entry.title)

    def _pages(self, path: str, params: Params, rows: str, *, limit: int | None, offset: int = 0) -> Iterator[Any]:
        """Ask for page after page, and compare each with the service's own count."""
        counted, received = None, 0
        while True:
            most = FIRST_PAGE if counted is None and limit is None else PAGE
            size = most if limit is None else min(most, limit - received)
            page = self._connection.get(path, [*params, ("offset", offset + received), ("limit", size)])
            due = max(0, min(size, page["total"] - offset - received))
            if len(page[rows]) + page.get("withheld", 0) != due or counted not in (None, page["total"]):
                raise RegisterUnavailableError(
                    f"The register counts {page['total']:,} entries and did not send all of them: "
                    "it changed while it was read.",
                    hint="Ask again.",
                )
            yield page
            counted, received = page["total"], received + due
            if received == limit or offset + received >= counted:
                return


def _keep(response: httpx.Response, key: str, title: str) -> LocalCopy:
    """Keep what the service sends, if it is what the service says it is."""
    import httpx

    from londata.fetch.progress import bar

    length, etag = int(response.headers.get("content-length", -1)), response.headers.get("etag", "")
    if length < 0 or not etag:
        raise FetchError(
            f"“{title}” came without its size or hash, so nobody could tell whether it is whole; it was not kept.",
            hint="Something between here and the hub changes answers; tell whoever runs the hub.",
        )
    if length > (limit := settings.get("MAX_DOWNLOAD")):
        raise TooLargeError(
            f"“{title}” has {length:,} bytes, and the limit is {limit:,} bytes; nothing was kept.",
            hint="Raise LONDATA_MAX_DOWNLOAD if you want it all the same.",
        )
    try:
        with bar(title, length, wanted=True) as advance:
            copy = cache.store(
                _counted(response.iter_bytes(PIECE), advance),
                key=key,
                etag=etag,
                version=response.headers.get("x-londata-version", ""),
                address=key,
            )
    except httpx.HTTPError as error:
        raise FetchError(f"The register broke off while sending “{title}”: {error}.", hint="Try again.") from tokenless(
            error
        )
    if etag != f'"{copy.sha256}"':
        cache.forget(key)
        raise FetchError(f"“{title}” did not arrive as it was sent; it was not kept.", hint="Try again.")
    return copy


def _counted(pieces: Iterator[bytes], advance: Callable[[int], Any]) -> Iterator[bytes]:
    for piece in pieces:
        advance(len(piece))
        yield piece


def _is_slug(text: str) -> bool:
    return len(text) <= MAX_SLUG and SLUG.match(text) is not None


def _entry(values: Any) -> Entry:
    try:
        return entry_from_dict(values)
    except ValidationError as error:
        raise RegisterUnavailableError(
            "The register describes an entry in a way that this version of londata does not know.",
            hint="Install the version of londata that the hub runs.",
        ) from error
