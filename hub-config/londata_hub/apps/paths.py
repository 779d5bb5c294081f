"""Which addresses of an app exist. Everything that is not in this table is 404. Pure.

Voila itself answers more than a page needs: other files, themes, any kernel's model, ``?theme=``. None of that passes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["page", "static", "kernel", "channels", "shutdown"]

_KERNEL = r"(?P<kernel>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_FILE = r"[A-Za-z0-9_@-][A-Za-z0-9_.@-]*"
_FILES = rf"{_FILE}(?:/{_FILE})*"
#: method, what the path below the app is, what it means
_TABLE: tuple[tuple[str, re.Pattern[str], Kind], ...] = (
    ("GET", re.compile(""), "page"),
    ("GET", re.compile(rf"voila/static/{_FILES}"), "static"),
    ("GET", re.compile(rf"voila/templates/londata/static/{_FILES}"), "static"),
    ("GET", re.compile(rf"voila/labextensions/{_FILES}"), "static"),
    ("GET", re.compile(rf"api/kernels/{_KERNEL}"), "kernel"),
    ("DELETE", re.compile(rf"api/kernels/{_KERNEL}"), "shutdown"),
    ("POST", re.compile(rf"voila/api/shutdown/{_KERNEL}"), "shutdown"),
    ("GET", re.compile(rf"api/kernels/{_KERNEL}/channels"), "channels"),
)
_ENDINGS = (".js", ".css", ".json", ".woff", ".woff2", ".svg", ".png", ".ttf", ".eot")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?|\[[0-9a-fA-F:.]{2,45}\](?::[0-9]{1,5})?")


@dataclass(frozen=True)
class Target:
    """What a request is for. ``kernel`` is empty unless the kind has one."""

    kind: Kind
    kernel: str = ""


def target(method: str, path: str) -> Target | None:
    """Find out what a request is for.

    Parameters
    ----------
    path
        The path below the app, as it was sent: nothing is decoded, so a percent sign fits nothing.
    """
    for known, pattern, kind in _TABLE:
        if known == method and (match := pattern.fullmatch(path)):
            if kind == "static" and not path.endswith(_ENDINGS):
                return None
            return Target(kind, match.groupdict().get("kernel", ""))
    return None


def content_security_policy(host: str, prefix: str) -> str:
    """Write the policy for everything below a prefix: scripts, styles and connections come from there, only.

    Not ``'self'``: users' Labs live on the same host, and one could hold a script.
    """
    here, connections = "'none'", "'none'"
    if _HOST.fullmatch(host):
        here = f"{host}{prefix}"
        connections = f"{here} ws://{here} wss://{here}"  # a source without a scheme does not stand for websockets
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {here}",
            f"style-src {here} 'unsafe-inline'",  # widgets and JupyterLab's parts write <style>
            f"img-src {here} data:",
            f"font-src {here} data:",
            f"connect-src {connections}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        )
    )


def is_same_origin(site: str, origin: str, host: str) -> bool:
    """Tell whether a request that changes something comes from a page of this server.

    Parameters
    ----------
    site, origin, host
        The headers ``Sec-Fetch-Site``, ``Origin`` and ``Host``; empty where absent.
    """
    if site:
        return site == "same-origin"
    return bool(host) and origin in (f"http://{host}", f"https://{host}")
