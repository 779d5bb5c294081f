"""The page of a report without a run: a job, a notebook with outputs made here, and what its kernel would leave."""

import json
from pathlib import Path

import nbformat
import pandas as pd

from londata.charts import calendar, lines
from londata.reports import blocks, export, figure_data, receipts, templates
from londata.reports import job as jobs

TEMPLATE = Path(__file__).resolve().parents[1] / "templates" / "borough-profile"
READ = {
    "entry": "air-quality-hourly",
    "title": "Air quality by the hour",
    "distribution": "csv",
    "sha256": "ab" * 32,
    "rows": 744,
    "publisher": "Greater London Authority",
    "licence": "Open Government Licence v3.0",
    "access": "open",
    "version": "2025-04-01",
}
JOIN = {
    "kind": "join",
    "name": "areas with schools",
    "how": "left",
    "keys": ["code"],
    "left_rows": 1033,
    "right_rows": 31,
    "matched": 1031,
    "unmatched_left": 2,
    "unmatched_right": 0,
    "rows": 1033,
    "at": "2025-04-01T00:00:00+00:00",
}
AROUND = {"kind": "around", "what": "https://example.org/<b>x</b>.csv", "how": "pandas.read_csv", "at": ""}


def make_job(folder, *formats):
    for inside in ("report", "scratch", "figures", "private"):
        (folder / inside).mkdir(parents=True)
    return jobs.Job(
        id="urn:uuid:1",
        template=str(TEMPLATE),
        stem="x",
        out=str(folder),
        work=str(folder),
        private=str(folder / "private"),
        heading="Camden",
        parameters={"borough": "Camden"},
        agent="dana",
        formats=formats,
    )


def hours():
    """A month by the hour, with a gap and a title that is markup."""
    day = pd.date_range("2025-03-01", periods=744, freq="h")
    frame = pd.DataFrame({"hour": day, "station": "=Euston & Road", "no2": [30 + hour % 24 for hour in range(744)]})
    frame.loc[40:70, "no2"] = None
    return frame


def plates(job, monkeypatch):
    """Make two figures as a kernel of the job would."""
    monkeypatch.setenv("LONDATA_FIGURE_DATA", str(job.figure_data))
    frame = hours()
    daily = frame.set_index("hour")["no2"].resample("D").mean().rename_axis("day").to_frame()
    said = {"source": "London Air Quality Network", "summary": ["It was 41 µg/m³."]}
    first = blocks.figure(
        lines(frame.set_index("hour")["no2"], reference=[("legal limit", 40)]),
        title="NO₂ <at> Euston Road",
        unit="µg/m³ by the hour",
        alt="A line that goes up and down every day",
        data=frame,
        columns={"hour": "Hour", "no2": "NO₂ (µg/m³)"},
        decimals={"no2": 0},
        rows=24,
        **said,
    )
    second = blocks.figure(
        calendar(daily["no2"], limit=("guideline", 25)),
        title="Days above the guideline",
        unit="µg/m³, daily mean",
        alt="A calendar of March 2025",
        data=daily,
        decimals={"no2": 1},
        **said,
    )
    return first, second


def cell(markup, kind="text/html"):
    return nbformat.v4.new_code_cell("secret_code()", outputs=[nbformat.v4.new_output("display_data", {kind: markup})])


def write(job, *cells, noted=(READ,)):
    """Write the page of these cells; text becomes a markdown cell."""
    job.read_log.write_text("".join(json.dumps(line) + "\n" for line in noted), encoding="utf-8")
    made = [nbformat.v4.new_markdown_cell(each) if isinstance(each, str) else each for each in cells]
    notebook = nbformat.v4.new_notebook(cells=made)
    reads = receipts.readings(job.read_log)
    page = export.write_page(job, templates.load(TEMPLATE), notebook, reads, job.report / jobs.PAGE)
    figure_data.place(job)
    return page
