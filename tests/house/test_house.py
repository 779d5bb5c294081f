"""The rules of the house: sizes, names, imports. A rule that no machine holds is a wish."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted([*ROOT.glob("sdk/londata/**/*.py"), *ROOT.glob("hub-config/**/*.py")])
TESTS = sorted(ROOT.glob("tests/**/*.py"))
HEAVY = ("pandas", "intake", "papermill", "pydantic", "httpx", "numpy", "IPython")


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_are_small(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400, "split this module"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            told = ast.get_docstring(node, clean=False) or ""
            lines = node.end_lineno - node.lineno + 1 - (told.count("\n") + 1 if told else 0)
            assert lines <= 50, f"split {node.name}"


def _promised():
    """Name the methods of a register: what they take is told once, by the protocol."""
    tree = ast.parse((ROOT / "sdk/londata/register.py").read_text(encoding="utf-8"))
    protocol = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Register")
    return {node.name for node in protocol.body if isinstance(node, ast.FunctionDef)}


def _public(node, inside=""):
    """Give public functions and methods, each with the class around it; those inside functions are nobody else's."""
    for each in node.body:
        if isinstance(each, ast.ClassDef) and not each.name.startswith("_"):
            yield from _public(each, each.name)
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and not each.name.startswith("_"):
            yield inside, each


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_public_function_of_three_or_more_arguments_says_what_they_are(path):
    promised = _promised()
    for inside, node in _public(ast.parse(path.read_text(encoding="utf-8"))):
        names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        told_elsewhere = inside not in ("", "Register") and node.name in promised
        is_route = any(isinstance(each, ast.Call) for each in node.decorator_list)  # its words are for OpenAPI
        if len({*names} - {"self", "cls"}) >= 3 and not told_elsewhere and not is_route:
            assert "Parameters\n-----" in (ast.get_docstring(node) or ""), f"say what {node.name} takes"


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
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
            assert '"resolved"' not in text, name
            assert "extra-index-url" not in text, name
            assert "/simple/" not in text, name


def _imported(folder):
    """Map what the modules of a folder import from elsewhere to one module that does."""
    found = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            names = [name.split(".")[0] for name in names]
            # Programs that lie side by side, outside any package, find each other by name
            beside = () if (path.parent / "__init__.py").exists() else {each.stem for each in path.parent.glob("*.py")}
            found |= {name: path for name in names if name not in beside}
    ours = {"londata", "londata_hub"}
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | ours}


@pytest.mark.parametrize(("folder", "without"), [("sdk/londata", ("hub", "bench")), ("hub-config", ())])
def test_what_is_imported_is_declared_and_pinned(folder, without):
    """A library that comes along only because another one needs it leaves when that one changes its mind."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [needs for extra, needs in project["optional-dependencies"].items() if extra not in without]
    declared = {canonical(re.split(r"[\[<>=~! ]", need)[0]) for need in sum(extras, project["dependencies"])}
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M))
    provided_by = packages_distributions()
    for name, path in _imported(ROOT / folder).items():
        if name == "IPython":  # asked only from within a running IPython
            continue
        assert declared & {canonical(each) for each in provided_by[name]}, f"{path} imports {name}: declare it"
    assert declared - {"londata"} <= {canonical(each) for each in pinned}


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()
