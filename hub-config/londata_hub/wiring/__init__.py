"""What JupyterHub is told: one small function per aspect, over one pure function, :func:`configure`.

What needs JupyterHub itself is imported where it is told of: whoever only starts a hub does without.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from londata.client import unix_address
from londata_hub import roles
from londata_hub.settings import PREFIX, REPOSITORY, HubSettings

HUB_CONFIG = REPOSITORY / "hub-config"
START_PAGE = "/lab/tree/notebooks/00-start-here.ipynb"
#: Seconds after which a change of groups acts.
REFRESH_AFTER = 10


@dataclass(frozen=True)
class Service:
    """One of our services: it runs as ``python -m londata_hub.services.<name>`` on its own socket.

    ``pages`` are those that the hub's home page links to: path below the service → what it is called. A service that
    is not ``routed`` has no way in through the browser's proxy: sandboxes alone reach it.
    """

    name: str
    description: str
    pages: Mapping[str, str] = field(default_factory=dict)
    routed: bool = True


SERVICES = (
    Service("register", "The register of London's data", {"sharing": "Who shares what"}),
    Service("insights", "Published insights: what there is, what it rests on, who may open it", {"": "Insights"}),
    Service("apps", "Serves published apps to whoever may open them"),
    Service("reports", "Schedules of reports, and what was made", {"": "Reports"}),
    Service("gateway", "Opens shared and closed data, for one decision at a time", routed=False),
)


def configure(c: Any, hub: HubSettings, *, not_isolated: str = "") -> None:
    """Fill JupyterHub's configuration. Changes nothing but ``c``.

    Parameters
    ----------
    c
        A traitlets ``Config``.
    hub
        The hub's settings.
    not_isolated
        Why users cannot be kept apart on this machine; empty when they can.
    """
    _addresses(c, hub)
    _state(c, hub)
    _proxy(c, hub)
    _people(c, hub)
    _labs(c, hub, not_isolated)
    _services(c, hub)
    _worker(c, hub)
    _culler(c, hub)
    _pages(c, not_isolated)
    c.JupyterHub.load_roles = roles.load_roles()


def _addresses(c: Any, hub: HubSettings) -> None:
    """People come through the proxy on loopback; the hub itself listens on a socket only."""
    c.JupyterHub.bind_url = hub.address
    c.JupyterHub.hub_bind_url = unix_address(hub.doors / "hub.sock")
    c.JupyterHub.hub_connect_url = unix_address(hub.doors / "hub.sock")


def _state(c: Any, hub: HubSettings) -> None:
    c.JupyterHub.db_url = f"sqlite:///{hub.state / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(hub.state / "cookie-secret")
    c.JupyterHub.pid_file = ""
    c.JupyterHub.cookie_max_age_days = 1
    c.JupyterHub.token_expires_in_max_seconds = 30 * 24 * 3600


def _proxy(c: Any, hub: HubSettings) -> None:
    """The proxy's own token is made by the hub at every start and lives in the two processes only."""
    from londata_hub.wiring.proxy import SocketProxy

    c.JupyterHub.proxy_class = SocketProxy
    c.ConfigurableHTTPProxy.command = ["node", str(HUB_CONFIG / "proxy.mjs")]
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{hub.proxy_port}"
    c.ConfigurableHTTPProxy.pid_file = str(hub.sockets / "proxy.pid")
    c.SocketProxy.extra_routes = {
        f"/services/{service.name}/": unix_address(hub.doors / f"{service.name}.sock")
        for service in SERVICES
        if service.routed
    }


def _people(c: Any, hub: HubSettings) -> None:
    from londata_hub.wiring.authenticator import PeopleAuthenticator

    c.JupyterHub.authenticator_class = PeopleAuthenticator
    c.PeopleAuthenticator.users_file = str(hub.users)
    c.Authenticator.manage_groups = True
    c.Authenticator.auth_refresh_age = REFRESH_AFTER
    c.Authenticator.auth_refresh_strict = True  # tokens of somebody who has left are refused, too
    c.Authenticator.any_allow_config = True  # the file of people is the rule


def _labs(c: Any, hub: HubSettings, not_isolated: str) -> None:
    from londata_hub.spawner.labs import BubblewrapSpawner, LabSpawner

    c.JupyterHub.spawner_class = LabSpawner if not_isolated else BubblewrapSpawner
    c.JupyterHub.allow_named_servers = False
    c.JupyterHub.concurrent_spawn_limit = 4
    c.LabSpawner.homes = str(hub.homes)
    c.LabSpawner.labs = str(hub.labs)
    c.LabSpawner.doors = str(hub.doors)
    c.LabSpawner.logs = str(hub.logs)
    c.Spawner.default_url = START_PAGE
    c.Spawner.env_keep = ["LANG", "LC_ALL", "TZ"]
    c.Spawner.start_timeout = 60
    c.Spawner.http_timeout = 120
    c.Spawner.poll_interval = 5
    if hub.lab_memory != "0":
        c.Spawner.mem_limit = hub.lab_memory


def _services(c: Any, hub: HubSettings) -> None:
    """JupyterHub starts our services and keeps them running; what the token of each may do is in the table of roles.

    They see nothing of the environment in which the hub was started but what is named here.
    """
    c.JupyterHub.services = [
        {
            "name": service.name,
            "info": {"description": service.description},
            "command": [sys.executable, "-m", f"londata_hub.services.{service.name}"],
            "cwd": str(REPOSITORY),
            "oauth_redirect_uri": f"/services/{service.name}/oauth_callback",
            "oauth_no_confirm": True,
            "environment": {
                **_settings(hub),
                "JUPYTERHUB_SERVICE_URL": unix_address(hub.doors / f"{service.name}.sock"),
                "JUPYTERHUB_SERVICE_PREFIX": f"/services/{service.name}/",
                "JUPYTERHUB_OAUTH_CALLBACK_URL": f"/services/{service.name}/oauth_callback",
            },
        }
        for service in SERVICES
    ]


def _settings(hub: HubSettings) -> dict[str, str]:
    """Name what every service is told of the hub."""
    return {
        **hub.for_services,
        f"{PREFIX}STATE": str(hub.state),
        f"{PREFIX}DATABASE": hub.database,
        f"{PREFIX}SOCKETS": str(hub.sockets),
        f"{PREFIX}INSIGHTS_OF_ONE": str(hub.insights_of_one),
        f"{PREFIX}INSIGHT_VERSIONS": str(hub.insight_versions),
        f"{PREFIX}INSIGHT_MEGABYTES": str(hub.insight_megabytes),
        "LONDATA_CACHE": str(hub.state / "cache"),
    }


def _worker(c: Any, hub: HubSettings) -> None:
    """It makes scheduled reports, and has no address: nobody can ask it for anything."""
    c.JupyterHub.services.append(
        {
            "name": "jobs",
            "display": False,
            "command": [sys.executable, "-m", "londata_hub.services.jobs"],
            "cwd": str(REPOSITORY),
            "environment": {**_settings(hub), **_for_runs(hub), **_for_messages(hub)},
        }
    )


def _for_runs(hub: HubSettings) -> dict[str, str]:
    """Name what a run may take."""
    told = {"LAB_MEMORY": hub.lab_memory, "LONGEST_RUN": hub.longest_run, "REPORTS_AT_ONCE": hub.reports_at_once}
    return {f"{PREFIX}{name}": str(value) for name, value in told.items()}


def _for_messages(hub: HubSettings) -> dict[str, str]:
    """Name how messages are sent: the worker is told, and nobody else, for a password is among it."""
    told = {"PUBLIC": hub.public, "WEBHOOK_KEY": hub.webhook_key}
    if hub.mail:
        told |= {"SMTP_HOST": hub.mail.host, "SMTP_PORT": str(hub.mail.port), "SMTP_TLS": hub.mail.tls}
        told |= {"SMTP_FROM": hub.mail.sender, "SMTP_USER": hub.mail.user, "SMTP_PASSWORD": hub.mail.password}
    return {f"{PREFIX}{name}": value for name, value in told.items()}


def _culler(c: Any, hub: HubSettings) -> None:
    """It speaks TCP only, so it takes the way that people take."""
    c.JupyterHub.services.append(
        {
            "name": "culler",
            "display": False,
            "command": [
                sys.executable,
                "-m",
                "jupyterhub_idle_culler",
                f"--timeout={hub.idle_after}",
                f"--url={hub.address}/hub/api",
            ],
        }
    )


def _pages(c: Any, not_isolated: str) -> None:
    c.JupyterHub.template_paths = [str(HUB_CONFIG / "templates")]
    c.JupyterHub.template_vars = {
        "londata_services": [
            (f"/services/{service.name}/{path}", title) for service in SERVICES for path, title in service.pages.items()
        ],
        "announcement": notice(not_isolated) if not_isolated else "",
    }
    c.JupyterHub.tornado_settings = {
        "headers": {
            "Content-Security-Policy": "; ".join(
                [
                    "default-src 'self'",
                    "script-src 'self' 'unsafe-inline'",  # JupyterHub's own pages carry inline scripts
                    "style-src 'self' 'unsafe-inline'",
                    "img-src 'self' data:",
                    "object-src 'none'",
                    "base-uri 'none'",
                    "form-action 'self'",
                    "frame-ancestors 'none'",
                ]
            ),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }
    }


def notice(not_isolated: str) -> str:
    """Say that people are not kept apart, where nobody can miss it."""
    return f"Users are NOT kept apart on this hub, because {not_isolated}. It serves open data only."
