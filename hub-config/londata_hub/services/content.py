"""The bytes of distributions: brought to the hub, and handed out from there.

Users' servers have no network of their own, so the hub fetches for them. Nothing here opens a byte without the
:class:`~londata.access.Decision` that allows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from londata.access import Decision
from londata.catalog_files import local_file
from londata.errors import AccessDeniedError, EntryNotFoundError
from londata.records import Distribution, Entry
from londata.register import LocalCopy

Fetch = Callable[[str], LocalCopy]
#: Fetches that run at a time; further ones wait, so that slow portals do not take every thread.
FETCHES = 8
CHUNK = 4 * 1024 * 1024


class Content:
    """Brings distributions to this machine.

    Parameters
    ----------
    folder
        The catalogue files' folder, below which every ``path`` must be.
    fetch
        Brings an address to this machine; :func:`londata.fetch.fetch` when not given.
    """

    def __init__(self, folder: Path, fetch: Fetch | None = None) -> None:
        self._folder = folder.resolve()
        self._fetch = fetch or _fetch
        self._turn = asyncio.Semaphore(FETCHES)
        self._fetching: dict[str, asyncio.Task[LocalCopy]] = {}

    async def open(self, entry: Entry, distribution: Distribution, decision: Decision) -> LocalCopy:
        """Bring one distribution of an entry here.

        Parameters
        ----------
        entry
            The entry.
        distribution
            One of its distributions.
        decision
            That the caller may read this entry.

        Returns
        -------
        LocalCopy
            The bytes, on this machine.

        Raises
        ------
        AccessDeniedError
            The decision does not allow it, is about something else, or the distribution is not the entry's.
        FetchError
            The bytes cannot be had.
        """
        decision.require_for("read", entry, distribution)
        require_open(entry)
        if distribution.path:
            return await run_in_threadpool(local_file, self._folder, entry, distribution)
        # Callers who want the same address at the same time share one fetch.
        if distribution.url not in self._fetching:
            task = asyncio.create_task(self._fetch_in_turn(distribution.url))
            self._fetching[distribution.url] = task
            task.add_done_callback(lambda _: self._fetching.pop(distribution.url, None))
        return await asyncio.shield(self._fetching[distribution.url])

    async def _fetch_in_turn(self, url: str) -> LocalCopy:
        async with self._turn:
            return await run_in_threadpool(self._fetch, url)


class _Sent(FileResponse):
    """A whole file in large chunks. Parts of files are not offered: a part has no hash to check."""

    chunk_size = CHUNK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        whole = [(name, value) for name, value in scope["headers"] if name not in (b"range", b"if-range")]
        await super().__call__({**scope, "headers": whole}, receive, send)


def content_response(entry: Entry, distribution: Distribution, copy: LocalCopy, if_none_match: str) -> Response:
    """Send a local copy, or 304 when the caller has these very bytes.

    Parameters
    ----------
    entry, distribution
        What the copy is of; they name the file.
    copy
        The bytes, on this machine.
    if_none_match
        The header of this name that came with the question; empty for none.

    Returns
    -------
    Response
        The whole file with its SHA-256 as ``ETag``, or 304 without a body.
    """
    etag = f'"{copy.sha256}"'
    headers = {
        "ETag": etag,
        "X-Londata-Version": _header_text(copy.version),
        "Accept-Ranges": "none",
        "Cache-Control": "private, no-cache",
    }
    if etag in (candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    name = f"{entry.id}.{distribution.id}.{distribution.format}"
    return _Sent(
        copy.path, media_type=distribution.media_type, filename=name, headers=headers, stat_result=copy.path.stat()
    )


def require_open(entry: Entry) -> None:
    """Stop where data is not open: it has one way out, whatever somebody has been granted.

    Raises
    ------
    AccessDeniedError
        The entry's access is not open.
    """
    if entry.access != "open":
        raise AccessDeniedError(
            f"“{entry.title}” is {entry.access}, and the register hands out open data only; "
            "other data comes through the gateway, for a project.",
            hint=f"In a notebook, catalog.{entry.key}.read() asks the gateway.",
        )


def require_here(entry: Entry, distribution: Distribution) -> None:
    """Stop where something is handed out by another service of the hub.

    Raises
    ------
    EntryNotFoundError
        It is a table of a published insight.
    """
    if distribution.through == "insights":
        table = distribution.id.rpartition("-")[0]
        raise EntryNotFoundError(
            f"The tables of “{entry.title}” are handed out by the hub's service of insights.",
            hint=f'In a notebook, catalog.{entry.key}.read(table="{table}") asks it.',
        )


def distribution_of(entry: Entry, name: str) -> Distribution:
    """Find one distribution of an entry.

    Raises
    ------
    EntryNotFoundError
        The entry has none of this name; the hint lists those it has.
    """
    for distribution in entry.distributions:
        if distribution.id == name:
            return distribution
    there = ", ".join(distribution.id for distribution in entry.distributions) or "none"
    raise EntryNotFoundError(f"{entry.id} has no distribution {name[:120]!r}.", hint=f"It has: {there}.")


def _header_text(version: str) -> str:
    """Keep of a version, which a stranger's server stated, only what can stand in a header."""
    return "".join(character for character in version[:200] if " " <= character <= "~")


def _fetch(url: str) -> LocalCopy:
    from londata.fetch import fetch

    return fetch(url, progress=False)
