"""Three reports for real: air quality, crime and a programme; their figures are worked out again here."""

from __future__ import annotations

import ast
import itertools
import json
import math

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from londata import catalog, readlog, reports
from londata.errors import ParameterError, ReportError, UsageError
from londata.reports import templates

NAMES = ("air-quality-month", "programme-report", "strategic-crime-assessment")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Each report as it comes when nothing is asked for."""
    out = tmp_path_factory.mktemp("templates")
    return {name: reports.run(name, out=out, progress=False) for name in NAMES}


def page_of(report):
    return BeautifulSoup(report.html.read_text(encoding="utf-8"), "html.parser")


def numbers_of(report, name):
    (path,) = (report.folder / "data").glob(f"*{name}*.csv")
    return pd.read_csv(path)


def text_of(report):
    return " ".join(page_of(report).main.get_text(" ").split())


@pytest.fixture(autouse=True)
def nothing_read_before(monkeypatch):
    """A template's last cell names what its process has read: not what other tests have in this one."""
    monkeypatch.setattr(readlog, "_readings", [])


def shown(name, **values):
    """Run a template's cells here, without a kernel, and give what it shows as plain text: quicker than a report."""
    template = templates.load(name)
    space, said = {}, []
    for cell in json.loads(template.notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        *body, last = ast.parse("".join(cell["source"])).body
        if not isinstance(last, ast.Expr):
            body, last = [*body, last], None
        exec(compile(ast.Module(body, []), name, "exec"), space)  # noqa: S102 - our own template
        if "parameters" in cell["metadata"].get("tags", ()):
            assert values.keys() <= space.keys()
            space.update(values)
        if last:
            said.append(repr(eval(compile(ast.Expression(last.value), name, "eval"), space)))  # noqa: S307 - as above
    return "\n".join(said)


# Every one of them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_page_can_be_read_by_everybody(made, name):
    page = page_of(made[name])
    for figure in page.main.find_all("figure"):
        assert len(figure.img["alt"]) > 60
        assert figure.find("figcaption").find(class_="unit").get_text(strip=True)
        assert "generated" in figure.find(class_="source").get_text()
        assert figure.parent.find(class_="words").find_all("p")
    assert all(table.caption.get_text(strip=True) for table in page.main.find_all("table"))
    assert page.main.find("p", class_="lead")
    assert len(page.main.find("dl", class_="facts").find_all("dt")) >= 4
    levels = [int(tag.name[1]) for tag in page.find_all(["h1", "h2", "h3", "h4"])]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_what_is_made_up_how_to_read_it_and_what_it_rests_on(made, name):
    text = text_of(made[name])
    assert "made up" in text
    assert "How to read this" in text
    assert "Everything on this page was made from" in text
    assert not [word for word in ("nan", "NaT", "None", "Traceback") if f" {word}" in text]


@pytest.mark.parametrize("name", NAMES)
def test_each_figure_leaves_its_numbers_and_the_receipt_names_what_was_read(made, name):
    report = made[name]
    figures = page_of(report).main.find_all("figure")
    assert len(figures) >= 4
    assert len(list((report.folder / "data").glob("*.csv"))) == len(figures)
    assert {read["entry"] for read in report.reads()} == set(templates.load(name).datasets)


@pytest.mark.parametrize("name", NAMES)
def test_the_register_has_it_as_a_report(name):
    entry = catalog[name].record
    assert (entry.kind, entry.form, entry.access) == ("insight", "report", "open")


# Air quality ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def readings():
    with catalog.air_quality_hourly.read() as grid:
        yield grid.to_dataframe().reset_index()


def daily_means(readings, month, column):
    """Means of days in pandas: the template does it in xarray."""
    chosen = readings[readings.time.dt.strftime("%Y-%m") == month]
    days = chosen.groupby(["site", chosen.time.dt.date])[column].agg(["mean", "count"])
    return days["mean"].where(days["count"] >= 18)


def test_days_and_exceedances_are_those_of_the_readings(made, readings):
    kept = numbers_of(made["air-quality-month"], "the-site-with-most-days")
    expected = daily_means(readings, "2025-03", "no2")
    assert len(kept) == 12 * 31
    assert kept["mean"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-5, nan_ok=True)
    over, known = int((expected > 25).sum()), int(expected.notna().sum())
    assert f"that is {over} of the {known} that had enough readings to tell" in text_of(made["air-quality-month"])
    assert numbers_of(made["air-quality-month"], "through-the-day")["hour"].tolist() == list(range(24))


def test_a_day_with_too_few_hours_has_no_mean(readings):
    text = shown("air-quality-month", month="2025-01", pollutant="PM2.5")
    expected = daily_means(readings, "2025-01", "pm2_5")
    failed = expected["GEN04"].isna().sum()
    assert failed >= 3
    assert f"of the {expected.notna().sum()} that had enough readings" in text
    assert "Above 15 µg/m³, the WHO guideline for a day" in text
    (line,) = [line for line in text.splitlines() if line.lstrip().startswith("GEN04")]
    assert line.split()[-2] == str(31 - failed)


def test_a_month_in_which_the_clocks_change_is_told(made):
    assert "The clocks changed on Sunday 30 March. Days here are of 24 hours in UTC" in text_of(
        made["air-quality-month"]
    )
    assert "The clocks did not change in this month." in shown("air-quality-month", month="2025-02")


def test_a_limit_of_ones_own_counts(readings):
    assert "no site had any day on which the mean was above 500 µg/m³" in shown("air-quality-month", daily_limit=500.0)
    over = int((daily_means(readings, "2025-02", "no2") > 1.5).sum())
    text = shown("air-quality-month", month="2025-02", daily_limit=1.5)
    assert "all 12 sites had at least one day on which the mean was above 1.5 µg/m³, your limit" in text
    assert f"that is {over} of" in text


def test_a_month_without_readings_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(ReportError) as failed:
        reports.run("air-quality-month", month="2025-07", out=tmp_path, progress=False)
    assert "For July 2025 there are no readings of NO2. The data run from 1 January 2025 to 31 March 2025" in str(
        failed.value
    )
    assert "Traceback" not in str(failed.value)


# Crime ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def offences():
    table = catalog.recorded_offences_monthly.read()
    return table.assign(month=table.month.dt.strftime("%Y-%m"))


def total(offences, borough, first, last):
    return offences[(offences.authority == borough) & offences.month.between(first, last)].offences.sum()


def test_totals_rates_and_chance_are_worked_out_right(made, offences):
    report = made["strategic-crime-assessment"]
    now = total(offences, "Camden", "2025-04", "2026-03")
    then = total(offences, "Camden", "2024-04", "2025-03")
    text = text_of(report)
    assert f"recorded {now:,} offences in Camden" in text
    beyond = abs(now - then) > 2.576 * math.sqrt(now + then)
    said = f"{abs(now - then) / then:.1%} {'more' if now > then else 'fewer'}, {'beyond' if beyond else 'within'}"
    assert f"Compared with the year before: {said} what chance alone explains." in text
    rates = numbers_of(report, "offences-by-borough").set_index("authority")
    assert len(rates) == 32
    assert rates.rate["Camden"] == pytest.approx(now / rates.residents_2021["Camden"] * 1000)
    groups = numbers_of(report, "groups-of-offences").set_index("offence_group")
    assert groups.now.sum() == now
    assert groups.noise.to_numpy() == pytest.approx(2.576 * (groups.now + groups.before) ** 0.5)
    outside = groups.change.abs() > groups.noise
    assert groups.says.str.contains("beyond").tolist() == outside.tolist()


def test_months_beyond_what_is_usual_are_those_beyond_the_limits(made, offences):
    kept = numbers_of(made["strategic-crime-assessment"], "offences-in-camden-by-month").set_index("month")
    assert len(kept) == 36
    march = [total(offences, "Camden", month, month) for month in ("2024-03", "2025-03")]
    mean = sum(march) / 2
    assert kept.high["2026-03"] == pytest.approx(mean + 3 * math.sqrt(mean * 1.5))
    assert kept.low["2026-03"] == pytest.approx(mean - 3 * math.sqrt(mean * 1.5))
    assert kept.high[:24].isna().all()


def test_the_city_has_no_rate_and_a_police_force_of_its_own(offences):
    text = shown("strategic-crime-assessment", borough="City of London")
    now = total(offences, "City of London", "2025-04", "2026-03")
    assert f"the City of London Police recorded {now:,} offences in the City of London" in text
    assert "A rate per resident would mean little here" in text
    assert "per 1,000 residents" not in text.split("Month by month")[0].split("Recorded:")[1].split("\n")[1]
    assert "The City of London has a police force of its own." in text


def test_few_offences_are_not_compared_and_no_year_before_is_said():
    few = shown("strategic-crime-assessment", borough="City of London", offences="Possession of weapons")
    assert "Usual is what the mean of the years before leads one to expect" in few
    assert "The counts are small" in few
    oldest = shown("strategic-crime-assessment", borough="Sutton", period="2023/24")
    assert "Compared with the year before: not known, because the data do not have all of it." in oldest
    assert "nothing can be said about what is usual" in oldest


@pytest.mark.parametrize("period", ["2022/23", "2025-05..2026-04"])
def test_a_period_beyond_the_data_is_refused_with_what_they_have(period):
    with pytest.raises(UsageError, match=r"They run from 2023-04 to 2026-03: choose twelve months of those"):
        shown("strategic-crime-assessment", period=period)


def test_a_period_of_another_length_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(ParameterError, match=r"It is a period of 12 months like 2026, 2025/26 or 2025-07\.\.2026-06"):
        reports.run("strategic-crime-assessment", period="2026-Q1", out=tmp_path)


# A programme ----------------------------------------------------------------------------------------------------------

DAY = pd.Timestamp("2025-09-30")


def ratings(slippage=60):
    """Rate each running project by the rule that the page states."""
    projects = catalog.growth_projects.read().set_index("project_id")
    steps = catalog.growth_milestones.read()
    money = catalog.growth_payments.read()
    money = money[money.quarter_end <= DAY].groupby("project_id")[["planned_gbp", "paid_gbp"]].sum()
    found = {}
    for project, own in steps.groupby("project_id"):
        last = own.iloc[-1]
        if projects.status[project] == "withdrawn" or last.reached_date <= DAY:
            continue
        late = (last.forecast_date - last.planned_date).days
        waiting = own[own.reached_date.isna() & (own.forecast_date < DAY)].forecast_date
        overdue = (DAY - waiting).dt.days.max() if len(waiting) else 0
        spent = money.paid_gbp.get(project, 0) >= 0.75 * money.planned_gbp.get(project, 0)
        red = late > 2 * slippage or overdue > slippage
        found[project] = "red" if red else "amber" if late > slippage or overdue or not spent else "green"
    return pd.Series(found)


def test_every_rating_follows_the_rule(made):
    kept = numbers_of(made["programme-report"], "plan-and-forecast").set_index("project_id").rating
    expected = ratings()
    assert kept.to_dict() == expected[expected != "green"].to_dict()
    assert set(kept) == {"red", "amber"}
    counts = expected.value_counts()
    assert f"{counts.red} are rated red and {counts.amber} amber." in text_of(made["programme-report"])


def test_payments_add_up_and_every_row_found_its_project(made):
    kept = numbers_of(made["programme-report"], "grant-planned-and-paid").set_index("quarter_end")
    money = catalog.growth_payments.read()
    running = set(catalog.growth_projects.read().query("status != 'withdrawn'").project_id)
    money = money[money.project_id.isin(running)]
    assert kept.paid_gbp["2025-09-30"] == pytest.approx(money.paid_gbp.sum() / 1e6)
    assert kept.planned_gbp.iloc[-1] == pytest.approx(money.planned_gbp.sum() / 1e6)
    assert kept.paid_gbp[kept.index > "2025-09-30"].isna().all()
    joins = reports.receipts.load(made["programme-report"].receipt).joins
    assert {join["name"]: join["unmatched_left"] for join in joins} == dict.fromkeys(
        ("milestones to projects", "payments to projects", "partners to projects"), 0
    )


def test_one_borough_after_the_last_report_shows_the_position_of_that_report():
    text = shown("programme-report", borough="City of London", as_of="2025-10-01")
    assert "On 30 September 2025 the programme had 1 project in the City of London: 1 running." in text
    assert "What happened in the 1 day up to 1 October 2025 is not known" in text
    assert "1 project in the City of London, too few for a chart." in text


def test_a_day_before_the_first_project_and_a_theme_that_a_borough_has_not_are_told_without_figures():
    before = shown("programme-report", as_of="2022-04-01")
    assert "120 projects: 117 not begun and 3 withdrawn. Nothing was to be paid by then." in before
    assert "Source: " not in before
    none = shown("programme-report", borough="City of London", theme="Culture")
    assert "The programme has no project of the theme “Culture” in the City of London." in none


def test_an_earlier_day_says_that_it_is_seen_with_hindsight():
    text = shown("programme-report", as_of="2024-03-31", slippage=365, theme="Workspace")
    assert "the page is wiser than one made on that day" in text
    assert "more than 730 days after its first plan" in text
