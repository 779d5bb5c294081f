"""What the forms of an insight's owner, and of those who check a release, do with what cannot be: nothing is lost."""

from __future__ import annotations

import re

import pytest

import insights_world as iw

PREFIX = iw.PREFIX
LONG = "Зачем это нужно родителям, и почему это никому не вредит. " * 40


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with iw.insights_world(tmp_path_factory.mktemp("world")) as world:
        world.published("open-one", audience=("hub",))
        world.published("closed-one", ("pupils",), ("by-ward",), project="school-places", audience=["person:ada"])
        yield world


@pytest.fixture
def send(there):
    """Send a form of somebody's as a browser does, and give the answer."""

    def sent(person, address, **fields):
        headers = {"Origin": there.address, "Sec-Fetch-Site": "same-origin"}
        with there.browser(person) as browser:
            form = {"secret": there.secret(person), **fields}
            return browser.post(f"{PREFIX}{address}", data=form, headers=headers)

    return sent


def refused(answer, sentence, *, opened="", status=400):
    """See that one sentence says what is wrong, in the fold that is open, and give what has the focus."""
    page = answer.text
    assert answer.status_code == status
    assert page.count('id="refused" role="alert"') == 1
    assert sentence in page.split('id="refused"')[1].split("</div>")[0].replace("&#x27;", "'").replace("&quot;", '"')
    folds = re.findall(r"<details open><summary>(.*?)\N{NO-BREAK SPACE}…</summary>(.*?)</details>", page, re.DOTALL)
    assert [title for title, _ in folds] == ([opened] if opened else [])
    assert page.count(" autofocus") == 1
    if opened:
        assert 'id="refused"' in folds[0][1]
    focus = re.search(r"<(\w+)([^<>]*) autofocus[ >]", page)
    assert 'id="refused"' in focus[2] or 'aria-describedby="refused' in focus[2]
    return focus[0]


@pytest.mark.parametrize(
    ("what", "fields", "sentence", "opened", "kept"),
    [
        ("pause", {"reason": "a\"><b>" * 90}, "longer than 500", "Pause it", 'value="a&quot;&gt;&lt;b&gt;a'),
        ("withdraw", {"reason": " "}, "Say why, in a sentence.", "Withdraw it for good", 'value=" "'),
        ("rollback", {"number": "1"}, "is the current one already", "", ""),
        ("forget", {"number": "x"}, "There is no such version.", "", ""),
        ("thresholds", {"minimum": "9"}, "It has to be 10 at least.", "Show small numbers less", 'value="9"'),
        ("thresholds", {"base": "12"}, "rounded to 5 or a multiple", "Show small numbers less", 'value="12"'),
        ("thresholds", {"p_percent": "much"}, "Write a number.", "Show small numbers less", 'value="much"'),
        ("audience", {"hub": "yes", "others": "mo\nx"}, "be 'mo'", "Change who may open it", ">\nmo\nx</textarea>"),
        ("audience", {"others": "person:a\n" * 3 + "\n".join(f"person:p{i}" for i in range(51))}, "More than 50",
         "Change who may open it", "person:p50</textarea>"),
    ],
)  # fmt: skip
def test_a_form_that_is_refused_stands_open_with_what_was_typed(there, send, what, fields, sentence, opened, kept):
    before = there.store.find("open-one")
    answer = send("ada", f"open-one/{what}", **fields)
    focus = refused(answer, sentence, opened=opened)
    assert kept in answer.text
    assert ("aria-invalid" in focus) == bool(opened)
    assert there.store.find("open-one") == before


def test_who_is_too_many_is_said_beside_the_box_and_the_other_boxes_stay_as_they_were(there, send):
    fields = {"public": "yes", "project": "yes", "others": "person:sid\norg-camden"}
    answer = send("ada", "closed-one/audience", **fields)
    focus = refused(answer, "“public” is too wide", opened="Change who may open it")
    assert 'name="public"' in focus
    section = answer.text.split("Change who may open it")[1].split("</details>")[0]
    assert re.findall(r'name="(\w+)" value="yes" checked', section) == ["public", "project"]
    assert ">\nperson:sid\norg-camden</textarea>" in section


def test_a_release_is_asked_for_whom_python_could_name_and_a_reason_that_is_missing_loses_nobody(there, send):
    whom = {"to": "submitted", "project": "yes", "others": "org-camden\nperson:bolla\ngroup:analysts"}
    answer = send("ada", "closed-one/release", why=" ", **whom)
    assert 'name="why"' in refused(answer, "without a reason", opened="Make its tables more open")
    section = answer.text.split("Make its tables more open")[1].split("</details>")[0]
    assert re.findall(r'name="(\w+)" value="yes" checked', section) == ["project"]
    assert ">\norg-camden\nperson:bolla\ngroup:analysts</textarea>" in section
    answer = send("ada", "closed-one/release", why="They asked.", to="submitted", others="org-camden bolla")
    assert 'name="others"' in refused(answer, "The audience cannot be", opened="Make its tables more open")
    assert ">\nThey asked.</textarea>" in answer.text
    assert there.store.release("closed-one", 1) is None
    long = LONG[:1990].replace(". ", ".\r\n")  # as many characters as the page takes, in the most bytes
    assert send("ada", "closed-one/release", why=long, **whom).status_code == 303
    release = there.store.release("closed-one", 1)
    assert release.audience == ("project:school-places", "group:org-camden", "person:bolla", "group:analysts")
    assert release.steps[-1].why == long.replace("\r\n", "\n").strip()


def test_those_who_check_a_release_lose_no_reason_either(there, send):
    sent = {"homes.csv": b"home\nCamden\n"}
    there.published("brings", ("pupils",), ("by-ward",), project="school-places", sent=sent, audience=["person:ada"])
    assert send("ada", "brings/release", to="submitted", why="Please.", public="yes").status_code == 303
    answer = send("gil", "reviews/brings/1/", to="reviewed", why="Looked </textarea> at all of it.")
    assert 'name="why"' in refused(answer, "It brings data of its own", status=403)
    assert ">\nLooked &lt;/textarea&gt; at all of it.</textarea>" in answer.text
    for _ in range(2):  # a button that is pressed twice
        assert send("gil", "reviews/brings/1/", to="reviewed", why="homes.csv names areas.").status_code == 303
    with there.browser("gil") as browser:
        assert 'id="refused"' not in browser.get(f"{PREFIX}reviews/brings/1/").text
    answer = send("gil", "reviews/brings/1/", to="reviewed", why="homes.csv names areas.")
    refused(answer, "cannot become reviewed", status=403)


def test_a_button_that_is_pressed_twice_says_what_was_done_and_one_that_comes_too_late_what_was_written(there, send):
    there.published("twice", audience=("hub",))
    for _ in range(2):
        assert send("ada", "twice/withdraw", reason="a better one is there").status_code == 303
    with there.browser("ada") as browser:
        page = browser.get(f"{PREFIX}twice/").text
        assert "It is withdrawn for good." in page
        assert 'id="refused"' not in page
    answer = send("ada", "twice/pause", reason="<b>figures are revised</b>")
    refused(answer, "withdrawn")
    assert "You wrote: &lt;b&gt;figures are revised&lt;/b&gt;" in answer.text


def test_who_is_logged_out_meanwhile_reads_that_on_a_page(there):
    with there.client(Accept="text/html", Cookie="jupyterhub-session-id=ended") as browser:
        answer = browser.post(f"{PREFIX}open-one/pause", data={"reason": "<b>"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert "You are not logged in any more, so nothing was done." in answer.text
    with there.client() as program:
        assert program.post(f"{PREFIX}open-one/pause").json()["error"]["code"] == "access_denied"


def test_the_address_of_a_form_leads_to_its_page(there):
    with there.browser("ada") as browser:
        answer = browser.get(f"{PREFIX}open-one/audience")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PREFIX}open-one/")
        assert browser.get(f"{PREFIX}open-one/nothing").status_code == 404
