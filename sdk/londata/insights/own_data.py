"""Data that an insight brings along itself: files beside its notebook, and numbers typed into it.

What an insight may show follows from what it read through the register. It cannot follow from what its author brings:
so that is said, to the author and to those who check a release. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from londata.insights.constants import constants
from londata.records.publications import Finding

CHECK = "own-data"
#: Endings of files that hold code or words, and how many bytes of such one writes; everything else is data.
_WORDS, _LONGEST = (".py", ".md", ".txt", ".css", ".toml", ".yaml", ".yml"), 20_000
#: Numbers in one cell from which on somebody seems to have typed in, or pasted, a table; and letters of a text.
MOST_NUMBERS, MOST_LETTERS = 100, 4_000
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w.])")
_PASTED, _SAY = "Somebody typed in or pasted", "which the register does not know: say in “limits” where from."
#: Files that are named one by one.
_NAMED = 5


def brought(sizes: Mapping[str, int]) -> tuple[str, ...]:
    """List the files that are data by themselves, rather than code or a few words.

    Parameters
    ----------
    sizes
        Name → bytes, without the notebook and its record.
    """
    return tuple(sorted(name for name, size in sizes.items() if not name.lower().endswith(_WORDS) or size > _LONGEST))


def own_data(cells: Sequence[Mapping[str, Any]], files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Find the data that a notebook brings along.

    Parameters
    ----------
    cells
        Of the notebook.
    files
        The files that go with it, by name.

    Yields
    ------
    Finding
        Its weight is ``should``: it is for people to say where such data is from.
    """
    if names := brought({name: len(content) for name, content in files.items()}):
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        said = (
            f"It brings data of its own ({', '.join(names[:_NAMED])}{more}), which the register does not know: nothing "
            "says what that may be used for. Register it as a dataset, or say in “limits” where it is from. Those who "
            "check a release must say that they have looked at it."
        )
        yield Finding(check=CHECK, weight="should", sentence=said[:1_000])
    for name, content in files.items():
        if name.lower().endswith(_WORDS) and len(content) <= _LONGEST and (many := _written(name, content)):
            yield Finding(check=CHECK, weight="should", sentence=f"{_PASTED} {many} into {name}, {_SAY}"[:1_000])
    for number, cell in enumerate(cells, 1):
        code = cell.get("source", "")
        if cell["cell_type"] == "code" and (many := _typed(code if isinstance(code, str) else "".join(code))):
            yield Finding(check=CHECK, weight="should", sentence=f"{_PASTED} {many}, {_SAY}", cell=number)


def _written(name: str, content: bytes) -> str:
    """Say how many numbers stand in a file of code or words, where they are as many as a table has."""
    text = content.decode("utf-8", "replace")
    if name.lower().endswith(".py"):
        return _typed(text)
    numbers = len(_NUMBER.findall(text))
    return f"{numbers:,} numbers" if numbers >= MOST_NUMBERS else ""


def _typed(code: str) -> str:
    """Say how much was typed into a cell, where it is as much as a table has; empty where it is less."""
    found = constants(code)
    if found is None:
        found = [code]
    numbers = sum(isinstance(each, int | float) and not isinstance(each, bool) for each in found)
    texts = [each for each in found if isinstance(each, str)]
    texts += [each.decode("latin-1") for each in found if isinstance(each, bytes)]
    numbers += sum(len(_NUMBER.findall(each)) for each in texts)
    if numbers >= MOST_NUMBERS:
        return f"{numbers:,} numbers"
    longest = max(map(len, texts), default=0)
    return f"a text of {longest:,} letters" if longest >= MOST_LETTERS else ""
