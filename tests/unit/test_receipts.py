"""What a receipt has is what was noted; and it is read back as it was written."""

import json

import pytest

from londata.reports import job as jobs
from londata.reports import receipts, templates
from londata.reports.receipts import surroundings
from receipt_world import AROUND, GRID, JOIN, READ, SHARED, report


def test_everything_that_was_noted_comes_back_as_it_was(tmp_path):
    made = receipts.load(report(tmp_path, READ, SHARED, GRID, JOIN, AROUND))
    assert [dict(read) for read in made.reads] == [READ, SHARED, GRID]
    assert made.joins == (JOIN,)
    assert made.around == (AROUND,)
    assert (made.status, made.problem, made.parameters) == ("completed", "", {"borough": "Camden"})
    assert made.template.name == "borough-profile"
    assert made.template.sha256 == templates.load("borough-profile").sha256()
    assert made.environment == receipts.environment()
    assert made.purpose == "homelessness-prevention"
    assert made.formats == ("csv",)
    assert made.started <= made.ended


def test_every_file_is_an_output_whatever_its_name(tmp_path):
    made = receipts.load(report(tmp_path, files=("data/a b#1?%.csv", "data/é.json", "what")))
    assert [each["name"] for each in made.outputs] == [
        "report.html",
        "report.ipynb",
        "what",
        "data/a b#1?%.csv",
        "data/é.json",
    ]
    assert {each["media_type"] for each in made.outputs} == {
        "text/html",
        "application/x-ipynb+json",
        "text/csv",
        "application/json",
        "application/octet-stream",
    }
    assert receipts.verify(made.path).files_fit


def test_a_failed_run_says_what_went_wrong(tmp_path):
    made = receipts.load(report(tmp_path, READ, status="failed", problem="ValueError: no"))
    assert (made.status, made.problem) == ("failed", "ValueError: no")
    assert "; it failed; it read School rolls (Camden)." in made.sentence
    assert receipts.load(report(tmp_path, status="stopped", problem="it was stopped")).status == "stopped"


def test_the_sentence_says_terms_losses_and_what_went_around(tmp_path):
    said = receipts.load(report(tmp_path, SHARED, JOIN, AROUND)).sentence
    assert "read under the agreement ISA-021 for the project warm-beds for the purpose “" in said
    assert "; a join (rolls to wards) found no match for 2 of 33 rows; 1 step went around the register." in said
    assert "found no match" not in receipts.load(report(tmp_path, READ, JOIN | {"unmatched_left": 0})).sentence


def test_a_project_is_named_also_where_nothing_was_read_for_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_PROJECT", "warm-beds")
    made = receipts.load(report(tmp_path, READ))
    assert made.project == "warm-beds"
    assert "for borough Camden in the project warm-beds on" in made.sentence


@pytest.mark.parametrize("rehearsal", [True, False])
def test_the_sentence_has_labels_and_units_and_says_when_numbers_are_invented(tmp_path, rehearsal):
    template = templates.load("school-places")
    job = jobs.prepare(template, template.defaults | {"rehearsal": rehearsal}, tmp_path)
    jobs.clear(job)
    said = receipts.sentence(job, template, [READ], "completed")
    assert "for borough Camden, school year 2025/26, surplus to keep 5%, years ahead 3 years" in said
    assert ("as a rehearsal, so that numbers in it are invented; it read" in said) is rehearsal
    assert (", rehearsal no on" in said) is not rehearsal


@pytest.mark.parametrize(
    ("reads", "licence"),
    [
        ((READ, GRID), "Open Government Licence v3.0"),
        ((READ, READ | {"licence": "not stated"}), "Not stated"),
        ((READ, SHARED), "Not stated"),
        ((READ, AROUND), "Not stated"),
        ((), "Not stated"),
    ],
)
def test_a_licence_is_stated_only_if_it_follows_from_what_was_read(tmp_path, reads, licence):
    assert receipts.load(report(tmp_path, *reads)).licence == licence


def test_a_series_is_its_template_and_what_does_not_say_when():
    template = templates.load("borough-profile")
    assert receipts.series(template, {"borough": "Camden"}) == "borough-profile?borough=Camden"
    month = template.parameters[0].model_copy(update={"name": "month", "type": "month"})
    monthly = template.model_copy(update={"parameters": (*template.parameters, month)})
    october, november = ({"borough": "Camden", "month": month} for month in ("2026-10", "2026-11"))
    assert receipts.series(monthly, october) == receipts.series(monthly, november) == "borough-profile?borough=Camden"


def test_lines_that_are_no_notes_are_counted_and_one_that_was_cut_off_is_not(tmp_path):
    log = tmp_path / "reads.jsonl"
    odd = ["not json", "[1]", "null", '{"kind": "read", "entry": 1}', '{"kind": "else"}', "[" * 100_000]
    odd.append(json.dumps(READ | {"rows": "many"}))
    log.write_text("\n".join([json.dumps(READ), *odd, json.dumps(JOIN | {"keys": 1}), '{"cut']))
    assert receipts.readings(log) == [READ]
    (said,) = receipts.around(log)
    assert said["how"] == "8 lines of it cannot be made out"
    log.write_text(json.dumps(READ) + '\n{"cut')
    assert (receipts.readings(log), receipts.around(log)) == ([READ], [])
    assert receipts.readings(tmp_path / "none") == receipts.joins(tmp_path / "none") == []


def test_a_short_note_of_a_reading_is_filled_in(tmp_path):
    log = tmp_path / "reads.jsonl"
    log.write_text('{"entry": "a", "title": "A", "distribution": "csv", "sha256": ""}\n')
    (found,) = receipts.readings(log)
    assert found.keys() == READ.keys()


def test_the_environment_changes_with_what_is_installed_and_with_the_code(tmp_path):
    known = receipts.environment()
    assert {"londata", "code", "python", "platform", "packages"} <= known.keys()
    packages = surroundings._packages([str(tmp_path)])
    (tmp_path / "one-1.0.dist-info").mkdir()
    assert surroundings._packages([str(tmp_path)]) != packages
    (tmp_path / "module.py").write_text("1")
    code = surroundings._code(tmp_path)
    (tmp_path / "module.py").write_text("2")
    assert surroundings._code(tmp_path) != code


def test_the_commit_is_that_of_the_repository_and_of_no_other_one(tmp_path):
    package = tmp_path / "sdk" / "londata"
    package.mkdir(parents=True)
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text("# pack\n1111 refs/heads/main\n")
    assert surroundings._commit(package) == "1111"
    (git / "refs" / "heads" / "main").write_text("2222\n")
    assert surroundings._commit(package) == "2222"
    (git / "HEAD").write_text("3333\n")
    assert surroundings._commit(package) == "3333"
    installed = tmp_path / ".venv" / "londata"
    installed.mkdir(parents=True)
    assert surroundings._commit(installed) == ""


def test_what_is_told_names_reads_joins_files_and_what_to_mind(tmp_path):
    said = receipts.told(receipts.load(report(tmp_path, SHARED, GRID, JOIN, AROUND)))
    assert "rough-sleepers/parquet" in said
    assert "under ISA-021, line 417 of the log" in said
    assert "744 time × 12 site" in said
    assert "33 + 40 → 33" in said
    assert "Mind: this went around the register" in said
    assert "~/side.csv: a file was opened" in said
    assert "report.html" in said
