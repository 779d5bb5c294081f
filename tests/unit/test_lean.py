"""What runs notebooks is loaded without a grammar that nobody needs, and everything else is as it would be."""

from __future__ import annotations

import subprocess
import sys

import pytest

STORY = """
import sys
from londata.insights import notebooks
nbformat = notebooks.library("nbformat")
assert "lark" not in sys.modules
good = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
nbformat.validate(good)
try:
    nbformat.validate(good | {"cells": [{"cell_type": "poem"}]})
except nbformat.ValidationError:
    print("told apart")
import jsonschema
assert jsonschema.FormatChecker().conforms("https://example.org/x", "uri")
assert not jsonschema.FormatChecker().conforms("no address", "uri")
import rfc3987_syntax
assert rfc3987_syntax.is_valid_syntax("iri", "https://example.org/ü")
from londata.kernels.lean import without_grammars
with without_grammars():
    assert sys.modules["rfc3987_syntax"] is rfc3987_syntax
"""


def test_a_notebook_is_read_and_judged_without_the_grammar_and_whoever_wants_it_has_it() -> None:
    told = subprocess.run([sys.executable, "-c", STORY], capture_output=True, text=True, timeout=120, check=False)
    assert (told.returncode, told.stdout.strip()) == (0, "told apart"), told.stderr[-2000:]


def test_an_error_while_loading_takes_nothing_with_it() -> None:
    from londata.kernels.lean import without_grammars

    known = sys.modules.get("rfc3987_syntax")
    with pytest.raises(ZeroDivisionError), without_grammars():
        _ = 1 / 0
    assert sys.modules.get("rfc3987_syntax") is known
