"""The proxy's routes to our services, which listen on unix sockets.

JupyterHub 6.1 refuses a service on a unix socket, so ours have no address there and are reached by extra routes. It
refuses a socket there, too, unless the rule is widened. ``hub-config/proxy.mjs`` teaches the proxy itself.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from jupyterhub.proxy import ConfigurableHTTPProxy
from traitlets import validate


class SocketProxy(ConfigurableHTTPProxy):  # type: ignore[misc]  # jupyterhub has no types
    """configurable-http-proxy in front of unix sockets."""

    @validate("extra_routes")  # type: ignore[untyped-decorator]
    def _validate_extra_routes(self, proposal: dict[str, Any]) -> dict[str, str]:
        routes: dict[str, str] = proposal["value"]
        for path, target in routes.items():
            if not (path.startswith("/") and path.endswith("/") and urlsplit(target).scheme == "http+unix"):
                raise ValueError(f"An extra route goes from /a/path/ to http+unix://…, not {path} → {target}")
        return routes

    async def restore_routes(self) -> None:
        """Set up a proxy that had to be started again, our services included."""
        await super().restore_routes()
        for path, target in self.extra_routes.items():
            await self.add_route(path, target, {"extra": True})
