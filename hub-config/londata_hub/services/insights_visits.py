"""What a browser asks of the service of insights: its pages, their pictures and files, and their forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from londata.access import STEWARDS, Subject
from londata.errors import AccessDeniedError, EntryNotFoundError, LondataError, QueryError, UsageError
from londata_hub.publishing.entries import has_tables
from londata_hub.publishing.snapshots import PICTURE, RECEIPT
from londata_hub.services import insights_look as look
from londata_hub.services.forms import form_of, require_our_page
from londata_hub.services.insights_changes import CHANGES, REVIEW, refused
from londata_hub.services.insights_desk import Desk
from londata_hub.services.insights_done import Said
from londata_hub.services.insights_facts import Chosen, Shown, was_open
from londata_hub.services.insights_forms import Refused
from londata_hub.services.insights_gallery import gallery
from londata_hub.services.insights_owning import owning
from londata_hub.services.insights_page import About, insight_page
from londata_hub.services.insights_parameters import Gallery, LogIn, NewStep
from londata_hub.services.insights_releases import number_of
from londata_hub.services.insights_reviews import data_page, review_page, reviews_page
from londata_hub.services.insights_routes import TABLE_TYPES, desk_of, hall_of, reader_of
from londata_hub.services.login import Login, Visit
from londata_hub.services.look import safe
from londata_hub.services.parameters import Nothing
from londata_hub.web import error_response

Answer = Callable[[Request], Awaitable[Response]]
#: Cards on one page.
MOST_CARDS = 60
_WRONG = QueryError("Something in this address cannot be.", hint="Begin again from all insights.")


def page_of(answer: Answer) -> Answer:
    """Say what is wrong as a page, where a browser asks."""

    async def safely(request: Request) -> Response:
        try:
            return await answer(request)
        except (LondataError, RequestValidationError) as problem:
            error = problem if isinstance(problem, LondataError) else _WRONG
            if "text/html" not in request.headers.get("accept", ""):
                return error_response(problem, request.scope["state"]["request_id"])
            title = "Not here" if isinstance(error, EntryNotFoundError) else "That did not work"
            said = str(error)
            if not _known(request) and isinstance(error, EntryNotFoundError):
                said = "There is no such insight for everybody. Log in to see whether there is one for you."
            to = str(request.path_params.get("slug", ""))
            links = look.ways(_login(request).prefix, known=_known(request), at=to)
            return _html(look.page(title, f"<p>{safe(said)}</p>", links), error.http_status)

    return safely


@page_of
async def index(request: Request) -> Response:
    """Show what the visitor may see."""
    asked, hall, subject = Gallery.of(request), hall_of(request), reader_of(request)
    values = asked.model_dump(exclude={"q", "offset"})
    chosen = Chosen(words=" ".join(asked.q.split()), **values)
    found = await hall.asked(lambda: hall.seen(subject, chosen))
    mine = await hall.asked(lambda: hall.own(subject))
    names = await hall.asked(hall.names)
    known, steward = _known(request), STEWARDS in subject.groups
    text = gallery(
        _login(request).prefix,
        found,
        mine,
        chosen,
        names,
        offset=int(asked.offset or 0),
        most=MOST_CARDS,
        known=known,
        steward=steward,
    )
    return _html(text)


@page_of
async def insight(request: Request) -> Response:
    """Show an insight."""
    Nothing.of(request)
    return await _insight(request)


async def _insight(request: Request, wrong: Refused | None = None) -> Response:
    hall, desk, subject, slug = hall_of(request), desk_of(request), reader_of(request), request.path_params["slug"]
    prefix, visit, said = _login(request).prefix, _visit(request), _said(request)

    def gather() -> tuple[About, str]:
        shown = hall.find(subject, slug)
        yours = ""
        if shown.mine and not subject.owner:
            told = said.take(visit.name, slug) if visit else ""
            yours = owning(prefix, shown, desk.owned(subject, shown), _secret(request), wrong, told)
        return _about(desk, subject, shown), yours

    about, yours = await hall.asked(gather)
    steward = STEWARDS in subject.groups
    text = insight_page(prefix, about, yours, known=_known(request), steward=steward)
    return _html(text, wrong.status if wrong else 200)


def _about(desk: Desk, subject: Subject, shown: Shown) -> About:
    hall = desk.hall
    used, withheld = hall.used(subject, shown)
    published = shown.publication is not None
    versions = hall.store.versions(shown.slug) if published else []
    series = [each for each in hall.seen(subject, Chosen(series=shown.slug)) if each.slug != shown.slug]
    is_open = shown.view.allowed
    return About(
        shown,
        used,
        withheld,
        usage=hall.store.usage(shown.slug) if published else {},
        versions=[each for each in versions if shown.publication and was_open(each, shown.publication)],
        reports=sorted(series, key=lambda each: each.title),
        has_receipt=is_open and published and not withheld and hall.has(shown, RECEIPT),
        has_tables=is_open and shown.version is not None and has_tables(shown.version),
        names=hall.names(),
    )


@page_of
async def without_slash(request: Request) -> Response:
    """Lead to the page of an insight."""
    return RedirectResponse(f"{_login(request).prefix}{quote(request.path_params['slug'], safe='')}/", 307)


@page_of
async def picture(request: Request) -> Response:
    """Give the picture of an insight."""
    hall, subject, slug = hall_of(request), reader_of(request), request.path_params["slug"]

    def read() -> bytes:
        shown = hall.find(subject, slug)
        if not shown.pictured:
            raise EntryNotFoundError(f"There is no picture of {slug[:80]!r}.", hint="See its page.")
        with hall.open(shown, PICTURE) as file:
            return file.read()

    return Response(await hall.asked(read), media_type="image/png", headers={"Cache-Control": "private, no-cache"})


@page_of
async def receipt(request: Request) -> Response:
    """Give the receipt of an insight."""
    Nothing.of(request)
    desk, subject, slug = desk_of(request), reader_of(request), request.path_params["slug"]
    content = await desk.asked(lambda: desk.hall.receipt(subject, slug))
    return _kept(content, "application/ld+json", f"{slug}-receipt.json")


@page_of
async def table(request: Request) -> Response:
    """Give a table of an insight."""
    Nothing.of(request)
    desk, subject, slug = desk_of(request), reader_of(request), request.path_params["slug"]
    name, _, kind = request.path_params["file"].rpartition(".")
    if kind not in TABLE_TYPES:
        raise EntryNotFoundError("There is no such table.", hint="See the page of the insight.")
    content, _ = await desk.asked(lambda: desk.hall.table(subject, slug, name, kind))
    return _kept(content, TABLE_TYPES[kind], f"{slug}-{name}.{kind}")


@page_of
async def unsent(request: Request) -> Response:
    """Lead back from the address of a form to its page: it stands in the browser where the form was refused."""
    if request.path_params["what"] not in CHANGES:
        raise EntryNotFoundError("There is no such address.", hint="Go back to the insight.")
    return RedirectResponse(f"{_login(request).prefix}{quote(request.path_params['slug'], safe='')}/", 303)


@page_of
async def change(request: Request) -> Response:
    """Do what a form of the owner's asks for, and show the page again."""
    Nothing.of(request)
    said, login, subject = await form_of(request), _login(request), reader_of(request)
    visit = require_our_page(request, login, said)
    desk, slug, what = desk_of(request), request.path_params["slug"], request.path_params["what"]
    act = CHANGES.get(what)
    if act is None:
        raise EntryNotFoundError("There is no such address.", hint="Go back to the insight.")
    await desk.asked(lambda: desk.own(subject, slug))
    async with _said(request).turn(visit.name, slug):
        try:
            await act(desk, subject, slug, said)
        except (UsageError, AccessDeniedError, ValidationError) as error:
            if not _said(request).was_done(visit.name, slug, what, said):  # else the button was pressed twice
                return await _insight(request, refused(what, said, error))
        else:
            _said(request).keep(visit.name, slug, what, said)
    return RedirectResponse(f"{login.prefix}{quote(slug, safe='')}/#yours", 303)


@page_of
async def data(request: Request) -> Response:
    """Show the card of a dataset, with the insights built on it."""
    Nothing.of(request)
    hall, subject, slug = hall_of(request), reader_of(request), request.path_params["slug"]
    entry = await hall.asked(lambda: hall.data(subject, slug))
    built = await hall.asked(lambda: hall.built_on(subject, slug))
    steward = STEWARDS in subject.groups
    return _html(data_page(_login(request).prefix, entry, built, known=_known(request), steward=steward))


@page_of
async def reviews(request: Request) -> Response:
    """List the releases that the visitor may check."""
    Nothing.of(request)
    if not _known(request):
        return _login(request).begin(request.scope)
    desk, subject = desk_of(request), reader_of(request)
    found = await desk.asked(lambda: desk.reviews(subject))
    return _html(reviews_page(_login(request).prefix, found))


@page_of
async def review(request: Request) -> Response:
    """Show one release to whoever may check it."""
    Nothing.of(request)
    if not _known(request):
        return _login(request).begin(request.scope)
    return await _review(request)


async def _review(request: Request, wrong: Refused | None = None) -> Response:
    desk, subject, (slug, number) = desk_of(request), reader_of(request), _named(request)
    found = await desk.asked(lambda: desk.review_with_workings(subject, slug, number))
    if visit := _visit(request):
        _said(request).take(visit.name, f"reviews/{slug}/{number}/")  # its steps say what was done
    text = review_page(_login(request).prefix, found, _secret(request), wrong)
    return _html(text, wrong.status if wrong else 200)


@page_of
async def decide(request: Request) -> Response:
    """Let a release take the step that a form asks for."""
    Nothing.of(request)
    said, login, subject = await form_of(request), _login(request), reader_of(request)
    visit, desk, (slug, number) = require_our_page(request, login, said), desk_of(request), _named(request)
    page = f"reviews/{slug}/{number}/"
    async with _said(request).turn(visit.name, page):
        try:
            step = NewStep.model_validate({"to": said.get("to", ""), "why": said.get("why", "")})
            await desk.move(subject, slug, number, step)
        except (UsageError, AccessDeniedError, ValidationError) as error:
            if not _said(request).was_done(visit.name, page, REVIEW, said):
                return await _review(request, refused(REVIEW, said, error))
        else:
            _said(request).keep(visit.name, page, REVIEW, said)
    return RedirectResponse(f"{login.prefix}reviews/{quote(slug, safe='')}/{number}/", 303)


@page_of
async def workings(request: Request) -> Response:
    """Give the notebook, a table or its workings to whoever checks a release."""
    Nothing.of(request)
    desk, subject, (slug, number) = desk_of(request), reader_of(request), _named(request)
    file = request.path_params["file"]
    content, media_type = await desk.asked(lambda: desk.review_file(subject, slug, number, file))
    return _kept(content, media_type, f"{slug}-{number}-{file.replace('.json', '-workings.json')}")


@page_of
async def sent_file(request: Request) -> Response:
    """Give a file that an author sent to whoever checks the release: to be kept, and never shown as a page."""
    Nothing.of(request)
    desk, subject, (slug, number) = desk_of(request), reader_of(request), _named(request)
    name = request.path_params["file"]
    content = await desk.asked(lambda: desk.sent_file(subject, slug, number, name))
    return _kept(content, "application/octet-stream", f"{slug}-{number}-{name.replace('/', '-')}")


@page_of
async def log_in(request: Request) -> Response:
    """Lead to the hub's log-in, and back to an insight."""
    asked, login = LogIn.of(request), _login(request)
    to = f"{login.prefix}{quote(asked.to, safe='')}/" if asked.to else login.prefix
    return RedirectResponse(to, 303) if _known(request) else login.begin(request.scope, to)


@page_of
async def callback(request: Request) -> Response:
    """Take a browser back from the hub's log-in."""
    return await _login(request).finish(request.scope, request.query_params)


def _named(request: Request) -> tuple[str, int]:
    return request.path_params["slug"], number_of(request.path_params["number"])


def _kept(content: bytes, media_type: str, name: str) -> Response:
    """Send a file that is to be kept, and never shown as a page."""
    headers = {"Content-Disposition": f'attachment; filename="{quote(name, safe=" ._-")}"'}
    return Response(content, media_type=media_type, headers=headers)


def _html(text: str, status: int = 200) -> Response:
    # Without its referrer a form would come from nowhere, and could not be told from another site's.
    headers = {"Content-Security-Policy": look.POLICY, "Referrer-Policy": "same-origin"}
    return HTMLResponse(text, status, headers=headers)


def _login(request: Request) -> Login:
    login: Login = request.app.state.login
    return login


def _known(request: Request) -> bool:
    subject = request.scope["state"].get("subject")
    return bool(subject and subject.name)


def _visit(request: Request) -> Visit | None:
    visit: Visit | None = request.scope["state"].get("visit")
    return visit


def _said(request: Request) -> Said:
    said: Said = request.app.state.said
    return said


def _secret(request: Request) -> str:
    visit = _visit(request)
    return _login(request).secret_of(visit) if visit else ""


#: path below the service, method, what answers.
ROUTES: tuple[tuple[str, str, Answer], ...] = (
    ("", "GET", index),
    ("oauth_callback", "GET", callback),
    ("log-in", "GET", log_in),
    ("reviews", "GET", reviews),
    ("reviews/{slug}/{number}/", "GET", review),
    ("reviews/{slug}/{number}/", "POST", decide),
    ("reviews/{slug}/{number}/workings/{file}", "GET", workings),
    ("reviews/{slug}/{number}/files/{file:path}", "GET", sent_file),
    ("data/{slug}/", "GET", data),
    ("{slug}", "GET", without_slash),
    ("{slug}/", "GET", insight),
    ("{slug}/thumbnail.png", "GET", picture),
    ("{slug}/receipt.json", "GET", receipt),
    ("{slug}/tables/{file}", "GET", table),
    ("{slug}/{what}", "GET", unsent),
    ("{slug}/{what}", "POST", change),
)
