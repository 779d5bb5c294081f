"""What somebody with a browser must not be able to send to an app or get from it. No hub is needed here."""

import json

import pytest

from londata_hub.apps import messages
from londata_hub.apps.messages import NotAMessageError, from_browser, from_kernel
from londata_hub.apps.pace import ALL_STATES, MESSAGES, MESSAGES_A_SECOND, Pace, TooMuchError


def message(kind, content=None, *, channel="shell", **more):
    header = {"msg_id": "1", "msg_type": kind, "session": "s", "username": "", "version": "5.3", "date": ""}
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content or {}, "channel": channel, **more}


UPDATE = {"method": "update", "state": {"index": 3}, "buffer_paths": []}


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
    assert sent("comm_msg", {"comm_id": "c", "data": UPDATE}) is not None
    assert sent("comm_msg", {"comm_id": "c", "data": UPDATE}, channel=channel) is None


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
    hostile = message(
        "comm_msg",
        {"comm_id": "c", "data": UPDATE | {"x": 1}, "code": "1"},
        msg_type="execute_request",
        subshell_id="x",
    )
    hostile["header"] |= {"subshell_id": "x", "extra": 1}
    hostile["parent_header"] = {"msg_type": "execute_request"}
    hostile["metadata"] = {"version": "2.1.0", "cellId": "x"}
    passed = json.loads(from_browser(json.dumps(hostile)))
    assert set(passed) == {"channel", "header", "parent_header", "metadata", "content", "buffers"}
    assert set(passed["header"]) == {"msg_id", "msg_type", "session", "username", "date", "version"}
    assert passed["content"] == {"comm_id": "c", "data": UPDATE}
    assert (passed["parent_header"], passed["metadata"], passed["buffers"]) == ({}, {"version": "2.1.0"}, [])


def test_buffers_do_not_pass():
    assert sent("comm_msg", {"comm_id": "c", "data": UPDATE}, buffers=["AAAA"]) is None
    assert sent("comm_msg", {"comm_id": "c", "data": UPDATE | {"buffer_paths": [["value"]]}}) is None


def nested(depth):
    return {"x": nested(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"comm_id": "c"},
        {"comm_id": "", "data": UPDATE},
        {"comm_id": ["c"], "data": UPDATE},
        {"comm_id": "c" * 101, "data": UPDATE},
        {"comm_id": "c", "data": []},
        {"comm_id": "c", "data": {}},
        {"comm_id": "c", "data": {"method": "execute", "code": "1"}},
        {"comm_id": "c", "data": {"method": ["update"]}},
        {"comm_id": "c", "data": UPDATE | {"state": [1]}},
        {"comm_id": "c", "data": UPDATE | {"state": nested(40)}},
        {"comm_id": "c", "data": {"method": "custom", "content": nested(40)}},
    ],
    ids=range(12),
)
def test_what_no_widget_says_does_not_reach_one(content):
    assert sent("comm_msg", content) is None


def test_what_a_widget_says_is_written_anew():
    custom = {"method": "custom", "content": {"event": "click"}}
    assert json.loads(sent("comm_msg", {"comm_id": "c", "data": custom | {"more": 1}}))["content"]["data"] == custom
    assert json.loads(sent("kernel_info_request", {"code": "1"}))["content"] == {}
    asked = json.loads(sent("comm_info_request", {"target_name": "anything"}))
    assert asked["content"] == {"target_name": "jupyter.widget"}
    opened = sent("comm_open", {"comm_id": "c", "target_name": messages.MAY_OPEN, "data": {"state": {}}, "x": 1})
    assert json.loads(opened)["content"] == {"comm_id": "c", "target_name": messages.MAY_OPEN, "data": {}}
    assert json.loads(sent("comm_close", {"comm_id": "c", "data": {"x": 1}}))["content"] == {"comm_id": "c", "data": {}}


class Clock:
    """A clock that goes when it is told to."""

    now = 0.0

    def __call__(self):
        return self.now


def test_a_channel_sends_no_more_than_a_page_does():
    clock = Clock()
    pace = Pace(clock)
    for _ in range(MESSAGES):
        pace.take("x")
    with pytest.raises(TooMuchError, match="messages"):
        pace.take("x")
    pace = Pace(clock)
    for _ in range(1000):  # at the pace of a slider that somebody moves it goes on for ever
        clock.now += 1.01 / MESSAGES_A_SECOND
        pace.take("x")
    clock.now += 3600
    for _ in range(MESSAGES // ALL_STATES):
        pace.take('{"method": "request_states"}')
    with pytest.raises(TooMuchError):
        pace.take('{"method": "request_states"}')


def test_a_channel_sends_no_more_bytes_than_a_page_does():
    pace = Pace(Clock())
    for _ in range(4):
        pace.take("x" * 1_000_000)
    with pytest.raises(TooMuchError, match="bytes"):
        pace.take("x")


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
