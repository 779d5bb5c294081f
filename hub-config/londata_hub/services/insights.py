"""The service of insights: publishing, the gallery, a page for each insight, the desk of those who check releases.

Started by the hub: ``python -m londata_hub.services.insights``.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import Lifespan

from londata import __version__
from londata_hub import sandbox, settings
from londata_hub.auth import Acting, Authenticate, HubAuth
from londata_hub.gateway.accounts import HubGroups
from londata_hub.gateway.insights import Insights
from londata_hub.publishing.publisher import Publisher
from londata_hub.services import insights_routes, insights_visits
from londata_hub.services.insights_counter import Counter
from londata_hub.services.insights_desk import Desk
from londata_hub.services.insights_done import Said
from londata_hub.services.insights_work import Work
from londata_hub.services.login import Gate, Login
from londata_hub.store import RegisterStore
from londata_hub.store.publication_store import PublicationStore
from londata_hub.web import application, serve

API = "api/v1"
#: Publishes for as long as the service runs.
Running = Callable[[], AbstractAsyncContextManager[Publisher]]


def create_app(
    hall: Counter, authenticate: Authenticate, login: Login, running: Running, *, acting: Acting | None = None
) -> FastAPI:
    """Make the service.

    Parameters
    ----------
    hall
        Where insights are looked at.
    authenticate
        Token → subject.
    login
        Knows browsers; its prefix is the path before every route.
    running
        Opens what publishes, on the service's event loop.
    acting
        As whom a published insight asks.
    """
    prefix = login.prefix
    base = f"{prefix}{API}"
    app = application(
        "londata insights",
        "Published insights: what there is, what each rests on, who may open it, and releases.",
        __version__,
        prefix=base,
        routers=[insights_routes.router],
        gate=Middleware(
            Gate,
            authenticate=authenticate,
            login=login,
            api=base,
            open_paths=[f"{base}/health", login.callback],
            strangers=True,
            for_all=re.compile(rf"{re.escape(base)}/insights/[^/]+/tables(/[^/]+)?").fullmatch,
            acting=acting,
        ),
        lifespan=_while_it_runs(hall, authenticate, running),
    )
    app.state.hall, app.state.login, app.state.said = hall, login, Said()
    for path, method, answer in insights_visits.ROUTES:
        app.add_route(f"{prefix}{path}", answer, methods=[method], include_in_schema=False)
    return app


def _while_it_runs(hall: Counter, authenticate: Authenticate, running: Running) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running() as publisher:
            app.state.desk = Desk(hall, publisher)
            yield
        if isinstance(authenticate, HubAuth):
            await authenticate.aclose()

    return lifespan


def main() -> None:
    """Run the service as the hub starts it, until it is stopped."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    hub, login = settings.load(), Login.of(os.environ, "insights")
    api_url, token = os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"]
    authenticate = HubAuth(api_url, os.environ.get("JUPYTERHUB_SERVICE_NAME", "insights"))
    isolated = not sandbox.why_not()
    with (
        RegisterStore(hub.database, hub.index) as register,
        PublicationStore(hub.database, hub.anchors, isolated=isolated) as store,
    ):
        hall, groups = Counter(register, store, hub.state), HubGroups(api_url, token)
        work = Work(hall, hub, token, groups, isolated=isolated)
        acting = Insights(store.find, groups).subject
        serve(create_app(hall, authenticate, login, work.running, acting=acting), os.environ["JUPYTERHUB_SERVICE_URL"])


if __name__ == "__main__":
    main()
