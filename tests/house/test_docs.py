"""What is written in the documentation runs, and prints what it says it prints."""

import doctest
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from londata import settings as londata_settings
from londata_hub import settings as hub_settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("catalogs/*.md"), *ROOT.glob("hub-config/*.md")]
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
#: Languages of blocks that show something instead of doing it.
SHOWN = {"", "text", "yaml", "mermaid", "toml", "http", "json"}
#: Commands that are tests of their own: the hub's tests run the first, and this is the second.
ELSEWHERE = ("make up", "make test", "make bench", "make check", "make lock")


BLOCKS = [
    pytest.param(language, text, id=f"{path.name}-{language or 'plain'}-{number}")
    for path in PAGES
    for number, (language, text) in enumerate(BLOCK.findall(path.read_text(encoding="utf-8")))
    if language not in SHOWN | {"python"}
]
#: Programs by page; those of one page run in one interpreter, each with names of its own.
PROGRAMS = {
    path: [text for language, text in BLOCK.findall(path.read_text(encoding="utf-8")) if language == "python"]
    for path in PAGES
}
RUN = """
import json, sys
for text in json.load(sys.stdin):
    exec(compile(text, {name!r}, "exec"), {{"__name__": "__main__"}})
"""


@pytest.mark.parametrize(("language", "text"), BLOCKS)
def test_every_block_runs_and_prints_what_it_says(language, text, tmp_path):
    {"pycon": run_session, "console": run_commands, "sh": run_commands}[language](text, tmp_path)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path, texts in PROGRAMS.items() if texts])
def test_every_program_of_a_page_runs(path, tmp_path):
    program = [sys.executable, "-c", RUN.format(name=path.name)]
    subprocess.run(program, input=json.dumps(PROGRAMS[path]), text=True, cwd=tmp_path, check=True)


def run_session(text, folder):
    said = []
    test = doctest.DocTestParser().get_doctest(text, {}, "page", None, 0)
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert not said, "".join(said)


def run_commands(text, folder):
    for line in text.splitlines():
        command = line.removeprefix("$ ").partition("#")[0].strip()
        if not line.startswith("$ ") or command.startswith(ELSEWHERE):
            continue
        program, *arguments = shlex.split(command)
        assert program in {"londata", "londata-hub"}, command
        subprocess.run([Path(sys.executable).parent / program, *arguments], cwd=folder, check=True)


def test_the_readme_names_its_two_commands_and_they_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("up", "test"):
        assert f"$ make {target}" in readme
        assert f"\n{target}:" in makefile


def test_links_between_pages_lead_somewhere():
    for path in PAGES:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:"):
                assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_promise_of_security_names_tests_that_exist():
    table = (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("## What is not")[0]
    promises = [line for line in table.splitlines() if line.startswith("| ") and "held by" not in line]
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(promises) > 15
    for promise in promises:
        named = re.findall(r"`(test_\w+)`", promise)
        assert named, promise
        for name in named:
            assert f"def {name}(" in tests, name


@pytest.mark.parametrize(
    ("page", "table"), [("docs/settings.md", londata_settings), ("hub-config/README.md", hub_settings)]
)
def test_every_setting_is_on_its_page_and_no_other(page, table):
    text = (ROOT / page).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(LONDATA_\w+)` \| (.*?) \| (.*?) \|$", text, re.M)
    assert {name for name, _, _ in rows} == {table.PREFIX + setting.name for setting in table.SETTINGS}
    defaults = {table.PREFIX + setting.name: setting.default for setting in table.SETTINGS}
    for name, default, _ in rows:
        assert not defaults[name] or default == defaults[name], name
