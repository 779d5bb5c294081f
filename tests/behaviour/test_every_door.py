"""Who sees what at every door: an entry is there for somebody if, and only if, the one decision lets them see it.

For each person there is a second register, which never had what they may not see. Every answer of the first must be
the answer of the second.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

import sharing_world as world
from londata import cli, insights
from londata.access import Subject, as_shown, decide
from londata.catalog_files import FileRegister
from londata.client import RegisterClient
from londata.errors import EntryNotFoundError
from londata.intake_catalog import RegisterCatalog
from londata.query import FACETS, Query
from londata_hub.apps.passing import Acting
from londata_hub.apps.relay import Relay
from londata_hub.apps.sight import NOBODY, Viewing
from londata_hub.store import AccessStore, RegisterStore
from londata_hub.store.publication_store import PublicationStore
from register_service import BASE, served

#: What is asked of the service, for every person. ``{…}`` are slugs and words of entries that not everybody may see.
QUESTIONS = [
    "/search",
    *(f"/search?q={word}" for word in ("pupils", "figures", "story", "people", world.HIDDEN_WORD, world.MEMBERS_WORD)),
    *(f"/search?{pairs}" for pairs in ("publisher=camden", "access=shared", "topic=schools", "kind=insight")),
    "/search?q=quixotik", "/search?q=zanzibr", "/search?q=quix",
    "/search?limit=2&offset=3", "/search?limit=0&" + "&".join(f"facets={name}" for name in FACETS),
    "/search?uses=pupils-hidden", "/search?uses=open-figures",
    "/entries", "/entries?q=pupils", "/entries?limit=3&offset=4",
    "/slugs", "/slugs?q=pupils", "/slugs?prefix=pupils", "/slugs?prefix=pupils-h", "/slugs?limit=1&offset=5",
    "/count", "/count?q=figures", "/count?publisher=camden", "/count?uses=pupils-hidden",
    "/facets", "/facets?q=pupils", "/facets?publisher=camden",
    "/completions?prefix=pup", "/completions?prefix=pupils_h", "/completions?prefix=story", "/completions",
    *(f"/entries/{each.id}" for each in world.ENTRIES),
    "/entries/pupils-hiden/near", "/entries/pupils_members/near", "/entries/story/near", "/entries/pupils-hidden/near",
    "/entries/pupils-hidden/distributions/csv/content", "/entries/story-in-draft/distributions/csv/content",
    "/decisions?entry=pupils-hidden&project=school-places", "/decisions?entry=story-in-draft",
    "/themes",
]  # fmt: skip


def only_what(person: str) -> tuple[Any, ...]:
    """Give the entries of the world that somebody may see, as they may see them."""
    hidden = world.RESTRICTED - world.SEES[person]
    return tuple(as_shown(each, hidden) for each in world.ENTRIES if each.id not in hidden)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The register of the world, with everything; and one for each sight, which never had the rest."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("world")
        register, access = stack.enter_context(world.stores(folder))
        opened: dict[str, Any] = {"register": register, "access": access}
        store = PublicationStore(f"sqlite:///{folder / 'register.sqlite'}", folder / "anchors")
        opened["publications"] = stack.enter_context(store)
        opened["all"] = stack.enter_context(served(world.app_over(register, access, folder)))
        for sight in set(world.SEES.values()):
            folder = tmp_path_factory.mktemp("less")
            person = next(name for name, seen in world.SEES.items() if seen == sight)
            less, its = stack.enter_context(world.stores(folder, only_what(person)))
            opened[sight] = stack.enter_context(served(world.app_over(less, its, folder)))
        yield opened


#: One for all: making a client takes longer than an answer.
HTTP = httpx.Client(timeout=30, trust_env=False)


@pytest.fixture(scope="module", autouse=True)
def _close_at_the_end() -> Iterator[None]:
    yield
    HTTP.close()


def said(address: str, person: str, path: str) -> tuple[int, str]:
    answer = HTTP.get(f"{address}/api/v1{path}", headers={"Authorization": f"Bearer {person}"})
    body = answer.json()
    if "error" in body:
        del body["error"]["request_id"]
    return answer.status_code, json.dumps(body, sort_keys=True)


@pytest.fixture(params=list(world.PEOPLE), ids=lambda name: world.KINDS[name].replace(" ", "-"))
def person(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_the_table_of_who_sees_what_is_what_is_decided(doors, person):
    now, arrangements = dt.datetime.now(dt.UTC), doors["access"].arrangements()
    seen = {
        each.id for each in world.ENTRIES if decide(world.PEOPLE[person], "see", each, None, now, arrangements).allowed
    }
    assert seen & world.RESTRICTED == world.SEES[person]
    assert not any(decide(Subject(""), "see", each, None, now, arrangements).allowed for each in world.ENTRIES)


def test_the_service_answers_as_a_register_that_never_had_the_rest(doors, person):
    for path in QUESTIONS:
        expected = said(doors[world.SEES[person]], person, path)
        assert said(doors["all"], person, path) == expected, path
        assert said(doors["all"], person, path) == expected, f"{path}, from memory"


def test_nobody_gets_any_answer(doors):
    for path in QUESTIONS:
        assert HTTP.get(f"{doors['all']}/api/v1{path}").status_code == 401, path


def test_python_sees_through_the_service_what_the_person_may_see(doors, person):
    catalog = RegisterCatalog(RegisterClient(doors["all"], person))
    texts = [repr(catalog), catalog._repr_html_(), repr(catalog.search("pupils")), repr(insights.list(catalog))]
    for each in world.ENTRIES:
        visible = each.id in world.SEES[person] or each.id not in world.RESTRICTED
        assert (each.key in catalog, each.id in list(catalog.register.slugs(Query()))) == (visible, visible)
        assert (each.key in dir(catalog), each.key in catalog.complete(each.key[:5])) == (visible, visible)
        assert (each.id in {record.id for record in catalog.records()}) == visible
        assert (each.key in list(catalog.search(each.title))) == visible
        if not visible:
            with pytest.raises(EntryNotFoundError) as raised:
                catalog[each.key]
            assert "in the register" not in str(raised.value)
        assert visible or not any(each.title in text or each.key in text for text in texts)
    assert len(catalog) == len(only_what(person))
    with pytest.raises(EntryNotFoundError) as misspelt:
        catalog["pupils_hiden"]
    assert ("pupils_hidden" in str(misspelt.value)) == ("pupils-hidden" in world.SEES[person])


def test_an_insight_names_only_what_its_reader_may_see(doors, person):
    catalog = RegisterCatalog(RegisterClient(doors["all"], person))
    sees = "pupils-hidden" in world.SEES[person]
    for key, others in (("story_of_both", ("open-figures",)), ("story_of_hidden", ())):
        story = insights.show(key, catalog)
        assert story.record.uses == (*others, *(["pupils-hidden"] if sees else []))
        assert ("pupils_hidden" in repr(story)) == ("pupils_hidden" in story._repr_html_()) == sees
    assert (len(catalog.search(uses="pupils-hidden")) > 0) == sees


def test_the_command_line_shows_what_the_person_may_see(doors, person, monkeypatch, capsys):
    monkeypatch.setenv("LONDATA_REGISTER", doors["all"])
    monkeypatch.setenv("LONDATA_TOKEN", person)
    for each in world.ENTRIES:
        if each.id in world.RESTRICTED:
            visible = each.id in world.SEES[person]
            assert (cli.main(["show", each.id]) == 0) == visible
            printed = capsys.readouterr()
            assert visible or (each.title not in printed.out + printed.err)
    cli.main(["search", "pupils"])
    printed = capsys.readouterr().out
    assert (world.HIDDEN_WORD in printed) == ("pupils-hidden" in world.SEES[person])
    assert (world.MEMBERS_WORD in printed) == ("pupils-members" in world.SEES[person])


def test_an_app_is_there_for_those_who_may_see_its_entry(doors, person):
    subject, viewing = world.PEOPLE[person], Viewing(doors["publications"])
    for slug in (each.id for each in world.ENTRIES if each.kind == "insight"):
        seen = slug not in world.RESTRICTED - world.SEES[person]
        assert asyncio.run(viewing.look(slug, subject)).view.allowed == seen
        look = asyncio.run(viewing.look(slug, NOBODY))
        assert not look.view.allowed
        assert not look.view.is_there
        assert look.is_listed == (slug not in world.RESTRICTED)  # else a log-in would tell that it exists


def test_an_app_sees_through_its_socket_what_everybody_may_see(doors):
    app = world.app_over(doors["register"], doors["access"], Path())
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, served(app, Path(folder) / "register.sock"):

        async def through_the_relay() -> list[str]:
            relay, doors = Relay(Path(folder), "robot"), Path(folder) / "app"
            await relay.listen(doors, Acting("story", 1, frozenset()))
            transport = httpx.AsyncHTTPTransport(uds=str(doors / "register.sock"))
            try:
                async with httpx.AsyncClient(transport=transport, base_url=f"http://app{BASE}/api/v1") as client:
                    return [(await client.get(path)).text for path in QUESTIONS]
            finally:
                await relay.close()

        answers = asyncio.run(through_the_relay())
    assert json.loads(answers[0])["total"] == len(only_what("robot"))
    text = " ".join(answers)
    for word in (f"Pupils {world.HIDDEN_WORD}", f"Pupils {world.MEMBERS_WORD}", f"story {world.DRAFT_WORD}"):
        assert word not in text


def test_everybody_s_page_and_facts_name_no_person_and_no_entry_that_is_not_public(doors):
    page = HTTP.get(f"{doors['all']}/sharing")
    facts = said(doors["all"], "sid", "/agreements")[1]
    for text in (page.text, facts):
        assert "Pupils by school" in text
        words = set(re.findall(r"[a-z]+", text.lower()))
        assert not words & {world.HIDDEN_WORD, world.MEMBERS_WORD, world.DRAFT_WORD, "ada", "eve", "stu", "gwendolyn"}


def test_catalogue_files_show_what_everybody_may_see(small_catalog, capsys):
    theme = small_catalog / "people.yaml"
    theme.write_text(theme.read_text().replace("title: Care cases", "title: Care cases\n    listing: hidden"))
    app = small_catalog.parent / "voila-apps" / "borough-explorer" / "app.yaml"
    app.write_text(app.read_text().replace("[borough-profile]", "[borough-profile, care-cases]"))
    catalog = RegisterCatalog(FileRegister(small_catalog))
    assert "care_cases" not in catalog
    assert "care_cases" not in dir(catalog)
    assert len(catalog) == len(list(catalog)) == len(list(catalog.records())) == 8
    assert len(catalog.search("care cases")) == 0
    assert catalog.borough_explorer.record.uses == ("borough-profile",)
    assert "care" not in repr(catalog) + catalog._repr_html_() + repr(catalog.borough_explorer)
    assert len(catalog.search(uses="care-cases")) == 0
    with pytest.raises(EntryNotFoundError) as raised:
        catalog["care_casse"]
    assert "care_cases" not in str(raised.value)
    assert cli.main(["check", str(small_catalog)]) == 0
    assert "care-cases is listed for those who hold a grant only, but whoever has" in capsys.readouterr().out


def test_a_change_of_listing_or_of_a_grant_acts_on_the_next_question(tmp_path):
    with world.stores(tmp_path) as (register, access), served(world.app_over(register, access, tmp_path)) as address:
        assert said(address, "ada", "/entries/pupils-hidden")[0] == 200
        assert said(address, "sid", "/entries/pupils")[0] == 200
        access.end_grant("grant-ada-pupils-hidden", "stu", "over")
        assert said(address, "ada", "/entries/pupils-hidden")[0] == 404
        assert json.loads(said(address, "ada", "/search?q=quixotic")[1])["total"] == 0
        hidden_now = [each.model_copy(update={"listing": "hidden"}) for each in world.ENTRIES if each.id == "pupils"]
        register.upsert(hidden_now, source="tests")
        assert said(address, "sid", "/entries/pupils")[0] == 404
        assert json.loads(said(address, "sid", "/count?q=pupils")[1])["total"] == 0
        with AccessStore(f"sqlite:///{tmp_path / 'register.sqlite'}", tmp_path / "anchors") as elsewhere:
            elsewhere.record(world.agreement(status="suspended"), "tests")
        assert said(address, "pat", "/entries/pupils-members")[0] == 404


def test_a_register_without_restricted_entries_is_asked_as_before(tmp_path):
    public = tuple(each for each in world.ENTRIES if each.id not in world.RESTRICTED)
    with world.stores(tmp_path, public) as (register, access), served(world.app_over(register, access, tmp_path)) as at:
        for name in world.PEOPLE:
            assert json.loads(said(at, name, "/count")[1])["total"] == len(public)
        assert isinstance(register, RegisterStore)
        assert register.count(Query()) == len(public)


@pytest.mark.postgres
def test_the_service_answers_the_same_from_postgresql(doors, tmp_path, postgres_address):
    with (
        world.stores(tmp_path, database=postgres_address) as (register, access),
        served(world.app_over(register, access, tmp_path)) as address,
    ):
        for name in world.PEOPLE:
            for path in QUESTIONS:
                assert said(address, name, path) == said(doors["all"], name, path), (name, path)
        access.end_grant("grant-ada-pupils-hidden", "stu", "over")
        assert said(address, "ada", "/entries/pupils-hidden")[0] == 404
