"""The JSON API of the service of insights: publishing, versions, who may open what, releases, tables.

It takes a token in a header and no cookie, so no page of another site can ask in somebody's name. What asks in the name
of a published insight gets the released tables of that insight, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from londata.access import Subject
from londata.errors import AccessDeniedError, EntryNotFoundError, NotAuthenticatedError
from londata_hub.services import insights_parameters as asked_for
from londata_hub.services.callers import subject_of
from londata_hub.services.insights_counter import Counter
from londata_hub.services.insights_desk import Desk
from londata_hub.services.insights_facts import Chosen, told
from londata_hub.services.parameters import Nothing, body_of
from londata_hub.web import JSON, ErrorBody

router = APIRouter(
    responses={status: {"model": ErrorBody} for status in (400, 401, 403, 404, 422, 500, 503)},
    default_response_class=JSON,
)
T = TypeVar("T")
B = TypeVar("B", bound=Nothing)
TABLE_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


def hall_of(request: Request) -> Counter:
    """Give where insights are looked at."""
    hall: Counter = request.app.state.hall
    return hall


def desk_of(request: Request) -> Desk:
    """Give where insights are changed."""
    desk: Desk = request.app.state.desk
    return desk


def reader_of(request: Request) -> Subject:
    """Say who asks.

    Raises
    ------
    AccessDeniedError
        It is a published insight, which has its released tables here and nothing else.
    """
    subject = subject_of(request)
    if subject.insight:
        raise AccessDeniedError("A published insight has its released tables here, and nothing else.")
    return subject


def _version_that_asks(request: Request) -> int:
    """Number the version of an insight that asks for its own tables; 0 where nothing says which, or somebody asks."""
    said = request.headers.get("X-Londata-App-Version", "") if subject_of(request).insight else ""
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 6 else 0


async def _for_all(request: Request, slug: str, find: Callable[[], T]) -> T:
    """Find tables; where nobody has said who asks, and the insight is not there for everybody, ask who it is."""
    desk, subject = desk_of(request), subject_of(request)
    try:
        return await desk.asked(find)
    except EntryNotFoundError as error:
        is_there = await desk.asked(partial(desk.hall.is_there, subject, slug))
        if subject.name or is_there:
            raise
        raise NotAuthenticatedError("Everybody has no such tables.", hint="Say who you are: send a token.") from error


def prefix_of(request: Request) -> str:
    """Give the path of the service."""
    prefix: str = request.app.state.login.prefix
    return prefix


@router.get("/health")
async def health(request: Request) -> JSON:
    """Say that the service runs, and nothing else. Needs no token."""
    Nothing.of(request)
    return JSON({"ok": True})


@router.get("/insights")
async def insights(request: Request) -> JSON:
    """List what was published here and is there for the caller; what is theirs first, drafts included."""
    Nothing.of(request)
    hall, subject, prefix = hall_of(request), reader_of(request), prefix_of(request)
    mine = await hall.asked(lambda: hall.own(subject))
    others = await hall.asked(lambda: hall.seen(subject, Chosen()))
    found = [*mine, *(each for each in others if each.publication and not each.mine)]
    return JSON({"insights": [told(each, prefix) for each in found]})


@router.post("/insights", status_code=202, openapi_extra=asked_for.NewVersion.described_as_body())
async def publish(request: Request) -> JSON:
    """Publish an insight, or a new version of one's own. It is checked first; `versions` tells how that goes."""
    Nothing.of(request)
    desk, subject = desk_of(request), reader_of(request)
    async with desk.uploads:
        wanted = await body_of(request, asked_for.NewVersion, asked_for.MOST_OF_A_BODY)
        return JSON(await desk.publish(subject, wanted), 202)


@router.get("/insights/{slug}")
async def insight(request: Request, slug: str) -> JSON:
    """Show an insight that is there for the caller, with what it rests on."""
    Nothing.of(request)
    hall, subject, prefix = hall_of(request), reader_of(request), prefix_of(request)
    shown = await hall.asked(lambda: hall.find(subject, slug))
    used, withheld = await hall.asked(lambda: hall.used(subject, shown))
    rests_on = [
        {"entry": each.slug, "access": each.access, "version": each.version, "agreement": each.agreement}
        for each in used
    ]
    label = shown.version.label.model_dump(mode="json") if shown.version else None
    return JSON(told(shown, prefix) | {"rests_on": rests_on, "withheld": withheld, "label": label})


@router.get("/insights/{slug}/versions")
async def versions(request: Request, slug: str) -> JSON:
    """List the versions of an insight, newest first; those that failed their check to its owner alone."""
    Nothing.of(request)
    desk, subject = desk_of(request), reader_of(request)
    return JSON({"versions": await desk.asked(lambda: desk.versions(subject, slug))})


@router.get("/insights/{slug}/versions/{number}")
async def version(request: Request, slug: str, number: int) -> JSON:
    """Show one version: how its check goes, and to its owner what it found."""
    Nothing.of(request)
    desk, subject = desk_of(request), reader_of(request)
    return JSON(await desk.asked(lambda: desk.version(subject, slug, number)))


@router.post("/insights/{slug}/rollback", openapi_extra=asked_for.Rollback.described_as_body())
async def rollback(request: Request, slug: str) -> JSON:
    """Let an earlier version of one's own insight be the current one again."""
    desk, subject, said = await _asked(request, asked_for.Rollback)
    return JSON(await desk.at_version(subject, slug, "roll_back", said.version))


@router.post("/insights/{slug}/forget", openapi_extra=asked_for.Rollback.described_as_body())
async def forget(request: Request, slug: str) -> JSON:
    """Remove the files of an old version of one's own insight, to make room; its record stays."""
    desk, subject, said = await _asked(request, asked_for.Rollback)
    return JSON(await desk.at_version(subject, slug, "forget", said.version))


@router.post("/insights/{slug}/withdraw", openapi_extra=asked_for.Why.described_as_body())
async def withdraw(request: Request, slug: str) -> JSON:
    """Withdraw an insight of one's own for good."""
    desk, subject, said = await _asked(request, asked_for.Why)
    return JSON(await desk.change(subject, slug, "withdraw", said.reason))


@router.post("/insights/{slug}/pause", openapi_extra=asked_for.Why.described_as_body())
async def pause(request: Request, slug: str) -> JSON:
    """Shut an insight of one's own until it is resumed."""
    desk, subject, said = await _asked(request, asked_for.Why)
    return JSON(await desk.change(subject, slug, "pause", said.reason))


@router.post("/insights/{slug}/resume", openapi_extra=Nothing.described_as_body())
async def resume(request: Request, slug: str) -> JSON:
    """Open a paused insight of one's own again."""
    desk, subject, _ = await _asked(request, Nothing)
    return JSON(await desk.change(subject, slug, "resume"))


@router.post("/insights/{slug}/audience", openapi_extra=asked_for.NewAudience.described_as_body())
async def audience(request: Request, slug: str) -> JSON:
    """Change who may open an insight of one's own."""
    desk, subject, said = await _asked(request, asked_for.NewAudience)
    return JSON(await desk.set_audience(subject, slug, said.audience))


@router.post("/insights/{slug}/thresholds", openapi_extra=asked_for.NewThresholds.described_as_body())
async def thresholds(request: Request, slug: str) -> JSON:
    """Tighten from when on numbers of an insight of one's own may be shown."""
    desk, subject, said = await _asked(request, asked_for.NewThresholds)
    return JSON(await desk.tighten(subject, slug, said))


@router.get("/insights/{slug}/receipt")
async def receipt(request: Request, slug: str) -> JSON:
    """Give the receipt of the current version, an RO-Crate, to whoever may know of all that it names."""
    Nothing.of(request)
    desk, subject = desk_of(request), reader_of(request)
    return JSON(await desk.asked(lambda: desk.hall.receipt(subject, slug)))


@router.get("/insights/{slug}/tables")
async def tables(request: Request, slug: str) -> JSON:
    """List the tables of the current version that may be had; to anybody, where the insight is for everybody."""
    Nothing.of(request)
    desk, subject, number = desk_of(request), subject_of(request), _version_that_asks(request)
    found = await _for_all(request, slug, partial(desk.hall.tables_version, subject, slug, number))
    listed = [each.model_dump(mode="json") for each in found.tables]
    return JSON({"version": found.number, "released": found.released, "tables": listed})


@router.get("/insights/{slug}/tables/{name}", openapi_extra=asked_for.TableFormat.described())
async def table(request: Request, slug: str, name: str) -> Response:
    """Give one table, as Parquet or CSV, to whoever may open the insight. `ETag` is the SHA-256 of the bytes."""
    wanted, desk, subject = asked_for.TableFormat.of(request), desk_of(request), subject_of(request)
    number = _version_that_asks(request)
    find = partial(desk.hall.table, subject, slug, name, wanted.format, number)
    content, sha256 = await _for_all(request, slug, find)
    return Response(content, media_type=TABLE_TYPES[wanted.format], headers={"ETag": f'"{sha256}"'})


@router.get("/impact/{entry}")
async def impact(request: Request, entry: str) -> JSON:
    """List the insights that rest on an entry and are there for the caller; to its stewards, all of them."""
    Nothing.of(request)
    desk, subject = desk_of(request), reader_of(request)
    return JSON(await desk.asked(lambda: desk.impact(subject, entry)))


@router.get("/releases")
async def releases(request: Request) -> JSON:
    """List the releases that the caller asked for, or may check."""
    Nothing.of(request)
    desk, subject = desk_of(request), reader_of(request)
    return JSON({"releases": await desk.asked(lambda: desk.releases(subject))})


@router.post("/insights/{slug}/releases/{number}/steps", openapi_extra=asked_for.NewStep.described_as_body())
async def step(request: Request, slug: str, number: int) -> JSON:
    """Let a release take its next step, as its author or as somebody who checks it."""
    desk, subject, said = await _asked(request, asked_for.NewStep)
    return JSON(await desk.move(subject, slug, number, said))


@router.get("/insights/{slug}/releases/{number}/workings")
async def workings(request: Request, slug: str, number: int) -> JSON:
    """Give the numbers that show why each cell of each table is safe; to those who check the release alone."""
    Nothing.of(request)
    desk, subject = desk_of(request), reader_of(request)
    return JSON({"workings": await desk.asked(lambda: desk.workings(subject, slug, number))})


async def _asked(request: Request, kind: type[B]) -> tuple[Desk, Subject, B]:
    Nothing.of(request)
    subject = reader_of(request)
    return desk_of(request), subject, await body_of(request, kind)
