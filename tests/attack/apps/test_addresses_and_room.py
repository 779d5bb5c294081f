"""Which addresses of an app there are, how much room a viewer has, and what is said above a page. No hub is needed."""

import pytest

from londata_hub.apps import gallery, paths
from londata_hub.apps.ledger import FullError, Ledger

KERNEL = "0e3e0731-5f81-479b-9242-ad3e1e2c6a11"


class Clock:
    """A clock that goes when it is told to."""

    now = 0.0

    def __call__(self):
        return self.now


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
        ("GET", f"api/kernels/{KERNEL}%00"),
        ("GET", f"voila/../api/kernels/{KERNEL}"),
        ("GET", "%61pi/kernels"),
        ("GET", "voila/labextensions/../../app.json"),
        ("GET", "voila/templates/londata/static/a.js%3f.py"),
        ("GET", "static/../page.css"),
        ("GET", "tree"),
        ("GET", "lab"),
        ("GET", "notebooks/app.ipynb"),
        ("GET", "files/app.ipynb"),
        ("GET", "nbextensions/x.js"),
        ("GET", "api/kernelspecs"),
        ("GET", "api/me"),
        ("GET", "metrics"),
        ("CONNECT", ""),
        ("TRACE", ""),
    ],
)
def test_an_address_that_a_page_does_not_need_does_not_exist(method, path):
    assert paths.target(method, path) is None


@pytest.mark.parametrize(
    "query",
    [
        "voila-template=lab",
        "voila-theme=dark",
        "theme=dark",
        "template=lab",
        "notebook=/etc/passwd",
        "notebook_path=x",
        "path=../x",
        "a=1&THEME=dark",
        "a=1;theme=dark&theme=x",
        "%74heme=dark",
        "%20theme=dark",
        "kernel_name=bash",
        "token=x",
        "_xsrf=x",
        "x=<script>",
        'x="',
        "x=a b",
        "x=\x00",
        "x=é",
        "x=" + "1" * 600,
    ],
)
def test_a_parameter_that_steers_voila_does_not_reach_it(query):
    assert not paths.is_query(query)


@pytest.mark.parametrize(
    "query", ["", "borough=Brent", "borough=Hammersmith%20and%20Fulham&year=2025", "x=%C3%A9", "a"]
)
def test_a_parameter_of_the_app_does(query):
    assert paths.is_query(query)


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


def test_however_many_visitors_come_people_who_are_logged_in_have_their_room():
    clock = Clock()
    ledger = Ledger(in_all=10, of_visitors=4, visits_a_minute=1000, clock=clock)
    for number in range(4):
        ledger.open("explorer", f"visitor/{number}")
    for number in range(50):
        with pytest.raises(FullError):
            ledger.open("explorer", f"visitor/more-{number}")
    for number in range(6):
        ledger.open("explorer", f"person-{number}")
    clock.now += 21  # a visitor who never came further than the first request makes room, one who looks does not
    watched = ledger.of("explorer")[0]
    ledger.connected(watched, +1)
    _, leaving = ledger.open("explorer", "visitor/late")
    assert [each.viewer for each in leaving] == ["visitor/1"]
    assert ledger.find("explorer", watched.id, "visitor/0")


def test_nobody_opens_pages_without_end():
    clock = Clock()
    ledger = Ledger(in_all=1000, of_visitors=1000, openings_a_minute=3, visits_a_minute=5, clock=clock)
    for _ in range(3):
        ledger.open("explorer", "ada")
    with pytest.raises(FullError):
        ledger.open("explorer", "ada")
    for number in range(5):
        ledger.open("explorer", f"visitor/{number}")
    with pytest.raises(FullError):
        ledger.open("explorer", "visitor/another")
    ledger.open("explorer", "bola")
    clock.now += 61
    ledger.open("explorer", "ada")
    ledger.open("explorer", "visitor/another")


def test_a_visitor_does_not_pass_for_a_person():
    ledger = Ledger()
    kernel, _ = ledger.open("explorer", "ada")
    visitors, _ = ledger.open("explorer", "visitor/ada")
    assert ledger.find("explorer", kernel.id, "visitor/ada") is None
    assert ledger.find("explorer", visitors.id, "ada") is None


def test_what_has_changed_is_said_above_a_page_however_it_is_cut_into_pieces():
    page = b"<!DOCTYPE html><html><head><title>x</title></head>\n<body class='a'><main>text</main></body></html>"
    for size in (1, 3, 1000):
        above = gallery.Above("Rolls <b>changed</b> & more")
        pieces = [above.feed(page[at : at + size]) for at in range(0, len(page), size)]
        text = (b"".join(pieces) + above.rest()).decode()
        _, _, rest = text.partition("<body class='a'>")
        assert rest.startswith('<p role="status"')
        assert "Rolls &lt;b&gt;changed&lt;/b&gt; &amp; more</p><main>text</main></body></html>" in rest
    for odd in (b"no body", b"x" * 200_000):
        above = gallery.Above("changed")
        assert above.feed(odd) + above.rest() == odd
    assert gallery.Above("").feed(page) == page


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
