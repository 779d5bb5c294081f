"""A finished report is used again if, and only if, nothing that it rests on has changed."""

import dataclasses
import json
import shutil

import pytest

from data_holder import Holder
from gateway_service import served_gateway
from londata import reports
from londata.client.gateway_files import GatewayFileSystem
from londata.errors import ReportError
from londata.reports import receipts, reuse, templates
from londata.reports.reuse import Reuse
from londata.reports.versions import Versions
from shared_world import catalog_of, shared_world
from small_catalog import write_small_catalog
from trial_templates import write_template

READS = """
from londata import catalog
print(len(catalog["borough-profile"].read()), len(catalog["borough-places"].read()))
"""
CAMDEN = {"place": "Camden"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A report that was made: its folder, its template and its catalogue, which tests take copies of."""
    folder = tmp_path_factory.mktemp("reuse")
    with Holder() as holder, pytest.MonkeyPatch.context() as patch:
        catalogs = write_small_catalog(folder)
        url = holder.answer("/a.csv", b"code,borough,residents\nE09000007,Camden,1\n", etag='"1"')
        people = catalogs / "people.yaml"
        by_path, by_url = (
            "path: data/boroughs.csv, media_type: text/csv, rows: 3",
            f'url: "{url}", media_type: text/csv',
        )
        people.write_text(people.read_text().replace(by_path, by_url))
        patch.setenv("LONDATA_CATALOGS", str(catalogs))
        patch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{holder.port}")
        template = write_template(folder / "trial", READS)
        report = reports.run(template, place="Camden", out=folder / "out", progress=False)
        assert not report.reused
        yield folder, holder


@pytest.fixture
def world(made, tmp_path, monkeypatch):
    """The same in a copy of its own; gives the folder and the holder of what is fetched."""
    folder, holder = made
    shutil.copytree(folder / "out", tmp_path / "out")
    shutil.copytree(folder / "trial", tmp_path / "trial")
    yield tmp_path, holder
    holder.answer("/a.csv", b"code,borough,residents\nE09000007,Camden,1\n", etag='"1"')


def found(world, parameters=None, formats=("csv",)):
    folder, _ = world
    template = templates.load(folder / "trial")
    return Reuse(template, Versions(), formats).find(parameters or CAMDEN, folder / "out")


def receipt_of(world):
    (path,) = (world[0] / "out").glob("*/ro-crate-metadata.json")
    return path


def rewritten(world, old, new):
    path = receipt_of(world)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_same_again_is_the_same_report_with_its_receipt_untouched(world):
    folder, holder = world
    before = receipt_of(world).read_bytes()
    asked = len(holder.requests)
    again = reports.run(folder / "trial", place="camden", out=folder / "out", progress=False)
    assert again.reused
    assert "it was not made again" in str(again)
    assert "not made again" in again._repr_html_()
    assert again.html.is_file()
    assert receipt_of(world).read_bytes() == before
    (request,) = holder.requests[asked:]
    assert request[1]["if-none-match"] == '"1"'


def test_nothing_is_used_again_with_force_or_for_other_parameters(world):
    assert found(world)
    assert not found(world, {"place": "Hackney"})
    folder, _ = world
    forced = reports.run(folder / "trial", place="Camden", out=folder / "out", progress=False, force=True)
    assert not forced.reused


def a_cell_of_the_template(world, monkeypatch):
    notebook = world[0] / "trial" / "template.ipynb"
    notebook.write_text(notebook.read_text().replace("print(", "print(1, "))


def a_word_of_the_template(world, monkeypatch):
    definition = world[0] / "trial" / "template.yaml"
    definition.write_text(definition.read_text().replace("Try it.", "Try it again."))


def the_bytes_of_a_holder(world, monkeypatch):
    world[1].answer("/a.csv", b"code,borough,residents\nE09000007,Camden,2\n", etag='"2"')


def a_holder_that_is_gone(world, monkeypatch):
    monkeypatch.setenv("LONDATA_FETCH_ALLOW", "")


def a_holder_that_fails(world, monkeypatch):
    world[1].answer("/a.csv", b"", status=503)


def the_environment(world, monkeypatch):
    monkeypatch.setattr(reuse, "environment", lambda: {"londata": "9.9"})


def the_project(world, monkeypatch):
    monkeypatch.setenv("LONDATA_PROJECT", "another")


def a_byte_of_the_page(world, monkeypatch):
    page = receipt_of(world).with_name("report.html")
    page.write_text(page.read_text() + " ")


def a_file_that_is_lost(world, monkeypatch):
    receipt_of(world).with_name("report.ipynb").unlink()


def a_receipt_that_is_broken(world, monkeypatch):
    receipt_of(world).write_text("{")


def a_run_that_failed(world, monkeypatch):
    rewritten(world, '"status": "completed"', '"status": "failed"')


def what_a_read_was_described_as(world, monkeypatch):
    described = receipts.load(receipt_of(world)).reads[0]["described"]
    rewritten(world, described, "0" * 64)


def where_it_was_read(world, monkeypatch):
    rewritten(world, str(receipts.load(receipt_of(world)).reads[0]["register"]), "/another/register")


@pytest.mark.parametrize(
    "change",
    [
        a_cell_of_the_template,
        a_word_of_the_template,
        the_bytes_of_a_holder,
        a_holder_that_is_gone,
        a_holder_that_fails,
        the_environment,
        the_project,
        a_byte_of_the_page,
        a_file_that_is_lost,
        a_receipt_that_is_broken,
        a_run_that_failed,
        what_a_read_was_described_as,
        where_it_was_read,
    ],
    ids=lambda change: change.__name__,
)
def test_what_changed_makes_the_report_anew(world, monkeypatch, change):
    assert found(world)
    change(world, monkeypatch)
    assert not found(world)


def test_a_format_that_it_was_not_asked_for_makes_it_anew(world):
    assert found(world, formats=("html", "ipynb"))
    assert not found(world, formats=("pdf",))
    assert not found(world, formats=("csv", "parquet"))


def test_what_read_nothing_or_went_around_the_register_is_made_anew(world):
    receipt = receipts.load(receipt_of(world))
    judge = Reuse(templates.load(world[0] / "trial"), Versions(), ("csv",))
    assert judge._same_data(receipt)
    assert not judge._same_data(dataclasses.replace(receipt, reads=()))
    assert not judge._same_data(dataclasses.replace(receipt, around=({"what": "a file", "how": "open"},)))


def test_what_asked_the_register_itself_is_made_anew(tmp_path, monkeypatch):
    catalogs, out = write_small_catalog(tmp_path), tmp_path / "out"
    monkeypatch.setenv("LONDATA_CATALOGS", str(catalogs))
    counts = 'from londata import catalog\ncatalog["borough-profile"].read()\nprint(len(catalog))'
    template = write_template(tmp_path / "counts", counts)
    first = reports.run(template, place="Camden", out=out, progress=False)
    receipt = receipts.load(first.folder)
    assert receipt.asked
    assert not receipt.around
    people = (catalogs / "people.yaml").read_text()
    (catalogs / "more.yaml").write_text(
        people.replace("borough-profile", "another").replace("borough-places", "a-third")
    )
    again = reports.run(template, place="Camden", out=out, progress=False)
    assert not again.reused
    assert receipts.load(again.folder).outputs != receipt.outputs


def test_a_file_beside_the_catalogue_that_changed_makes_it_anew(made, world):
    assert found(world)
    places = made[0] / "catalogs" / "data" / "places.geojson"
    before = places.read_text()
    try:
        places.write_text(before.replace("Town hall", "Town Hall"))
        assert not found(world)
    finally:
        places.write_text(before)
    assert found(world)


def test_choices_of_open_data_are_remembered_while_its_bytes_stay_as_they_are(tmp_path, monkeypatch):
    from londata.reports.parameters import ValuesFrom

    catalogs = write_small_catalog(tmp_path)
    monkeypatch.setenv("LONDATA_CATALOGS", str(catalogs))
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))
    source = ValuesFrom(entry="borough-profile", column="borough")
    three = ("Camden", "City of London", "Hackney")
    assert Versions().choices(source) == three
    (kept,) = (tmp_path / "cache" / "choices").iterdir()
    assert json.loads(kept.read_text()) == list(three)
    kept.write_text('["from memory"]')
    assert Versions().choices(source) == ("from memory",)
    with (catalogs / "data" / "boroughs.csv").open("a") as table:
        table.write("E09000003,Barnet,389344\n")
    assert Versions().choices(source) == ("Barnet", *three)


READS_SHARED = """
from londata import catalog
print(len(catalog["ages"].read()))
"""


def test_shared_data_is_used_again_only_while_it_may_be_read(tmp_path, monkeypatch):
    world = shared_world(tmp_path / "world", rows=300)
    with served_gateway(world, on_socket=True) as gateway:
        catalog_of(world)
        for name, value in {"GATEWAY": gateway.address, "TOKEN": "token-of-ada", "PROJECT": "places"}.items():
            monkeypatch.setenv(f"LONDATA_{name}", value)
        monkeypatch.setenv("LONDATA_CATALOGS", str(world.folder / "catalog"))
        GatewayFileSystem.clear_instance_cache()
        template = write_template(tmp_path / "trial", READS_SHARED)

        def run():
            return reports.run(template, place="Camden", out=tmp_path / "out", progress=False)

        first = run()
        (read,) = first.reads()
        assert (read["agreement"], read["project"]) == ("ISA-2", "places")
        assert run().reused
        gateway.store.end_grant("ada-ages-places", "chen", "the work is done")
        with pytest.raises(ReportError, match="chen took back"):
            run()
