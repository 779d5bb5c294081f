"""The page of a report: its words, its order, its links, and what it says of what it rests on."""

import itertools
import json

import pytest
from bs4 import BeautifulSoup

from londata.errors import ReportError
from londata.reports import figure_data
from report_pages import AROUND, JOIN, READ, cell, make_job, plates, write

NO_ALT = "<img src='data:image/png;base64,AA=='>"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One page with everything on it, which many tests look at; and its job."""
    job = make_job(tmp_path_factory.mktemp("page"), "csv", "parquet", "pdf")
    with pytest.MonkeyPatch.context() as monkeypatch:
        first, second = plates(job, monkeypatch)
    restricted = READ | {
        "entry": "pupils",
        "title": "Pupils <x>",
        "access": "closed",
        "agreement": "isa-7",
        "sha256": "cd" * 32,
    }
    cells = [
        "## Air",
        cell(first.markup),
        "# Down\n\n#### Deep",
        cell(second.markup),
        cell("<img src='data:image/png;base64,AA=='>"),
    ]
    path = write(job, *cells, noted=(READ, restricted, JOIN, AROUND))
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser"), job


def test_there_is_no_code_and_one_first_heading_and_no_level_is_left_out(made):
    page, _ = made
    assert "secret_code" not in page.get_text()
    levels = [int(heading.name[1]) for heading in page.find_all(["h1", "h2", "h3", "h4", "h5", "h6"])]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_it_has_a_language_landmarks_a_skip_link_and_a_title(made):
    page, _ = made
    assert page.html["lang"] == "en-GB"
    assert all(page.find(landmark) for landmark in ("header", "main", "footer"))
    assert page.find(id=page.find(class_="skip")["href"].removeprefix("#")).name == "main"
    assert page.title.string == "Camden – Borough profile"


def test_every_picture_has_words_and_every_table_a_caption_and_heads(made):
    page, _ = made
    assert all(image["alt"].strip() for image in page.find_all("img"))
    assert page.find_all("img")[-1]["alt"].startswith("Figure; its author gave no description")
    for table in page.find_all("table"):
        assert table.caption.get_text().strip()
        assert all(head["scope"] in ("col", "row") for head in table.find_all("th"))


def test_it_needs_nothing_from_elsewhere(made):
    page, _ = made
    assert not page.find_all(["script", "link", "iframe", "object"])
    assert all(image["src"].startswith("data:image/") for image in page.find_all("img"))
    assert "default-src 'none'" in page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert "@import" not in page.style.string
    assert "url(" not in page.style.string


def test_the_finished_page_is_not_read_once_more(tmp_path, monkeypatch):
    def refuse(page, **_):
        raise AssertionError(f"nbconvert read {len(page)} letters again, to mend what is whole")

    monkeypatch.setattr("nbconvert.exporters.html.BeautifulSoup", refuse)
    path = write(
        make_job(tmp_path / "x", "csv"), "## Air", cell("<p>a &amp; b</p><img src='data:image/png;base64,AA=='>")
    )
    assert "a &amp; b" in path.read_text(encoding="utf-8")
    assert 'alt="Figure; its author gave no description"' in path.read_text(encoding="utf-8")


def test_every_link_leads_to_a_file_that_is_there_or_a_place_on_the_page(made):
    page, job = made
    links = {link["href"] for link in page.find_all("a")}
    beside = {link for link in links if not link.startswith("#")}
    later = {"report.ipynb", "report.pdf", "ro-crate-metadata.json"}  # written before and after the page
    assert beside - later == {f"data/{path.name}" for path in (job.report / "data").iterdir()}
    assert later <= beside
    assert all(page.find(id=link[1:]) for link in links - beside)


def test_a_long_table_says_how_many_rows_there_are_and_links_to_all(made):
    page, _ = made
    note = page.find("details").find(class_="kept")
    assert note.get_text() == (
        "Rows 1 to 24 of 744; all of them are in 01-no2-at-euston-road.csv and 01-no2-at-euston-road.parquet."
    )
    assert len(page.find("details").tbody.find_all("tr")) == 24


def test_it_says_what_was_joined_and_what_went_around_the_register(made):
    page, _ = made
    warning = page.footer.find("section", class_="warning").get_text(" ", strip=True)
    assert "https://example.org/<b>x</b>.csv – pandas.read_csv" in warning
    assert "read around the register" in page.header.find(class_="warning").get_text()
    joined = next(table for table in page.footer.find_all("table") if "joined" in table.caption.get_text())
    assert [each.get_text() for each in joined.tbody.find_all(["th", "td"])] == [
        "areas with schools", "code", "1,033", "1,031", "2", "0",
    ]  # fmt: skip
    assert "a join (areas with schools) found no match for 2 of 1,033 rows" in page.find(class_="quote").get_text()


def test_it_names_the_agreement_where_data_were_read_under_one(made):
    page, _ = made
    rows = page.footer.find("table").tbody.find_all("tr")
    assert [row.find_all("td")[3].get_text() for row in rows] == ["none needed", "isa-7"]
    assert rows[1].th.get_text() == "Pupils <x>"


def test_a_page_without_joins_warnings_and_agreements_does_not_speak_of_them(tmp_path):
    page = write(make_job(tmp_path / "plain"), "## Air").read_text(encoding="utf-8")
    said = BeautifulSoup(page, "html.parser").get_text()
    assert not any(word in said for word in ("Warning", "joined", "Agreement", "behind the figures", "PDF"))


def test_without_files_a_long_table_says_how_to_have_all(tmp_path, monkeypatch):
    job = make_job(tmp_path / "bare")
    first, _ = plates(job, monkeypatch)
    page = BeautifulSoup(write(job, cell(first.markup)).read_text(encoding="utf-8"), "html.parser")
    assert page.find(class_="kept").get_text().startswith("Rows 1 to 24 of 744; the others were not asked for")
    assert not (job.report / "data").exists()


def test_the_files_have_every_digit_iso_dates_and_no_formula(made):
    _, job = made
    lines = (job.report / "data" / "01-no2-at-euston-road.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["hour,station,no2", "2025-03-01T00:00:00,'=Euston & Road,30.0"]
    assert lines[41] == "2025-03-02T16:00:00,'=Euston & Road,"
    assert len(lines) == 745
    daily = (job.report / "data" / "02-days-above-the-guideline.csv").read_text(encoding="utf-8").splitlines()
    assert daily[1].startswith("2025-03-01,")


def test_the_files_are_described_as_csv_on_the_web(made):
    _, job = made
    about = json.loads((job.report / "data" / "csv-metadata.json").read_text(encoding="utf-8"))
    assert about["@context"][0] == "http://www.w3.org/ns/csvw"
    first = about["tables"][0]
    assert (first["url"], first["dc:title"]) == ("01-no2-at-euston-road.csv", "NO₂ <at> Euston Road")
    assert first["tableSchema"]["columns"][2] == {
        "titles": "no2",
        "dc:description": "NO₂ (µg/m³)",
        "datatype": "number",
    }


@pytest.mark.parametrize("content", [b"not parquet", b""])
def test_what_no_figure_left_is_named(tmp_path, content):
    job = make_job(tmp_path / "odd", "csv")
    (job.figure_data / "01-mine.parquet").write_bytes(content)
    with pytest.raises(ReportError, match=r"01-mine\.parquet is not what a figure leaves"):
        figure_data.place(job)


def test_a_link_to_another_file_is_not_followed(tmp_path):
    import pandas as pd

    job = make_job(tmp_path / "link", "parquet")
    secret = tmp_path / "secret.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(secret)
    (job.figure_data / "01-mine.parquet").symlink_to(secret)
    with pytest.raises(ReportError, match="not what a figure leaves"):
        figure_data.place(job)


def test_whole_numbers_with_gaps_stay_whole_and_truth_is_written_as_such(tmp_path, monkeypatch):
    import pandas as pd

    job = make_job(tmp_path / "kinds", "csv")
    monkeypatch.setenv("LONDATA_FIGURE_DATA", str(job.figure_data))
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None], dtype="Int64"),
            "ok": [True, False],
            "at": pd.to_datetime(["2025-07-01T12:00Z", None]),
        }
    )
    said = {"title": "Kinds", "unit": "u", "source": "s"}
    figure_data.leave(figure_data.Numbers.of(frame, columns=None, **said))
    figure_data.leave(figure_data.Numbers.of(frame.head(0), columns=None, **said | {"title": "Nothing"}))
    figure_data.place(job)
    assert (job.report / "data" / "01-kinds.csv").read_text() == "n,ok,at\n1,true,2025-07-01T12:00:00+00:00\n,false,\n"
    assert (job.report / "data" / "02-nothing.csv").read_text() == "n,ok,at\n"
