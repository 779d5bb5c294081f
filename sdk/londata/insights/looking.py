"""Looking at a notebook before anything runs: what it would give away, and what would only work for its author. Pure.

A finding never repeats what it found: it says what kind of thing it is, and where.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from londata.insights.constants import constants
from londata.insights.figures import PICTURES, WIDGETS
from londata.insights.giveaways import SAID_TO_BE_NONE, giveaways
from londata.insights.own_data import own_data
from londata.records.publications import Finding, Weight
from londata.records.transparency import Transparency, known_of, transparency_of

_COMMAND = re.compile(r"^\s*(?:!|%%?(?:bash|sh|script|system|sx|pip|conda|mamba|uv)\b|\w+\s*=\s*!)")
_HOME = re.compile(r"""(?:["'(=\s]|^)(?:/home/|/Users/|[A-Za-z]:\\{1,2}(?:Users|Documents)|~/|C:\\|\\\\\w+\\)""")
#: Without these in its code no text names such a folder; to search for them costs next to nothing.
_PARTS_OF_HOME = ("/home/", "/Users/", "~/", "\\")
#: More than this of a file is not looked through for secrets; the finding says so.
_MOST_LOOKED_AT = 5_000_000
_TEXT_FILES = (".csv", ".tsv", ".txt", ".json", ".geojson", ".yaml", ".yml", ".toml", ".ini", ".env", ".md", ".py")


def look(notebook: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> list[Finding]:
    """Look at everything about a notebook that shows without running it.

    Parameters
    ----------
    notebook
        The notebook as it was saved, of format 4.
    files
        The files that go with it, by name.

    Returns
    -------
    list of Finding
        What must be mended, what should be, and what was looked at and is in order.
    """
    cells = notebook["cells"]
    found = [
        *_each(cells, _folders),
        *_each(cells, _commands),
        *stored_outputs(notebook),
        *_secrets(cells),
        *_in_files(files or {}),
        *own_data(cells, files or {}),
    ]
    seen = {each.check for each in found}
    return found + [
        Finding(check=name, weight="fine", sentence=said) for name, said in _FINE.items() if name not in seen
    ]


_FINE = {
    "outputs": "Nothing of an earlier run is stored in the notebook.",
    "secrets": "Nothing in it looks like a password, a token or a key.",
    "commands": "It runs no commands of the machine.",
    "folders": "It names no folder of one person's machine.",
    "own-data": "It brings no data of its own.",
}


def stored_outputs(notebook: Mapping[str, Any]) -> list[Finding]:
    """Find what an earlier run left in a notebook: it is left out, and said, because it might not be for its readers.

    Parameters
    ----------
    notebook
        The notebook as it was saved.
    """
    cells = [number for number, cell in enumerate(notebook["cells"], 1) if cell.get("outputs")]
    found = []
    if cells:
        where = _cells(cells)
        said = f"Results of an earlier run were stored in {where}; they are left out, and the app makes its own."
        found.append(Finding(check="outputs", weight="should", sentence=said, cell=cells[0]))
    for number in cells:
        text = "\n".join(_texts(notebook["cells"][number - 1]["outputs"]))
        for kind in dict.fromkeys(each.kind for each in giveaways(text, guess=False) if each.weight == "must"):
            said = (
                f"A stored result shows what looks like {kind}; whoever has had this notebook has it: have it replaced."
            )
            found.append(Finding(check="outputs", weight="should", sentence=said, cell=number))
    if notebook.get("metadata", {}).get("widgets"):
        said = "The state of widgets of an earlier run was stored; it is left out."
        found.append(Finding(check="outputs", weight="should", sentence=said))
    return found


def shown_secrets(notebook: Mapping[str, Any]) -> list[Finding]:
    """Find what looks like a secret in what a notebook shows once it has run: its viewers would see it.

    Parameters
    ----------
    notebook
        The notebook with its outputs and with the state of its widgets.
    """
    found = []
    for number, cell in enumerate(notebook["cells"], 1):
        found += _shown(_texts(cell.get("outputs") or ()), SAID_TO_BE_NONE in source(cell), "A result shows", number)
    said = any(SAID_TO_BE_NONE in source(cell) for cell in notebook["cells"])
    return found + _shown(_in_widgets(notebook), said, "A widget shows", None)


def _shown(texts: Iterable[str], said_to_be_none: bool, where: str, cell: int | None) -> list[Finding]:
    kinds = [each.kind for text in texts for each in giveaways(text, guess=False) if each.weight == "must"]
    weight: Weight = "should" if said_to_be_none else "must"
    what = f"take it out, or write “{SAID_TO_BE_NONE}” into the cell that shows it, if it is none."
    return [
        Finding(check="secrets", weight=weight, sentence=f"{where} what looks like {kind}: {what}", cell=cell)
        for kind in dict.fromkeys(kinds)
    ]


def _in_widgets(notebook: Mapping[str, Any]) -> Iterable[str]:
    saved = notebook.get("metadata", {}).get("widgets", {}).get(WIDGETS, {}).get("state", {})
    for model in saved.values():
        state = model.get("state") or {}
        yield from _texts(state.get("outputs") or ())
        yield from (value[:_MOST_LOOKED_AT] for value in state.values() if isinstance(value, str))


#: Field of a record → what its reader misses without it.
_WANTED = {
    "public_benefit": "for whom this is good",
    "summary": "what it is, in a sentence",
    "friction": "which difficulty with data was overcome",
    "method": "how the numbers were made",
    "limits": "what it does not show",
}


#: Fields of a transparency record that the receipt knows.
_FILLED_IN = frozenset({"sharing_agreements", "data_access", "data_sources", "system_input", "system_architecture"})
#: Letters of a finding that lists what is missing.
_ROOM = 700


def missing(record: Mapping[str, Any]) -> list[Finding]:
    """Say what the record of an insight does not say yet.

    Parameters
    ----------
    record
        Its fields as the author gave them.
    """
    found = [
        Finding(check="record", weight="should", sentence=f"It does not say {what} ({name}).")
        for name, what in _WANTED.items()
        if not str(record.get(name) or "").strip()
    ]
    if record.get("licence") in (None, "", "not stated"):
        said = "It states no licence, so nobody knows how it may be used (licence)."
        found.append(Finding(check="record", weight="should", sentence=said))
    found += _transparency(record)
    return found or [Finding(check="record", weight="fine", sentence="Its record says everything that readers need.")]


def _transparency(record: Mapping[str, Any]) -> Iterable[Finding]:
    """Say what the transparency record of a model lacks, beside what the hub fills in from the receipt."""
    said = record.get("transparency")
    if said is None:
        if record.get("form") == "model":
            words = "It is a model and has no transparency record: publish it with model={…}."
            yield Finding(check="transparency", weight="should", sentence=words)
        return
    try:
        known = transparency_of(said)
    except ValueError as error:
        words = f"Its transparency record cannot be read: {error}"
        yield Finding(check="transparency", weight="must", sentence=words[:1_000])
        return
    given = known_of(record, owner="its owner", reads=(), environment={})
    gaps = [Transparency.title_of(name) for name in known.missing if name not in _FILLED_IN | set(given)]
    if gaps:
        words = f"Its transparency record does not say: {_listed(gaps)}."
        yield Finding(check="transparency", weight="should", sentence=words)


def _listed(names: Sequence[str]) -> str:
    """List names as far as there is room, and count the rest."""
    said = ""
    for number, name in enumerate(names):
        if len(said) + len(name) > _ROOM:
            return f"{said}; and {len(names) - number} more, which stand on its page"
        said = f"{said}; {name}" if said else name
    return said


def _each(cells: Sequence[Mapping[str, Any]], check: Any) -> Iterable[Finding]:
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] == "code" and (said := check(source(cell))):
            yield Finding(check=check.__name__.strip("_"), weight="must", sentence=said, cell=number)


def _commands(code: str) -> str:
    """Tell of lines that start programs; a line inside a text is not one of them."""
    if not any(_COMMAND.match(line) for line in code.splitlines()) or constants(code) is not None:
        return ""
    return "It runs commands (! or %pip); an app cannot."


def _folders(code: str) -> str:
    if not any(part in code for part in _PARTS_OF_HOME):
        return ""
    quoted = [text for text in _quoted(code) if _HOME.match(f" {text}")]
    return "It names a folder of one person's machine; read from the catalog instead." if quoted else ""


def _secrets(cells: Sequence[Mapping[str, Any]]) -> Iterable[Finding]:
    for number, cell in enumerate(cells, 1):
        for each in giveaways(source(cell)):
            said = f"Line {each.line} holds what looks like {each.kind}"
            if each.weight == "must":
                said += f": take it out and have it replaced. If it is none, end the line with “{SAID_TO_BE_NONE}”."
            else:
                said += "; see that it may be known."
            yield Finding(check="secrets", weight=each.weight, sentence=said, cell=number)


def _in_files(files: Mapping[str, bytes]) -> Iterable[Finding]:
    for name, content in files.items():
        if not name.lower().endswith(_TEXT_FILES):
            continue
        text = content[:_MOST_LOOKED_AT].decode("utf-8", "replace")
        for each in giveaways(text, guess=False):
            if each.weight == "must":
                said = f"The file {name} holds in line {each.line} what looks like {each.kind}: take it out."
                yield Finding(check="secrets", weight="must", sentence=said)
        if len(content) > _MOST_LOOKED_AT:
            most = f"{_MOST_LOOKED_AT // 10**6} MB"
            said = f"The file {name} was looked through for secrets in its first {most} only."
            yield Finding(check="secrets", weight="should", sentence=said)


def source(cell: Mapping[str, Any]) -> str:
    """Give the text of a cell, which the format lets be a text or a list of lines."""
    text = cell.get("source", "")
    return text if isinstance(text, str) else "".join(text)


def _quoted(code: str) -> list[str]:
    """List the texts that stand in code; where it is no Python, whatever stands between quotes."""
    found = constants(code)
    if found is None:
        return re.findall(r"""["']([^"'\n]*)["']""", code)
    return [each for each in found if isinstance(each, str)]


def _texts(outputs: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    for output in outputs:
        data = [value for kind, value in (output.get("data") or {}).items() if kind not in PICTURES]
        for value in (output.get("text"), output.get("traceback"), *data):
            if isinstance(value, (str, list)):
                text = value if isinstance(value, str) else "".join(map(str, value))
                yield text[:_MOST_LOOKED_AT]


def _cells(numbers: Sequence[int]) -> str:
    """Write numbers of cells as people say them."""
    shown = [str(number) for number in numbers[:6]]
    if len(numbers) > len(shown):
        return f"cells {', '.join(shown)} and {len(numbers) - len(shown)} more"
    return f"cell {shown[0]}" if len(shown) == 1 else f"cells {', '.join(shown[:-1])} and {shown[-1]}"
