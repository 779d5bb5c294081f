"""How the hub stops: its services and everybody's Labs end side by side.

JupyterHub waits for the end of one service before it tells the next, and for that of all services before it tells a
Lab. Nothing of ours waits for another's end, and on a busy machine that took longer than an orderly stop may take.
"""

from __future__ import annotations

import asyncio

from jupyterhub import app


class JupyterHub(app.JupyterHub):  # type: ignore[misc]  # jupyterhub has no types
    """JupyterHub, which tells all that it has started to end before it waits for any."""

    async def cleanup(self) -> None:
        """End the services and the Labs together; then the proxy, and what would not end, as JupyterHub does."""
        ending = [service.stop() for service in self._service_map.values() if service.managed]
        if self.cleanup_servers:
            labs = [(user, name) for user in self.users.values() for name, lab in user.spawners.items() if lab.active]
            ending += [user.stop(name) for user, name in labs]
        for ended in await asyncio.gather(*ending, return_exceptions=True):
            if isinstance(ended, Exception):
                self.log.error("Something did not end as it should: %r", ended)
        await super().cleanup()
