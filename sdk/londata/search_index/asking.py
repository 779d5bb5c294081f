"""Turn a question into queries of the index. Text is cut into words, never parsed as a query language.

Every word must match: by its stem (which is also how it matches as written), as the beginning of a word when it is the
last one, or with one letter wrong when it is long enough and hardly anything has it as written.

Ranking goes by levels, each a query of its own: what has every word in its title; then, when a word may be misspelt,
what has all of them as written, and what nearly has them in its title; then the rest. A level is asked only when a page
is not full without it, and at a million entries the last is by far the dearest. The total and the counts come from a
query that does not rank.

What a question is asked ``without`` is left out of every query here, also of those that only look whether a word may be
misspelt: nothing in an answer depends on it but how rare a word is held to be when what fits is put in order.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
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
#: Within titles: steps that no sum of how well words fit can reach.
WHOLE_TITLE, IN_TITLE, BEGUN_IN_TITLE = 64_000.0, 16_000.0, 8_000.0

_Q = tantivy.Query


@dataclass(frozen=True)
class Question:
    """What is asked, as the index understands it.

    ``match`` finds everything that fits, in no order. ``steps`` find the same, each ranked, those of an earlier step
    before those of a later one and no entry twice; there are none when nothing was said that could rank.
    """

    match: tantivy.Query
    steps: tuple[tantivy.Query, ...] = ()

    def narrowed(self, query: tantivy.Query) -> Question:
        """Add a condition that does not rank."""
        condition = _unranked(query)
        return Question(
            self.match.and_must_match(condition), tuple(step.and_must_match(condition) for step in self.steps)
        )


def question(query: Query, searcher: tantivy.Searcher) -> Question | None:
    """Write a query for the index; ``None`` when nothing can match."""
    if query.uses and query.without.issuperset(value.lower() for value in query.uses):
        return None
    filters = [(Occur.Must, _unranked(_filter(name, values, query.without))) for name, values in query.filters.items()]
    if query.without:
        filters.append((Occur.MustNot, _left_out(query.without)))
    if not query.text.strip():
        everything = [] if query.filters else [(Occur.Must, _Q.all_query())]
        return Question(_Q.boolean_query([*everything, *filters]) if filters else _Q.all_query())
    words = list(dict.fromkeys(words_of(query.text)))
    if not words:
        return None
    misspelt = {word for word in words if _may_be_misspelt(word, searcher, query.without, is_last=word is words[-1])}
    levels = _levels(words, misspelt)
    steps = []
    for number, level in enumerate(levels):
        clauses = [*filters, (Occur.Must, level), *((Occur.MustNot, earlier) for earlier in levels[:number])]
        clauses += _how_well("title", words) + (_how_well("text", words) if number else [])
        steps.append(_Q.boolean_query(clauses))
    return Question(_Q.boolean_query([*filters, (Occur.Must, levels[-1])]), tuple(steps))


def _levels(words: Sequence[str], misspelt: Container[str]) -> list[tantivy.Query]:
    """Write what is ranked before what; the last level has everything that fits."""
    levels = [_titled(words)]
    if any(word in misspelt for word in words):
        levels.append(_unranked(_all([_term("text", word) for word in words])))
        nearly = [_nearly("title", word) if word in misspelt else _ended(word, words) for word in words]
        levels.append(_unranked(_all(nearly)))
    ways = [_ways(word, is_last=word is words[-1], misspelt=word in misspelt) for word in words]
    return [*levels, _unranked(_all([_any(each) for each in ways]))]


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


@lru_cache(maxsize=256)
def _left_out(without: frozenset[str]) -> tantivy.Query:
    """Match the entries that are left out; remembered, as most people are shown all but the same few."""
    return _unranked(_Q.term_set_query(schema(), "slug", sorted(without)))


def _filter(name: str, values: Sequence[str], without: frozenset[str]) -> tantivy.Query:
    """Match one filter. What rests on an entry that is left out is not found by that entry's name."""
    if name == "publisher":
        wanted = {folded(value) for value in values}
    elif name == "licence":
        titles = {folded(title): licence for licence, (title, _) in LICENCES.items()}
        wanted = {titles.get(folded(value), value) for value in values}
    else:
        wanted = {*values, *(value.lower() for value in values)}
    if name == "uses":
        wanted -= without
    return _any([_term(name, value) for value in sorted(wanted)])


def _unranked(query: tantivy.Query) -> tantivy.Query:
    return _Q.const_score_query(query, 0.0)


def _all(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else _Q.boolean_query([(Occur.Must, query) for query in queries])


def _any(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else _Q.boolean_query([(Occur.Should, query) for query in queries])


def _ways(word: str, *, is_last: bool, misspelt: bool) -> list[tantivy.Query]:
    """List the ways in which a word may match anywhere in an entry."""
    stem = stem_of(word)
    ways = [] if is_last and stem == word else [_term("stems", stem)]  # its own stem is a beginning of what has it
    if is_last:
        ways.append(_beginning("text", word))
    if misspelt:
        ways.append(_nearly("text", word))
    return ways


def _titled(words: Sequence[str]) -> tantivy.Query:
    """Match entries with every word in the title, the last one perhaps only begun; first those with no other word."""
    *before, last = [_ended(word, words) for word in words]
    ended, begun = _all([*before, last]), _all([*before, _beginning("title", words[-1])])
    return _Q.disjunction_max_query(
        [
            _Q.const_score_query(_term("title_whole", " ".join(words)), WHOLE_TITLE),
            _Q.const_score_query(ended, IN_TITLE),
            _Q.const_score_query(begun, BEGUN_IN_TITLE),
        ]
    )


def _ended(word: str, words: Sequence[str]) -> tantivy.Query:
    """Match a whole word in a title, in one of the :func:`_ways` in which it matches at all."""
    stem = stem_of(word)
    return _term("title", word) if stem == word and word is words[-1] else _term("title_stems", stem)


def _how_well(field: str, words: Sequence[str]) -> list[tuple[Occur, tantivy.Query]]:
    """Score by how often the words are in a field, as written, and how rare they are elsewhere."""
    option = "position" if field == "title" else "freq"
    return [(Occur.Should, _Q.term_query(schema(), field, word, index_option=option)) for word in words]


def _may_be_misspelt(word: str, searcher: tantivy.Searcher, without: frozenset[str], *, is_last: bool) -> bool:
    if len(word) < LETTERS_FOR_TYPO or not word.isalpha():
        return False
    if searcher.doc_freq("text", word) >= PLENTY and not (without and _is_rare(_term("text", word), searcher, without)):
        return False
    return not is_last or _is_rare(_beginning("text", word), searcher, without)


def _is_rare(matching: tantivy.Query, searcher: tantivy.Searcher, without: frozenset[str]) -> bool:
    there = matching.and_must_not_match(_left_out(without)) if without else matching
    return int(searcher.search(there, 1).count) < PLENTY


def _nearly(field: str, word: str) -> tantivy.Query:
    return _Q.fuzzy_term_query(schema(), field, word)


@lru_cache(maxsize=4096)
def _beginning(field: str, word: str) -> tantivy.Query:
    """Match words that begin so; remembered, as compiling it takes longer than searching.

    Letters and digits only, so nothing in it means anything to a regular expression.
    """
    if field == "text" and len(word) <= SHORT:
        return _term("starts", word)
    return _Q.regex_query(schema(), field, f"{word}.*")


def near(searcher: tantivy.Searcher, slug: str, limit: int, without: frozenset[str]) -> list[str]:
    """Find the slugs that are written most like one: two letters wrong, else begun so, else of the same words.

    Parameters
    ----------
    searcher
        One state of the index.
    slug
        What somebody wrote; any text.
    limit
        The most to give.
    without
        Slugs that are not suggested.

    Returns
    -------
    list of str
        Slugs, closest first; none that is too unlike to have been meant.
    """
    text = slug.lower().replace("_", "-").strip("-")
    words = Query(text=text.replace("-", " "), without=without)
    ways: list[Callable[[], tantivy.Query | None]] = [
        lambda: _Q.fuzzy_term_query(schema(), "slug", text, distance=2),
        lambda: slug_begins_with(text) if len(text) > SHORT and is_slug_text(text) else None,
        lambda: asked.match if (asked := question(words, searcher)) else None,
    ]
    found: dict[str, float] = {}
    for way in ways:
        if len(found) < limit and (wanted := way()) is not None:
            wanted = wanted.and_must_not_match(_left_out(without)) if without else wanted
            hits = searcher.search(wanted, NEAR_LOOKED_AT, order_by_field="slug", order=tantivy.Order.Asc).hits
            found |= {each: SequenceMatcher(None, text, each).ratio() for each, _ in hits}
    likely = [each for each, ratio in found.items() if ratio >= LEAST_LIKENESS]
    return sorted(likely, key=lambda each: (-found[each], each))[:limit]
