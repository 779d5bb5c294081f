"""Who may do what at the hub: one table of roles, each scope with the reason beside it.

Whoever is not in the table has no scope. Nobody is an administrator: no role holds ``admin-ui``, ``inherit`` or a
scope over other people's servers, apart from the culler, which may see and stop them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Role:
    """One row of the table.

    Parameters
    ----------
    name
        ``user`` and ``server`` are JupyterHub's own: what a person may do, and the token inside a person's Lab.
    description
        One sentence.
    scopes
        Scope → why it is needed.
    services
        Names of the services that hold the role.
    """

    name: str
    description: str
    scopes: Mapping[str, str]
    services: tuple[str, ...] = field(default=())


ROLES: tuple[Role, ...] = (
    Role(
        "user",
        "What a person may do",
        {
            "self": "Start and stop one's own Lab and hold one's own tokens",
            "access:services!service=register": "Find data: the register answers people who are logged in",
            "access:services!service=apps": "Open published apps",
            "access:services!service=insights": "Find and publish insights",
            "access:services!service=reports": "Open reports that were made for one, and keep one's schedules",
            "access:services!service=gateway": "A Lab's token may do nothing that its owner may not",
        },
    ),
    Role(
        "server",
        "What the token inside a person's Lab may do",
        {
            "users:activity!user": "Tell the hub that the Lab is in use, so that it is not stopped",
            "access:servers!server": "Let its owner in, through the browser or with a token",
            "access:services!service=register": "`from londata import catalog` asks the register",
            "access:services!service=apps": "Try a published insight from a notebook",
            "access:services!service=insights": "`londata.publish` hands an insight to the hub",
            "access:services!service=reports": "`londata.reports.schedule` asks the hub to run a report",
            "access:services!service=gateway": "Ask for shared and closed data; every reading is decided by itself",
        },
    ),
    Role(
        "gateway",
        "What the gateway to shared and closed data may do",
        {
            "read:users:name": "Find the person who owns a service account",
            "read:users:groups": "See for which body that person works",
        },
        services=("gateway",),
    ),
    Role(
        "register",
        "What the register may do",
        {
            "read:users:name": "Find the person who owns a published app that asks for data",
            "read:users:groups": "See for which body that person works",
        },
        services=("register",),
    ),
    Role(
        "apps",
        "What the service that serves published apps may do",
        {
            "access:services!service=register": "The data that apps show comes through the register's doors",
            "access:services!service=gateway": "So does shared and closed data, decided for each app by itself",
            "access:services!service=insights": "A released app shows the tables that were released, and nothing else",
        },
        services=("apps",),
    ),
    Role(
        "insights",
        "What the service of published insights may do",
        {
            "access:services!service=register": "A check runs an insight on the data that it will show",
            "access:services!service=gateway": "So it does where that data is not open, decided for each insight",
            "access:services!service=insights": "A check of a released insight asks for the tables that were released",
            "read:users:name": "See whether whoever published an insight is still at the hub",
            "read:users:groups": "See for which body that person works",
        },
        services=("insights",),
    ),
    Role(
        "jobs",
        "What the worker may do that makes scheduled reports",
        {
            "read:users:name": "See whether whoever scheduled a report is still at the hub",
            "read:users:groups": "See for which body that person works",
            "tokens!group=analysts": "Make a token for one run of an analyst's report, and take it back at its end",
        },
        services=("jobs",),
    ),
    Role(
        "culler",
        "Stops Labs that nobody uses",
        {
            "list:users": "Go through the people who may have a Lab",
            "read:users:activity": "See when somebody was last active",
            "read:servers": "See which Labs run, and since when",
            "delete:servers": "Stop one that nobody uses",
        },
        services=("culler",),
    ),
)


def load_roles() -> list[dict[str, Any]]:
    """Write the table as ``c.JupyterHub.load_roles`` wants it."""
    return [
        {
            "name": role.name,
            "description": role.description,
            "scopes": sorted(role.scopes),
            **({"services": list(role.services)} if role.services else {}),
        }
        for role in ROLES
    ]
