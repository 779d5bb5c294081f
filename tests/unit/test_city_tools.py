"""City Tools: every number and name on the page, worked out again another way."""

import csv
import datetime as dt
import itertools
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from londata import open_catalog
from londata.widgets import city_tools, contracts
from londata.widgets.city_tools import Choice

ROWS = Path(__file__).resolve().parents[2] / "catalogs" / "data" / "city-tools.csv"
DAY = dt.date(2025, 9, 30)


@pytest.fixture(scope="module")
def catalog():
    return open_catalog()


@pytest.fixture(scope="module")
def register(catalog):
    return city_tools.load(catalog)


@pytest.fixture(scope="module")
def plain():
    """The same rows, read without pandas."""
    with ROWS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def months_later(months):
    year, month = divmod(DAY.month - 1 + months, 12)
    return dt.date(DAY.year + year, month + 1, 30 if month + 1 != 2 else 28)


def test_each_authority_has_one_row_for_each_service(register, plain):
    assert register.day == DAY
    pairs = {(row["authority"], row["service"]) for row in plain}
    assert len(plain) == len(pairs) == 33 * 14
    assert register.services == sorted({service for _, service in pairs})


@pytest.mark.parametrize("service", ["Housing management", "Libraries", "Websites"])
def test_users_are_counted_and_who_did_not_answer_stands_last(register, plain, service):
    counts = contracts.users(register, service)
    systems = [row["system"] for row in plain if row["service"] == service]
    assert counts.to_dict() == {name or contracts.SILENT: systems.count(name) for name in set(systems)}
    answered = counts.drop(contracts.SILENT, errors="ignore")
    assert list(answered) == sorted(answered, reverse=True)
    assert contracts.SILENT not in counts.index[:-1]


@pytest.mark.parametrize("months", contracts.HORIZONS)
def test_what_ends_is_found(register, plain, months):
    until = months_later(months)
    ends = [(row["contract_end"], row["authority"], row["service"]) for row in plain if row["contract_end"]]
    wanted = sorted(end for end in ends if DAY.isoformat() <= end[0] <= until.isoformat())
    found = register.ending(months)
    got = zip(found["contract_end"].dt.strftime("%Y-%m-%d"), found["authority"], found["service"], strict=True)
    assert list(got) == wanted
    assert wanted


@pytest.mark.parametrize("months", contracts.HORIZONS)
def test_those_who_could_buy_together_have_one_system_and_end_within_six_months(register, plain, months):
    rows = {(row["authority"], row["service"]): row for row in plain}
    found = contracts.chances(register, months)
    seen = set()
    for group in found.itertuples():
        theirs = [rows[name, group.service] for name in group.authorities]
        ends = sorted(pd.Timestamp(row["contract_end"]) for row in theirs)
        assert len(theirs) > 1
        assert {row["system"] for row in theirs} == {group.system}
        assert (group.first, group.last) == (ends[0], ends[-1])
        assert ends[-1] <= ends[0] + pd.DateOffset(months=6)
        assert group.annual_cost_gbp == sum(int(row["annual_cost_gbp"] or 0) for row in theirs)
        assert group.unknown_costs == sum(not row["annual_cost_gbp"] for row in theirs)
        mine = {(name, group.service) for name in group.authorities}
        assert not mine & seen
        seen |= mine
    # Whoever is left alone has nobody of the same system, also left alone, within six months.
    ending = register.ending(months)
    left = [row for row in ending.itertuples() if (row.authority, row.service) not in seen]
    for one, other in itertools.combinations(left, 2):
        if (one.service, one.system) == (other.service, other.system):
            early, late = sorted((one.contract_end, other.contract_end))
            assert late > early + pd.DateOffset(months=6)
    sizes = [(len(names), cost) for names, cost in zip(found["authorities"], found["annual_cost_gbp"], strict=True)]
    assert sizes == sorted(sizes, reverse=True)


def test_the_words_are_those_of_the_rows(register, plain):
    (mine,) = (row for row in plain if (row["authority"], row["service"]) == ("Camden", "Housing management"))
    first, second = contracts.said(register, "Camden", "Housing management")
    assert f"{mine['system']} by {mine['supplier']}, for £{int(mine['annual_cost_gbp']):,} a year" in first
    others = [r for r in plain if r["service"] == mine["service"] and r["system"] == mine["system"] and r is not mine]
    assert second.startswith(f"{len(others)} other authorities use the same system")


def test_who_did_not_answer_is_told_so(register, plain):
    silent = next(row for row in plain if not row["system"])
    first, second = contracts.said(register, silent["authority"], silent["service"])
    assert first.startswith(f"{silent['authority']} gave no answer")
    assert second.startswith("Most used is Example system")


def test_every_choice_makes_a_page_with_words_and_tables(register):
    near, far = contracts.HORIZONS[:2]
    choices = [Choice(service, "Newham", far) for service in register.services]
    shown = [city_tools.who_uses_what(register, choice) for choice in choices]  # the same however far one looks
    shown += [city_tools.what_ends_when(register, choice) for choice in choices]
    shown += [city_tools.what_ends_when(register, replace(choice, months=near)) for choice in choices]
    shown += [city_tools.together(register, Choice(months=months)) for months in (near, far)]  # over all services
    for part in shown:
        page = BeautifulSoup(part, "html.parser")
        assert page.h2.get_text()
        assert all(image["alt"] for image in page.find_all("img"))
        assert all(table.caption.get_text() for table in page.find_all("table"))


def test_days_are_written_alike_in_every_table(register):
    choice = Choice("Housing management", "Newham", 18)
    pages = [city_tools.who_uses_what(register, choice), city_tools.what_ends_when(register, choice)]
    for page in (BeautifulSoup(text, "html.parser") for text in pages):
        (row,) = (each for each in page.find_all("tr") if each.th.get_text() == "Newham")
        assert "31 Oct 2026" in [cell.get_text() for cell in row.find_all("td")]


def test_an_address_chooses_and_what_it_says_wrong_is_left_alone(register):
    assert city_tools.choice_in("service=finance&borough=newham&months=24", register) == Choice("Finance", "Newham", 24)
    assert city_tools.choice_in("service=<b>&borough=Paris&months=7&x=%00", register) == Choice()


def test_the_app_says_that_its_data_is_generated_and_redraws(catalog):
    app = city_tools.explore(catalog)
    notice = next(child for child in app.children if "londata-notice" in child._dom_classes)
    assert "made up" in notice.value
    controls = next(child for child in app.children if "londata-controls" in child._dom_classes)
    uses = next(child for child in app.children if "londata-uses" in child._dom_classes)
    chances = next(child for child in app.children if "londata-chances" in child._dom_classes)
    before, together = uses.value, chances.value
    controls.children[0].value = "Libraries"
    assert "Libraries: how many" in uses.value != before
    assert chances.value == together, "they are over all services"
    controls.children[2].value = 36
    assert "in the next 36 months" in chances.value != together


def test_without_its_data_the_app_says_why():
    app = city_tools.explore(_Empty())
    assert 'role="alert"' in app.value


class _Empty:
    def __getitem__(self, slug):
        from londata.errors import EntryNotFoundError

        raise EntryNotFoundError(f"There is no entry {slug}.", hint="Ask for another.")
