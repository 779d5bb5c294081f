"""Somebody's browser at the service of apps, when its page is alive, and a raw websocket to a kernel: for tests."""

import json
import re
import time
import uuid

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

APPS = "/services/apps/"
#: A page is read before it is alive: until then a likeness of its widgets stands for them, or the words that it loads.
ALIVE = """() => document.getElementById("rendered_cells") && !document.querySelector("#loading, .first-view")"""


def alive(page, seconds=120):
    """Wait until an app's page in Chromium shows its living widgets and nothing that stands for them; returns it."""
    page.wait_for_function(ALIVE, timeout=seconds * 1000)
    return page


class Browser:
    """Somebody's browser, with what it keeps; without a name they are not logged in."""

    def __init__(self, hub, name=""):
        self.hub = hub
        self.mine = {"Authorization": f"token token-of-{name}"} if name else {}
        self.client = hub.client(headers=self.mine)

    def ask(self, method, path, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, path, headers=named)

    def open(self, slug):
        """Open a page; gives the kernel that it has."""
        answer = self.client.get(f"{APPS}{slug}/")
        assert answer.status_code == 200, answer.text
        return re.search(r'"kernelId": "([0-9a-f-]{36})"', answer.text)[1]

    def cookies(self, path):
        return "; ".join(f"{each.name}={each.value}" for each in self.client.cookies.jar if path.startswith(each.path))

    def channel(self, slug, kernel, *, origin=None, cookies=None):
        path = f"{APPS}{slug}/api/kernels/{kernel}/channels"
        headers = {"Cookie": self.cookies(path) if cookies is None else cookies} | self.mine
        origin = self.hub.address if origin is None else origin or None
        address = f"{self.hub.address.replace('http', 'ws', 1)}{path}"
        return connect(address, additional_headers=headers, origin=origin, max_size=None, proxy=None)


def refused(make):
    with pytest.raises(InvalidStatus) as answer, make():
        pass
    return answer.value.response.status_code


def message(kind, content=None, channel="shell"):
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "session": "s",
        "username": "",
        "version": "5.3",
        "date": "",
    }
    body = {"header": header, "parent_header": {}, "metadata": {}, "content": content or {}, "channel": channel}
    return header["msg_id"], json.dumps(body)


def answered(channel):
    """Ask the kernel for its name, so that it is known that the channel is open."""
    asked, text = message("kernel_info_request")
    channel.send(text)
    while True:
        said = json.loads(channel.recv(timeout=60))
        if said["parent_header"].get("msg_id") == asked and said["content"].get("execution_state") == "idle":
            return said


def code_at_the_end(channel, seconds=60):
    """Read on until the other side closes the channel, and tell with which code; at most for so long."""
    code, _ = farewell(channel, seconds)
    return code


def farewell(channel, seconds=60):
    """Read on until the other side closes the channel, and tell with which code and words; at most for so long."""
    deadline = time.monotonic() + seconds
    try:
        while True:
            channel.recv(timeout=max(0.1, deadline - time.monotonic()))
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (None, "")
