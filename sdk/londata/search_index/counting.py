"""Count what fits, by the values of its facets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import tantivy

from londata.search_index.schema import COLUMNS, SEPARATOR, SINGLE

Counts = Mapping[str, tuple[tuple[str, int], ...]]
#: More distinct sets of values than any register of London will have.
MOST_SETS = 60_000


def total_of(searcher: tantivy.Searcher, match: tantivy.Query) -> int:
    """Count the documents that match."""
    return int(searcher.search(match, 1).count)


def counted(searcher: tantivy.Searcher, match: tantivy.Query, facets: Sequence[str]) -> tuple[int, Counts]:
    """Count the documents that match, and the values of their facets, most frequent first, each once per document.

    Parameters
    ----------
    searcher
        One state of the index.
    match
        What fits.
    facets
        Names of the facets to count.

    Returns
    -------
    tuple
        How many documents match, and facet → ``(value, count)`` pairs.
    """
    wanted = {column: names for column, names in COLUMNS.items() if set(names) & set(facets)}
    if not wanted:
        return total_of(searcher, match), {}
    asked = {column: {"terms": {"field": column, "size": MOST_SETS}} for column in wanted}
    answer = searcher.aggregate(match, asked)
    counts: dict[str, Counter[str]] = {}
    for column, names in wanted.items():
        counts |= _taken_apart(answer[column]["buckets"], names)
    single = next((counts[name] for name in SINGLE if name in counts), None)
    total = total_of(searcher, match) if single is None else single.total()
    return total, {name: tuple(sorted(counts[name].items(), key=_by_frequency)) for name in facets if name in counts}


def _taken_apart(buckets: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Counter[str]]:
    """Count values from counts of what stands in a column: one value of each facet, or a set of values of one."""
    counts: list[Counter[str]] = [Counter() for _ in names]
    for bucket in buckets:
        many, values = bucket["doc_count"], bucket["key"].split(SEPARATOR)
        if len(names) > 1:
            for counter, value in zip(counts, values, strict=True):
                counter[value] += many
        else:
            for value in filter(None, values):
                counts[0][value] += many
    return dict(zip(names, counts, strict=True))


def _by_frequency(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]
