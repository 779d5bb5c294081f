"""What may be asked of a register, and what it answers. Pure: no input or output.

:class:`Query` is the same question for catalogue files, for the service and for the command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from londata.errors import QueryError
from londata.records import Entry
from londata.records.vocabulary import ACCESS_VALUES, KIND_VALUES

#: Filters, in the order in which people meet them. Each takes one value or several (any of them fits).
FILTERS = ("publisher", "topic", "access", "licence", "format", "geography", "kind", "uses")
#: Filters that are also counted. ``uses`` is not: it names one dataset.
FACETS = FILTERS[:-1]
MAX_TEXT = 500


@dataclass(frozen=True)
class Query:
    """A search: words and filters, all of which must hold.

    Parameters
    ----------
    text
        Words to look for in title, summary, description, tags and publisher; empty for everything.
    publisher, topic, access, licence, format, geography, kind, uses
        Accepted values. ``publisher`` is an id, a name or an abbreviation (``"TfL"``); ``licence`` an id or
        ``"not stated"``; ``geography`` a level; ``uses`` the slug of a dataset that an insight rests on.
    without
        Slugs of entries that must not be among the answers, in whatever form. No parameter of an address sets it: it
        is how a door leaves out what its caller may not see.
    """

    text: str = ""
    publisher: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    licence: tuple[str, ...] = ()
    format: tuple[str, ...] = ()
    geography: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()

    def narrowed(self, text: str = "", **filters: str | Iterable[str] | None) -> Query:
        """Add words and filters to this query.

        A filter that is already set is narrowed to the values that are in both.

        Raises
        ------
        QueryError
            A filter has an unknown name or value; the message lists what there is.
        """
        if not isinstance(text, str):
            raise QueryError(
                f"A search takes words, not {type(text).__name__}.", hint='Try catalog.search("air quality").'
            )
        words = f"{self.text} {text}".strip()
        if len(words) > MAX_TEXT:
            raise QueryError(f"The search text has {len(words):,} characters.", hint=f"Use at most {MAX_TEXT}.")
        changes: dict[str, Any] = {"text": words}
        for name, value in filters.items():
            if value is None:
                continue
            if name not in FILTERS:
                raise QueryError(f"There is no filter {name!r}.", hint=f"Filters are {', '.join(FILTERS)}.")
            values = _values(name, value)
            before: tuple[str, ...] = getattr(self, name)
            changes[name] = tuple(v for v in values if v in before) or ("",) if before else values
        return replace(self, **changes)

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """The filters that are set."""
        return {name: value for name in FILTERS if (value := getattr(self, name))}

    def to_params(self) -> list[tuple[str, str]]:
        """Write the query as URL parameters; :meth:`from_params` reads them back."""
        text = [("q", self.text)] if self.text else []
        return text + [(name, value) for name, values in self.filters.items() for value in values]

    @classmethod
    def from_params(cls, params: Iterable[tuple[str, str]]) -> Query:
        """Read a query from URL parameters, ignoring names that are not part of a query."""
        found: dict[str, list[str]] = {}
        for name, value in params:
            found.setdefault(name, []).append(value)
        filters: Mapping[str, list[str]] = {name: found[name] for name in FILTERS if name in found}
        return cls().narrowed(" ".join(found.get("q", [])), **filters)


def _values(name: str, value: str | Iterable[str]) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else tuple(value)
    allowed = {"access": ACCESS_VALUES, "kind": KIND_VALUES}.get(name)
    for each in values:
        if not isinstance(each, str):
            raise QueryError(f"The filter {name} takes text, not {each!r}.", hint="Write the value in quotes.")
        if allowed and each and each not in allowed:
            raise QueryError(f"{name} cannot be {each!r}.", hint=f"It is one of {', '.join(allowed)}.")
    return tuple(dict.fromkeys(values))


@dataclass(frozen=True)
class SearchResult:
    """One page of answers: how many there are in all, the entries of this page, counts per facet value.

    ``facets`` maps a facet's name to ``(value, count)`` pairs, most frequent first.
    """

    total: int
    entries: tuple[Entry, ...]
    facets: Mapping[str, tuple[tuple[str, int], ...]]
