"""A figure with its numbers: the table behind it, and the file that is left for the report."""

import datetime as dt
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from londata.errors import ReportError, UsageError
from londata.reports import blocks

SAID = {
    "title": "Homes & gardens",
    "unit": "homes, 2025",
    "source": "GLA",
    "alt": "A bar for each",
    "summary": ["More."],
}
FRAME = pd.DataFrame(
    {"day": pd.date_range("2025-03-01", periods=5), "homes": [1200, 5, 7, 9, 11], "share": [0.5, None, 1, 2, 3]}
)


@pytest.fixture
def left(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_FIGURE_DATA", str(tmp_path))
    return tmp_path


def shown(**values):
    return BeautifulSoup(blocks.figure(Figure(), **SAID | values).markup, "html.parser")


def test_the_numbers_of_a_figure_are_folded_behind_it():
    page = shown(data=FRAME, columns={"homes": "Homes built"}, decimals={"homes": 0})
    table = page.details.table
    assert table.caption.get_text() == "Homes & gardens (homes, 2025)"
    assert [cell.get_text() for cell in table.thead.find_all("th")] == ["day", "Homes built", "share"]
    assert [cell.get_text() for cell in table.tbody.tr.find_all(["th", "td"])] == ["2025-03-01", "1,200", "0.5"]
    assert table.tbody.find_all("tr")[1].find_all("td")[1].get_text() == "not published"
    assert not page.find(class_="kept")


def test_without_a_folder_nothing_is_written_and_a_long_table_says_what_is_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = shown(data=FRAME, rows=2)
    assert len(page.tbody.find_all("tr")) == 2
    assert page.find(class_="kept").get_text() == "Rows 1 to 2 of 5, without the others."
    assert list(tmp_path.iterdir()) == []


def test_a_long_table_names_the_file_that_has_all(left):
    page = shown(data=FRAME, rows=2)
    assert page.find(class_="kept").get_text() == "Rows 1 to 2 of 5; all of them are kept as 01-homes-gardens."
    assert pq.read_table(left / "01-homes-gardens.parquet").num_rows == 5
    assert "Rows 1 to 2 of 5" in repr(blocks.figure(Figure(), **SAID, data=FRAME, rows=2))


def test_a_figure_with_a_table_of_its_own_shows_none_and_keeps_its_numbers(left):
    page = shown(data=FRAME, rows=0)
    assert not page.find("table")
    assert [path.name for path in left.iterdir()] == ["01-homes-gardens.parquet"]


def test_files_are_numbered_in_the_order_of_the_figures_and_say_what_they_are(left):
    shown(data=FRAME, columns={"homes": "Homes built"})
    shown(data=FRAME, title="Numbers… by day")
    assert sorted(path.name for path in left.iterdir()) == ["01-homes-gardens.parquet", "02-numbers-by-day.parquet"]
    about = json.loads(pq.read_schema(left / "01-homes-gardens.parquet").metadata[b"londata.figure"])
    assert about["title"] == "Homes & gardens"
    assert about["titles"] == {"day": "day", "homes": "Homes built", "share": "share"}
    assert about["kinds"] == {"day": "date", "homes": "integer", "share": "number"}


def test_names_in_the_index_periods_and_categories_become_columns(left):
    frame = pd.DataFrame(
        {"kind": pd.Categorical(["a", None]), "n": [1, 2]},
        index=pd.period_range("2025-01", periods=2, freq="M", name="month"),
    )
    shown(data=frame)
    kept = pq.read_table(left / "01-homes-gardens.parquet").to_pylist()
    assert kept == [{"month": "2025-01", "kind": "a", "n": 1}, {"month": "2025-02", "kind": None, "n": 2}]


@pytest.mark.parametrize(
    ("data", "columns", "said"),
    [
        (pd.Series([1, 2]), None, "are a table"),
        (pd.DataFrame({"n": [1]}, index=["Camden"]), None, "the names have no name"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), None, "one name for each column"),
        (pd.DataFrame({("a", "b"): [1]}), None, "one name for each column"),
        (FRAME, {"house": "Homes"}, "no column 'house'"),
        (FRAME, {"day": "homes"}, "with the same words"),
    ],
)
def test_what_is_no_tidy_table_is_refused_with_what_to_do(data, columns, said):
    with pytest.raises(UsageError, match=said) as raised:
        shown(data=data, columns=columns)
    assert raised.value.hint


def test_a_column_of_several_kinds_is_refused_where_it_would_be_written(left):
    with pytest.raises(UsageError, match="cannot be written") as raised:
        shown(data=pd.DataFrame({"n": [1, "two", dt.date(2025, 1, 1)]}))
    assert "one kind of value" in raised.value.hint
    assert list(left.iterdir()) == []


def test_shapes_are_no_numbers():
    import geopandas as gpd

    with pytest.raises(UsageError, match="holds shapes"):
        shown(data=gpd.GeoDataFrame({"n": [1]}, geometry=gpd.points_from_xy([0], [0])))


def test_a_folder_that_is_gone_is_a_sentence(left):
    left.rmdir()
    with pytest.raises(ReportError, match="cannot be written"):
        shown(data=FRAME)
