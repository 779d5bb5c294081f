"""Errors are interface, settings are one table."""

import inspect

import pytest

from londata import errors, settings
from londata.commandline import INTERRUPTED, run_command_line

ALL_ERRORS = [item for _, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, errors.LondataError)]


@pytest.mark.parametrize("error", ALL_ERRORS, ids=lambda error: error.__name__)
def test_every_error_is_drawn_in_the_tree_and_has_its_codes(error):
    assert error.__name__ in errors.__doc__
    assert error.__doc__
    assert 0 < error.exit_code < 64
    assert 400 <= error.http_status < 600


def test_codes_are_unlike_each_other():
    codes = [error.code for error in ALL_ERRORS]
    assert len(set(codes)) == len(codes)


def test_an_error_reads_as_a_sentence_and_a_hint():
    error = errors.EntryNotFoundError("There is no dataset 'x'.", hint="Did you mean y?")
    assert str(error) == "There is no dataset 'x'. Did you mean y?"
    assert isinstance(error, KeyError)
    assert isinstance(error, AttributeError)


@pytest.mark.parametrize(("text", "size"), [("500MB", 500_000_000), ("1.5 GB", 1_500_000_000), ("1024", 1024)])
def test_sizes_are_read_with_their_unit(text, size):
    assert settings.get("MAX_DOWNLOAD", {"LONDATA_MAX_DOWNLOAD": text}) == size


def test_a_setting_that_cannot_be_read_names_itself():
    with pytest.raises(errors.SettingsError, match="LONDATA_TIMEOUT_S is 'soon'"):
        settings.get("TIMEOUT_S", {"LONDATA_TIMEOUT_S": "soon"})


@pytest.mark.parametrize("setting", settings.SETTINGS, ids=lambda setting: setting.name)
def test_every_default_can_be_read(setting):
    settings.get(setting.name, {})
    assert setting.help


def test_a_missing_shipped_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_CATALOGS", str(tmp_path / "nowhere"))
    with pytest.raises(errors.SettingsError, match="nowhere"):
        settings.shipped("catalogs")


class Command:
    """A command that raises what it is told to; stands where a module would."""

    def __init__(self, error=None):
        self.error = error

    def configure(self, parser):
        parser.add_argument("--name", default="x")

    def run(self, arguments):
        if self.error:
            raise self.error
        return 0


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (None, 0, ""),
        (errors.OfflineError("No network.", hint="Try again."), 6, "londata: No network.\nTry again.\n"),
        (KeyboardInterrupt(), INTERRUPTED, "londata: stopped.\n"),
    ],
)
def test_a_command_ends_with_a_sentence_and_an_exit_code(monkeypatch, capsys, error, code, words):
    import sys

    monkeypatch.setitem(sys.modules, "londata_test_command", Command(error))
    commands = {"do": ("londata_test_command", "Do it")}
    assert run_command_line("londata", "Test", commands, ["do", "--name", "y"]) == code
    assert capsys.readouterr().err == words
