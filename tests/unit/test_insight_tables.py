"""Tables in a notebook: protected, left for release when checked, read from the hub when released."""

from __future__ import annotations

import hashlib
import io
import json

import pandas as pd
import pytest

from londata.client import insights_client
from londata.errors import ReadError, UsageError
from londata.insights.leaving import Left
from londata.insights.tables import table
from londata.records import Thresholds

PUPILS = pd.DataFrame(
    {
        "pupil": range(230),
        "home": ["Camden"] * 64 + ["Brent"] * 106 + ["Barnet"] * 57 + [None] * 3,
        "phase": (["primary", "secondary"] * 115),
    }
)
SPENT = pd.DataFrame(
    {
        "supplier": [f"s{n % 25}" for n in range(75)] + ["acme"],
        "service": ["roads"] * 25 + ["parks"] * 25 + ["schools"] * 26,
        "pounds": [100 + n for n in range(75)] + [90_000],
    }
)
SAID = {"title": "Pupils by borough of home", "unit": "pupils"}


def shown(made):
    return {
        tuple(row[: len(made.by)]): None if row[len(made.by)] != row[len(made.by)] else row[len(made.by)]
        for row in made.frame.itertuples(index=False)
    }


def test_rows_of_people_are_counted_and_protected():
    made = table("pupils", lambda: PUPILS, **SAID, by="home")
    assert shown(made) == {("Barnet",): None, ("Brent",): 105, ("Camden",): 65, ("not stated",): None, ("Total",): 230}
    assert made.hidden == {"Barnet": "it would give away another number", "not stated": "too few stand behind it"}
    assert "Counts below 10 are hidden" in made.note
    assert "Nothing was left for release" in made.note


def test_a_table_by_two_has_every_pair_and_totals():
    made = table("pupils", lambda: PUPILS[:170], **SAID, by=("home", "phase"))
    assert len(made.frame) == 9
    assert list(made.frame.columns) == ["home", "phase", "count"]
    assert shown(made)["Camden", "Total"] == 65


def test_counts_that_are_there_already_are_protected_too():
    grouped = pd.DataFrame({"home": ["a", "b", "c"], "pupils": [4, 50, 62]})
    made = table("pupils", lambda: grouped, **SAID, by="home", value="pupils")
    assert shown(made) == {("a",): None, ("b",): None, ("c",): 60, ("Total",): 115}


def test_every_category_of_a_column_is_shown_also_those_of_nobody():
    homes = pd.Categorical(["a"] * 40 + ["b"] * 50, categories=["b", "a", "c"])
    made = table("pupils", lambda: pd.DataFrame({"home": homes}), **SAID, by="home")
    assert list(made.frame["home"]) == ["b", "a", "c", "Total"]
    assert made.hidden["c"] == "too few stand behind it"


@pytest.mark.parametrize("kind", ["int64", "Int64", "float32"])
def test_numbers_by_which_a_table_is_stand_by_size(kind):
    years = pd.Series([2] * 40 + [10] * 50 + [-1] * 30).astype(kind)
    made = table("pupils", lambda: pd.DataFrame({"year": years}), **SAID, by="year")
    assert [float(each) for each in made.frame["year"][:-1]] == [-1, 2, 10]
    assert made.frame["year"].iloc[-1] == "Total"


def test_sums_are_protected_by_who_contributes():
    made = table(
        "spent",
        lambda: SPENT,
        title="Spent",
        unit="£",
        kind="sums",
        by="service",
        value="pounds",
        contributor="supplier",
    )
    assert list(made.frame.columns) == ["service", "pounds", "contributions"]
    assert made.hidden["schools"] == "a few make up nearly all of it"
    assert "90000" not in repr(made) + made._repr_html_()
    assert "“" not in made.hidden
    assert shown(made)["Total",] is None, "one supplier makes up nearly all of it, too"


def test_what_a_contributor_gives_back_is_taken_off_and_business_rates_are_an_amount():
    given = pd.DataFrame({"home": ["a"] * 24, "pounds": [90, -40, *range(5, 27)], "who": [0, 0, *range(1, 23)]})
    said = {"title": "Business rates paid", "unit": "pounds of business rates", "by": "home", "contributor": "who"}
    made = table("paid", lambda: given, **said, kind="sums", value="pounds")
    assert shown(made)["a",] == 50 + sum(range(5, 27))


def test_people_who_are_counted_once_in_each_group_only():
    twice = pd.concat([PUPILS, PUPILS])
    assert shown(table("pupils", lambda: twice, **SAID, by="home", contributor="pupil"))["Total",] == 230
    moved = pd.concat([PUPILS, PUPILS.assign(home="Brent")])
    with pytest.raises(UsageError, match="count them twice"):
        table("pupils", lambda: moved, **SAID, by="home", contributor="pupil")


def test_what_is_hidden_in_any_case_and_tighter_thresholds():
    made = table("pupils", lambda: PUPILS[:170], **SAID, by="home", hide=[("Camden",)])
    assert made.hidden == {"Camden": "it would give away another number"}
    assert table("p", lambda: PUPILS[:170], **SAID, by="home", thresholds=Thresholds(minimum=70)).hidden["Camden"]
    assert table("p", lambda: PUPILS[:170], **SAID, by="home", thresholds={"minimum": 70}).hidden["Camden"]
    for looser in ({"minimum": 5}, {"least": 20}, 20):
        with pytest.raises(UsageError, match="tightened and never loosened"):
            table("p", lambda: PUPILS, **SAID, by="home", thresholds=looser)
    with pytest.raises(UsageError, match="no place"):
        table("pupils", lambda: PUPILS, **SAID, by="home", hide=[("Atlantis",)])


AGES = pd.DataFrame({"home": ["Camden"] * 20 + ["Brent"] * 30, "one": 1, "typical": [9] * 20 + [12] * 30})
AGES["mean_age"], AGES["change"] = AGES.typical, [-2] * 20 + [3] * 29 + [4]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"by": "borough"}, "no column 'borough'"),
        ({"by": ()}, "by 0 columns"),
        ({"by": ("home", "phase", "pupil")}, "by 3 columns"),
        ({"by": "home", "title": " "}, "needs a title"),
        ({"by": "home", "name": "Pupils!"}, "no name of a table"),
        ({"by": "home", "kind": "means"}, "no tables of 'means'"),
        ({"by": "home", "unit": "%"}, "The unit '%' of the table pupils says “%”"),
        ({"by": "home", "unit": "per cent of pupils"}, "means and rates cannot be protected"),
        ({"by": "home", "kind": "sums", "value": "mean_age", "make": lambda: AGES}, "'mean_age' .* says “mean”"),
        ({"by": "home", "value": "mean_age", "make": lambda: AGES}, "beside one they give back the other"),
        ({"by": "home", "kind": "sums", "value": "one", "make": lambda: AGES}, "exactly how many there are"),
        ({"by": "home", "kind": "sums", "value": "typical", "make": lambda: AGES}, "contribute the same 'typical'"),
        ({"by": "home", "kind": "sums", "value": "change", "make": lambda: AGES}, "'change' .* 20 contributions below"),
        ({"by": "home", "kind": "sums"}, "adds up nothing"),
        ({"by": "home", "value": "phase"}, "primary"),
        ({"by": "home", "make": lambda: [1, 2]}, "no data frame"),
        ({"by": "home", "kind": "sums", "value": "pupil", "contributor": "home"}, "3 rows have nobody"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(more, said):
    with pytest.raises(UsageError, match=said):
        table(**{"name": "pupils", "make": lambda: PUPILS, **SAID, **more})


def test_a_table_is_shown_to_everybody_and_nothing_in_it_runs():
    odd = pd.DataFrame({"<i>home": ["<script>alert(1)</script>"] * 20 + ["b"] * 12})
    made = table("pupils", lambda: odd, title="A <b>title</b>", unit="<u>", by="<i>home")
    markup = made._repr_html_()
    assert "<script" not in markup
    assert "<b>title" not in markup
    assert "<caption" in markup
    assert "<th scope='row'" in markup
    assert "<th scope='col'>&lt;i&gt;home</th>" in markup
    hidden = table("pupils", lambda: PUPILS, **SAID, by="home")
    assert ">hidden</td>" in hidden._repr_html_()
    assert "not stated: too few stand behind it" in repr(hidden)


def test_of_many_rows_the_first_are_shown_and_it_says_so():
    many = pd.DataFrame({"n": range(1_000)})
    made = table("many", lambda: many, title="Many", unit="rows", kind="open")
    assert "Rows 1 to 200 of 1,000; all are in .frame." in made._repr_html_()
    assert len(made.frame) == 1_000


# Left for release ----------------------------------------------------------------------------------------------------


def test_a_check_leaves_the_table_and_its_workings(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_OUTPUT_TABLES", str(tmp_path))
    made = table("pupils", lambda: PUPILS, **SAID, by="home")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pupils.csv", "pupils.json", "pupils.parquet"]
    assert "Nothing was left" not in made.note
    left = Left.from_json((tmp_path / "pupils.json").read_bytes())
    assert (left.title, left.unit, left.kind) == (SAID["title"], "pupils", "counts")
    assert left.workings.to_dict()["cells"][0]["value"] == 57
    assert b"Barnet,\r\nBrent,105\r\n" in (tmp_path / "pupils.csv").read_bytes()
    assert b"57" not in (tmp_path / "pupils.csv").read_bytes()
    assert pd.read_parquet(tmp_path / "pupils.parquet").equals(made.frame)
    with pytest.raises(UsageError, match="two tables of the name"):
        table("pupils", lambda: PUPILS, **SAID, by="home")


def test_an_open_table_keeps_what_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_OUTPUT_TABLES", str(tmp_path))
    times = pd.to_datetime(["2026-03-01T08:00", None], utc=True)
    frame = pd.DataFrame(
        {"at": times, "no2": [41.5, None], "valid": [True, False], "site": ["=cmd()", None], "n": [1, 2]}
    )
    made = table("readings", lambda: frame, title="Readings", unit="µg/m³", kind="open")
    assert made.frame["at"].tolist()[0] == times[0]
    assert made.frame["no2"].isna().tolist() == [False, True]
    assert made.frame["n"].tolist() == [1, 2]
    assert b"'=cmd()" in (tmp_path / "readings.csv").read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../pupils"}, {"name": 5}, {"title": ""}, {"title": "a\nb"}, {"kind": "open"}, {"kind": "means"},
        {"rows": [[1]]}, {"rows": [["a", "b"]]}, {"rows": [["a", 10**40]]}, {"columns": {}},
        {"columns": {"home": "picture", "count": "integer"}},
        {"value": "other"}, {"workings": None}, {"workings": {"kind": "counts"}}, {"more": 1}, {"rows": 7},
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(tmp_path, monkeypatch, change):
    monkeypatch.setenv("LONDATA_OUTPUT_TABLES", str(tmp_path))
    table("pupils", lambda: PUPILS, **SAID, by="home")
    document = json.loads((tmp_path / "pupils.json").read_bytes())
    with pytest.raises(UsageError, match=r"insight leaves|workings"):
        Left.from_json(json.dumps(document | change))


def test_workings_of_a_table_that_would_be_enormous_are_refused_at_once():
    cells = [
        {
            "place": [f"r{n}", f"c{n}"],
            "value": 1,
            "contributions": 1,
            "contributors": 1,
            "largest": [],
            "parts": [],
            "why": "",
        }
        for n in range(20_000)
    ]
    workings = {"kind": "counts", "dimensions": ["a", "b"], "thresholds": {}, "cells": cells}
    document = {
        "name": "t",
        "title": "T",
        "unit": "u",
        "kind": "counts",
        "value": "n",
        "columns": {"n": "integer"},
        "rows": [],
    }
    with pytest.raises(UsageError, match="whole table"):
        Left.from_json(json.dumps(document | {"workings": workings}))


# Released ------------------------------------------------------------------------------------------------------------


class Hub:
    """A stand-in for the hub's client: one released table."""

    def __init__(self, frame, digest=None):
        file = io.BytesIO()
        frame.to_parquet(file)
        self.content, self.asked = file.getvalue(), []
        self.digest = hashlib.sha256(self.content).hexdigest() if digest is None else digest

    def table(self, slug, name):
        self.asked.append((slug, name))
        return self.content, self.digest


def never():
    raise AssertionError("a released app makes nothing")


def test_a_released_app_reads_the_released_table_and_makes_nothing(monkeypatch, tmp_path):
    hub = Hub(pd.DataFrame({"home": ["a", "Total"], "count": [None, 105.0]}))
    monkeypatch.setenv("LONDATA_INSIGHT", "homes")
    monkeypatch.setenv("LONDATA_OUTPUT_TABLES", str(tmp_path))
    monkeypatch.setattr(insights_client, "insights_client", lambda: hub)
    made = table("pupils", never, **SAID, by="home")
    assert hub.asked == [("homes", "pupils")]
    assert shown(made) == {("a",): None, ("Total",): 105}
    assert made.hidden == {}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", ["f" * 64, "whole"])
def test_a_released_table_that_did_not_come_whole_is_refused(monkeypatch, wrong):
    hub = Hub(pd.DataFrame({"a": [1]}), "f" * 64 if wrong != "whole" else "")
    hub.content = hub.content if wrong != "whole" else hub.content[:40]
    monkeypatch.setenv("LONDATA_INSIGHT", "homes")
    monkeypatch.setattr(insights_client, "insights_client", lambda: hub)
    with pytest.raises(ReadError, match="released table pupils"):
        table("pupils", never, **SAID, by="home")
