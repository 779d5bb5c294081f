"""Which addresses of an app exist. Everything that is not in this table is 404. Pure.

Voila itself answers more than a page needs: other files, themes, any kernel's model, ``?theme=``. None of that passes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

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
_LONGEST_QUERY = 500
_QUERY = re.compile(r"[A-Za-z0-9_.~%+&=,:;@!*'()/-]*")
#: Parameters with which Voila or Jupyter would be told what to show, and in which look.
_STEERS = re.compile(r"\s*(voila|theme|template|notebook|path|kernel|token|_xsrf)", re.IGNORECASE)
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


def is_query(query: str) -> bool:
    """Tell whether what follows the question mark may reach an app: a few short values, none of which steers Voila.

    Parameters
    ----------
    query
        As it was sent. It reaches the notebook, which must take it as input.
    """
    if len(query) > _LONGEST_QUERY or not _QUERY.fullmatch(query):
        return False
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    return not any(_STEERS.match(name) for name in names)


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
