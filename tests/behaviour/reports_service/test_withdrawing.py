"""A report that its owner takes off the shelf again: gone for its readers, in the log, and back with the next run."""

from __future__ import annotations

import datetime as dt

import pytest

import reports_world as rw
from log_of_sharing import lines
from londata import cli, reports
from londata.errors import EntryNotFoundError, UsageError
from londata_hub.jobs.shelf import Shelf


@pytest.fixture(scope="module")
def made(there):
    """A schedule of ada's, with reports for two boroughs that rest on closed data."""
    schedule = there.store.add(rw.schedule(audience=("org-{each}",)))
    ran = rw.run(schedule)
    for place in ("Camden", "Hackney"):
        rw.finish(there.run_folder(schedule, ran) / "reports", (("pupils", "closed"),), borough=place)
    return schedule, ran, {each.geography.original: each.id for each in there.shelve(schedule, ran)}


def opened(there, person, slug):
    with there.browser(person) as browser:
        return browser.get(f"{rw.PREFIX}shelf/{slug}/").status_code


def test_its_owner_withdraws_it_and_the_next_run_puts_a_new_one_there(as_ada, made, capsys):
    schedule, ran, slugs = made
    slug, shelf = slugs["Camden"], Shelf(as_ada.state / "shelf")
    assert (opened(as_ada, "pat", slug), opened(as_ada, "ada", slug)) == (200, 200)
    assert cli.main(["report", "withdraw", slug, "--reason", "a wrong figure"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("“Borough profile: Camden” was withdrawn: nobody can open it now. The next run of its sche")
    assert "puts a new one there" in said
    assert (opened(as_ada, "pat", slug), opened(as_ada, "ada", slug)) == (404, 404)
    assert as_ada.register.find(slug) is None
    assert [change.what for change in as_ada.register.history(slug)] == ["added", "withdrawn"]
    assert [path.name for path in (shelf.folder / slug).rglob("*")] == ["withdrawn"]
    assert as_ada.register.find(slugs["Hackney"]), "another report of the schedule stays"
    assert opened(as_ada, "ada", slugs["Hackney"]) == 200
    line = next(each for each in reversed(lines(as_ada.database)) if each["what"] == "report.withdrawn")
    assert (line["actor"], line["entry"], line["details"]) == (
        "ada", slug, {"id": slug, "run": ran.id, "schedule": schedule.id, "reason": "a wrong figure"},
    )  # fmt: skip
    with pytest.raises(EntryNotFoundError, match="There is no report"):
        reports.withdraw(slug)

    as_ada.shelve(schedule, ran)  # another attempt at the same occurrence brings every report of it again
    assert opened(as_ada, "ada", slug) == 404
    assert "its owner withdrew it" in as_ada.log_of(schedule, ran)

    later = rw.run(schedule, id="later", scheduled_for=ran.scheduled_for + dt.timedelta(days=30))
    rw.finish(as_ada.run_folder(schedule, later) / "reports", (("pupils", "closed"),), borough="Camden")
    as_ada.shelve(schedule, later)
    assert (opened(as_ada, "pat", slug), shelf.find(slug).run) == (200, "later")
    assert [change.what for change in as_ada.register.history(slug)] == ["added", "withdrawn", "restored"]
    assert not (shelf.folder / slug / "withdrawn").exists()


def test_the_page_about_a_report_offers_it_to_its_owner_and_says_what_comes_next(as_ada, made):
    slug = made[2]["Hackney"]
    about = f"{rw.PREFIX}about/{slug}"
    with as_ada.browser("ada") as ada:
        listed = ada.get(rw.PREFIX).text
        assert f'<a href="{about}">about it</a>' in listed
        page = ada.get(about).text
        assert f'action="{about}/withdraw"' in page
        assert f'value="{as_ada.secret("ada")}"' in page
        assert "person:ada" in page
        as_ada.store.pause(made[0].id, "ada", "for now")
        done = ada.post(f"{about}/withdraw", data={"secret": as_ada.secret("ada"), "reason": ""})
        assert done.status_code == 200
        assert "once it goes on, its next run puts a new one there" in done.text
        assert ada.get(about).status_code == 404


def test_a_reader_sees_what_it_is_and_no_button(as_ada):
    entry = rw.shelved(as_ada, "read-by-all")
    with as_ada.browser("eve") as eve:
        page = eve.get(f"{rw.PREFIX}about/{entry.id}").text
    assert "Borough profile: Camden" in page
    assert "<form" not in page
    assert "Who may open it" not in page


def test_what_was_half_withdrawn_is_withdrawn_by_asking_again(as_ada):
    schedule = as_ada.store.add(rw.schedule(id="borough-profile-half"))
    entry = rw.shelved(as_ada, "half")
    as_ada.register.withdraw([entry.id], source=f"report:{schedule.id}")
    assert opened(as_ada, "ada", entry.id) == 404
    assert "was withdrawn" in reports.withdraw(entry.id)
    assert Shelf(as_ada.state / "shelf").find(entry.id) is None


def test_what_cannot_be_a_name_is_refused_before_anybody_is_asked(as_ada):
    for name, reason in ((7, ""), ("x" * 500, ""), ("x", "y" * 2_001)):
        with pytest.raises(UsageError):
            reports.withdraw(name, reason)
