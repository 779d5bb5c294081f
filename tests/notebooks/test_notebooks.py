"""The notebooks, run by nbval from a clean kernel against the shipped catalogue, as a newcomer would."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
EVERY = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
#: Notebooks that need a hub → the module that runs them in the Lab of a real one.
IN_A_HUB = {"04-shared-data.ipynb": "hub/test_shared_data_notebook.py"}


def cells(name):
    return json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))["cells"]


@pytest.mark.parametrize("name", [name for name in EVERY if name not in IN_A_HUB])
def test_a_notebook_runs_from_a_clean_kernel_and_says_what_it_said(name, tmp_path):
    """Every cell runs; outputs of cells with the tag ``nbval-check-output`` are compared with those that are stored."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LONDATA_")}
    environment |= {"LONDATA_CACHE": str(tmp_path / "cache"), "IPYTHONDIR": str(tmp_path / "ipython")}
    environment |= {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"
    }  # Others load hypothesis, zarr and the like for each notebook
    command = [sys.executable, "-m", "pytest", "-p", "nbval.plugin", "--nbval-lax", "--nbval-current-env"]
    command += [
        "--nbval-cell-timeout=180",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
        "-W",
        "default",
        str(NOTEBOOKS / name),
    ]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    ran = sum(cell["cell_type"] == "code" for cell in cells(name))
    assert f"{ran} passed" in done.stdout


@pytest.mark.parametrize("name", IN_A_HUB)
def test_a_notebook_that_needs_a_hub_is_run_in_one(name):
    assert f'"{name}"' in (NOTEBOOKS.parent / "tests" / IN_A_HUB[name]).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EVERY)
def test_a_notebook_names_no_machine_and_has_a_kernel_that_everybody_has(name):
    text = (NOTEBOOKS / name).read_text(encoding="utf-8")
    assert json.loads(text)["metadata"]["kernelspec"]["name"] == "python3"
    assert not re.search(r"/(home|root|tmp|work|Users)/\w", text)


@pytest.mark.parametrize("name", [name for name in EVERY if name.startswith(("00", "01"))])
def test_a_picture_has_a_text_alternative_and_an_error_is_meant(name):
    for cell in cells(name):
        for output in cell.get("outputs", ()):
            assert "image/png" not in output.get("data", {}), "a picture without a text alternative"
            html = "".join(output.get("data", {}).get("text/html", ""))
            assert html.count("<img") == len(re.findall(r'<img [^>]*alt="[^"]{40,}"', html))
            if output["output_type"] == "error":
                assert "raises-exception" in cell["metadata"]["tags"]
                assert len(output["traceback"]) <= 2, "a sentence and a hint, not a traceback"
