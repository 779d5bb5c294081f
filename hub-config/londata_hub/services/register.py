"""The register service: the register as a JSON API for everybody whom the hub knows.

Started by the hub: ``python -m londata_hub.services.register``.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from fastapi import APIRouter, FastAPI, Request
from starlette.middleware import Middleware
from starlette.responses import FileResponse, Response
from starlette.types import Lifespan

from londata import __version__
from londata.access import as_shown, decide, without_names
from londata.errors import QueryError
from londata.query import FACETS
from londata.records import key_of, slug_of
from londata.records.identifiers import MAX_SLUG
from londata.register import Register
from londata.settings import shipped
from londata_hub import sandbox, settings
from londata_hub.auth import Acting, Authenticate, Gate, HubAuth
from londata_hub.gateway.accounts import HubGroups
from londata_hub.gateway.insights import Insights
from londata_hub.services import sharing
from londata_hub.services.answers import Answers
from londata_hub.services.callers import answers_of, hidden_from, sight_of, subject_of, visible_entry
from londata_hub.services.content import Content, content_response, distribution_of, require_here, require_open
from londata_hub.services.parameters import Completion, Facets, Filters, Near, Nothing, Page, Search, SlugPage
from londata_hub.services.sight import Sight
from londata_hub.services.written_data import AGREEMENTS, WrittenData, agreements
from londata_hub.store import AccessStore
from londata_hub.web import JSON, ErrorBody, application, serve

API, PAGE = "/api/v1", "/sharing"
router = APIRouter(
    responses={status: {"model": ErrorBody} for status in (400, 401, 403, 404, 500, 502, 503)},
    default_response_class=JSON,
)


def create_app(
    register: Register,
    authenticate: Authenticate,
    content: Content,
    *,
    prefix: str = "",
    access: AccessStore | None = None,
    acting: Acting | None = None,
) -> FastAPI:
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
    access
        Agreements, projects and grants; without them there are none, and everybody is shown what anybody may see.
    acting
        As whom published insights ask; without it none does.
    """
    base, page = prefix.rstrip("/") + API, prefix.rstrip("/") + PAGE
    app = application(
        "londata register",
        "The central register of London's data: what data exists, who holds it, and on which terms.",
        __version__,
        prefix=base,
        routers=[router, sharing.router],
        gate=Middleware(Gate, authenticate=authenticate, open_paths=[f"{base}/health", page], acting=acting),
        lifespan=_until_the_end(authenticate),
    )
    app.state.answers, app.state.content, app.state.sight = Answers(register), content, Sight(register, access)
    app.state.sharing = told = sharing.Sharing(register, access) if access else None
    app.state.written = WrittenData({AGREEMENTS: agreements(told.public)} if told else {})
    app.add_route(page, sharing.page, methods=["GET"], include_in_schema=False)
    return app


def _until_the_end(authenticate: Authenticate) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.written.close()
        if isinstance(authenticate, HubAuth):
            await authenticate.aclose()

    return lifespan


@router.get("/search", openapi_extra=Search.described())
async def search(request: Request) -> JSON:
    """Search, and count the values of facets.

    `withheld` says how many rows of this page are not shown because they were withdrawn or are not for the caller.
    """
    asked = Search.of(request)
    return await _page(request, asked, _known(asked.facets))


@router.get("/entries", openapi_extra=Page.described())
async def entries(request: Request) -> JSON:
    """List entries in alphabetical order of their slugs, or best first when there are words."""
    return await _page(request, Page.of(request), ())


@router.get("/slugs", openapi_extra=SlugPage.described())
async def slugs(request: Request) -> JSON:
    """List slugs only."""
    asked = SlugPage.of(request)
    query = asked.query(await hidden_from(request))
    total, found = await answers_of(request).slugs(query, asked.prefix, asked.limit, asked.offset)
    return JSON({"total": total, "slugs": found})


@router.get("/count", openapi_extra=Filters.described())
async def count(request: Request) -> JSON:
    """Count the entries that fit."""
    query = Filters.of(request).query(await hidden_from(request))
    return JSON({"total": await answers_of(request).count(query)})


@router.get("/facets", openapi_extra=Facets.described())
async def facets(request: Request) -> JSON:
    """Count the values of facets among the entries that fit."""
    asked = Facets.of(request)
    result = await answers_of(request).search(asked.query(await hidden_from(request)), 0, 0, _known(asked.facets))
    return JSON({"total": result.total, "facets": result.facets})


@router.get("/completions", openapi_extra=Completion.described())
async def completions(request: Request) -> JSON:
    """Complete what was typed: slugs, and what they are called in Python."""
    asked = Completion.of(request)
    query = Filters().query(await hidden_from(request))
    total, found = await answers_of(request).slugs(query, slug_of(asked.prefix.lower()), asked.limit, 0)
    return JSON({"total": total, "completions": [{"slug": slug, "key": key_of(slug)} for slug in found]})


@router.get("/themes")
async def themes(request: Request) -> JSON:
    """Name the themes by which the register is ordered, and their titles."""
    Nothing.of(request)
    return JSON({"themes": await answers_of(request).themes()})


@router.get("/me")
async def me(request: Request) -> JSON:
    """Say who the caller is."""
    Nothing.of(request)
    subject = subject_of(request)
    return JSON({"name": subject.name, "groups": sorted(subject.groups)})


@router.get("/health")
async def health(request: Request) -> JSON:
    """Say that the service runs, and nothing else. Needs no token."""
    Nothing.of(request)
    return JSON({"ok": True})


@router.get("/entries/{slug}")
async def entry(request: Request, slug: str) -> JSON:
    """Show one entry."""
    Nothing.of(request)
    return JSON(answers_of(request).written(await visible_entry(request, slug)))


@router.get("/entries/{slug}/near", openapi_extra=Near.described())
async def near(request: Request, slug: str) -> JSON:
    """Suggest the slugs that are written most like this one; it need not exist."""
    asked = Near.of(request)
    without = await hidden_from(request)
    return JSON({"slugs": await answers_of(request).near(slug, asked.limit, without) if len(slug) <= MAX_SLUG else []})


@router.get("/entries/{slug}/distributions/{distribution}/content", response_class=FileResponse)
async def content(request: Request, slug: str, distribution: str) -> Response:
    """Hand out the bytes of one distribution of open data. Data that is not open comes through the gateway only.

    `ETag` is their SHA-256; send it as `If-None-Match` to be told 304 when nothing changed. 502 says why the bytes
    could not be had.
    """
    Nothing.of(request)
    entry = await visible_entry(request, slug)
    require_open(entry)
    decision = decide(subject_of(request), "read", entry).require()
    chosen = distribution_of(entry, distribution)
    require_here(entry, chosen)
    state = request.app.state
    source = state.written if chosen.through == "register" else state.content
    copy = await source.open(entry, chosen, decision)
    return content_response(entry, chosen, copy, request.headers.get("if-none-match", ""))


async def _page(request: Request, asked: Page, facets: tuple[str, ...]) -> JSON:
    answers, subject, sight = answers_of(request), subject_of(request), sight_of(request)
    hidden = await sight.hidden(subject)
    result = await answers.search(asked.query(hidden), asked.limit, asked.offset, facets)
    seen = [entry for entry in result.entries if await sight.may_see(subject, entry)]
    shown = [answers.written(without_names(as_shown(entry, hidden), subject)) for entry in seen]
    withheld = max(0, min(asked.limit, result.total - asked.offset)) - len(shown)
    parts = (result.total, withheld, orjson.dumps(result.facets), b",".join(shown))
    return JSON(b'{"total":%d,"withheld":%d,"facets":%b,"entries":[%b]}' % parts)


def _known(asked: tuple[str, ...]) -> tuple[str, ...]:
    for name in asked:
        if name not in FACETS:
            raise QueryError(f"There is no facet {name!r}.", hint=f"Facets are {', '.join(FACETS)}.")
    return asked


def main() -> None:
    """Run the service as the hub starts it, until it is stopped."""
    from londata_hub.store import RegisterStore
    from londata_hub.store.publication_store import PublicationStore

    hub = settings.load()
    api_url = os.environ["JUPYTERHUB_API_URL"]
    authenticate = HubAuth(api_url, os.environ.get("JUPYTERHUB_SERVICE_NAME", "register"))
    groups = HubGroups(api_url, os.environ["JUPYTERHUB_API_TOKEN"])
    anchors, isolated = hub.state / "audit-anchors", not sandbox.why_not()
    with (
        RegisterStore(hub.database, hub.index) as store,
        AccessStore(hub.database, anchors, isolated=isolated) as access,
        PublicationStore(hub.database, anchors, isolated=isolated) as publications,
    ):
        prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "")
        content, acting = Content(shipped("catalogs")), Insights(publications.find, groups).subject
        app = create_app(store, authenticate, content, prefix=prefix, access=access, acting=acting)
        serve(app, os.environ["JUPYTERHUB_SERVICE_URL"])


if __name__ == "__main__":
    main()
