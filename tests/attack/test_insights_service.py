"""Attacks on the service of insights: others' insights by every address, forged forms, hostile words, large bodies."""

from __future__ import annotations

import base64
import hashlib
import json
import socket

import httpx
import pytest

import insights_world as iw
import sharing_world
from londata_hub.services import insights_parameters as limits

API, PREFIX = iw.API, iw.PREFIX
NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with iw.insights_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module")
def hers(there):
    """An insight of ada's on closed data, for Camden and its project, with a table of which a release was asked for."""
    there.published(
        "hers",
        ("pupils",),
        tables=("by-ward",),
        project="school-places",
        audience=("group:org-camden", "project:school-places"),
        record={"title": "Secret words", "summary": "Secret words"},
    )
    with there.client("ada") as ada:
        asked = {"to": "submitted", "why": "Secret words", "audience": ["public"]}
        ada.post(f"{API}/insights/hers/releases/1/steps", json=asked).raise_for_status()
    return "hers"


def looks(slug):
    """Every address at which something of an insight could be had."""
    parts = ("", "/versions", "/versions/1", "/receipt", "/tables", "/tables/by-ward", "/releases/1/workings")
    pages = ("", "thumbnail.png", "receipt.json", "tables/by-ward.csv", "tables/by-ward.parquet")
    files = ("", "workings/by-ward.json", "workings/by-ward.csv", "workings/app.ipynb")
    reviews = [f"{PREFIX}reviews/{slug}/1/{file}" for file in files]
    return [
        *(f"{API}/insights/{slug}{part}" for part in parts),
        *(f"{PREFIX}{slug}/{page}" for page in pages),
        *reviews,
    ]


def changes(slug):
    """Every address at which an insight could be changed, with what is asked."""
    said = {
        "rollback": {"version": 1},
        "forget": {"version": 1},
        "withdraw": {"reason": "x"},
        "pause": {"reason": "x"},
        "resume": {},
    }
    said |= {"audience": {"audience": ["public"]}, "thresholds": {"minimum": 20}}
    said |= {"releases/1/steps": {"to": "withdrawn", "why": "x"}}
    return [(f"{API}/insights/{slug}/{what}", body) for what, body in said.items()]


@pytest.mark.parametrize("person", ["sid", "eve", "zed", "sue", "robot"])
def test_what_is_another_s_is_not_there_by_any_address(there, hers, person):
    before = there.store.find(hers), there.store.release(hers, 1)
    with there.client(person) as stranger:
        for path in looks(hers):
            answer, nothing = stranger.get(path), stranger.get(path.replace(hers, "no-such"))
            assert answer.status_code == nothing.status_code == 404, path
            assert "Secret words" not in answer.text
            assert answer.text.replace(hers, "no-such")[:60] == nothing.text[:60]
        for path, body in changes(hers):
            answer, nothing = stranger.post(path, json=body), stranger.post(path.replace(hers, "no-such"), json=body)
            assert answer.status_code == nothing.status_code in (403, 404), path
        for path in (PREFIX, f"{PREFIX}?q=secret", f"{API}/insights", f"{API}/releases", f"{PREFIX}data/pupils/"):
            assert "hers" not in stranger.get(path).text.replace("others", "")
    assert (there.store.find(hers), there.store.release(hers, 1)) == before


def test_nobody_sees_what_is_for_everybody_and_nothing_else(there, hers):
    there.published("for-all", audience=("public",), record={"title": "For all"})
    there.published("for-hub", audience=("hub",), record={"title": "For hub"})
    with there.client(Accept="text/html") as nobody:
        page = nobody.get(PREFIX)
        assert ("For all" in page.text, "For hub" in page.text, "Secret" in page.text) == (True, False, False)
        assert f'href="{PREFIX}log-in"' in page.text
        assert nobody.get(f"{PREFIX}for-all/").status_code == 200
        assert nobody.get(f"{PREFIX}for-all/thumbnail.png").headers["content-type"] == "image/png"
        for slug in ("for-hub", "hers", "no-such", "story-of-both", "report-for-camden"):
            answers = [nobody.get(path) for path in looks(slug) if not path.startswith((API, f"{PREFIX}reviews"))]
            assert {each.status_code for each in answers} == {404}
        assert nobody.get(f"{PREFIX}data/pupils-hidden/").status_code == 404
        for path in (f"{API}/insights", f"{API}/insights/for-all", f"{API}/impact/open-figures"):
            assert nobody.get(path).status_code == 401
        for path in (f"{PREFIX}reviews", f"{PREFIX}reviews/hers/1/"):
            assert nobody.get(path).headers["location"].startswith("/hub/api/oauth2/")
        for what in ("withdraw", "audience"):
            assert nobody.post(f"{PREFIX}for-all/{what}", data={"reason": "x", "secret": ""}).status_code == 403


def test_a_picture_of_what_was_open_is_for_nobody_once_that_is_closed(there):
    def described(**more):
        there.register.upsert([sharing_world.entry("was-open", "Was open", **more)], source="tests-of-pictures")

    described(access="open")
    there.published("of-then", ("was-open",))
    with there.client("sid") as sid:
        path = f"{PREFIX}of-then/thumbnail.png"
        assert sid.get(path).status_code == 200
        described()
        assert not sid.get(f"{API}/insights/of-then").json()["may_open"]
        assert sid.get(path).status_code == 404


def test_a_cookie_of_the_hub_leads_to_its_log_in_and_opens_nothing(there, hers):
    with there.client(Cookie="jupyterhub-session-id=made-up") as somebody:
        for path in (f"{PREFIX}?q=library", f"{PREFIX}{hers}/", f"{PREFIX}for-all/"):
            answer = somebody.get(path)
            assert (answer.status_code, "Secret words" in answer.text) == (302, False)
            assert answer.headers["location"].startswith("/hub/api/oauth2/authorize?")


@pytest.mark.parametrize("to", ["//evil.example", "../../hub/logout", "https://evil.example/", "a\r\nX: y", "%2e%2e"])
def test_a_log_in_leads_back_to_this_service_alone(there, to):
    with there.client() as nobody:
        answer = nobody.get(f"{PREFIX}log-in", params={"to": to})
        assert answer.headers["location"].startswith("/hub/api/oauth2/authorize?")
    with there.browser("ada") as ada:
        where = ada.get(f"{PREFIX}log-in", params={"to": to}).headers["location"]
        assert where.startswith(PREFIX)
        assert not {"..", "\r", "\n"} & set(where.removeprefix(PREFIX).split("/"))


def test_a_form_of_another_site_or_person_changes_nothing(there, hers):
    path = f"{PREFIX}{hers}/pause"
    with there.browser("ada") as ada, there.browser("zed") as zed:
        good = {"secret": there.secret("ada"), "reason": "figures are revised"}
        attempts = [
            ({"reason": "x"}, {}),
            (good | {"secret": there.secret("zed")}, {}),
            (good, {"Sec-Fetch-Site": "cross-site"}),
            (good, {"Origin": "https://evil.example"}),
            (good, {"Origin": "null"}),
        ]
        for form, headers in attempts:
            assert ada.post(path, data=form, headers=headers).status_code == 403
            assert ada.post(f"{PREFIX}reviews/{hers}/1/", data=form, headers=headers).status_code == 403
        assert ada.post(path, json=good).status_code == 400
        theirs = {"secret": there.secret("zed"), "reason": "x"}
        for what in ("pause", "withdraw", "rollback", "forget", "audience", "thresholds", "release"):
            assert zed.post(f"{PREFIX}{hers}/{what}", data=theirs | {"number": "1"}).status_code == 404
        assert there.store.find(hers).state == "live"
        assert ada.post(f"{API}/insights/{hers}/pause", json={"reason": "x"}).status_code == 401  # a cookie is no token
        assert ada.post(path, data=good).status_code == 303
        assert there.store.find(hers).state == "paused"
        ada.post(f"{PREFIX}{hers}/resume", data=good)
        assert there.store.find(hers).state == "live"


def test_hostile_words_are_text_on_every_page(there):
    words = dict.fromkeys(("title", "summary", "public_benefit", "friction", "method", "limits"), iw.HOSTILE)
    words |= {"tags": [iw.HOSTILE[:100]], "transparency": {"name": iw.HOSTILE, "description": iw.HOSTILE}}
    there.published("hostile", ("pupils",), tables=("by-ward",), project="school-places", record=words)
    with there.client("ada") as ada:
        ada.post(f"{API}/insights/hostile/releases/1/steps", json={"to": "submitted", "why": iw.HOSTILE})
    pages = [PREFIX, f"{PREFIX}hostile/", f"{PREFIX}reviews", f"{PREFIX}reviews/hostile/1/", f"{PREFIX}data/pupils/"]
    for person in ("ada", "gil"):
        with there.browser(person) as browser:
            for path in [*pages, f"{PREFIX}?q=%3Cscript%3E&form=%22%3E%3Cscript%3E&topic=%27"]:
                answer = browser.get(path)
                assert answer.status_code in (200, 404), path
                assert "<script" not in answer.text
                assert "<img src=x" not in answer.text
                policy = answer.headers["content-security-policy"]
                assert "default-src 'none'" in policy
                assert "script-src" not in policy
                assert "unsafe" not in policy


def test_whoever_made_it_sees_no_workings_and_takes_no_step_of_a_checker(there, hers):
    with there.client("ada") as ada:
        answer = ada.get(f"{API}/insights/{hers}/releases/1/workings")
        assert (answer.status_code, "no workings of hers, version 1, for you" in answer.text) == (404, True)
        for file in ("by-ward.json", "by-ward.csv", "app.ipynb"):
            assert ada.get(f"{PREFIX}reviews/{hers}/1/workings/{file}").status_code == 404
        for to in ("reviewed", "approved", "released"):
            answer = ada.post(f"{API}/insights/{hers}/releases/1/steps", json={"to": to, "why": "I say so"})
            assert answer.status_code == 403, answer.text
    with there.client("gil") as gil:
        assert gil.get(f"{API}/insights/{hers}/releases/1/workings").json()["workings"]["by-ward"]["cells"]
        notebook = gil.get(f"{PREFIX}reviews/{hers}/1/workings/app.ipynb")
        assert notebook.content == there.hall.snapshots.read(hers, 1, "app.ipynb")
        assert notebook.headers["content-disposition"].startswith("attachment")
        assert b"Brook,60" in gil.get(f"{PREFIX}reviews/{hers}/1/workings/by-ward.csv").content
    assert there.store.release(hers, 1).state == "submitted"


def test_data_that_an_author_brings_along_is_for_those_who_check_it_and_they_have_to_say_what_they_found(there):
    sent = {"data/homes.csv": b"home,pupil\nCamden,Ada\n", "helpers.py": b"a = 1\n"}
    there.published("brings", ("pupils",), tables=("by-ward",), project="school-places", sent=sent)
    page = f"{PREFIX}reviews/brings/1/"
    with there.client("ada") as ada:
        ada.post(f"{API}/insights/brings/releases/1/steps", json={"to": "submitted", "why": "x"}).raise_for_status()
        assert ada.get(f"{page}files/data/homes.csv").status_code == 404
    with there.client("gil") as gil:
        for name, content in sent.items():
            answer = gil.get(f"{page}files/{name}")
            assert (answer.content, answer.headers["content-type"]) == (content, "application/octet-stream")
            assert answer.headers["content-disposition"].startswith("attachment")
        for name in ("app.yaml", "data/../app.ipynb", "workings/by-ward.json", "tables/by-ward.csv", "..%2f..%2fx"):
            assert gil.get(f"{page}files/{name}").status_code == 404, name
    with there.browser("gil") as gil:
        assert f'<a href="{page}files/data/homes.csv">data/homes.csv</a>' in gil.get(page).text
        assert "Everybody at the hub" in gil.get(page).text, "to whom it is to be opened, where nobody was named"
        said = {"secret": there.secret("gil"), "to": "reviewed", "why": "In order."}
        headers = {"Origin": there.address, "Sec-Fetch-Site": "same-origin"}
        answer = gil.post(page, data=said, headers=headers)
        assert answer.status_code == 403
        assert "brings data of its own that the register does not know: data/homes.csv." in answer.text
        said["why"] = "data/homes.csv names areas only."
        assert gil.post(page, data=said, headers=headers).status_code == 303


def test_tables_of_closed_data_are_not_to_be_had_before_their_release(there, hers):
    with there.client("ada") as ada:
        for path in (f"{API}/insights/{hers}/tables", f"{API}/insights/{hers}/tables/by-ward"):
            assert ada.get(path).status_code == 404
        assert ada.get(f"{PREFIX}{hers}/tables/by-ward.csv").status_code == 404


def test_a_picture_of_closed_data_is_for_those_who_may_open_it_and_goes_before_a_release(there):
    there.published(
        "pictured", ("pupils",), tables=("by-ward",), project="school-places", audience=("group:org-camden",)
    )
    address = f"{PREFIX}pictured/thumbnail.png"
    with there.browser("ada") as ada, there.browser("pat") as pat, there.browser("") as nobody:
        assert ada.get(address).status_code == 200
        assert pat.get(address).status_code == 404  # of the same body, and without a grant
        with there.client("ada") as asks:
            said = {"to": "submitted", "why": "For everybody", "audience": ["public"]}
            asks.post(f"{API}/insights/pictured/releases/1/steps", json=said).raise_for_status()
        for person, to in (("gil", "reviewed"), ("dot", "approved"), ("ada", "released")):
            with there.client(person) as checks:
                step = {"to": to, "why": "In order"}
                checks.post(f"{API}/insights/pictured/releases/1/steps", json=step).raise_for_status()
        assert nobody.get(f"{PREFIX}pictured/").status_code == 200
        for visitor in (nobody, pat, ada):
            assert visitor.get(address).status_code == 404
        released = there.store.entry("pictured").distributions
        assert [each.id for each in released] == ["by-ward-parquet", "by-ward-csv"]
        csv = nobody.get(f"{PREFIX}pictured/tables/by-ward.csv").content
        assert hashlib.sha256(csv).hexdigest() == released[1].sha256
        with there.client("ada") as asks:
            back = {"to": "withdrawn", "why": "A number was wrong."}
            asks.post(f"{API}/insights/pictured/releases/1/steps", json=back).raise_for_status()
        assert there.store.entry("pictured").distributions == ()
        assert nobody.get(f"{PREFIX}pictured/tables/by-ward.csv").status_code == 404


def test_only_the_hub_s_services_act_as_an_insight_and_get_its_own_tables_alone(there, hers):
    there.published("with-tables", tables=("plain",))
    own, other = f"{API}/insights/with-tables/tables/plain", f"{API}/insights/for-all/tables"
    with there.client("apps", **{"X-Londata-App": "with-tables"}) as app:
        assert app.get(own).content[:4] == b"PAR1"
        assert app.get(own, params={"format": "parquet"}).content[:4] == b"PAR1"
        assert app.get(f"{API}/insights/with-tables/tables").json()["tables"][0]["name"] == "plain"
        for path in (other, f"{API}/insights/{hers}/tables", f"{API}/insights", f"{API}/insights/with-tables", PREFIX):
            assert app.get(path).status_code == 403, path
        for path, body in changes("with-tables"):
            assert app.post(path, json=body).status_code == 403
    for name in ("plain", "other"):
        there.published("of-two-versions", tables=(name,))
    versions = {"": ("other", "plain"), "1": ("plain", "other"), "2": ("other", "plain"), "7": ("none", "plain")}
    for number, (has, has_not) in versions.items():  # one that is served goes on until its viewers have gone
        headers = {"X-Londata-App": "of-two-versions"} | ({"X-Londata-App-Version": number} if number else {})
        with there.client("apps", **headers) as app:
            at = f"{API}/insights/of-two-versions/tables"
            assert [app.get(f"{at}/{each}").status_code for each in (has, has_not)] == [
                404 if has == "none" else 200,
                404,
            ]
    for person in ("ada", "robot", "acting", "gil"):
        with there.client(person, **{"X-Londata-App": "with-tables"}) as forged:
            assert forged.get(own).status_code == 403
            assert forged.get(PREFIX).status_code == 403


def test_what_acts_for_somebody_publishes_and_changes_nothing(there, hers):
    for person in ("robot", "acting", "apps"):
        with there.client(person) as acting:
            assert acting.post(f"{API}/insights", json=asked()).status_code == 403
            for path, body in changes(hers):
                assert acting.post(path, json=body).status_code in (403, 404)


def asked(**more):
    files = {"app.ipynb": base64.b64encode(NOTEBOOK).decode()}
    return {"files": files, "record": iw.RECORD | {"title": "Asked"}, "audience": ["hub"]} | more


def deep(levels):
    found = "x"
    for _ in range(levels):
        found = {"a": found}
    return found


@pytest.mark.parametrize(
    "body",
    [
        asked(files={"app.ipynb": "*no base64*"}),
        asked(files={"../../x.ipynb": "aaaa", "app.ipynb": "aaaa"}),
        asked(files={}),
        asked(files={f"{number}.csv": "" for number in range(300)}),
        asked(record=iw.RECORD | {"geography": deep(12)}),
        asked(record=iw.RECORD | {"tags": ["x"] * 5_000}),
        asked(record=iw.RECORD | {"transparency": {"x": "y"}}),
        asked(record=iw.RECORD | {"summary": "x" * 30_000}),
        asked(record=iw.RECORD | {"access": "open"}),
        asked(audience=["everybody"]),
        asked(audience=["person:x"] * 60),
        asked(slug="../x"),
        asked(owner="bola"),
        asked(start="now"),
    ],
)
def test_what_cannot_be_published_is_refused_in_a_sentence(there, body):
    before = there.store.all()
    with there.client("ada") as ada:
        answer = ada.post(f"{API}/insights", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"]
    assert "Traceback" not in answer.text
    assert there.store.all() == before


def test_a_body_or_a_form_without_end_is_cut_off(there, monkeypatch):
    monkeypatch.setattr(limits, "MOST_OF_A_BODY", 100_000)
    with there.client("ada") as ada:
        answer = ada.post(f"{API}/insights", content=b"{" + b" " * 200_000)
        assert (answer.status_code, "bytes" in answer.json()["error"]["message"]) == (400, True)
        assert ada.post(f"{API}/insights/hers/pause", content=b"[" * 60_000).status_code == 400
    with there.browser("ada") as ada:
        form = {"secret": there.secret("ada"), "reason": "x" * 20_000}
        assert ada.post(f"{PREFIX}hers/pause", data=form).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "hers/../../../../etc/passwd", "hers/tables/..%2f..%2freceipt%2fro-crate-metadata.json", "%2e%2e/hers/",
        "hers/tables/../app.ipynb", "hers/app.ipynb", "hers/tables/by-ward.json", "hers/workings/by-ward.json",
        "hers/thumbnail.png%00", "hers//thumbnail.png", "data/..%2fhers/", "reviews/hers/1/workings/..%2fapp.ipynb",
        "reviews/hers/%31%30%30000000000000/", "reviews/hers/-1/", "data/pupils-hidden%00/",
    ],
)  # fmt: skip
def test_nothing_but_what_is_meant_comes_out_of_a_snapshot(there, hers, path):
    host, _, port = there.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as wire:  # as it is written, without a client that tidies it
        head = f"GET {PREFIX}{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada\r\nConnection: close\r\n\r\n"
        wire.sendall(head.encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    assert answer.split(b"\r\n")[0].split(b" ")[1] in (b"404", b"400", b"405"), answer[:200]


def test_files_are_kept_and_never_shown_as_pages(there):
    with there.client("ada") as ada:
        for path in ("with-tables/receipt.json", "with-tables/tables/plain.csv", "with-tables/tables/plain.parquet"):
            answer = ada.get(f"{PREFIX}{path}")
            assert answer.headers["content-disposition"].startswith("attachment")
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.headers["x-content-type-options"] == "nosniff"
        picture = ada.get(f"{PREFIX}with-tables/thumbnail.png")
        assert picture.headers["content-security-policy"].endswith("sandbox")
        assert picture.headers["cross-origin-resource-policy"] == "same-origin"


def test_findings_of_a_check_are_for_the_owner_alone(there):
    there.published("found-out")
    with there.client("ada") as ada, there.client("sid") as other:
        assert "findings" in ada.get(f"{API}/insights/found-out/versions/1").json()
        told = other.get(f"{API}/insights/found-out/versions/1").json()
        assert not {"findings", "steps", "files"} & set(told)
        assert 'id="yours"' not in other.get(f"{PREFIX}found-out/").text


def test_a_forged_token_or_cookie_opens_nothing(there, hers):
    for headers in ({"Authorization": "Bearer nonsense"}, {"Cookie": f"{iw.COOKIE}=visit-of-nobody"}):
        with httpx.Client(base_url=there.address, headers=headers, trust_env=False) as nobody:
            for path in looks(hers):
                assert nobody.get(path).status_code in (401, 404, 302), path
                assert "Secret words" not in nobody.get(path).text
