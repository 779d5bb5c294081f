"""YAML as plain data: text, numbers, dates, lists and mappings, and nothing else.

The values are built from the parser's events, one by one. So a nested bomb never recurses, an alias is refused
before anything is multiplied, and no tag can construct an object: there is no constructor to call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

#: Larger files are refused before they are parsed.
MAX_BYTES = 8_000_000
#: Catalogue files nest six deep; twice that leaves room.
MAX_DEPTH = 12
MAX_KEY = 200

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALARS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp"))


class YamlProblem(Exception):  # noqa: N818 – never leaves this package: it becomes a line of a CatalogFileError
    """A file that is not plain YAML; the message says what and, where known, in which line."""


def read_yaml(path: Path) -> Any:
    """Read one file.

    Raises
    ------
    YamlProblem
        It cannot be read, is too large, is not UTF-8, is broken, says a key twice, or has more than plain data.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise YamlProblem(f"cannot be read ({error.strerror})") from error
    if len(raw) > MAX_BYTES:
        raise YamlProblem(f"is larger than {MAX_BYTES // 10**6} MB; split it")
    try:
        return parse_yaml(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise YamlProblem(f"line {line}: is not UTF-8 text; save the file as UTF-8") from error


def parse_yaml(text: str) -> Any:
    """Build plain values from YAML text; raises :class:`YamlProblem`."""
    loader = None
    try:
        loader = _Loader(text)
        return _Builder(loader).value()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise YamlProblem(f"{where}is not YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlProblem(f"line {line}: has a character that YAML does not allow") from error
    finally:
        if loader is not None:
            loader.dispose()


class _Builder:
    """Turns the events of one document into one value."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self.open: list[_Open] = []
        self.root: Any = None

    def value(self) -> Any:
        documents = 0
        while self.loader.check_event():
            event = self.loader.get_event()
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        raise _problem(event, "a second document starts; one file is one document")
                case yaml.ScalarEvent():
                    self._add(self._scalar(event), event)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._enter(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    closed = self.open.pop()
                    self._add(closed.items, event)
                case yaml.AliasEvent():
                    raise _problem(event, f"the alias *{event.anchor} is not allowed; write the value out")
        return self.root

    def _enter(self, event: Any) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise _problem(event, f"is nested more than {MAX_DEPTH} deep")
        if event.tag is not None:
            raise _problem(event, f"the tag {_short(event.tag)} is not allowed; a catalogue file is plain data")
        if self.open and self.open[-1].needs_key:
            raise _problem(event, "a key is a list or a mapping; keys are text")
        self.open.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else []))

    def _scalar(self, event: Any) -> Any:
        tag = event.tag or self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag not in _SCALARS:
            raise _problem(event, f"the tag {_short(tag)} is not allowed; a catalogue file is plain data")
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return self.loader.construct_object(node)
        except (ValueError, KeyError, IndexError, OverflowError) as error:
            raise _problem(event, f"{_short(event.value)} is not a value; put it in quotes") from error

    def _add(self, value: Any, event: Any) -> None:
        if not self.open:
            self.root = value
            return
        top = self.open[-1]
        if isinstance(top.items, list):
            top.items.append(value)
        elif top.needs_key:
            top.key = _key(value, top.items, event)
        else:
            top.items[top.key] = value
            top.key = None


class _Open:
    """A list or mapping that is not closed yet, and the key that waits for its value."""

    def __init__(self, items: Any) -> None:
        self.items = items
        self.key: str | None = None

    @property
    def needs_key(self) -> bool:
        return isinstance(self.items, dict) and self.key is None


def _key(value: Any, items: dict[str, Any], event: Any) -> str:
    if not isinstance(value, str):
        raise _problem(event, f"the key {_short(value)} is not text; put it in quotes")
    if len(value) > MAX_KEY:
        raise _problem(event, f"a key has {len(value):,} characters; {MAX_KEY} are allowed")
    if value in items:
        raise _problem(event, f"the key {_short(value)} is there twice")
    return value


def _problem(event: Any, message: str) -> YamlProblem:
    return YamlProblem(f"line {event.start_mark.line + 1}: {message}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
