"""Who is named in an audience is the business of few: at every door of the hub, others are told how many there are."""

from __future__ import annotations

import json

import pytest

import insights_world as iw
import sharing_world
from londata import cli, insights
from londata.access import Subject, without_names
from londata.intake_catalog import RegisterCatalog
from londata.intake_catalog.opening import register_at
from londata_hub.store import AccessStore
from register_service import served

API, PREFIX = iw.API, iw.PREFIX
NAMED = "zenobia-quill"
#: The insight is for Camden, its project, and two people by name; a report in the register names mo.
AUDIENCE = ("group:org-camden", "project:school-places", "person:zed", f"person:{NAMED}")


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with iw.insights_world(tmp_path_factory.mktemp("world")) as world:
        about = {"project": "school-places", "audience": AUDIENCE}
        world.published("for-some", tables=("plain",), **about)
        world.published("of-pupils", ("pupils",), tables=("by-ward",), **about)
        yield world


@pytest.fixture(scope="module")
def register(there, tmp_path_factory):
    """The register service over the same database."""
    with AccessStore(there.database, there.state / "anchors") as access:
        app = sharing_world.app_over(there.register, access, tmp_path_factory.mktemp("catalogs"))
        with served(app) as address:
            yield address


DOORS = (
    *(f"{API}/{path}" for path in ("insights", "impact/open-figures", "releases")),
    *(f"{API}/insights/for-some{path}" for path in ("", "/versions", "/versions/1", "/receipt", "/tables")),
    *(PREFIX + path for path in ("", "?q=library", "for-some/", "for-some/receipt.json", "data/open-figures/")),
)
REGISTER = ("search?q=library", "entries?kind=insight", "entries/for-some", "entries/for-some/near")


@pytest.mark.parametrize("person", ["pat", "zed"])
def test_no_door_names_others_to_one_reader_among_many(there, register, person):
    with there.client(person, Accept="application/json") as asks, there.browser(person) as looks:
        for path in DOORS:
            answer = looks.get(path) if path.startswith(PREFIX) and not path.startswith(API) else asks.get(path)
            assert answer.status_code == 200, path
            assert NAMED not in answer.text, path
            assert person == "zed" or "zed" not in answer.text, path
        counted = "people:1" if person == "zed" else "people:2"
        assert counted in asks.get(f"{API}/insights/for-some").json()["audience"]
        words = f"named people ({counted[-1]})"
        assert words in looks.get(f"{PREFIX}for-some/").text
        assert words in looks.get(PREFIX).text
        if person == "zed":
            return  # the register of this world does not know zed
        for path in (*REGISTER, "sharing"):
            answer = asks.get(f"{register}/{'' if path == 'sharing' else 'api/v1/'}{path}")
            assert answer.status_code == 200, path
            assert not [name for name in (NAMED, "person:zed", "person:mo") if name in answer.text], path
        entry = asks.get(f"{register}/api/v1/entries/for-some").json()
        assert entry["audience"] == ["group:org-camden", "project:school-places", "people:3"]  # ada is its owner


@pytest.mark.parametrize(("person", "slug"), [("ada", "for-some"), ("mo", "for-some"), ("stu", "of-pupils")])
def test_its_owner_members_of_its_project_and_those_who_check_it_see_names(there, person, slug):
    with there.client(person) as asks, there.browser(person) as looks:
        assert asks.get(f"{API}/insights/{slug}").json()["audience"] == list(AUDIENCE)
        assert NAMED in looks.get(f"{PREFIX}{slug}/").text


def test_a_steward_of_other_data_is_a_reader_like_others(there):
    with there.client("stu") as asks:
        assert NAMED not in asks.get(f"{API}/insights/for-some").text


def test_what_acts_for_the_owner_is_told_no_names(there, register):
    with there.client("acting") as asks:  # a service account of ada's
        assert NAMED not in asks.get(f"{API}/insights").text
    entry = there.store.entry("for-some")
    shown = Subject("app/for-some", frozenset({"org-camden"}), owner="ada")
    assert NAMED not in json.dumps(without_names(entry, shown).to_dict())


def test_python_the_terminal_and_an_exported_catalogue_say_how_many(there, register, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("LONDATA_INSIGHTS", f"{there.address}{PREFIX.rstrip('/')}")
    monkeypatch.setenv("LONDATA_REGISTER", register)
    monkeypatch.setenv("LONDATA_TOKEN", "pat")
    assert "named people (2)" in str(insights.find("for-some"))
    assert cli.main(["insight", "show", "for-some"]) == 0
    said = capsys.readouterr().out
    assert ("named people (2)" in said, NAMED in said) == (True, False)
    with there.client("pat") as asks:
        answer = asks.get(f"{register}/api/v1/entries/for-some/distributions/plain-csv/content")
    assert (answer.status_code, 'catalog.for_some.read(table="plain")' in answer.text.replace("\\", "")) == (404, True)
    catalog = RegisterCatalog(register_at(register))
    assert "named people (3)" in repr(catalog["for-some"])
    with pytest.warns(UserWarning, match="distributions are not in"):
        catalog.to_yaml_file(str(tmp_path / "all.yaml"))
    assert NAMED not in (tmp_path / "all.yaml").read_text()
