"""The numbers of figures through a real run: from the kernel into the report's folder, its page and its receipt."""

import hashlib
import json

import pandas as pd
import pypdf
import pytest
from bs4 import BeautifulSoup

from londata import reports
from londata.errors import ReportError
from trial_reports import make_template

FIGURES = """
import pandas as pd
from londata.charts import bars, lines
from londata.reports.blocks import figure

days = pd.DataFrame({"day": pd.date_range("2025-03-01", periods=100), "no2": range(100)})
said = {"source": "Nobody", "summary": ["It rises."]}
drawing = lines(days.set_index("day")["no2"])
figure(drawing, title="By day", unit="µg/m³", alt="A rising line", data=days, columns={"no2": "NO₂"}, **said)
"""
MORE = """
kinds = pd.DataFrame({"kind": ["Theft", "=SUM(A1)"], "offences": [3, 4]})
drawing = bars(kinds.set_index("kind")["offences"])
figure(drawing, title="By kind", unit="offences", alt="Two bars", data=kinds, **said)
"""
SPOILT = """
import os
from pathlib import Path
Path(os.environ["LONDATA_FIGURE_DATA"], "01-mine.parquet").write_text("not a table")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    template = make_template(folder / "trial", "# Numbers", FIGURES, MORE)
    return reports.run(template, out=folder / "out", formats=("csv", "parquet", "pdf"), progress=False)


def test_every_figure_leaves_its_numbers_beside_the_report(made):
    names = {path.name for path in (made.html.parent / "data").iterdir()}
    assert names == {
        "01-by-day.csv",
        "01-by-day.parquet",
        "02-by-kind.csv",
        "02-by-kind.parquet",
        "csv-metadata.json",
    }
    by_day = pd.read_csv(made.html.parent / "data" / "01-by-day.csv", parse_dates=["day"])
    assert by_day["no2"].tolist() == list(range(100))
    assert by_day["day"].iloc[-1] == pd.Timestamp("2025-06-08")
    by_kind = pd.read_parquet(made.html.parent / "data" / "02-by-kind.parquet")
    assert by_kind["kind"].tolist() == ["Theft", "=SUM(A1)"]


def test_the_page_links_to_them_and_the_notebook_names_them(made):
    page = BeautifulSoup(made.html.read_text(encoding="utf-8"), "html.parser")
    links = {link["href"] for link in page.find_all("a")}
    assert {"data/01-by-day.csv", "data/02-by-kind.parquet", "report.pdf"} <= links
    assert page.find(class_="kept").get_text().startswith("Rows 1 to 60 of 100; all of them are in 01-by-day.csv")
    assert "all of them are kept as 01-by-day" in made.notebook.read_text(encoding="utf-8")


def test_the_receipt_vouches_for_each_of_them(made):
    folder = made.html.parent
    text = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    hashes = {entity["@id"]: entity.get("sha256") for entity in text["@graph"]}
    for name in ("data/01-by-day.csv", "data/02-by-kind.parquet", "data/csv-metadata.json", "report.pdf"):
        assert hashes[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest(), name


def test_the_pdf_has_the_tables_that_are_folded_on_the_page(made):
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(made.html.parent / "report.pdf").pages)
    assert "2025-04-29" in text
    assert "Rows 1 to 60 of 100" in text


def test_what_a_notebook_writes_there_itself_fails_the_report_by_name(tmp_path):
    template = make_template(tmp_path / "spoilt", SPOILT)
    with pytest.raises(ReportError, match=r"01-mine\.parquet is not what a figure leaves"):
        reports.run(template, out=tmp_path / "out", progress=False)
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith("spoilt-") and path.suffix == ""]
