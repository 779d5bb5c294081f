"""What may pass between a browser and the kernel behind an app's page. Pure: bytes in, bytes or nothing out.

A page needs its widgets, nothing else. So every message is taken apart, the decision is made on what was understood,
and what travels on was written anew from it: the kernel never sees a byte that was not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

#: Longest message from a browser, in bytes.
LONGEST = 1_000_000
#: Types that a browser may send, all on the shell channel. Nothing among them runs code that the page brings.
FROM_BROWSER = frozenset({"comm_close", "comm_info_request", "comm_msg", "comm_open", "kernel_info_request"})
#: The one comm that a browser may open: it asks for the state of the widgets that are there. Any other name, for
#: instance ``jupyter.widget``, would make an object in the kernel.
MAY_OPEN = "jupyter.widget.control"
#: Types that a kernel may send: what draws widgets. Not ``execute_input`` (source code), ``error`` or text on
#: stderr (tracebacks), nor ``input_request``.
FROM_KERNEL = frozenset(
    {
        "clear_output",
        "comm_close",
        "comm_info_reply",
        "comm_msg",
        "comm_open",
        "display_data",
        "kernel_info_reply",
        "status",
        "update_display_data",
    }
)
#: What a page says to a widget in a ``comm_msg``.
METHODS = frozenset({"update", "custom", "request_state", "request_states"})
_HEADER = ("msg_id", "msg_type", "session", "username", "date", "version")
_LONGEST_HEADER_FIELD = 256
_LONGEST_NAME = 100
#: How deep values may be nested; widgets' are flat.
_DEEPEST = 20


class NotAMessageError(ValueError):
    """What came is not one message in the form that Jupyter describes; the connection is closed."""


def from_browser(frame: str | bytes) -> str | None:
    """Decide on one frame from a browser.

    Returns
    -------
    str or None
        The message to pass on, written anew; ``None`` to drop it.

    Raises
    ------
    NotAMessageError
        The frame is binary, too long, no JSON, has a key twice, or lacks what every message has.
    """
    if isinstance(frame, bytes):
        raise NotAMessageError("binary frames are not taken")
    if len(frame) > LONGEST:
        raise NotAMessageError("too long")
    message = _parsed(frame)
    header, content = message.get("header"), message.get("content")
    if not isinstance(header, dict) or not isinstance(content, dict):
        raise NotAMessageError("header or content is missing")
    fields = {name: header.get(name, "") for name in _HEADER}
    if not all(isinstance(value, str) and len(value) <= _LONGEST_HEADER_FIELD for value in fields.values()):
        raise NotAMessageError("a field of the header is not a short text")
    kind = fields["msg_type"]
    if kind not in FROM_BROWSER or message.get("channel") != "shell" or message.get("buffers"):
        return None
    passed = _content(str(kind), content)
    if passed is None:
        return None
    return json.dumps(
        {
            "channel": "shell",
            "header": fields,
            "parent_header": {},
            "metadata": _version(message.get("metadata")),
            "content": passed,
            "buffers": [],
        }
    )


def from_kernel(frame: str | bytes) -> bool:
    """Decide whether one frame from a kernel may reach the browser."""
    try:
        message = json.loads(frame if isinstance(frame, str) else _text_of_binary(frame))
        kind, content = message["header"]["msg_type"], message["content"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return kind in FROM_KERNEL or (
        kind == "stream" and isinstance(content, Mapping) and content.get("name") == "stdout"
    )


def _content(kind: str, content: dict[str, Any]) -> dict[str, Any] | None:
    """Write the content anew from the fields that its kind has; ``None`` where one of them is not as it should be."""
    if kind == "kernel_info_request":
        return {}
    if kind == "comm_info_request":
        return {"target_name": "jupyter.widget"}
    comm = content.get("comm_id")
    if not isinstance(comm, str) or not 1 <= len(comm) <= _LONGEST_NAME:
        return None
    if kind == "comm_open":
        is_control = content.get("target_name") == MAY_OPEN
        return {"comm_id": comm, "target_name": MAY_OPEN, "data": {}} if is_control else None
    data = _data(content.get("data")) if kind == "comm_msg" else {}
    return None if data is None else {"comm_id": comm, "data": data}


def _data(data: Any) -> dict[str, Any] | None:
    """Write what is said to a widget anew: a change of its state, or something of the widget's own."""
    if not isinstance(data, dict) or data.get("buffer_paths"):
        return None
    method = data.get("method")
    if not isinstance(method, str) or method not in METHODS:
        return None
    if method == "update":
        state = data.get("state")
        if not isinstance(state, dict) or _depth(state) > _DEEPEST:
            return None
        return {"method": method, "state": state, "buffer_paths": []}
    if method == "custom":
        return {"method": method, "content": data.get("content")} if _depth(data.get("content")) <= _DEEPEST else None
    return {"method": method}


def _depth(value: Any) -> int:
    """Tell how deep a value is nested; further than anything may be is not looked."""
    depth, level = 0, [value]
    while depth <= _DEEPEST and (level := [part for each in level for part in _parts(each)]):
        depth += 1
    return depth


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _version(metadata: Any) -> dict[str, str]:
    """Keep of the metadata only which version of the widgets' protocol the page speaks; opening needs it."""
    version = metadata.get("version") if isinstance(metadata, dict) else None
    return {"version": version} if isinstance(version, str) and len(version) <= 16 else {}


def _parsed(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NotAMessageError("not strict JSON") from error
    if not isinstance(message, dict):
        raise NotAMessageError("not an object")
    return message


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotAMessageError("a key stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise NotAMessageError(f"{name} is not JSON")


def _text_of_binary(frame: bytes) -> bytes:
    """Find the JSON part of a message with buffers: a count, that many offsets (32 bits each), then the parts."""
    count = int.from_bytes(frame[:4], "big")
    if not 1 <= count <= 1000 or len(frame) < 4 * (count + 1):
        raise ValueError("no offsets")
    offsets = [int.from_bytes(frame[4 * i : 4 * i + 4], "big") for i in range(1, count + 1)]
    return frame[offsets[0] : offsets[1] if count > 1 else len(frame)]
