"""What a browser asks of the service of reports: its pages, their forms, and the files on the shelf."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import IO
from urllib.parse import quote

from pydantic import Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from londata.errors import EntryNotFoundError, LondataError, UsageError
from londata.reports.job import PAGE
from londata_hub import audit
from londata_hub.jobs.shelf import Shelved, media_type
from londata_hub.services import reports_pages as pages
from londata_hub.services.callers import subject_of
from londata_hub.services.forms import form_of, require_our_page
from londata_hub.services.login import Login, Visit
from londata_hub.services.parameters import MAX_OFFSET, Nothing
from londata_hub.services.reports_desk import Desk
from londata_hub.services.reports_look import POLICY, REPORT_POLICY
from londata_hub.services.reports_withdrawing import own_schedule
from londata_hub.services.reports_withdrawing import withdraw as withdrawn
from londata_hub.web import error_response

Answer = Callable[[Request], Awaitable[Response]]
#: Reports on one page, and bytes of a file that are sent at a time.
MOST_REPORTS, PIECE = 100, 1 << 18
CHANGES = ("pause", "resume", "run", "end", "stop")


class Offset(Nothing):
    """Which part of the list."""

    offset: int = Field(0, ge=0, le=MAX_OFFSET)


def page_of(answer: Answer) -> Answer:
    """Say what is wrong as a page, where a browser asks."""

    async def safely(request: Request) -> Response:
        try:
            return await answer(request)
        except LondataError as error:
            if "text/html" not in request.headers.get("accept", ""):
                return error_response(error, request.scope["state"]["request_id"])
            title = "Not here" if isinstance(error, EntryNotFoundError) else "That did not work"
            return _html(pages.notice(_login(request).prefix, title, str(error)), error.http_status)

    return safely


@page_of
async def index(request: Request) -> Response:
    """Show what the visitor may open, and their schedules."""
    asked, desk, subject = Offset.of(request), _desk(request), subject_of(request)
    reports = await desk.asked(lambda: desk.reports(subject))
    shown = reports[asked.offset : asked.offset + MOST_REPORTS]
    made_for = await desk.asked(lambda: desk.made_for(subject, shown))
    is_person = "/" not in subject.name and not subject.owner
    schedules = await desk.asked(lambda: desk.schedules(subject)) if is_person else []
    return _html(pages.index(_login(request).prefix, reports, schedules, asked.offset, MOST_REPORTS, made_for))


@page_of
async def schedule(request: Request) -> Response:
    """Show a schedule."""
    Nothing.of(request)
    return await _schedule(request)


async def _schedule(request: Request, problem: str = "", status: int = 200) -> Response:
    desk, subject, name = _desk(request), subject_of(request), request.path_params["name"]
    record = await desk.asked(lambda: desk.schedule(subject, name))
    told = await desk.asked(lambda: desk.told(record, subject))
    runs = await desk.asked(lambda: desk.runs_of(subject, record, pages.MOST_RUNS))
    visit: Visit | None = request.scope["state"].get("visit")
    secret = _login(request).secret_of(visit) if visit and told["mine"] else ""
    return _html(pages.schedule(_login(request).prefix, told, record, runs, secret, problem), status)


@page_of
async def change(request: Request) -> Response:
    """Do what a form of a schedule's page asks for, and show the page again."""
    Nothing.of(request)
    said, login = await form_of(request), _login(request)
    require_our_page(request, login, said)
    desk, subject = _desk(request), subject_of(request)
    name, what = request.path_params["name"], request.path_params["what"]
    if what not in CHANGES:
        raise EntryNotFoundError("There is no such address.", hint="Go back to the schedule.")
    try:
        if what == "stop":
            await desk.asked(lambda: desk.stop(subject, said.get("run", "")))
        else:
            await desk.asked(lambda: desk.change(subject, name, what, said.get("reason", "").strip()))
    except UsageError as error:
        return await _schedule(request, str(error), error.http_status)
    return RedirectResponse(f"{login.prefix}schedules/{quote(name, safe='')}", 303)


@page_of
async def run(request: Request) -> Response:
    """Show a run; its log to its owner alone."""
    Nothing.of(request)
    desk, subject, name = _desk(request), subject_of(request), request.path_params["name"]
    found, record = await desk.asked(lambda: desk.run(subject, name))
    log = await desk.asked(lambda: desk.log(subject, name)) if record.owner == subject.name else None
    return _html(pages.run(_login(request).prefix, found, record, log))


@page_of
async def about(request: Request) -> Response:
    """Show what a report is; to the owner of its schedule also who may open it, and how to withdraw it."""
    Nothing.of(request)
    desk, subject, slug = _desk(request), subject_of(request), request.path_params["slug"]
    found = await desk.asked(lambda: desk.report(subject, slug))
    made_for = await desk.asked(lambda: desk.made_for(subject, [found]))
    schedule = await desk.asked(lambda: own_schedule(desk, subject, found))
    visit: Visit | None = request.scope["state"].get("visit")
    secret = _login(request).secret_of(visit) if visit and schedule else ""
    words = made_for.get(found.schedule, f"By {found.entry.owner}")
    return _html(pages.about(_login(request).prefix, found, words, schedule, secret))


@page_of
async def withdraw(request: Request) -> Response:
    """Withdraw a report, as a form of its page asks for, and say what comes next."""
    Nothing.of(request)
    said, login = await form_of(request), _login(request)
    require_our_page(request, login, said)
    desk, subject, slug = _desk(request), subject_of(request), request.path_params["slug"]
    done = await desk.asked(lambda: withdrawn(desk, subject, slug, said.get("reason", "").strip()))
    return _html(pages.notice(login.prefix, f"{done['title']}: withdrawn", f"Nobody can open it now. {done['next']}"))


@page_of
async def report(request: Request) -> Response:
    """Show a report's page."""
    return await _file(request, PAGE)


@page_of
async def file(request: Request) -> Response:
    """Hand out a file of a report."""
    return await _file(request, request.path_params["name"])


async def _file(request: Request, name: str) -> Response:
    """Hand out one file to somebody who may open the report; who opened one that is not open is written down first."""
    Nothing.of(request)
    desk, subject, slug = _desk(request), subject_of(request), request.path_params["slug"]

    def open_it() -> tuple[Shelved, IO[bytes]]:
        found = desk.report(subject, slug)
        opened = desk.shelf.open(found, name)
        try:
            if found.entry.access != "open":
                details = {"id": slug, "file": name}
                desk.store.log(
                    audit.Event("report.opened", subject.name, subject=subject.person, entry=slug, details=details)
                )
        except BaseException:
            opened.close()
            raise
        return found, opened

    found, opened = await desk.asked(open_it)
    size = opened.seek(0, 2)
    opened.seek(0)
    headers = {
        "Content-Type": media_type(name),
        "Content-Length": str(size),
        "Content-Security-Policy": REPORT_POLICY,
        "ETag": f'"{found.files[name]}"',
    }
    if name != PAGE:
        last = name.rpartition("/")[2]
        headers["Content-Disposition"] = f'attachment; filename="{found.slug}-{last}"'
    return StreamingResponse(_pieces(opened), headers=headers)


def _pieces(opened: IO[bytes]) -> Iterator[bytes]:
    with opened:
        while piece := opened.read(PIECE):
            yield piece


@page_of
async def callback(request: Request) -> Response:
    """Take a browser back from the hub's log-in."""
    return await _login(request).finish(request.scope, request.query_params)


def _html(text: str, status: int = 200) -> Response:
    # Without its referrer a form would come from nowhere, and could not be told from another site's.
    return HTMLResponse(text, status, headers={"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"})


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _login(request: Request) -> Login:
    login: Login = request.app.state.login
    return login


#: path below the service, method, what answers.
ROUTES: tuple[tuple[str, str, Answer], ...] = (
    ("", "GET", index),
    ("oauth_callback", "GET", callback),
    ("schedules/{name}", "GET", schedule),
    ("schedules/{name}/{what}", "POST", change),
    ("runs/{name}", "GET", run),
    ("about/{slug}", "GET", about),
    ("about/{slug}/withdraw", "POST", withdraw),
    ("shelf/{slug}/", "GET", report),
    ("shelf/{slug}/{name:path}", "GET", file),
)
