"""What somebody with a browser must not be able to send to an app, ask of it or get from it. No hub is needed here."""

import json

import pytest

from londata_hub.apps import messages, paths
from londata_hub.apps.ledger import FullError, Ledger
from londata_hub.apps.messages import NotAMessageError, from_browser, from_kernel

KERNEL = "0e3e0731-5f81-479b-9242-ad3e1e2c6a11"


def message(kind, content=None, *, channel="shell", **more):
    header = {"msg_id": "1", "msg_type": kind, "session": "s", "username": "", "version": "5.3", "date": ""}
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content or {}, "channel": channel, **more}


def sent(kind, content=None, **more):
    return from_browser(json.dumps(message(kind, content, **more)))


@pytest.mark.parametrize(
    "kind",
    [
        "execute_request",
        "debug_request",
        "complete_request",
        "inspect_request",
        "history_request",
        "is_complete_request",
        "create_subshell_request",
        "input_reply",
        "interrupt_request",
        "shutdown_request",
        "",
        "comm_msg ",
        "COMM_MSG",
    ],
)
@pytest.mark.parametrize("channel", ["shell", "control", "stdin", "iopub"])
def test_what_no_widget_needs_is_dropped(kind, channel):
    assert sent(kind, {"code": "1", "comm_id": "c"}, channel=channel) is None


@pytest.mark.parametrize("channel", ["control", "stdin", "iopub", "", None, ["shell"]])
def test_what_a_widget_needs_passes_on_the_shell_channel_only(channel):
    assert sent("comm_msg", {"comm_id": "c", "data": {}}) is not None
    assert sent("comm_msg", {"comm_id": "c", "data": {}}, channel=channel) is None


def test_only_the_comm_that_asks_for_widgets_can_be_opened():
    assert sent("comm_open", {"comm_id": "c", "target_name": "jupyter.widget.control", "data": {}}) is not None
    for name in ("jupyter.widget", "jupyter.widget.control ", "matplotlib", None, ["jupyter.widget.control"]):
        assert sent("comm_open", {"comm_id": "c", "target_name": name, "data": {}}) is None


@pytest.mark.parametrize("names", [("comm_msg", "execute_request"), ("execute_request", "comm_msg")])
@pytest.mark.parametrize("key", ["msg_type", "msg_\\u0074ype"])
def test_a_key_that_stands_twice_ends_the_connection(names, key):
    first, second = names
    header = f'{{"msg_id": "1", "msg_type": "{first}", "{key}": "{second}"}}'
    with pytest.raises(NotAMessageError):
        from_browser(f'{{"header": {header}, "content": {{}}, "channel": "shell"}}')


@pytest.mark.parametrize(
    "frame",
    [
        b"\x06\x00\x00\x00",
        json.dumps(message("comm_msg")).encode(),
        "",
        "null",
        "[]",
        "{}",
        '{"header": {"msg_type": "comm_msg"}}',
        '{"header": [], "content": {}, "channel": "shell"}',
        '{"header": {"msg_type": ["comm_msg"]}, "content": {}, "channel": "shell"}',
        '{"header": {"msg_type": "comm_msg"}, "content": {"data": NaN}, "channel": "shell"}',
        '{"header": {"msg_type": "comm_msg"}, "content": {}} {"header": {"msg_type": "execute_request"}}',
        "[" * 100_000,
        '{"header": {"msg_type": "comm_msg"}, "content": {"x": ' + "[" * 100_000 + "]" * 100_000 + "}}",
        json.dumps(message("comm_msg", {"x": "y" * messages.LONGEST})),
        json.dumps(message("comm_msg")).replace('"msg_id": "1"', '"msg_id": "' + "1" * 300 + '"'),
    ],
    ids=range(15),
)
def test_what_is_not_one_message_ends_the_connection(frame):
    with pytest.raises(NotAMessageError):
        from_browser(frame)


def test_nothing_but_what_was_looked_at_travels_on():
    hostile = message("comm_msg", {"comm_id": "c", "data": {}}, msg_type="execute_request", subshell_id="x")
    hostile["header"] |= {"subshell_id": "x", "extra": 1}
    hostile["parent_header"] = {"msg_type": "execute_request"}
    hostile["metadata"] = {"version": "2.1.0", "cellId": "x"}
    passed = json.loads(from_browser(json.dumps(hostile)))
    assert set(passed) == {"channel", "header", "parent_header", "metadata", "content", "buffers"}
    assert set(passed["header"]) == {"msg_id", "msg_type", "session", "username", "date", "version"}
    assert (passed["parent_header"], passed["metadata"], passed["buffers"]) == ({}, {"version": "2.1.0"}, [])


def test_buffers_do_not_pass():
    assert sent("comm_msg", {"comm_id": "c", "data": {}}, buffers=["AAAA"]) is None


@pytest.mark.parametrize("kind", ["execute_input", "error", "input_request", "execute_reply", "debug_event", "x"])
def test_code_and_tracebacks_do_not_reach_the_browser(kind):
    text = json.dumps(message(kind))
    assert not from_kernel(text)
    assert not from_kernel((1).to_bytes(4, "big") + (8).to_bytes(4, "big") + text.encode())


def test_of_what_a_kernel_prints_only_the_ordinary_output_reaches_the_browser():
    assert from_kernel(json.dumps(message("stream", {"name": "stdout", "text": "x"})))
    assert not from_kernel(json.dumps(message("stream", {"name": "stderr", "text": "Traceback"})))


@pytest.mark.parametrize("frame", [b"", b"\xff" * 12, b"\x00\x00\x00\x01\xff\xff\xff\xff", "[]", "null", "{"])
def test_a_frame_of_the_kernel_that_cannot_be_understood_is_dropped(frame):
    assert not from_kernel(frame)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "api/kernels"),
        ("POST", "api/kernels"),
        ("GET", "api/contents"),
        ("GET", "api/sessions"),
        ("POST", "api/terminals"),
        ("GET", "voila/files/app.ipynb"),
        ("GET", "voila/files/app.yaml"),
        ("GET", "voila/render/app.ipynb"),
        ("GET", "voila/static/../../../../etc/passwd"),
        ("GET", "voila/static/%2e%2e/%2e%2e/etc/passwd"),
        ("GET", "voila/static//etc/passwd"),
        ("GET", "voila/static/.hidden.js"),
        ("GET", "voila/static/"),
        ("GET", "voila/static/a.py"),
        ("GET", "voila/templates/lab/static/x.js"),
        ("GET", "voila/templates/londata/static/../index.html.j2"),
        ("GET", "voila/query/" + KERNEL),
        ("GET", "voila/execution/" + KERNEL),
        ("GET", "login"),
        ("HEAD", ""),
        ("POST", ""),
        ("PUT", ""),
        ("OPTIONS", ""),
        ("POST", f"api/kernels/{KERNEL}/restart"),
        ("POST", f"api/kernels/{KERNEL}/interrupt"),
        ("DELETE", f"api/kernels/{KERNEL}/channels"),
        ("GET", f"api/kernels/{KERNEL.upper()}"),
        ("GET", f"api/kernels/{KERNEL}\n"),
    ],
)
def test_an_address_that_a_page_does_not_need_does_not_exist(method, path):
    assert paths.target(method, path) is None


@pytest.mark.parametrize(
    ("site", "origin", "same"),
    [
        ("same-origin", "", True),
        ("same-site", "", False),
        ("cross-site", "http://hub:8000", False),
        ("none", "http://hub:8000", False),
        ("", "http://hub:8000", True),
        ("", "https://hub:8000", True),
        ("", "http://hub:8001", False),
        ("", "http://evil.example", False),
        ("", "null", False),
        ("", "", False),
    ],
)
def test_a_kernel_is_shut_down_only_by_a_page_of_this_server(site, origin, same):
    assert paths.is_same_origin(site, origin, "hub:8000") is same


def test_a_forged_host_brings_nothing_into_the_policy():
    policy = paths.content_security_policy("hub; script-src *", "/services/apps/")
    assert "*" not in policy
    assert "script-src 'none'" in policy


def test_a_viewer_finds_only_their_own_kernel_of_this_very_app():
    ledger = Ledger()
    kernel, _ = ledger.open("explorer", "ada")
    assert ledger.find("explorer", kernel.id, "ada") is kernel
    assert ledger.find("explorer", kernel.id, "bola") is None
    assert ledger.find("other", kernel.id, "ada") is None


def test_one_viewer_cannot_take_all_the_room():
    ledger = Ledger(per_viewer=2, in_all=3)
    first, _ = ledger.open("explorer", "ada")
    ledger.open("explorer", "ada")
    _, leaving = ledger.open("explorer", "ada")
    assert leaving == [first]
    assert ledger.find("explorer", first.id, "ada") is None
    ledger.open("explorer", "bola")
    with pytest.raises(FullError):
        ledger.open("explorer", "chen")


def test_a_kernel_without_a_viewer_does_not_live_for_ever():
    now = [0.0]
    ledger = Ledger(grace=90, clock=lambda: now[0])
    left, _ = ledger.open("explorer", "ada")
    watched, _ = ledger.open("explorer", "ada")
    ledger.connected(watched, +1)
    now[0] = 91.0
    assert ledger.abandoned() == [left]
    ledger.connected(watched, -1)
    now[0] = 182.0
    assert ledger.abandoned() == [watched]
