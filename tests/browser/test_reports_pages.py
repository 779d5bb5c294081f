"""The pages of the service of reports in a real Chromium: what is shown runs nothing, and a form of a page acts."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect

import reports_world as rw
from londata_hub.store import occurrences

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with rw.reports_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def page(chromium, there):
    """Ada's browser, logged in."""
    with there.browser("ada") as client:
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        cookie = {"name": rw.COOKIE, "value": client.cookies[rw.COOKIE], "url": f"{there.address}{rw.PREFIX}"}
        context.add_cookies([cookie | {"sameSite": "Lax", "httpOnly": True}])
        yield context.new_page()
        context.close()


def look(page: Page, name: str) -> None:
    """Keep what is seen where somebody wants to look at it; on a narrow screen nothing scrolls sideways."""
    folder = os.environ.get("LONDATA_TEST_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    page.set_viewport_size({"width": 320, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    if folder:
        page.screenshot(path=f"{folder}/{name}-narrow.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_report_is_found_opened_and_its_data_kept_and_nothing_of_it_runs(page, there):
    rw.shelved(there, "open")
    rw.shelved(there, "closed", reads=(("pupils", "closed"),), title=rw.HOSTILE)
    page.goto(f"{there.address}{rw.PREFIX}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Reports")
    expect(page.get_by_role("row")).to_have_count(3)
    look(page, "reports")
    there.store.add(rw.schedule(id="borough-profile-open"))
    page.reload()
    expect(page.get_by_text("Made for ada by the schedule “Profiles”")).to_have_count(1)
    page.get_by_role("link", name="Borough profile: Camden").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Camden")
    assert page.title() == "Camden"  # the script and the broken image of the report did nothing
    with page.expect_download() as kept:
        page.get_by_role("link", name="data").click()
    assert kept.value.suggested_filename.endswith("camden-residents.csv")
    assert "Camden,1" in kept.value.path().read_text()


def test_a_schedule_is_paused_resumed_run_and_ended_without_a_script(page, there):
    made = there.store.add(rw.schedule(id="borough-profile-mine", title=f"Mine {rw.HOSTILE}"))
    page.goto(f"{there.address}{rw.PREFIX}")
    page.get_by_role("link", name="Mine").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("<script>")
    assert "taken" not in page.title().replace(rw.HOSTILE, "")
    page.get_by_text("Pause …").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Why?").first.fill("figures are revised")
    page.keyboard.press("Enter")
    expect(page.get_by_text("paused: figures are revised")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("active", exact=True)).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("table", name="All runs")).to_contain_text("waits for its turn")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("alert")).to_contain_text("waiting already")
    look(page, "schedule")
    run = there.store.runs(made.id)[0]
    (there.run_folder(made, run) / "log.txt").write_text(f"begun {rw.HOSTILE}\n")
    page.get_by_role("table", name="All runs").get_by_role("link").click()
    expect(page.locator("pre")).to_have_text(f"begun {rw.HOSTILE}")
    look(page, "run")
    page.get_by_role("link", name="Mine").click()
    page.get_by_role("button", name="Stop the run").click()
    expect(page.get_by_role("table", name="All runs")).to_contain_text("Stopped by ada.")
    expect(page.get_by_role("button", name="Stop the run")).to_have_count(0)
    page.get_by_text("End for good …").click()
    page.get_by_role("button", name="Yes, end it").click()
    expect(page.get_by_text("ended", exact=True)).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)


def test_a_long_reason_breaks_no_word_of_a_table(page, there):
    made = there.store.add(rw.schedule(id="borough-profile-failing", title="Borough profile for every borough"))
    run = there.store.run_now(made.id, "ada")
    with there.store._alone() as change:
        ended = {
            "made": 0,
            "failed": 33,
            "problem": f"{'Rolls is not open to you. ' * 12}(Barnet)\n{'x' * 200} (Brent)",
        }
        occurrences.end(change, made, run, "failed", **ended)
    for address, heading in (("", "Last run"), (f"schedules/{made.id}", "Reports")):
        page.goto(f"{there.address}{rw.PREFIX}{address}")
        head = page.get_by_role("columnheader", name=heading, exact=True)
        assert head.bounding_box()["height"] < 60  # one line
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        look(page, f"failing-{heading.replace(' ', '-')}")
        page.get_by_text("more", exact=True).first.click()
        expect(page.get_by_text("(Brent)").first).to_be_visible()
        look(page, f"failing-open-{heading.replace(' ', '-')}")
