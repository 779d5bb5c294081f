"""Which insights a viewer may see: what the one decision says of the insight's entry in the register."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from londata.access import Subject
from londata_hub.apps.shelf import App
from londata_hub.store import AccessStore


class Viewing:
    """Tells whether an insight is there for somebody.

    Parameters
    ----------
    access
        Decides, and has the entries. Without it only what the app's own file lists for everybody is there.
    """

    def __init__(self, access: AccessStore | None = None) -> None:
        self._access = access

    async def may_see(self, app: App, viewer: Mapping[str, Any] | None) -> bool:
        """Tell whether an insight is there for a viewer.

        Parameters
        ----------
        app
            The insight's app.
        viewer
            What the hub says of them; ``None`` for somebody who is not logged in, to whom only what is listed for
            everybody is worth a log-in.

        Returns
        -------
        bool
            Whether it is.
        """
        return await asyncio.to_thread(self._may_see, app, viewer)

    async def seen(self, apps: Iterable[App], viewer: Mapping[str, Any]) -> list[App]:
        """List the apps that are there for a viewer."""
        return await asyncio.to_thread(lambda: [app for app in apps if self._may_see(app, viewer)])

    def _may_see(self, app: App, viewer: Mapping[str, Any] | None) -> bool:
        entry = self._access.entry(app.slug) if self._access else None
        if self._access is None or entry is None:
            return app.listing == "public"
        if viewer is None:
            return entry.listing == "public"
        subject = Subject(str(viewer["name"]), frozenset(map(str, viewer.get("groups") or ())))
        return self._access.decide(subject, "see", entry).allowed
