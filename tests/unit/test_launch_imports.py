"""What a start of the hub does without: each of these cost a second or more of every start."""

import subprocess
import sys

import pytest


def loaded(code, *modules):
    said = f"import sys\n{code}\nprint(sorted({set(modules)!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("module", ["londata_hub.launch", "londata_hub.spawner.processes"])
def test_whoever_starts_a_hub_loads_neither_jupyterhub_nor_a_database(module):
    assert loaded(f"import {module}", "jupyterhub", "sqlalchemy", "aiohttp") == "[]"


def test_whoever_prepares_the_register_loads_no_jupyterhub():
    assert loaded("import londata_hub.commands.register", "jupyterhub", "aiohttp", "pandas") == "[]"


def test_jupyterhub_compiles_no_grammar_of_addresses():
    start = """
from londata_hub.launch.jupyterhub import main
sys.argv = ["jupyterhub", "--version"]
try:
    main()
except SystemExit as ended:
    assert not ended.code
"""
    assert loaded(start, "jupyterhub.app", "rfc3987_syntax") == "['jupyterhub.app']"
