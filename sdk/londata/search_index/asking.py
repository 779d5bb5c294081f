"""Turn a question into a query of the index. Text is cut into words, never parsed as a query language.

Every word must match: as it is written, by its stem, as the beginning of a word when it is the last one, or with one
letter wrong when it is long enough and hardly anything has it as written. Four steps of rank, each worth more than all
below it: the whole title, all words in the title, all words as written, and then how well they fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

import tantivy
from tantivy import Occur

from londata.query import Query
from londata.records.vocabulary import LICENCES
from londata.search_index.schema import PACKED, SHORT, is_slug_text, packed_range, schema, stem_of, words_of
from londata.search_index.spellings import folded

#: A word in this many entries or more is no typing error.
PLENTY = 3
#: A word needs this many letters for one of them to be wrong.
LETTERS_FOR_TYPO = 4
#: How many candidates for "did you mean" are compared, and how alike (0 to 1) one must be.
NEAR_LOOKED_AT, LEAST_LIKENESS = 50, 0.6

WHOLE_TITLE, IN_TITLE, BEGUN_IN_TITLE, AS_WRITTEN = 64_000.0, 16_000.0, 8_000.0, 2_000.0
MISSPELT_IN_TITLE = 5.0
STEM, BEGINNING, MISSPELT = 0.5, 0.25, 0.01

_Q = tantivy.Query


def question(query: Query, searcher: tantivy.Searcher) -> tantivy.Query | None:
    """Write a query for the index; ``None`` when nothing can match.

    The result ranks when the query has words, and gives every match the same score when it has none.
    """
    clauses = [(Occur.Must, _Q.const_score_query(_filter(name, values), 0.0)) for name, values in query.filters.items()]
    if query.text.strip():
        words = list(dict.fromkeys(words_of(query.text)))
        if not words:
            return None
        clauses += _text_clauses(words, searcher)
    return _Q.boolean_query(clauses) if clauses else _Q.all_query()


def slug_begins_with(prefix: str) -> tantivy.Query:
    """Match the slugs that begin with a prefix, which holds only characters of slugs."""
    head, tail, rest = prefix[:PACKED], prefix[PACKED : 2 * PACKED], prefix[2 * PACKED :]
    clauses = [_range("slug_head", head)]
    if tail:
        clauses.append(_range("slug_tail", tail))
    if rest:
        clauses.append(_Q.regex_query(schema(), "slug", f"{prefix}.*"))
    return _Q.boolean_query([(Occur.Must, clause) for clause in clauses])


def _range(field: str, part: str) -> tantivy.Query:
    low, high = packed_range(part)
    return _Q.range_query(schema(), field, tantivy.FieldType.Unsigned, low, high)


def _term(field: str, value: str) -> tantivy.Query:
    return _Q.term_query(schema(), field, value, index_option="basic")


def _filter(name: str, values: Sequence[str]) -> tantivy.Query:
    if name == "publisher":
        wanted = {folded(value) for value in values}
    elif name == "licence":
        titles = {folded(title): licence for licence, (title, _) in LICENCES.items()}
        wanted = {titles.get(folded(value), value) for value in values}
    else:
        wanted = {*values, *(value.lower() for value in values)}
    return _Q.term_set_query(schema(), name, sorted(wanted))


def _text_clauses(words: Sequence[str], searcher: tantivy.Searcher) -> list[tuple[Occur, tantivy.Query]]:
    *full, last = words
    clauses = [(Occur.Must, _word(word, searcher, is_last=False)) for word in full]
    clauses.append((Occur.Must, _word(last, searcher, is_last=True)))
    in_title = [_term("title_stems", stem_of(word)) for word in words]
    begun = [*in_title[:-1], _beginning("title", last)]
    bonuses = [
        (_term("title_whole", " ".join(words)), WHOLE_TITLE),
        (_all(in_title), IN_TITLE),
        (_all(begun), BEGUN_IN_TITLE),
        (_all([_term("text", word) for word in words]), AS_WRITTEN),
    ]
    clauses += [(Occur.Should, _Q.const_score_query(match, score)) for match, score in bonuses]
    return clauses + [(Occur.Should, _Q.term_query(schema(), "title", word)) for word in words]


def _all(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else _Q.boolean_query([(Occur.Must, query) for query in queries])


def _word(word: str, searcher: tantivy.Searcher, *, is_last: bool) -> tantivy.Query:
    """Match one word in any of the ways that count."""
    ways = [
        _Q.term_query(schema(), "text", word, index_option="freq"),
        _Q.const_score_query(_term("stems", stem_of(word)), STEM),
    ]
    frequent = searcher.doc_freq("text", word) >= PLENTY
    if is_last:
        beginning = _beginning("text", word)
        ways.append(_Q.const_score_query(beginning, BEGINNING))
        frequent = frequent or searcher.search(beginning, 1).count >= PLENTY
    if not frequent and len(word) >= LETTERS_FOR_TYPO and word.isalpha():
        ways.append(_Q.const_score_query(_Q.fuzzy_term_query(schema(), "text", word), MISSPELT))
        ways.append(_Q.const_score_query(_Q.fuzzy_term_query(schema(), "title", word), MISSPELT_IN_TITLE))
    return _Q.disjunction_max_query(ways)


@lru_cache(maxsize=4096)
def _beginning(field: str, word: str) -> tantivy.Query:
    """Match words that begin so; remembered, as compiling it takes longer than searching.

    Letters and digits only, so nothing in it means anything to a regular expression.
    """
    if field == "text" and len(word) <= SHORT:
        return _term("starts", word)
    return _Q.regex_query(schema(), field, f"{word}.*")


def near(searcher: tantivy.Searcher, slug: str, limit: int) -> list[str]:
    """Find the slugs that are written most like one: two letters wrong, else begun so, else of the same words."""
    text = slug.lower().replace("_", "-").strip("-")
    words = Query(text=text.replace("-", " "))
    ways: list[Callable[[], tantivy.Query | None]] = [
        lambda: _Q.fuzzy_term_query(schema(), "slug", text, distance=2),
        lambda: slug_begins_with(text) if len(text) > SHORT and is_slug_text(text) else None,
        lambda: question(words, searcher),
    ]
    found: dict[str, float] = {}
    for way in ways:
        if len(found) < limit and (wanted := way()) is not None:
            hits = searcher.search(wanted, NEAR_LOOKED_AT, order_by_field="slug", order=tantivy.Order.Asc).hits
            found |= {each: SequenceMatcher(None, text, each).ratio() for each, _ in hits}
    likely = [each for each, ratio in found.items() if ratio >= LEAST_LIKENESS]
    return sorted(likely, key=lambda each: (-found[each], each))[:limit]
