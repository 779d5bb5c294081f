"""The part of the register service that is about access: projects, requests, grants, notices, agreements.

What is answered here is decided by the one decision and kept by :class:`~londata_hub.store.AccessStore`; nothing here
opens data. What a caller has nothing to do with is, to them, not there.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import anyio
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from londata.access import Arrangements, Decision, Subject, in_force, midnight
from londata.errors import EntryNotFoundError, RegisterUnavailableError
from londata.records import AccessRequest, Agreement, Entry, Project
from londata.records.legal import purpose_title
from londata.register import Register
from londata_hub.services.callers import subject_of, visible_entry
from londata_hub.services.parameters import Approval, Asking, Deciding, Nothing, Reason, body_of
from londata_hub.services.public_facts import PublicAgreement, public_agreements
from londata_hub.services.sharing_page import POLICY, sharing_page
from londata_hub.store import AccessStore
from londata_hub.store.covering import end_of, latest_until, of_anybody
from londata_hub.web import JSON, ErrorBody

T = TypeVar("T")
router = APIRouter(
    responses={status: {"model": ErrorBody} for status in (400, 401, 403, 404, 500, 503)},
    default_response_class=JSON,
)
#: Seconds for which the public facts are shown again before they are counted anew.
SHOW_AGAIN_S = 30
#: Questions and changes that are under way at a time.
AT_ONCE = 8


class Sharing:
    """Answers about access, for the routes below.

    Parameters
    ----------
    register
        Where entries and the names of publishers are.
    access
        Where agreements, projects, grants and requests are.
    """

    def __init__(self, register: Register, access: AccessStore) -> None:
        self.register = register
        self.access = access
        self._at_once = anyio.CapacityLimiter(AT_ONCE)
        self._counting = asyncio.Lock()
        self._public: tuple[dt.datetime, Arrangements, list[PublicAgreement]] | None = None

    async def asked(self, question: Callable[[], T]) -> T:
        """Ask on a thread: a change waits for its turn among writers."""
        return await anyio.to_thread.run_sync(question, limiter=self._at_once)

    def projects(self, subject: Subject) -> list[dict[str, Any]]:
        """List somebody's projects: what can be read in each at this moment, and why not what was granted before."""
        arrangements, now = self.access.arrangements(), self.access.now()
        readable, halted = (defaultdict[str, list[dict[str, Any]]](list) for _ in range(2))
        held = [(term.grant.project, term.grant.entry) for term in arrangements.terms_of(subject.person)]
        for project, slug in dict.fromkeys(held):
            entry = self.register.find(slug)
            decision = self.access.decide(subject, "read", entry, project) if entry else None
            if entry and decision and decision.allowed and entry.access != "open":
                readable[project].append({"entry": slug, "title": entry.title, "until": decision.until})
            elif entry and decision and not decision.allowed and self.access.decide(subject, "see", entry).allowed:
                why = " ".join(decision.reasons)
                halted[project].append({"entry": slug, "title": entry.title, "why": why})
        return [
            _written(each)
            | {"purpose_title": purpose_title(each.purpose), "readable": readable.get(each.id, [])}
            | {"ended": now >= midnight(each.end), "halted": halted.get(each.id, [])}
            for each in sorted(arrangements.projects_of(subject.person), key=lambda each: each.title.casefold())
        ]

    def requests(self, subject: Subject) -> list[dict[str, Any]]:
        """List somebody's own requests and those about data whose steward they are, newest first."""
        arrangements, found = self.access.arrangements(), []
        stewarded: dict[str, bool] = {}
        for each in self.access.requests():
            mine = each.subject == subject.person
            if each.entry not in stewarded:
                stewarded[each.entry] = self._is_steward(subject, each.entry)
            if mine or stewarded[each.entry]:
                found.append(self.told(each, subject, arrangements, is_steward=stewarded[each.entry]))
        return found

    def told(
        self, request: AccessRequest, subject: Subject, arrangements: Arrangements, *, is_steward: bool
    ) -> dict[str, Any]:
        """Write one request as somebody may see it.

        Parameters
        ----------
        request
            The request.
        subject
            Who looks at it.
        arrangements
            As they stand; titles and the latest day come from them.
        is_steward
            Whether the caller is a steward of what is asked for.

        Returns
        -------
        dict
            The record, and what the caller may do with it.
        """
        entry, project = self.register.find(request.entry), arrangements.projects.get(request.project)
        mine = request.subject == subject.person
        seen = entry is not None and self.access.decide(subject, "see", entry).allowed
        decidable = is_steward and not mine and request.state == "open"
        agreement = arrangements.agreements.get(request.agreement) or self._since(entry, project, arrangements)
        latest = latest_until(agreement, project) if decidable else None
        term = arrangements.term(request.grant)
        over = term is not None and term.end.at <= self.access.now()
        return _written(request) | {
            "title": entry.title if entry and seen else "",
            "holder": entry.publisher.name if entry and seen else "",
            "project_title": project.title if project else "",
            "mine": mine,
            "decidable": decidable,
            "latest_until": latest,
            "over": of_anybody(term.end) if term and over else "",
            "endable": is_steward and term is not None and not over,
        }

    def _since(self, entry: Entry | None, project: Project | None, at: Arrangements) -> Agreement | None:
        """Find the agreement that covers a request by now, where none did when it was made."""
        found = at.covering(entry.id) if entry and project else []
        mine = [
            each for each in found if project and each.id in project.agreements and in_force(each, self.access.now())
        ]
        return max(mine, key=lambda each: min(each.end, each.review_by), default=None)

    def request(self, subject: Subject, name: str) -> AccessRequest:
        """Find a request that somebody made or may decide.

        Raises
        ------
        EntryNotFoundError
            There is none for them.
        """
        for each in self.access.requests():
            if each.id == name and (each.subject == subject.person or self._is_steward(subject, each.entry)):
                return each
        raise EntryNotFoundError(f"There is no request {name[:60]!r}.", hint="See londata.requests().")

    def ask(self, subject: Subject, entry: Entry, asked: Asking) -> dict[str, Any]:
        """Ask for access.

        Parameters
        ----------
        subject
            Who asks.
        entry
            For what; they may see it.
        asked
            For which project, and why.
        """
        made = self.access.ask(subject, entry, asked.project, asked.why)
        return self._as_it_stands(made, subject)

    def approve(self, subject: Subject, name: str, until: dt.date) -> dict[str, Any]:
        """Approve a request.

        Parameters
        ----------
        subject
            Who approves.
        name
            The request's id.
        until
            The last day.
        """
        request, arrangements = self.request(subject, name), self.access.arrangements()
        agreement, project = arrangements.agreements.get(request.agreement), arrangements.projects.get(request.project)
        moment = end_of(until, agreement, project)
        return self._as_it_stands(self.access.approve(subject, name, moment), subject)

    def refuse(self, subject: Subject, name: str, reason: str) -> dict[str, Any]:
        """Refuse a request.

        Parameters
        ----------
        subject
            Who refuses.
        name
            The request's id.
        reason
            Why, as the one who asked will read it.
        """
        self.request(subject, name)
        return self._as_it_stands(self.access.refuse(subject, name, reason), subject)

    def withdraw(self, subject: Subject, name: str) -> dict[str, Any]:
        """Take one's own request back."""
        self.request(subject, name)
        return self._as_it_stands(self.access.withdraw(subject, name), subject)

    def end_grant(self, subject: Subject, name: str, reason: str) -> dict[str, Any]:
        """End a grant before its time, as a steward of the data.

        Parameters
        ----------
        subject
            Who ends it.
        name
            The grant's id.
        reason
            Why, as the one who held it will read it.

        Raises
        ------
        EntryNotFoundError
            There is no such grant, or the caller is no steward of what it gives access to.
        UsageError
            It is over already.
        """
        term = self.access.arrangements().term(name)
        if term is None or not self._is_steward(subject, term.grant.entry):
            raise EntryNotFoundError(f"There is no grant {name[:60]!r}.", hint="Only stewards of its data can end one.")
        return _written(self.access.end_grant(name, subject.name, reason))

    async def public(self) -> list[PublicAgreement]:
        """Give what everybody may know of agreements, counted anew now and then."""
        async with self._counting:
            arrangements, now = await self.asked(self.access.arrangements), self.access.now()
            kept = self._public
            if kept is None or kept[1] is not arrangements or now - kept[0] >= dt.timedelta(seconds=SHOW_AGAIN_S):
                kept = self._public = (now, arrangements, await self.asked(lambda: self._count(arrangements, now)))
            return kept[2]

    def _count(self, arrangements: Arrangements, now: dt.datetime) -> list[PublicAgreement]:
        publishers = getattr(self.register, "fact", lambda _: None)("publishers") or {}
        names = {name: str(record.get("name", name)) for name, record in publishers.items()}
        readings = {name: counts.readings for name, counts in self.access.counts().items()}
        return public_agreements(arrangements, now, self.register.find, names, readings)

    def _is_steward(self, subject: Subject, slug: str) -> bool:
        entry = self.register.find(slug)
        return entry is not None and self.access.decide(subject, "steward", entry).allowed

    def _as_it_stands(self, request: AccessRequest, subject: Subject) -> dict[str, Any]:
        is_steward = self._is_steward(subject, request.entry)
        return self.told(request, subject, self.access.arrangements(), is_steward=is_steward)


def _written(record: Any) -> dict[str, Any]:
    values: dict[str, Any] = record.model_dump(mode="json")
    return values


@router.get("/projects")
async def projects(request: Request) -> JSON:
    """List the caller's projects, and what they can read in each."""
    Nothing.of(request)
    sharing, subject = _sharing(request), subject_of(request)
    return JSON({"projects": await sharing.asked(lambda: sharing.projects(subject))})


@router.get("/decisions", openapi_extra=Deciding.described())
async def decisions(request: Request) -> JSON:
    """Explain whether the caller can read an entry for a project. An explanation: it opens and logs nothing."""
    asked, sharing, subject = Deciding.of(request), _sharing(request), subject_of(request)
    entry = await visible_entry(request, asked.entry)
    decision = await sharing.asked(lambda: sharing.access.decide(subject, "read", entry, asked.project or None))
    return JSON(_explained(decision))


@router.get("/requests")
async def requests(request: Request) -> JSON:
    """List the caller's requests, and those about data whose steward they are."""
    Nothing.of(request)
    sharing, subject = _sharing(request), subject_of(request)
    return JSON({"requests": await sharing.asked(lambda: sharing.requests(subject))})


@router.post("/requests", status_code=201, openapi_extra=Asking.described_as_body())
async def ask(request: Request) -> JSON:
    """Ask for access to an entry, for a project that the caller is a member of."""
    Nothing.of(request)
    asked = await body_of(request, Asking)
    sharing, subject = _sharing(request), subject_of(request)
    entry = await visible_entry(request, asked.entry)
    return JSON(await sharing.asked(lambda: sharing.ask(subject, entry, asked)), 201)


@router.post("/requests/{name}/approve", openapi_extra=Approval.described_as_body())
async def approve(request: Request, name: str) -> JSON:
    """Approve a request until the end of a day, as a steward of what it asks for."""
    Nothing.of(request)
    approval = await body_of(request, Approval)
    sharing, subject = _sharing(request), subject_of(request)
    return JSON(await sharing.asked(lambda: sharing.approve(subject, name, approval.until)))


@router.post("/requests/{name}/refuse", openapi_extra=Reason.described_as_body())
async def refuse(request: Request, name: str) -> JSON:
    """Refuse a request with a reason, which the one who asked will read."""
    Nothing.of(request)
    said = await body_of(request, Reason)
    sharing, subject = _sharing(request), subject_of(request)
    return JSON(await sharing.asked(lambda: sharing.refuse(subject, name, said.reason)))


@router.post("/requests/{name}/withdraw", openapi_extra=Nothing.described_as_body())
async def withdraw(request: Request, name: str) -> JSON:
    """Take one's own request back."""
    Nothing.of(request)
    await body_of(request, Nothing)
    sharing, subject = _sharing(request), subject_of(request)
    return JSON(await sharing.asked(lambda: sharing.withdraw(subject, name)))


@router.post("/grants/{name}/end", openapi_extra=Reason.described_as_body())
async def end_grant(request: Request, name: str) -> JSON:
    """End a grant before its time, as a steward of the data; it acts on the next request."""
    Nothing.of(request)
    said = await body_of(request, Reason)
    sharing, subject = _sharing(request), subject_of(request)
    return JSON(await sharing.asked(lambda: sharing.end_grant(subject, name, said.reason)))


@router.get("/notices")
async def notices(request: Request) -> JSON:
    """List what the caller should know: ends that come near, what was decided, what waits for them."""
    Nothing.of(request)
    sharing, subject = _sharing(request), subject_of(request)
    found = await sharing.asked(lambda: sharing.access.notices(subject))
    return JSON({"notices": [asdict(notice) for notice in found]})


@router.get("/agreements")
async def agreements(request: Request) -> JSON:
    """Say of every agreement what everybody may know, with counts and without names of people."""
    Nothing.of(request)
    return JSON({"agreements": [each.to_dict() for each in await _sharing(request).public()]})


async def page(request: Request) -> Response:
    """Show the same as a page for everybody; it needs no log-in."""
    Nothing.of(request)
    sharing = _sharing(request)
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": f"public, max-age={SHOW_AGAIN_S}"}
    return HTMLResponse(sharing_page(await sharing.public(), sharing.access.now()), headers=headers)


def _explained(decision: Decision) -> Mapping[str, Any]:
    return {
        "allowed": decision.allowed,
        "reasons": decision.reasons,
        "agreement": decision.agreement,
        "project": decision.project,
        "until": decision.until,
        "columns": decision.columns,
        "rows": decision.rows.to_dict(),
        "policy_version": decision.policy_version,
    }


def _sharing(request: Request) -> Sharing:
    sharing: Sharing | None = request.app.state.sharing
    if sharing is None:
        raise RegisterUnavailableError(
            "This register knows of no agreements, so nothing can be asked of it about access.",
            hint="The hub's own register does.",
        )
    return sharing
