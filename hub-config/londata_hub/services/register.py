"""The register service: the register as a JSON API for everybody whom the hub knows.

Started by the hub: ``python -m londata_hub.services.register``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, FastAPI, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import FileResponse, Response

from londata import __version__
from londata.access import Subject, decide
from londata.errors import EntryNotFoundError, QueryError
from londata.query import FACETS
from londata.records import Entry, key_of, slug_of
from londata.register import Register
from londata.settings import shipped
from londata_hub import settings
from londata_hub.auth import Authenticate, Gate, HubAuth
from londata_hub.services.content import Content, content_response, distribution_of
from londata_hub.services.parameters import Completion, Facets, Filters, Near, Nothing, Page, Search, SlugPage
from londata_hub.web import JSON, ErrorBody, application, serve

API = "/api/v1"
T = TypeVar("T")
router = APIRouter(
    responses={status: {"model": ErrorBody} for status in (400, 401, 403, 404, 500, 502, 503)},
    default_response_class=JSON,
)


def create_app(register: Register, authenticate: Authenticate, content: Content, *, prefix: str = "") -> FastAPI:
    """Make the service.

    Parameters
    ----------
    register
        What is served.
    authenticate
        Token → subject; :class:`londata_hub.auth.HubAuth` in the hub.
    content
        Brings the bytes of distributions.
    prefix
        The path before every route, as the hub gives it (``/services/register``).
    """
    base = prefix.rstrip("/") + API
    app = application(
        "londata register",
        "The central register of London's data: what data exists, who holds it, and on which terms.",
        __version__,
        prefix=base,
        routers=[router],
        gate=Middleware(Gate, authenticate=authenticate, open_paths=[f"{base}/health"]),
    )
    app.state.register, app.state.content = register, content
    return app


@router.get("/health")
async def health(_: Annotated[Nothing, Query()]) -> JSON:
    """Say that the service runs, and nothing else. Needs no token."""
    return JSON({"ok": True})


@router.get("/me")
async def me(request: Request, _: Annotated[Nothing, Query()]) -> JSON:
    """Say who the caller is."""
    subject = _subject(request)
    return JSON({"name": subject.name, "groups": sorted(subject.groups)})


@router.get("/entries")
async def entries(request: Request, page: Annotated[Page, Query()]) -> JSON:
    """List entries in alphabetical order of their slugs, or best first when there are words."""
    return await _page(request, page, ())


@router.get("/search")
async def search(request: Request, page: Annotated[Search, Query()]) -> JSON:
    """Search, and count the values of facets."""
    return await _page(request, page, _known(page.facets))


@router.get("/slugs")
async def slugs(request: Request, page: Annotated[SlugPage, Query()]) -> JSON:
    """List slugs only."""
    register, query = _register(request), page.query()

    def answer() -> tuple[int, list[str]]:
        if page.prefix:
            every = list(register.slugs(query, prefix=page.prefix))
            return len(every), every[page.offset : page.offset + page.limit]
        wanted = page.offset + page.limit
        return register.count(query), list(islice(register.slugs(query, limit=wanted), page.offset, wanted))

    total, found = await _off_loop(answer)
    return JSON({"total": total, "slugs": found})


@router.get("/count")
async def count(request: Request, filters: Annotated[Filters, Query()]) -> JSON:
    """Count the entries that fit."""
    return JSON({"total": await _off_loop(_register(request).count, filters.query())})


@router.get("/facets")
async def facets(request: Request, filters: Annotated[Facets, Query()]) -> JSON:
    """Count the values of facets among the entries that fit."""
    asked = _known(filters.facets)
    result = await _off_loop(lambda: _register(request).search(filters.query(), limit=0, facets=asked))
    return JSON({"total": result.total, "facets": result.facets})


@router.get("/entries/{slug}")
async def entry(request: Request, slug: str, _: Annotated[Nothing, Query()]) -> JSON:
    """Show one entry."""
    return JSON(_written(await _visible_entry(request, slug)))


@router.get("/entries/{slug}/near")
async def near(request: Request, slug: str, asked: Annotated[Near, Query()]) -> JSON:
    """Suggest the slugs that are written most like this one; it need not exist."""
    return JSON({"slugs": await _off_loop(_register(request).near, slug, asked.limit)})


@router.get("/completions")
async def completions(request: Request, asked: Annotated[Completion, Query()]) -> JSON:
    """Complete what was typed: slugs, and what they are called in Python."""
    from londata.query import Query as Everything

    prefix = slug_of(asked.prefix.lower())
    found = await _off_loop(lambda: list(_register(request).slugs(Everything(), prefix=prefix, limit=asked.limit)))
    return JSON({"completions": [{"slug": slug, "key": key_of(slug)} for slug in found]})


@router.get("/themes")
async def themes(request: Request, _: Annotated[Nothing, Query()]) -> JSON:
    """Name the themes by which the register is ordered, and their titles."""
    return JSON({"themes": await _off_loop(_register(request).themes)})


@router.get("/entries/{slug}/distributions/{distribution}/content", response_class=FileResponse)
async def content(request: Request, slug: str, distribution: str, _: Annotated[Nothing, Query()]) -> Response:
    """Hand out the bytes of one distribution, if the caller may read them.

    `ETag` is their SHA-256; send it as `If-None-Match` to be told 304 when nothing changed. 502 says why the bytes
    could not be had.
    """
    entry = await _visible_entry(request, slug)
    decision = decide(_subject(request), "read", entry).require()
    chosen = distribution_of(entry, distribution)
    copy = await request.app.state.content.open(entry, chosen, decision)
    return content_response(entry, chosen, copy, request.headers.get("if-none-match", ""))


async def _page(request: Request, page: Page, facets: tuple[str, ...]) -> JSON:
    register, subject, query = _register(request), _subject(request), page.query()
    result = await _off_loop(lambda: register.search(query, limit=page.limit, offset=page.offset, facets=facets))
    seen = b",".join(_written(entry) for entry in result.entries if decide(subject, "see", entry).allowed)
    counts = orjson.dumps(result.facets)
    return JSON(b'{"total":%d,"facets":%b,"entries":[%b]}' % (result.total, counts, seen))


async def _visible_entry(request: Request, slug: str) -> Entry:
    """Find an entry that the caller may see. One that they may not see is, to them, not there."""
    found = await _off_loop(_register(request).find, slug)
    if found is None or not decide(_subject(request), "see", found).allowed:
        raise EntryNotFoundError(f"There is no entry {slug[:120]!r}.", hint="Search for it, or ask what is near.")
    return found


def _written(entry: Entry) -> bytes:
    return orjson.dumps(entry.to_dict())


def _known(asked: Iterable[str]) -> tuple[str, ...]:
    for name in asked:
        if name not in FACETS:
            raise QueryError(f"There is no facet {name!r}.", hint=f"Facets are {', '.join(FACETS)}.")
    return tuple(asked)


def _register(request: Request) -> Register:
    register: Register = request.app.state.register
    return register


def _subject(request: Request) -> Subject:
    subject: Subject = request.scope["state"]["subject"]
    return subject


async def _off_loop(function: Callable[..., T], *arguments: Any) -> T:
    """Ask the register on another thread, so that a slow answer holds up nobody else."""
    return await run_in_threadpool(function, *arguments)


def main() -> None:
    """Run the service as the hub starts it, until it is stopped."""
    from londata_hub.store import RegisterStore

    environ = os.environ
    hub = settings.load()
    serve(
        create_app(
            RegisterStore(hub.database, hub.index),
            HubAuth(environ["JUPYTERHUB_API_URL"], environ.get("JUPYTERHUB_SERVICE_NAME", "register")),
            Content(shipped("catalogs")),
            prefix=environ.get("JUPYTERHUB_SERVICE_PREFIX", ""),
        ),
        environ["JUPYTERHUB_SERVICE_URL"],
    )


if __name__ == "__main__":
    main()
