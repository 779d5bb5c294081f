"""Logging in with a name and a password from the file of people."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyterhub.apihandlers.users import UserAPIHandler
from jupyterhub.auth import Authenticator
from jupyterhub.scopes import needs_scope
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from traitlets import Unicode

from londata_hub.wiring import people


class Throttle:
    """Makes guessing slow: after a few wrong passwords a name rests, longer each time.

    Parameters
    ----------
    free
        Wrong passwords before the first rest.
    first_s, longest_s
        Seconds of the first rest, which doubles with every further mistake, and of the longest.
    """

    def __init__(
        self,
        free: int = 5,
        first_s: float = 2,
        longest_s: float = 300,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.free, self.first_s, self.longest_s, self.clock = free, first_s, longest_s, clock
        self._mistakes: dict[str, int] = {}
        self._rests_until: dict[str, float] = {}

    def rest(self, name: str) -> float:
        """Tell how many seconds a name has still to rest."""
        return max(0.0, self._rests_until.get(name, 0.0) - self.clock())

    def wrong(self, name: str) -> None:
        """Count a wrong password."""
        mistakes = self._mistakes[name] = self._mistakes.get(name, 0) + 1
        if mistakes >= self.free:
            rest = min(self.longest_s, self.first_s * 2 ** min(mistakes - self.free, 30))
            self._rests_until[name] = self.clock() + rest

    def right(self, name: str) -> None:
        """Forget a name's mistakes."""
        self._mistakes.pop(name, None)
        self._rests_until.pop(name, None)


class PersonHandler(UserAPIHandler):  # type: ignore[misc]  # jupyterhub has no types
    """``GET /users/<name>``, which tells of the file as it is.

    JupyterHub's own answer is as old as the person's last request, so that a service that acts for somebody would not
    learn that they left a group, or the hub.
    """

    @needs_scope("read:users", "read:users:name", "read:users:groups")  # type: ignore[untyped-decorator]
    async def get(self, user_name: str) -> None:
        """Bring somebody's groups up to date, then answer as JupyterHub does; who has left is not there."""
        user = self.find_user(user_name)
        if user is not None and await self.refresh_auth(user) is None:
            raise HTTPError(404)
        await super().get(user_name)


class PeopleAuthenticator(Authenticator):  # type: ignore[misc]  # jupyterhub has no types
    """Lets in the people of one file and gives them its groups."""

    users_file = Unicode(help="The file of people").tag(config=True)

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.throttle = Throttle()

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any] | None:
        """Check a name and a password."""
        name = self.normalize_username(data["username"])
        known = people.read(Path(self.users_file))
        person = known.get(name, people.NOBODY)
        # Only names that exist are counted: a flood of invented ones must not fill the memory
        if rest := self.throttle.rest(person.name):
            raise HTTPError(429, f"Too many wrong passwords; try again in {rest:.0f} seconds.")
        right = await IOLoop.current().run_in_executor(None, person.has, data["password"])
        if not right or person is people.NOBODY:
            self.throttle.wrong(person.name)
            return None
        self.throttle.right(name)
        return {"name": name, "groups": list(person.groups)}

    def check_allowed(self, username: str, authentication: dict[str, Any] | None = None) -> bool:
        """Allow exactly the people of the file."""
        return username in people.read(Path(self.users_file))

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """Answer in JupyterHub's place what it would answer with old groups."""
        return [*super().get_handlers(app), (r"/api/users/([^/]+)", PersonHandler)]

    async def refresh_user(self, user: Any, handler: Any = None, **_: Any) -> dict[str, Any] | bool:
        """Bring a person's groups up to date; somebody who is no longer in the file is out."""
        person = people.read(Path(self.users_file)).get(user.name)
        return {"name": user.name, "groups": list(person.groups)} if person else False
