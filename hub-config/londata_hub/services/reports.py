"""The service of reports: people's schedules, and the shelf of what was made.

Started by the hub: ``python -m londata_hub.services.reports``.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import Lifespan

from londata import __version__
from londata_hub import sandbox, settings
from londata_hub.auth import Authenticate, HubAuth
from londata_hub.services import reports_routes, reports_visits
from londata_hub.services.login import Gate, Login
from londata_hub.services.reports_desk import Desk
from londata_hub.store.schedule_store import ScheduleStore
from londata_hub.web import application, serve

API = "api/v1"


def create_app(store: ScheduleStore, authenticate: Authenticate, state: Path, login: Login) -> FastAPI:
    """Make the service.

    Parameters
    ----------
    store
        Schedules, arrangements and the log.
    authenticate
        Token → subject.
    state
        The hub's folder.
    login
        Knows browsers; its prefix is the path before every route.
    """
    prefix = login.prefix
    base = f"{prefix}{API}"
    app = application(
        "londata reports",
        "Schedules of reports, their runs, and the shelf of what was made.",
        __version__,
        prefix=base,
        routers=[reports_routes.router],
        gate=Middleware(
            Gate, authenticate=authenticate, login=login, api=base, open_paths=[f"{base}/health", login.callback]
        ),
        lifespan=_until_the_end(authenticate),
    )
    app.state.desk, app.state.login = Desk(store, state), login
    for path, method, answer in reports_visits.ROUTES:
        app.add_route(f"{prefix}{path}", answer, methods=[method], include_in_schema=False)
    return app


def _until_the_end(authenticate: Authenticate) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if isinstance(authenticate, HubAuth):
            await authenticate.aclose()

    return lifespan


def main() -> None:
    """Run the service as the hub starts it, until it is stopped."""
    hub, login = settings.load(), Login.of(os.environ, "reports")
    authenticate = HubAuth(os.environ["JUPYTERHUB_API_URL"], os.environ.get("JUPYTERHUB_SERVICE_NAME", "reports"))
    with ScheduleStore(hub.database, hub.anchors, isolated=not sandbox.why_not()) as store:
        app = create_app(store, authenticate, hub.state, login)
        serve(app, os.environ["JUPYTERHUB_SERVICE_URL"])


if __name__ == "__main__":
    main()
