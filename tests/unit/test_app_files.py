"""The files of the apps that are shipped, the look they share, and how the service finds them."""

import re
from importlib import import_module
from pathlib import Path

import nbformat
import pytest
import yaml

from londata.insights import LOOK
from londata.settings import shipped
from londata.widgets import borough_explorer
from londata_hub.apps import gallery
from londata_hub.apps.shelf import find_apps

APPS = sorted(shipped("voila-apps").glob("*/app.ipynb"))
TEMPLATE = LOOK / "voila" / "templates" / "londata"


@pytest.mark.parametrize("notebook", APPS, ids=lambda path: path.parent.name)
def test_an_apps_notebook_is_short_and_clean(notebook):
    content = nbformat.read(notebook, as_version=4)
    nbformat.validate(content)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    assert content.metadata["title"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert sum(len(cell.source.splitlines()) for cell in code) <= 20, "the logic belongs in londata.widgets"


def test_the_shelf_holds_every_shipped_app_with_its_record():
    found = find_apps(shipped("voila-apps"))
    assert set(found) == {path.parent.name for path in APPS}
    assert found["borough-explorer"].title == "Borough explorer"


@pytest.mark.parametrize("notebook", APPS, ids=lambda path: path.parent.name)
def test_the_record_of_an_app_names_what_its_module_reads(notebook):
    (module,) = re.findall(r"from londata\.widgets\.(\w+) import", notebook.read_text(encoding="utf-8"))
    record = yaml.safe_load(notebook.with_name("app.yaml").read_text(encoding="utf-8"))
    assert record["insight"]["uses"] == list(import_module(f"londata.widgets.{module}").USES)


def test_a_folder_that_is_no_app_is_left_out_and_said(tmp_path, caplog):
    for name, record in [("good", "insight: {title: Good}"), ("broken", "insight: ["), ("bare", "title: x")]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.yaml").write_text(record)
        (tmp_path / name / "app.ipynb").write_text("{}")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "app.yaml").write_text("insight: {title: Empty}")
    (tmp_path / "Bad Name").mkdir()
    (tmp_path / "Bad Name" / "app.yaml").write_text("insight: {title: Bad}")
    (tmp_path / "Bad Name" / "app.ipynb").write_text("{}")
    assert list(find_apps(tmp_path)) == ["good"]
    assert {record.args[0] for record in caplog.records} == {"broken", "bare", "empty", "Bad Name"}


@pytest.mark.parametrize("file", sorted(path for path in TEMPLATE.rglob("*") if path.is_file()), ids=lambda p: p.name)
def test_the_look_asks_no_other_host_for_anything(file):
    text = file.read_text()
    assert not re.findall(r"https?://|@import|(?<!_)url\(", text)
    assert not re.findall(r"<script(?![^>]*(?:src=|type=\"application/))", text), "a script within the page"


def test_every_colour_of_text_has_enough_contrast():
    """WCAG 2.2 AA: at least 4.5:1 against the paper, computed from the style sheets and the figures."""
    from londata.geography import figures

    sheets = [TEMPLATE / "static" / "page.css", *Path(borough_explorer.__file__).parent.glob("*.css")]
    colours = {match for sheet in sheets for match in re.findall(r"(?<!-)color: (#[0-9a-f]{6})", sheet.read_text())}
    assert colours
    for colour in colours | {figures.INK, figures.QUIET, figures.CHOSEN}:
        assert contrast(colour, "#fdf0e7") >= 4.5, colour
    assert contrast(figures.BAR, figures.PAPER) >= 3


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_what_is_said_in_place_of_an_app_is_escaped():
    page = gallery.notice("<script>alert(1)</script>", '"><img src=x>', "/services/insights/")
    assert "<script>" not in page
    assert "<img" not in page
    assert "<h1>&lt;script&gt;" in page
    assert '<a href="/services/insights/">All insights</a>' in page
