"""The register's own table of agreements, read as anybody reads it, and the app that shows it to everybody."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup

import sharing_world as world
from londata import open_catalog
from londata.catalog_files import load_catalog
from londata.errors import FetchError
from londata.widgets import agreements, who_shares_what
from londata.widgets.who_shares_what import Choice
from londata_hub.services import written_data
from londata_hub.store import AccessStore
from register_service import served

ENTRY = next(
    each
    for each in load_catalog(Path(__file__).resolve().parents[2] / "catalogs").entries
    if each.id == written_data.AGREEMENTS
)
PRETENDER = ENTRY.model_copy(update={"id": "not-written", "title": "Not written"})
HOSTILE = '=cmd() "<script>alert(1)</script>; and more'


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AccessStore, str]]:
    folder = tmp_path_factory.mktemp("written")
    entries = (*world.ENTRIES, ENTRY, PRETENDER)
    with world.stores(folder, entries) as (register, access), served(world.app_over(register, access, folder)) as at:
        access.record(world.agreement(id="ISA-2", title=HOSTILE, covers=[]), "tests")
        yield access, at


@pytest.fixture(scope="module")
def catalog(hub: tuple[AccessStore, str], tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LONDATA_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("LONDATA_TOKEN", "ada")
        yield open_catalog(hub[1])


def told(hub: tuple[AccessStore, str]) -> list[dict]:
    answer = httpx.get(f"{hub[1]}/api/v1/agreements", headers={"Authorization": "Bearer ada"})
    return answer.json()["agreements"]


def test_the_table_says_what_the_register_says_of_its_agreements(hub, catalog):
    table = catalog.sharing_agreements.read()
    assert tuple(table.columns) == written_data.COLUMNS
    assert list(table["agreement"]) == [each["id"] for each in told(hub) for _ in each["parties"]]
    pairs = list(zip(table["party"], table["role"], strict=True))
    assert pairs == [tuple(party) for each in told(hub) for party in each["parties"]]
    assert HOSTILE in set(table["title"])


def test_it_is_written_anew_when_something_changed(hub, catalog):
    before = set(catalog.sharing_agreements.read()["agreement"])
    hub[0].record(world.agreement(id="ISA-NEW", title="A new one", covers=[]), "tests")
    assert set(catalog.sharing_agreements.read()["agreement"]) == before | {"ISA-NEW"}


def test_no_entry_is_written_but_those_that_are_meant(catalog):
    with pytest.raises(FetchError, match="says that the register writes it, and this register does not"):
        catalog.not_written.read()


def test_without_a_hub_it_says_where_it_can_be_had():
    with pytest.raises(FetchError, match="is written by a service of a hub, and there is none here"):
        open_catalog().sharing_agreements.read()


def test_what_puts_values_apart_stands_in_none_of_them(hub):
    text = written_data.table_of_agreements([])
    assert list(csv.reader(io.StringIO(text.decode()))) == [list(written_data.COLUMNS)]
    assert written_data._several(["a; b", "c"]) == "a, b; c"


def test_the_app_counts_what_there_is(hub, catalog):
    shown = who_shares_what.load(catalog)
    assert [each.id for each in shown] == [each["id"] for each in told(hub)]
    table = agreements.by_body(shown)
    for row in table.itertuples():
        mine = [each for each in told(hub) if row.body in {name for name, _ in each["parties"]}]
        assert row.live == sum(each["state"] == "live" for each in mine)
        assert row.live + row.other == len(mine)
    body = table["body"].iloc[0]
    assert {each.id for each in agreements.chosen(shown, body)} == {
        each["id"] for each in told(hub) if body in {name for name, _ in each["parties"]}
    }
    live = sum(each["state"] == "live" for each in told(hub))
    assert agreements.summary(shown, "", "")[0].startswith(f"{live} of {len(shown)} agreements are in force")


def test_who_shares_under_an_agreement_that_ended_is_not_counted_among_those_who_share(catalog):
    first, *_ = who_shares_what.load(catalog)
    live = replace(first, state="live", parties=(("Ash", "controller"), ("Box", "recipient")), purposes=("Plan",))
    over = replace(
        live, state="ended", parties=(("Cob", "controller"), ("Box", "recipient")), purposes=("Plan", "Count")
    )
    assert agreements.summary([live, over], "", "")[0] == (
        "1 of 2 agreements is in force (1 ended). 2 bodies may share data under it, for 1 purpose."
    )
    assert agreements.summary([over], "", "")[0] == "0 of 1 agreement are in force (1 ended)."
    facts = BeautifulSoup(who_shares_what.overview([live, over], Choice()), "html.parser").dl.get_text(" ", strip=True)
    assert "In force 1 of 2 agreements Party to them 2 bodies Their purposes 1" in facts


def test_words_of_an_agreement_are_text_on_the_page(catalog):
    shown = who_shares_what.load(catalog)
    page = BeautifulSoup(who_shares_what.in_full(shown) + who_shares_what.overview(shown, Choice()), "html.parser")
    assert not page.find_all("script")
    assert HOSTILE in page.get_text()
    assert all(image["alt"] for image in page.find_all("img"))
    assert all(each.caption.get_text() for each in page.find_all("table"))


def test_an_address_chooses_and_what_is_unknown_stands_for_all(catalog):
    shown = who_shares_what.load(catalog)
    body = agreements.bodies(shown)[0]
    assert who_shares_what.choice_in(f"body={body.upper()}&purpose=nothing", shown) == Choice(body, "")


def test_the_app_redraws_and_says_where_there_is_nothing(catalog):
    app = who_shares_what.explore(catalog)
    controls = next(child for child in app.children if "londata-controls" in child._dom_classes)
    words = next(child for child in app.children if "londata-words" in child._dom_classes)
    before = words.value
    controls.children[0].value = controls.children[0].options[-1][1]
    assert words.value != before
    assert "to which" in words.value
    assert "cannot be shown just now" in who_shares_what.explore(open_catalog()).value
