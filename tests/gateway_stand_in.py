"""A stand-in for the gateway: real HTTP, its terms made up by the test, and every byte that leaves it counted."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from londata.errors import AccessDeniedError, AccessEndedError, EntryNotFoundError, LondataError, NotAuthenticatedError
from londata_hub.web import error_response
from register_service import TOKEN, served

BASE = "/services/gateway"


@dataclass
class StandIn:
    """What the stand-in holds, what it was asked, and how many bytes it sent."""

    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    terms: dict[str, Any] = field(default_factory=dict)
    begun: list[dict[str, Any]] = field(default_factory=list)
    ranges: list[tuple[str, int, int]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    every_token: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    address: str = ""

    @property
    def sent(self) -> int:
        return sum(stop - start for _, start, stop in self.ranges)

    def put(self, path: str, content: bytes | Path, media_type: str) -> None:
        self.files[path] = (content if isinstance(content, bytes) else content.read_bytes(), media_type)

    async def begin(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise NotAuthenticatedError("The hub does not know this token.", hint="Log in.")
        asked = await request.json()
        self.begun.append(asked)
        entry = asked["entry"]
        paths = [path for path in self.files if path.split("/")[0] == entry]
        path = f"{entry}/{asked['distribution']}" if "distribution" in asked else (paths or [""])[0]
        if path not in self.files:
            raise EntryNotFoundError(f"There is no {entry}.", hint="Look for it.")
        self._check(path, asked.get("project"))
        content, media_type = self.files[path]
        token = secrets.token_urlsafe(24)
        self.tokens.add(token)
        self.every_token.add(token)
        answer = {
            "token": token,
            "expires_at": "2099-01-01T00:30:00+00:00",
            "decision": len(self.begun),
            "path": f"/data/{path}",
            "entry": entry,
            "title": "Pupils (generated)",
            "distribution": path.split("/")[1],
            "media_type": media_type,
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "version": "v1",
            "rows": None,
            "columns": None,
            "row_filter": "all rows",
            "agreement": "ISA-014",
            "project": asked.get("project"),
            "purpose": "school-places",
            "grant": "g-1",
            "until": "2099-03-31T00:00:00+00:00",
            "outputs": "aggregate-only",
            "warning": "",
        }
        import json

        return Response(json.dumps(answer | self.terms), 201, media_type="application/json")

    async def data(self, request: Request) -> Response:
        path = request.path_params["path"]
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise NotAuthenticatedError("The reading token ran out.", hint="Begin again.")
        self._check(path, "school-places")
        content, _ = self.files[path]
        first, last = request.headers["range"].removeprefix("bytes=").split("-")
        start, stop = int(first), int(last) + 1
        self.ranges.append((path, start, stop))
        return Response(
            content[start:stop],
            206,
            {
                "content-range": f"bytes {start}-{stop - 1}/{len(content)}",
                "etag": f'"{hashlib.sha256(content).hexdigest()}"',
                "accept-ranges": "bytes",
            },
        )

    def _check(self, path: str, project: str | None) -> None:
        if path in self.ended:
            raise AccessEndedError("You can see it but not read it: your grant ended.", hint="Ask for access again.")
        if project != "school-places":
            raise AccessDeniedError("You can see it but not read it: no project is chosen.", hint="Choose one.")

    def app(self) -> Starlette:
        async def told(request: Request, error: Exception) -> Response:
            return error_response(error, "r-1")

        return Starlette(
            routes=[
                Route(f"{BASE}/api/v1/readings", self.begin, methods=["POST"]),
                Route(f"{BASE}/api/v1/data/{{path:path}}", self.data),
            ],
            exception_handlers={LondataError: told},
        )


@contextlib.contextmanager
def stand_in(socket: Path | None = None) -> Iterator[StandIn]:
    """Serve a stand-in."""
    gateway = StandIn()
    with served(gateway.app(), socket, base=BASE) as address:
        gateway.address = address
        yield gateway
