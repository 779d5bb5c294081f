"""One entry of a catalogue file: from plain values to a validated record."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from londata.records import Entry, Publisher, entry_from_dict, problems_of
from londata.records.identifiers import MAX_SLUG, SLUG

_INDEX = re.compile(r"^distributions\.(\d+)")
#: Set by the file's structure, never by a field.
_NOT_FIELDS = ("id", "source")
MAX_PROBLEMS = 200


class Problems:
    """What is wrong, one line each, in the order of discovery."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, where: str, message: str) -> None:
        """Note one problem; beyond :data:`MAX_PROBLEMS` only that there are more."""
        if len(self.lines) < MAX_PROBLEMS:
            self.lines.append(f"{where}: {message}")
        elif len(self.lines) == MAX_PROBLEMS:
            self.lines.append("…: there are more problems than are listed here")

    def extend(self, where: str, messages: Iterable[str]) -> None:
        """Note several problems of one place."""
        for message in messages:
            self.add(where, message)

    def unknown(self, where: str, values: Mapping[str, Any], allowed: Collection[str]) -> None:
        """Note every field that does not exist.

        Parameters
        ----------
        where
            The place that has the fields.
        values
            Field → value, as they stand in the file.
        allowed
            The fields that there are.
        """
        for name in values:
            if name not in allowed:
                self.add(where, f"{name}: no such field{near(name, allowed)}")


def near(word: str, words: Iterable[str]) -> str:
    """Say which known word was perhaps meant, or nothing."""
    found = get_close_matches(word, [str(each) for each in words], n=1)
    return f"; did you mean {found[0]}?" if found else ""


def build_entry(
    slug: str,
    fields: Any,
    theme: str,
    publishers: Mapping[str, Publisher],
    where: str,
    problems: Problems,
) -> Entry | None:
    """Validate one entry; ``None`` where it is not valid, with every problem noted.

    Parameters
    ----------
    slug
        Its key in the file.
    fields
        What stands below that key.
    theme
        The topic that the entry always has; empty for none.
    publishers
        By id; ``publisher`` names one of them.
    where
        How problems name the place: ``file: slug``.
    problems
        Receives what is wrong.
    """
    if not SLUG.match(slug) or len(slug) > MAX_SLUG:
        problems.add(where, f"is not a slug; use small letters, digits and single hyphens, at most {MAX_SLUG}")
        return None
    if not isinstance(fields, Mapping):
        problems.add(where, "is not a mapping of fields")
        return None
    before = len(problems.lines)
    values = {"kind": "dataset"} | {name: value for name, value in fields.items() if name not in _NOT_FIELDS}
    problems.extend(where, (f"{name}: is set by the file, not by a field" for name in _NOT_FIELDS if name in fields))
    if "licence" not in fields or fields["licence"] is None:
        problems.add(where, "licence: is missing; where the holder states none, say 'not stated'")
        values["licence"] = None
    _name_publisher(values, publishers, where, problems)
    _list_distributions(values, where, problems)
    if theme and isinstance(values.get("topics", []), list):
        values["topics"] = [theme, *(topic for topic in values.get("topics", []) if topic != theme)]
    try:
        entry = entry_from_dict(values | {"id": slug})
    except ValidationError as error:
        names = [item.get("id", "") for item in values.get("distributions", ())]
        problems.extend(where, (_readable(line, names) for line in problems_of(error)))
        return None
    return entry if len(problems.lines) == before else None


def _name_publisher(
    values: dict[str, Any], publishers: Mapping[str, Publisher], where: str, problems: Problems
) -> None:
    """Put the publisher's record in the place of its id."""
    name = values.get("publisher")
    if name is None:
        return  # the record says that it is missing
    if isinstance(name, str) and name in publishers:
        values["publisher"] = publishers[name]
        return
    problems.add(where, f"publisher: {str(name)[:80]!r} is not in the file of publishers{near(str(name), publishers)}")
    values["publisher"] = Publisher(id="unknown", name="unknown")


def _list_distributions(values: dict[str, Any], where: str, problems: Problems) -> None:
    """Turn the mapping id → distribution into the list that a record has."""
    found = values.get("distributions")
    if found is None:
        values.pop("distributions", None)
        return
    if not isinstance(found, Mapping):
        problems.add(where, "distributions: is not a mapping from name to distribution")
        values["distributions"] = []
        return
    items = []
    for name, fields in found.items():
        if isinstance(fields, Mapping):
            items.append({**fields, "id": name})
        else:
            problems.add(where, f"distributions.{name}: is not a mapping of fields")
    values["distributions"] = items


def _readable(line: str, names: list[str]) -> str:
    """Name a distribution by its id instead of its place in the list, and leave out ``entry:``."""

    def named(match: re.Match[str]) -> str:
        return f"distributions.{names[int(match[1])]}"

    return _INDEX.sub(named, line).removeprefix("entry: ")
