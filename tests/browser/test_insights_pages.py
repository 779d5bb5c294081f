"""The pages of the service of insights in a real Chromium: found by keyboard, read on a phone, changed by forms."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect

import insights_world as iw

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with iw.insights_world(tmp_path_factory.mktemp("world")) as world:
        world.published("libraries", ("open-figures", "open-journeys"), ("by-ward",), audience=("public",))
        closed = {"title": "Places at school", "form": "model", "summary": "Pupils and places by ward."}
        audience = ("group:org-camden", "project:school-places")
        world.published(
            "school-map", ("pupils",), ("by-ward",), project="school-places", audience=audience, record=closed
        )
        world.published("air", record={"title": f"Air {iw.HOSTILE}", "tags": ["air"]})
        world.store.mark_stale("air", "“Open figures of people” has changed since this was made.")
        yield world


@pytest.fixture
def as_person(chromium, there):
    """Open pages as somebody who is logged in; without a name, as nobody."""
    contexts = []

    def opened(person=""):
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        contexts.append(context)
        if person:
            with there.browser(person) as client:
                cookie = {"name": iw.COOKIE, "value": client.cookies[iw.COOKIE], "url": f"{there.address}{iw.PREFIX}"}
            context.add_cookies([cookie | {"sameSite": "Lax", "httpOnly": True}])
        page = context.new_page()
        page.said = []
        page.on("console", lambda message: page.said.append(message.text))
        page.goto(f"{there.address}{iw.PREFIX}")
        return page

    yield opened
    for context in contexts:
        context.close()


def look(page: Page, name: str) -> None:
    """Keep what is seen where somebody wants to look at it; on a narrow screen nothing scrolls sideways."""
    folder = os.environ.get("LONDATA_TEST_PICTURES")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if folder:
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    # The policy stopped nothing that our own pages need.
    assert not [each for each in page.said if "400 (Bad Request)" not in each]


def test_a_stranger_finds_reads_and_keeps_what_is_for_everybody(as_person, there):
    page = as_person()
    expect(page.get_by_role("heading", level=3)).to_have_count(1)
    expect(page.get_by_role("link", name="Log in", exact=True)).to_be_visible()
    picture = page.get_by_role("img", name="What “Library visits by borough” looks like")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
    look(page, "for-everybody")
    page.get_by_role("link", name="Library visits by borough").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Library visits by borough")
    for heading in ("What it is good for", "What it cannot say", "The data it rests on", "How one can check that"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_role("link", name="Open the app")).to_have_attribute("href", "/services/apps/libraries/")
    look(page, "insight")
    with page.expect_download() as kept:
        page.get_by_role("link", name="CSV").click()
    assert "ward" in kept.value.path().read_text()
    page.get_by_role("link", name="Open figures of people").click()
    expect(page.get_by_role("heading", name="Insights built on it")).to_be_visible()
    expect(page.get_by_role("link", name="Library visits by borough")).to_be_visible()
    look(page, "data")


def test_the_gallery_is_searched_and_narrowed_by_keyboard_alone(as_person):
    page = as_person("ada")
    assert "taken" not in page.title()
    look(page, "gallery")
    page.get_by_label("Search").focus()
    page.keyboard.type("places")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 insight")).to_be_visible()
    page.get_by_role("link", name="“places”").click()
    expect(page.get_by_label("Publisher").get_by_role("option")).to_contain_text(["Any publisher", "Analysts at this"])
    page.get_by_label("How it stands").select_option("stale")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=3)).to_have_text([f"Air {iw.HOSTILE}"])
    look(page, "narrowed")
    page.get_by_label("Form").select_option("")
    page.get_by_label("Search").fill("nothing has these words")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No insight fits")).to_be_visible()
    page.get_by_role("link", name="see all insights").click()
    expect(page.get_by_role("heading", level=3).first).to_be_visible()


def test_its_owner_pauses_narrows_and_tightens_without_a_script(as_person, there):
    page = as_person("ada")
    page.get_by_role("link", name="Library visits by borough").first.click()
    page.get_by_text("Pause it …").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Why? Its viewers read this.").first.fill("figures are revised")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Paused", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Open it again").click()
    page.get_by_text("Change who may open it …").click()
    page.get_by_label("Everybody, without a log-in").uncheck()
    others = page.get_by_label("People, groups and projects, one on each line")
    others.fill("everybody\n</textarea>person:mo")
    page.get_by_role("button", name="Let these open it").click()
    # Nothing is lost, and the first thing that is heard is what is wrong, with the field in which it is.
    expect(others).to_be_focused()
    expect(others).to_have_value("everybody\n</textarea>person:mo")
    expect(others).to_have_attribute("aria-invalid", "true")
    expect(others).to_have_accessible_description(
        'The audience cannot be \'everybody\'. Write "public", "hub", "org-camden", "person:ada", '
        '"group:analysts" or "project:school-places". As person:ada, org-camden or project:school-places. '
        "Nobody: you alone."
    )
    expect(page.get_by_role("alert")).to_have_count(1)
    expect(page.get_by_label("Everybody, without a log-in")).not_to_be_checked()
    look(page, "owner-refused")
    page.goto(page.url)  # the address of the form, which stands in the browser now
    assert page.url == f"{there.address}{iw.PREFIX}libraries/"
    page.get_by_text("Change who may open it …").click()
    page.get_by_label("Everybody, without a log-in").uncheck()
    others.fill("person:mo\norg-tfl")
    page.get_by_role("button", name="Let these open it").click()
    expect(page.get_by_text("mo, people of Transport for London")).to_be_visible()
    page.get_by_text("Show small numbers less …").click()
    page.get_by_label("People behind a count, at least").fill("20")
    page.get_by_role("button", name="Make them stricter").click()
    assert there.store.find("libraries").thresholds.minimum == 20
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    look(page, "owner")
    there.store.set_audience("libraries", ["public"], "ada")
    there.shelve("libraries")


def test_its_owner_makes_room_is_told_so_once_and_reads_whom_nobody_knows(as_person, there):
    for _ in range(3):
        there.published("old", audience=("hub", "person:bolla", "project:school-plces"))
    page = as_person("ada")
    page.goto(f"{there.address}{iw.PREFIX}old/")
    unknown = page.locator(".note").filter(has_text="Some whom you named are not known here.")
    expect(unknown.get_by_role("listitem")).to_have_text(
        ["Nobody here is called bolla.", "There is no project school-plces here; did you mean school-places?"]
    )
    page.get_by_text("Remove the files of an old version").click()
    kept = page.get_by_text("Files of 3 versions are kept,")
    expect(kept).to_be_visible()
    expect(page.get_by_label("Which one?").get_by_role("option")).to_contain_text(
        ["Version 1 (2 kB),", "Version 2 (2 kB),"]
    )
    look(page, "owner-forgets")
    page.get_by_role("button", name="Remove its files").click()
    expect(page.get_by_role("status")).to_have_text("The files of version 1 are removed.")
    look(page, "owner-forgot")
    expect(page.get_by_label("Which one?").get_by_role("option")).to_have_count(1)
    page.reload()
    expect(page.get_by_role("heading", name="Yours")).to_be_visible()
    expect(page.get_by_role("status")).to_have_count(0)


def test_its_owner_reads_what_became_of_a_release(as_person, there):
    fields = {"project": "school-places", "audience": ("group:org-camden",)}
    for waits in (False, True):
        there.published("walks", ("pupils",), ("by-ward",), version={"waits": waits}, **fields)
    page = as_person("ada")
    page.goto(f"{there.address}{iw.PREFIX}walks/")
    page.get_by_text("Make its tables more open").click()
    page.get_by_label("In words, for those who check it").fill("Not to be shown.")
    page.get_by_role("button", name="Withdraw the release").click()
    expect(page.get_by_role("status")).to_have_text("The release is withdrawn.")
    expect(page.locator(".mine")).to_contain_text("Publish it again to ask for another release.")
    page.get_by_text("Make its tables more open").click()
    expect(page.get_by_role("button", name="Ask for a check")).to_be_visible()
    expect(page.get_by_role("button", name="Withdraw the release")).to_have_count(0)  # nobody has asked for one
    look(page, "owner-withdrew")


def test_a_release_is_asked_for_checked_twice_and_seen_by_everybody(as_person, there):
    page = as_person("ada")
    page.goto(f"{there.address}{iw.PREFIX}school-map/")
    page.get_by_text("Make its tables more open …").click()
    page.get_by_label("In words, for those who check it").fill("Parents should see it.")
    page.get_by_role("button", name="Ask for a check").click()
    page.get_by_text("How its release stands").click()
    expect(page.get_by_text("It waits for a check.")).to_be_visible()
    assert there.store.release("school-map", 1).state == "submitted"
    steps = (("gil", "I have checked it: in order", "checked it"), ("dot", "Approve it", "approved it"))
    for person, button, done in steps:
        checker = as_person(person)
        checker.get_by_role("link", name="Releases to check").click()
        look(checker, f"reviews-{person}")
        checker.get_by_role("link", name="Places at school").click()
        expect(checker.get_by_text("Two different people")).to_be_visible()
        expect(checker.get_by_role("table", name="Workings")).to_contain_text("Castle")
        expect(checker.get_by_role("table", name="As it would be released")).to_contain_text("60")
        expect(checker.get_by_role("link", name="Its notebook")).to_be_visible()
        look(checker, f"review-{person}")
        checker.get_by_label("Why?").fill("Nobody can be recognised in it.")
        checker.get_by_role("button", name=button).click()
        expect(checker.get_by_text(f"{person} {done}: Nobody can be recognised in it.")).to_be_visible()
    page.reload()
    page.get_by_text("Make its tables more open …").click()
    page.get_by_role("button", name="Release it").click()
    assert there.store.release("school-map", 1).state == "released"
    stranger = as_person()
    stranger.get_by_role("link", name="Places at school").click()
    expect(stranger.get_by_text("It shows released tables alone")).to_be_visible()
    expect(stranger.get_by_role("link", name="Parquet")).to_be_visible()
    look(stranger, "released")
