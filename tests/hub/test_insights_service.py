"""Insights through one real hub: published from a notebook, found, opened to others, rolled back and withdrawn."""

from __future__ import annotations

import base64
import json

import httpx
import nbformat
import pytest

from running_hub import wait_for

pytestmark = pytest.mark.hub
SERVICE = "/services/insights/"
API = f"{SERVICE}api/v1"
RECORD = {
    "title": "How many live where",
    "summary": "Residents of each borough.",
    "public_benefit": "Everybody starts from the same figures.",
    "friction": "They stood in several files.",
    "method": "Counted.",
    "limits": "Counted once in ten years.",
    "licence": "ogl-3",
}
NOTEBOOK = (
    "from londata import catalog, insights",
    "boroughs = catalog.london_authorities.read()",
    "insights.table('boroughs', lambda: boroughs[['code', 'name']], title='Boroughs', unit='names', kind='open')",
)


@pytest.fixture(scope="module")
def api(hub):
    """Ask the API as one of the demo users, by name."""
    clients = {}

    def as_person(name):
        if name not in clients:
            credentials = {"Authorization": f"Bearer {hub.token(name)}"}
            clients[name] = hub.client(base_url=f"{hub.address}{API}", headers=credentials)
        return clients[name]

    return as_person


def publish(client, *cells, **more):
    """Publish a notebook and wait for the end of its check."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=kernel)
    files = {"app.ipynb": base64.b64encode(nbformat.writes(notebook).encode()).decode()}
    answer = client.post("/insights", json={"files": files, "record": RECORD, "audience": ["hub"]} | more)
    assert answer.status_code == 202, answer.text
    version = answer.json()
    address = f"/insights/{version['publication']}/versions/{version['number']}"

    def ended():
        said = client.get(address).json()
        return said if said["state"] != "checking" else None

    return wait_for(ended, 240, "the end of the check")


@pytest.fixture(scope="module")
def published(api):
    version = publish(api("ada"), *NOTEBOOK)
    assert version["state"] == "ready", version
    return version


def test_what_was_read_is_found_out_and_not_typed(published, api):
    assert [each["entry"] for each in published["rests_on"]] == ["london-authorities"]
    assert "Running the notebook from top to bottom." in published["steps"]
    shown = api("bola").get("/insights/how-many-live-where").json()
    assert (shown["access"], shown["may_open"], shown["mine"], shown["current"]) == ("open", True, False, 1)
    impact = api("bola").get("/impact/london-authorities").json()["insights"]
    assert "how-many-live-where" in [each["slug"] for each in impact]
    receipt = api("bola").get("/insights/how-many-live-where/receipt").json()
    assert "london-authorities" in json.dumps(receipt)


def test_its_tables_come_as_parquet_and_csv(published, api):
    table = "/insights/how-many-live-where/tables/boroughs"
    assert api("bola").get(table).content[:4] == b"PAR1"
    assert b"Camden" in api("bola").get(table, params={"format": "csv"}).content


def test_people_find_it_in_the_gallery_by_their_log_in(published, hub):
    visitor = hub.visitor("bola").client
    home = visitor.get("/hub/home").text
    assert home.count(f'href="{SERVICE}"') >= 1
    gallery = visitor.get(f"{SERVICE}?q=residents&form=app")
    assert (gallery.status_code, "How many live where" in gallery.text) == (200, True)
    page = visitor.get(f"{SERVICE}how-many-live-where/")
    for words in ("Everybody starts from the same figures.", "/services/apps/how-many-live-where/", "shut off from"):
        assert words in page.text
    data = visitor.get(f"{SERVICE}data/london-authorities/").text
    assert f'href="{SERVICE}how-many-live-where/"' in data


def test_strangers_see_it_once_it_is_public_and_only_then(published, api, hub):
    with httpx.Client(base_url=hub.address) as stranger:
        assert stranger.get(f"{SERVICE}how-many-live-where/").status_code == 404
        chosen = {"audience": ["public", "person:bola", "person:bolla"]}
        said = api("ada").post("/insights/how-many-live-where/audience", json=chosen).json()
        assert said["unknown"] == ["Nobody here is called bolla; did you mean bola?"]
        assert "How many live where" in stranger.get(SERVICE).text
        assert stranger.get(f"{SERVICE}how-many-live-where/").status_code == 200
        assert stranger.get(f"{SERVICE}how-many-live-where/tables/boroughs.csv").status_code == 200
        assert stranger.get(f"{API}/insights/how-many-live-where/tables/boroughs").content[:4] == b"PAR1"
        assert stranger.get(f"{API}/insights").status_code == 401
        api("ada").post("/insights/how-many-live-where/audience", json={"audience": ["hub"]}).raise_for_status()
        assert stranger.get(f"{SERVICE}how-many-live-where/").status_code == 404


def test_a_notebook_that_fails_changes_nothing_and_says_where(published, api):
    version = publish(api("ada"), "1", "1 / 0", slug="how-many-live-where")
    must = [each for each in version["findings"] if each["weight"] == "must"]
    assert (version["state"], "ZeroDivisionError" in str(must)) == ("refused", True)
    assert api("ada").get("/insights/how-many-live-where").json()["current"] == 1
    assert [
        each["number"] for each in api("bola").get("/insights/how-many-live-where/versions").json()["versions"]
    ] == [1]


def test_a_new_version_is_rolled_back_paused_and_withdrawn(published, api):
    second = publish(api("ada"), *NOTEBOOK, "2", slug="how-many-live-where")
    assert second["state"] == "ready", second
    ada, bola = api("ada"), api("bola")
    assert ada.get("/insights/how-many-live-where").json()["current"] == second["number"]
    back = ada.post("/insights/how-many-live-where/rollback", json={"version": 1})
    assert back.json()["current"] == 1
    assert bola.post("/insights/how-many-live-where/rollback", json={"version": 1}).status_code == 403
    ada.post("/insights/how-many-live-where/pause", json={"reason": "figures are revised"}).raise_for_status()
    assert "figures are revised" in bola.get("/insights/how-many-live-where").json()["why_not"]
    ada.post("/insights/how-many-live-where/resume", json={}).raise_for_status()
    ada.post("/insights/how-many-live-where/withdraw", json={"reason": "a better one is there"}).raise_for_status()
    assert bola.get("/insights/how-many-live-where").status_code == 404
    assert ada.get("/insights/how-many-live-where").json()["state"] == "withdrawn"
