"""The JSON API of the service of reports: schedules, their runs and logs, and what may be opened on the shelf.

It takes a token in a header and no cookie, so no page of another site can ask in somebody's name.
"""

from __future__ import annotations

from fastapi import APIRouter, Request

from londata_hub.services.callers import subject_of
from londata_hub.services.parameters import Nothing, body_of
from londata_hub.services.reports_desk import Desk, run_told
from londata_hub.services.reports_parameters import MOST_OF_A_BODY, Coming, NewSchedule, Pause, RunPage
from londata_hub.services.reports_withdrawing import withdraw as withdrawn
from londata_hub.web import JSON, ErrorBody

router = APIRouter(
    responses={status: {"model": ErrorBody} for status in (400, 401, 403, 404, 422, 500, 503)},
    default_response_class=JSON,
)


def desk_of(request: Request) -> Desk:
    """Give what the service is made of."""
    desk: Desk = request.app.state.desk
    return desk


@router.get("/health")
async def health(request: Request) -> JSON:
    """Say that the service runs, and nothing else. Needs no token."""
    Nothing.of(request)
    return JSON({"ok": True})


@router.get("/schedules")
async def schedules(request: Request) -> JSON:
    """List the caller's schedules, with what comes next and how the last run ended."""
    Nothing.of(request)
    desk, subject = desk_of(request), subject_of(request)
    return JSON({"schedules": await desk.asked(lambda: desk.schedules(subject))})


@router.post("/schedules", status_code=201, openapi_extra=NewSchedule.described_as_body())
async def add(request: Request) -> JSON:
    """Make a schedule. It is the caller's, and runs as the caller."""
    Nothing.of(request)
    desk, subject = desk_of(request), subject_of(request)
    wanted = await body_of(request, NewSchedule, MOST_OF_A_BODY)
    return JSON(await desk.asked(lambda: desk.add(subject, wanted), checks=wanted.files is not None), 201)


@router.get("/schedules/{name}")
async def schedule(request: Request, name: str) -> JSON:
    """Show a schedule of the caller's, or of one of their projects."""
    Nothing.of(request)
    desk, subject = desk_of(request), subject_of(request)
    return JSON(await desk.asked(lambda: desk.told(desk.schedule(subject, name), subject)))


@router.get("/schedules/{name}/runs", openapi_extra=RunPage.described())
async def runs(request: Request, name: str) -> JSON:
    """List the runs of a schedule, the newest first."""
    asked, desk, subject = RunPage.of(request), desk_of(request), subject_of(request)
    return JSON({"runs": await desk.asked(lambda: desk.runs(subject, name, asked.most))})


@router.post("/schedules/{name}/pause", openapi_extra=Pause.described_as_body())
async def pause(request: Request, name: str) -> JSON:
    """Pause a schedule of one's own."""
    return await _change(request, name, "pause")


@router.post("/schedules/{name}/resume", openapi_extra=Nothing.described_as_body())
async def resume(request: Request, name: str) -> JSON:
    """Let a paused schedule of one's own go on."""
    return await _change(request, name, "resume")


@router.post("/schedules/{name}/run", openapi_extra=Nothing.described_as_body())
async def run_now(request: Request, name: str) -> JSON:
    """Run a schedule of one's own at once."""
    return await _change(request, name, "run")


@router.post("/schedules/{name}/end", openapi_extra=Pause.described_as_body())
async def end(request: Request, name: str) -> JSON:
    """End a schedule of one's own for good."""
    return await _change(request, name, "end")


@router.get("/runs/{name}")
async def run(request: Request, name: str) -> JSON:
    """Show one run."""
    Nothing.of(request)
    desk, subject = desk_of(request), subject_of(request)
    found, _ = await desk.asked(lambda: desk.run(subject, name))
    return JSON(run_told(found))


@router.post("/runs/{name}/stop", openapi_extra=Nothing.described_as_body())
async def stop(request: Request, name: str) -> JSON:
    """Stop a run of one's own that waits or runs."""
    Nothing.of(request)
    await body_of(request, Nothing)
    desk, subject = desk_of(request), subject_of(request)
    return JSON(await desk.asked(lambda: desk.stop(subject, name)))


@router.get("/runs/{name}/log")
async def log(request: Request, name: str) -> JSON:
    """Give the end of the log of a run of one's own."""
    Nothing.of(request)
    desk, subject = desk_of(request), subject_of(request)
    return JSON({"log": await desk.asked(lambda: desk.log(subject, name))})


@router.get("/next", openapi_extra=Coming.described())
async def coming(request: Request) -> JSON:
    """Say what a rule means in words, and when it comes round next."""
    asked, desk = Coming.of(request), desk_of(request)
    return JSON(await desk.asked(lambda: desk.coming(asked.when, asked.timezone, asked.count)))


@router.get("/reports")
async def reports(request: Request) -> JSON:
    """List the reports on the shelf that the caller may open, the newest first."""
    Nothing.of(request)
    desk, subject = desk_of(request), subject_of(request)
    found = await desk.asked(lambda: desk.reports(subject))
    return JSON({"reports": [each.told() for each in found]})


@router.post("/reports/{slug}/withdraw", openapi_extra=Pause.described_as_body())
async def withdraw(request: Request, slug: str) -> JSON:
    """Take a report of a schedule of one's own off the shelf; the schedule's next run puts a new one there."""
    Nothing.of(request)
    said = await body_of(request, Pause)
    desk, subject = desk_of(request), subject_of(request)
    return JSON(await desk.asked(lambda: withdrawn(desk, subject, slug, said.reason)))


async def _change(request: Request, name: str, what: str) -> JSON:
    Nothing.of(request)
    kind = Pause if what in ("pause", "end") else Nothing
    said = await body_of(request, kind)
    reason = said.reason if isinstance(said, Pause) else ""
    desk, subject = desk_of(request), subject_of(request)
    return JSON(await desk.asked(lambda: desk.change(subject, name, what, reason)))
