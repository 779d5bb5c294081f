"""``londata check``, ``search``, ``show`` and ``read``: what they print and what they return."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from londata.cli import main


@pytest.fixture
def londata(small_catalog, monkeypatch, capsys):
    monkeypatch.setenv("LONDATA_CATALOGS", str(small_catalog))

    def run(*arguments):
        code = main(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_check_counts_what_is_good(londata):
    assert londata("check") == (0, "9 entries, 2 publishers, 4 readable offline: all good\n", "")


def test_check_can_be_given_a_folder_or_a_file(londata, small_catalog):
    assert londata("check", str(small_catalog))[0] == 0
    assert londata("check", str(small_catalog / "transport.yaml"))[1].startswith("4 entries, 2 publishers, 1 readable")
    code, _, error = londata("check", str(small_catalog / "nowhere"))
    assert (code, "does not exist" in error) == (3, True)


def test_check_lists_every_problem(londata, small_catalog):
    text = (small_catalog / "people.yaml").read_text(encoding="utf-8")
    (small_catalog / "people.yaml").write_text(text.replace("open", "free"), encoding="utf-8")
    code, _, error = londata("check")
    assert code == 3
    assert "have 3 problems" in error
    assert "catalogs/people.yaml: borough-profile: access: 'free'" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("rows: 3", "rows: 4", "distributions.csv: has 3 rows, the record says 4"),
        ("name: residents", "name: people", "has no column people; it has code, borough, residents"),
        ("      - {name: borough, type: string}\n", "", "has columns that the record does not describe: borough"),
    ],
)
def test_check_with_read_compares_files_with_their_records(londata, small_catalog, old, new, expected):
    assert londata("check", "--read")[0] == 0
    text = (small_catalog / "people.yaml").read_text(encoding="utf-8")
    assert old in text
    (small_catalog / "people.yaml").write_text(text.replace(old, new), encoding="utf-8")
    assert londata("check")[0] == 0
    code, _, error = londata("check", "--read")
    assert code == 3
    assert f"borough-profile: {'distributions.csv: ' if 'distributions' not in expected else ''}{expected}" in error


def test_the_shipped_catalogue_is_as_its_records_say(monkeypatch, capsys):
    monkeypatch.delenv("LONDATA_CATALOGS", raising=False)
    assert main(["check", "--read"]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out.endswith("all good\n")


def test_search_prints_slugs_best_first_and_the_total(londata):
    code, out, _ = londata("search", "cycle", "--publisher", "TfL", "--limit", "1")
    assert code == 0
    assert out.splitlines()[0] == "cycle-hires-daily"
    assert out.splitlines()[-1] == "2 entries, 1 shown"
    assert londata("search", "qxzvwk")[1] == "0 entries\n"
    assert londata("search", "--access", "public")[0] == 2


def test_show_prints_the_card_or_the_record(londata):
    assert "catalog.borough_profile.read()" in londata("show", "borough-profile")[1]
    record = json.loads(londata("show", "borough_profile", "--json")[1])
    assert record["publisher"]["name"] == "Greater London Authority"
    code, _, error = londata("show", "borough-profle")
    assert code == 4
    assert "did you mean borough_profile" in error


def test_read_prints_rows_or_writes_a_file(londata, tmp_path):
    code, out, _ = londata("read", "borough-profile", "--columns", "borough, residents", "--rows", "1")
    assert code == 0
    assert out.splitlines()[-1] == "1 row, 2 columns; there may be more"
    assert len(out.splitlines()) == 3
    assert londata("read", "borough_profile", "--out", str(tmp_path / "x.parquet"))[0] == 0
    assert len(pd.read_parquet(tmp_path / "x.parquet")) == 3
    assert londata("read", "borough_places", "--out", str(tmp_path / "x.geojson"))[0] == 0
    code, _, said = londata("read", "borough_profile", "--out", str(tmp_path / "nowhere" / "x.csv"))
    assert (code, "There is no folder" in said) == (2, True)
    (tmp_path / "taken.csv").mkdir()
    code, _, said = londata("read", "borough_profile", "--out", str(tmp_path / "taken.csv"))
    assert (code, "cannot be written" in said) == (2, True)
    assert "FeatureCollection" in (tmp_path / "x.geojson").read_text(encoding="utf-8")


def test_read_says_what_cannot_be(londata, tmp_path):
    assert "does not write .xyz" in londata("read", "borough-profile", "--out", str(tmp_path / "x.xyz"))[2]
    assert "cannot be written as .nc" in londata("read", "borough-profile", "--out", str(tmp_path / "x.nc"))[2]
    code, _, error = londata("read", "school-rolls")
    assert code == 2
    assert 'distribution="tsv"' in error
    assert londata("read", "care-cases")[0] == 5
