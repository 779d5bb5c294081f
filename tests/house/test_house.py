"""The rules of the house: sizes, names, imports. A rule that no machine holds is a wish."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted([*ROOT.glob("sdk/londata/**/*.py"), *ROOT.glob("hub-config/**/*.py")])
HEAVY = ("pandas", "intake", "papermill", "pydantic", "httpx", "numpy", "IPython")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_are_small(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400, "split this module"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            told = ast.get_docstring(node, clean=False) or ""
            lines = node.end_lineno - node.lineno + 1 - (told.count("\n") + 1 if told else 0)
            assert lines <= 50, f"split {node.name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_called_utils(path):
    assert path.stem not in {"utils", "util", "helpers", "misc", "common"}


def test_importing_londata_brings_nothing_heavy():
    code = f"import sys, londata; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_had():
    code = "import londata; print([name for name in londata.__all__ if not hasattr(londata, name)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_hub_configuration_is_a_shell():
    lines = (ROOT / "hub-config" / "jupyterhub_config.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40


def test_no_tracked_file_names_an_index_or_a_machine():
    """Lock files carry versions and hashes, never where they were fetched from."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, files.stdout.split("\0")):
        path = ROOT / name
        if name.endswith((".txt", ".json", ".toml", ".lock")) or name == "Makefile":
            text = path.read_text(encoding="utf-8", errors="replace")
            assert '"resolved": "http' not in text, name
            assert "extra-index-url" not in text, name
            assert "/simple/" not in text, name
