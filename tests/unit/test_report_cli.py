"""``londata report run`` with what belongs to batches: what is passed on, and what is refused."""

import pytest

from londata import cli, reports
from londata.reports.executors import executor_for
from trial_templates import write_template


@pytest.fixture
def asked(monkeypatch):
    """What the command asks of the library, instead of running it."""
    calls = []

    class Batch:
        def require(self):
            return self

        def __str__(self):
            return "done"

    monkeypatch.setattr(reports, "run", lambda template, **how: calls.append(("one", template, how)), raising=False)
    monkeypatch.setattr(
        reports, "run_each", lambda template, **how: calls.append(("each", template, how)) or Batch(), raising=False
    )
    return calls


def test_a_single_report_is_run_with_its_formats_and_made_anew_when_forced(asked):
    assert cli.main(["report", "run", "trial", "-p", "a=b", "--format", "pdf", "--format", "csv", "--force"]) == 0
    ((kind, template, how),) = asked
    assert (kind, template) == ("one", "trial")
    assert how["parameters"] == {"a": "b"}
    assert how["formats"] == ("pdf", "csv")
    assert how["force"] is True


def test_a_batch_is_run_with_what_was_asked_for(asked):
    arguments = [
        "--each",
        "place",
        "--only",
        "Camden",
        "--only",
        "Hackney",
        "--workers",
        "2",
        "--executor",
        "dask://a:1",
    ]
    assert cli.main(["report", "run", "trial", *arguments]) == 0
    ((kind, _, how),) = asked
    assert kind == "each"
    assert how["each"] == "place"
    assert how["choices"] == ["Camden", "Hackney"]
    assert (how["workers"], how["executor"]) == (2, "dask://a:1")
    assert how["formats"] == ("csv",)


@pytest.mark.parametrize("idle", [["--only", "Camden"], ["--workers", "0"], ["--executor", "dask://a:1"]])
def test_what_is_for_batches_alone_is_refused_without_each(asked, capsys, idle):
    assert cli.main(["report", "run", "trial", *idle]) == 2
    said = capsys.readouterr().err
    assert f"{idle[0]} is for a report for each choice of a parameter." in said
    assert "--each" in said
    assert asked == []


def test_a_bad_word_of_a_batch_ends_with_a_sentence_and_the_exit_code_of_usage(tmp_path, capsys):
    template = str(write_template(tmp_path / "trial", "1"))
    assert cli.main(["report", "run", template, "--each", "plaec", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("londata: The template trial has no parameter 'plaec'.")
    assert "Its choices: place." in said
    assert not (tmp_path / "out").exists()


def test_as_many_reports_run_at_once_as_there_are_cores_unless_said():
    with executor_for("", None) as executor:
        assert "on this machine" in executor.words
    with executor_for("", 3) as executor:
        assert executor.words == "3 workers on this machine"


@pytest.mark.parametrize("command", [["report", "run", "trial"], ["schedule", "add", "trial", "first Monday"]])
def test_a_parameter_that_is_given_twice_is_not_guessed(command, asked, capsys):
    assert cli.main([*command, "-p", "place=Camden", "-p", "place=Hackney"]) == 2
    said = capsys.readouterr().err
    assert "place is given twice, as 'Camden' and as 'Hackney'." in said
    assert asked == []
