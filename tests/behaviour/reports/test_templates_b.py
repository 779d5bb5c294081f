"""Two reports for real: school places, from rolls behind a real gateway, and the data quality of a publisher."""

from __future__ import annotations

import json
import os
import zipfile

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from londata import reports
from londata.client.gateway_files import GatewayFileSystem
from londata.disclosure import MINIMUM, rounded
from londata.errors import AccessDeniedError, ParameterError, ReportError
from rolls_world import served_rolls

KERNEL = {"LONDATA_TOKEN": "token-of-ada", "LONDATA_PROJECT": "counted", "JUPYTERHUB_USER": "ada"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with served_rolls(tmp_path_factory.mktemp("rolls")) as running:
        yield running


@pytest.fixture
def as_ada(gateway, monkeypatch):
    """What the hub gives a kernel of ada's; a test may choose another project."""
    for name, value in {**KERNEL, "LONDATA_GATEWAY": gateway.address}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture(scope="module")
def counted(gateway, tmp_path_factory):
    """The report under an agreement that lets numbers of groups leave."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {**KERNEL, "LONDATA_GATEWAY": gateway.address}.items():
            patched.setenv(name, value)
        out = tmp_path_factory.mktemp("counted")
        return reports.run("school-places", out=out, progress=False, formats=("csv", "parquet"))


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("LONDATA_") and "CACHE" not in name]:
            patched.delenv(name)
        out = tmp_path_factory.mktemp("rehearsed")
        return reports.run("school-places", out=out, progress=False, rehearsal=True)


@pytest.fixture(scope="module")
def truth(gateway):
    """Camden's pupils of the census, as they are."""
    rolls = pd.read_parquet(gateway.world.holders / "pupils.parquet")
    return rolls[(rolls.borough_code == "E09000007") & (rolls.school_year == "2025/26")]


def page_of(report):
    return BeautifulSoup(report.html.read_text(encoding="utf-8"), "html.parser")


def numbers_of(report, name):
    (path,) = (report.folder / "data").glob(f"*{name}*.csv")
    return pd.read_csv(path)


# School places: what it shows -----------------------------------------------------------------------------------------


def test_every_count_is_the_true_one_rounded_or_is_hidden(counted, truth):
    shown = numbers_of(counted, "pupils-on-roll").pupils
    true = truth.year_group.value_counts().sort_index().to_list()
    assert [rounded(count) for count in true] == shown.to_list()
    schools = numbers_of(counted, "free-places").set_index("school_id").pupils
    primary = truth[truth.phase == "primary"].school_id.value_counts()
    assert schools.to_dict() == {school: rounded(count) for school, count in primary.items()}


def test_homes_of_few_are_hidden_and_cannot_be_worked_out(counted, truth):
    flows = numbers_of(counted, "pupils-who").set_index("home")
    newham = truth[truth.lsoa_code.between("E01003459", "E01003617")]
    few = newham.phase.value_counts()
    assert few.min() < MINIMUM <= few.max(), "the demonstration has such a case"
    assert len(flows) == 35, "a list of those from where somebody comes tells who comes alone"
    assert flows.loc["Newham", ["primary", "secondary"]].isna().all()
    assert all(flows[column].isna().sum() != 1 for column in ("primary", "secondary", "all"))
    assert flows.loc["Islington"].notna().sum() >= 3
    for column in ("primary", "secondary", "all"):
        assert (flows[column].dropna() % 5 == 0).all()


def test_nothing_of_a_pupil_is_in_any_file(counted, gateway):
    ids = pd.read_parquet(gateway.world.holders / "pupils.parquet", columns=["pupil_id"]).pupil_id
    files = [path for path in counted.folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".html", ".ipynb", ".csv", ".parquet", ".json"}
    for path in files:
        text = path.read_bytes().decode("utf-8", errors="replace")
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            assert len(frame) < 50
            text += frame.to_csv()
        assert "PUP" not in text.replace("PUPIL", ""), path.name
        assert not any(one in text for one in ids.head(2_000)), path.name
        assert "E010" not in text.replace("E01{", "") or path.suffix == ".ipynb", path.name


def test_rows_of_pupils_never_were_in_an_output(counted):
    notebook = nbformat.read(counted.notebook, as_version=4)
    shown = "".join(json.dumps(cell.outputs) for cell in notebook.cells if cell.cell_type == "code")
    assert "GEN07" in shown or "Example primary school" in shown
    assert "E0100" not in shown
    assert "pupil_id" not in shown
    assert not zipfile.is_zipfile(counted.notebook)


def test_the_receipt_names_agreement_decision_and_grant(counted):
    (reading,) = [each for each in counted.reads() if each["entry"] == "school-rolls-by-pupil"]
    terms = ("agreement", "project", "purpose", "outputs")
    assert [reading[name] for name in terms] == ["ISA-COUNTED", "counted", "school-place-planning", "aggregate-only"]
    assert reading["grant"] == "ada-counted"
    assert isinstance(reading["decision"], int)
    assert "pupil_id" not in reading["columns"]
    assert "under the agreement ISA-COUNTED" in counted.sentence


def test_the_page_says_what_a_planner_asks(counted):
    page = page_of(counted)
    text = page.main.get_text(" ", strip=True)
    assert page.h1.string == "School places in Camden, 2025/26"
    for said in ("more than the 5% to keep", "classes of 30 more", "Most of the others come from Islington", "hidden"):
        assert said in text
    assert "rehearsal: every" not in text
    assert len(page.main.find_all("figure")) == 5
    for image in page.main.find_all("img"):
        assert len(image["alt"]) > 60
    assert "nan" not in text.lower().replace("finance", "")


def test_the_forecast_goes_on_from_the_counts(counted):
    expected = numbers_of(counted, "reception-in-camden")
    assert expected.kind.to_list() == ["counted"] * 2 + ["forecast"] * 3
    assert expected.year.to_list() == ["2024/25", "2025/26", "2026/27", "2027/28", "2028/29"]
    assert (expected.low.dropna() <= expected.reception[2:]).all()
    assert (expected.reception[2:] <= expected.high.dropna()).all()
    assert expected.primary.is_monotonic_decreasing, "older year groups are larger and leave"


# School places: when it may not be ------------------------------------------------------------------------------------


def refusal(**values):
    with pytest.raises(ReportError) as refused:
        reports.run("school-places", progress=False, **values)
    assert "Traceback" not in str(refused.value)
    return str(refused.value)


def test_an_agreement_without_results_makes_no_report_and_nothing_is_left_of_it(as_ada, tmp_path):
    as_ada.setenv("LONDATA_PROJECT", "nothing")
    said = refusal(out=tmp_path)
    assert "the agreement ISA-NOTHING lets no results leave the workbench" in said
    assert "PUP0" not in "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert [path.suffix for path in tmp_path.iterdir()] == [".failed"]


def test_without_access_it_says_the_gateway_s_sentence(as_ada, tmp_path):
    as_ada.setenv("LONDATA_PROJECT", "routes")
    said = refusal(out=tmp_path)
    assert "You can see “School rolls by pupil (generated)” but not read it" in said
    assert "routes" in said


def test_where_there_is_no_gateway_it_is_refused_in_a_sentence_that_tells_how_to_try_it(tmp_path):
    said = refusal(out=tmp_path)
    assert "but not read it: its access is closed" in said
    assert "school-rolls@gla.example" in said
    assert "-p rehearsal=true" in said


def cells_until(marker, **values):
    """Run the template's cells in this process, up to the one with a marker; returns what they made."""
    made = {}
    for cell in nbformat.read(reports.templates.load("school-places").notebook, as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, cell.id, "exec"), made)  # noqa: S102 - our own template
            made |= values if "parameters" in cell.metadata.get("tags", ()) else {}
            if marker in cell.source:
                return made
    raise AssertionError(marker)


@pytest.fixture
def in_this_process(as_ada):
    """A process works for one project, so all tests that run cells in this one have the same."""
    as_ada.setenv("LONDATA_PROJECT", "approved")
    GatewayFileSystem.clear_instance_cache()


def test_results_that_need_approval_say_so_first(in_this_process):
    made = cells_until("banner = None")
    assert "NOT TO BE PASSED ON BEFORE IT IS APPROVED" in repr(made["banner"])
    assert "pupils" not in made, "the rows are let go of"


def test_a_borough_that_the_agreement_does_not_cover_is_named(in_this_process):
    with pytest.raises(AccessDeniedError, match="pupils of schools in Camden, and none in Hackney"):
        cells_until("banner = None", borough="Hackney")


def test_without_a_census_before_it_there_is_no_forecast(in_this_process):
    made = cells_until("can_forecast =", school_year="2024/25")
    assert made["can_forecast"] is False
    assert made["reception"] > 0


def test_a_target_beyond_reason_is_refused_before_anything_runs():
    with pytest.raises(ParameterError, match="from 0 to 30"):
        reports.run("school-places", surplus_target="45 %")


def test_a_rehearsal_needs_no_gateway_and_says_in_large_letters_that_it_is_invented(rehearsed):
    page = page_of(rehearsed)
    first = page.main.find("h2")
    assert first.get_text() == "A rehearsal: every number of pupils on this page is invented"
    assert first["class"] == ["warning"]
    assert "h2.warning { font-size: clamp(1.7rem" in rehearsed.html.read_text(encoding="utf-8")
    assert all("rehearsal" in each.get_text() for each in page.main.select("figure .source"))
    assert "school-rolls-by-pupil" not in {each["entry"] for each in rehearsed.reads()}
    assert "dummy twin" in page.main.get_text()


# The data quality of a publisher --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Of the project itself, whose tables are held with the register."""
    out = tmp_path_factory.mktemp("quality")
    return reports.run(
        "publisher-quality", out=out, progress=False, publisher="The londata project", as_of="2026-12-31", tables=200
    )


def test_the_score_can_be_counted_again(own):
    answers = numbers_of(own, "by-question")
    assert len(answers) == 10
    assert (answers.percent.dropna() == (100 * answers.answered_well / answers.entries_asked).dropna()).all()
    text = page_of(own).main.get_text(" ", strip=True)
    assert f"answer {answers.answered_well.sum():,} of {answers.entries_asked.sum():,} questions well" in text


def test_what_is_wrong_in_a_table_is_named_with_its_rows(own):
    text = page_of(own).main.get_text(" ", strip=True)
    assert (
        "Growth programme milestones (generated) reached_date has no value, and no gap is declared 217 of 600" in text
    )
    faults = numbers_of(own, "faults")
    assert len(faults) >= 15
    assert 0 < (faults.faults > 0).sum() < len(faults)
    opened = {each["entry"] for each in own.reads()}
    assert {"growth-milestones", "school-places-by-school", "borough-boundaries"} <= opened


def test_what_to_mend_says_who_gains_and_no_other_publisher_is_named(own):
    page = page_of(own)
    steps = page.main.find("ol").find_all("li")
    assert steps[0].strong.get_text() == "Give the name or the address of a team that answers."
    assert "Gained by whoever finds an error" in steps[0].get_text()
    text = page.main.get_text()
    assert "Transport for London" not in text
    assert "Ofsted" not in text


def test_a_publisher_of_one_entry_has_a_report_too(tmp_path):
    one = reports.run("publisher-quality", out=tmp_path, progress=False, publisher="Ofsted", tables=0)
    text = page_of(one).main.get_text(" ", strip=True)
    assert "The 1 entry of Ofsted in the register answers" in text
    assert "so none was opened" in text
    assert [each["entry"] for each in one.reads()] == ["borough-boundaries"]


def test_a_publisher_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(ParameterError, match="did you mean Greater London Authority"):
        reports.run("publisher-quality", publisher="Greater London Autority")
