"""What an insight brings along itself is found, because the register knows nothing of it."""

from __future__ import annotations

import pytest

from londata.insights.looking import look
from londata.insights.own_data import brought


def own(*cells, **files):
    """Say what is found of a notebook's own data: the cell, and the sentence."""
    made = [{"cell_type": kind, "source": code, "outputs": []} for kind, code in cells]
    named = {name.replace("_", "."): content for name, content in files.items()}
    found = [each for each in look({"cells": made, "metadata": {}}, named) if each.check == "own-data"]
    return [(each.weight, each.cell, each.sentence) for each in found]


def test_files_with_data_are_named_and_code_and_words_are_not():
    files = {"read_me.md": 900, "helpers.py": 9_000, "look.css": 100, "homes.csv": 3, "a/MAP.PNG": 9, "x.json": 1}
    assert brought(files) == ("a/MAP.PNG", "homes.csv", "x.json")
    assert brought({"rows.txt": 20_001, "pupils.py": 90_000, "note.txt": 20_000}) == ("pupils.py", "rows.txt")
    ((weight, cell, said),) = own(("code", "1 + 1"), homes_csv=b"home,n")
    assert (weight, cell) == ("should", None)
    assert said.startswith("It brings data of its own (homes.csv), which the register does not know")
    assert own(("code", "1 + 1"), look_css=b"p {}") == [("fine", None, "It brings no data of its own.")]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"homes = {list(range(100))}", "100 numbers"),
        (f"homes = {dict.fromkeys(map(str, range(60)), 2.5)}", "120 numbers"),
        ("csv = '''home,n\n" + "\n".join(f"Camden,{n}.5" for n in range(100)) + "'''", "100 numbers"),
        (f"names = {'Ada Lovelace; ' * 400!r}", "a text of 5,600 letters"),
        (f"%magic\nhomes = {list(range(130))}", "130 numbers"),
    ],
)
def test_a_table_that_was_typed_in_or_pasted_is_found(code, said):
    (found,) = own(("markdown", "1 " * 200), ("code", "x = 1"), ("code", code))
    assert found[:2] == ("should", 3)
    assert found[2].startswith(f"Somebody typed in or pasted {said}, which the register does not know")


@pytest.mark.parametrize("name", ["helpers_py", "read_me.md", "rows_txt", "look_css"])
def test_a_table_beside_the_notebook_is_found_as_one_in_a_cell_is(name):
    rows = "\n".join(f"{n},{n}.5" for n in range(100)) if name != "helpers_py" else f"homes = {list(range(200))}"
    ((weight, cell, said),) = own(("code", "x = 1"), **{name: rows.encode()})
    file = name.replace("_", ".")
    assert (weight, cell) == ("should", None)
    assert said.startswith(f"Somebody typed in or pasted 200 numbers into {file}, which the register does not know")


def test_ordinary_code_is_no_data():
    colours = "colours = ['#123456', '#abcdef'] * 3\nsizes = [1, 2, 3]\nplot(width=640, height=400)\n" * 4
    beside = {"helpers_py": colours.encode(), "read_me.md": b"It reads three sets of 2025. " * 300, "x_txt": b"\xff"}
    assert own(("code", colours), ("code", "x = True\n" * 300), **beside)[0][0] == "fine"
