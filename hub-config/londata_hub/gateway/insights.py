"""As whom a published insight asks for data: as itself, with the groups that its owner has now.

So its access ends with its owner's: with their grant, when they leave the body that they worked for, or the hub.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from londata.access import Subject
from londata.access.subject import APP
from londata.errors import AccessDeniedError, AccessEndedError
from londata.records.publications import Publication

#: A person's groups; ``None`` for somebody whom the hub does not know.
Groups = Callable[[str], Awaitable[frozenset[str] | None]]


class Insights:
    """Finds out as whom an insight asks.

    Parameters
    ----------
    find
        Finds a publication by its slug.
    groups
        In which groups a person is, as of now.
    """

    def __init__(self, find: Callable[[str], Publication | None], groups: Groups) -> None:
        self._find, self._groups = find, groups

    async def acting(self, slug: str) -> tuple[Subject, Publication]:
        """Find out as whom an insight asks, and for which project.

        What ships with londata is owned by nobody in particular, and has what is open.

        Raises
        ------
        AccessDeniedError
            There is no such insight. ``AccessEndedError`` where it was withdrawn, or its owner has left.
        RegisterUnavailableError
            The hub does not say in which groups its owner is.
        """
        publication = await asyncio.to_thread(self._find, slug)
        if publication is None:
            raise AccessDeniedError(f"There is no insight {slug!r}.", hint="Publish it first.")
        if publication.state == "withdrawn":
            raise AccessEndedError(f"The insight {slug} was withdrawn, so it reads nothing any more.")
        name = f"{APP}{slug}"
        if publication.shipped:
            return Subject(name), publication
        groups = await self._groups(publication.owner)
        if groups is None:
            raise AccessEndedError(
                f"Whoever published the insight {slug} is not at the hub any more, so it reads nothing.",
                hint="Somebody who may read its data can publish it anew.",
            )
        return Subject(name, groups, publication.owner), publication

    async def subject(self, slug: str) -> Subject:
        """Find out as whom an insight asks."""
        return (await self.acting(slug))[0]
