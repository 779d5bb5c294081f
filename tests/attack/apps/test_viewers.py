"""Who gets to see an app, by which address whatever; and that what ends, ends at once. The service itself runs here."""

import contextlib
import json
import re
import sqlite3
import uuid
from functools import partial

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app_viewers import APPS, Browser, answered, code_at_the_end, farewell, message, refused
from apps_service import served_apps
from londata.records import Grant
from londata.records.publications import RestsOn
from londata_hub.apps import farewells
from planted_insights import Planting
from running_hub import wait_for

#: A widget whose state a page can ask for, and words that only its viewers may read.
CELL = "import ipywidgets as w; from IPython.display import display; display(w.HTML('SECRET-WORDS'), w.IntText(3))"
ROLLS = RestsOn(entry="planted-rolls", access="closed", agreement="ISA-P")
ADDRESSES = [
    ("GET", ""),
    ("GET", "?x=1"),
    ("GET", "voila/static/voila.js"),
    ("GET", "voila/templates/londata/static/page.css"),
    ("GET", "api/kernels"),
    ("GET", f"api/kernels/{uuid.UUID(int=7)}"),
    ("GET", f"api/kernels/{uuid.UUID(int=7)}/channels"),
    ("DELETE", f"api/kernels/{uuid.UUID(int=7)}"),
    ("POST", f"voila/api/shutdown/{uuid.UUID(int=7)}"),
    ("GET", "voila/files/app.ipynb"),
    ("GET", "app.ipynb"),
    ("GET", "receipt/ro-crate-metadata.json"),
    ("GET", "tables/by-borough.csv"),
    ("GET", "%2e%2e/open-to-all/"),
    ("GET", "..%2fgroup-only/"),
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with served_apps(tmp_path_factory.mktemp("apps")) as running:
        yield running


@pytest.fixture(scope="module")
def planted(hub):
    planting = Planting(hub.settings)
    planting.closed_data("planted-rolls", ["ada", "bola"])
    planting.insight("open-to-all", CELL, ["public"])
    planting.insight("open-too", CELL, ["public"])  # nobody opens it, so it costs no process
    planting.insight("at-the-hub", CELL, ["hub"])
    planting.insight("group-only", CELL, ["group:publishers"])
    planting.insight("ada-only", CELL, ["person:ada"])
    everybody = ["person:ada", "person:bola", "person:chen"]
    planting.insight("of-closed-data", CELL, everybody, reads=[ROLLS], project="planted-places")
    # A record that somebody forged or that has gone stale: public, and what it shows is not
    planting.insight("said-to-be-public", CELL, ["public"], reads=[ROLLS], project="planted-places")
    return planting


@pytest.fixture(autouse=True)
def _everybody_goes_home(hub):
    yield
    hub.hang_up()


# -- visitors


def test_a_visitor_opens_what_is_open_to_all_and_is_known_by_a_cookie_of_that_app_alone(hub, planted):
    visitor = Browser(hub)
    kernel = visitor.open("open-to-all")
    (cookie,) = visitor.client.cookies.jar
    assert (cookie.name, cookie.path, cookie.expires) == ("londata-visitor", f"{APPS}open-to-all/", None)
    answer = Browser(hub).ask("GET", f"{APPS}open-to-all/")
    assert re.search(r"londata-visitor=[\w-]{43}; HttpOnly; Path=[\w/-]+; SameSite=Lax", answer.headers["set-cookie"])
    with visitor.channel("open-to-all", kernel) as channel:
        answered(channel)
        assert visitor.ask("GET", f"{APPS}open-to-all/api/kernels/{kernel}").status_code == 200


def test_one_visitor_does_not_reach_anothers_kernel_and_nobody_reaches_one_without_a_cookie(hub, planted):
    victim, other, ada = Browser(hub), Browser(hub), Browser(hub, "ada")
    kernel = victim.open("open-to-all")
    other.open("open-to-all")
    ada.open("open-to-all")
    path = f"{APPS}open-to-all/api/kernels/{kernel}"
    forged = "; ".join(f"londata-visitor={value}" for value in ("ada", "x" * 43, "", "*"))
    for browser in (other, ada):
        assert browser.ask("GET", path).status_code == 404
        assert browser.ask("DELETE", path, Origin=hub.address).status_code == 404
        assert refused(lambda browser=browser: browser.channel("open-to-all", kernel)) == 404
    for cookies in ("", forged, "londata-visitor=" + "A" * 43):
        assert refused(lambda cookies=cookies: victim.channel("open-to-all", kernel, cookies=cookies)) == 404
        assert httpx.get(hub.address + path, headers={"Cookie": cookies}).status_code == 404
    # The same browser at another app: the cookie does not go there, and would not be the kernel's there
    mine = victim.cookies(path)
    other_path = f"{APPS}open-too/api/kernels/{kernel}"
    assert httpx.get(hub.address + other_path, headers={"Cookie": mine}).status_code == 404
    assert victim.ask("GET", path).status_code == 200


@pytest.mark.parametrize("slug", ["group-only", "ada-only", "of-closed-data"])
def test_what_is_for_some_people_is_not_there_for_a_visitor_by_any_address(hub, planted, slug):
    visitor = Browser(hub)
    visitor.open("open-to-all")
    for method, path in ADDRESSES:
        mine, nothing = (visitor.ask(method, f"{APPS}{each}/{path}") for each in (slug, "no-such-insight"))
        assert mine.status_code == nothing.status_code == 404, path
        assert mine.text == nothing.text
        assert "set-cookie" not in mine.headers
    kernel = visitor.open("open-to-all")
    value = visitor.cookies(f"{APPS}open-to-all/")
    assert refused(lambda: visitor.channel(slug, kernel, cookies=value)) == 404


def test_what_is_for_the_hub_leads_a_visitor_to_the_login_and_shows_nothing(hub, planted):
    visitor = Browser(hub)
    page = visitor.ask("GET", f"{APPS}at-the-hub/")
    assert page.status_code == 302
    assert page.headers["location"].startswith("/hub/api/oauth2/authorize")
    for method, path in ADDRESSES[2:]:
        assert visitor.ask(method, f"{APPS}at-the-hub/{path}").status_code in (403, 404), path
    assert "londata-visitor" not in visitor.client.cookies


def test_a_record_that_says_public_opens_no_closed_data(hub, planted):
    visitor, chen = Browser(hub), Browser(hub, "chen")
    assert "SECRET-WORDS" not in visitor.client.get(f"{APPS}said-to-be-public/").text
    assert visitor.ask("GET", f"{APPS}said-to-be-public/voila/static/voila.js").status_code != 200
    chen.open("at-the-hub")
    assert chen.ask("GET", f"{APPS}said-to-be-public/").status_code != 200


# -- people


def test_an_app_is_there_for_whom_it_was_published(hub, planted):
    ada, bola, chen = (Browser(hub, name) for name in ("ada", "bola", "chen"))
    for browser in (ada, bola, chen):
        browser.open("at-the-hub")
    for slug, expected in {
        "open-to-all": (200, 200, 200),
        "group-only": (404, 200, 404),
        "of-closed-data": (200, 200, 403),
    }.items():
        answers = [browser.ask("GET", f"{APPS}{slug}/") for browser in (ada, bola, chen)]
        assert tuple(each.status_code for each in answers) == expected, slug
    assert "It shows data that you may not read." in answers[2].text
    assert "you have no grant for it" in answers[2].text
    for path in ("voila/static/voila.js", f"api/kernels/{uuid.uuid4()}"):
        assert chen.ask("GET", f"{APPS}of-closed-data/{path}").status_code in (403, 404)


def test_who_opened_closed_data_is_written_down_and_who_opened_open_data_is_counted(hub, planted):
    def lines():
        with planted.store() as store:
            return [each for each in _log(store) if each["what"] == "insight.opened"]

    def opened():
        with planted.store() as store:
            return sum(store.usage("open-to-all").values())

    before, ada = (len(lines()), opened()), Browser(hub, "ada")
    ada.open("of-closed-data")
    ada.open("open-to-all")
    Browser(hub).open("open-to-all")
    (line,) = lines()[before[0] :]
    assert (line["actor"], line["entry"], line["project"]) == ("ada", "of-closed-data", "planted-places")
    (decision,) = line["details"]["decisions"]
    assert (decision["entry"], decision["agreement"]) == ("planted-rolls", "ISA-P")
    assert opened() == before[1] + 2
    assert not [each for each in lines() if each["entry"] == "open-to-all"]


def _log(store):
    from londata_hub.audit.tables import audit

    with store._database.reading() as connection:
        return [json.loads(each) for each in connection.execute(audit.select().order_by(audit.c.seq)).scalars("line")]


def _grant_again(access, _):
    term = access.arrangements().terms("ada", "planted-rolls")[0]
    access.grant(Grant(**(term.grant.model_dump() | {"id": "planted-again"})), "operator")


#: How access ends, what the open page is told, and how access comes back.
ENDS = {
    "the grant": (
        lambda access, _: access.end_grant("planted-ada-planted-rolls", "chen", "over"),
        "Your access under the agreement ISA-P has ended. Load this page again to see what to do.",
        _grant_again,
    ),
    "the audience": (
        lambda _, store: store.set_audience("of-closed-data", ["person:chen"], "bola"),
        "This insight is not here for you any more. Ask whoever told you of it.",
        lambda _, store: store.set_audience("of-closed-data", ["person:ada"], "bola"),
    ),
    "a pause": (
        lambda _, store: store.pause("of-closed-data", "bola", "figures are revised"),
        "This insight is paused: figures are revised. Come back later.",
        lambda _, store: store.resume("of-closed-data", "bola"),
    ),
    "a withdrawal": (
        lambda _, store: store.withdraw("of-closed-data", "bola", "it was wrong"),
        "This insight was withdrawn: it was wrong. Look for another among the insights.",
        None,
    ),
}
PAUSED = "<h1>Paused</h1><p>This insight is paused: figures are revised.</p>"


def test_when_access_ends_the_page_goes_dead_within_seconds(hub, planted):
    """Each end shuts the page by every address, and the channel that is open. The last is for good."""
    slug, ada = "of-closed-data", Browser(hub, "ada")
    with planted.access() as access, planted.store() as store:
        for name, (end, words, come_back) in ENDS.items():
            kernel = ada.open(slug)
            with ada.channel(slug, kernel) as channel:
                answered(channel)
                end(access, store)
                assert farewell(channel, 10) == (1008, words), name
            for path in ("", "voila/static/voila.js", f"api/kernels/{kernel}"):
                assert ada.ask("GET", f"{APPS}{slug}/{path}").status_code in (403, 404), (name, path)
            assert refused(partial(ada.channel, slug, kernel)) in (403, 404)
            assert (PAUSED in ada.ask("GET", f"{APPS}{slug}/").text) == (name == "a pause")
            if come_back:
                come_back(access, store)
                wait_for(lambda: ada.ask("GET", f"{APPS}{slug}/").status_code == 200, 30, f"the page after {name}")
    for browser in (ada, Browser(hub, "bola")):
        assert "it was wrong" in browser.ask("GET", f"{APPS}{slug}/").text


def test_a_visitor_is_told_no_more_than_a_visitor_may_know(hub, planted):
    visitor = Browser(hub)
    with visitor.channel("open-to-all", visitor.open("open-to-all")) as channel, planted.store() as store:
        answered(channel)
        store.set_audience("open-to-all", ["group:publishers"], "bola")
        try:
            said = "This insight is for people who are logged in now. Log in, and then load this page again."
            assert farewell(channel, 10) == (1008, said)
        finally:
            store.set_audience("open-to-all", ["public"], "bola")


# -- what nobody foresaw


def test_a_round_shows_out_whom_the_hub_does_not_know_or_says_something_odd_of_and_nobody_else(hub, planted):
    """The odd answer is an error that nobody foresaw, and the first in its round."""
    ada, bola, chen = (Browser(hub, name) for name in ("ada", "bola", "chen"))
    groups = hub.hub.groups
    with contextlib.ExitStack() as stack:
        of_chen, of_bola, of_ada = (
            stack.enter_context(each.channel("at-the-hub", each.open("at-the-hub"))) for each in (chen, bola, ada)
        )
        for channel in (of_chen, of_bola, of_ada):
            answered(channel)
        known = groups.pop("bola")
        hub.hub.odd["chen"] = {"kind": "user", "scopes": ["access:services!service=apps"]}
        try:
            assert farewell(of_chen, 40) == (1008, farewells.NOT_KNOWN)
            assert farewell(of_bola, 10) == (1008, farewells.LOGGED_OUT)
        finally:
            groups["bola"] = known
            hub.hub.odd.clear()
        answered(of_ada)
    assert "KeyError: 'name'" in hub.output.read_text()


def test_a_record_that_nobody_can_read_shuts_its_insight_and_no_other(hub, planted):
    visitor, ada = Browser(hub), Browser(hub, "ada")
    kernel = visitor.open("open-to-all")
    with (
        ada.channel("at-the-hub", ada.open("at-the-hub")) as other,
        visitor.channel("open-to-all", kernel) as channel,
        _broken(planted, "open-to-all"),
    ):
        assert farewell(channel, 10) == (1008, farewells.NOT_KNOWN)
        answered(other)
        assert visitor.ask("GET", f"{APPS}open-to-all/").status_code >= 500
        assert refused(partial(visitor.channel, "open-to-all", kernel)) >= 400
    assert "could not be decided" in hub.output.read_text()
    assert visitor.open("open-to-all")


@contextlib.contextmanager
def _broken(planted, slug):
    """Spoil the record of a publication in the database, for a while."""
    database = sqlite3.connect(planted.hub.database.removeprefix("sqlite:///"), timeout=30)
    with database:
        (said,) = database.execute("SELECT document FROM publications WHERE slug = ?", [slug]).fetchone()
        database.execute("UPDATE publications SET document = '{' WHERE slug = ?", [slug])
    try:
        yield
    finally:
        with database:
            database.execute("UPDATE publications SET document = ? WHERE slug = ?", [said, slug])
        database.close()


def test_what_has_changed_under_an_insight_is_said_above_it(hub, planted):
    with planted.store() as store:
        store.mark_stale("open-to-all", "Rolls <i>were</i> published anew.")
    text = Browser(hub).client.get(f"{APPS}open-to-all/").text
    assert "Rolls &lt;i&gt;were&lt;/i&gt; published anew.</p>" in text
    with planted.store() as store:
        store.mark_stale("open-to-all", "")


# -- hostile viewers


def test_another_site_cannot_open_a_channel(hub, planted):
    visitor = Browser(hub)
    kernel = visitor.open("open-to-all")
    for origin in ("http://evil.example", "null", "", hub.address.replace("127.0.0.1", "127.0.0.2")):
        assert refused(lambda origin=origin: visitor.channel("open-to-all", kernel, origin=origin)) == 403
    answer = visitor.ask("GET", f"{APPS}open-to-all/api/kernels/{kernel}", Sec_Fetch_Site="cross-site")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("query", ["voila-template=lab", "theme=dark", "notebook=x.ipynb", "path=/etc", "%74heme=x"])
def test_a_query_steers_neither_look_nor_notebook(hub, planted, query):
    assert Browser(hub).ask("GET", f"{APPS}open-to-all/?{query}").status_code == 404


def test_what_a_raw_socket_sends_runs_nothing_and_ends_the_connection_where_it_is_no_message(hub, planted):
    visitor = Browser(hub)
    kernel = visitor.open("open-to-all")
    code = "import os; os._exit(3)"
    with visitor.channel("open-to-all", kernel) as channel:
        answered(channel)
        for name in ("shell", "control", "stdin", "iopub"):
            for kind in (
                "execute_request",
                "debug_request",
                "input_reply",
                "create_subshell_request",
                "history_request",
            ):
                channel.send(message(kind, {"code": code, "value": code, "command": "evaluate"}, name)[1])
        opened = {"comm_id": "c", "target_name": "jupyter.widget", "data": {"state": {"_model_name": "HTMLModel"}}}
        channel.send(message("comm_open", opened)[1])
        answered(channel)  # it is alive and has answered none of that
    for frame in (
        b"\x00\x01",
        '{"header": {"msg_type": "comm_msg", "msg_type": "execute_request"}, "content": {}}',
        "[]",
    ):
        with visitor.channel("open-to-all", kernel) as channel:
            channel.send(frame)
            assert code_at_the_end(channel) == 1008
    assert visitor.ask("GET", f"{APPS}open-to-all/api/kernels/{kernel}").status_code == 200


def test_a_flood_ends_the_connection_and_nobody_elses(hub, planted):
    hostile, other = Browser(hub), Browser(hub)
    kernel, theirs = hostile.open("open-to-all"), other.open("open-to-all")
    with other.channel("open-to-all", theirs) as quiet, hostile.channel("open-to-all", kernel) as channel:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(3000):
                channel.send(message("kernel_info_request")[1])
        assert code_at_the_end(channel) == 1008
        answered(quiet)


def test_a_viewer_has_a_few_channels_and_not_one_more(hub, planted):
    visitor = Browser(hub)
    kernel = visitor.open("open-to-all")
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            answered(stack.enter_context(visitor.channel("open-to-all", kernel)))
        assert refused(lambda: visitor.channel("open-to-all", kernel)) == 503
    wait_for(lambda: not _is_full(visitor, kernel), 60)


def _is_full(visitor, kernel):
    try:
        with visitor.channel("open-to-all", kernel):
            return False
    except InvalidStatus:
        return True


def test_the_list_of_insights_is_another_services(hub, planted):
    answer = Browser(hub).ask("GET", APPS)
    assert (answer.status_code, answer.headers["location"]) == (302, "/services/insights/")
