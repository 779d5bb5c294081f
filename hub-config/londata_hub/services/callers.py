"""What every route of the register service asks first: who is calling, and what is there for them."""

from __future__ import annotations

from fastapi import Request

from londata.access import Subject, as_shown, without_names
from londata.errors import EntryNotFoundError
from londata.records import Entry
from londata.records.identifiers import MAX_SLUG, SLUG
from londata_hub.services.answers import Answers
from londata_hub.services.sight import Sight


def subject_of(request: Request) -> Subject:
    """Say who asks, as the gate found out."""
    subject: Subject = request.scope["state"]["subject"]
    return subject


def answers_of(request: Request) -> Answers:
    """Give the register as it is asked here."""
    answers: Answers = request.app.state.answers
    return answers


def sight_of(request: Request) -> Sight:
    """Give what knows who may see what."""
    sight: Sight = request.app.state.sight
    return sight


async def hidden_from(request: Request) -> frozenset[str]:
    """Name the entries that the caller may not see."""
    return await sight_of(request).hidden(subject_of(request))


async def visible_entry(request: Request, slug: str) -> Entry:
    """Find an entry that the caller may see. One that they may not see is, to them, not there.

    In its place something is looked for that cannot be there, so that it takes as long to find nothing.

    Raises
    ------
    EntryNotFoundError
        There is no such entry, or not for the caller.
    """
    hidden, found = await hidden_from(request), None
    if len(slug) <= MAX_SLUG and SLUG.match(slug):
        found = await answers_of(request).find(f"{slug}-" if slug in hidden else slug)
    if found is None or not await sight_of(request).may_see(subject_of(request), found):
        raise EntryNotFoundError(f"There is no entry {slug[:MAX_SLUG]!r}.", hint="Search for it, or ask what is near.")
    return without_names(as_shown(found, hidden), subject_of(request))
