"""What all services of the hub share: one shape of errors, request ids, security headers."""

import asyncio
import contextlib
import logging
import socket

import httpx
import pytest
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, StreamingResponse

from londata.errors import AccessDeniedError, NotAuthenticatedError, QueryError
from londata_hub import web
from londata_hub.web import JSON, MAX_QUERY_STRING, SECURITY_HEADERS, application
from register_service import served

router = APIRouter()


class OpenGate:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["path"].endswith("/locked"):
            raise NotAuthenticatedError("Nobody.", hint="Log in.")
        await self.app(scope, receive, send)


@router.get("/fine")
async def fine(request: Request):
    return JSON({"id": request.scope["state"]["request_id"]})


@router.get("/denied")
async def denied():
    raise AccessDeniedError("You may not.", hint="Ask.")


@router.get("/broken")
async def broken():
    raise ZeroDivisionError("secret detail")


@router.get("/half")
async def half():
    async def body():
        yield b"half"
        raise ZeroDivisionError("too late")

    return StreamingResponse(body())


@router.get("/whole/{number}")
async def whole(number: int):
    return JSON({"number": number})


@router.get("/own-policy")
async def own_policy():
    return PlainTextResponse("page", headers={"content-security-policy": "default-src 'self'"})


APP = application("Test", "For tests.", "1", prefix="/base", routers=[router], gate=Middleware(OpenGate))


def ask(path, method="GET", **more):
    async def send():
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://service/base") as client:
            return await client.request(method, path, **more)

    return asyncio.run(send())


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/nowhere", "GET", 404, "no_such_address"),
        ("/fine", "POST", 405, "method_not_allowed"),
        ("/fine/", "GET", 404, "no_such_address"),
        ("/denied", "GET", 403, "access_denied"),
        ("/locked", "GET", 401, "not_authenticated"),
        ("/broken", "GET", 500, "error"),
        ("/whole/x", "GET", 400, "query"),
        (f"/fine?q={'a' * MAX_QUERY_STRING}", "GET", 400, "query"),
    ],
)
def test_every_error_has_the_one_shape(path, method, status, code):
    answer = ask(path, method)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert list(answer.json()) == ["error"]
    assert set(error) == {"code", "message", "hint", "request_id"}
    assert error["code"] == code
    assert error["message"].endswith(".")
    assert error["request_id"] == answer.headers["x-request-id"]


def test_what_nobody_foresaw_is_logged_and_not_shown(caplog):
    with caplog.at_level(logging.ERROR):
        answer = ask("/broken")
    assert "secret" not in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert answer.headers["x-request-id"] in caplog.text
    assert "secret detail" in caplog.text


def test_an_answer_that_breaks_off_is_not_mended_into_a_whole_one():
    with pytest.raises(ZeroDivisionError):
        ask("/half")


def test_every_request_has_an_id_of_its_own():
    first, second = ask("/fine"), ask("/fine")
    assert first.json()["id"] == first.headers["x-request-id"]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/fine", "/nowhere", "/broken", "/locked"])
def test_every_answer_has_the_security_headers(path):
    headers = ask(path).headers
    for name, value in SECURITY_HEADERS.items():
        assert headers[name.decode()] == value.decode()


def test_an_answer_may_have_a_policy_of_its_own():
    answer = ask("/own-policy")
    assert answer.headers.get_list("content-security-policy") == ["default-src 'self'"]


def test_a_refusal_of_nobody_says_how_to_log_in():
    assert ask("/locked").headers["www-authenticate"] == "Bearer"


def test_a_405_says_what_is_allowed():
    assert ask("/fine", "DELETE").headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        ({"type": "extra_forbidden", "loc": ("query", "x"), "msg": "", "input": "1"}, "There is no parameter 'x'."),
        ({"type": "missing", "loc": ("query", "x"), "msg": ""}, "The parameter x is missing."),
        (
            {"type": "less_than_equal", "loc": ("query", "limit"), "msg": "Input should be 5 or less", "input": "9"},
            "The parameter limit cannot be '9': input should be 5 or less.",
        ),
    ],
)
def test_a_bad_parameter_is_told_in_a_sentence(problem, sentence):
    from londata_hub.web import error_response

    assert sentence in error_response(RequestValidationError([problem]), "id").body.decode()


def test_a_giant_value_is_not_sent_back_whole():
    from londata_hub.web import error_response

    problem = {"type": "string_too_long", "loc": ("query", "q"), "msg": "Too long", "input": "a" * 10_000}
    body = error_response(RequestValidationError([problem]), "id").body.decode()
    assert len(body) < 400
    assert "10,002 characters" in body


def test_an_error_of_londata_keeps_its_words():
    from londata_hub.web import error_response

    answer = error_response(QueryError("Text with <b> and “quotes”.", hint="Hint."), "id")
    assert "Text with <b> and “quotes”." in answer.body.decode()
    assert answer.media_type == "application/json"


@pytest.mark.parametrize("begun", [b"", b"GET /base/fine HTTP/1.1\r\nHost: ", b"GET /base/fine HTTP/1.1\r\n\r\nGET /b"])
def test_a_head_that_does_not_come_to_its_end_is_given_up(monkeypatch, begun):
    monkeypatch.setattr(web, "HEAD_TIMEOUT_S", 0.2)
    with served(APP, base="") as address:
        url = httpx.URL(address)
        with socket.create_connection((url.host, url.port), timeout=20) as wire:
            wire.sendall(begun)
            with contextlib.suppress(ConnectionResetError):  # it may hang up before it has read what came
                while wire.recv(65536):
                    pass


def test_a_whole_head_may_take_its_time_to_be_answered(monkeypatch):
    monkeypatch.setattr(web, "HEAD_TIMEOUT_S", 2)  # in which the client has said all

    @router.get("/slow")
    async def slow():
        await asyncio.sleep(2.2)
        return JSON({})

    app = application("Test", "For tests.", "1", prefix="/base", routers=[router], gate=Middleware(OpenGate))
    with served(app, base="/base") as address:
        assert httpx.get(f"{address}/slow").status_code == 200


@pytest.mark.parametrize(("head", "answer"), [(b"X: y\r\n", b" 405 "), (b"X: " + b"y" * 70_000 + b"\r\n", b" 400 ")])
def test_a_body_that_comes_with_its_head_does_not_make_the_head_long(head, answer):
    body = b" " * 200_000
    with served(APP, base="") as address:
        url = httpx.URL(address)
        with socket.create_connection((url.host, url.port), timeout=20) as wire:
            begun = b"POST /base/fine HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 200000\r\n"
            with contextlib.suppress(OSError):  # it may answer and hang up before all has come
                wire.sendall(begun + head + b"\r\n" + body)
            assert answer in wire.recv(65536).split(b"\r\n")[0]
