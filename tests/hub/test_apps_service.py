"""Published insights through a real hub: who gets in, what they see, and what a page's channel does not do."""

import contextlib
import json
import re
import uuid
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from running_hub import wait_for

pytestmark = pytest.mark.hub

APP = "/services/apps/borough-explorer/"


class Page:
    """An app's page that somebody has opened, and the channel to its kernel."""

    def __init__(self, hub, name):
        self.hub, self.visitor = hub, hub.visitor(name)
        self.answer = self.visitor.client.get(APP)
        assert self.answer.status_code == 200, self.answer.text
        self.kernel = re.search(r'"kernelId": "([0-9a-f-]{36})"', self.answer.text)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.visitor.client.close()

    @property
    def cookies(self):
        """What the browser would send to an app's address."""
        jar = self.visitor.client.cookies.jar
        return "; ".join(f"{each.name}={each.value}" for each in jar if APP.startswith(each.path))

    def channel(self, kernel=None, *, origin=None, cookies=None):
        address = f"{self.hub.address.replace('http', 'ws', 1)}{APP}api/kernels/{kernel or self.kernel}/channels"
        headers = {"Cookie": self.cookies if cookies is None else cookies}
        origin = self.hub.address if origin is None else origin or None
        return connect(address, additional_headers=headers, origin=origin, max_size=None, proxy=None)

    def request(self, method, path, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.visitor.client.request(method, APP + path, headers=headers, follow_redirects=False)


def message(kind, content=None, channel="shell", **metadata):
    asked = uuid.uuid4().hex
    header = {"msg_id": asked, "msg_type": kind, "session": "s", "username": "", "version": "5.3", "date": ""}
    body = {"header": header, "parent_header": {}, "metadata": metadata, "content": content or {}, "channel": channel}
    return asked, json.dumps(body)


def until_idle(channel, asked):
    """Everything that arrives until the kernel has dealt with a request."""
    seen = []
    while True:
        seen.append(json.loads(channel.recv(timeout=60)))
        last = seen[-1]
        if last["parent_header"].get("msg_id") == asked and last["content"].get("execution_state") == "idle":
            return seen


def ask(channel, kind, content=None, **metadata):
    asked, text = message(kind, content, **metadata)
    channel.send(text)
    return until_idle(channel, asked)


def widgets(channel):
    """The state of every widget of the page, as the page itself asks for it."""
    comm = uuid.uuid4().hex
    ask(channel, "comm_open", {"comm_id": comm, "target_name": "jupyter.widget.control", "data": {}}, version="1.0.0")
    seen = ask(channel, "comm_msg", {"comm_id": comm, "data": {"method": "request_states"}})
    replies = [m for m in seen if m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == comm]
    return replies[0]["content"]["data"]["states"]


@pytest.fixture(scope="module")
def page(hub):
    with Page(hub, "ada") as opened:
        yield opened


def test_somebody_who_is_not_logged_in_is_sent_to_the_login(hub):
    assert httpx.get(hub.address + APP, follow_redirects=True).url.path == "/hub/login"
    for path in ("voila/static/voila.js", f"api/kernels/{uuid.uuid4()}"):
        assert httpx.get(hub.address + APP + path).status_code == 403


def test_a_token_that_nobody_gave_opens_nothing(hub):
    headers = {"Authorization": f"token {uuid.uuid4().hex}"}
    assert httpx.get(hub.address + APP, headers=headers).status_code in (302, 403)
    assert httpx.get(hub.address + APP + "voila/static/voila.js", headers=headers).status_code == 403


def test_somebody_who_is_logged_in_sees_the_app_and_not_its_source(page):
    assert '<html lang="en-GB">' in page.answer.text
    assert "<title>Borough explorer – londata</title>" in page.answer.text
    assert "application/vnd.jupyter.widget-view+json" in page.answer.text
    assert "from londata" not in page.answer.text


def test_the_page_asks_no_other_host_for_anything(page):
    addresses = re.findall(r"""(?:src|href)=["']([^"']+)""", page.answer.text)
    assert addresses
    assert [address for address in addresses if not address.startswith((APP, "data:,", "#"))] == []
    for address in addresses:
        if address.startswith(APP):
            assert page.visitor.client.get(address).status_code == 200, address


@pytest.mark.parametrize("path", ["", "voila/static/voila.js", "voila/files/app.ipynb"])
def test_every_answer_carries_a_policy_without_inline_scripts(page, path):
    headers = page.request("GET", path).headers
    scripts = re.search(r"script-src ([^;]*)", headers["content-security-policy"])[1]
    assert scripts == f"{page.hub.address.removeprefix('http://')}/services/apps/"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_the_list_of_apps_is_that_of_the_insights(page):
    answer = page.visitor.client.get("/services/apps/")
    assert (answer.status_code, answer.url.path) == (200, "/services/insights/")


def test_the_address_without_a_slash_leads_to_the_page(page):
    answer = page.visitor.client.get(APP[:-1], params={"borough": "Brent"}, follow_redirects=False)
    assert answer.headers["location"] == f"{APP}?borough=Brent"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "api/kernels"),
        ("POST", "api/kernels"),
        ("GET", "api/contents"),
        ("GET", "voila/files/app.ipynb"),
        ("GET", "voila/static/..%2f..%2fapp.ipynb"),
        ("GET", "voila/render/app.ipynb"),
        ("POST", ""),
        ("PUT", ""),
    ],
)
def test_what_a_page_does_not_need_is_not_there(page, method, path):
    assert page.request(method, path).status_code == 404


def test_moving_a_widget_changes_words_chart_and_map(page):
    with page.channel() as channel:
        states = widgets(channel)
        choice = next(name for name, each in states.items() if each["state"].get("description") == "Borough")
        labels = states[choice]["state"]["_options_labels"]
        update = {"method": "update", "state": {"index": labels.index("Hackney")}, "buffer_paths": []}
        seen = ask(channel, "comm_msg", {"comm_id": choice, "data": update})
    values = [
        m["content"]["data"]["state"]["value"]
        for m in seen
        if m["msg_type"] == "comm_msg" and "value" in m["content"]["data"].get("state", {})
    ]
    drawn = [value for value in values if isinstance(value, str)]
    assert sum("data:image/svg+xml" in value and "Hackney" in value for value in drawn) == 2
    assert any("<strong>Hackney: 13,603 people per km²</strong>" in value for value in drawn)


@pytest.mark.parametrize("channel_name", ["shell", "control"])
def test_code_that_a_browser_sends_is_not_run(page, channel_name):
    code = "import londata.widgets.boroughs as b; b.Indicator.said = lambda *_: 'PLANTED'; print('PLANTED')"
    with page.channel() as channel:
        asked, text = message("execute_request", {"code": code, "silent": False}, channel_name)
        channel.send(text)
        channel.send(message("debug_request", {"command": "evaluate", "arguments": {"expression": code}}, "control")[1])
        seen = ask(channel, "kernel_info_request")
        states = json.dumps(widgets(channel))
    assert asked not in {m["parent_header"].get("msg_id") for m in seen}
    assert not {m["msg_type"] for m in seen} & {"execute_input", "execute_reply", "stream", "error", "debug_reply"}
    assert "PLANTED" not in states


@pytest.mark.parametrize(
    "frame",
    [
        b"\x06\x00\x00\x00\x00\x00\x00\x00",
        '{"header": {"msg_id": "1", "msg_type": "comm_msg", "msg_type": "execute_request"}, "content": {}}',
    ],
    ids=["binary", "a key twice"],
)
def test_a_frame_that_is_no_message_ends_the_connection(page, frame):
    with page.channel() as channel:
        ask(channel, "kernel_info_request")
        channel.send(frame)
        with pytest.raises(ConnectionClosed) as closed:
            until_idle(channel, "nothing")
    assert closed.value.rcvd.code == 1008


def refused(make):
    with pytest.raises(InvalidStatus) as answer, contextlib.closing(make()):
        pass
    return answer.value.response.status_code


def test_another_viewers_kernel_does_not_exist(hub, page):
    with Page(hub, "bola") as bola:
        assert bola.request("GET", f"api/kernels/{bola.kernel}").status_code == 200
        assert bola.request("GET", f"api/kernels/{page.kernel}").status_code == 404
        assert bola.request("DELETE", f"api/kernels/{page.kernel}", Origin=hub.address).status_code == 404
        assert refused(lambda: bola.channel(page.kernel)) == 404
    assert page.request("GET", f"api/kernels/{page.kernel}").status_code == 200


def test_a_channel_opens_only_to_our_own_pages_and_to_people_who_are_logged_in(page):
    assert refused(lambda: page.channel(origin="http://evil.example")) == 403
    assert refused(lambda: page.channel(origin="")) == 403
    assert refused(lambda: page.channel(cookies="")) == 403


def runs(kernel):
    """Whether a process runs as this kernel; one in a sandbox can be seen from outside."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # a process that has ended meanwhile
            if f"kernel-{kernel}.json" in line.read_text():
                return True
    return False


def test_leaving_a_page_ends_its_kernel_but_not_at_the_word_of_another_site(hub):
    with Page(hub, "chen") as page:
        beacon = f"voila/api/shutdown/{page.kernel}"
        assert page.request("POST", beacon, Origin="http://evil.example").status_code == 403
        assert page.request("POST", beacon, Sec_Fetch_Site="cross-site", Origin=hub.address).status_code == 403
        assert page.request("GET", f"api/kernels/{page.kernel}").status_code == 200
        assert runs(page.kernel)
        assert page.request("POST", beacon, Origin=hub.address).status_code == 204
        assert page.request("GET", f"api/kernels/{page.kernel}").status_code == 404
        wait_for(lambda: not runs(page.kernel), what="the end of the kernel's process")


def test_the_register_knows_the_app_as_an_insight(page):
    headers = {"Authorization": f"Bearer {page.visitor.new_token()}"}
    entry = page.visitor.client.get("/services/register/api/v1/entries/borough-explorer", headers=headers).json()
    assert (entry["kind"], entry["form"], entry["address"]) == ("insight", "app", APP)
    resting = page.visitor.client.get(
        "/services/register/api/v1/entries", params={"uses": "london-authorities", "kind": "insight"}, headers=headers
    ).json()
    assert "borough-explorer" in [each["id"] for each in resting["entries"]]
