"""What the worker asks the hub: in which groups somebody is, and a token that lasts for one run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from londata.client import Endpoint
from londata.errors import RegisterUnavailableError

log = logging.getLogger(__name__)

#: All that a run may do at the hub, of what its owner may: ask the register and the gateway.
SCOPES = ("access:services!service=gateway", "access:services!service=register")


class People:
    """Asks the hub about people. It keeps no token longer than its run.

    Parameters
    ----------
    api_url
        The hub's API (``JUPYTERHUB_API_URL``).
    token
        The worker's own token at the hub; see the table of roles for what it may do.
    """

    def __init__(self, api_url: str, token: str) -> None:
        hub = Endpoint.of(api_url)
        self._base = hub.base
        self._client = httpx.Client(
            transport=httpx.HTTPTransport(uds=hub.socket) if hub.socket else None,
            headers={"Authorization": f"token {token}"},
            timeout=10,
            trust_env=False,
            verify=hub.base.startswith("https:"),
        )

    def groups(self, person: str, token: str) -> frozenset[str] | None:
        """Name somebody's groups as of now; ``None`` for somebody who has left.

        The hub is asked with the person's own token, because then it asks anew who they are. Where there is none, it
        says what it knows.

        Parameters
        ----------
        person
            Who.
        token
            What :meth:`token` made for them.

        Raises
        ------
        RegisterUnavailableError
            The hub does not answer.
        """
        path = "/user" if token else f"/users/{quote(person, safe='')}"
        headers = {"Authorization": f"token {token}"} if token else {}
        found = self._ask("GET", path, refused=(401, 403, 404), headers=headers)
        if found is None:
            return None
        groups = found.get("groups")
        if found.get("name") != person or not isinstance(groups, list) or not all(isinstance(g, str) for g in groups):
            raise _silent("GET")
        return frozenset(groups)

    @contextmanager
    def token(self, person: str, lasts_s: int, note: str) -> Iterator[str]:
        """Make a token for one run, and take it back at the end.

        Parameters
        ----------
        person
            As whom the run reads.
        lasts_s
            Seconds after which it is no good any more, should nobody be left to take it back.
        note
            What the person sees it is for, on the hub's page of tokens.

        Yields
        ------
        str
            The token; it can do nothing but ask the register and the gateway. Empty where the hub makes none, because
            the person is gone, or is nobody whose reports run by themselves.
        """
        path = f"/users/{quote(person, safe='')}/tokens"
        wanted = {"scopes": list(SCOPES), "expires_in": lasts_s, "note": note[:200]}
        made = self._ask("POST", path, refused=(403, 404), json=wanted)
        if made is None:
            yield ""
            return
        if not isinstance(made.get("token"), str):
            raise _silent("POST")
        try:
            yield made["token"]
        finally:
            try:
                self._ask("DELETE", f"{path}/{quote(str(made['id']), safe='')}", refused=(403, 404))
            except RegisterUnavailableError as error:  # it expires by itself, and the run is no worse for it
                log.warning("%s", error)

    def close(self) -> None:
        """Close the connections to the hub."""
        self._client.close()

    def _ask(self, method: str, path: str, *, refused: tuple[int, ...], **more: Any) -> dict[str, Any] | None:
        try:
            answer = self._client.request(method, f"{self._base}{path}", **more)
            if answer.status_code in refused:
                return None
            said = answer.raise_for_status().json() if answer.status_code != 204 else {}
        except (httpx.HTTPError, ValueError) as error:
            raise _silent(method) from error
        return said if isinstance(said, dict) else None


def _silent(method: str) -> RegisterUnavailableError:
    what = {"GET": "who its owner is", "POST": "a token for the run", "DELETE": "that the token is gone"}[method]
    return RegisterUnavailableError(
        f"The hub did not say {what}.", hint="Look into the hub's log; the run is tried again."
    )
