"""What is kept of a read."""

from londata.readlog import credit
from londata.records.legal import purpose_title
from londata.reports.job import Job
from londata.reports.receipts import sentence
from londata.reports.templates import Template


def test_a_reading_says_whom_to_cite():
    assert credit("Transport for London", ()) == "Transport for London"
    assert credit("", ()) == "publisher not stated"
    assert credit("The project", ("ONS", "GLA")) == "ONS and GLA, put together by The project"


def test_a_receipt_says_under_which_agreement_and_for_what_something_was_read():
    job = Job("1", "places", "places", "", "", "", "Places", {}, "ada", started="2026-11-22T10:00:00+00:00")
    template = Template.model_construct(name="places")
    reading = {"entry": "rolls", "title": "Rolls", "distribution": "csv", "sha256": "0", "publisher": "Camden"}
    terms = {"agreement": "ISA-021", "project": "school-places", "purpose": "school-place-planning"}
    told = sentence(job, template, [reading | terms], "completed")
    assert "read under the agreement ISA-021 for the project school-places for the purpose “" in told
    assert purpose_title("school-place-planning") in told
    assert "it read Rolls (Camden)." in sentence(job, template, [reading | dict.fromkeys(terms)], "completed")
